//! Operators that the standard defines by other operators, and a few that are easily expressed by them.

use anyhow::{Context as _, Result, bail, ensure};

use super::attention::attention;
use super::{Instance, Template};

/// The templates of `ai.onnx`.
pub(super) const TEMPLATES: &[(&str, Template)] = &[
    ("Attention", attention),
    ("Bernoulli", bernoulli),
    ("BlackmanWindow", |node| Ok(window(node, [0.42, -0.5, 0.08]))),
    ("Celu", celu),
    ("CenterCropPad", center_crop_pad),
    ("ConstantLike", constant_like),
    ("ConvInteger", conv_integer),
    ("Gemm", gemm),
    ("HammingWindow", |node| Ok(window(node, [25.0 / 46.0, -21.0 / 46.0, 0.0]))),
    ("HannWindow", |node| Ok(window(node, [0.5, -0.5, 0.0]))),
    ("LogSoftmax", log_softmax),
    ("LpNormalization", lp_normalization),
    ("NegativeLogLikelihoodLoss", negative_log_likelihood_loss),
    ("Optional", optional),
    ("OptionalGetElement", optional_get_element),
    ("OptionalHasElement", optional_has_element),
    ("PRelu", p_relu),
    ("ParametricSoftplus", parametric_softplus),
    ("QLinearConv", q_linear_conv),
    ("QLinearMatMul", q_linear_mat_mul),
    ("ReduceLogSumExp", reduce_log_sum_exp),
    ("Rsqrt", |_| Ok("x -> y\nroot = Sqrt x\ny = Reciprocal root".into())),
    ("ScaledTanh", scaled_tanh),
    ("SoftmaxCrossEntropyLoss", softmax_cross_entropy_loss),
    ("Softplus", softplus),
    ("Swish", swish),
    ("Upsample", upsample),
];

/// The logarithm of the probability of each target, negated and weighted.
fn negative_log_likelihood_loss(node: &Instance<'_>) -> Result<String> {
    let mut body = String::from("x target weight -> loss\n");
    let ignored = node.ints("ignore_index").map(|_| node.int("ignore_index", 0));
    // An ignored target need not be a class: the first class replaces it.
    body += &match ignored {
        Some(ignored) => format!(
            "ignored = CastLike {ignored} target
             is_ignored = Equal target ignored
             first_class = CastLike 0 target
             class = Where is_ignored first_class target
            "
        ),
        None => "class = Identity target\n".into(),
    };
    body += "classes = Unsqueeze class axes=[1]
        picked = GatherElements x classes axis=1
        log_prob = Squeeze picked axes=[1]
        all_losses = Neg log_prob
        ";
    body += if node.has(2) {
        "all_weights = Gather weight class axis=0\n"
    } else {
        "always = Equal class class\nall_weights = CastLike always x\n"
    };
    body += if ignored.is_some() {
        "zero = CastLike 0.0 x
        weights = Where is_ignored zero all_weights
        losses = Where is_ignored zero all_losses
        "
    } else {
        "weights = Identity all_weights\nlosses = Identity all_losses\n"
    };
    body += "weighted = Mul losses weights\n";
    body += match node.text("reduction", "mean")? {
        "none" => "loss = Identity weighted\n",
        "sum" => "loss = ReduceSum weighted keepdims=0\n",
        "mean" => {
            "total = ReduceSum weighted keepdims=0
            total_weight = ReduceSum weights keepdims=0
            loss = Div total total_weight
            "
        }
        other => bail!("there is no reduction `{other}`"),
    };
    Ok(body)
}

fn softmax_cross_entropy_loss(node: &Instance<'_>) -> Result<String> {
    let ignore_index = match node.ints("ignore_index") {
        Some(_) => format!("ignore_index={}", node.int("ignore_index", 0)),
        None => String::new(),
    };
    Ok(format!(
        "scores labels weights -> loss log_prob
        greatest = ReduceMax scores axes=[1]
        shifted = Sub scores greatest
        exponentials = Exp shifted
        sum = ReduceSum exponentials axes=[1]
        log_sum = Log sum
        log_prob = Sub shifted log_sum
        loss = NegativeLogLikelihoodLoss log_prob labels weights reduction={} {ignore_index}",
        node.text("reduction", "mean")?,
    ))
}

fn bernoulli(node: &Instance<'_>) -> Result<String> {
    let seed = match node.optional_float("seed") {
        Some(seed) => format!("seed={seed:?}"),
        None => String::new(),
    };
    let cast = match node.int("dtype", 0) {
        0 => "CastLike is_one x".into(),
        dtype => format!("Cast is_one to={dtype}"),
    };
    Ok(format!(
        "x -> y
        probability = Cast x to=1
        random = RandomUniformLike probability {seed}
        is_one = Less random probability
        y = {cast}"
    ))
}

/// A sum of waves: of none, one and two periods in the window.
fn window(node: &Instance<'_>, [constant, first, second]: [f32; 3]) -> String {
    // One that is not repeated ends as it begins.
    let less = if node.int("periodic", 1) == 0 { 1 } else { 0 };
    format!(
        "size -> y
        count = Cast size to=7
        end = Reshape count []
        places = Range 0 end 1
        steps = Cast places to=1
        last = Sub end {less}
        period = Cast last to=1
        share = Div steps period
        angle = Mul share {:?}
        cosine = Cos angle
        double_angle = Add angle angle
        double_cosine = Cos double_angle
        wave = Mul cosine {first:?}
        double_wave = Mul double_cosine {second:?}
        waves = Add wave double_wave
        sum = Add waves {constant:?}
        y = Cast sum to={}",
        std::f32::consts::TAU,
        node.int("output_datatype", 1)
    )
}

fn center_crop_pad(node: &Instance<'_>) -> Result<String> {
    let (lengths, axes) = match node.ints("axes") {
        Some(axes) => (format!("Gather x_shape {}", list(axes)), list(axes)),
        None => ("Identity x_shape".into(), "_".into()),
    };
    // An odd number is split so that the end has one more than the start, for padding and cropping alike.
    Ok(format!(
        "x shape -> y
        x_shape = Shape x
        lengths = {lengths}
        padded_lengths = Max lengths shape
        padding = Sub padded_lengths lengths
        before = Div padding 2
        after = Sub padding before
        pads = Concat before after axis=0
        padded = Pad x pads _ {axes}
        excess = Sub padded_lengths shape
        start = Div excess 2
        end = Add start shape
        y = Slice padded start end {axes}"
    ))
}

/// A product, and its factors and bias behind it.
fn gemm(node: &Instance<'_>) -> Result<String> {
    let (alpha, beta) = (node.float("alpha", 1.0), node.float("beta", 1.0));
    let mut body = format!(
        "a b c -> y
        product = own.Gemm a b transA={} transB={}\n",
        node.int("transA", 0),
        node.int("transB", 0)
    );
    let (mut product, mut bias) = ("product", "c");
    if alpha != 1.0 {
        body += &format!("alpha = CastLike {alpha:?} product\nscaled = Mul product alpha\n");
        product = "scaled";
    }
    if !node.has(2) || beta == 0.0 {
        return Ok(body + &format!("y = Identity {product}"));
    }
    if beta != 1.0 {
        body += &format!("beta = CastLike {beta:?} product\nbias = Mul c beta\n");
        bias = "bias";
    }
    Ok(body + &format!("y = Add {product} {bias}"))
}

fn optional(node: &Instance<'_>) -> Result<String> {
    ensure!(node.has(0), "an optional value that is not there does not run");
    Ok("value -> optional\noptional = Identity value".into())
}

/// An optional value that the graph gives is there, and is the value itself.
fn optional_has_element(node: &Instance<'_>) -> Result<String> {
    Ok(format!("value -> has_element\nhas_element = Cast {} to=9", i64::from(node.has(0))))
}

fn optional_get_element(_: &Instance<'_>) -> Result<String> {
    Ok("value -> element\nelement = Identity value".into())
}

/// Up to version 6 the slopes belong to the channels, later they are broadcast as everything else.
fn p_relu(node: &Instance<'_>) -> Result<String> {
    Ok(match node.opset {
        ..7 => "x slope -> y
            shape = Shape x
            flat_x = Reshape x [0,0,-1]
            slopes = Reshape slope [1,-1,1]
            flat_y = own.PRelu flat_x slopes
            y = Reshape flat_y shape"
            .into(),
        _ => "x slope -> y\ny = own.PRelu x slope".into(),
    })
}

fn lp_normalization(node: &Instance<'_>) -> Result<String> {
    let reduce = match node.int("p", 2) {
        1 => "ReduceL1",
        2 => "ReduceL2",
        p => bail!("there is no normalization by the norm of {p}"),
    };
    // A row of zeros has no direction and stays as it is.
    Ok(format!(
        "x -> y
        norm = {reduce} x axes=[{}] keepdims=1
        none = CastLike 0.0 x
        one = CastLike 1.0 x
        is_zero = Equal norm none
        divisor = Where is_zero one norm
        y = Div x divisor",
        node.int("axis", -1)
    ))
}

/// The logarithm of softmax without the detour over probabilities that vanish.
fn log_softmax(node: &Instance<'_>) -> Result<String> {
    let (flatten, axis, restore) = if node.opset < 13 {
        // Up to version 12 all axes from this one on are one.
        let flatten = format!("rows = Flatten x axis={}", node.int("axis", 1));
        (flatten, 1, "shape = Shape x\ny = Reshape logs shape")
    } else {
        ("rows = Identity x".into(), node.int("axis", -1), "y = Identity logs")
    };
    Ok(format!(
        "x -> y
        {flatten}
        greatest = ReduceMax rows axes=[{axis}] keepdims=1
        scores = Sub rows greatest
        shares = Exp scores
        sum = ReduceSum shares axes=[{axis}] keepdims=1
        log_sum = Log sum
        logs = Sub scores log_sum
        {restore}"
    ))
}

/// ln(1 + exp(x)), which exp alone would overflow.
fn softplus(_: &Instance<'_>) -> Result<String> {
    Ok("x -> y
        size = Abs x
        below = Neg size
        share = Exp below
        one = CastLike 1.0 x
        whole = Add share one
        rest = Log whole
        above = Relu x
        y = Add above rest"
        .into())
}

/// The logarithm of a sum of exponentials, with the greatest value taken out first.
fn reduce_log_sum_exp(node: &Instance<'_>) -> Result<String> {
    let axes = node.ints("axes").map_or_else(String::new, |axes| format!("axes={axes:?}").replace(' ', ""));
    let empty = match node.int("noop_with_empty_axes", 0) {
        0 => "",
        _ => "noop_with_empty_axes=1",
    };
    let reduced = format!("{axes} {empty} keepdims={}", node.int("keepdims", 1));
    // What is infinite cannot be taken out.
    Ok(format!(
        "x axes -> y
        greatest = ReduceMax x axes {axes} {empty} keepdims=1
        size = Abs greatest
        infinity = CastLike 1.0e999 x
        is_infinite = Equal size infinity
        none = CastLike 0.0 x
        offset = Where is_infinite none greatest
        scores = Sub x offset
        shares = Exp scores
        sum = ReduceSum shares axes {axes} {empty} keepdims=1
        log_sum = Log sum
        whole = Add log_sum offset
        y = ReduceSum whole axes {reduced}"
    ))
}

/// Whole numbers are exact up to the last step, which has one factor for all scales.
fn q_linear_mat_mul(_: &Instance<'_>) -> Result<String> {
    Ok("a a_scale a_zero b b_scale b_zero y_scale y_zero -> y
        int_product = MatMulInteger a b a_zero b_zero
        unscaled = Cast int_product to=1
        a_scale32 = Cast a_scale to=1
        b_scale32 = Cast b_scale to=1
        y_scale32 = Cast y_scale to=1
        both = Mul a_scale32 b_scale32
        factor = Div both y_scale32
        scaled = Mul unscaled factor
        y = QuantizeLinear scaled 1.0 y_zero"
        .into())
}

/// Sums of products of whole numbers in floats, which hold them.
fn conv_integer(_: &Instance<'_>) -> Result<String> {
    Ok("x w x_zero w_zero -> y
        levels = DequantizeLinear x 1.0 x_zero
        weights = DequantizeLinear w 1.0 w_zero axis=0
        sums = Conv levels weights *
        y = Cast sums to=6"
        .into())
}

/// As [`conv_integer`]; what comes then is onnxruntime's arithmetic: one factor for all scales.
fn q_linear_conv(node: &Instance<'_>) -> Result<String> {
    let scaled = match node.ints("kernel_shape") {
        Some(kernel) => {
            format!("factors = Reshape factor [-1{}]\nscaled = Mul sums factors", ",1".repeat(kernel.len()))
        }
        // The number of axes is not known here.
        None => "scaled = DequantizeLinear sums factor axis=1".into(),
    };
    let bias = if node.has(8) { "float_bias = Cast bias to=1\n" } else { "" };
    let float_bias = if node.has(8) { "float_bias" } else { "_" };
    Ok(format!(
        "x x_scale x_zero w w_scale w_zero y_scale y_zero bias -> y
        levels = DequantizeLinear x 1.0 x_zero
        weights = DequantizeLinear w 1.0 w_zero axis=0
        {bias}sums = Conv levels weights {float_bias} *
        both = Mul x_scale w_scale
        factor = Div both y_scale
        {scaled}
        y = QuantizeLinear scaled 1.0 y_zero"
    ))
}

/// The older name of Resize.
fn upsample(node: &Instance<'_>) -> Result<String> {
    let scales = match node.floats("scales") {
        Some(scales) => format!("{scales:?}").replace(' ', ""),
        None => "scales".into(),
    };
    let mode = node.text("mode", "nearest")?;
    Ok(format!("x scales -> y\ny = Resize x {scales} mode={mode} nearest_mode=floor"))
}

/// Of the standard's first versions: one value everywhere, in the shape of the input or in one that is given.
fn constant_like(node: &Instance<'_>) -> Result<String> {
    let value = node.float("value", 0.0);
    Ok(if node.has(0) {
        format!("x -> y\nshape = Shape x\nvalue = CastLike {value:?} x\ny = Expand value shape")
    } else {
        let shape = list(node.ints("shape").context("a constant has a shape")?);
        format!(" -> y\nvalue = Cast {value:?} to={}\ny = Expand value {shape}", node.int("dtype", 1))
    })
}

/// Of the standard's first versions: [`softplus`] of a multiple, and a multiple of it.
fn parametric_softplus(node: &Instance<'_>) -> Result<String> {
    scaled(node, "Softplus")
}

/// Of the standard's first versions, as [`parametric_softplus`].
fn scaled_tanh(node: &Instance<'_>) -> Result<String> {
    scaled(node, "Tanh")
}

fn scaled(node: &Instance<'_>, function: &str) -> Result<String> {
    let factor = |name: &str| node.optional_float(name).with_context(|| format!("there is no `{name}`"));
    let (alpha, beta) = (factor("alpha")?, factor("beta")?);
    Ok(format!(
        "x -> y
        alpha = CastLike {alpha:?} x
        beta = CastLike {beta:?} x
        steep = Mul x beta
        bent = {function} steep
        y = Mul bent alpha"
    ))
}

fn list(values: &[i64]) -> String {
    let values: Vec<String> = values.iter().map(i64::to_string).collect();
    format!("[{}]", values.join(","))
}

/// `Elu` of a multiple.
fn celu(node: &Instance<'_>) -> Result<String> {
    Ok(format!(
        "x -> y
        alpha = CastLike {:?} x
        narrow = Div x alpha
        bent = Elu narrow
        y = Mul bent alpha",
        node.float("alpha", 1.0)
    ))
}

/// `x` times the sigmoid of it, scaled before.
fn swish(node: &Instance<'_>) -> Result<String> {
    Ok(format!(
        "x -> y
        alpha = CastLike {:?} x
        scaled = Mul x alpha
        gate = Sigmoid scaled
        y = Mul x gate",
        node.float("alpha", 1.0)
    ))
}

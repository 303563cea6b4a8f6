//! Operators that the standard defines by other operators, and a few that are easily said in them.

use tract_onnx::tract_hir::internal::{TractResult, bail, ensure};

use super::{Instance, Template};

/// The templates of `ai.onnx`.
pub(super) const TEMPLATES: &[(&str, Template)] = &[
    ("Attention", attention),
    ("Bernoulli", bernoulli),
    ("CenterCropPad", center_crop_pad),
    ("Compress", compress),
    ("CumSum", cum_sum),
    ("DequantizeLinear", dequantize_linear),
    ("Gemm", gemm),
    ("LpNormalization", lp_normalization),
    ("LpPool", lp_pool),
    ("NegativeLogLikelihoodLoss", negative_log_likelihood_loss),
    ("OptionalGetElement", optional_get_element),
    ("OptionalHasElement", optional_has_element),
    ("PRelu", p_relu),
    ("Pad", pad),
    ("QLinearMatMul", q_linear_mat_mul),
    ("QuantizeLinear", quantize_linear),
    ("SoftmaxCrossEntropyLoss", softmax_cross_entropy_loss),
    ("Upsample", upsample),
];

/// The logarithm of the probability of each target, negated and weighted.
fn negative_log_likelihood_loss(node: &Instance<'_>) -> TractResult<String> {
    let mut body = String::from("x target weight -> loss\n");
    let ignored = node.ints("ignore_index").map(|_| node.int("ignore_index", 0));
    // A target to be ignored need not be a class: the first one stands in for it.
    body += &match ignored {
        Some(ignored) => format!(
            "ignored = CastLike {ignored} target
             skip = Equal target ignored
             first = CastLike 0 target
             place = Where skip first target
            "
        ),
        None => "place = Identity target\n".into(),
    };
    body += "places = Unsqueeze place axes=[1]
        picked = GatherElements x places axis=1
        flat = Squeeze picked axes=[1]
        plain = Neg flat
        each_one = Equal place place
        ";
    body += match node.has(2) {
        true => "all_weights = Gather weight place axis=0\n",
        false => "all_weights = CastLike each_one x\n",
    };
    body += match ignored {
        Some(_) => {
            "nothing = CastLike 0.0 x
            weights = Where skip nothing all_weights
            losses = Where skip nothing plain
            "
        }
        None => "weights = Identity all_weights\nlosses = Identity plain\n",
    };
    body += "weighted = Mul losses weights\n";
    body += match node.text("reduction", "mean") {
        "none" => "loss = Identity weighted\n",
        "sum" => "loss = ReduceSum weighted keepdims=0\n",
        "mean" => {
            "total = ReduceSum weighted keepdims=0
            count = ReduceSum weights keepdims=0
            loss = Div total count
            "
        }
        other => bail!("there is no reduction `{other}`"),
    };
    Ok(body)
}

fn softmax_cross_entropy_loss(node: &Instance<'_>) -> TractResult<String> {
    let ignored = node.ints("ignore_index").map(|_| format!("ignore_index={}", node.int("ignore_index", 0)));
    Ok(format!(
        "scores labels weights -> loss log_prob
        most = ReduceMax scores axes=[1]
        below = Sub scores most
        exponents = Exp below
        sum = ReduceSum exponents axes=[1]
        log_sum = Log sum
        log_prob = Sub below log_sum
        loss = NegativeLogLikelihoodLoss log_prob labels weights reduction={} {}",
        node.text("reduction", "mean"),
        ignored.unwrap_or_default()
    ))
}

fn bernoulli(node: &Instance<'_>) -> TractResult<String> {
    let seed = node.ints("seed").map(|_| format!("seed={:?}", node.float("seed", 0.0)));
    let cast = match node.int("dtype", 0) {
        0 => "CastLike drawn x".into(),
        dtype => format!("Cast drawn to={dtype}"),
    };
    Ok(format!(
        "x -> y
        likely = Cast x to=1
        random = RandomUniformLike likely {}
        drawn = Less random likely
        y = {cast}",
        seed.unwrap_or_default()
    ))
}

fn center_crop_pad(node: &Instance<'_>) -> TractResult<String> {
    let (lengths, axes) = match node.ints("axes") {
        Some(axes) => (format!("Gather all {}", list(axes)), list(axes)),
        None => ("Identity all".into(), "_".into()),
    };
    // The odd one goes to the end: of the padding as of what is cut off.
    Ok(format!(
        "x shape -> y
        all = Shape x
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

/// tract's factors are of single precision, which matrices of double precision cannot be multiplied with.
fn gemm(node: &Instance<'_>) -> TractResult<String> {
    let turned = |name| node.int(name, 0);
    let (alpha, beta) = (node.float("alpha", 1.0), node.float("beta", 1.0));
    let mut body = format!(
        "a b c -> y
        product = tract.Gemm a b transA={} transB={}\n",
        turned("transA"),
        turned("transB")
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

fn lp_pool(node: &Instance<'_>) -> TractResult<String> {
    let p = node.int("p", 2);
    ensure!(p > 0, "the norm of a pool must be positive, not {p}");
    let kernel = node.ints("kernel_shape").unwrap_or_default();
    let count: i64 = kernel.iter().product();
    let mut window = format!("kernel_shape={} auto_pad={}", list(kernel), node.text("auto_pad", "NOTSET"));
    for name in ["pads", "strides", "dilations"] {
        if let Some(values) = node.ints(name) {
            window += &format!(" {name}={}", list(values));
        }
    }
    Ok(format!(
        "x -> y
        size = Abs x
        exponent = CastLike {p}.0 x
        powers = Pow size exponent
        mean = AveragePool powers count_include_pad=1 ceil_mode={} {window}
        count = CastLike {count}.0 x
        sum = Mul mean count
        root = CastLike {:?} x
        y = Pow sum root",
        node.int("ceil_mode", 0),
        1.0 / p as f64
    ))
}

/// Optional values are what is there: the graph says it all.
fn optional_has_element(node: &Instance<'_>) -> TractResult<String> {
    Ok(format!("value -> there\nthere = Cast {} to=9", i64::from(node.has(0))))
}

fn optional_get_element(_: &Instance<'_>) -> TractResult<String> {
    Ok("value -> element\nelement = Identity value".into())
}

fn attention(node: &Instance<'_>) -> TractResult<String> {
    let (heads, kv_heads) = (node.int("q_num_heads", 0), node.int("kv_num_heads", 0));
    let mut body = String::from("q k v mask past_k past_v kv_lengths -> y present_k present_v qk_output\n");
    // Heads side by side in the last dimension are split from it.
    for (name, heads) in [("q", heads), ("k", kv_heads), ("v", kv_heads)] {
        body += &match heads {
            0 => format!("{name}4 = Identity {name}\n"),
            _ => format!(
                "{name}_split = Reshape {name} [0,0,{heads},-1]
                {name}4 = Transpose {name}_split perm=[0,2,1,3]
                "
            ),
        };
    }
    for (name, past) in [("k", node.has(4)), ("v", node.has(5))] {
        body += &match past {
            true => format!("present_{name} = Concat past_{name} {name}4 axis=2\n"),
            false => format!("present_{name} = Identity {name}4\n"),
        };
    }
    body += "q_shape = Shape q4
        q_heads = Gather q_shape [1]
        k_shape = Shape present_k
        k_length = Gather k_shape [2]
        ";
    for name in ["k", "v"] {
        // Each head of the keys serves a group of the queries' heads.
        body += &match heads == kv_heads && heads > 0 {
            true => format!("{name}_all = Identity present_{name}\n"),
            false => format!(
                "{name}_dims = Shape present_{name}
                {name}_heads = Gather {name}_dims [1]
                {name}_group = Div q_heads {name}_heads
                {name}_apart = Unsqueeze present_{name} axes=[2]
                {name}_times = Concat [1,1] {name}_group [1,1] axis=0
                {name}_tiled = Tile {name}_apart {name}_times
                {name}_tail = Slice {name}_dims [2] [4] [0]
                {name}_whole = Concat [0] q_heads {name}_tail axis=0
                {name}_all = Reshape {name}_tiled {name}_whole
                "
            ),
        };
    }
    // Half of the scale goes to each side: products of 16-bit floats stay in range.
    body += &match node.float("scale", 0.0) {
        0.0 => "width = Gather q_shape 3
            width_float = Cast width to=1
            width_root = Sqrt width_float
            scale = Reciprocal width_root
            half_float = Sqrt scale
            "
        .into(),
        scale => format!("half_float = Sqrt {scale:?}\n"),
    };
    body += "half = CastLike half_float q
        q_scaled = Mul q4 half
        k_scaled = Mul k_all half
        k_turned = Transpose k_scaled perm=[0,1,3,2]
        qk = MatMul q_scaled k_turned
        never = CastLike -inf q
        always = CastLike 0.0 q
        ";
    let mut last = "qk";
    if node.has(3) {
        body += "mask_bias = predictql.MaskBias mask
            mask_like = CastLike mask_bias q
            mask_shape = Shape mask
            mask_length = Gather mask_shape [-1]
            mask_lacks = Sub k_length mask_length
            mask_pads = Concat [0] mask_lacks axis=0
            mask_padded = Pad mask_like mask_pads never [-1]
            masked = Add qk mask_padded
            ";
        last = "masked";
    }
    if node.int("is_causal", 0) != 0 || node.has(6) {
        body += "k_end = Squeeze k_length axes=[0]\nk_places = Range 0 k_end 1\n";
    }
    if node.int("is_causal", 0) != 0 {
        body += match node.has(4) {
            true => "past_shape = Shape past_k\npast = Gather past_shape 2\n",
            false => "past = Identity 0\n",
        };
        body += &format!(
            "q_length = Gather q_shape 2
            q_end = Add past q_length
            q_places = Range past q_end 1
            q_column = Unsqueeze q_places axes=[1]
            seen = GreaterOrEqual q_column k_places
            causal_bias = Where seen always never
            causal = Add {last} causal_bias
            "
        );
        last = "causal";
    }
    if node.has(6) {
        body += &format!(
            "ends = Unsqueeze kv_lengths axes=[1,2,3]
            filled = Less k_places ends
            filled_bias = Where filled always never
            biased = Add {last} filled_bias
            "
        );
        last = "biased";
    }
    let mut kept = ["qk", last, last, "probabilities"];
    let cap = node.float("softcap", 0.0);
    if cap > 0.0 {
        body += &format!(
            "cap = CastLike {cap:?} q
            over_cap = Div {last} cap
            bent = Tanh over_cap
            capped = Mul bent cap
            "
        );
        last = "capped";
        kept[2] = last;
    }
    body += &match node.int("softmax_precision", 0) {
        0 => format!("probabilities = Softmax {last} axis=-1\n"),
        element => format!(
            "exact = Cast {last} to={element}
            exact_probabilities = Softmax exact axis=-1
            probabilities = CastLike exact_probabilities q
            "
        ),
    };
    let mode = usize::try_from(node.int("qk_matmul_output_mode", 0)).ok().and_then(|mode| kept.get(mode));
    let Some(mode) = mode else { bail!("there is no such mode of the output of the product") };
    body += &format!("qk_output = Identity {mode}\n");
    body += match heads {
        0 => "y = MatMul probabilities v_all",
        _ => {
            "y4 = MatMul probabilities v_all
            y_turned = Transpose y4 perm=[0,2,1,3]
            y = Reshape y_turned [0,0,-1]"
        }
    };
    Ok(body)
}

/// tract takes the value as a scalar only.
fn pad(node: &Instance<'_>) -> TractResult<String> {
    Ok(match node.has(2) {
        true => {
            "x pads value axes -> y\nscalar = Reshape value []\ny = tract.Pad x pads scalar axes *".into()
        }
        false => "x pads value axes -> y\ny = tract.Pad x pads value axes *".into(),
    })
}

/// Up to version 6 the slopes belong to the channels, later they are broadcast as everything else.
fn p_relu(node: &Instance<'_>) -> TractResult<String> {
    Ok(match node.opset {
        ..7 => "x slope -> y
            shape = Shape x
            flat = Reshape x [0,0,-1]
            slopes = Reshape slope [1,-1,1]
            bent = tract.PRelu flat slopes
            y = Reshape bent shape"
            .into(),
        _ => "x slope -> y\ny = tract.PRelu x slope".into(),
    })
}

fn lp_normalization(node: &Instance<'_>) -> TractResult<String> {
    let reduce = match node.int("p", 2) {
        1 => "ReduceL1",
        2 => "ReduceL2",
        p => bail!("there is no normalization by the norm of {p}"),
    };
    Ok(format!("x -> y\nnorm = {reduce} x axes=[{}] keepdims=1\ny = Div x norm", node.int("axis", -1)))
}

fn compress(node: &Instance<'_>) -> TractResult<String> {
    if node.is_constant(1) {
        return Ok("x condition -> y\ny = tract.Compress x condition *".into());
    }
    let select = match node.ints("axis") {
        Some(_) => format!("y = Gather x places axis={}", node.int("axis", 0)),
        None => "flat = Reshape x [-1]\ny = Gather flat places axis=0".into(),
    };
    Ok(format!("x condition -> y\nfound = NonZero condition\nplaces = Reshape found [-1]\n{select}"))
}

/// tract wants scales of 32 bits; whole numbers are exact up to the last step.
fn q_linear_mat_mul(node: &Instance<'_>) -> TractResult<String> {
    if [1, 2, 4, 5, 6, 7].into_iter().all(|place| node.is_constant(place)) {
        return Ok("a b c d e f g h -> y\ny = tract.QLinearMatMul a b c d e f g h".into());
    }
    Ok("a a_scale a_zero b b_scale b_zero y_scale y_zero -> y
        whole = MatMulInteger a b a_zero b_zero
        product = Cast whole to=1
        a_step = Cast a_scale to=1
        b_step = Cast b_scale to=1
        y_step = Cast y_scale to=1
        step = Mul a_step b_step
        real = Mul product step
        y = QuantizeLinear real y_step y_zero"
        .into())
}

/// tract wants scales to be constants, and knows nothing of blocks.
fn quantize_linear(node: &Instance<'_>) -> TractResult<String> {
    Ok(quantization(node, "QuantizeLinear"))
}

fn dequantize_linear(node: &Instance<'_>) -> TractResult<String> {
    Ok(quantization(node, "DequantizeLinear"))
}

fn quantization(node: &Instance<'_>, name: &str) -> String {
    let simple = node.is_constant(1) && node.is_constant(2) && node.int("block_size", 0) == 0;
    let domain = if simple { "tract" } else { "predictql" };
    format!("x scale zero -> y\ny = {domain}.{name} x scale zero *")
}

/// The first name of Resize.
fn upsample(node: &Instance<'_>) -> TractResult<String> {
    let scales = match node.floats("scales") {
        Some(scales) => format!("{scales:?}").replace(' ', ""),
        None => "scales".into(),
    };
    let mode = node.text("mode", "nearest");
    Ok(format!("x scales -> y\ny = predictql.Resize x {scales} mode={mode} nearest_mode=floor"))
}

fn list(values: &[i64]) -> String {
    let values: Vec<String> = values.iter().map(i64::to_string).collect();
    format!("[{}]", values.join(","))
}

fn cum_sum(_: &Instance<'_>) -> TractResult<String> {
    Ok("x axis -> y
        ints = predictql.DimsToInts x
        y = tract.CumSum ints axis *"
        .into())
}

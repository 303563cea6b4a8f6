//! Operators that onnxruntime's offline optimiser and quantiser write. Fusions are taken apart again; quantised values
//! stay whole numbers in products of matrices, which are smaller and faster that way.

use anyhow::{Result, bail, ensure};

use super::{Instance, Template, group_query, transformer};

/// The templates of `com.microsoft`.
pub(super) const TEMPLATES: &[(&str, Template)] = &[
    ("Attention", transformer::attention),
    ("DecoderMaskedMultiHeadAttention", transformer::decoder_masked_attention),
    ("DequantizeLinear", |_| Ok("x scale zero -> y\ny = DequantizeLinear x scale zero *".into())),
    ("DynamicQuantizeLSTM", dynamic_quantize_lstm),
    ("DynamicQuantizeMatMul", dynamic_quantize_mat_mul),
    ("EmbedLayerNormalization", transformer::embed_layer_normalization),
    ("FusedConv", fused_conv),
    ("FusedGemm", fused_gemm),
    ("FusedMatMul", fused_mat_mul),
    ("GroupQueryAttention", group_query::group_query_attention),
    ("MatMulIntegerToFloat", mat_mul_integer_to_float),
    ("MatMulNBits", transformer::mat_mul_n_bits),
    ("MultiHeadAttention", transformer::multi_head_attention),
    ("NhwcMaxPool", nhwc_max_pool),
    ("QAttention", transformer::q_attention),
    ("QGemm", q_gemm),
    ("QLinearAdd", q_linear_add),
    ("QLinearAveragePool", q_linear_average_pool),
    ("QLinearConcat", q_linear_concat),
    ("QLinearGlobalAveragePool", q_linear_global_average_pool),
    ("QLinearLeakyRelu", |_| Ok(q_linear_unary("LeakyRelu float_x *"))),
    ("QLinearMul", q_linear_mul),
    ("QLinearSigmoid", |_| Ok(q_linear_unary("Sigmoid float_x"))),
    ("QLinearSoftmax", q_linear_softmax),
    ("QuantizeLinear", |_| Ok("x scale zero -> y\ny = QuantizeLinear x scale zero *".into())),
    ("SkipLayerNormalization", skip_layer_normalization),
    ("SkipSimplifiedLayerNormalization", skip_simplified_layer_normalization),
];

/// The activation at the end of a fusion, from `linear` to `y`. Parameters that are not given are onnxruntime's.
fn activation(node: &Instance<'_>, first: Option<f32>, second: Option<f32>) -> Result<String> {
    Ok(match node.text("activation", "")? {
        "" => "y = Identity linear".into(),
        name @ ("Relu" | "Tanh" | "Sigmoid") => format!("y = {name} linear"),
        "LeakyRelu" => format!("y = LeakyRelu linear alpha={:?}", first.unwrap_or(0.01)),
        "HardSigmoid" => {
            let (alpha, beta) = (first.unwrap_or(0.2), second.unwrap_or(0.5));
            format!("y = HardSigmoid linear alpha={alpha:?} beta={beta:?}")
        }
        "Clip" => {
            let (least, greatest) = (first.unwrap_or(f32::MIN), second.unwrap_or(f32::MAX));
            format!("above_least = Max linear {least:?}\ny = Min above_least {greatest:?}")
        }
        other => bail!("there is no fusion with `{other}`"),
    })
}

/// An LSTM whose weights are a few bits, with the gates of each direction last. What they are multiplied with is rounded, too: the
/// sequence in one step for all of it, the hidden state before every step of the sequence.
fn dynamic_quantize_lstm(node: &Instance<'_>) -> Result<String> {
    let directions = if node.text("direction", "forward")? == "bidirectional" { 2 } else { 1 };
    let mut body = "x w r b lengths h c p w_scale w_zero r_scale r_zero -> all last_h last_c\n".to_owned();
    for (name, zero) in [("w", 9), ("r", 11)] {
        body += &format!("{name}_levels = Cast {name} to=1\n");
        let mut levels = format!("{name}_levels");
        if node.has(zero) {
            body += &format!(
                "{name}_zeros = Cast {name}_zero to=1
                {name}_offsets = Reshape {name}_zeros [{directions},1,-1]
                {name}_moved = Sub {levels} {name}_offsets\n"
            );
            levels = format!("{name}_moved");
        }
        body += &format!(
            "{name}_scales = Reshape {name}_scale [{directions},1,-1]
            {name}_floats = Mul {levels} {name}_scales
            {name}_weights = Transpose {name}_floats perm=[0,2,1]\n"
        );
    }
    Ok(body
        + "x_levels x_scale x_zero = DynamicQuantizeLinear x
        x_rounded = DequantizeLinear x_levels x_scale x_zero
        all last_h last_c = LSTM x_rounded w_weights r_weights b lengths h c p predictql_rounds_state=1 *")
}

fn fused_conv(node: &Instance<'_>) -> Result<String> {
    let sum = if node.has(3) { "Add conv z" } else { "Identity conv" };
    let mut parameters = node.floats("activation_params").into_iter().flatten().copied();
    let activation = activation(node, parameters.next(), parameters.next())?;
    Ok(format!("x w bias z -> y\nconv = Conv x w bias *\nlinear = {sum}\n{activation}"))
}

fn fused_gemm(node: &Instance<'_>) -> Result<String> {
    let [alpha, beta] = ["activation_alpha", "activation_beta"].map(|name| node.optional_float(name));
    Ok(format!("a b c -> y\nlinear = Gemm a b c *\n{}", activation(node, alpha, beta)?))
}

fn fused_mat_mul(node: &Instance<'_>) -> Result<String> {
    // The first axis of a batch that is transposed is one of the matrix, and the batch lies behind it.
    let axes = |transposed: &str, batch: &str, first: char, second: char| {
        let (first, second) = if node.int(transposed, 0) == 0 { (first, second) } else { (second, first) };
        if node.int(batch, 0) == 0 { format!("...{first}{second}") } else { format!("{first}...{second}") }
    };
    let (a, b) = (axes("transA", "transBatchA", 'i', 'j'), axes("transB", "transBatchB", 'j', 'k'));
    Ok(format!(
        "a b -> y
        product = Einsum a b equation={a},{b}->...ik
        alpha = CastLike {:?} a
        y = Mul product alpha",
        node.float("alpha", 1.0)
    ))
}

/// Products of whole numbers of `a` and `b`, then their scales; `bias` comes next.
const INTEGER_PRODUCT: &str = "int_product = MatMulInteger a b a_zero b_zero
    unscaled = Cast int_product to=1
    product_scale = Mul a_scale b_scale
    product = Mul unscaled product_scale
    ";

fn with_bias(has_bias: bool) -> &'static str {
    if has_bias { "y = Add product bias" } else { "y = Identity product" }
}

fn mat_mul_integer_to_float(node: &Instance<'_>) -> Result<String> {
    Ok(format!("a b a_scale b_scale a_zero b_zero bias -> y\n{INTEGER_PRODUCT}{}", with_bias(node.has(6))))
}

fn dynamic_quantize_mat_mul(node: &Instance<'_>) -> Result<String> {
    Ok(format!(
        "x b b_scale b_zero bias -> y
        a a_scale a_zero = DynamicQuantizeLinear x
        {INTEGER_PRODUCT}{}",
        with_bias(node.has(4))
    ))
}

/// Sums of whole numbers, which are exact, and one factor for all scales.
fn q_gemm(node: &Instance<'_>) -> Result<String> {
    let (trans_a, trans_b) = (node.int("transA", 0), node.int("transB", 0));
    let mut body = format!(
        "a a_scale a_zero b b_scale b_zero c y_scale y_zero -> y
        a_levels = DequantizeLinear a 1.0 a_zero
        b_levels = DequantizeLinear b 1.0 b_zero axis={}
        product = Gemm a_levels b_levels _ transA={trans_a} transB={trans_b}
        both = Mul a_scale b_scale
        product_scale = Mul both {:?}
        ",
        i64::from(trans_b == 0),
        node.float("alpha", 1.0)
    );
    body += if node.has(6) {
        "float_c = Cast c to=1\nsums = Add product float_c\n"
    } else {
        "sums = Identity product\n"
    };
    body += if node.has(7) {
        "factor = Div product_scale y_scale
        scaled = Mul sums factor
        y = QuantizeLinear scaled 1.0 y_zero"
    } else {
        "y = Mul sums product_scale"
    };
    Ok(body)
}

const BINARY: &str = "a a_scale a_zero b b_scale b_zero y_scale y_zero -> y\n";

/// `y`: `shifted`, which has the number that stands for zero in it already, as whole numbers. So halves go to the even one of
/// the numbers that are stored, as in onnxruntime.
const SHIFTED: &str = "none = CastLike 0 a\ny = QuantizeLinear shifted 1.0 none";

/// `{name}_shift`: the number at `position` that stands for zero, as a float.
fn shift(node: &Instance<'_>, name: &str, position: usize) -> String {
    let zero = if node.has(position) { format!("{name}_zero") } else { "0".into() };
    format!("{name}_shift = Cast {zero} to=1\n")
}

/// The sum in onnxruntime's steps: what is the same for all elements is one number.
fn q_linear_add(node: &Instance<'_>) -> Result<String> {
    let shifts = [("a", 2), ("b", 5), ("y", 7)].map(|(name, position)| shift(node, name, position)).concat();
    Ok(format!(
        "{BINARY}{shifts}a_ratio = Div a_scale y_scale
        b_ratio = Div b_scale y_scale
        a_less = Mul a_ratio a_shift
        b_less = Mul b_ratio b_shift
        less = Add a_less b_less
        rest = Sub y_shift less
        a_steps = DequantizeLinear a a_ratio
        b_steps = DequantizeLinear b b_ratio
        b_shifted = Add b_steps rest
        shifted = Add a_steps b_shifted
        {SHIFTED}"
    ))
}

fn q_linear_mul(node: &Instance<'_>) -> Result<String> {
    Ok(format!(
        "{BINARY}{}a_levels = DequantizeLinear a 1.0 a_zero
        b_levels = DequantizeLinear b 1.0 b_zero
        product = Mul a_levels b_levels
        both = Mul a_scale b_scale
        ratio = Div both y_scale
        steps = Mul product ratio
        shifted = Add steps y_shift
        {SHIFTED}",
        shift(node, "y", 7)
    ))
}

/// A pool over an image whose channels come last.
fn nhwc_max_pool(_: &Instance<'_>) -> Result<String> {
    Ok("x -> y
        channels_first = Transpose x perm=[0,3,1,2]
        pooled = MaxPool channels_first *
        y = Transpose pooled perm=[0,2,3,1]"
        .into())
}

/// `operator` is a node over `float_x`.
fn q_linear_unary(operator: &str) -> String {
    format!(
        "x x_scale x_zero y_scale y_zero -> y
        float_x = DequantizeLinear x x_scale x_zero
        float_y = {operator}
        y = QuantizeLinear float_y y_scale y_zero"
    )
}

fn q_linear_softmax(node: &Instance<'_>) -> Result<String> {
    let opset = node.int("opset", 0);
    ensure!(opset >= 13 && node.opset >= 13, "QLinearSoftmax as operator set {opset} has it does not run");
    Ok(q_linear_unary(&format!("Softmax float_x axis={}", node.int("axis", -1))))
}

fn q_linear_average_pool(node: &Instance<'_>) -> Result<String> {
    if node.int("channels_last", 0) == 0 {
        return Ok(q_linear_unary("AveragePool float_x *"));
    }
    // A picture.
    Ok(q_linear_unary(
        "Transpose pooled perm=[0,2,3,1]
        channels_first = Transpose float_x perm=[0,3,1,2]
        pooled = AveragePool channels_first *",
    ))
}

/// The mean of whole numbers, and one factor for both scales.
fn q_linear_global_average_pool(node: &Instance<'_>) -> Result<String> {
    let mean = match node.int("channels_last", 0) {
        0 => "GlobalAveragePool levels",
        _ => "ReduceMean levels axes=[1,2]",
    };
    Ok(format!(
        "x x_scale x_zero y_scale y_zero -> y
        levels = DequantizeLinear x 1.0 x_zero
        mean = {mean}
        ratio = Div x_scale y_scale
        steps = Mul mean ratio
        y = QuantizeLinear steps 1.0 y_zero"
    ))
}

fn q_linear_concat(node: &Instance<'_>) -> Result<String> {
    let inputs = node.node.input.len();
    // The zero of the last part may be left out.
    ensure!(inputs >= 2 && (inputs - 2) % 3 != 1, "QLinearConcat cannot have {inputs} inputs");
    let (mut head, mut body, mut floats) = (String::from("y_scale y_zero"), String::new(), String::new());
    for part in 0..(inputs - 2).div_ceil(3) {
        head += &format!(" x{part} scale{part} zero{part}");
        body += &format!("float{part} = DequantizeLinear x{part} scale{part} zero{part}\n");
        floats += &format!(" float{part}");
    }
    let axis = node.int("axis", 0);
    Ok(format!(
        "{head} -> y\n{body}float_y = Concat {floats} axis={axis}\ny = QuantizeLinear float_y y_scale y_zero"
    ))
}

fn skip_layer_normalization(node: &Instance<'_>) -> Result<String> {
    let sum = if node.has(4) { "both = Add x skip\nsum = Add both bias" } else { "sum = Add x skip" };
    let is_named = |position: usize| node.node.output.get(position).is_some_and(|name| !name.is_empty());
    let moments = if is_named(1) || is_named(2) { " mean deviation" } else { "" };
    Ok(format!(
        "x skip gamma beta bias -> y mean deviation sum
        {sum}
        y{moments} = LayerNormalization sum gamma beta axis=-1 epsilon={:?}",
        node.float("epsilon", 1e-5)
    ))
}

fn skip_simplified_layer_normalization(node: &Instance<'_>) -> Result<String> {
    let sum = if node.has(3) { "both = Add x skip\nsum = Add both bias" } else { "sum = Add x skip" };
    Ok(format!(
        "x skip gamma bias -> y mean deviation sum
        {sum}
        y = com.microsoft.SimplifiedLayerNormalization sum gamma axis=-1 epsilon={:?}",
        node.float("epsilon", 1e-5)
    ))
}

//! What onnxruntime's offline optimiser and quantiser write. Fusions are taken apart again; whole numbers stay whole
//! where it is a product of matrices that they make small and fast.

use tract_onnx::tract_hir::internal::{TractResult, bail, ensure};

use super::{Instance, Template};

/// The templates of `com.microsoft`.
pub(super) const TEMPLATES: &[(&str, Template)] = &[
    ("DequantizeLinear", |_| Ok("x scale zero -> y\ny = DequantizeLinear x scale zero *".into())),
    ("DynamicQuantizeMatMul", dynamic_quantize_mat_mul),
    ("FusedConv", fused_conv),
    ("FusedGemm", fused_gemm),
    ("FusedMatMul", fused_mat_mul),
    ("MatMulIntegerToFloat", mat_mul_integer_to_float),
    ("QGemm", q_gemm),
    ("QLinearAdd", |_| Ok(q_linear_binary("Add"))),
    ("QLinearAveragePool", |_| Ok(q_linear_unary("AveragePool real *"))),
    ("QLinearConcat", q_linear_concat),
    ("QLinearGlobalAveragePool", q_linear_global_average_pool),
    ("QLinearLeakyRelu", |_| Ok(q_linear_unary("LeakyRelu real *"))),
    ("QLinearMul", |_| Ok(q_linear_binary("Mul"))),
    ("QLinearSigmoid", |_| Ok(q_linear_unary("Sigmoid real"))),
    ("QuantizeLinear", |_| Ok("x scale zero -> y\ny = QuantizeLinear x scale zero *".into())),
];

/// The activation at the end of a fusion, from `before` to `y`.
fn activation(node: &Instance<'_>, parameters: &[f32]) -> TractResult<String> {
    let parameter = |at: usize, default: f32| parameters.get(at).copied().unwrap_or(default);
    Ok(match node.text("activation", "") {
        "" => "y = Identity before".into(),
        name @ ("Relu" | "Tanh" | "Sigmoid") => format!("y = {name} before"),
        "LeakyRelu" => format!("y = LeakyRelu before alpha={:?}", parameter(0, 0.01)),
        "HardSigmoid" => {
            format!("y = HardSigmoid before alpha={:?} beta={:?}", parameter(0, 0.2), parameter(1, 0.5))
        }
        "Clip" => {
            let (least, greatest) = (parameter(0, f32::MIN), parameter(1, f32::MAX));
            format!("low = Max before {least:?}\ny = Min low {greatest:?}")
        }
        other => bail!("there is no fusion with `{other}`"),
    })
}

fn fused_conv(node: &Instance<'_>) -> TractResult<String> {
    let sum = if node.has(3) { "Add conv z" } else { "Identity conv" };
    let activation = activation(node, node.floats("activation_params").unwrap_or_default())?;
    Ok(format!("x w bias z -> y\nconv = Conv x w bias *\nbefore = {sum}\n{activation}"))
}

fn fused_gemm(node: &Instance<'_>) -> TractResult<String> {
    let parameters = ["activation_alpha", "activation_beta"].map(|name| node.float(name, f32::NAN));
    let given: Vec<f32> = parameters.into_iter().take_while(|parameter| !parameter.is_nan()).collect();
    Ok(format!("a b c -> y\nbefore = Gemm a b c *\n{}", activation(node, &given)?))
}

fn fused_mat_mul(node: &Instance<'_>) -> TractResult<String> {
    ensure!(
        node.int("transBatchA", 0) == 0 && node.int("transBatchB", 0) == 0,
        "batches that are turned round do not run"
    );
    let side = |turned: &str, plain: &'static str, other: &'static str| {
        if node.int(turned, 0) == 0 { plain } else { other }
    };
    let (a, b) = (side("transA", "ij", "ji"), side("transB", "jk", "kj"));
    Ok(format!(
        "a b -> y
        product = Einsum a b equation=...{a},...{b}->...ik
        alpha = CastLike {:?} a
        y = Mul product alpha",
        node.float("alpha", 1.0)
    ))
}

/// Whole products of `a` and `b`, then the scales and the bias.
const WHOLE_PRODUCT: &str = "whole = MatMulInteger a b a_zero b_zero
    product = Cast whole to=1
    step = Mul a_scale b_scale
    real = Mul product step
    ";

fn with_bias(has: bool) -> &'static str {
    if has { "y = Add real bias" } else { "y = Identity real" }
}

fn mat_mul_integer_to_float(node: &Instance<'_>) -> TractResult<String> {
    Ok(format!("a b a_scale b_scale a_zero b_zero bias -> y\n{WHOLE_PRODUCT}{}", with_bias(node.has(6))))
}

fn dynamic_quantize_mat_mul(node: &Instance<'_>) -> TractResult<String> {
    Ok(format!(
        "x b b_scale b_zero bias -> y
        a a_scale a_zero = DynamicQuantizeLinear x
        {WHOLE_PRODUCT}{}",
        with_bias(node.has(4))
    ))
}

fn q_gemm(node: &Instance<'_>) -> TractResult<String> {
    let (turned_a, turned_b) = (node.int("transA", 0), node.int("transB", 0));
    let alpha = node.float("alpha", 1.0);
    let mut body = format!(
        "a a_scale a_zero b b_scale b_zero c y_scale y_zero -> y
        real_a = DequantizeLinear a a_scale a_zero
        real_b = DequantizeLinear b b_scale b_zero axis={}
        product = Gemm real_a real_b _ alpha={alpha:?} transA={turned_a} transB={turned_b}
        ",
        1 - turned_b
    );
    body += &match node.has(6) {
        true => format!(
            "step = Mul a_scale b_scale
            bias_step = Mul step {alpha:?}
            bias = Cast c to=1
            real_bias = Mul bias bias_step
            real = Add product real_bias
            "
        ),
        false => "real = Identity product\n".into(),
    };
    body += if node.has(7) { "y = QuantizeLinear real y_scale y_zero" } else { "y = Identity real" };
    Ok(body)
}

fn q_linear_binary(operator: &str) -> String {
    format!(
        "a a_scale a_zero b b_scale b_zero y_scale y_zero -> y
        real_a = DequantizeLinear a a_scale a_zero
        real_b = DequantizeLinear b b_scale b_zero
        real = {operator} real_a real_b
        y = QuantizeLinear real y_scale y_zero"
    )
}

fn q_linear_unary(operator: &str) -> String {
    format!(
        "x x_scale x_zero y_scale y_zero -> y
        real = DequantizeLinear x x_scale x_zero
        made = {operator}
        y = QuantizeLinear made y_scale y_zero"
    )
}

fn q_linear_global_average_pool(node: &Instance<'_>) -> TractResult<String> {
    Ok(q_linear_unary(match node.int("channels_last", 0) {
        0 => "GlobalAveragePool real",
        _ => "ReduceMean real axes=[1,2]",
    }))
}

fn q_linear_concat(node: &Instance<'_>) -> TractResult<String> {
    let parts = node.node.input.len().saturating_sub(2) / 3;
    let (mut head, mut body, mut reals) = (String::from("y_scale y_zero"), String::new(), String::new());
    for part in 0..parts {
        head += &format!(" x{part} scale{part} zero{part}");
        body += &format!("real{part} = DequantizeLinear x{part} scale{part} zero{part}\n");
        reals += &format!(" real{part}");
    }
    let axis = node.int("axis", 0);
    Ok(format!(
        "{head} -> y\n{body}real = Concat {reals} axis={axis}\ny = QuantizeLinear real y_scale y_zero"
    ))
}

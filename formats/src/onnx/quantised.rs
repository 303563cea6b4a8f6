//! Integers that stand for real numbers, as ONNX writes them: weights are dequantised before they are read, and what a model keeps in
//! 8 bits between two operators is rounded to what those can say.

use super::graph::{Attribute, Graph, Initializer, Node, Tensor};
use crate::constant::{Constant, Data, Scales};
use crate::tensorflow::DataType;

/// Puts a node before every reader of each weight that is quantised. Called once, when the graph is done.
pub(super) fn dequantise(graph: &mut Graph) {
    let is_quantised =
        |it: &&String| graph.initializers.get(*it).is_some_and(|it| it.constant.is_quantised());
    let names: Vec<String> = graph.initializers.keys().filter(is_quantised).cloned().collect();
    let mut nodes = Vec::new();
    for output in names {
        let Some(mut weight) = graph.initializers.remove(&output) else { continue };
        let Some(scales) = weight.constant.scales.take() else { continue };
        let dtype = weight.constant.dtype;
        let place = |order: &Vec<usize>| order.iter().position(|axis| *axis == scales.axis);
        let axis = weight.order.as_ref().and_then(place).unwrap_or(scales.axis);
        let mut inputs = vec![graph.weight(&format!("{output}/quantised"), weight)];
        inputs.extend(parameters(graph, &output, dtype, &scales));
        let attributes =
            if scales.scales.len() == 1 { Vec::new() } else { vec![("axis", Attribute::Int(axis as i64))] };
        nodes.push(Node { op: "DequantizeLinear", is_ml: false, inputs, outputs: vec![output], attributes });
    }
    nodes.append(&mut graph.nodes);
    graph.nodes = nodes;
}

/// The names of the scale and the zero.
fn parameters(
    graph: &mut Graph,
    wanted: &str,
    dtype: DataType,
    Scales { scales, zeros, .. }: &Scales,
) -> [String; 2] {
    let dims = if scales.len() == 1 { Vec::new() } else { vec![scales.len()] };
    let bytes: Vec<u8> = zeros.iter().map(|zero| zero.to_le_bytes()[0]).collect();
    let zeros = Constant { dtype, dims: dims.clone(), data: Data::Bytes(bytes.into()), scales: None };
    let scales = Constant::floats(dims, scales);
    [("scale", scales), ("zero", zeros)]
        .map(|(what, constant)| graph.weight(&format!("{wanted}/{what}"), Initializer::new(constant)))
}

/// The integers that a tensor of real numbers is rounded to.
pub(crate) fn quantise(graph: &mut Graph, tensor: &Tensor, dtype: DataType, scales: &Scales) -> Tensor {
    let [scale, zero] = parameters(graph, &tensor.name, dtype, scales);
    let inputs = vec![tensor.name.clone(), scale, zero];
    let name = graph.push("QuantizeLinear", &format!("{}/quantised", tensor.name), inputs, Vec::new());
    Tensor { name, dtype, constant: None, known: None, ..tensor.clone() }
}

/// The real numbers that a tensor of integers stands for.
pub(crate) fn dequantised(graph: &mut Graph, integers: &Tensor, scales: &Scales) -> Tensor {
    let [scale, zero] = parameters(graph, &integers.name, integers.dtype, scales);
    let inputs = vec![integers.name.clone(), scale, zero];
    let name = graph.push("DequantizeLinear", &format!("{}/real", integers.name), inputs, Vec::new());
    Tensor { name, dtype: DataType::Float, ..integers.clone() }
}

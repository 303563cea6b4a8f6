//! Model files: changed as the messages that they are, loaded, and asked for predictions.

use messages::{self as pb, attribute_proto::AttributeType};
use predictql::Engine;
use predictql::data::DataType;
use predictql::model::{Model, Port};
use prost::Message;

use crate::bytes::NASTY;
use crate::{Rng, bytes, fixtures, host};

/// Values of a row that a free dimension, and a large one, is given.
const FREE: usize = 3;
const MOST_VALUES: usize = 1 << 14;

/// Attributes that say how large things are.
const NAMES: [&str; 50] = [
    "axis",
    "axes",
    "strides",
    "pads",
    "dilations",
    "kernel_shape",
    "group",
    "perm",
    "keepdims",
    "to",
    "output_shape",
    "output_padding",
    "ceil_mode",
    "blocksize",
    "batch_dims",
    "k",
    "largest",
    "num_outputs",
    "hidden_size",
    "direction",
    "start",
    "end",
    "epsilon",
    "auto_pad",
    "storage_order",
    "count_include_pad",
    "offset_group",
    "sampling_ratio",
    "output_height",
    "output_width",
    "exclude_outside",
    "batch_axis",
    "time_axis",
    "size",
    "sample_size",
    "shape",
    "block_size",
    "num_heads",
    "q_num_heads",
    "kv_num_heads",
    "qk_matmul_output_mode",
    "rotary_embedding_dim",
    "bits",
    "K",
    "N",
    "num_scan_inputs",
    "scan_input_axes",
    "scan_output_axes",
    "max_gram_length",
    "ngram_indexes",
];

/// Words that attributes say.
const WORDS: [&str; 22] = [
    "",
    "SAME_UPPER",
    "SAME_LOWER",
    "VALID",
    "reflect",
    "wrap",
    "edge",
    "linear",
    "cubic",
    "nearest",
    "align_corners",
    "tf_crop_and_resize",
    "border",
    "reflection",
    "reverse",
    "bidirectional",
    "circular",
    "CRD",
    "mul",
    "ii->i",
    "...i,...j->...ij",
    "a,b,c,d,e,f,g,h->hgfedcba",
];

const FLOATS: [f32; 8] = [0.0, -0.0, -1.0, f32::NAN, f32::INFINITY, f32::MIN, 1e-40, 65_536.5];

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut all = fixtures("fixtures/operators", &["onnx"]);
    all.extend(fixtures("fixtures/models", &["onnx"]));
    all
}

pub(crate) fn mutate(input: &[u8], random: &mut Rng) -> Vec<u8> {
    let Ok(mut model) = pb::ModelProto::decode(input) else { return bytes::mutate(input, random) };
    for _ in 0..=random.usize(..3) {
        if let Some(opset) = model.opset_import.first_mut()
            && random.u8(..) < 5
        {
            opset.version = NASTY[random.usize(..NASTY.len())];
        }
        if let Some(graph) = &mut model.graph {
            change_graph(graph, random);
        }
    }
    model.encode_to_vec()
}

fn nasty(random: &mut Rng) -> i64 {
    NASTY[random.usize(..NASTY.len())]
}

fn change_graph(graph: &mut pb::GraphProto, random: &mut Rng) {
    match random.u8(..10) {
        0 | 1 => {
            if let Some(at) = any(graph.initializer.len(), random) {
                change_tensor(&mut graph.initializer[at], random);
            }
        }
        2 => {
            let infos = if random.bool() { &mut graph.input } else { &mut graph.output };
            if let Some(at) = any(infos.len(), random) {
                change_info(&mut infos[at], random);
            }
        }
        3 => change_edges(graph, random),
        _ => {
            if let Some(at) = any(graph.node.len(), random) {
                change_node(&mut graph.node[at], random);
            }
        }
    }
}

fn any(count: usize, random: &mut Rng) -> Option<usize> {
    (count > 0).then(|| random.usize(..count))
}

/// An input of a node becomes another value, a node is told twice, or is left out.
fn change_edges(graph: &mut pb::GraphProto, random: &mut Rng) {
    let values: Vec<String> = graph
        .node
        .iter()
        .flat_map(|node| &node.output)
        .chain(graph.input.iter().map(|info| &info.name))
        .chain(graph.initializer.iter().map(|tensor| &tensor.name))
        .cloned()
        .collect();
    let Some(at) = any(graph.node.len(), random) else { return };
    match random.u8(..4) {
        0 => drop(graph.node.remove(at)),
        1 => {
            let copy = graph.node[at].clone();
            graph.node.insert(random.usize(..=at), copy);
        }
        _ => {
            let node = &mut graph.node[at];
            if let (Some(input), Some(value)) = (any(node.input.len(), random), any(values.len(), random)) {
                node.input[input] = values[value].clone();
            }
        }
    }
}

fn change_node(node: &mut pb::NodeProto, random: &mut Rng) {
    match random.u8(..12) {
        0 => {
            if let Some(at) = any(node.input.len(), random) {
                node.input[at] = String::new();
            }
        }
        1 => drop(node.input.pop()),
        2 => node.input.extend(node.input.first().cloned()),
        3 => {
            if let Some(at) = any(node.attribute.len(), random) {
                node.attribute.remove(at);
            }
        }
        4 | 5 => {
            let name = NAMES[random.usize(..NAMES.len())].to_owned();
            node.attribute.retain(|attribute| attribute.name != name);
            let mut attribute = pb::AttributeProto { name, ..Default::default() };
            let list = random.bool();
            attribute.r#type = if list { AttributeType::Ints } else { AttributeType::Int }.into();
            attribute.i = nasty(random);
            attribute.ints = (0..random.usize(..5)).map(|_| nasty(random)).collect();
            node.attribute.push(attribute);
        }
        _ => {
            if let Some(at) = any(node.attribute.len(), random) {
                change_attribute(&mut node.attribute[at], random);
            }
        }
    }
}

fn change_attribute(attribute: &mut pb::AttributeProto, random: &mut Rng) {
    if let Some(graph) = &mut attribute.g {
        change_graph(graph, random);
    } else if let Some(tensor) = &mut attribute.t {
        change_tensor(tensor, random);
    } else if let Some(at) = any(attribute.ints.len(), random) {
        match random.u8(..8) {
            0 => drop(attribute.ints.remove(at)),
            1 => attribute.ints.insert(at, nasty(random)),
            2 => attribute.ints.clear(),
            _ => attribute.ints[at] = nasty(random),
        }
    } else if let Some(at) = any(attribute.floats.len(), random) {
        match random.u8(..4) {
            0 => drop(attribute.floats.remove(at)),
            _ => attribute.floats[at] = FLOATS[random.usize(..FLOATS.len())],
        }
    } else if let Some(at) = any(attribute.strings.len(), random) {
        attribute.strings[at] = bytes::mutate(&attribute.strings[at], random);
    } else if attribute.s.is_empty() {
        attribute.i = nasty(random);
        attribute.f = FLOATS[random.usize(..FLOATS.len())];
    } else if random.bool() {
        attribute.s = WORDS[random.usize(..WORDS.len())].into();
    } else {
        attribute.s = bytes::mutate(&attribute.s, random);
    }
}

fn change_tensor(tensor: &mut pb::TensorProto, random: &mut Rng) {
    match random.u8(..8) {
        0 => {
            if let Some(at) = any(tensor.dims.len(), random) {
                tensor.dims[at] = nasty(random);
            }
        }
        1 => tensor.dims.push(nasty(random)),
        2 => drop(tensor.dims.pop()),
        3 => tensor.data_type = random.i32(0..24),
        4 => tensor.raw_data.truncate(random.usize(..=tensor.raw_data.len())),
        _ => {
            let value = nasty(random);
            let float = FLOATS[random.usize(..FLOATS.len())];
            if let Some(at) = any(tensor.int64_data.len(), random) {
                tensor.int64_data[at] = value;
            } else if let Some(at) = any(tensor.float_data.len(), random) {
                tensor.float_data[at] = float;
            } else if let Some(at) = any(tensor.raw_data.len() / 8, random) {
                let value =
                    if random.bool() { value.to_le_bytes().to_vec() } else { float.to_le_bytes().to_vec() };
                tensor.raw_data[at * 8..][..value.len()].copy_from_slice(&value);
            }
        }
    }
}

fn change_info(info: &mut pb::ValueInfoProto, random: &mut Rng) {
    use pb::tensor_shape_proto::{Dimension, dimension::Value};
    let Some(pb::type_proto::Value::TensorType(tensor)) =
        info.r#type.as_mut().and_then(|kind| kind.value.as_mut())
    else {
        return;
    };
    if random.u8(..4) == 0 {
        tensor.elem_type = random.i32(0..24);
    }
    let Some(shape) = &mut tensor.shape else { return };
    let value = match random.u8(..3) {
        0 => Value::DimParam("N".into()),
        _ => Value::DimValue(nasty(random)),
    };
    let dimension = Dimension { value: Some(value) };
    match any(shape.dim.len(), random) {
        Some(at) if random.u8(..4) > 0 => shape.dim[at] = dimension,
        Some(at) if random.bool() => drop(shape.dim.remove(at)),
        _ => shape.dim.push(dimension),
    }
}

/// Loads a model of any kind, and has it predict three rows.
pub(crate) fn run(input: &[u8]) {
    let engine = Engine::default();
    let model = match engine.register_model("m", input) {
        Ok(model) => model,
        Err(error) => {
            host::check(&error, "");
            return;
        }
    };
    if let Some(rows) = rows(&model) {
        let text = format!("SELECT * FROM ML.PREDICT(MODEL m, ({rows}))");
        host::run(&engine.session(), &text);
    }
}

/// A query with a column for each input; `None` where a row would be too long.
fn rows(model: &Model) -> Option<String> {
    let columns = model.signature().inputs.iter().map(column).collect::<Option<Vec<_>>>()?;
    Some(format!("SELECT {} FROM UNNEST([1, 2, 3]) AS r", columns.join(", ")))
}

fn column(port: &Port) -> Option<String> {
    let lengths: Vec<usize> = port.shape.iter().skip(1).map(|dim| dim.fixed().unwrap_or(FREE)).collect();
    let values = lengths.iter().try_fold(1_usize, |all, length| all.checked_mul(*length))?;
    if values > MOST_VALUES {
        return None;
    }
    let list = |element: &str| {
        format!("ARRAY(SELECT CAST(MOD(n, 5) AS {element}) FROM UNNEST(GENERATE_ARRAY(1, {values})) AS n)")
    };
    let value = match &port.data_type {
        DataType::Array(element) if **element == DataType::Bool => {
            format!("ARRAY(SELECT n > 2 FROM UNNEST(GENERATE_ARRAY(1, {values})) AS n)")
        }
        DataType::Array(element) => list(&element.to_string()),
        DataType::Bool => "r > 1".into(),
        DataType::Float64 => "r / 2".into(),
        DataType::Int64 => "r".into(),
        DataType::String => "CAST(r AS STRING)".into(),
        _ => format!(
            "STRUCT(CAST({lengths:?} AS ARRAY<INT64>) AS dimensions, {} AS `values`)",
            list("FLOAT64")
        ),
    };
    let name = port.name.replace('`', "");
    Some(format!("{value} AS `{name}`"))
}

//! Operators that are written out in other ones when a model is loaded: functions of the standard and fusions of
//! onnxruntime. A body is a text, since text is small:
//!
//! ```text
//! x scale bias -> y
//! scaled = Mul x scale
//! y = Add scaled bias
//! ```
//!
//! The first line names inputs and outputs, each further line is a node. Its inputs are names, numbers (`2` is int64,
//! `2.0` float, `[1,2]` a vector) or `_` for one that is left out; `name=value` is an attribute, `*` all those of the
//! node that is written out. `tract.Mul` is tract's own operator and not written out again.

use std::collections::HashSet;

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::{TractResult, bail, format_err};

/// A node that is to be written out.
pub(super) struct Call<'a> {
    pub(super) node: &'a NodeProto,
    /// The version of the standard operators.
    pub(super) opset: i64,
    /// Names of the constants that the node can see.
    pub(super) constants: &'a HashSet<String>,
}

impl Call<'_> {
    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |attribute| attribute.i)
    }

    pub(super) fn float(&self, name: &str, default: f32) -> f32 {
        self.attribute(name).map_or(default, |attribute| attribute.f)
    }

    pub(super) fn floats(&self, name: &str) -> Option<&[f32]> {
        self.attribute(name).map(|attribute| attribute.floats.as_slice())
    }

    pub(super) fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attribute(name).map(|attribute| attribute.ints.as_slice())
    }

    pub(super) fn text(&self, name: &str, default: &'static str) -> &str {
        self.attribute(name).and_then(|attribute| str::from_utf8(&attribute.s).ok()).unwrap_or(default)
    }

    /// Whether there is an input at place `at`.
    pub(super) fn has(&self, at: usize) -> bool {
        self.node.input.get(at).is_some_and(|name| !name.is_empty())
    }

    /// Whether the input at place `at` is a constant of the graph, or left out.
    pub(super) fn is_constant(&self, at: usize) -> bool {
        self.node.input.get(at).is_none_or(|name| name.is_empty() || self.constants.contains(name))
    }

    /// The nodes that `body` stands for.
    pub(super) fn write_out(&self, body: &str) -> TractResult<Vec<NodeProto>> {
        let mut lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
        let (inputs, outputs) = lines.next().and_then(|head| head.split_once("->")).unwrap_or_default();
        let first = self.node.output.iter().find(|name| !name.is_empty()).map_or("", String::as_str);
        let outer = |names: &str, outer: &[String], name: &str| {
            let place = names.split_whitespace().position(|it| it == name)?;
            Some(outer.get(place).cloned().unwrap_or_default())
        };
        // Names inside must not meet names outside: nobody else has this output in front.
        let name = |name: &str| match outer(inputs, &self.node.input, name) {
            Some(outer) => outer,
            None => outer_output(outer(outputs, &self.node.output, name), first, name),
        };
        let mut nodes = Vec::new();
        for line in lines {
            let (made, rest) = line.split_once(" = ").ok_or_else(|| format_err!("`{line}` makes nothing"))?;
            let mut words = rest.split_whitespace();
            let mut node = NodeProto {
                op_type: words.next().unwrap_or_default().to_owned(),
                output: made.split_whitespace().map(name).collect(),
                ..NodeProto::default()
            };
            for word in words {
                if word == "*" {
                    node.attribute.extend(self.node.attribute.iter().cloned());
                } else if let Some((key, value)) = word.split_once('=') {
                    node.attribute.push(attribute(key, value)?);
                } else if word == "_" {
                    node.input.push(String::new());
                } else if word.starts_with(|first: char| first.is_alphabetic()) {
                    node.input.push(name(word));
                } else {
                    let constant = format!("{first}::{}", nodes.len());
                    nodes.push(self::constant(&constant, literal(word)?));
                    node.input.push(constant);
                }
            }
            if let Some((domain, operator)) = node.op_type.rsplit_once('.') {
                (node.domain, node.op_type) = (domain.to_owned(), operator.to_owned());
            }
            self.move_axes(&mut node, &mut nodes);
            node.name = node.output.first().cloned().unwrap_or_default();
            nodes.push(node);
        }
        Ok(nodes)
    }

    /// Bodies give axes as an attribute. From some version on they are an input.
    fn move_axes(&self, node: &mut NodeProto, nodes: &mut Vec<NodeProto>) {
        let since = match node.op_type.as_str() {
            "ReduceSum" | "Squeeze" | "Unsqueeze" => 13,
            name if name.starts_with("Reduce") => 18,
            _ => return,
        };
        let place = node.attribute.iter().position(|attribute| attribute.name == "axes");
        if let (Some(place), true) = (place, self.opset >= since) {
            let axes = node.attribute.remove(place).ints;
            let name = format!("{}::axes", node.output.first().map_or("", String::as_str));
            nodes.push(constant(&name, vector(axes)));
            node.input.push(name);
        }
    }
}

fn outer_output(outer: Option<String>, first: &str, name: &str) -> String {
    outer.filter(|outer| !outer.is_empty()).unwrap_or_else(|| format!("{first}::{name}"))
}

fn constant(name: &str, value: TensorProto) -> NodeProto {
    let value = AttributeProto {
        name: "value".into(),
        r#type: AttributeType::Tensor.into(),
        t: Some(value),
        ..AttributeProto::default()
    };
    NodeProto {
        op_type: "Constant".into(),
        name: name.to_owned(),
        output: vec![name.to_owned()],
        attribute: vec![value],
        ..NodeProto::default()
    }
}

fn vector(values: Vec<i64>) -> TensorProto {
    TensorProto {
        dims: vec![values.len() as i64],
        data_type: DataType::Int64.into(),
        int64_data: values,
        ..TensorProto::default()
    }
}

/// A number, or several in brackets.
fn literal(word: &str) -> TractResult<TensorProto> {
    let list = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
    let words: Vec<&str> = list.unwrap_or(word).split(',').filter(|word| !word.is_empty()).collect();
    let mut tensor = match words.iter().map(|word| word.parse()).collect() {
        Ok(values) => vector(values),
        Err(_) => TensorProto {
            dims: vec![words.len() as i64],
            data_type: DataType::Float.into(),
            float_data: words.iter().map(|word| word.parse()).collect::<Result<_, _>>()?,
            ..TensorProto::default()
        },
    };
    if list.is_none() {
        tensor.dims.clear();
    }
    Ok(tensor)
}

fn attribute(name: &str, value: &str) -> TractResult<AttributeProto> {
    let mut attribute = AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
    let kind = if value.starts_with('[') {
        attribute.ints = literal(value)?.int64_data;
        AttributeType::Ints
    } else if let Ok(value) = value.parse() {
        attribute.i = value;
        AttributeType::Int
    } else if let Ok(value) = value.parse() {
        attribute.f = value;
        AttributeType::Float
    } else if value.is_empty() {
        bail!("attribute `{name}` is empty")
    } else {
        attribute.s = value.as_bytes().to_vec();
        AttributeType::String
    };
    attribute.r#type = kind.into();
    Ok(attribute)
}

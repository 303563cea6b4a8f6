//! The language of templates. A template is text, which costs less of the download than code:
//!
//! ```text
//! x scale bias -> y
//! scaled = Mul x scale
//! y = Add scaled bias
//! ```
//!
//! The first line names inputs and outputs, each further line is a node. Its inputs are names, numbers (`2` is int64,
//! `2.0` float, `[1,2]` a vector) or `_` for one that is left out; `name=value` is an attribute, `*` stands for all
//! attributes of the node that the template replaces. `own.Gemm` is the operator of that name, whose template does not come in again.

use std::collections::HashMap;

use crate::onnx::pb::{AttributeProto, NodeProto, TensorProto};
use anyhow::{Result, bail, format_err};

use crate::onnx::build::{self, Value};
use crate::onnx::element_type;
use crate::tensor::ElementType;

/// Writes the template for one node of its operator.
pub(crate) type Template = fn(&Instance<'_>) -> Result<String>;

/// What templates can know of a constant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Constant {
    is_float: bool,
}

impl Constant {
    pub(crate) fn of(tensor: &TensorProto) -> Self {
        Self { is_float: element_type(tensor.data_type).is_some_and(ElementType::is_float) }
    }
}

/// A node that a template replaces.
pub(crate) struct Instance<'a> {
    pub(crate) node: &'a NodeProto,
    /// The version of the standard operators.
    pub(crate) opset: i64,
    /// The constants that the node can see.
    pub(crate) constants: &'a HashMap<String, Constant>,
}

impl Instance<'_> {
    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |attribute| attribute.i)
    }

    pub(super) fn float(&self, name: &str, default: f32) -> f32 {
        self.attribute(name).map_or(default, |attribute| attribute.f)
    }

    pub(super) fn optional_float(&self, name: &str) -> Option<f32> {
        self.attribute(name).map(|attribute| attribute.f)
    }

    pub(super) fn floats(&self, name: &str) -> Option<&[f32]> {
        self.attribute(name).map(|attribute| attribute.floats.as_slice())
    }

    pub(super) fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attribute(name).map(|attribute| attribute.ints.as_slice())
    }

    pub(super) fn text(&self, name: &str, default: &'static str) -> Result<&str> {
        match self.attribute(name) {
            Some(attribute) => Ok(str::from_utf8(&attribute.s)?),
            None => Ok(default),
        }
    }

    /// Whether the input at `position` is given.
    pub(super) fn has(&self, position: usize) -> bool {
        self.node.input.get(position).is_some_and(|name| !name.is_empty())
    }

    /// Whether the input at `position` is a constant of floats.
    pub(super) fn is_float(&self, position: usize) -> bool {
        self.node.input.get(position).and_then(|name| self.constants.get(name)).is_some_and(|it| it.is_float)
    }

    /// The nodes that replace it.
    pub(crate) fn expand(&self, template: Template) -> Result<Vec<NodeProto>> {
        let text = template(self)?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let head = lines.next().and_then(|head| head.split_once("->"));
        let (inputs, outputs) = head.ok_or_else(|| format_err!("a template names no outputs"))?;
        // A node without named outputs has no effect.
        let Some(first_output) = self.node.output.iter().find(|name| !name.is_empty()) else {
            return Ok(Vec::new());
        };
        let prefix = format!("{first_output}::{}", self.node.op_type);
        let names = Names { inputs, outputs, node: self.node, prefix };
        let mut nodes = Vec::new();
        for line in lines {
            let mut node = self.parse_node(line, &names, &mut nodes)?;
            self.move_axes(&mut node, &mut nodes)?;
            nodes.push(node);
        }
        Ok(nodes)
    }

    /// The node of one line; constants that it names are added to `nodes`.
    fn parse_node(&self, line: &str, names: &Names<'_>, nodes: &mut Vec<NodeProto>) -> Result<NodeProto> {
        let (outputs, rest) = line.split_once(" = ").ok_or_else(|| format_err!("`{line}` makes nothing"))?;
        let mut words = rest.split_whitespace();
        let operator = words.next().ok_or_else(|| format_err!("`{line}` names no operator"))?;
        let (domain, operator) = operator.rsplit_once('.').unwrap_or(("", operator));
        let mut node = NodeProto {
            domain: domain.to_owned(),
            op_type: operator.to_owned(),
            output: outputs.split_whitespace().map(|name| names.outside(name)).collect(),
            ..NodeProto::default()
        };
        node.name = first_output(&node)?.clone();
        for word in words {
            if word == "*" {
                node.attribute.extend(self.node.attribute.iter().cloned());
            } else if let Some((key, value)) = word.split_once('=') {
                node.attribute.push(attribute(key, value)?);
            } else if word == "_" {
                node.input.push(String::new());
            } else if word.starts_with(|letter: char| letter.is_alphabetic()) {
                node.input.push(names.outside(word));
            } else {
                let constant = format!("{}::{}", names.prefix, nodes.len());
                nodes.push(build::constant(&constant, literal(word)?));
                node.input.push(constant);
            }
        }
        Ok(node)
    }

    /// Templates give axes as an attribute. From some version on they are an input.
    fn move_axes(&self, node: &mut NodeProto, nodes: &mut Vec<NodeProto>) -> Result<()> {
        let since = match node.op_type.as_str() {
            "ReduceSum" | "Squeeze" | "Unsqueeze" => 13,
            name if name.starts_with("Reduce") => 18,
            _ => return Ok(()),
        };
        let position = node.attribute.iter().position(|attribute| attribute.name == "axes");
        if let Some(position) = position.filter(|_| self.opset >= since) {
            let axes = node.attribute.remove(position).ints;
            let name = format!("{}::axes", first_output(node)?);
            nodes.push(build::constant(&name, build::int_vector(axes)));
            node.input.push(name);
        }
        Ok(())
    }
}

fn first_output(node: &NodeProto) -> Result<&String> {
    node.output.first().ok_or_else(|| format_err!("a node of a template has no output"))
}

/// What the names in a template stand for.
struct Names<'a> {
    /// The template's inputs and outputs, as its first line lists them.
    inputs: &'a str,
    outputs: &'a str,
    /// The node with the names outside, in the same order.
    node: &'a NodeProto,
    /// The prefix of the template's own names, unique in the graph: the node's output and its operator. Only nodes of
    /// the template can have the same output, and they are of other operators.
    prefix: String,
}

impl Names<'_> {
    fn outside(&self, name: &str) -> String {
        let position = |names: &str| names.split_whitespace().position(|listed| listed == name);
        if let Some(position) = position(self.inputs) {
            // A node may leave out its last inputs.
            return self.node.input.get(position).map_or_else(String::new, String::clone);
        }
        let output = position(self.outputs).and_then(|position| self.node.output.get(position));
        // An output that the node leaves out is a name of the template's own.
        let output = output.filter(|output| !output.is_empty()).cloned();
        output.unwrap_or_else(|| format!("{}::{name}", self.prefix))
    }
}

/// A number, or several in brackets.
fn literal(word: &str) -> Result<TensorProto> {
    let list = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
    let words: Vec<&str> = list.unwrap_or(word).split(',').filter(|word| !word.is_empty()).collect();
    let mut tensor = match words.iter().map(|word| word.parse()).collect() {
        Ok(values) => build::int_vector(values),
        Err(_) => build::float_vector(words.iter().map(|word| word.parse()).collect::<Result<_, _>>()?),
    };
    if list.is_none() {
        tensor.dims.clear();
    }
    Ok(tensor)
}

fn attribute(name: &str, value: &str) -> Result<AttributeProto> {
    let value = if value.starts_with('[') {
        Value::Ints(literal(value)?.int64_data)
    } else if let Ok(int) = value.parse() {
        Value::Int(int)
    } else if let Ok(float) = value.parse() {
        Value::Float(float)
    } else if value.is_empty() {
        bail!("attribute `{name}` is empty")
    } else {
        Value::String(value.to_owned())
    };
    Ok(build::attribute(name, value))
}

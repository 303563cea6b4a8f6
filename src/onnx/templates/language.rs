//! The language of templates. A template is a text, since text is small:
//!
//! ```text
//! x scale bias -> y
//! scaled = Mul x scale
//! y = Add scaled bias
//! ```
//!
//! The first line names inputs and outputs, each further line is a node. Its inputs are names, numbers (`2` is int64,
//! `2.0` float, `[1,2]` a vector) or `_` for one that is left out; `name=value` is an attribute, `*` stands for all
//! attributes of the node that the template replaces. `tract.Mul` is tract's own operator and has no template.

use std::collections::HashSet;

use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::{TractResult, bail, format_err};

use crate::onnx::build::{self, Value};

/// Writes the template for one node of its operator.
pub(crate) type Template = fn(&Instance<'_>) -> TractResult<String>;

/// A node that a template replaces.
pub(crate) struct Instance<'a> {
    pub(crate) node: &'a NodeProto,
    /// The version of the standard operators.
    pub(crate) opset: i64,
    /// Names of the constants that the node can see.
    pub(crate) constants: &'a HashSet<String>,
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

    /// The nodes that replace it.
    pub(crate) fn expand(&self, template: Template) -> TractResult<Vec<NodeProto>> {
        let text = template(self)?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let (inputs, outputs) = lines
            .next()
            .and_then(|head| head.split_once("->"))
            .ok_or_else(|| format_err!("a template names no outputs"))?;
        // Templates may end in an operator that has a template itself: the operator tells their inner names apart.
        let output = self.node.output.iter().find(|name| !name.is_empty()).map_or("", String::as_str);
        let first = &format!("{output}::{}", self.node.op_type);
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
                    nodes.push(build::constant(&constant, literal(word)?));
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
            nodes.push(build::constant(&name, build::int_vector(axes)));
            node.input.push(name);
        }
    }
}

fn outer_output(outer: Option<String>, first: &str, name: &str) -> String {
    outer.filter(|outer| !outer.is_empty()).unwrap_or_else(|| format!("{first}::{name}"))
}

/// A number, or several in brackets.
fn literal(word: &str) -> TractResult<TensorProto> {
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

fn attribute(name: &str, value: &str) -> TractResult<AttributeProto> {
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

//! Functions that a model defines: every call is replaced by the function's nodes.

use std::collections::HashMap;
use std::iter;

use crate::onnx::pb::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto};

use crate::diag::{Code, Error, Result, ensure};
use crate::limits::FUNCTION_NODES;
use crate::onnx::names::full_name;
use crate::onnx::walk;

/// Replaces the calls of the model's functions by their nodes, except where an operator of that name runs. `defaults`
/// are the functions' attributes that have a value of their own.
///
/// # Errors
/// `invalid-model` where functions call each other in a circle.
pub(in crate::onnx) fn inline(
    proto: &mut ModelProto,
    defaults: &[Vec<AttributeProto>],
    runs: &dyn Fn(&str, &str) -> bool,
) -> Result<()> {
    let functions = std::mem::take(&mut proto.functions);
    ensure(functions.len() == defaults.len(), "the defaults of each function's attributes")?;
    let known: HashMap<_, _> = (functions.iter().zip(defaults))
        .map(|(function, defaults)| {
            // The default domain has no name.
            let key = (function.domain.as_deref().unwrap_or(""), function.name.as_deref().unwrap_or(""));
            (key, (function, defaults))
        })
        .filter(|((domain, name), _)| !runs(domain, name))
        .collect();
    match &mut proto.graph {
        Some(graph) if !known.is_empty() => graph_calls(graph, &known, &mut 0),
        _ => Ok(()),
    }
}

/// Functions by domain and name, with the defaults of their attributes.
type Known<'a> = HashMap<(&'a str, &'a str), (&'a FunctionProto, &'a Vec<AttributeProto>)>;

fn graph_calls(graph: &mut GraphProto, known: &Known<'_>, expanded: &mut usize) -> Result<()> {
    let mut open: Vec<NodeProto> = graph.node.drain(..).rev().collect();
    while let Some(mut node) = open.pop() {
        if let Some((function, defaults)) = known.get(&(node.domain.as_str(), node.op_type.as_str())) {
            *expanded += function.node.len();
            if *expanded > FUNCTION_NODES {
                let name = &node.op_type;
                let message = format!(
                    "the model's function `{name}` calls itself, or has more than {FUNCTION_NODES} nodes"
                );
                return Err(Error::new(Code::InvalidModel, message));
            }
            let nodes = Substitution::new(&node, function, defaults).nodes(function);
            open.extend(nodes.into_iter().rev());
            continue;
        }
        walk::bodies_mut(&mut node).try_for_each(|body| graph_calls(body, known, expanded))?;
        graph.node.push(node);
    }
    Ok(())
}

/// The names and attributes that replace those inside the function, for one call.
struct Substitution<'a> {
    names: HashMap<&'a str, &'a str>,
    attributes: HashMap<&'a str, &'a AttributeProto>,
    /// The prefix of the function's own names, unique in the graph: the call's output and the function's name. Only
    /// nodes of the function can have the same output, and they call other functions.
    prefix: String,
}

impl<'a> Substitution<'a> {
    fn new(node: &'a NodeProto, function: &'a FunctionProto, defaults: &'a [AttributeProto]) -> Self {
        // A call may leave out the last inputs and outputs: their names are empty.
        let actual = |names: &'a [String]| names.iter().map(String::as_str).chain(iter::repeat(""));
        let inputs = function.input.iter().map(String::as_str).zip(actual(&node.input));
        let outputs = function.output.iter().map(String::as_str).zip(actual(&node.output));
        // An output that the call leaves out is a name of the function's own.
        let names = inputs.chain(outputs.filter(|(_, outer)| !outer.is_empty())).collect();
        let attributes = defaults.iter().chain(&node.attribute);
        let first_output = node.output.iter().find(|name| !name.is_empty()).map_or("", String::as_str);
        Self {
            names,
            attributes: attributes.map(|attribute| (attribute.name.as_str(), attribute)).collect(),
            prefix: format!("{first_output}::{}", full_name(&node.domain, &node.op_type)),
        }
    }

    fn nodes(&self, function: &FunctionProto) -> Vec<NodeProto> {
        let mut nodes = function.node.clone();
        nodes.iter_mut().for_each(|node| self.node(node));
        nodes
    }

    fn name(&self, name: &mut String) {
        if let Some(outer) = self.names.get(name.as_str()) {
            (*outer).clone_into(name);
        } else if !name.is_empty() {
            *name = format!("{}::{name}", self.prefix);
        }
    }

    fn node(&self, node: &mut NodeProto) {
        [&mut node.name]
            .into_iter()
            .chain(&mut node.input)
            .chain(&mut node.output)
            .for_each(|name| self.name(name));
        node.attribute.retain_mut(|attribute| {
            if !attribute.ref_attr_name.is_empty() {
                // An attribute that the call does not give is not given inside either.
                let Some(value) = self.attributes.get(attribute.ref_attr_name.as_str()) else { return false };
                *attribute = AttributeProto { name: attribute.name.clone(), ..(*value).clone() };
                return true;
            }
            attribute.g.iter_mut().chain(&mut attribute.graphs).for_each(|graph| self.graph(graph));
            true
        });
    }

    fn graph(&self, graph: &mut GraphProto) {
        let ports = graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info);
        ports.for_each(|port| self.name(&mut port.name));
        graph.initializer.iter_mut().for_each(|tensor| self.name(&mut tensor.name));
        graph.node.iter_mut().for_each(|node| self.node(node));
    }
}

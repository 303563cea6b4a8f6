//! Walks a graph from what is wanted back to what is given, through the functions that it calls, and translates every node
//! on the way.

use std::collections::BTreeMap;

use super::body::{Body, Reference};
use super::bundle::Bundle;
use super::call::Call;
use super::control::{List, function};
use super::operators;
use super::proto::{FunctionDef, NodeDef};
use crate::constant::Constant;
use crate::files::Files;
use crate::onnx::{Graph, Tensor};
use crate::refusal::{Reason, Refusal, Result};

/// Functions within functions; more than any exporter writes.
const DEEPEST: usize = 64;
/// Nodes with those of functions, each counted as often as it is called.
const MOST_NODES: usize = 100_000;

/// What an output of a node is.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Tensor(Tensor),
    List(List),
    /// A variable, or a table of words, by the name of its node.
    Variable(String),
    /// The value of this key, as it comes from the file of variables.
    Restored(String),
    /// Nothing that a model's outputs are made of.
    Nothing,
}

pub(super) struct Walker<'a> {
    pub(super) functions: BTreeMap<&'a str, &'a FunctionDef>,
    pub(super) bundle: &'a Bundle,
    pub(super) files: &'a Files,
    pub(super) graph: Graph,
    /// The key of each variable in the file, by the name of its node.
    pub(super) keys: BTreeMap<String, String>,
    /// The keys and values of each table of words, by the name of its node.
    tables: BTreeMap<String, [Constant; 2]>,
    /// Variables that were read.
    loaded: BTreeMap<String, Tensor>,
    /// Whether the graph restores variables, instead of computing with them.
    restores: bool,
    calls: Vec<&'a str>,
    nodes: usize,
}

impl<'a> Walker<'a> {
    pub(super) fn new(
        functions: BTreeMap<&'a str, &'a FunctionDef>,
        bundle: &'a Bundle,
        files: &'a Files,
    ) -> Self {
        Self {
            functions,
            bundle,
            files,
            graph: Graph::default(),
            keys: BTreeMap::new(),
            tables: BTreeMap::new(),
            loaded: BTreeMap::new(),
            restores: false,
            calls: Vec::new(),
            nodes: 0,
        }
    }

    /// Learns which variable has which key, and which words a table has, from the node that brings them there.
    pub(super) fn restore(&mut self, body: &Body<'a>, node: &'a str) -> Result<()> {
        self.restores = true;
        self.walk(body, &BTreeMap::new(), &[node])?;
        self.restores = false;
        Ok(())
    }

    /// The tensors `wanted` of a graph, where those of `given` are known by the names of their nodes.
    pub(super) fn walk(
        &mut self,
        body: &Body<'a>,
        given: &BTreeMap<String, Value>,
        wanted: &[&'a str],
    ) -> Result<Vec<Value>> {
        let mut values: BTreeMap<&str, (&'a str, Vec<Value>)> = BTreeMap::new();
        for node in body.order(wanted, self.restores, &|name| given.contains_key(name))? {
            self.count()?;
            self.check_unchanged(body, node)?;
            let inputs = node.input.iter().filter_map(|input| Reference::read(input));
            let inputs =
                inputs.map(|input| self.look_up(input, &values, given)).collect::<Result<Vec<_>>>()?;
            let outputs = self.node(node, inputs)?;
            values.insert(&node.name, (&node.op, outputs));
        }
        let wanted = wanted.iter().filter_map(|wanted| Reference::read(wanted));
        wanted.map(|wanted| self.look_up(wanted, &values, given)).collect()
    }

    /// Counts a node, or a function, which may have none.
    fn count(&mut self) -> Result<()> {
        self.nodes += 1;
        if self.nodes <= MOST_NODES {
            return Ok(());
        }
        let message = format!("the graph has more than {MOST_NODES} nodes, those of functions included");
        Err(Refusal::new(Reason::UnsupportedModelType, message))
    }

    /// Variables have the values of the file: one that the graph changes before it is read is another.
    fn check_unchanged(&self, body: &Body<'a>, node: &NodeDef) -> Result<()> {
        let is_changed = |input: &String| {
            let before = input.strip_prefix('^').and_then(|name| body.get(name));
            before.is_some_and(|node| node.op.starts_with("Assign"))
        };
        if self.restores || node.op != "ReadVariableOp" || !node.input.iter().any(is_changed) {
            return Ok(());
        }
        let message = format!("`{}` reads a variable that the graph changes before", node.name);
        Err(Refusal::new(Reason::UnsupportedModelType, message))
    }

    fn look_up(
        &self,
        wanted: Reference<'_>,
        values: &BTreeMap<&str, (&str, Vec<Value>)>,
        given: &BTreeMap<String, Value>,
    ) -> Result<Value> {
        if let Some(value) = given.get(wanted.node) {
            return Ok(value.clone());
        }
        let found = values.get(wanted.node).and_then(|(op, outputs)| outputs.get(wanted.place(op)));
        match found {
            Some(value) => Ok(value.clone()),
            None if self.restores => Ok(Value::Nothing),
            None => {
                let op = values.get(wanted.node).map_or("", |(op, _)| op);
                let output = wanted.place(op);
                let message =
                    format!("output {output} of the operator {op} at `{}` is not supported", wanted.node);
                Err(Refusal::new(Reason::UnsupportedOperator, message))
            }
        }
    }

    /// The outputs of a node.
    fn node(&mut self, node: &'a NodeDef, inputs: Vec<Value>) -> Result<Vec<Value>> {
        match node.op.as_str() {
            "VarHandleOp" | "VariableV2" | "Variable" | "HashTableV2" | "MutableHashTableV2" => {
                return Ok(vec![Value::Variable(node.name.clone())]);
            }
            "AssignVariableOp" | "Assign" => {
                if let [Value::Variable(variable), Value::Restored(key), ..] = inputs.as_slice() {
                    self.keys.insert(variable.clone(), key.clone());
                }
                return Ok(vec![Value::Nothing]);
            }
            "Identity" | "IdentityN" | "StopGradient" | "PreventGradient" | "Snapshot" | "CheckNumerics"
            | "EnsureShape" | "ReadVariableOp" => return Ok(inputs),
            "PartitionedCall" | "StatefulPartitionedCall" => {
                if let Some(name) = function(node, "f") {
                    return self.call(node, name, inputs);
                }
            }
            name if self.functions.contains_key(name) => return self.call(node, name, inputs),
            _ => {}
        }
        if self.restores {
            return Ok(self.restored(node, &inputs));
        }
        if let Some(outputs) = self.control(node, &inputs)? {
            return Ok(outputs);
        }
        if let ("LookupTableFindV2", Some(Value::Variable(table))) = (node.op.as_str(), inputs.first()) {
            let table = self.tables.get(table).cloned();
            let inputs = inputs.into_iter().skip(1).map(|input| self.tensor(node, input));
            let call = Call { node, inputs: inputs.collect::<Result<Vec<_>>>()? };
            let [keys, values] =
                table.ok_or_else(|| call.unsupported("reads a table that is filled elsewhere"))?;
            return Ok(vec![Value::Tensor(operators::look_up(&mut self.graph, &call, &keys, &values)?)]);
        }
        let tensors = inputs.into_iter().map(|input| self.tensor(node, input)).collect::<Result<Vec<_>>>()?;
        let call = Call { node, inputs: tensors };
        let outputs = operators::translate(&mut self.graph, &call)?;
        Ok(outputs.into_iter().map(Value::Tensor).collect())
    }

    /// Of what restores variables, the keys.
    fn restored(&mut self, node: &NodeDef, inputs: &[Value]) -> Vec<Value> {
        let call = Call { node, inputs: Vec::new() };
        match node.op.as_str() {
            // What is no tensor that can be read is none that is asked for.
            "Const" => vec![call.value().map_or(Value::Nothing, |constant| {
                let (name, dtype, dims, known) = (node.name.clone(), constant.dtype, None, None);
                let constant = Some(constant);
                Value::Tensor(Tensor { name, dtype, dims, channels_first: false, constant, known })
            })],
            "LookupTableImportV2" | "InitializeTableV2" => {
                if let [Value::Variable(table), Value::Tensor(keys), Value::Tensor(values)] = inputs
                    && let (Some(keys), Some(values)) = (&keys.constant, &values.constant)
                {
                    self.tables.insert(table.clone(), [keys.clone(), values.clone()]);
                }
                vec![Value::Nothing]
            }
            "RestoreV2" => {
                let Some(Value::Tensor(names)) = inputs.get(1) else { return Vec::new() };
                let names =
                    names.constant.as_ref().and_then(|constant| constant.to_texts()).unwrap_or_default();
                names.iter().map(|name| Value::Restored(String::from_utf8_lossy(name).into_owned())).collect()
            }
            _ => vec![Value::Nothing],
        }
    }

    /// The outputs of a function.
    pub(super) fn call(
        &mut self,
        node: &'a NodeDef,
        name: &'a str,
        inputs: Vec<Value>,
    ) -> Result<Vec<Value>> {
        let at = || format!("the function `{name}`, which `{}` calls,", node.name);
        let invalid = |what: &str| Refusal::new(Reason::InvalidModel, format!("{} {what}", at()));
        self.count()?;
        if self.calls.contains(&name) {
            let message = format!("{} calls itself", at());
            return Err(Refusal::new(Reason::UnsupportedModelType, message));
        }
        if self.calls.len() >= DEEPEST {
            let message = format!("{} is called by {DEEPEST} functions within one another", at());
            return Err(Refusal::new(Reason::UnsupportedModelType, message));
        }
        let function = *self.functions.get(name).ok_or_else(|| invalid("is not in the file"))?;
        let signature = function.signature.as_ref().ok_or_else(|| invalid("has no signature"))?;
        if signature.input_arg.len() != inputs.len() {
            return Err(invalid("takes another number of inputs"));
        }
        let names = signature.input_arg.iter().map(|arg| arg.name.clone());
        let given: BTreeMap<String, Value> = names.zip(inputs).collect();
        let wanted = signature.output_arg.iter().map(|arg| function.ret.get(&arg.name).map(String::as_str));
        let wanted = wanted.collect::<Option<Vec<_>>>().ok_or_else(|| invalid("lacks an output"))?;
        let body = Body::of_function(function);
        // What changes variables gives nothing, and still has to be met.
        let changes = |node: &&NodeDef| {
            self.restores && matches!(node.op.as_str(), "AssignVariableOp" | "LookupTableImportV2")
        };
        let also = body.nodes().filter(changes);
        let all: Vec<&str> = wanted.iter().copied().chain(also.map(|node| node.name.as_str())).collect();
        self.calls.push(name);
        let mut values = self.walk(&body, &given, &all)?;
        self.calls.pop();
        values.truncate(wanted.len());
        Ok(values)
    }

    /// The tensor that a value is; a variable is read.
    pub(super) fn tensor(&mut self, node: &NodeDef, value: Value) -> Result<Tensor> {
        let name = match value {
            Value::Tensor(tensor) => return Ok(tensor),
            Value::Variable(name) => name,
            Value::List(_) | Value::Restored(_) | Value::Nothing => {
                let message = format!("the operator {} at `{}` reads what is no tensor", node.op, node.name);
                return Err(Refusal::new(Reason::UnsupportedOperator, message));
            }
        };
        if let Some(tensor) = self.loaded.get(&name) {
            return Ok(tensor.clone());
        }
        let key = self.keys.get(&name).cloned().or_else(|| self.bundle.has(&name).then(|| name.clone()));
        let key = key.ok_or_else(|| {
            let message =
                format!("the variable `{name}`, which `{}` reads, has no value in the files", node.name);
            Refusal::new(Reason::InvalidModel, message)
        })?;
        let tensor = self.graph.constant(&name, self.bundle.load(&key, self.files)?);
        self.loaded.insert(name, tensor.clone());
        Ok(tensor)
    }
}

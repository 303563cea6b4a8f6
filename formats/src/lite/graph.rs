//! Walks a graph's operators in their order, and translates those that its outputs need.

use std::collections::{BTreeMap, BTreeSet};

use super::flatbuffer::{File, Table};
use super::operators::{self, Step};
use super::schema::{Described, Model, Operator, Signature, SubGraph};
use crate::constant::{Constant, Scales};
use crate::onnx::{self, Dims, Graph, Made, Port, Tensor};
use crate::refusal::{Reason, Refusal, Result};
use crate::tensorflow::proto::NodeDef;
use crate::tensorflow::{self, Call, DataType, MOST_ROUNDS};

/// How often the bytes of a file may be used: weights that are alike share theirs, which only a hostile file does without end.
const MOST_USES: usize = 8;
/// Bytes that every file may use.
const FREE_BYTES: usize = 1 << 20;

/// What a call counts as, in bytes.
const CALL: usize = 64;
/// Graphs within graphs; more than any converter writes.
const DEEPEST: usize = 16;

pub(super) struct Walker<'a> {
    model: &'a Model<'a>,
    lite: SubGraph<'a>,
    /// The number of that graph in the file.
    number: usize,
    pub(super) graph: Graph,
    /// The tensors that were made, by their numbers.
    made: BTreeMap<usize, Tensor>,
    /// Weights, by the numbers of their graphs and their own: a loop reads the same ones each time.
    weights: BTreeMap<(usize, usize), Tensor>,
    /// Graphs within one another.
    depth: usize,
    /// Bytes of weights and of lists that may still be read.
    budget: usize,
}

impl<'a> Walker<'a> {
    pub(super) fn new(model: &'a Model<'a>, number: usize) -> Result<Self> {
        let budget = model.file.bytes.len().saturating_mul(MOST_USES).saturating_add(FREE_BYTES);
        let (lite, graph) = (model.graph(number)?, Graph::default());
        let (made, weights) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { model, lite, number, graph, made, weights, depth: 0, budget })
    }

    /// Puts all that the graph's outputs need into the graph.
    pub(super) fn translate(&mut self, signature: Option<&Signature<'a>>) -> Result<()> {
        let (inputs, outputs) = match signature {
            Some(signature) => (named(&signature.inputs), named(&signature.outputs)),
            None => (self.unnamed(&self.lite.inputs)?, self.unnamed(&self.lite.outputs)?),
        };
        for (name, index) in &inputs {
            self.input(name, *index)?;
        }
        // Names belong to the outputs before any tensor within has one.
        let outputs: Vec<_> =
            outputs.into_iter().map(|(name, index)| (self.graph.name(&name), index)).collect();
        for operator in self.needed(&outputs)? {
            self.operator(&operator)?;
        }
        for (name, index) in outputs {
            self.output(name, index)?;
        }
        Ok(())
    }

    /// Tensors by names of their own, without what the converter of Keras' models puts around those.
    fn unnamed(&self, indices: &[i32]) -> Result<Vec<(String, usize)>> {
        let name = |index: &i32| {
            let index = self.index(*index)?;
            let name = self.described(index)?.name;
            let name = name.strip_prefix("serving_default_").unwrap_or(name);
            Ok((name.strip_suffix(":0").unwrap_or(name).to_owned(), index))
        };
        indices.iter().map(name).collect()
    }

    fn index(&self, index: i32) -> Result<usize> {
        usize::try_from(index).map_err(|_| self.model.file.damaged(format!("it names a tensor {index}")))
    }

    fn described(&self, index: usize) -> Result<Described<'a>> {
        self.model.tensor(&self.lite, index)
    }

    fn spend(&mut self, bytes: usize) -> Result<()> {
        let left = self.budget.checked_sub(bytes);
        self.budget = left.ok_or_else(|| {
            self.model.file.damaged(format!("it uses its bytes more than {MOST_USES} times over"))
        })?;
        Ok(())
    }

    /// The operators that the outputs need, in the order of the file.
    fn needed(&mut self, outputs: &[(String, usize)]) -> Result<Vec<Operator<'a>>> {
        let mut wanted: BTreeSet<i32> =
            outputs.iter().filter_map(|(_, index)| i32::try_from(*index).ok()).collect();
        let mut needed = Vec::new();
        let operators = self.lite.operators;
        for place in (0..operators.len()).rev() {
            let Some(table): Option<Table<'a>> = operators.get(place)? else { continue };
            let operator = self.model.operator(table)?;
            self.spend(4 * (operator.inputs.len() + operator.outputs.len() + 1))?;
            if operator.outputs.iter().any(|output| wanted.contains(output)) {
                wanted.extend(operator.inputs.iter().copied());
                needed.push(operator);
            }
        }
        needed.reverse();
        Ok(needed)
    }

    fn input(&mut self, name: &str, index: usize) -> Result<()> {
        let Described { dtype, dims, scales, .. } = self.described(index)?;
        let dims = lengths(&dims);
        let tensor = match scales.filter(|_| is_narrow(dtype)) {
            Some(scales) => {
                let scales = single(scales).ok_or_else(|| by_axis(name))?;
                // Pixels come as what they are; all else that integers stand for comes as real numbers.
                let is_picture =
                    dtype == DataType::Uint8 && dims.as_ref().is_some_and(|dims| dims.len() == 4);
                let given = self.graph.input(name, if is_picture { dtype } else { DataType::Float }, dims);
                let integers =
                    if is_picture { given } else { onnx::quantise(&mut self.graph, &given, dtype, &scales) };
                onnx::dequantised(&mut self.graph, &integers, &scales)
            }
            None => self.graph.input(name, dtype, dims),
        };
        if self.made.insert(index, tensor).is_some() {
            return Err(self.model.file.damaged(format!("its input `{name}` is one twice")));
        }
        Ok(())
    }

    fn output(&mut self, name: String, index: usize) -> Result<()> {
        let Described { dtype, dims, scales, .. } = self.described(index)?;
        // What integers stand for is given as real numbers.
        let dtype = if scales.is_some() && is_narrow(dtype) { DataType::Float } else { dtype };
        let tensor = self.read(index, "the end of the graph")?;
        let tensor =
            tensor.ok_or_else(|| self.model.file.damaged(format!("its output `{name}` is a variable")))?;
        let source = self.graph.channels_last(&tensor);
        self.graph.nodes.push(onnx::Node {
            op: "Identity",
            is_ml: false,
            inputs: vec![source],
            outputs: vec![name.clone()],
            attributes: Vec::new(),
        });
        let dims = tensor.dims.or_else(|| lengths(&dims));
        self.graph.outputs.push(Port { name, dtype, dims });
        Ok(())
    }

    /// A tensor that was made before, or that the file holds; `None` for a variable, which begins with zeros.
    fn read(&mut self, index: usize, reader: &str) -> Result<Option<Tensor>> {
        if let Some(tensor) = self.made.get(&index).or_else(|| self.weights.get(&(self.number, index))) {
            return Ok(Some(tensor.clone()));
        }
        let described = self.described(index)?;
        let name = described.name;
        let Some(constant) = self.model.constant(&described)? else {
            if described.is_variable {
                return Ok(None);
            }
            let what = format!("{reader} reads the tensor {index}, `{name}`, which nothing before it makes");
            return Err(self.model.file.damaged(what));
        };
        self.spend(constant.len().unwrap_or_default().saturating_mul(constant.dtype.bytes()))?;
        let tensor = self.graph.constant(name, constant);
        self.weights.insert((self.number, index), tensor.clone());
        Ok(Some(tensor))
    }

    /// What another graph of the file makes of these tensors.
    fn call(&mut self, number: usize, inputs: Vec<Tensor>, reader: &str) -> Result<Vec<Tensor>> {
        // A graph without operators costs something, too: loops within loops end.
        self.spend(CALL)?;
        let lite = self.model.graph(number)?;
        if self.depth >= DEEPEST || lite.inputs.len() != inputs.len() {
            let what = format!("{reader} calls a graph that calls itself, or with another number of inputs");
            return Err(self.model.file.damaged(what));
        }
        let places = lite.inputs.iter().map(|index| self.index(*index)).collect::<Result<Vec<_>>>()?;
        let made = places.into_iter().zip(inputs).collect();
        let before = (
            std::mem::replace(&mut self.lite, lite),
            std::mem::replace(&mut self.number, number),
            std::mem::replace(&mut self.made, made),
        );
        self.depth += 1;
        let outputs = self.lite.outputs.iter().map(|index| Ok((String::new(), self.index(*index)?)));
        let outputs = outputs.collect::<Result<Vec<_>>>()?;
        for operator in self.needed(&outputs)? {
            self.operator(&operator)?;
        }
        let read = |(_, index): (String, usize)| {
            self.read(index, reader)?
                .ok_or_else(|| self.model.file.damaged(format!("{reader} gives a variable")))
        };
        let outputs = outputs.into_iter().map(read).collect::<Result<_>>()?;
        (self.lite, self.number, self.made) = before;
        self.depth -= 1;
        Ok(outputs)
    }

    /// A loop: where the number of rounds is known, its body so many times.
    fn repeat(&mut self, options: Table<'a>, mut values: Vec<Tensor>, reader: &str) -> Result<Vec<Tensor>> {
        let [condition, body] = [options.index(0)?, options.index(1)?];
        let (mut first, start, outside) = (None, values.clone(), self.graph.begin());
        for _ in 0..MOST_ROUNDS {
            let decision = self.decision(condition, values.clone(), reader)?;
            match decision.constant.as_ref().and_then(Constant::to_bool) {
                Some(true) => values = self.call(body, values, reader)?,
                Some(false) => {
                    self.graph.join(outside);
                    return Ok(values);
                }
                None => {
                    self.graph.join(outside);
                    return self.open_loop([condition, body], decision, &values, reader);
                }
            }
            first.get_or_insert(decision);
        }
        self.graph.end(outside);
        let first = first.ok_or_else(|| self.model.file.damaged(format!("{reader} has no condition")))?;
        self.open_loop([condition, body], first, &start, reader)
    }

    /// What the condition of a loop says.
    fn decision(&mut self, condition: usize, values: Vec<Tensor>, reader: &str) -> Result<Tensor> {
        let decision = self.call(condition, values, reader)?.into_iter().next();
        decision.ok_or_else(|| self.model.file.damaged(format!("{reader} has no condition")))
    }

    /// A loop that is not written out.
    fn open_loop(
        &mut self,
        [condition, body]: [usize; 2],
        decision: Tensor,
        values: &[Tensor],
        reader: &str,
    ) -> Result<Vec<Tensor>> {
        let lite = self.model.graph(body)?;
        let is_kept = |place: usize| lite.inputs.get(place) == lite.outputs.get(place);
        let (kept, changed): (Vec<_>, Vec<_>) =
            values.iter().cloned().enumerate().partition(|(place, _)| is_kept(*place));
        let filled = |states: Vec<Tensor>| {
            let changed = changed.iter().map(|(place, _)| *place).zip(states);
            let all: BTreeMap<usize, Tensor> = kept.iter().cloned().chain(changed).collect();
            all.into_values().collect::<Vec<_>>()
        };
        let round = |walker: &mut Self, states| {
            let after = walker.call(body, filled(states), reader)?;
            let decision = walker.decision(condition, after.clone(), reader)?;
            let after = after.into_iter().enumerate().filter(|(place, _)| !is_kept(*place));
            let states = after.map(|(_, tensor)| tensor).collect();
            Ok((decision, Made { states, kept: Vec::new() }))
        };
        let states: Vec<_> = changed.iter().map(|(_, tensor)| tensor.clone()).collect();
        let last = onnx::repeat(self, |walker| &mut walker.graph, (decision, &states), reader, round)?;
        Ok(filled(last.states))
    }

    /// What one branch makes, or the other one: both are computed where the inputs decide.
    fn choice(&mut self, options: Table<'a>, inputs: &[Tensor], name: &str) -> Result<Vec<Tensor>> {
        let reader = &format!("the operator IF at `{name}`");
        let [one, other] = [options.index(0)?, options.index(1)?];
        let Some((decision, inputs)) = inputs.split_first() else {
            return Err(self.model.file.damaged(format!("{reader} has no inputs")));
        };
        if let Some(is_true) = decision.constant.as_ref().and_then(|constant| constant.to_bool()) {
            return self.call(if is_true { one } else { other }, inputs.to_vec(), reader);
        }
        let [one, other] =
            [self.call(one, inputs.to_vec(), reader)?, self.call(other, inputs.to_vec(), reader)?];
        let node = NodeDef { name: name.to_owned(), op: "IF".to_owned(), ..NodeDef::default() };
        let chosen = one.into_iter().zip(other).map(|(one, other)| {
            let call = Call { node: &node, inputs: vec![decision.clone(), one, other] };
            tensorflow::choice(&mut self.graph, &call)
        });
        chosen.collect()
    }

    fn operator(&mut self, operator: &Operator<'a>) -> Result<()> {
        let outputs = operator.outputs.iter().map(|index| self.index(*index)).collect::<Result<Vec<_>>>()?;
        let described = outputs.iter().map(|index| self.described(*index)).collect::<Result<Vec<_>>>()?;
        let Some(first) = described.first() else { return Ok(()) };
        let reader = format!("the operator {} at `{}`", operator.name, first.name);
        let mut inputs = Vec::new();
        for index in &operator.inputs {
            // -1 is an input that is left out.
            inputs.push(if *index == -1 { None } else { self.read(self.index(*index)?, &reader)? });
        }
        let (op, name) = (operator.name.as_str(), first.name);
        if op == "CAST" && self.reads_quantised(operator)? {
            let message =
                format!("{reader} reads integers that stand for real numbers, which is not supported");
            return Err(Refusal::new(Reason::UnsupportedOperator, message));
        }
        let given = || inputs.iter().cloned().collect::<Option<Vec<_>>>();
        let made = match (op, operator.options, given()) {
            ("WHILE", Some(options), Some(inputs)) => self.repeat(options, inputs, &reader)?,
            ("IF", Some(options), Some(inputs)) => self.choice(options, &inputs, name)?,
            (_, options, _) => {
                let (graph, output) = (&mut self.graph, first.dtype);
                operators::translate(&mut Step { graph, op, name, inputs, output, options })?
            }
        };
        if made.len() < outputs.len() {
            let message =
                format!("{reader} has {} outputs, of which {} are supported", outputs.len(), made.len());
            return Err(Refusal::new(Reason::UnsupportedOperator, message));
        }
        let is_exact = operators::moves(op) && self.keeps_scales(operator, first)?;
        for ((index, described), tensor) in outputs.into_iter().zip(described).zip(made) {
            check(&described, &tensor, self.model.file, &reader)?;
            let tensor = if is_exact { tensor } else { self.round(&described, tensor)? };
            if self.made.insert(index, tensor).is_some() {
                return Err(self.model.file.damaged(format!("{reader} makes what was made before")));
            }
        }
        Ok(())
    }

    fn reads_quantised(&self, operator: &Operator<'a>) -> Result<bool> {
        for index in operator.inputs.iter().filter(|index| **index >= 0) {
            let input = self.described(self.index(*index)?)?;
            if is_narrow(input.dtype) && input.scales.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether all that an operator reads stands for the same real numbers as its output does.
    fn keeps_scales(&self, operator: &Operator<'a>, output: &Described<'a>) -> Result<bool> {
        for index in operator.inputs.iter().filter(|index| **index >= 0) {
            let input = self.described(self.index(*index)?)?;
            if is_narrow(input.dtype) && (input.dtype != output.dtype || input.scales != output.scales) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Rounds to what integers can say, where the file keeps those.
    fn round(&mut self, described: &Described<'a>, tensor: Tensor) -> Result<Tensor> {
        let Some(scales) = described.scales.clone() else { return Ok(tensor) };
        // The parts of a convolution with holes are no tensors: what comes of it is rounded when it is whole.
        if !is_narrow(described.dtype)
            || self.graph.origins.contains_key(&tensor.name) && tensor.dims.is_none()
        {
            return Ok(tensor);
        }
        let scales = single(scales).ok_or_else(|| by_axis(described.name))?;
        let rounded = onnx::quantise(&mut self.graph, &tensor, described.dtype, &scales);
        Ok(onnx::dequantised(&mut self.graph, &rounded, &scales))
    }
}

fn named(ports: &[(&str, usize)]) -> Vec<(String, usize)> {
    ports.iter().map(|(name, index)| ((*name).to_owned(), *index)).collect()
}

/// Lengths as far as they are known: those that the file leaves free are negative.
fn lengths(dims: &[i32]) -> Dims {
    Some(dims.iter().map(|dim| usize::try_from(*dim).ok()).collect())
}

/// Whether integers of the type may stand for real numbers.
fn is_narrow(dtype: DataType) -> bool {
    matches!(dtype, DataType::Int8 | DataType::Uint8)
}

/// The scale of a whole tensor.
fn single(scales: Scales) -> Option<Scales> {
    Some(scales).filter(|scales| scales.scales.len() == 1)
}

fn by_axis(name: &str) -> Refusal {
    let message =
        format!("the tensor `{name}` has a scale for each channel, which only weights are supported to have");
    Refusal::new(Reason::UnsupportedModelType, message)
}

/// Holds what was made against what the file says of it, where both are known: they differ where a translation is wrong, or the file.
fn check(described: &Described<'_>, made: &Tensor, file: &File<'_>, reader: &str) -> Result<()> {
    let Some(dims) = made.dims.as_ref().filter(|dims| dims.len() == described.dims.len()) else {
        return Ok(());
    };
    let differs = |(found, said): (&Option<usize>, &i32)| match (found, usize::try_from(*said)) {
        (Some(found), Ok(said)) => *found != said,
        _ => false,
    };
    if dims.iter().zip(&described.dims).any(differs) {
        let said = &described.dims;
        return Err(file
            .damaged(format!("{reader} makes a tensor of the shape {dims:?}, and the file says {said:?}")));
    }
    Ok(())
}

//! A graph with its operators built: values have numbers, nodes an order in which they can run.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use litemap::LiteMap;

use super::branch::If;
#[cfg(feature = "full")]
use super::rounds::Loop;
use super::scan::Scan;
#[cfg(feature = "full")]
use super::scan_rows::ScanRows;
use crate::limits::TENSOR_AXES;
use crate::onnx::pb::{AttributeProto, GraphProto, NodeProto};
use crate::onnx::tensors::load;
use crate::operators::{self, Columns, Context, Dim, Game, Operator, Shape};
use crate::tensor::{Attributed, Buffer, ElementType, Parts, Shares, Tensor};

/// A graph that can run.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    /// In the order in which they run.
    pub(super) nodes: Vec<Node>,
    /// The values of constants, by number; all others are empty.
    pub(super) constants: Vec<Option<Tensor>>,
    /// The numbers of the inputs.
    inputs: Vec<usize>,
    /// The numbers of the outputs.
    pub(super) outputs: Vec<usize>,
    /// Names of the values around the graph that it reads: its last inputs.
    captured: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) operator: Arc<dyn Operator>,
    /// The numbers of the values that it reads.
    pub(super) inputs: Vec<usize>,
    /// Its outputs by their positions, with the numbers of those that the graph names.
    pub(super) outputs: Vec<(usize, usize)>,
    /// Which of the inputs nobody reads afterwards.
    pub(super) last: Vec<bool>,
}

/// What is known of all values before a graph runs.
#[derive(Debug)]
pub(super) struct Inferred {
    /// The lengths of the axes of every output, as far as they are known.
    pub(super) outputs: Vec<Vec<Option<usize>>>,
    /// The types and dimensions of every output.
    pub(super) shapes: Vec<Shape>,
    /// The values of outputs, where they are known.
    #[cfg(feature = "full")]
    pub(super) known: Vec<Option<Tensor>>,
    /// Those of every value that is made or given, by number.
    #[cfg(feature = "full")]
    pub(super) values: Vec<Option<Shape>>,
    /// Bytes of the largest value.
    pub(super) largest: usize,
    /// Bytes that the widest node reads and writes, constants aside.
    pub(super) widest: usize,
}

/// Constants of more elements are not computed before a graph runs, unless there are as many already.
const FOLDED: usize = 1 << 20;

/// Values of more elements are not followed when shapes are inferred.
const FOLLOWED: usize = 1 << 10;

/// The numbers of values, by name.
#[derive(Default)]
struct Numbers {
    known: HashMap<String, usize>,
    constants: Vec<Option<Tensor>>,
    inputs: Vec<usize>,
    captured: Vec<String>,
}

impl Numbers {
    fn add(&mut self, name: &str, constant: Option<Tensor>) -> usize {
        self.known.insert(name.to_owned(), self.constants.len());
        self.constants.push(constant);
        self.constants.len() - 1
    }

    fn add_input(&mut self, name: &str) {
        let number = self.add(name, None);
        self.inputs.push(number);
    }

    /// The number of a value that is read; one that nothing here makes lies around the graph.
    fn read(&mut self, name: &str) -> usize {
        if let Some(number) = self.known.get(name) {
            return *number;
        }
        self.captured.push(name.to_owned());
        self.add_input(name);
        self.constants.len() - 1
    }
}

impl Graph {
    /// The graph of the file.
    ///
    /// # Errors
    /// Where an operator is not ours or its attributes do not fit, and where a value has no source.
    pub(super) fn build(graph: &GraphProto, weights: &LiteMap<String, Tensor>, opset: i64) -> Result<Self> {
        let built = Self::with_captured(graph, weights, opset)?;
        ensure!(built.captured.is_empty(), "nothing makes {:?}", built.captured);
        Ok(built)
    }

    /// A graph that may read values around it; these become its last inputs.
    pub(super) fn with_captured(
        graph: &GraphProto,
        weights: &LiteMap<String, Tensor>,
        opset: i64,
    ) -> Result<Self> {
        let mut numbers = Numbers::default();
        graph.input.iter().for_each(|input| numbers.add_input(&input.name));
        for tensor in &graph.initializer {
            numbers.add(&tensor.name, Some(load(tensor.clone())?));
        }
        for (name, weight) in weights {
            numbers.add(name, Some(weight.clone()));
        }
        let mut nodes = Vec::new();
        for node in ordered(graph)? {
            if node.op_type == "Constant" {
                let output = node.output.first().context("a constant has a name")?;
                numbers.add(output, Some(constant(node)?));
                continue;
            }
            let operator = operator(node, &Context { inputs: &graph.input, opset })?;
            let outer = operator.outer_values();
            let names = node.input.iter().filter(|name| !name.is_empty()).chain(&outer);
            let inputs = names.map(|name| numbers.read(name)).collect();
            let outputs = (0..).zip(&node.output).filter(|(_, name)| !name.is_empty());
            let outputs = outputs.map(|(position, name)| (position, numbers.add(name, None))).collect();
            nodes.push(Node { name: node.name.clone(), operator, inputs, outputs, last: Vec::new() });
        }
        let outputs = graph.output.iter().map(|output| numbers.read(&output.name)).collect();
        let Numbers { constants, inputs, captured, .. } = numbers;
        let mut graph = Self { nodes, constants, inputs, outputs, captured };
        graph.mark_last();
        Ok(graph)
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs.len()
    }

    pub(super) fn outputs(&self) -> usize {
        self.outputs.len()
    }

    pub(super) fn captured(&self) -> &[String] {
        &self.captured
    }

    /// Makes constants of the values around the graph that `values` holds, one for each that it reads. Gives the positions of
    /// those that it still reads.
    #[cfg(feature = "full")]
    #[expect(clippy::indexing_slicing, reason = "all numbers are those of values")]
    pub(super) fn bind(&mut self, values: &[Option<Tensor>]) -> Result<Vec<usize>> {
        let own = self.inputs.len() - self.captured.len();
        ensure!(values.len() == self.captured.len(), "a body has what it reads");
        let (mut read, mut captured) = (Vec::new(), Vec::new());
        let mut inputs = self.inputs[..own].to_vec();
        let around = self.inputs[own..].iter().zip(std::mem::take(&mut self.captured));
        for (position, ((number, name), value)) in around.zip(values).enumerate() {
            if let Some(value) = value {
                self.constants[*number] = Some(value.clone());
            } else {
                inputs.push(*number);
                captured.push(name);
                read.push(position);
            }
        }
        (self.inputs, self.captured) = (inputs, captured);
        self.fold();
        Ok(read)
    }

    /// Notes for every node which of its inputs nobody reads afterwards.
    #[expect(clippy::indexing_slicing, reason = "all numbers are those of values")]
    fn mark_last(&mut self) {
        let mut is_read = vec![false; self.constants.len()];
        self.outputs.iter().for_each(|output| is_read[*output] = true);
        for node in self.nodes.iter_mut().rev() {
            // Of a value that is read twice by the node, the last place has it.
            let mut last: Vec<bool> = Vec::new();
            for input in node.inputs.iter().rev() {
                last.push(!std::mem::replace(&mut is_read[*input], true));
            }
            last.reverse();
            node.last = last;
        }
    }

    /// Drops nodes and constants that nothing reads.
    #[cfg(feature = "full")]
    #[expect(clippy::indexing_slicing, reason = "all numbers are those of values")]
    pub(super) fn drop_unread(&mut self) {
        let mut is_read = vec![false; self.constants.len()];
        self.outputs.iter().for_each(|output| is_read[*output] = true);
        let mut kept: Vec<Node> = Vec::new();
        for node in std::mem::take(&mut self.nodes).into_iter().rev() {
            if node.outputs.iter().any(|(_, output)| is_read[*output]) {
                node.inputs.iter().for_each(|input| is_read[*input] = true);
                kept.push(node);
            }
        }
        kept.reverse();
        self.nodes = kept;
        self.constants.iter_mut().zip(is_read).filter(|(_, is_read)| !is_read).for_each(|(it, _)| *it = None);
        self.mark_last();
    }

    /// Computes what depends on constants alone. What fails is left for the run.
    #[expect(clippy::indexing_slicing, reason = "all numbers are those of values")]
    pub(super) fn fold(&mut self) {
        let mut kept = Vec::new();
        // A few numbers of the file can be worked with for hours: what is made of weights is a few times as large as they are.
        let all = size(self.constants.iter().flatten());
        let mut room = all.saturating_mul(4).saturating_add(FOLDED);
        for node in std::mem::take(&mut self.nodes) {
            let inputs: Option<Vec<Tensor>> =
                node.inputs.iter().map(|input| self.constants[*input].clone()).collect();
            let outputs =
                inputs.filter(|_| !is_random(&node)).and_then(|inputs| folded(&node, inputs, &mut room));
            match outputs.and_then(|outputs| named(&node, outputs).ok()) {
                Some(values) => {
                    values.into_iter().for_each(|(number, value)| self.constants[number] = Some(value))
                }
                None => kept.push(node),
            }
        }
        self.nodes = kept;
        self.mark_last();
    }

    /// Types and dimensions of all values, for inputs of these.
    ///
    /// # Errors
    /// For inputs that an operator cannot take.
    pub(super) fn infer(&self, inputs: &[Shape]) -> Result<Inferred> {
        self.infer_for(inputs, &[])
    }

    /// As [`infer`](Self::infer), where `known` are the values of the first inputs that have some.
    #[expect(clippy::indexing_slicing, reason = "all numbers are those of values")]
    pub(super) fn infer_for(&self, inputs: &[Shape], known: &[Option<Tensor>]) -> Result<Inferred> {
        ensure!(inputs.len() == self.inputs.len(), "expected {} inputs", self.inputs.len());
        let mut values = self.constants.clone();
        for (number, value) in self.inputs.iter().zip(known) {
            values[*number].clone_from(value);
        }
        let mut shapes: Vec<Option<Shape>> =
            values.iter().map(|value| value.as_ref().map(shape_of)).collect();
        // Lengths that are not known outside have other numbers than those in here.
        let outer = inputs.iter().flat_map(|(_, dims)| dims).flat_map(|dim| &dim.unknowns);
        let mut unknowns = outer.filter(|number| **number < usize::MAX).max().map_or(0, |most| most + 1);
        for (number, shape) in self.inputs.iter().zip(inputs) {
            ensure_axes(shape)?;
            shapes[*number] = Some(shape.clone());
            #[cfg(feature = "full")]
            if let (element, [length]) = (shape.0, shape.1.as_slice())
                && length.known() == Some(0)
            {
                // An empty list, of axes above all, has one value only.
                values[*number] = Some(Tensor::zeros(element, &[0])?);
            }
        }
        let (mut largest, mut widest) = (0, 0);
        for node in &self.nodes {
            let found = self.infer_node(node, &shapes, &values).with_context(|| node.name.clone())?;
            let is_constant = |number: &usize| self.constants[*number].is_some();
            let read = node.inputs.iter().filter(|number| !is_constant(number));
            let mut bytes: usize =
                read.filter_map(|number| shapes[*number].as_ref()).map(bytes).fold(0, usize::saturating_add);
            for ((number, mut shape), value) in found {
                ensure_axes(&shape)?;
                shape.1.iter_mut().for_each(|dim| number_unknown(dim, &mut unknowns));
                largest = largest.max(self::bytes(&shape));
                bytes = bytes.saturating_add(self::bytes(&shape));
                shapes[number] = Some(shape);
                values[number] = value;
            }
            widest = widest.max(bytes);
        }
        let of_outputs =
            self.outputs.iter().map(|number| shapes[*number].clone().context("an output has a shape"));
        let of_outputs = of_outputs.collect::<Result<Vec<_>>>()?;
        let outputs = of_outputs.iter().map(|(_, dims)| dims.iter().map(Dim::known).collect()).collect();
        Ok(Inferred {
            outputs,
            shapes: of_outputs,
            #[cfg(feature = "full")]
            known: self.outputs.iter().map(|number| values[*number].clone()).collect(),
            #[cfg(feature = "full")]
            values: shapes,
            largest,
            widest,
        })
    }

    /// Types and dimensions of all values, for inputs whose values are known.
    #[cfg(feature = "full")]
    pub(super) fn infer_of(&self, inputs: &[Tensor]) -> Result<Inferred> {
        let shapes: Vec<Shape> = inputs.iter().map(shape_of).collect();
        let small = |tensor: &Tensor| Some(tensor.clone()).filter(|tensor| tensor.len() <= FOLLOWED);
        self.infer_for(&shapes, &inputs.iter().map(small).collect::<Vec<_>>())
    }

    /// Whether a node may take long, whatever it is given.
    pub(super) fn is_long(&self) -> bool {
        self.nodes.iter().any(|node| node.operator.is_long(&[]))
    }

    /// Whether a node may give something else for the same inputs.
    #[cfg(feature = "full")]
    pub(super) fn is_random(&self) -> bool {
        self.nodes.iter().any(is_random)
    }

    /// Whether a node makes something else of a row where other rows are beside it.
    #[cfg(feature = "full")]
    pub(super) fn mixes_rows(&self) -> bool {
        self.nodes.iter().any(|node| node.operator.mixes_rows())
    }

    /// Types and dimensions of a node's outputs by their numbers, and their values where these are known.
    #[expect(clippy::indexing_slicing, clippy::type_complexity, reason = "all numbers are those of values")]
    fn infer_node(
        &self,
        node: &Node,
        shapes: &[Option<Shape>],
        values: &[Option<Tensor>],
    ) -> Result<Vec<((usize, Shape), Option<Tensor>)>> {
        let inputs = node.inputs.iter().map(|number| shapes[*number].clone().context("a value has a shape"));
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let given: Vec<Option<Tensor>> = node.inputs.iter().map(|number| values[*number].clone()).collect();
        let outputs = node.operator.outputs_for_values(&inputs, &given)?;
        // No text tells a length.
        let size = |shape: &Shape| {
            shape.0 != ElementType::String
                && Dim::product(&shape.1).known().is_some_and(|count| count <= FOLLOWED)
        };
        let is_brief = !is_random(node) && outputs.iter().all(size) && !node.operator.is_long(&given);
        let known: Option<Vec<Tensor>> = given.into_iter().collect();
        let known = known.filter(|_| is_brief);
        let computed = known.and_then(|inputs| node.operator.eval(inputs).ok());
        let computed = computed.or_else(|| node.operator.values_of_shapes(&inputs));
        let mut found = Vec::new();
        for (position, number) in &node.outputs {
            let shape = outputs.get(*position).context("there is no such output")?.clone();
            let value = computed.as_ref().and_then(|values| values.get(*position)).cloned();
            let shape = value.as_ref().map_or(shape, shape_of);
            found.push(((*number, shape), value));
        }
        Ok(found)
    }

    /// The number of the node that makes a value, and the position of the value among its outputs.
    fn maker(&self, value: usize) -> Option<(usize, usize)> {
        self.nodes.iter().enumerate().find_map(|(number, node)| {
            let made = node.outputs.iter().find(|(_, made)| *made == value);
            made.map(|(position, _)| (number, *position))
        })
    }

    /// The inputs whose columns, one after the other, are those of a value; `None` where it is made otherwise.
    fn columns(&self, value: usize) -> Option<Vec<usize>> {
        if let Some(input) = self.inputs.iter().position(|input| *input == value) {
            return Some(vec![input]);
        }
        let (node, position) =
            self.maker(value).and_then(|(maker, at)| Some((self.nodes.get(maker)?, at)))?;
        if position != 0 {
            return None;
        }
        match node.operator.columns() {
            Columns::Own => self.columns(*node.inputs.first()?),
            Columns::Joined => {
                let joined = node.inputs.iter().map(|input| self.columns(*input));
                Some(joined.collect::<Option<Vec<_>>>()?.concat())
            }
            Columns::Mixed => None,
        }
    }

    /// The node whose sums are an output, or the only node that needs no background; and the inputs whose columns are its own.
    fn additive_node(&self, shared: Attributed) -> Option<(usize, Vec<usize>)> {
        let (number, node) = if let Attributed::Output(output) = shared {
            let (number, position) = self.maker(*self.outputs.get(output)?)?;
            let node = self.nodes.get(number)?;
            node.operator.additive().filter(|additive| additive.position() == position)?;
            (number, node)
        } else {
            let mut covered =
                self.nodes.iter().enumerate().filter(|(_, node)| {
                    node.operator.additive().is_some_and(|additive| additive.has_covers())
                });
            covered.next().filter(|_| covered.next().is_none())?
        };
        let [input] = *node.inputs.as_slice() else { return None };
        Some((number, self.columns(input)?))
    }

    /// The inputs whose columns, one after the other, an operator sums up.
    pub(super) fn additive(&self, shared: Attributed) -> Option<Vec<usize>> {
        Some(self.additive_node(shared)?.1)
    }

    /// What the only node that knows something of its columns knows, and the inputs whose columns these are.
    pub(super) fn parts(&self) -> Option<(Vec<usize>, Parts)> {
        let mut known = self.nodes.iter().filter_map(|node| Some((node, node.operator.parts()?)));
        let (node, parts) = known.next().filter(|_| known.next().is_none())?;
        Some((self.columns(*node.inputs.first()?)?, parts))
    }

    /// The shares of `players` for the rows of one set of inputs against those of another.
    pub(super) fn shares(
        &self,
        shared: Attributed,
        rows: Vec<Tensor>,
        background: Option<Vec<Tensor>>,
        players: &[u32],
        count: usize,
    ) -> Result<Shares> {
        let (number, _) = self.additive_node(shared).context("the output is no sum")?;
        let node = self.nodes.get(number).context("a node has a number")?;
        let additive = node.operator.additive().context("the output is no sum")?;
        let input = |inputs: Vec<Tensor>| {
            let values = self.values(inputs, number)?;
            let input = node.inputs.first().and_then(|input| values.get(*input)).cloned().flatten();
            input.context("a value is made before it is read")
        };
        let (rows, background) = (input(rows)?, background.map(input).transpose()?);
        let by_steps = shared == Attributed::Steps;
        additive.shares(Game { rows: &rows, background: background.as_ref(), by_steps, players, count })
    }

    /// The outputs for `inputs`.
    ///
    /// # Errors
    /// Where an operator cannot compute with its inputs.
    #[expect(clippy::indexing_slicing, reason = "all numbers are those of values")]
    pub(super) fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let values = self.values(inputs, self.nodes.len())?;
        let outputs =
            self.outputs.iter().map(|number| values[*number].clone().context("an output has a value"));
        outputs.collect()
    }

    /// The values that are still to be read behind the first `count` nodes.
    #[expect(clippy::indexing_slicing, reason = "all numbers are those of values")]
    fn values(&self, inputs: Vec<Tensor>, count: usize) -> Result<Vec<Option<Tensor>>> {
        ensure!(inputs.len() == self.inputs.len(), "expected {} inputs", self.inputs.len());
        let mut values = self.constants.clone();
        for (number, input) in self.inputs.iter().zip(inputs) {
            values[*number] = Some(input);
        }
        for node in self.nodes.iter().take(count) {
            let inputs = node.inputs.iter().zip(&node.last).map(|(number, is_last)| {
                let value = if *is_last { values[*number].take() } else { values[*number].clone() };
                value.context("a value is made before it is read")
            });
            let inputs = inputs.collect::<Result<Vec<_>>>()?;
            let outputs = node.operator.eval(inputs).with_context(|| node.name.clone())?;
            for (number, value) in named(node, outputs)? {
                values[number] = Some(value);
            }
        }
        Ok(values)
    }
}

/// What a node makes of constants, unless it is too much. There is `room` for so many elements.
fn folded(node: &Node, inputs: Vec<Tensor>, room: &mut usize) -> Option<Vec<Tensor>> {
    let shapes: Vec<Shape> = inputs.iter().map(shape_of).collect();
    let values: Vec<_> = inputs.iter().cloned().map(Some).collect();
    if node.operator.is_long(&values) {
        return None;
    }
    let outputs = node.operator.outputs_for_values(&shapes, &values).ok()?;
    let known: Option<usize> = outputs.iter().map(|(_, dims)| Dim::product(dims).known()).sum();
    let mut most = FOLDED;
    if outputs.iter().any(|(element, _)| *element == ElementType::String) {
        // Each may be long.
        known.filter(|count| *count <= FOLLOWED)?;
    } else if size(&inputs) > FOLDED {
        // Large weights become others: quantised ones floats.
        most = inputs.iter().map(Tensor::len).max().filter(|_| cfg!(feature = "full") && known.is_some())?;
    }
    let most = most.min(*room);
    if known.is_some_and(|count| count > most) {
        return None;
    }
    let outputs = node.operator.eval(inputs).ok().filter(|outputs| size(outputs) <= most)?;
    *room -= size(&outputs);
    Some(outputs)
}

/// The elements of tensors, with the letters of texts.
fn size<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> usize {
    let size = |tensor: &Tensor| match tensor.buffer() {
        Buffer::String(texts) => texts.iter().map(|text| 1 + text.len()).sum(),
        _ => tensor.len(),
    };
    tensors.into_iter().map(size).sum()
}

/// Those of `all` outputs that the graph names, with their numbers.
fn named(node: &Node, all: Vec<Tensor>) -> Result<Vec<(usize, Tensor)>> {
    let mut all: Vec<Option<Tensor>> = all.into_iter().map(Some).collect();
    let named = node.outputs.iter().map(|(position, number)| {
        let value = all.get_mut(*position).and_then(Option::take);
        Ok((*number, value.with_context(|| format!("{} has no output {position}", node.name))?))
    });
    named.collect()
}

/// Whether a node may give something else for the same inputs.
#[cfg(feature = "full")]
fn is_random(node: &Node) -> bool {
    node.operator.is_random()
}

#[cfg(not(feature = "full"))]
const fn is_random(_: &Node) -> bool {
    false
}

pub(super) fn shape_of(tensor: &Tensor) -> Shape {
    (tensor.element(), tensor.shape().iter().copied().map(Dim::from).collect())
}

fn ensure_axes((_, dims): &Shape) -> Result<()> {
    ensure!(dims.len() <= TENSOR_AXES, "a tensor of {} axes is beyond all use", dims.len());
    Ok(())
}

/// The bytes of a value; a length that is not known counts as one.
fn bytes((element, dims): &Shape) -> usize {
    let lengths = dims.iter().map(|dim| dim.known().unwrap_or(1));
    lengths.fold(element.size(), usize::saturating_mul)
}

/// Gives a length that is left open a number of its own.
fn number_unknown(dim: &mut Dim, unknowns: &mut usize) {
    if *dim == Dim::open() {
        *dim = Dim::unknown(*unknowns);
        *unknowns += 1;
    }
}

/// The operator of a node.
fn operator(node: &NodeProto, ctx: &Context<'_>) -> Result<Arc<dyn Operator>> {
    let operator: Result<Arc<dyn Operator>> = match node.op_type.as_str() {
        #[cfg(feature = "full")]
        "Loop" => Loop::parse(ctx, node).map(|rounds| Arc::new(rounds) as _),
        #[cfg(feature = "full")]
        "Scan" if ctx.opset < 9 => ScanRows::parse(ctx, node).map(|scan| Arc::new(scan) as _),
        "Scan" => Scan::parse(ctx, node).map(|scan| Arc::new(scan) as _),
        "If" => If::parse(ctx, node).map(|branches| Arc::new(branches) as _),
        name => operators::find(name).with_context(|| format!("{name} is not one of ours"))?(ctx, node),
    };
    operator.with_context(|| node.name.clone())
}

/// The value of a `Constant`.
fn constant(node: &NodeProto) -> Result<Tensor> {
    let [attribute] = node.attribute.as_slice() else { bail!("a constant has one value") };
    let AttributeProto { name, t, f, i, s, floats, ints, strings, .. } = attribute;
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone());
    Ok(match name.as_str() {
        "value" => load(t.clone().context("a constant has a value")?)?,
        "value_float" => Tensor::scalar(*f),
        "value_int" => Tensor::scalar(*i),
        "value_string" => Tensor::scalar(text(s)?),
        "value_floats" => Tensor::vector(floats.clone()),
        "value_ints" => Tensor::vector(ints.clone()),
        "value_strings" => Tensor::vector(strings.iter().map(text).collect::<Result<Vec<_>, _>>()?),
        other => bail!("there are no constants of {other}"),
    })
}

/// The nodes in an order in which they can run.
#[expect(clippy::indexing_slicing, reason = "nodes are counted by their positions")]
fn ordered(graph: &GraphProto) -> Result<Vec<&NodeProto>> {
    let mut makers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        makers.extend(node.output.iter().filter(|name| !name.is_empty()).map(|name| (name.as_str(), index)));
    }
    let mut waiting = vec![0_usize; graph.node.len()];
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); graph.node.len()];
    for (index, node) in graph.node.iter().enumerate() {
        for maker in reads(node).iter().filter_map(|name| makers.get(name)) {
            waiting[index] += 1;
            readers[*maker].push(index);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..graph.node.len()).filter(|index| waiting[*index] == 0).map(Reverse).collect();
    let mut ordered = Vec::with_capacity(graph.node.len());
    // Of those that can run, the first of the file goes first.
    while let Some(Reverse(index)) = ready.pop() {
        ordered.push(&graph.node[index]);
        for reader in &readers[index] {
            waiting[*reader] -= 1;
            if waiting[*reader] == 0 {
                ready.push(Reverse(*reader));
            }
        }
    }
    ensure!(ordered.len() == graph.node.len(), "the nodes wait for each other in a circle");
    Ok(ordered)
}

/// The names that a node and its bodies read.
fn reads(node: &NodeProto) -> Vec<&str> {
    let mut names: Vec<&str> = node.input.iter().map(String::as_str).collect();
    for body in node.attribute.iter().filter_map(|attribute| attribute.g.as_ref()) {
        names.extend(body.node.iter().flat_map(reads));
        names.extend(body.output.iter().map(|output| output.name.as_str()));
    }
    names
}

#[cfg(feature = "full")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::build::{self, Value};

    #[test]
    fn random_numbers_are_no_constants() {
        let mut node = build::node("RandomUniform", Vec::<String>::new(), "y");
        node.attribute.push(build::attribute("shape", Value::Ints(vec![8])));
        let mut graph = GraphProto { node: vec![node], ..GraphProto::default() };
        graph.output.push(crate::onnx::pb::ValueInfoProto { name: "y".into(), ..Default::default() });
        let mut graph = Graph::build(&graph, &LiteMap::new(), 22).unwrap();
        graph.fold();
        assert_eq!(graph.infer(&[]).unwrap().known, [None]);
        assert!(graph.run(Vec::new()).unwrap() != graph.run(Vec::new()).unwrap());
    }
}

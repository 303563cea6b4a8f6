//! Nodes and weights, and the tensors between them.
//!
//! TensorFlow has the channels of pictures last, ONNX has them first. A tensor says in which order it is stored; it is
//! transposed only where an operator needs the other one, so that between two convolutions nothing is.

use std::collections::BTreeMap;

use crate::constant::Constant;
use crate::tensorflow::DataType;

/// The lengths of a tensor, as far as they are known; `None` where not even their number is.
pub(crate) type Dims = Option<Vec<Option<usize>>>;

/// From channels last to channels first, and back.
pub(crate) const CHANNELS_FIRST: [usize; 4] = [0, 3, 1, 2];
const CHANNELS_LAST: [usize; 4] = [0, 2, 3, 1];

/// A value of the graph.
#[derive(Debug, Clone)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) dtype: DataType,
    /// In TensorFlow's order, channels last.
    pub(crate) dims: Dims,
    /// Whether it is stored with its channels first.
    pub(crate) channels_first: bool,
    pub(crate) constant: Option<Constant>,
    /// Of a vector or scalar of integers, the values that are known.
    pub(crate) known: Option<Vec<Option<i64>>>,
}

impl Tensor {
    pub(crate) fn rank(&self) -> Option<usize> {
        self.dims.as_ref().map(Vec::len)
    }

    /// The length of the axis, if it is known.
    pub(crate) fn dim(&self, axis: usize) -> Option<usize> {
        self.dims.as_ref()?.get(axis).copied().flatten()
    }

    /// All lengths, if they are known.
    pub(crate) fn shape(&self) -> Option<Vec<usize>> {
        self.dims.as_ref()?.iter().copied().collect()
    }

    /// Of a vector or scalar of integers, the values that are known.
    pub(crate) fn values(&self) -> Option<Vec<Option<i64>>> {
        let constant = || {
            let constant = self.constant.as_ref().filter(|constant| constant.dims.len() <= 1)?;
            Some(constant.to_ints()?.into_iter().map(Some).collect())
        };
        self.known.clone().or_else(constant)
    }

    /// Whether a picture of it has one pixel, so that both orders are the same.
    pub(crate) fn is_pixel(&self) -> bool {
        self.rank() == Some(4) && self.dim(1) == Some(1) && self.dim(2) == Some(1)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attribute {
    Int(i64),
    Ints(Vec<i64>),
    Float(f32),
    Text(String),
    Texts(Vec<Vec<u8>>),
    Graph(Box<Body>),
}

/// A graph within a node, which reads the tensors around the node by their names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Body {
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) op: &'static str,
    /// Of `ai.onnx.ml`.
    pub(crate) is_ml: bool,
    /// An input that is left out is empty.
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) attributes: Vec<(&'static str, Attribute)>,
}

impl Node {
    /// The names of all tensors that it reads, also within it.
    pub(crate) fn reads(&self) -> Vec<&String> {
        let mut names: Vec<_> = self.inputs.iter().collect();
        for (_, value) in &self.attributes {
            if let Attribute::Graph(body) = value {
                names.extend(body.nodes.iter().flat_map(Self::reads));
            }
        }
        names
    }
}

/// A weight: what is in the file, and what becomes of it when it is written.
#[derive(Debug, Clone)]
pub(crate) struct Initializer {
    pub(crate) constant: Constant,
    /// The axes in their new order.
    pub(crate) order: Option<Vec<usize>>,
    /// The shape that it is given after that.
    pub(crate) dims: Option<Vec<usize>>,
    /// A factor for each element of the first axis then.
    pub(crate) scale: Option<Vec<f32>>,
}

impl Initializer {
    pub(crate) fn new(constant: Constant) -> Self {
        Self { constant, order: None, dims: None, scale: None }
    }

    /// The shape that is written.
    pub(crate) fn shape(&self) -> Vec<usize> {
        let ordered = |order: &Vec<usize>| {
            order.iter().filter_map(|axis| self.constant.dims.get(*axis).copied()).collect()
        };
        let moved = || self.order.as_ref().map_or_else(|| self.constant.dims.clone(), ordered);
        self.dims.clone().unwrap_or_else(moved)
    }
}

/// Where a tensor comes from, for those that read it: TensorFlow writes as several nodes what is one in ONNX.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// What a picture was cut into.
    Spaced(Spaced),
    /// The parts of a picture that a convolution with holes has made.
    Joined(Tensor),
    /// A tensor with one more axis, of length 1, here.
    Expanded(Tensor, usize),
    /// The same, so many times along that axis.
    Repeated(Tensor, usize, usize),
}

/// A picture that TensorFlow cuts into several, each of every so many pixels, so that an ordinary convolution of them is one
/// with holes.
#[derive(Debug, Clone)]
pub(crate) struct Spaced {
    pub(crate) picture: Tensor,
    /// Of how many pixels down and across a part has one.
    pub(crate) every: [usize; 2],
    /// Zeros around it first: above, to the left, below, to the right.
    pub(crate) pads: [usize; 4],
}

/// An input or output of the graph.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) dtype: DataType,
    pub(crate) dims: Dims,
}

/// The nodes that were made, while others are made that may not stand beside them, and what is known of their order.
#[derive(Debug)]
pub(crate) struct Outside {
    nodes: Vec<Node>,
    reordered: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) initializers: BTreeMap<String, Initializer>,
    /// What is known of where tensors come from, by their names.
    pub(crate) origins: BTreeMap<String, Origin>,
    /// How often each name was wanted.
    taken: BTreeMap<String, usize>,
    /// What a tensor is called in the other order.
    reordered: BTreeMap<String, String>,
}

impl Graph {
    /// Puts the nodes aside. Those that are made from now on may read them.
    pub(crate) fn begin(&mut self) -> Outside {
        Outside { nodes: std::mem::take(&mut self.nodes), reordered: self.reordered.clone() }
    }

    /// The nodes that were made since [`Self::begin`], which those outside do not know.
    pub(crate) fn end(&mut self, Outside { nodes, reordered }: Outside) -> Vec<Node> {
        self.reordered = reordered;
        std::mem::replace(&mut self.nodes, nodes)
    }

    /// The nodes that were made since [`Self::begin`], with those outside.
    pub(crate) fn join(&mut self, Outside { mut nodes, .. }: Outside) {
        nodes.append(&mut self.nodes);
        self.nodes = nodes;
    }

    /// A name that nothing has yet, like `wanted`.
    pub(crate) fn name(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        loop {
            let count = self.taken.entry(name.clone()).or_default();
            *count += 1;
            if *count == 1 {
                return name;
            }
            name = format!("{wanted}__{count}");
        }
    }

    pub(crate) fn input(&mut self, name: &str, dtype: DataType, dims: Dims) -> Tensor {
        let name = self.name(name);
        self.inputs.push(Port { name: name.clone(), dtype, dims: dims.clone() });
        Tensor { name, dtype, dims, channels_first: false, constant: None, known: None }
    }

    pub(crate) fn constant(&mut self, wanted: &str, constant: Constant) -> Tensor {
        let name = self.name(wanted);
        let dims = Some(constant.dims.iter().copied().map(Some).collect());
        self.initializers.insert(name.clone(), Initializer::new(constant.clone()));
        let (dtype, constant) = (constant.value_type(), Some(constant));
        Tensor { name, dtype, dims, channels_first: false, constant, known: None }
    }

    /// The name of a new weight.
    pub(crate) fn weight(&mut self, wanted: &str, initializer: Initializer) -> String {
        let name = self.name(wanted);
        self.initializers.insert(name.clone(), initializer);
        name
    }

    /// A node with one output; answers its name.
    pub(crate) fn push(
        &mut self,
        op: &'static str,
        wanted: &str,
        inputs: Vec<String>,
        attributes: Vec<(&'static str, Attribute)>,
    ) -> String {
        self.push_all(op, wanted, inputs, attributes, 1).remove(0)
    }

    /// A node with several outputs; answers their names.
    pub(crate) fn push_all(
        &mut self,
        op: &'static str,
        wanted: &str,
        inputs: Vec<String>,
        attributes: Vec<(&'static str, Attribute)>,
        count: usize,
    ) -> Vec<String> {
        let outputs: Vec<_> = (0..count).map(|_| self.name(wanted)).collect();
        self.nodes.push(Node { op, is_ml: false, inputs, outputs: outputs.clone(), attributes });
        outputs
    }

    /// A vector of int64.
    pub(crate) fn vector(&mut self, wanted: &str, values: &[i64]) -> String {
        self.weight(wanted, Initializer::new(Constant::vector(values)))
    }

    pub(crate) fn cast(&mut self, name: String, to: DataType) -> String {
        let to_type = vec![("to", Attribute::Int(to.onnx().into()))];
        self.push("Cast", &format!("{name}/{}", to.name()), vec![name], to_type)
    }

    /// The tensor in TensorFlow's order.
    pub(crate) fn channels_last(&mut self, tensor: &Tensor) -> String {
        if tensor.channels_first { self.reordered(tensor, CHANNELS_LAST) } else { tensor.name.clone() }
    }

    /// The tensor, a picture, in ONNX's order.
    pub(crate) fn channels_first(&mut self, tensor: &Tensor) -> String {
        if tensor.channels_first { tensor.name.clone() } else { self.reordered(tensor, CHANNELS_FIRST) }
    }

    fn reordered(&mut self, tensor: &Tensor, order: [usize; 4]) -> String {
        if let Some(name) = self.reordered.get(&tensor.name) {
            return name.clone();
        }
        let name = self.permuted(tensor, &order);
        self.reordered.insert(tensor.name.clone(), name.clone());
        self.reordered.insert(name.clone(), tensor.name.clone());
        name
    }

    /// The tensor as it is stored, with its axes in another order.
    pub(crate) fn permuted(&mut self, tensor: &Tensor, order: &[usize]) -> String {
        let wanted = format!("{}/transposed", tensor.name);
        if let Some(constant) = &tensor.constant {
            let order = Some(order.to_vec());
            return self.weight(&wanted, Initializer { order, ..Initializer::new(constant.clone()) });
        }
        let order = order.iter().map(|axis| *axis as i64).collect();
        self.push("Transpose", &wanted, vec![tensor.name.clone()], vec![("perm", Attribute::Ints(order))])
    }

    /// The tensor of integers as int64, which ONNX's operators take.
    pub(crate) fn int64(&mut self, tensor: &Tensor) -> String {
        match tensor.dtype {
            DataType::Int64 => tensor.name.clone(),
            _ => match tensor.constant.as_ref().and_then(|constant| Some((constant, constant.to_ints()?))) {
                Some((constant, values)) => {
                    let constant = Constant::ints(constant.dims.clone(), &values);
                    self.weight(&tensor.name, Initializer::new(constant))
                }
                None => self.cast(tensor.name.clone(), DataType::Int64),
            },
        }
    }
}

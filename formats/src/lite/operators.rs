//! TensorFlow Lite's operators as TensorFlow's, which have translations: most differ in their name, in what is fused into them, and
//! in where their settings stand.

use super::flatbuffer::Table;
use super::recurrent;
use crate::constant::Constant;
use crate::onnx::{Graph, Origin, Tensor};
use crate::refusal::{Reason, Refusal, Result};
use crate::tensorflow::proto::{Attr, AttrValue, ListValue, NodeDef};
use crate::tensorflow::{self, Call, DataType};

/// Where a setting stands among the options of an operator, and what it is where it does not.
#[derive(Clone, Copy)]
enum Slot {
    Int(usize, i32),
    Float(usize),
    Flag(usize),
    Ints(usize),
}

/// An operator that differs in names only: TensorFlow's name of it, the names and places of its settings, and the place of the
/// activation that is fused into it.
type Renamed = (&'static str, &'static str, &'static [(&'static str, Slot)], Option<usize>);

const KEEPS: &[(&str, Slot)] = &[("keep_dims", Slot::Flag(0))];
const BLOCK: &[(&str, Slot)] = &[("block_size", Slot::Int(0, 0))];

#[rustfmt::skip]
const RENAMED: &[Renamed] = &[
    ("ABS", "Abs", &[], None),
    ("ADD", "AddV2", &[], Some(0)),
    ("ADD_N", "AddN", &[], None),
    ("BATCH_MATMUL", "BatchMatMulV2", &[("adj_x", Slot::Flag(0)), ("adj_y", Slot::Flag(1))], None),
    ("BATCH_TO_SPACE_ND", "BatchToSpaceND", &[], None),
    ("BROADCAST_TO", "BroadcastTo", &[], None),
    ("CEIL", "Ceil", &[], None),
    ("COS", "Cos", &[], None),
    ("CUMSUM", "Cumsum", &[("exclusive", Slot::Flag(0)), ("reverse", Slot::Flag(1))], None),
    ("DEPTH_TO_SPACE", "DepthToSpace", BLOCK, None),
    ("DIV", "RealDiv", &[], Some(0)),
    ("ELU", "Elu", &[], None),
    ("EQUAL", "Equal", &[], None),
    ("EXP", "Exp", &[], None),
    ("EXPAND_DIMS", "ExpandDims", &[], None),
    ("FILL", "Fill", &[], None),
    ("FLOOR", "Floor", &[], None),
    ("FLOOR_DIV", "FloorDiv", &[], None),
    ("FLOOR_MOD", "FloorMod", &[], None),
    ("GATHER_ND", "GatherNd", &[], None),
    ("GREATER", "Greater", &[], None),
    ("GREATER_EQUAL", "GreaterEqual", &[], None),
    ("HARD_SWISH", "HardSwish", &[], None),
    ("LEAKY_RELU", "LeakyRelu", &[("alpha", Slot::Float(0))], None),
    ("LESS", "Less", &[], None),
    ("LESS_EQUAL", "LessEqual", &[], None),
    ("LOG", "Log", &[], None),
    ("LOGICAL_AND", "LogicalAnd", &[], None),
    ("LOGICAL_NOT", "LogicalNot", &[], None),
    ("LOGICAL_OR", "LogicalOr", &[], None),
    ("LOGISTIC", "Sigmoid", &[], None),
    ("LOG_SOFTMAX", "LogSoftmax", &[], None),
    ("MAXIMUM", "Maximum", &[], None),
    ("MEAN", "Mean", KEEPS, None),
    ("MINIMUM", "Minimum", &[], None),
    ("MUL", "Mul", &[], Some(0)),
    ("NEG", "Neg", &[], None),
    ("NOT_EQUAL", "NotEqual", &[], None),
    ("ONE_HOT", "OneHot", &[("axis", Slot::Int(0, 0))], None),
    ("PACK", "Pack", &[("axis", Slot::Int(1, 0))], None),
    ("PAD", "Pad", &[], None),
    ("PADV2", "PadV2", &[], None),
    ("POW", "Pow", &[], None),
    ("PRELU", "Prelu", &[], None),
    ("RANGE", "Range", &[], None),
    ("RANK", "Rank", &[], None),
    ("REDUCE_ALL", "All", KEEPS, None),
    ("REDUCE_ANY", "Any", KEEPS, None),
    ("REDUCE_MAX", "Max", KEEPS, None),
    ("REDUCE_MIN", "Min", KEEPS, None),
    ("REDUCE_PROD", "Prod", KEEPS, None),
    ("RELU", "Relu", &[], None),
    ("RELU6", "Relu6", &[], None),
    ("RESIZE_BILINEAR", "ResizeBilinear", &[("align_corners", Slot::Flag(2)), ("half_pixel_centers", Slot::Flag(3))], None),
    ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighbor", &[("align_corners", Slot::Flag(0)), ("half_pixel_centers", Slot::Flag(1))], None),
    ("REVERSE_V2", "ReverseV2", &[], None),
    ("ROUND", "Round", &[], None),
    ("RSQRT", "Rsqrt", &[], None),
    ("SELECT", "Select", &[], None),
    ("SELECT_V2", "SelectV2", &[], None),
    ("SIGN", "Sign", &[], None),
    ("SIN", "Sin", &[], None),
    ("SLICE", "Slice", &[], None),
    ("SPACE_TO_BATCH_ND", "SpaceToBatchND", &[], None),
    ("SPACE_TO_DEPTH", "SpaceToDepth", BLOCK, None),
    ("SPLIT", "Split", &[("num_split", Slot::Int(0, 0))], None),
    ("SPLIT_V", "SplitV", &[], None),
    ("SQRT", "Sqrt", &[], None),
    ("SQUARE", "Square", &[], None),
    ("SQUARED_DIFFERENCE", "SquaredDifference", &[], None),
    ("SQUEEZE", "Squeeze", &[("squeeze_dims", Slot::Ints(0))], None),
    ("SUB", "Sub", &[], Some(0)),
    ("SUM", "Sum", KEEPS, None),
    ("TANH", "Tanh", &[], None),
    ("TILE", "Tile", &[], None),
    ("TOPK_V2", "TopKV2", &[], None),
    ("TRANSPOSE", "Transpose", &[], None),
    ("UNPACK", "Unpack", &[("num", Slot::Int(0, 0)), ("axis", Slot::Int(1, 0))], None),
    ("ZEROS_LIKE", "ZerosLike", &[], None),
];

type Translate = fn(&mut Step<'_>) -> Result<Vec<Tensor>>;

/// Operators that become several, or whose inputs stand in another order.
const OTHERS: &[(&str, Translate)] = &[
    ("ARG_MAX", |step| step.typed("ArgMax", "output_type")),
    ("ARG_MIN", |step| step.typed("ArgMin", "output_type")),
    ("AVERAGE_POOL_2D", |step| pool(step, "AvgPool")),
    ("CAST", |step| step.typed("Cast", "DstT")),
    ("CONCATENATION", concatenation),
    ("CONV_2D", |step| convolution(step, "OHWI", [3, 4, 5])),
    // A convolution with as many groups as there are channels.
    ("DEPTHWISE_CONV_2D", |step| convolution(step, "IHWO", [4, 5, 6])),
    ("DEQUANTIZE", real),
    ("EMBEDDING_LOOKUP", |step| {
        let (places, values, axis) = (step.input(0)?, step.input(1)?, step.ints(&[], &[0])?);
        step.tensorflow("GatherV2", vec![values, places, axis], Vec::new())
    }),
    ("FULLY_CONNECTED", fully_connected),
    ("GATHER", |step| {
        let axis = step.int(0, 0)?;
        let inputs = vec![step.input(0)?, step.input(1)?, step.ints(&[], &[axis])?];
        let batch_dims = step.int(1, 0)?;
        step.tensorflow("GatherV2", inputs, vec![("batch_dims", Attr::Int(batch_dims.into()))])
    }),
    ("GELU", gelu),
    ("L2_NORMALIZATION", l2_normalization),
    ("LOCAL_RESPONSE_NORMALIZATION", |step| {
        let settings = [
            ("depth_radius", Slot::Int(0, 0)),
            ("bias", Slot::Float(1)),
            ("alpha", Slot::Float(2)),
            ("beta", Slot::Float(3)),
        ];
        let settings = settings.into_iter().map(|(name, slot)| Ok((name, step.setting(slot)?)));
        let settings = settings.collect::<Result<_>>()?;
        step.same("LRN", settings)
    }),
    ("MAX_POOL_2D", |step| pool(step, "MaxPool")),
    ("MIRROR_PAD", |step| {
        let mode = if step.byte(0)? == 0 { "REFLECT" } else { "SYMMETRIC" };
        step.same("MirrorPad", vec![("mode", text(mode))])
    }),
    ("QUANTIZE", real),
    ("RELU_0_TO_1", |step| {
        let input = step.input(0)?;
        step.clipped(input, 0.0, 1.0)
    }),
    ("RELU_N1_TO_1", |step| {
        let input = step.input(0)?;
        step.clipped(input, -1.0, 1.0)
    }),
    ("RESHAPE", reshape),
    ("SHAPE", |step| step.typed("Shape", "out_type")),
    ("SOFTMAX", softmax),
    ("STRIDED_SLICE", strided_slice),
    ("TRANSPOSE_CONV", transposed_convolution),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", recurrent::lstm),
];

/// Operators that move elements and compute nothing: what was rounded to the same integers before is not rounded again.
const MOVES: &str = "CONCATENATION DEPTH_TO_SPACE EXPAND_DIMS GATHER GATHER_ND MAX_POOL_2D PACK RESHAPE \
    RESIZE_NEAREST_NEIGHBOR REDUCE_MAX REDUCE_MIN SLICE SPACE_TO_DEPTH SPLIT SPLIT_V SQUEEZE STRIDED_SLICE TILE TRANSPOSE UNPACK REVERSE_V2";

/// Whether an operator gives elements of its inputs.
pub(super) fn moves(op: &str) -> bool {
    MOVES.split_ascii_whitespace().any(|name| name == op)
}

/// An operator on its way into the graph.
pub(super) struct Step<'a> {
    pub(super) graph: &'a mut Graph,
    /// What the file calls the operator, and the tensor that it makes.
    pub(super) op: &'a str,
    pub(super) name: &'a str,
    /// An input that is left out is nothing.
    pub(super) inputs: Vec<Option<Tensor>>,
    /// The type of its first output.
    pub(super) output: DataType,
    pub(super) options: Option<Table<'a>>,
}

/// The outputs of an operator.
pub(super) fn translate(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    if let Some((_, to, settings, activation)) = RENAMED.iter().find(|(name, ..)| *name == step.op) {
        let settings = settings.iter().map(|(name, slot)| Ok((*name, step.setting(*slot)?)));
        let settings = settings.collect::<Result<_>>()?;
        let made = step.same(to, settings)?;
        return match activation {
            Some(slot) => step.activated(made, *slot),
            None => Ok(made),
        };
    }
    match OTHERS.iter().find(|(name, _)| *name == step.op) {
        Some((_, translate)) => translate(step),
        None => {
            let message = match step.op.strip_prefix("CUSTOM ") {
                Some(op) => format!("the custom operator {op} at `{}` is not supported", step.name),
                None => format!("the operator {} at `{}` is not supported", step.op, step.name),
            };
            Err(Refusal::new(Reason::UnsupportedOperator, message))
        }
    }
}

fn text(word: &'static str) -> Attr {
    Attr::Text(word.as_bytes().into())
}

impl Step<'_> {
    pub(super) fn input(&self, place: usize) -> Result<Tensor> {
        self.inputs.get(place).cloned().flatten().ok_or_else(|| self.invalid(format!("has no input {place}")))
    }

    pub(super) fn optional(&self, place: usize) -> Option<Tensor> {
        self.inputs.get(place).cloned().flatten()
    }

    /// The summands of a convolution or product, which integers stand for where its weights are integers.
    pub(super) fn bias(&mut self, place: usize) -> Result<Option<Tensor>> {
        let Some(bias) = self.optional(place) else { return Ok(None) };
        let Some(constant) = bias.constant.as_ref().filter(|constant| constant.dtype == DataType::Int32)
        else {
            return Ok(Some(bias));
        };
        let real = constant.dequantised().ok_or_else(|| self.invalid("has a bias without scales"))?;
        Ok(Some(self.graph.constant(&bias.name, real)))
    }

    pub(super) fn byte(&self, slot: usize) -> Result<u8> {
        self.options.map_or(Ok(0), |options| options.byte(slot))
    }

    pub(super) fn flag(&self, slot: usize) -> Result<bool> {
        self.options.map_or(Ok(false), |options| options.flag(slot))
    }

    fn int(&self, slot: usize, missing: i32) -> Result<i32> {
        self.options.map_or(Ok(missing), |options| options.int(slot, missing))
    }

    pub(super) fn float(&self, slot: usize) -> Result<f32> {
        self.options.map_or(Ok(0.0), |options| options.float(slot, 0.0))
    }

    fn setting(&self, slot: Slot) -> Result<Attr> {
        Ok(match slot {
            Slot::Int(slot, missing) => Attr::Int(self.int(slot, missing)?.into()),
            Slot::Float(slot) => Attr::Float(self.float(slot)?),
            Slot::Flag(slot) => Attr::Bool(self.flag(slot)?),
            Slot::Ints(slot) => ints(&self.options.map_or(Ok(Vec::new()), |options| options.ints(slot))?),
        })
    }

    /// Integers as TensorFlow's operators take axes and shapes.
    fn ints(&mut self, dims: &[usize], values: &[i32]) -> Result<Tensor> {
        let values: Vec<i64> = values.iter().map(|value| (*value).into()).collect();
        let constant = Constant::integers(DataType::Int32, dims.to_vec(), &values);
        let constant = constant.ok_or_else(|| self.invalid("has numbers beyond 32 bits"))?;
        Ok(self.graph.constant(self.name, constant))
    }

    fn number(&mut self, value: f32) -> Tensor {
        self.graph.constant(self.name, Constant::float(value))
    }

    /// What an operator of TensorFlow's makes of tensors.
    pub(super) fn tensorflow(
        &mut self,
        op: &str,
        inputs: Vec<Tensor>,
        settings: Vec<(&str, Attr)>,
    ) -> Result<Vec<Tensor>> {
        let attr =
            settings.into_iter().map(|(name, value)| (name.to_owned(), AttrValue { value: Some(value) }));
        let node = NodeDef {
            name: self.name.to_owned(),
            op: op.to_owned(),
            input: Vec::new(),
            attr: attr.collect(),
        };
        tensorflow::translate(self.graph, &Call { node: &node, inputs }).map_err(|mut refusal| {
            // It knows the other name only.
            if let Some(rest) = refusal.message.strip_prefix(&format!("the operator {op} ")) {
                refusal.message = format!("the operator {} {rest}", self.op);
            }
            refusal
        })
    }

    /// What an operator of TensorFlow's with one output makes of tensors.
    pub(super) fn one(&mut self, op: &str, inputs: Vec<Tensor>) -> Result<Tensor> {
        let made = self.tensorflow(op, inputs, Vec::new())?;
        made.into_iter().next().ok_or_else(|| self.invalid("has no output"))
    }

    /// The same operator under TensorFlow's name.
    fn same(&mut self, op: &str, settings: Vec<(&str, Attr)>) -> Result<Vec<Tensor>> {
        let inputs = (0..self.inputs.len()).map(|place| self.input(place)).collect::<Result<_>>()?;
        self.tensorflow(op, inputs, settings)
    }

    /// The same operator, to which the type of its output is a setting.
    fn typed(&mut self, op: &str, setting: &str) -> Result<Vec<Tensor>> {
        self.same(op, vec![(setting, Attr::Type(self.output.tensorflow()))])
    }

    pub(super) fn clipped(&mut self, tensor: Tensor, lowest: f32, highest: f32) -> Result<Vec<Tensor>> {
        let bounds = [lowest, highest].map(|bound| self.number(bound));
        self.tensorflow("ClipByValue", [vec![tensor], bounds.to_vec()].concat(), Vec::new())
    }

    /// What the activation at `slot`, which is fused into the operator, makes of its output.
    fn activated(&mut self, made: Vec<Tensor>, slot: usize) -> Result<Vec<Tensor>> {
        let Ok([output]) = <[Tensor; 1]>::try_from(made) else {
            return Err(self.invalid("has several outputs"));
        };
        // Of the parts of a convolution with holes, what computes each element is done to the whole.
        if let Some(Origin::Joined(whole)) = self.graph.origins.get(&output.name).cloned() {
            let whole = self.activated(vec![whole], slot)?.remove(0);
            self.graph.origins.insert(output.name.clone(), Origin::Joined(whole));
            return Ok(vec![output]);
        }
        let op = match self.byte(slot)? {
            0 => return Ok(vec![output]),
            1 => "Relu",
            2 => return self.clipped(output, -1.0, 1.0),
            3 => "Relu6",
            4 => "Tanh",
            other => return Err(self.unsupported(format!("has the activation number {other}"))),
        };
        self.tensorflow(op, vec![output], Vec::new())
    }

    /// A convolution's or pool's settings: how it is padded, and what stands at these slots down and across.
    fn windows(&self, sides: &[(&'static str, [usize; 2], i32)]) -> Result<Vec<(&'static str, Attr)>> {
        let padding = match self.byte(0)? {
            0 => "SAME",
            1 => "VALID",
            other => return Err(self.invalid(format!("has the padding number {other}"))),
        };
        let mut settings = vec![("padding", text(padding))];
        for (name, [down, across], missing) in sides {
            settings.push((name, ints(&[1, self.int(*down, *missing)?, self.int(*across, *missing)?, 1])));
        }
        Ok(settings)
    }

    pub(super) fn invalid(&self, what: impl std::fmt::Display) -> Refusal {
        let message = format!("the operator {} at `{}` {what}", self.op, self.name);
        Refusal::new(Reason::InvalidModel, message)
    }

    pub(super) fn unsupported(&self, what: impl std::fmt::Display) -> Refusal {
        let message = format!("the operator {} at `{}` {what}, which is not supported", self.op, self.name);
        Refusal::new(Reason::UnsupportedOperator, message)
    }
}

fn ints(values: &[i32]) -> Attr {
    let ints = values.iter().map(|value| (*value).into()).collect();
    Attr::List(ListValue { ints, floats: Vec::new() })
}

const STRIDES: (&str, [usize; 2], i32) = ("strides", [2, 1], 0);

/// `slots` are those of the activation, and of what lies between the pixels of a window across and down.
fn convolution(step: &mut Step<'_>, format: &'static str, slots: [usize; 3]) -> Result<Vec<Tensor>> {
    let [activation, across, down] = slots;
    let mut settings = step.windows(&[STRIDES, ("dilations", [down, across], 1)])?;
    settings.push(("filter_format", text(format)));
    let mut inputs = vec![step.input(0)?, step.input(1)?];
    inputs.extend(step.bias(2)?);
    let made = step.tensorflow("Conv2D", inputs, settings)?;
    step.activated(made, activation)
}

fn transposed_convolution(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    let mut settings = step.windows(&[STRIDES])?;
    settings.push(("filter_format", text("OHWI")));
    let inputs = [0, 1, 2].map(|place| step.input(place)).into_iter().collect::<Result<_>>()?;
    let mut made = step.tensorflow("Conv2DBackpropInput", inputs, settings)?;
    if let Some(bias) = step.bias(3)? {
        made.push(bias);
        made = step.tensorflow("BiasAdd", made, Vec::new())?;
    }
    step.activated(made, 3)
}

fn pool(step: &mut Step<'_>, op: &str) -> Result<Vec<Tensor>> {
    let settings = step.windows(&[STRIDES, ("ksize", [4, 3], 0)])?;
    let made = step.same(op, settings)?;
    step.activated(made, 5)
}

fn fully_connected(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    if step.byte(1)? != 0 {
        return Err(step.unsupported("has shuffled weights"));
    }
    let (mut input, weights) = (step.input(0)?, step.input(1)?);
    if input.rank() != Some(2) && !step.flag(2)? {
        let width = weights.dim(1).and_then(|width| i32::try_from(width).ok());
        let width = width.ok_or_else(|| step.unsupported("has weights of unknown shape"))?;
        let shape = step.ints(&[2], &[-1, width])?;
        input = step.one("Reshape", vec![input, shape])?;
    }
    let mut made =
        step.tensorflow("MatMul", vec![input, weights], vec![("transpose_b", Attr::Bool(true))])?;
    if let Some(bias) = step.bias(2)? {
        made.push(bias);
        made = step.tensorflow("BiasAdd", made, Vec::new())?;
    }
    step.activated(made, 0)
}

fn concatenation(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    let axis = step.int(0, 0)?;
    let axis = step.ints(&[], &[axis])?;
    step.inputs.push(Some(axis));
    let made = step.same("ConcatV2", Vec::new())?;
    step.activated(made, 1)
}

/// The new shape is an input, or in old files an option.
fn reshape(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    if step.optional(1).is_none() {
        let shape = step.options.map_or(Ok(Vec::new()), |options| options.ints(0))?;
        let shape = step.ints(&[shape.len()], &shape)?;
        step.inputs = vec![Some(step.input(0)?), Some(shape)];
    }
    step.same("Reshape", Vec::new())
}

fn strided_slice(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    if step.flag(5)? {
        return Err(step.unsupported("counts its ends from its begins"));
    }
    let masks = ["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"];
    let masks =
        masks.into_iter().enumerate().map(|(slot, name)| Ok((name, step.setting(Slot::Int(slot, 0))?)));
    let masks = masks.collect::<Result<_>>()?;
    step.same("StridedSlice", masks)
}

fn softmax(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    let (mut input, beta) = (step.input(0)?, step.float(0)?);
    if beta != 1.0 {
        let beta = step.number(beta);
        input = step.one("Mul", vec![input, beta])?;
    }
    step.tensorflow("Softmax", vec![input], Vec::new())
}

/// What integers stand for is what is computed with anyway; floats of 16 bits become those of 32.
fn real(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    let input = step.input(0)?;
    if let Some(widened) = input.constant.as_ref().and_then(Constant::widened) {
        return Ok(vec![step.graph.constant(step.name, widened)]);
    }
    if input.dtype == DataType::Float {
        return Ok(vec![input]);
    }
    if input.dtype == DataType::Half {
        let float = Attr::Type(DataType::Float.tensorflow());
        return step.tensorflow("Cast", vec![input], vec![("DstT", float)]);
    }
    Err(step.unsupported(format!("reads {} without scales", input.dtype.name())))
}

fn l2_normalization(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    let input = step.input(0)?;
    let square = step.one("Square", vec![input.clone()])?;
    let axis = step.ints(&[1], &[-1])?;
    let sum = step.tensorflow("Sum", vec![square, axis], vec![("keep_dims", Attr::Bool(true))])?;
    // TensorFlow Lite's least length is 1e-6.
    let least = step.number(1e-12);
    let sum = step.one("Maximum", [sum, vec![least]].concat())?;
    let factor = step.one("Rsqrt", vec![sum])?;
    let made = step.tensorflow("Mul", vec![input, factor], Vec::new())?;
    step.activated(made, 0)
}

/// `x / 2 * (1 + erf(x / √2))`, or its approximation by tanh.
fn gelu(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    let input = step.input(0)?;
    let [one, half] = [1.0, 0.5].map(|number| step.number(number));
    let curve = if step.flag(0)? {
        let [cubic, factor] =
            [0.044_715, (2.0 / std::f32::consts::PI).sqrt()].map(|number| step.number(number));
        let square = step.one("Square", vec![input.clone()])?;
        let bent = step.one("Mul", vec![square, cubic])?;
        let bent = step.one("AddV2", vec![bent, one.clone()])?;
        let bent = step.one("Mul", vec![bent, input.clone()])?;
        let bent = step.one("Mul", vec![bent, factor])?;
        step.one("Tanh", vec![bent])?
    } else {
        let factor = step.number(std::f32::consts::FRAC_1_SQRT_2);
        let scaled = step.one("Mul", vec![input.clone(), factor])?;
        step.one("Erf", vec![scaled])?
    };
    let sum = step.one("AddV2", vec![curve, one])?;
    let product = step.one("Mul", vec![sum, input])?;
    step.tensorflow("Mul", vec![product, half], Vec::new())
}

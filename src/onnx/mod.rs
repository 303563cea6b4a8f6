//! ONNX files: from bytes to a graph whose operators all run, or every reason why there is none, at once and in the words
//! of the person who exported it.
//!
//! The room knows the file's messages, not what operators do; the operators that run are passed in. It knows nothing of
//! columns, options or predictions.

mod arguments;
pub(crate) mod build;
mod check;
mod classes;
mod declared;
mod facts;
pub(crate) mod failure;
mod fields;
mod labels;
mod lower;
mod missing;
pub(crate) mod names;
pub(crate) mod narrow;
mod obstacles;
mod origin;
mod recognise;
pub(crate) mod templates;
pub(crate) mod tensors;
mod walk;
mod weights;
mod wire;

pub use declared::Dim;
pub(crate) use declared::{Declared, LeftOut};
pub use facts::{Format, ModelFacts};
pub(crate) use labels::{KnownLabels, Labels};
pub(crate) use lower::widen::{element_type, widen_tensor};
pub(crate) use messages as pb;
pub(crate) use origin::{Origin, encoder_origins};
pub(crate) use recognise::is_convertible;
pub(crate) use weights::{External, Weights};

use prost::Message;

use crate::diag::{Code, Error, Invariant, Result};
use crate::limits::Limits;
use obstacles::Obstacles;
use wire::{Content, Fields, WireError};

/// A model file that can be loaded.
pub(crate) struct File {
    /// Without its large weights.
    pub(crate) proto: pb::ModelProto,
    pub(crate) weights: Weights,
    pub(crate) inputs: Vec<Declared>,
    /// Inputs that have an initial value, which the graph computes with.
    pub(crate) defaults: Vec<Declared>,
    pub(crate) outputs: Vec<Declared>,
    pub(crate) facts: ModelFacts,
    /// The version of the standard operators.
    pub(crate) opset: i64,
    pub(crate) labels: KnownLabels,
    /// Outputs that no column can hold. The graph does not compute them.
    pub(crate) left_out: Vec<LeftOut>,
    /// Outputs that are sequences of tensors in the file, and one tensor in the graph.
    joined: Vec<String>,
}

impl File {
    /// Whether the file declares how many axes every input has.
    pub(crate) fn has_ranks(&self) -> bool {
        self.inputs.iter().all(|input| input.shape.is_some())
    }

    /// Gives the inputs of which the file does not tell it `rank` axes.
    #[cfg(feature = "full")]
    pub(crate) fn suppose(&mut self, rank: usize) {
        for input in &mut self.inputs {
            input.shape.get_or_insert_with(|| vec![Dim::Free(String::new()); rank]);
        }
    }

    /// Whether an output was a sequence, so that the graph may load without it only.
    pub(crate) fn joins_sequences(&self) -> bool {
        !self.joined.is_empty()
    }

    /// Leaves the outputs out that were sequences; false where there are none, or no other ones.
    pub(crate) fn leave_out_sequences(&mut self) -> bool {
        let joined = std::mem::take(&mut self.joined);
        if joined.is_empty() || joined.len() == self.outputs.len() {
            return false;
        }
        let why = "is a sequence of tensors of several shapes";
        let left_out = |name: &String| LeftOut { name: name.clone(), why: why.into() };
        self.left_out.extend(joined.iter().map(left_out));
        self.outputs.retain(|output| !joined.contains(&output.name));
        drop_outputs(&mut self.proto, &mut self.labels, &joined);
        true
    }
}

/// Takes outputs out of the graph, with the nodes that only they need.
fn drop_outputs(proto: &mut pb::ModelProto, labels: &mut KnownLabels, names: &[String]) {
    let Some(graph) = &mut proto.graph else { return };
    let mut is_kept =
        graph.output.iter().map(|output| !names.contains(&output.name)).collect::<Vec<_>>().into_iter();
    labels.zipped.retain(|_| is_kept.next().unwrap_or(true));
    graph.output.retain(|output| !names.contains(&output.name));
    walk::drop_unread(graph);
}

/// Reads `bytes` and lowers its graph to the operators that are `known`. The inputs `given` are inputs even where they
/// have an initial value.
///
/// # Errors
/// `limit-exceeded`, `not-onnx`, `truncated-model`, `external-data-missing`, `invalid-model`; `unsupported-operator` and
/// `unsupported-model-type` with everything that keeps the model from running.
pub(crate) fn read(
    bytes: &[u8],
    external: &External,
    limits: &Limits,
    known: names::Known<'_>,
    given: &[String],
) -> Result<File> {
    check_size(bytes.len(), limits)?;
    check_kind(bytes)?;
    let (mut proto, mut weights, narrow) = weights::decode(bytes, external)?;
    weights.retain(|name, _| !given.contains(name));
    if let Some(graph) = &mut proto.graph {
        graph.initializer.retain(|tensor| !given.contains(&tensor.name));
    }
    if proto.graph.is_none() || proto.opset_import.is_empty() {
        return Err(truncated("the model file ends too early: it has no graph or no operator set".into()));
    }
    let mut facts = ModelFacts::read(&proto, bytes.len());
    facts.bytes += external.iter().map(|(_, content)| content.len()).sum::<usize>();
    let opset = lower::standard_version(&facts.opset);
    let functions = Fields::new(bytes).messages(fields::model::FUNCTIONS);
    let defaults = functions.map(attribute_defaults).collect::<Result<Vec<_>>>()?;
    let runs = |domain: &str, name: &str| names::runs(known, names::domain(domain), name);
    let (mut labels, mut joined) = lower::lower(&mut proto, opset, &defaults, &runs)?;
    let mut obstacles = Obstacles::default();
    let graph = proto.graph.as_ref().invariant("the graph of a model")?;
    let declared::Interface { inputs, mut defaults, outputs, left_out } =
        declared::declared(bytes, graph, &joined, &mut obstacles)?;
    if proto.ir_version < WEIGHTS_APART {
        defaults
            .retain(|input| graph.initializer.iter().any(|tensor| is_of(tensor, input) && is_one(tensor)));
    }
    if !left_out.is_empty() && !outputs.is_empty() {
        let names: Vec<String> = left_out.iter().map(|output| output.name.clone()).collect();
        joined.retain(|name| !names.contains(name));
        drop_outputs(&mut proto, &mut labels, &names);
    }
    check::check(&proto, &facts.opset, known, obstacles)?;
    proto.graph.iter().try_for_each(arguments::check)?;
    lower::finish(&mut proto, opset, &narrow)?;
    // Once more, for what templates are made of.
    proto.graph.iter().try_for_each(arguments::check)?;
    // An input with an initial value is a weight; its value is found by its name.
    let is_weight = |name: &str| weights.contains_key(name);
    if let Some(graph) = &mut proto.graph {
        graph.input.retain(|info| !graph.initializer.iter().any(|tensor| tensor.name == info.name));
        graph.initializer.retain(|tensor| !is_weight(&tensor.name));
    }
    Ok(File { proto, weights, inputs, defaults, outputs, facts, opset, labels, left_out, joined })
}

/// The version of the format since which weights need not be inputs too. Before, only single values among the inputs
/// are taken for more than weights.
const WEIGHTS_APART: i64 = 4;

fn is_of(tensor: &pb::TensorProto, input: &Declared) -> bool {
    tensor.name == input.name
}

fn is_one(tensor: &pb::TensorProto) -> bool {
    tensor.dims.iter().all(|length| *length == 1)
}

/// The attributes of a FunctionProto that have a value of their own, which the decoded message leaves out.
fn attribute_defaults(function: &[u8]) -> Result<Vec<pb::AttributeProto>> {
    Fields::new(function)
        .messages(fields::function::ATTRIBUTE_WITH_DEFAULT)
        .map(|attribute| pb::AttributeProto::decode(attribute).map_err(failure::decode))
        .collect()
}

/// # Errors
/// `limit-exceeded`.
pub(crate) fn check_size(bytes: usize, limits: &Limits) -> Result<()> {
    if bytes <= limits.model_bytes {
        return Ok(());
    }
    let message = format!("the model has {bytes} bytes, the limit is {}", limits.model_bytes);
    Err(Error::new(Code::LimitExceeded, message))
}

/// The external files that hold weights of the model file `bytes`, as it names them.
pub(crate) fn external_files(bytes: &[u8]) -> Result<Vec<String>> {
    weights::files(bytes)
}

fn truncated(message: String) -> Error {
    Error::new(Code::TruncatedModel, message).hint("fetch or export the file again")
}

/// Refuses files that are not ONNX, and ONNX files that are not complete.
fn check_kind(bytes: &[u8]) -> Result<()> {
    if let Some((what, hint)) = recognise::recognise(bytes) {
        return Err(
            Error::new(Code::NotOnnx, format!("expected an ONNX model, the file is {what}")).hint(hint)
        );
    }
    let not_onnx = || Error::new(Code::NotOnnx, "expected an ONNX model, the file is something else");
    let mut fields = Fields::new(bytes);
    // The version of the format comes first in every ONNX file, the graph further back.
    if !matches!(fields.next(), Some(Ok((fields::model::IR_VERSION, Content::Number(_))))) {
        return Err(not_onnx());
    }
    match fields.find_map(std::result::Result::err) {
        Some(WireError::Truncated(missing)) => {
            let all = (bytes.len() as u64).saturating_add(missing);
            Err(truncated(format!(
                "the model file ends too early: {} of at least {all} bytes are there",
                bytes.len()
            )))
        }
        Some(WireError::Malformed) => Err(not_onnx()),
        None => Ok(()),
    }
}

//! One case: a model, its inputs, the outputs to expect, and what became of it.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::{fs, iter};

use messages::{GraphProto, ModelProto, TensorProto, ValueInfoProto, type_proto};
use predictql::Limits;
use predictql::diag::{Code, Error};
use predictql::model::TensorModel;
use prost::Message;

use crate::tensor;

/// Cases that draw random numbers: their outputs' types and shapes are what can be compared.
const RANDOM: &[&str] = &["test_bernoulli"];

/// Cases whose numbers are not what the standard says, by the beginning of their names.
pub const DISPUTED: &[(&str, &str)] = &[
    ("test_l2normalization", ZERO),
    ("test_qlinearmatmul_2D_int8", WRAPPED),
    ("test_qlinearmatmul_3D_int8", WRAPPED),
    ("test_resize_downsample_scales_cubic_align_corners", FRACTION),
    ("test_resize_downsample_scales_linear_align_corners", FRACTION),
];

const FRACTION: &str = "onnxruntime and PyTorch align the corners of pictures, whose lengths are whole, the suite counts with a fraction of a place";

const ZERO: &str = "onnxruntime leaves a row of zeros as it is, the suite divides it by zero";

const WRAPPED: &str =
    "the standard and onnxruntime saturate where the suite's numbers wrap around (-128 against 20)";

pub struct Case {
    pub suite: &'static str,
    pub name: String,
    /// The operators of the graph, by full name.
    pub operators: Vec<String>,
    path: PathBuf,
}

pub enum Outcome {
    Pass,
    /// It passed with every input but the first as a constant.
    PassBaked,
    /// SQL has no such type.
    Unrepresentable(String),
    Unsupported(Code, String),
    Wrong(String),
    /// The suite is wrong.
    Disputed,
    Crash(String),
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the words of a panic for its case.
pub fn quiet_panics() {
    panic::set_hook(Box::new(|info| PANIC.with(|panic| *panic.borrow_mut() = info.to_string())));
}

impl Case {
    /// The case at `path`: a folder, or in the suite `light` a file.
    pub fn find(suite: &'static str, path: &Path) -> Option<Self> {
        let path = if path.is_dir() { path.join("model.onnx") } else { path.to_owned() };
        if path.extension()? != "onnx" {
            return None;
        }
        let name = if suite == "light" { path.file_stem()? } else { path.parent()?.file_name()? };
        let graph = read_model(&path).graph?;
        let mut operators: Vec<String> = graph
            .node
            .iter()
            .map(|node| match node.domain.as_str() {
                "" => node.op_type.clone(),
                domain => format!("{domain}.{}", node.op_type),
            })
            .collect();
        operators.sort();
        operators.dedup();
        Some(Self { suite, name: name.to_string_lossy().into_owned(), operators, path })
    }

    pub fn run(&self) -> Outcome {
        let attempt = |baked| {
            let run = AssertUnwindSafe(|| self.attempt(baked));
            panic::catch_unwind(run).unwrap_or_else(|_| Outcome::Crash(PANIC.with(|panic| panic.take())))
        };
        match attempt(false) {
            first @ Outcome::Unsupported(Code::InvalidModel | Code::ModelFailed, _) => match attempt(true) {
                Outcome::Pass => Outcome::PassBaked,
                second @ (Outcome::Wrong(_) | Outcome::Crash(_)) => second,
                _ => first,
            },
            other => other,
        }
    }

    fn attempt(&self, baked: bool) -> Outcome {
        let mut proto = read_model(&self.path);
        let graph = proto.graph.as_mut().expect("a model has a graph");
        let (mut inputs, expected) = self.data(graph);
        let model = if baked {
            bake(graph, &mut inputs);
            proto.encode_to_vec()
        } else {
            read(&self.path)
        };
        let limits = Limits::default();
        match TensorModel::load(&model, &inputs, &limits).and_then(|model| model.run()) {
            Ok(outputs) => {
                let random = RANDOM.iter().any(|random| self.name.starts_with(random));
                match tensor::difference(&outputs, &expected, random) {
                    None => Outcome::Pass,
                    Some(_) if DISPUTED.iter().any(|(name, _)| self.name.starts_with(name)) => {
                        Outcome::Disputed
                    }
                    Some(difference) => Outcome::Wrong(difference),
                }
            }
            Err(error) if error.code() == Code::UnsupportedModelType => {
                Outcome::Unrepresentable(error.first().message.clone())
            }
            Err(error) => Outcome::Unsupported(error.code(), words(&error)),
        }
    }

    /// The inputs and the outputs to expect, as the suite has them: encoded tensors.
    fn data(&self, graph: &GraphProto) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        if self.suite == "light" {
            let output = self.path.with_file_name(format!("{}_output_0.pb", self.name));
            return (tensor::ramps(graph), vec![read(&output)]);
        }
        let files = |side: &str| -> Vec<Vec<u8>> {
            let folder = self.path.with_file_name("test_data_set_0");
            let files = (0..).map(move |at| folder.join(format!("{side}_{at}.pb")));
            files.take_while(|file| file.is_file()).map(|file| read(&file)).collect()
        };
        let outputs = files("output").into_iter().zip(&graph.output);
        (files("input"), outputs.map(|(bytes, output)| stacked(bytes, output)).collect())
    }
}

/// The part of `SequenceProto` that a sequence of tensors has.
#[derive(Clone, PartialEq, Message)]
struct Sequence {
    #[prost(message, repeated, tag = "3")]
    tensors: Vec<TensorProto>,
}

/// An encoded output as one tensor: of a sequence of tensors of one shape each row has its parts behind one another.
fn stacked(bytes: Vec<u8>, output: &ValueInfoProto) -> Vec<u8> {
    let value = output.r#type.as_ref().and_then(|is| is.value.as_ref());
    if matches!(value, Some(type_proto::Value::TensorType(_))) {
        return bytes;
    }
    // What else there is, as optional values and maps, no model of ours gives.
    let Ok(Sequence { tensors }) = Sequence::decode(bytes.as_slice()) else { return bytes };
    let Some(first) = tensors.first().filter(|first| !first.raw_data.is_empty()) else { return bytes };
    let [rows, inner @ ..] = first.dims.as_slice() else { return bytes };
    let rows = usize::try_from(*rows).expect("a length is no less than zero");
    let dims = [rows, tensors.len()].map(|length| length as i64).into_iter().chain(inner.iter().copied());
    let row = |tensor: &TensorProto, row: usize| {
        let size = tensor.raw_data.len() / rows;
        tensor.raw_data[row * size..][..size].to_vec()
    };
    let raw_data = (0..rows).flat_map(|number| tensors.iter().flat_map(move |tensor| row(tensor, number)));
    TensorProto {
        name: output.name.clone(),
        data_type: first.data_type,
        dims: dims.collect(),
        raw_data: raw_data.collect(),
        ..TensorProto::default()
    }
    .encode_to_vec()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_model(path: &Path) -> ModelProto {
    ModelProto::decode(read(path).as_slice()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Makes every input but the first a constant of the graph.
fn bake(graph: &mut GraphProto, inputs: &mut Vec<Vec<u8>>) {
    let mut places: Vec<usize> = tensor::free_inputs(graph).collect();
    let values = if inputs.len() > 1 { inputs.split_off(1) } else { Vec::new() };
    for (place, value) in iter::zip(places.split_off(1.min(places.len())), values).rev() {
        let mut tensor = TensorProto::decode(value.as_slice()).expect("an input is a tensor");
        tensor.name = graph.input.remove(place).name;
        graph.initializer.push(tensor);
    }
}

/// The message, or the runtime's own words on the innermost cause.
fn words(error: &Error) -> String {
    let first = error.first();
    first.detail.as_deref().unwrap_or(&first.message).replace('\n', " ")
}

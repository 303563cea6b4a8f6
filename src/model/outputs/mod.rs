//! The columns of a prediction, made of the graph's outputs: the label of the best score, scores with their labels, and
//! the outputs as they are.

mod decode;
mod predicted;
mod scores;
mod threshold;

pub(super) use decode::OutputDecoder;
pub(crate) use predicted::{Predicted, positive_of};

use std::sync::Arc;

use arrow_array::{ArrayRef, UInt64Array};
use arrow_schema::ArrowError;

use super::graph_port::GraphPort;
use super::options::{ModelOptions, Softmax, Task};
use super::signature::Port;
use crate::boosters::PREDICTED;
use crate::data::{DataType, take};
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::onnx::{KnownLabels, Labels};
use threshold::Cut;

const PROBABILITIES: &str = "predicted_label_probs";

/// What scores are called whose own name a label or probabilities have.
const SCORES: &str = "scores";

/// All columns of a prediction.
#[derive(Debug, Clone)]
pub(super) struct Outputs {
    pub(super) ports: Vec<Port>,
    columns: Vec<OutputColumn>,
    /// The output whose scores become probabilities.
    softmax: Option<usize>,
}

/// How one column is made.
#[derive(Debug, Clone)]
enum OutputColumn {
    /// An output as it is.
    Output(usize),
    /// The label of the best score of an output.
    BestLabel { scores: usize, labels: Arc<Labels> },
    /// The second of two labels where its probability is above the threshold, else the first.
    CutLabel(Cut),
    /// Each score with its label.
    LabelledScores { scores: usize, labels: Arc<Labels> },
}

/// An output of the graph, and its number among them.
type Numbered<'a> = (usize, &'a GraphPort);

/// The outputs of a classifier.
struct Classifier<'a> {
    /// The label that the model gives itself, unless it is renamed.
    label: Option<Numbered<'a>>,
    /// A score for each class, or that of the second of two.
    scores: Option<Numbered<'a>>,
    labels: Option<Arc<Labels>>,
}

impl<'a> Classifier<'a> {
    fn of(
        outputs: &'a [GraphPort],
        known: &KnownLabels,
        given_labels: Option<&Arc<Labels>>,
        named_scores: Option<Numbered<'a>>,
    ) -> Self {
        let zipped = || (0..).zip(outputs).zip(&known.zipped).find(|(_, labels)| labels.is_some());
        let file_labels = || known.zipped.iter().flatten().next().or(known.classes.as_ref());
        let labels = given_labels.or_else(file_labels).cloned();
        let classes = labels.as_ref().map(|labels| labels.len());
        let scores = named_scores
            .or_else(|| zipped().map(|(output, _)| output))
            .filter(|(_, port)| holds_scores(port, classes))
            .or_else(|| pick_scores(outputs, classes));
        let is_label = |port: &GraphPort| match &labels {
            Some(labels) => port.data_type == labels.data_type(),
            None => matches!(port.data_type, DataType::String | DataType::Int64),
        };
        let label = only(outputs, is_label).filter(|_| given_labels.is_none());
        Self { label, scores, labels }
    }
}

impl OutputColumn {
    /// The output of the graph that it is made of.
    fn source(&self) -> usize {
        match self {
            Self::Output(output) => *output,
            Self::BestLabel { scores, .. } | Self::LabelledScores { scores, .. } => *scores,
            Self::CutLabel(cut) => cut.scores,
        }
    }
}

/// Checks that no output that is needed is one value for all of several `rows`.
///
/// # Errors
/// `model-failed`.
pub(super) fn check_shared(outputs: &[GraphPort], needed: &[bool], rows: usize) -> Result<()> {
    let shared = outputs.iter().zip(needed).find(|(port, is_needed)| port.is_shared && **is_needed);
    match shared {
        Some((port, _)) if rows > 1 => {
            let message = format!(
                "model output `{}` is one value for all rows together, no row has its own",
                port.name
            );
            Err(Error::new(Code::ModelFailed, message)
                .hint(format!("leave `{}` out of the SELECT list, or predict one row at a time", port.name)))
        }
        _ => Ok(()),
    }
}

impl Outputs {
    /// The output of the graph that a column is as it is.
    pub(super) fn plain(&self, column: usize) -> Option<usize> {
        match self.columns.get(column)? {
            OutputColumn::Output(number) if self.softmax != Some(*number) => Some(*number),
            _ => None,
        }
    }

    /// The column that an output of the graph is as it is.
    fn plain_column(&self, output: usize) -> Option<usize> {
        self.columns.iter().position(|it| matches!(it, OutputColumn::Output(of) if *of == output))
    }

    /// The columns that `options` ask for.
    ///
    /// # Errors
    /// `invalid-option` for options that do not fit the outputs.
    pub(super) fn new(outputs: &[GraphPort], known: &KnownLabels, options: &ModelOptions) -> Result<Self> {
        ensure(known.zipped.len() == outputs.len(), "what is known of the labels of each output")?;
        let mut columns = Self { ports: Vec::new(), columns: Vec::new(), softmax: None };
        let given_labels = options.labels.clone().map(Arc::new);
        let task = options.task.or(given_labels.is_some().then_some(Task::Classification));
        let mut scores = match &options.softmax {
            Some(Softmax::Output(name)) => Some(output_named(outputs, name)?),
            _ => None,
        };
        match task {
            Some(Task::Classification) => {
                scores = columns.add_classification(outputs, known, given_labels.as_ref(), scores)?;
            }
            Some(Task::Regression) => {
                let is_float = |port: &GraphPort| port.data_type == DataType::Float64;
                let (number, port) = only(outputs, is_float).ok_or_else(|| {
                    invalid("`task` is 'regression', but there is not one output of type FLOAT64", outputs)
                })?;
                columns.add_output(PREDICTED.into(), number, port);
            }
            None => {}
        }
        if options.softmax.is_some() {
            let is_list = |port: &GraphPort| port.data_type == DataType::array(DataType::Float64);
            let source = scores.or_else(|| only(outputs, is_list)).filter(|(_, port)| is_list(port));
            let (number, _) = source.ok_or_else(|| {
                invalid("`softmax` needs one output with several scores for each row", outputs)
            })?;
            columns.softmax = Some(number);
        }
        let front = columns.ports.len();
        for (port, zipped) in outputs.iter().enumerate().zip(&known.zipped) {
            // A label or probabilities in front replace an output of the same name, but for the scores that they are of.
            if columns.ports.iter().take(front).any(|other| other.name.eq_ignore_ascii_case(&port.1.name)) {
                let is_kept = columns.plain_column(port.0).is_some();
                if !is_kept && scores.is_some_and(|(number, _)| number == port.0) {
                    let is_free = outputs.iter().all(|other| !other.name.eq_ignore_ascii_case(SCORES));
                    let name = if is_free { SCORES.into() } else { format!("{}_{SCORES}", port.1.name) };
                    columns.add_output(name, port.0, port.1);
                }
                continue;
            }
            columns.add_graph_output(port, zipped.as_ref(), outputs, known, given_labels.as_ref());
        }
        Ok(columns)
    }

    /// Adds the label and the probabilities in front; gives the output with the scores.
    fn add_classification<'a>(
        &mut self,
        outputs: &'a [GraphPort],
        known: &KnownLabels,
        given_labels: Option<&Arc<Labels>>,
        named_scores: Option<Numbered<'a>>,
    ) -> Result<Option<Numbered<'a>>> {
        let Classifier { label, scores, labels } = Classifier::of(outputs, known, given_labels, named_scores);
        let classes = labels.as_ref().map(|labels| labels.len());
        let counted = || {
            let width = scores?.1.width()?;
            Some(Arc::new(Labels::Ints((0..).take(width.max(2)).collect())))
        };
        let labels = labels.or_else(|| counted().filter(|_| label.is_none()));
        match (label, scores, &labels) {
            (Some((number, port)), ..) => self.add_output(PREDICTED.into(), number, port),
            (None, Some(scores), Some(labels)) => self.add_best_label(scores, labels.clone()),
            _ => {
                let message = match classes {
                    Some(labels) => {
                        format!("there are {labels} labels, but not one output with a score for each")
                    }
                    None => "`task` is 'classification', but not one output has scores of classes".into(),
                };
                return Err(invalid(&message, outputs));
            }
        }
        if let (Some(scores), Some(labels)) = (scores, labels) {
            self.add_labelled_scores(PROBABILITIES.into(), scores, labels);
        }
        Ok(scores)
    }

    /// Adds an output of the graph; if a ZipMap made it, with a column of its scores and their labels in front.
    fn add_graph_output(
        &mut self,
        (number, port): Numbered<'_>,
        zipped: Option<&Arc<Labels>>,
        outputs: &[GraphPort],
        known: &KnownLabels,
        given_labels: Option<&Arc<Labels>>,
    ) {
        // ONNX tells names apart by their case, SQL does not.
        let earlier = outputs.iter().take(number).filter(|other| other.name.eq_ignore_ascii_case(&port.name));
        let mut name = match earlier.count() {
            0 => port.name.clone(),
            count => format!("{}_{count}", port.name),
        };
        // A file may put anything through its ZipMap.
        let holds_floats = port.data_type == DataType::Float64 || holds_scores(port, None);
        if let Some(labels) = zipped.filter(|_| holds_floats) {
            let plain_name = "probabilities";
            let is_free = known.zipped.iter().flatten().count() == 1
                && !outputs.iter().any(|other| other.name.eq_ignore_ascii_case(plain_name));
            self.add_labelled_scores(name.clone(), (number, port), given_labels.unwrap_or(labels).clone());
            name = if is_free { plain_name.into() } else { format!("{name}_values") };
        }
        self.add_output(name, number, port);
    }

    fn add_output(&mut self, name: String, number: usize, port: &GraphPort) {
        self.add(Port { name, ..Port::of(port) }, OutputColumn::Output(number));
    }

    fn add_best_label(&mut self, (scores, port): Numbered<'_>, labels: Arc<Labels>) {
        let shape = port.shape.iter().take(1).cloned().collect();
        let port = Port { name: PREDICTED.into(), data_type: labels.data_type(), shape, ..Port::of(port) };
        self.add(port, OutputColumn::BestLabel { scores, labels });
    }

    fn add_labelled_scores(&mut self, name: String, (scores, port): Numbered<'_>, labels: Arc<Labels>) {
        let data_type = DataType::array(scores::pair_type(&labels));
        let port = Port { name, data_type, ..Port::of(port) };
        self.add(port, OutputColumn::LabelledScores { scores, labels });
    }

    fn add(&mut self, port: Port, column: OutputColumn) {
        self.ports.push(port);
        self.columns.push(column);
    }

    /// For each of `count` outputs of the graph, whether it is needed for the columns `wanted`.
    ///
    /// # Errors
    /// `internal` for a column that there is not.
    pub(super) fn needed(&self, wanted: &[usize], count: usize) -> Result<Vec<bool>> {
        let mut needed = vec![false; count];
        for column in wanted {
            let column = self.columns.get(*column).invariant("a column of the prediction")?;
            *needed.get_mut(column.source()).invariant("an output of the graph")? = true;
        }
        Ok(needed)
    }

    /// The columns `wanted` of the graph's `outputs`; `positions` has for every row its position in them, and NULL for
    /// rows that were left out.
    pub(super) fn columns(
        &self,
        mut outputs: Vec<Option<ArrayRef>>,
        wanted: &[usize],
        positions: Option<&UInt64Array>,
    ) -> Result<Vec<ArrayRef>> {
        if let Some(scores) = self.softmax {
            let scores = outputs.get_mut(scores).invariant("an output of the graph")?;
            *scores = scores.as_ref().map(scores::softmax).transpose()?;
        }
        let output = |number: usize| {
            outputs
                .get(number)
                .and_then(Option::as_ref)
                .invariant("an output of the model that was asked for")
        };
        let column = |column: &usize| -> Result<ArrayRef> {
            let column = match self.columns.get(*column).invariant("a column of the prediction")? {
                OutputColumn::Output(number) => output(*number)?.clone(),
                OutputColumn::BestLabel { scores, labels } => scores::best_labels(output(*scores)?, labels)?,
                OutputColumn::CutLabel(cut) => cut.labels(output(cut.scores)?)?,
                OutputColumn::LabelledScores { scores, labels } => {
                    scores::labelled(output(*scores)?, labels)?
                }
            };
            match positions {
                Some(positions) => take(&column, positions),
                None => Ok(column),
            }
        };
        wanted.iter().map(column).collect()
    }
}

/// The output of that name.
fn output_named<'a>(outputs: &'a [GraphPort], name: &str) -> Result<Numbered<'a>> {
    let found = outputs.iter().enumerate().find(|(_, port)| port.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let names = || outputs.iter().map(|port| port.name.as_str());
        Error::new(Code::InvalidOption, format!("`softmax` names `{name}`, which is no output"))
            .did_you_mean(name, names())
            .or_list("the outputs are", names())
    })
}

/// The only output of a kind.
fn only(outputs: &[GraphPort], is_kind: impl Fn(&GraphPort) -> bool) -> Option<Numbered<'_>> {
    let mut found = outputs.iter().enumerate().filter(|(_, port)| is_kind(port));
    found.next().filter(|_| found.next().is_none())
}

/// Whether an output can be one score for each of `classes`: of two classes, the score of the second one will do.
fn holds_scores(port: &GraphPort, classes: Option<usize>) -> bool {
    match &port.data_type {
        DataType::Float64 => classes == Some(2),
        DataType::Array(element) if **element == DataType::Float64 => {
            let width = port.width();
            width.is_none() || classes.is_none() || width == classes
        }
        _ => false,
    }
}

/// The output with the scores: the only one that can hold them, or the only one of these whose name says so.
fn pick_scores(outputs: &[GraphPort], classes: Option<usize>) -> Option<Numbered<'_>> {
    let fits = |port: &GraphPort| holds_scores(port, classes);
    let is_called = |word: &'static str| {
        move |port: &GraphPort| fits(port) && port.name.to_ascii_lowercase().contains(word)
    };
    let words = ["prob", "score", "logit"];
    only(outputs, fits).or_else(|| words.into_iter().find_map(|word| only(outputs, is_called(word))))
}

fn invalid(message: &str, outputs: &[GraphPort]) -> Error {
    let list: Vec<_> = outputs.iter().map(|port| format!("`{}` {}", port.name, port.data_type)).collect();
    Error::new(Code::InvalidOption, message).hint(format!("the outputs are {}", list.join(", ")))
}

#[cold]
fn broken(error: ArrowError) -> Error {
    Error::internal("the model's outputs do not fit together").detail(error)
}

//! What a prediction answers, made of the graph's outputs: probabilities of scores, labels of probabilities, labels and
//! probabilities side by side. The rest of the outputs pass as they are.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, ListArray, StructArray, UInt64Array};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType as Arrow};
use arrow_select::take::take;

use super::options::{ModelOptions, Softmax, Task};
use super::signature::{Port, Slot};
use crate::boosters::PREDICTED;
use crate::data::{DataType, StructField};
use crate::diag::{Code, Error, Result, nearest};
use crate::onnx::{Dim, KnownLabels, Labels};

const PROBABILITIES: &str = "predicted_label_probs";

/// All columns of the answer.
#[derive(Debug)]
pub(super) struct Outputs {
    pub(super) ports: Vec<Port>,
    columns: Vec<Column>,
    /// The output whose scores become probabilities.
    softmax: Option<usize>,
}

/// How one column is made.
#[derive(Debug)]
enum Column {
    /// An output as it is.
    Output(usize),
    /// The label of the best score of an output.
    Best { scores: usize, labels: Arc<Labels> },
    /// Each score with its label.
    Pairs { scores: usize, labels: Arc<Labels> },
}

impl Outputs {
    /// The answer that `options` ask for.
    ///
    /// # Errors
    /// `invalid-option` for options that do not fit the outputs.
    pub(super) fn new(outputs: &[Slot], known: &KnownLabels, options: &ModelOptions) -> Result<Self> {
        let mut answers = Self { ports: Vec::new(), columns: Vec::new(), softmax: None };
        let said = options.labels.clone().map(Arc::new);
        let task = options.task.or(said.is_some().then_some(Task::Classification));
        let named = match &options.softmax {
            Some(Softmax::Output(name)) => Some(output_named(outputs, name)?),
            _ => None,
        };
        let mut scores = named;
        match task {
            Some(Task::Classification) => {
                scores = answers.classification(outputs, known, said.as_ref(), named)?
            }
            Some(Task::Regression) => {
                let at = only(outputs, |slot| slot.data_type == DataType::Float64).ok_or_else(|| {
                    invalid("`task` is 'regression', but there is not one output of type FLOAT64", outputs)
                })?;
                answers.push(PREDICTED.into(), DataType::Float64, outputs.get(at), Column::Output(at));
            }
            None => {}
        }
        if options.softmax.is_some() {
            let floats = DataType::array(DataType::Float64);
            let at = scores.or_else(|| only(outputs, |slot| slot.data_type == floats));
            let is_list = |at: &usize| outputs.get(*at).is_some_and(|slot| slot.data_type == floats);
            answers.softmax = Some(at.filter(is_list).ok_or_else(|| {
                invalid("`softmax` needs one output with several scores for each row", outputs)
            })?);
        }
        for (at, slot) in outputs.iter().enumerate() {
            answers.output(at, slot, outputs, known, said.as_ref());
        }
        Ok(answers)
    }

    /// Adds the label and the probabilities in front; gives the output with the scores.
    fn classification(
        &mut self,
        outputs: &[Slot],
        known: &KnownLabels,
        said: Option<&Arc<Labels>>,
        named: Option<usize>,
    ) -> Result<Option<usize>> {
        let zipped = || known.zipped.iter().position(Option::is_some);
        let own = || known.zipped.iter().flatten().next().or(known.classes.as_ref());
        let labels = said.or_else(own).cloned();
        let wanted = labels.as_ref().map(|labels| labels.len());
        let scores = match named.or_else(zipped) {
            Some(at) if outputs.get(at).is_some_and(|slot| holds_scores(slot, wanted)) => Some(at),
            _ => pick_scores(outputs, wanted),
        };
        // A model that says its label itself is right about it, unless its labels get other names.
        let label = |slot: &Slot| match &labels {
            Some(labels) => slot.data_type == labels.data_type(),
            None => matches!(slot.data_type, DataType::String | DataType::Int64),
        };
        let label = only(outputs, label).filter(|_| said.is_none());
        let counted = || -> Option<Arc<Labels>> {
            let width =
                outputs.get(scores?)?.row_shape().iter().map(Dim::fixed).product::<Option<usize>>()?;
            Some(Arc::new(Labels::Ints((0..).take(width.max(2)).collect())))
        };
        let labels = labels.or_else(|| counted().filter(|_| label.is_none()));
        match (label, scores, &labels) {
            (Some(at), ..) => {
                let slot = outputs.get(at);
                let data_type = slot.map_or(DataType::String, |slot| slot.data_type.clone());
                self.push(PREDICTED.into(), data_type, slot, Column::Output(at));
            }
            (None, Some(scores), Some(labels)) => {
                let column = Column::Best { scores, labels: labels.clone() };
                self.push(PREDICTED.into(), labels.data_type(), outputs.get(scores), column);
            }
            _ => {
                let message = match wanted {
                    Some(labels) => {
                        format!("there are {labels} labels, but not one output with a score for each")
                    }
                    None => "`task` is 'classification', but not one output has scores of classes".into(),
                };
                return Err(invalid(&message, outputs));
            }
        }
        if let (Some(scores), Some(labels)) = (scores, labels) {
            self.pairs(PROBABILITIES.into(), scores, outputs.get(scores), labels);
        }
        Ok(scores)
    }

    /// Adds an output; with labels and scores side by side in front, where a ZipMap made it.
    fn output(
        &mut self,
        at: usize,
        slot: &Slot,
        outputs: &[Slot],
        known: &KnownLabels,
        said: Option<&Arc<Labels>>,
    ) {
        // Labels and probabilities in front take the place of outputs that have their names.
        if self.ports.iter().any(|port| port.name.eq_ignore_ascii_case(&slot.name)) {
            return;
        }
        let mut name = slot.name.clone();
        if let Some(Some(labels)) = known.zipped.get(at) {
            let plain = "probabilities";
            let alone = known.zipped.iter().flatten().count() == 1
                && !outputs.iter().any(|other| other.name.eq_ignore_ascii_case(plain));
            self.pairs(name.clone(), at, Some(slot), said.unwrap_or(labels).clone());
            name = if alone { plain.into() } else { format!("{name}_values") };
        }
        self.push(name, slot.data_type.clone(), Some(slot), Column::Output(at));
    }

    fn pairs(&mut self, name: String, scores: usize, slot: Option<&Slot>, labels: Arc<Labels>) {
        let field = |name: &str, data_type| StructField { name: name.into(), data_type };
        let pair =
            DataType::Struct(vec![field("label", labels.data_type()), field("prob", DataType::Float64)]);
        self.push(name, DataType::array(pair), slot, Column::Pairs { scores, labels });
    }

    fn push(&mut self, name: String, data_type: DataType, slot: Option<&Slot>, column: Column) {
        let shape = slot.map(|slot| match column {
            Column::Best { .. } => slot.shape.iter().take(1).cloned().collect(),
            _ => slot.shape.clone(),
        });
        self.ports.push(Port { name, data_type, shape: shape.unwrap_or_default(), required: true });
        self.columns.push(column);
    }

    /// Whether output `at` of the graph is needed for the columns `wanted`.
    pub(super) fn needs(&self, wanted: &[usize], at: usize) -> bool {
        wanted.iter().filter_map(|column| self.columns.get(*column)).any(|column| match column {
            Column::Output(output)
            | Column::Best { scores: output, .. }
            | Column::Pairs { scores: output, .. } => *output == at,
        })
    }

    /// The columns `wanted` of the graph's `outputs`; `places` has for every row its place in them, and NULL for rows
    /// that were left out.
    pub(super) fn columns(
        &self,
        mut outputs: Vec<Option<ArrayRef>>,
        wanted: &[usize],
        places: Option<&UInt64Array>,
    ) -> Result<Vec<ArrayRef>> {
        let missing = || Error::new(Code::Internal, "the model left an output out");
        if let Some(Some(scores)) = self.softmax.and_then(|at| outputs.get_mut(at)) {
            *scores = softmax(scores).map_err(broken)?;
        }
        let output = |at: &usize| outputs.get(*at).and_then(Option::as_ref).ok_or_else(missing);
        let column = |column: &usize| -> Result<ArrayRef> {
            let column = match self.columns.get(*column).ok_or_else(missing)? {
                Column::Output(at) => output(at)?.clone(),
                Column::Best { scores, labels } => best(output(scores)?, labels),
                Column::Pairs { scores, labels } => pairs(output(scores)?, labels).map_err(broken)?,
            };
            match places {
                Some(places) => take(&column, places, None).map_err(broken),
                None => Ok(column),
            }
        };
        wanted.iter().map(column).collect()
    }
}

/// The output of that name.
fn output_named(outputs: &[Slot], name: &str) -> Result<usize> {
    let names = outputs.iter().map(|slot| slot.name.as_str());
    names.clone().position(|it| it.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let error = Error::new(Code::InvalidOption, format!("`softmax` names `{name}`, which is no output"));
        match nearest(name, names.clone()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("the outputs are {}", names.collect::<Vec<_>>().join(", "))),
        }
    })
}

/// The only output of a kind.
fn only(outputs: &[Slot], kind: impl Fn(&Slot) -> bool) -> Option<usize> {
    let mut places = (0..).zip(outputs).filter(|(_, slot)| kind(slot)).map(|(at, _)| at);
    places.next().filter(|_| places.next().is_none())
}

/// Whether an output can be one score for each of `classes`: of two classes, the score of the second one will do.
fn holds_scores(slot: &Slot, classes: Option<usize>) -> bool {
    match &slot.data_type {
        DataType::Float64 => classes == Some(2),
        DataType::Array(element) if **element == DataType::Float64 => {
            let width = slot.row_shape().iter().map(Dim::fixed).product::<Option<usize>>();
            width.is_none() || classes.is_none() || width == classes
        }
        _ => false,
    }
}

/// The output with the scores: the only one that can have them, or the only one that is called so.
fn pick_scores(outputs: &[Slot], classes: Option<usize>) -> Option<usize> {
    let fits = |slot: &Slot| holds_scores(slot, classes);
    let called =
        |word: &'static str| move |slot: &Slot| fits(slot) && slot.name.to_ascii_lowercase().contains(word);
    let words = ["prob", "score", "logit"];
    only(outputs, fits).or_else(|| words.into_iter().find_map(|word| only(outputs, called(word))))
}

fn invalid(message: &str, outputs: &[Slot]) -> Error {
    let list: Vec<_> = outputs.iter().map(|slot| format!("`{}` {}", slot.name, slot.data_type)).collect();
    Error::new(Code::InvalidOption, message).hint(format!("the outputs are {}", list.join(", ")))
}

/// The scores of all rows one after the other, and where the rows end. One score of two is the second one's.
fn rows_of(scores: &ArrayRef) -> (Vec<i32>, ArrayRef) {
    if let Some(lists) = scores.as_list_opt::<i32>() {
        return (lists.value_offsets().to_vec(), lists.values().clone());
    }
    let second = scores.as_primitive_opt::<Float64Type>().map(|scores| scores.values().as_ref());
    let both = second.unwrap_or_default().iter().flat_map(|second| [1.0 - second, *second]);
    let both = Float64Array::from(both.collect::<Vec<f64>>());
    let ends = (0..).step_by(2).take(both.len() / 2 + 1).collect();
    (ends, Arc::new(both))
}

fn range(ends: &[i32]) -> std::ops::Range<usize> {
    let place = |end: Option<&i32>| end.and_then(|end| usize::try_from(*end).ok()).unwrap_or_default();
    place(ends.first())..place(ends.get(1))
}

/// The label of each row's best score, the first one of several.
fn best(scores: &ArrayRef, labels: &Labels) -> ArrayRef {
    let (ends, values) = rows_of(scores);
    let values =
        values.as_primitive_opt::<Float64Type>().map(|values| values.values().as_ref()).unwrap_or_default();
    labels.column(ends.windows(2).map(|ends| {
        let row = values.get(range(ends)).unwrap_or_default();
        let mut best = (0, f64::NEG_INFINITY);
        for (place, score) in row.iter().enumerate() {
            if *score > best.1 {
                best = (place, *score);
            }
        }
        best.0
    }))
}

fn pairs(scores: &ArrayRef, labels: &Labels) -> Result<ArrayRef, ArrowError> {
    let (ends, values) = rows_of(scores);
    let places = ends.windows(2).flat_map(|ends| 0..range(ends).len());
    let labels_column = labels.column(places);
    let pair = DataType::Struct(vec![
        StructField { name: "label".into(), data_type: labels.data_type() },
        StructField { name: "prob".into(), data_type: DataType::Float64 },
    ]);
    let Arrow::Struct(fields) = pair.storage() else { return Ok(values) };
    let Arrow::List(item) = DataType::array(pair).storage() else { return Ok(values) };
    let pairs = StructArray::try_new(fields, vec![labels_column, values], None)?;
    let lists = ListArray::try_new(item, OffsetBuffer::new(ScalarBuffer::from(ends)), Arc::new(pairs), None)?;
    Ok(Arc::new(lists))
}

/// Each row's scores as probabilities.
fn softmax(scores: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let Some(lists) = scores.as_list_opt::<i32>() else { return Ok(scores.clone()) };
    let mut values = lists.values().as_primitive::<Float64Type>().values().to_vec();
    for ends in lists.value_offsets().windows(2) {
        let row = values.get_mut(range(ends)).unwrap_or_default();
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter_mut().for_each(|score| *score = (*score - largest).exp());
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|score| *score /= sum);
    }
    let Arrow::List(item) = lists.data_type() else { return Ok(scores.clone()) };
    let values = Arc::new(Float64Array::from(values));
    let lists = ListArray::try_new(item.clone(), lists.offsets().clone(), values, lists.nulls().cloned())?;
    Ok(Arc::new(lists))
}

#[cold]
fn broken(error: ArrowError) -> Error {
    Error::new(Code::Internal, "the model's outputs do not fit together").detail(error)
}

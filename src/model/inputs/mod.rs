//! How columns feed the inputs of the graph: one column each, or several packed into one input; what becomes of their
//! NULLs; and the tensors that are made of them.

mod binding;
mod encode;
mod nulls;
mod picture;
mod texts;

pub(super) use encode::InputEncoder;
pub(crate) use texts::Tokens;
pub(super) use texts::{PAIR, Run, TEXT, Texts};

use std::ops::Range;

use arrow_array::{ArrayRef, UInt64Array};

use super::graph_port::GraphPort;
use super::options::ModelOptions;
use super::signature::Port;
use crate::data::{DataType, scalar_at, take};
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::onnx::Origin;
use binding::InputBinding;
use nulls::{NullPolicy, RowNumbers};

/// How much of a row an error shows.
const SHOWN_COLUMNS: usize = 4;
const SHOWN_CHARS: usize = 60;

/// All inputs of the graph, and the columns that feed them.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    bindings: Vec<InputBinding>,
    pub(super) ports: Vec<Port>,
    /// One for each of the ports.
    policies: Vec<NullPolicy>,
}

/// The rows that are predicted, without NULLs.
pub(in crate::model) struct InputRows {
    columns: Vec<Option<ArrayRef>>,
    numbers: RowNumbers,
    /// For every row that was given its position among those that are predicted, NULL for one that is left out;
    /// `None` where all are predicted.
    pub(super) positions: Option<UInt64Array>,
    pub(super) count: usize,
}

impl Inputs {
    /// The inputs `ports` of the graph, fed as `options` say.
    ///
    /// # Errors
    /// `invalid-option` for options that do not fit the inputs.
    pub(super) fn new(ports: &[GraphPort], options: &ModelOptions) -> Result<Self> {
        binding::check_names(ports, options)?;
        let mut inputs = Self { bindings: Vec::new(), ports: Vec::new(), policies: Vec::new() };
        let is_only = ports.iter().filter(|port| !port.has_default).count() == 1;
        for graph_port in ports {
            let (binding, columns) = InputBinding::new(graph_port, inputs.ports.len(), is_only, options)?;
            for column in &columns {
                inputs.policies.push(NullPolicy::of(column, graph_port, options)?);
            }
            inputs.bindings.push(binding);
            inputs.ports.extend(columns);
        }
        Ok(inputs)
    }

    /// The columns that feed the input `name` of the graph, among those of all inputs.
    pub(super) fn columns_of(&self, name: &str) -> Option<Range<usize>> {
        let binding = self.bindings.iter().find(|binding| binding.port.name == name)?;
        Some(binding.columns.clone())
    }

    /// What becomes of NULL in each column, in words; `None` where it is an error.
    pub(super) fn null_words(&self) -> impl Iterator<Item = Option<String>> + '_ {
        let columns = self.bindings.iter().flat_map(|binding| binding.columns.clone().map(|_| &binding.port));
        columns.zip(&self.policies).map(|(port, policy)| policy.words(port))
    }

    /// Checks that `columns` are those of the ports, and deals with their NULLs. `first_row` is the number of rows that
    /// the query has had before.
    ///
    /// # Errors
    /// `missing-input`, `null-input`.
    pub(super) fn rows(
        &self,
        columns: &[Option<ArrayRef>],
        rows: usize,
        first_row: usize,
    ) -> Result<InputRows> {
        ensure(columns.len() == self.ports.len(), "expected a column for each input of the model")?;
        let mut left_out = vec![false; rows];
        let numbers = RowNumbers { first: first_row, kept: None };
        let mut filled = Vec::with_capacity(columns.len());
        for ((port, policy), column) in self.ports.iter().zip(&self.policies).zip(columns) {
            if let Some(column) = checked(port, column.as_ref(), rows)? {
                filled.push(Some(policy.apply(port, column, &numbers, &mut left_out)?));
            } else {
                filled.push(None);
            }
        }
        if !left_out.contains(&true) {
            return Ok(InputRows { columns: filled, numbers, positions: None, count: rows });
        }
        let kept: UInt64Array =
            (0..).zip(&left_out).filter(|(_, is_out)| !**is_out).map(|(row, _)| row).collect();
        let mut next = 0..;
        let positions = left_out.iter().map(|is_out| if *is_out { None } else { next.next() }).collect();
        let columns = filled
            .into_iter()
            .map(|column| column.map(|column| take(&column, &kept)).transpose())
            .collect::<Result<_>>()?;
        let count = kept.len();
        let numbers = RowNumbers { first: first_row, kept: Some(kept) };
        Ok(InputRows { columns, numbers, positions: Some(positions), count })
    }

    /// What feeds the place that `origin` names, in words.
    pub(super) fn column(&self, Origin { input, position }: &Origin) -> Option<String> {
        let binding = self.bindings.iter().find(|binding| binding.port.name == *input)?;
        let columns = self.ports.get(binding.columns.clone())?;
        Some(match (columns, position) {
            ([column], Some(position)) if matches!(column.data_type, DataType::Array(_)) => {
                format!("element {position} of `{}`", column.name)
            }
            ([column], _) => format!("`{}`", column.name),
            (columns, Some(position)) => format!("`{}`", columns.get(*position)?.name),
            (_, None) => return None,
        })
    }

    /// The inputs with a value of their own that `rows` have columns for.
    pub(super) fn given(&self, rows: &InputRows) -> Vec<String> {
        let is_given = |binding: &&InputBinding| {
            binding.port.has_default && rows.columns(&binding.columns).iter().any(Option::is_some)
        };
        self.bindings.iter().filter(is_given).map(|binding| binding.port.name.clone()).collect()
    }

    /// What row `row` of `rows` holds, in words: "`x` is 7".
    pub(super) fn words(&self, rows: &InputRows, row: usize) -> String {
        let given =
            self.ports.iter().zip(&rows.columns).filter_map(|(port, column)| Some((port, column.as_ref()?)));
        let mut words: Vec<String> = given
            .filter_map(|(port, column)| {
                let value = scalar_at(column, &port.data_type, row).ok()?.to_string();
                let is_long = value.chars().nth(SHOWN_CHARS).is_some();
                let start: String = value.chars().take(SHOWN_CHARS).collect();
                Some(format!("`{}` is {start}{}", port.name, if is_long { "…" } else { "" }))
            })
            .collect();
        if words.len() > SHOWN_COLUMNS {
            words.truncate(SHOWN_COLUMNS);
            words.push("…".into());
        }
        words.join(", ")
    }

    /// What makes the tensors of `rows`, for each of `inputs`, those of the graph.
    pub(super) fn encoders<'a>(
        &'a self,
        rows: &'a InputRows,
        inputs: &[GraphPort],
    ) -> Result<Vec<InputEncoder<'a>>> {
        inputs
            .iter()
            .map(|input| {
                let binding = self.bindings.iter().find(|binding| binding.port.name == input.name);
                let binding = binding.invariant("a binding for each input of the graph")?;
                InputEncoder::new(binding, rows.columns(&binding.columns), &rows.numbers, rows.count)
            })
            .collect()
    }
}

impl InputRows {
    /// `error` of a run that began with row `start` of these: the row that it names becomes one of those that were given.
    pub(super) fn named(&self, mut error: Error, start: usize) -> Error {
        match error.take_row() {
            Some(row) => error.in_row(self.numbers.given(start + row)),
            None => error,
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "there is a column for each port, and bindings count the ports"
    )]
    fn columns(&self, range: &Range<usize>) -> &[Option<ArrayRef>] {
        &self.columns[range.clone()]
    }
}

/// The column for `port`; `None` where none was given and none is needed.
fn checked<'a>(port: &Port, column: Option<&'a ArrayRef>, rows: usize) -> Result<Option<&'a ArrayRef>> {
    let Some(column) = column else {
        if port.required {
            let message = format!("the model needs input `{}`", port.name);
            return Err(Error::new(Code::MissingInput, message));
        }
        return Ok(None);
    };
    let is_form = *column.data_type() == port.data_type.storage()
        || port.forms().iter().any(|form| *column.data_type() == form.storage());
    if !is_form || column.len() != rows {
        return Err(Error::internal("a model input has not the layout of its type").detail(format!(
            "`{}` is {rows} rows of {} and came as {} of {}",
            port.name,
            port.data_type,
            column.len(),
            column.data_type()
        )));
    }
    Ok(Some(column))
}

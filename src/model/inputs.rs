//! How columns become the inputs of the graph: a column each, or several packed into one input; and what becomes of
//! their NULLs.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, UInt64Array};
use arrow_schema::ArrowError;
use arrow_select::{concat::concat, take::take};

use super::options::{ModelOptions, NullHandling, PerInput};
use super::picture::Picture;
use super::signature::{Port, Slot, scalar_type};
use crate::data::{CastMode, DataType, Scalar, array_of, cast};
use crate::diag::{Code, Error, Result, nearest};
use crate::onnx::Dim;

/// How one input of the graph is fed.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) slot: Slot,
    /// Whether several columns make it up, or one that was named for it.
    pub(super) packed: bool,
    pub(super) picture: Option<Picture>,
    columns: Range<usize>,
}

/// All inputs of the graph, and the columns that feed them.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) feeds: Vec<Feed>,
    pub(super) ports: Vec<Port>,
    /// For each port.
    nulls: Vec<OnNull>,
}

/// What becomes of a NULL in a column.
#[derive(Debug)]
enum OnNull {
    Refuse,
    /// Its row is left out of the prediction.
    LeaveOut,
    /// This value takes its place; a column of one row.
    Fill(ArrayRef),
}

/// Columns without NULLs.
pub(super) struct Prepared {
    pub(super) columns: Vec<Option<ArrayRef>>,
    pub(super) numbers: RowNumbers,
    /// For every row its place among those that are predicted; `None` where all are.
    pub(super) places: Option<UInt64Array>,
    pub(super) rows: usize,
}

/// The numbers by which errors name rows.
pub(super) struct RowNumbers {
    first: usize,
    kept: Option<UInt64Array>,
}

impl RowNumbers {
    /// The number of row `row` of those that are predicted, from 1.
    pub(super) fn of(&self, row: usize) -> usize {
        let kept = self.kept.as_ref().and_then(|kept| kept.values().get(row)).copied();
        self.first + kept.and_then(|row| usize::try_from(row).ok()).unwrap_or(row) + 1
    }
}

impl Feed {
    /// Its columns of all `columns`.
    pub(super) fn columns<'a>(&self, columns: &'a [Option<ArrayRef>]) -> &'a [Option<ArrayRef>] {
        columns.get(self.columns.clone()).unwrap_or_default()
    }
}

impl Inputs {
    /// The inputs `slots`, fed as `options` say.
    ///
    /// # Errors
    /// `invalid-option` for options that do not fit the inputs.
    pub(super) fn new(slots: &[Slot], options: &ModelOptions) -> Result<Self> {
        check_names(slots, options)?;
        let mut feeds = Self { feeds: Vec::new(), ports: Vec::new(), nulls: Vec::new() };
        for slot in slots {
            let first = feeds.ports.len();
            let picture = Picture::of(slot, options)?;
            let packed = match &options.columns {
                // A plain list is for the one input that has room for it.
                Some(PerInput::All(_)) if !slot.required && slots.len() > 1 => None,
                Some(columns) => columns.of(&slot.name),
                None => None,
            };
            match packed {
                Some(names) => {
                    check_length(slot, names.len())?;
                    feeds.ports.extend(names.iter().map(|name| Port {
                        name: name.clone(),
                        data_type: scalar_type(slot.element),
                        shape: slot.shape.iter().take(1).cloned().collect(),
                        required: slot.required,
                    }));
                }
                None => {
                    let mut port = Port::of(slot);
                    if let Some(picture) = &picture {
                        let row = picture.as_given(slot.row_shape());
                        port.shape.truncate(port.shape.len() - row.len());
                        port.shape.extend(row);
                    }
                    feeds.ports.push(port);
                }
            }
            for port in feeds.ports.get(first..).unwrap_or_default() {
                feeds.nulls.push(OnNull::of(port, slot, options)?);
            }
            let columns = first..feeds.ports.len();
            feeds.feeds.push(Feed { slot: slot.clone(), packed: packed.is_some(), picture, columns });
        }
        Ok(feeds)
    }

    /// Checks that `columns` are those of the ports, and deals with their NULLs.
    ///
    /// # Errors
    /// `missing-input`, `null-input`.
    pub(super) fn prepare(
        &self,
        columns: &[Option<ArrayRef>],
        rows: usize,
        first_row: usize,
    ) -> Result<Prepared> {
        if columns.len() != self.ports.len() {
            return Err(Error::new(Code::Internal, "expected a column for each input of the model"));
        }
        let mut left_out = vec![false; rows];
        let numbers = RowNumbers { first: first_row, kept: None };
        let mut prepared = Vec::with_capacity(columns.len());
        for ((port, on_null), column) in self.ports.iter().zip(&self.nulls).zip(columns) {
            let Some(column) = column else {
                if port.required {
                    return Err(Error::new(
                        Code::MissingInput,
                        format!("the model needs input `{}`", port.name),
                    ));
                }
                prepared.push(None);
                continue;
            };
            if *column.data_type() != port.data_type.storage() {
                return Err(Error::new(Code::Internal, "a model input has not the layout of its type")
                    .detail(format!(
                        "`{}` is {} and came as {}",
                        port.name,
                        port.data_type,
                        column.data_type()
                    )));
            }
            let column = match on_null {
                OnNull::Fill(value) => filled(column, value).map_err(broken)?,
                _ => column.clone(),
            };
            for row in rows_with_null(&column) {
                match (on_null, left_out.get_mut(row)) {
                    (OnNull::LeaveOut, Some(left_out)) => *left_out = true,
                    _ => return Err(null(port, numbers.of(row), column.is_null(row))),
                }
            }
            prepared.push(Some(column));
        }
        if !left_out.contains(&true) {
            return Ok(Prepared { columns: prepared, numbers, places: None, rows });
        }
        let kept: UInt64Array = (0..).zip(&left_out).filter(|(_, out)| !**out).map(|(row, _)| row).collect();
        let mut next = 0..;
        let places = left_out.iter().map(|out| if *out { None } else { next.next() }).collect();
        let columns = prepared
            .into_iter()
            .map(|column| column.map(|column| take(&column, &kept, None)).transpose())
            .collect::<Result<_, _>>()
            .map_err(broken)?;
        let rows = kept.len();
        let numbers = RowNumbers { first: first_row, kept: Some(kept) };
        Ok(Prepared { columns, numbers, places: Some(places), rows })
    }
}

impl OnNull {
    fn of(port: &Port, slot: &Slot, options: &ModelOptions) -> Result<Self> {
        let scalar = scalar_type(slot.element);
        let fills = matches!(port.data_type, DataType::Array(_)) || port.data_type == scalar;
        if let Some(value) = options.default_on_null.as_ref().filter(|_| fills)
            && let Some(value) = value.of(&port.name)
        {
            let from = value.data_type().unwrap_or(DataType::Int64);
            let column = array_of(std::slice::from_ref(value), &from)
                .and_then(|column| cast(&column, &from, &scalar, CastMode::Strict));
            return column.map(Self::Fill).map_err(|_| {
                let message =
                    format!("`default_on_null` is {value} for input `{}`, expected {scalar}", port.name);
                Error::new(Code::InvalidOption, message)
            });
        }
        Ok(match options.nulls.unwrap_or(NullHandling::Refuse) {
            NullHandling::Null => Self::LeaveOut,
            NullHandling::Nan if fills && scalar == DataType::Float64 => {
                Self::Fill(array_of(&[Scalar::Float64(f64::NAN)], &scalar)?)
            }
            _ => Self::Refuse,
        })
    }
}

/// Names in options must be those of inputs.
fn check_names(slots: &[Slot], options: &ModelOptions) -> Result<()> {
    let inputs = || slots.iter().map(|slot| slot.name.as_str());
    let unknown = |option: &str, name: &str, known: Vec<&str>| {
        let error = Error::new(Code::InvalidOption, format!("`{option}` names `{name}`, which is no input"));
        match nearest(name, known.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("the inputs are {}", known.join(", "))),
        }
    };
    let among = |names: &[&str], name: &str| names.iter().any(|it| it.eq_ignore_ascii_case(name));
    let mut columns: Vec<&str> = inputs().collect();
    match &options.columns {
        Some(PerInput::All(_)) if slots.iter().filter(|slot| slot.required).count() > 1 => {
            let example = inputs().next().unwrap_or_default();
            return Err(Error::new(
                Code::InvalidOption,
                "`input_columns` is one list, the model has several inputs",
            )
            .hint(format!("name them: input_columns = STRUCT(['a', 'b'] AS `{example}`, …)")));
        }
        Some(PerInput::All(names)) => columns = names.iter().map(String::as_str).collect(),
        Some(named) => {
            if let Some(name) = named.names().find(|name| !among(&columns, name)) {
                return Err(unknown("input_columns", name, columns));
            }
            columns.retain(|input| named.of(input).is_none());
            columns.extend(inputs().filter_map(|input| named.of(input)).flatten().map(String::as_str));
        }
        None => {}
    }
    let defaults =
        options.default_on_null.iter().flat_map(PerInput::names).find(|name| !among(&columns, name));
    defaults.map_or(Ok(()), |name| Err(unknown("default_on_null", name, columns.clone())))
}

/// So many values must make up a row of `slot`.
fn check_length(slot: &Slot, length: usize) -> Result<()> {
    let dims = slot.row_shape();
    let fixed: usize = dims.iter().filter_map(Dim::fixed).product();
    let free = dims.iter().filter(|dim| dim.fixed().is_none()).count();
    let fits =
        if free == 0 { fixed == length } else { free == 1 && fixed > 0 && length.is_multiple_of(fixed) };
    if fits {
        return Ok(());
    }
    let shape: Vec<_> = slot.shape.iter().map(Dim::to_string).collect();
    let message = format!(
        "`input_columns` has {length} columns for input `{}` of shape [{}]",
        slot.name,
        shape.join(", ")
    );
    Err(Error::new(Code::InvalidOption, message))
}

/// `column` with `value`, a column of one row, in place of its NULLs, or of those in its lists.
fn filled(column: &ArrayRef, value: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if let Some(lists) = column.as_list_opt::<i32>() {
        let arrow_schema::DataType::List(field) = lists.data_type() else { return Ok(column.clone()) };
        let values = filled(lists.values(), value)?;
        let lists =
            ListArray::try_new(field.clone(), lists.offsets().clone(), values, lists.nulls().cloned())?;
        return Ok(std::sync::Arc::new(lists));
    }
    let Some(nulls) = column.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Ok(column.clone());
    };
    let last = column.len() as u64;
    let places: UInt64Array =
        (0..).zip(nulls).map(|(row, valid)| Some(if valid { row } else { last })).collect();
    take(&concat(&[column, value])?, &places, None)
}

/// The rows that are NULL or hold a NULL.
fn rows_with_null(column: &ArrayRef) -> impl Iterator<Item = usize> + '_ {
    let lists = column.as_list_opt::<i32>().filter(|lists| lists.values().null_count() > 0);
    let any = column.null_count() > 0 || lists.is_some();
    let rows = if any { 0..column.len() } else { 0..0 };
    rows.filter(move |row| column.is_null(*row) || lists.is_some_and(|it| it.value(*row).null_count() > 0))
}

fn null(port: &Port, row: usize, whole: bool) -> Error {
    let name = &port.name;
    let what = if whole { "is NULL" } else { "has an element that is NULL" };
    Error::new(Code::NullInput, format!("row {row}: model input `{name}` {what}")).hint(format!(
        "filter the rows with `WHERE {name} IS NOT NULL` or fill them with `IFNULL({name}, …) AS {name}`"
    ))
}

#[cold]
fn broken(error: ArrowError) -> Error {
    Error::new(Code::Internal, "the rows of a model's input cannot be picked").detail(error)
}

//! The rows below the names: their types, and then their columns.

use std::collections::HashMap;
use std::hint::black_box;

use super::columns::Column;
use super::infer::{Comma, Plan, Seen, plans};
use super::options::{CsvOptions, invalid};
use super::records::{Fault, FaultKind, Field as FieldText, Location, Record, Records};
use super::syntax::Syntax;
use super::values::Values;
use crate::data::{Batch, ColumnType, DataType, Field, Schema};
use crate::diag::{Code, Error, Invariant, Result};
use crate::limits::Limits;
use crate::table::Table;

/// Rows that tell what the columns are; the others mostly agree.
const FIRST_ROWS: usize = 4096;

/// How many of the rows that were left out are told one by one.
const TOLD_ROWS: usize = 3;

pub(super) struct Body<'a> {
    pub(super) text: &'a str,
    /// The byte at which the first row begins.
    pub(super) start: usize,
    pub(super) syntax: &'a Syntax,
    pub(super) options: &'a CsvOptions,
    pub(super) values: &'a Values,
    pub(super) limits: &'a Limits,
}

/// Rows that cannot be read.
#[derive(Default)]
struct BadRows {
    count: usize,
    /// What is wrong with the first of them.
    told: Vec<String>,
}

impl BadRows {
    /// # Errors
    /// `error` itself where it is one too many.
    fn add(&mut self, error: Error, options: &CsvOptions) -> Result<()> {
        self.count += 1;
        if self.count > options.max_bad_records {
            return Err(error);
        }
        if self.told.len() < TOLD_ROWS {
            self.told.push(error.first().message.clone());
        }
        Ok(())
    }

    fn note(self, notes: &mut Vec<String>) {
        if self.count > 0 {
            let more = if self.count > self.told.len() { ", …" } else { "" };
            notes.push(format!("rows left out: {} ({}{more})", self.count, self.told.join("; ")));
        }
    }
}

impl Body<'_> {
    /// # Errors
    /// As [`read_csv`](super::read_csv).
    pub(super) fn read(&self, names: Vec<String>, mut notes: Vec<String>) -> Result<Table> {
        let comma = Comma::of(self.options, self.syntax);
        if let Some(table) = self.read_once(&names, comma, &notes)? {
            return Ok(table);
        }
        let mut bad = BadRows::default();
        let given = given_types(self.options, &names)?;
        let (_, seen) = self.seen(&names, comma, &mut bad, usize::MAX)?;
        let plans = plans(&names, &seen, &given, comma, &mut notes);
        let schema = schema(names, &plans);
        let batches = self.batches(&schema, &plans, None, &mut bad)?;
        let batches = batches.invariant("a value has changed when it is read again")?;
        bad.note(&mut notes);
        Ok(Table { schema, batches, notes })
    }

    /// Reads the columns as their first values tell, and gives up where a later one tells something else.
    fn read_once(&self, names: &[String], comma: Comma, notes: &[String]) -> Result<Option<Table>> {
        if !self.options.schema.is_empty() || comma != Comma::Never || self.values.are_given() {
            return Ok(None);
        }
        // What is wrong there is told when it is met again.
        let first = self.seen(names, comma, &mut BadRows::default(), FIRST_ROWS);
        let Some((_, seen)) = first.ok().filter(|(rows, _)| *rows == FIRST_ROWS) else { return Ok(None) };
        let (mut bad, mut notes) = (BadRows::default(), notes.to_vec());
        let plans = plans(names, &seen, &vec![None; names.len()], comma, &mut notes);
        let schema = schema(names.to_vec(), &plans);
        let Some(batches) = self.batches(&schema, &plans, Some(&seen), &mut bad)? else { return Ok(None) };
        bad.note(&mut notes);
        Ok(Some(Table { schema, batches, notes }))
    }

    fn records(&self) -> Records<'_> {
        Records::new(self.text, self.start, self.syntax, self.limits)
    }

    /// How many rows there are, `most` of which are looked at, and what these have in the columns called `names`.
    fn seen(
        &self,
        names: &[String],
        comma: Comma,
        bad: &mut BadRows,
        most: usize,
    ) -> Result<(usize, Vec<Seen>)> {
        let (mut rows, mut seen) = (0, vec![Seen::default(); names.len()]);
        let mut records = self.records();
        while rows < most {
            let record = match records.next() {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(found) => {
                    bad.add(fault(self.text, self.syntax, names, found), self.options)?;
                    continue;
                }
            };
            if !self.has_length(&record, names.len()) {
                bad.add(self.ragged(&record, names.len()), self.options)?;
                continue;
            }
            rows += 1;
            for (seen, field) in seen.iter_mut().zip(record.fields()) {
                if !self.is_null(field, false) {
                    seen.add(field.trimmed, comma, self.values);
                }
            }
        }
        Ok((rows, seen))
    }

    /// The rows. Where only the `first` of them were looked at before, `None` if one tells something else of its column.
    fn batches(
        &self,
        schema: &Schema,
        plans: &[Plan],
        first: Option<&[Seen]>,
        bad: &mut BadRows,
    ) -> Result<Option<Vec<Batch>>> {
        let most = self.limits.batch_rows.max(1);
        let mut records = self.records();
        let mut batches = Vec::new();
        loop {
            let columns = plans.iter().map(|plan| Column::new(&plan.column));
            let mut columns = columns.collect::<Result<Vec<_>>>()?;
            let mut rows = 0;
            while rows < most {
                let record = match records.next() {
                    Ok(Some(record)) if self.has_length(&record, plans.len()) => record,
                    Ok(None) => break,
                    Ok(Some(record)) if first.is_some() => {
                        bad.add(self.ragged(&record, plans.len()), self.options)?;
                        continue;
                    }
                    Err(found) if first.is_some() => {
                        let names: Vec<_> = schema.fields.iter().map(|field| field.name.clone()).collect();
                        bad.add(fault(self.text, self.syntax, &names, found), self.options)?;
                        continue;
                    }
                    // It has been counted.
                    Ok(Some(_)) | Err(_) => continue,
                };
                if let Some(error) = self.misfit(&record, schema, plans) {
                    bad.add(error, self.options)?;
                    continue;
                }
                if !self.append(&mut columns, &record, plans, first) {
                    return Ok(None);
                }
                rows += 1;
            }
            if rows > 0 {
                batches.push(Batch::new(rows, columns.into_iter().map(Column::finish).collect())?);
            }
            if rows < most {
                return Ok(Some(batches));
            }
            if let [batch] = batches.as_slice() {
                let (read, all) = (records.position() - self.start, self.text.len() - self.start);
                make_room(batch.bytes().saturating_mul(all.div_ceil(read.max(1)).saturating_sub(1)));
            }
        }
    }

    /// Appends the values of a record, unless one is not of its column's type, or tells something else of it than the
    /// `first` ones.
    fn append(
        &self,
        columns: &mut [Column],
        record: &Record<'_>,
        plans: &[Plan],
        first: Option<&[Seen]>,
    ) -> bool {
        let mut fields = record.fields();
        let mut seen = first.unwrap_or_default().iter();
        columns.iter_mut().zip(plans).all(|(column, plan)| {
            let field = fields.next().filter(|field| !self.reads_null(*field, plan));
            let is_kept = seen.next().zip(field).is_none_or(|(seen, field)| seen.keeps(field.trimmed));
            is_kept && column.append(field, self.values, plan.comma)
        })
    }

    /// The error of a value that is not of the type that the options give to its column.
    fn misfit(&self, record: &Record<'_>, schema: &Schema, plans: &[Plan]) -> Option<Error> {
        if self.options.schema.is_empty() {
            return None;
        }
        let mut cells = record.fields().zip(plans).zip(&schema.fields);
        let ((value, plan), column) = cells.find(|((field, plan), _)| {
            let fits = || self.values.fits(field.text, &plan.column, plan.comma);
            plan.is_given && !self.reads_null(*field, plan) && !fits()
        })?;
        let (name, wanted) = (&column.name, plan.column.text());
        let line = Location::of(self.text, record.start);
        let short: String = value.text.chars().take(100).collect();
        let message = format!("{line}, column `{name}`: expected {wanted}, found `{short}`");
        Some(
            Error::new(Code::InvalidCsv, message)
                .hint("name values that stand for NULL in the null values, or read the column as STRING"),
        )
    }

    fn reads_null(&self, field: FieldText<'_>, plan: &Plan) -> bool {
        self.is_null(field, plan.keeps_na)
            || (field.trimmed.is_empty() && plan.column.data_type != DataType::String)
    }

    /// Whether a text stands for NULL in every column; `NA` may be a value where the options do not name it.
    fn is_null(&self, field: FieldText<'_>, keeps_na: bool) -> bool {
        let text = field.trimmed;
        !field.quoted
            && match &self.options.null_values {
                Some(nulls) => nulls.iter().any(|null| null == text),
                None => matches!(text.as_bytes(), []) || (!keeps_na && matches!(text.as_bytes(), b"NA")),
            }
    }

    fn has_length(&self, record: &Record<'_>, expected: usize) -> bool {
        let found = record.len();
        found == expected
            || if found < expected {
                self.options.allow_jagged_rows
            } else {
                self.options.ignore_unknown_values
            }
    }

    fn ragged(&self, record: &Record<'_>, expected: usize) -> Error {
        let (line, found) = (Location::of(self.text, record.start), record.len());
        let hint = if found > expected {
            let delimiter = String::from_utf8_lossy(&self.syntax.delimiter);
            format!(
                "put fields that contain `{}` in double quotes, or set `ignore_unknown_values`",
                delimiter.escape_debug()
            )
        } else {
            "add the missing fields, empty ones for NULL; or set `allow_jagged_rows`, `skip_leading_rows` for lines above \
             the names, `max_bad_records` for lines below the rows"
                .into()
        };
        Error::new(Code::InvalidCsv, format!("{line}: expected {expected} fields, found {found}")).hint(hint)
    }
}

/// Has the memory for what comes grow at once: WebAssembly's grows by 64 KiB otherwise, thousands of times for a large table, and each time the
/// browser counts it anew and may look for garbage, which took half of the time.
fn make_room(bytes: usize) {
    let mut room = Vec::<u8>::new();
    // Where there is not so much, the rows ask for themselves, and what they need may be less.
    let _is_there = black_box(&mut room).try_reserve_exact(bytes).is_ok();
    black_box(room);
}

/// The error of a record that cannot be read, in a table whose columns are called `names`.
pub(super) fn fault(text: &str, syntax: &Syntax, names: &[String], fault: Fault) -> Error {
    let at = Location::of(text, fault.position);
    let column = match names.get(fault.field) {
        Some(name) => format!("{at}, column `{name}`"),
        None => format!("{at}, field {}", fault.field + 1),
    };
    let error = |message| Error::new(Code::InvalidCsv, message);
    match fault.kind {
        FaultKind::AfterQuote => {
            let rest = text.get(fault.position..).unwrap_or_default();
            let found: String = rest.chars().take_while(|it| !matches!(it, '\n' | '\r')).take(30).collect();
            let delimiter = String::from_utf8_lossy(&syntax.delimiter);
            error(format!(
                "{column}: expected `{}` or the end of the line behind a closing quote, found `{found}` at character {}",
                delimiter.escape_debug(),
                at.character
            ))
            .hint("write quotes inside of a quoted field twice, or name the character before them: `escape`")
        }
        FaultKind::Endless => error(format!("{at}: a quoted field begins here and does not end"))
            .hint("end it with `\"`, and write quotes inside of it twice"),
        FaultKind::Newline => error(format!("{column}: a quoted field goes on in the next line"))
            .hint("set `allow_quoted_newlines`"),
        FaultKind::Columns => Error::new(Code::LimitExceeded, format!("{at}: far too many fields")),
    }
}

fn schema(names: Vec<String>, plans: &[Plan]) -> Schema {
    let typed = names.into_iter().zip(plans);
    let fields = typed.map(|(name, plan)| Field { name, data_type: plan.column.data_type.clone() }).collect();
    Schema { fields }
}

/// The type that the options give to each column.
fn given_types(options: &CsvOptions, names: &[String]) -> Result<Vec<Option<ColumnType>>> {
    let columns: HashMap<String, usize> =
        names.iter().enumerate().map(|(column, name)| (name.to_lowercase(), column)).collect();
    let mut types = vec![None; names.len()];
    for (name, given) in &options.schema {
        let column = columns.get(&name.trim().to_lowercase()).and_then(|column| types.get_mut(*column));
        let Some(column) = column else {
            return Err(Error::new(Code::UnknownColumn, format!("the CSV has no column `{name}`"))
                .did_you_mean(name, names.iter().map(String::as_str))
                .or_hint(format!("the columns are `{}`", names.join("`, `"))));
        };
        if column.replace(given.clone()).is_some() {
            return Err(invalid(format!("column `{name}` is given two types")));
        }
        Column::new(given).map_err(|error| error.context(format!("column `{name}`")))?;
    }
    Ok(types)
}

//! Where the rows of a CSV begin and what stands between its fields: as the options say, else inferred from the first rows.

use super::guess::{Guess, Kind};
use super::infer::{Comma, Seen};
use super::options::CsvOptions;
use super::records::{Fault, FaultKind, Records};
use super::syntax::Syntax;
use super::values::Values;
use crate::diag::Result;
use crate::limits::Limits;

/// Of delimiters that split the rows equally well the first one wins; commas are last, as numbers and text contain them.
const CANDIDATES: [u8; 4] = *b"\t;|,";

/// How much is read to infer the layout.
const SAMPLE_BYTES: usize = 1 << 16;
const SAMPLE_RECORDS: usize = 100;

pub(super) struct Layout {
    pub(super) syntax: Syntax,
    /// The byte at which the row of names begins, or the first row where there are none.
    pub(super) start: usize,
    /// How many title lines were found before it.
    pub(super) titles: usize,
}

/// # Errors
/// `invalid-option` for characters that cannot have the meaning that the options give them.
pub(super) fn find(text: &str, options: &CsvOptions, values: &Values, limits: &Limits) -> Result<Layout> {
    let mut syntax = Syntax::new(options)?;
    let mut start = 0;
    let mut is_given = options.delimiter.is_some();
    // Excel's own line: it says what stands between fields.
    let first = text.lines().next().unwrap_or_default();
    if let Some((word, delimiter)) = first.split_at_checked(4)
        && word.eq_ignore_ascii_case("sep=")
        && delimiter.len() == 1
    {
        start = after_lines(text, 0, 1);
        if !is_given {
            syntax = Syntax::new(&CsvOptions { delimiter: Some(delimiter.into()), ..options.clone() })?;
            is_given = true;
        }
    }
    if let Some(lines) = options.skip_leading_rows {
        // The row of names is the last of them.
        start = after_lines(text, start, if options.has_header() { lines.saturating_sub(1) } else { lines });
    }
    let sample = Sample { text, start, finds_titles: options.has_header(), values, limits };
    let given = [syntax.delimiter.first().copied().unwrap_or(b',')];
    let candidates = if is_given { &given[..] } else { &CANDIDATES[..] };
    let mut best = (0, Layout { syntax: syntax.clone(), start, titles: 0 });
    for candidate in candidates {
        let mut syntax = syntax.clone();
        if !is_given {
            syntax.delimiter = vec![*candidate];
        }
        let (score, layout) = sample.layout(syntax);
        if score > best.0 {
            best = (score, layout);
        }
    }
    Ok(best.1)
}

/// The byte after `lines` lines from byte `start` on.
fn after_lines(text: &str, start: usize, lines: usize) -> usize {
    let mut at = start;
    for _ in 0..lines {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else { return text.len() };
        at += end + if rest.get(end..).is_some_and(|rest| rest.starts_with(b"\r\n")) { 2 } else { 1 };
    }
    at
}

/// The first rows.
struct Sample<'a> {
    text: &'a str,
    start: usize,
    finds_titles: bool,
    values: &'a Values,
    limits: &'a Limits,
}

/// What the layout is inferred from in one row.
struct Row {
    start: usize,
    fields: usize,
    /// How many fields are not empty, and whether the first is one of them.
    filled: usize,
    starts_filled: bool,
}

impl Sample<'_> {
    /// How many of a thousand rows have as many fields as the first one that is no title; 0 if that has only one.
    fn layout(&self, syntax: Syntax) -> (usize, Layout) {
        let rows = self.rows(&syntax);
        let titles = if self.finds_titles { self.titles(&rows, &syntax) } else { 0 };
        let (above, below) = rows.split_at(titles);
        let start =
            if above.is_empty() { self.start } else { below.first().map_or(self.start, |row| row.start) };
        let score = match below.first() {
            Some(first) if first.fields > 1 => {
                1000 * below.iter().filter(|row| row.fields == first.fields).count() / below.len()
            }
            _ => 0,
        };
        (score, Layout { syntax, start, titles })
    }

    fn rows(&self, syntax: &Syntax) -> Vec<Row> {
        let (sample, _) = self.text.split_at(self.text.ceil_char_boundary(self.start + SAMPLE_BYTES));
        let mut records = Records::new(sample, self.start, syntax, self.limits);
        let mut rows = Vec::new();
        while rows.len() < SAMPLE_RECORDS {
            let record = match records.next() {
                Ok(Some(record)) => record,
                // The sample may end within a quoted field.
                Ok(None) | Err(Fault { kind: FaultKind::Endless, .. }) => break,
                Err(_) => continue,
            };
            let is_filled = || record.fields().map(|field| !field.trimmed.is_empty());
            rows.push(Row {
                start: record.start,
                fields: record.len(),
                filled: is_filled().filter(|filled| *filled).count(),
                starts_filled: is_filled().next() == Some(true),
            });
        }
        if rows.len() > 1 && records.position() == sample.len() && sample.len() < self.text.len() {
            rows.pop();
        }
        rows
    }

    /// How many rows stand above that of the names, where it is clear: they are empty, or have a text in their first field
    /// only, and what follows has names above columns that are not all text.
    fn titles(&self, rows: &[Row], syntax: &Syntax) -> usize {
        let fields = common(rows);
        let is_title = |row: &Row| {
            let is_short = row.fields == 1 || row.fields + 2 <= fields;
            let is_one_text = row.filled == 0 || (row.filled == 1 && row.starts_filled && fields > 2);
            is_short || is_one_text
        };
        let titles = rows.iter().take_while(|row| is_title(row)).count();
        let is_clear = |names: &Row| names.fields == fields && self.is_table(names.start, syntax);
        if titles > 0 && fields > 1 && rows.get(titles).is_some_and(is_clear) { titles } else { 0 }
    }

    /// Whether the row at byte `start` has a name for each column, and some column below it is not text.
    fn is_table(&self, start: usize, syntax: &Syntax) -> bool {
        let mut records = Records::new(self.text, start, syntax, self.limits);
        let Ok(Some(names)) = records.next() else { return false };
        let count = names.len();
        let mut names: Vec<&str> = names.fields().map(|field| field.trimmed).collect();
        // Lines may end with a delimiter.
        while names.pop_if(|name| name.is_empty()).is_some() {}
        // Statistics have a column for each year.
        let is_year = |text: &str| matches!(text.as_bytes(), [b'1', b'8' | b'9', _, _] | [b'2', b'0', _, _]);
        let years = names.len() > 2 && names.first().is_some_and(|name| self.is_name(name));
        if !names.iter().all(|name| self.is_name(name) || (years && is_year(name))) {
            return false;
        }
        let mut columns = vec![Seen::default(); count];
        for _ in 0..SAMPLE_RECORDS {
            let Ok(Some(record)) = records.next() else { break };
            for (column, field) in columns.iter_mut().zip(record.fields()) {
                let text = field.trimmed;
                if text != "NA" {
                    column.add(text, Comma::Perhaps, self.values);
                }
            }
        }
        columns.iter().any(Seen::is_typed)
    }

    fn is_name(&self, text: &str) -> bool {
        let mut guess = Guess::default();
        guess.widen(text, self.values);
        guess.kind == Kind::String
    }
}

/// The number of fields that most rows have, of those with several.
fn common(rows: &[Row]) -> usize {
    let count = |fields: usize| rows.iter().filter(|row| row.fields == fields).count();
    rows.iter()
        .map(|row| row.fields)
        .filter(|fields| *fields > 1)
        .max_by_key(|fields| count(*fields))
        .unwrap_or(0)
}

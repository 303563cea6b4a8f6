//! A table for people: the first rows and the last ones, columns as wide as the terminal allows.

use std::collections::VecDeque;

use comfy_table::modifiers::UTF8_ROUND_CORNERS;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
use console::{measure_text_width, truncate_str};
use predictql::data::{Batch, Schema};

use super::values;

/// Narrower columns say nothing.
const NARROWEST: usize = 8;

/// Wider ones hide the others.
const WIDEST: usize = 120;

/// Rows that are collected to be shown.
pub(super) struct Shown {
    names: Vec<(String, String, bool)>,
    /// How many of the first rows are shown, and of the last ones.
    first: usize,
    last: usize,
    head: Vec<Vec<String>>,
    tail: VecDeque<Vec<String>>,
    rows: usize,
}

impl Shown {
    /// Of at most `most` rows; of all where that is 0.
    pub(super) fn new(schema: &Schema, most: usize) -> Self {
        let name = |field: &predictql::data::Field| {
            (field.name.clone(), field.data_type.to_string(), field.data_type.is_numeric())
        };
        let most = if most == 0 { usize::MAX } else { most };
        let names = schema.fields.iter().map(name).collect();
        let (first, last) = (most - most / 2, most / 2);
        Self { names, first, last, head: Vec::new(), tail: VecDeque::new(), rows: 0 }
    }

    pub(super) fn add(&mut self, schema: &Schema, batch: &Batch) {
        let before = self.rows;
        self.rows += batch.rows();
        let of_head = self.first.saturating_sub(before).min(batch.rows());
        let of_tail = batch.rows().saturating_sub(self.last).max(of_head);
        let cells = |row: usize| values::texts(schema, batch, row).map(cell).collect::<Vec<_>>();
        self.head.extend((0..of_head).map(cells));
        self.tail.extend((of_tail..batch.rows()).map(cells));
        while self.tail.len() > self.last {
            self.tail.pop_front();
        }
    }

    /// The table, within so many columns of the terminal.
    pub(super) fn table(self, width: Option<usize>) -> String {
        let Self { names, head, tail, rows, .. } = self;
        let shown = head.len() + tail.len();
        let is_cut = shown < rows;
        let widths: Vec<_> = (0..names.len()).map(|column| natural(&names, &head, &tail, column)).collect();
        let layout = Layout::of(&widths, width);
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED).apply_modifier(UTF8_ROUND_CORNERS);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(layout.chosen(&names, |(name, kind, _)| {
            format!("{}\n{}", layout.cut(name), layout.cut(&kind.to_ascii_lowercase()))
        }));
        let gap: Vec<_> = names.iter().map(|_| "·".to_owned()).collect();
        let gap = is_cut.then_some(&gap);
        for row in head.iter().chain(gap).chain(&tail) {
            table.add_row(layout.chosen(row, |text| layout.cut(text)));
        }
        let numbers = layout.places(names.len()).map(|place| place.and_then(|place| names.get(place)));
        for (column, name) in table.column_iter_mut().zip(numbers) {
            if name.is_some_and(|(.., is_number)| *is_number) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let counted = if rows == 1 { "1 row".into() } else { format!("{rows} rows") };
        let note = match (is_cut, layout.hidden) {
            (false, 0) => counted,
            (true, 0) => format!("{counted} ({shown} shown)"),
            (false, hidden) => format!("{counted}, {} columns ({} shown)", names.len(), names.len() - hidden),
            (true, hidden) => {
                format!("{counted} ({shown} shown), {} columns ({} shown)", names.len(), names.len() - hidden)
            }
        };
        format!("{table}\n{note}\n")
    }
}

/// How wide columns may be, and which are left out.
struct Layout {
    widest: usize,
    /// The columns before and behind those that are left out.
    front: usize,
    back: usize,
    hidden: usize,
}

impl Layout {
    fn of(widths: &[usize], terminal: Option<usize>) -> Self {
        let all = widths.len();
        let Some(terminal) = terminal else {
            return Self { widest: usize::MAX, front: all, back: 0, hidden: 0 };
        };
        // A border and two blanks stand around each column.
        let taken = |count: usize| 3 * count + 1;
        let fits =
            |widest: usize| widths.iter().map(|it| it.min(&widest)).sum::<usize>() + taken(all) <= terminal;
        if let Some(widest) = (NARROWEST..=WIDEST).rev().find(|widest| fits(*widest)) {
            return Self { widest, front: all, back: 0, hidden: 0 };
        }
        // One more for the sign that stands for those that are left out.
        let most = (terminal.saturating_sub(taken(1) + 1) / (NARROWEST + 3)).max(1).min(all);
        let front = most - most / 2;
        Self { widest: NARROWEST, front, back: most / 2, hidden: all - most }
    }

    /// What is shown of each column.
    fn chosen<T>(&self, columns: &[T], show: impl Fn(&T) -> String) -> Vec<Cell> {
        let shown = |place: Option<usize>| match place.and_then(|place| columns.get(place)) {
            Some(column) => Cell::new(show(column)),
            None => Cell::new("…"),
        };
        self.places(columns.len()).map(shown).collect()
    }

    /// The numbers of the columns that are shown; none where some are left out.
    fn places(&self, columns: usize) -> impl Iterator<Item = Option<usize>> {
        let gap = (self.hidden > 0).then_some(None);
        (0..self.front).map(Some).chain(gap).chain((columns - self.back..columns).map(Some))
    }

    fn cut(&self, text: &str) -> String {
        truncate_str(text, self.widest, "…").into_owned()
    }
}

fn natural(
    names: &[(String, String, bool)],
    head: &[Vec<String>],
    tail: &VecDeque<Vec<String>>,
    column: usize,
) -> usize {
    let title = names.get(column).into_iter().flat_map(|(name, kind, _)| [name, kind]);
    let cells = head.iter().chain(tail).filter_map(|row| row.get(column));
    title.chain(cells).map(|text| measure_text_width(text)).max().unwrap_or(0)
}

/// A value in one line.
fn cell(text: Option<String>) -> String {
    let Some(text) = text else { return "NULL".into() };
    if !text.chars().any(char::is_control) {
        return text;
    }
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

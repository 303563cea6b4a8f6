//! The rows of a table that one part of a query reads: a stretch of all rows, in the order of the files and their row groups.
//!
//! Where there are many row groups, or as many for each part, parts have whole ones. Where there are few, parts begin within them, so that all have work: such
//! a row group is unpacked by each of the parts that it belongs to.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use predictql::data::{Batch, Schema};
use predictql::table::Part;

use super::FileTable;
use super::conform::conformed;
use super::file::GroupReader;
use crate::Stores;

/// With as many row groups for each part, none is divided: parts differ by a fourth of their work at most.
const GROUPS_OF_A_PART: usize = 4;

/// A stretch of the rows of a row group.
#[derive(Debug, PartialEq, Eq)]
struct Stretch {
    file: usize,
    group: usize,
    rows: Range<usize>,
}

/// Reads a part of a table.
pub(crate) struct Share {
    table: Arc<FileTable>,
    left: VecDeque<Stretch>,
    /// The columns that are wanted.
    schema: Schema,
    open: Option<Open>,
    ready: VecDeque<Batch>,
}

struct Open {
    stretch: Stretch,
    reader: GroupReader,
    /// Which of the columns that are read is the first one that is wanted, and so on.
    order: Vec<usize>,
}

impl Share {
    /// # Errors
    /// In words, for a column that the table does not have.
    pub(crate) fn new(table: Arc<FileTable>, columns: &[String], part: Part) -> Result<Self, String> {
        let field = |name: &String| {
            let found = table.schema().fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            found.cloned().ok_or_else(|| format!("the files have no column `{name}`"))
        };
        let schema = Schema { fields: columns.iter().map(field).collect::<Result<_, _>>()? };
        let groups = table.files().iter().enumerate().flat_map(|(file, it)| {
            it.group_rows().enumerate().map(move |(group, rows)| Stretch { file, group, rows: 0..rows })
        });
        let left = stretches(groups.collect(), part);
        Ok(Self { table, left, schema, open: None, ready: VecDeque::new() })
    }

    /// The next rows, about as many as are wanted; none at the end.
    ///
    /// # Errors
    /// In words that name the file and the row group.
    pub(crate) fn next(&mut self, stores: &Stores, most: usize) -> Result<Option<Batch>, String> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            let Some(mut open) = self.open.take().map_or_else(|| self.begin(most), |open| Ok(Some(open)))?
            else {
                return Ok(None);
            };
            let Some(file) = self.table.files().get(open.stretch.file) else { return Ok(None) };
            if let Some(batch) = file.next(&mut open.reader, stores)? {
                let rows = conformed(&batch, &open.order, &self.schema, self.table.limits());
                self.ready.extend(rows.map_err(|words| file.odd(open.stretch.group, &words))?);
                self.open = Some(open);
            }
        }
    }

    fn begin(&mut self, most: usize) -> Result<Option<Open>, String> {
        let Some(stretch) = self.left.pop_front() else { return Ok(None) };
        let Some(file) = self.table.files().get(stretch.file) else { return Ok(None) };
        let columns = file.numbers_of(&self.schema);
        let mut read: Vec<_> = columns.clone();
        read.sort_unstable();
        read.dedup();
        let place = |column: &usize| read.iter().position(|it| it == column);
        let order = columns.iter().filter_map(place).collect();
        let reader = file.read_group(stretch.group, &read, stretch.rows.clone(), most.max(1))?;
        Ok(Some(Open { stretch, reader, order }))
    }
}

/// The stretches of a part.
fn stretches(groups: Vec<Stretch>, part: Part) -> VecDeque<Stretch> {
    let all: usize = groups.iter().map(|group| group.rows.len()).sum();
    let wanted = part.range(all);
    // One for each part, or as many for each.
    if groups.len().is_multiple_of(part.of.max(1)) {
        let numbers = part.range(groups.len());
        return groups.into_iter().skip(numbers.start).take(numbers.len()).collect();
    }
    let is_divided = groups.len() < part.of.saturating_mul(GROUPS_OF_A_PART);
    let mut start = 0;
    let mut left = VecDeque::new();
    for group in groups {
        let rows = group.rows.len();
        let inside =
            wanted.start.clamp(start, start + rows) - start..wanted.end.clamp(start, start + rows) - start;
        // A whole row group belongs to the part that its middle is in.
        let middle = start + rows / 2;
        start += rows;
        if is_divided && !inside.is_empty() {
            left.push_back(Stretch { rows: inside, ..group });
        } else if !is_divided && rows > 0 && wanted.contains(&middle) {
            left.push_back(group);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(sizes: &[usize]) -> Vec<Stretch> {
        let group = |(group, rows): (usize, &usize)| Stretch { file: 0, group, rows: 0..*rows };
        sizes.iter().enumerate().map(group).collect()
    }

    #[test]
    fn parts_are_all_rows_in_their_order() {
        for sizes in [&[10][..], &[1, 0, 5], &[3; 40], &[100, 1, 1, 1, 1, 1, 1, 1, 1], &[]] {
            for of in 1..7 {
                let parts = (0..of).flat_map(|number| stretches(groups(sizes), Part { number, of }));
                let rows: Vec<_> = parts.flat_map(|it| it.rows.map(move |row| (it.group, row))).collect();
                let expected = sizes
                    .iter()
                    .enumerate()
                    .flat_map(|(group, rows)| (0..*rows).map(move |row| (group, row)));
                assert_eq!(rows, expected.collect::<Vec<_>>(), "{sizes:?} in {of}");
            }
        }
    }

    #[test]
    fn many_row_groups_are_not_divided() {
        let whole = stretches(groups(&[3; 40]), Part { number: 1, of: 3 });
        assert!(whole.iter().all(|it| it.rows == (0..3)), "{whole:?}");
        let few = stretches(groups(&[9]), Part { number: 1, of: 3 });
        assert_eq!(few, [Stretch { file: 0, group: 0, rows: 3..6 }]);
    }
}

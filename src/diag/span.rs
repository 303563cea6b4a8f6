//! Places in a SQL text: byte spans inside the engine, lines, columns and UTF-16 units at its edge.

use std::ops::Range;

/// A stretch of the SQL text in UTF-8 bytes: from `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The stretch from `start` up to `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The shortest stretch that holds both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The text at this place; empty where the span does not lie in `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(Range::from(self)).unwrap_or_default()
    }
}

impl From<Span> for Range<usize> {
    fn from(span: Span) -> Self {
        span.start..span.end
    }
}

/// A place as people name it: both count from 1, columns in UTF-16 units as editors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineColumn {
    /// The line, from 1.
    pub line: usize,
    /// The UTF-16 unit in that line, from 1.
    pub column: usize,
}

/// Converts byte positions of one text to UTF-16 units and to lines and columns.
///
/// ```
/// use predictql::diag::LineIndex;
/// let index = LineIndex::new("SELECT '😀',\n x");
/// assert_eq!(index.utf16(14), 12); // the emoji is four bytes, but two units
/// assert_eq!((index.line_column(16).line, index.line_column(16).column), (2, 2));
/// ```
#[derive(Debug)]
pub struct LineIndex<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    /// Finds the line starts of `text`.
    pub fn new(text: &'a str) -> Self {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
        Self { text, line_starts }
    }

    /// The UTF-16 units in front of byte `offset`.
    pub fn utf16(&self, offset: usize) -> usize {
        self.units(0, offset)
    }

    /// The byte at which UTF-16 unit `unit` starts; the text's end for units beyond it.
    pub fn byte(&self, unit: usize) -> usize {
        let mut units = 0;
        for (offset, c) in self.text.char_indices() {
            if units >= unit {
                return offset;
            }
            units += c.len_utf16();
        }
        self.text.len()
    }

    /// Line and column of byte `offset`.
    #[expect(
        clippy::indexing_slicing,
        reason = "the first line starts at 0, so that the partition point is not 0"
    )]
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        LineColumn { line, column: self.units(self.line_starts[line - 1], offset) + 1 }
    }

    /// The UTF-16 units from byte `start`, a char boundary, up to byte `end`.
    fn units(&self, start: usize, end: usize) -> usize {
        let end = self.text.floor_char_boundary(end);
        self.text[start..end].chars().map(char::len_utf16).sum()
    }
}

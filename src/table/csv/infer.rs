//! What is learnt of a column from all its values before it is built.

use super::guess::{Guess, Kind};
use super::options::CsvOptions;
use super::syntax::Syntax;
use super::values::{Values, is_decimal_comma, with_point};
use crate::data::ColumnType;

/// How a column is built.
pub(super) struct Plan {
    pub(super) column: ColumnType,
    /// The options say so, so that values may not fit.
    pub(super) is_given: bool,
    /// A comma stands before fractions.
    pub(super) comma: bool,
    /// `NA` is a value among others of its kind: the code of Namibia among those of countries.
    pub(super) keeps_na: bool,
}

/// Whether numbers have a decimal comma.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Comma {
    Never,
    /// The values tell: where a comma stands between fields, it would rather be one of thousands.
    Perhaps,
    Always,
}

impl Comma {
    pub(super) fn of(options: &CsvOptions, syntax: &Syntax) -> Self {
        match options.decimal {
            Some(',') => Self::Always,
            None if syntax.delimiter != b"," => Self::Perhaps,
            _ => Self::Never,
        }
    }
}

/// The values of a column so far.
#[derive(Clone, Default)]
pub(super) struct Seen {
    point: Guess,
    /// The same with commas before fractions.
    comma: Guess,
    /// There was a comma that cannot stand before thousands.
    is_clear: bool,
    /// All values have two capital letters.
    other_than_code: bool,
    any: bool,
}

impl Seen {
    /// Takes one more value in, given without spaces around it.
    pub(super) fn add(&mut self, text: &str, comma: Comma, values: &Values) {
        self.any = true;
        self.other_than_code |= !is_code(text);
        if comma != Comma::Always {
            self.point.widen(text, values);
        }
        if comma == Comma::Never || self.comma.kind == Kind::String {
            return;
        }
        if text.contains(',') {
            self.is_clear |= is_decimal_comma(text);
            // Two points make no number.
            self.comma.widen(with_point(text).as_deref().unwrap_or(".."), values);
        } else if text.contains('.') && text.parse::<f64>().is_ok() {
            self.comma.widen("..", values);
        } else {
            self.comma.widen(text, values);
        }
    }

    /// Whether one more value that the column can hold, given without spaces around it, changes nothing of how the column is
    /// built; of numbers that have no commas.
    pub(super) fn keeps(&self, text: &str) -> bool {
        (self.other_than_code || is_code(text)) && self.point.keeps(text)
    }

    /// Whether there are values of another type than text, in either way.
    pub(super) fn is_typed(&self) -> bool {
        self.point.is_typed() || self.comma.is_typed()
    }

    /// Whether commas, and only they, make the values numbers.
    fn is_comma(&self) -> bool {
        self.comma.is_typed() && !self.point.is_typed()
    }
}

/// Two capital letters.
fn is_code(text: &str) -> bool {
    matches!(text.as_bytes(), [b'A'..=b'Z', b'A'..=b'Z'])
}

/// How each column is built, and what that leaves to be told.
pub(super) fn plans(
    names: &[String],
    seen: &[Seen],
    given: &[Option<ColumnType>],
    comma: Comma,
    notes: &mut Vec<String>,
) -> Vec<Plan> {
    // One column with clear commas speaks for the others.
    let is_clear = seen.iter().any(|it| it.is_comma() && it.is_clear);
    let plan = |((seen, given), name): ((&Seen, &Option<ColumnType>), &String)| {
        let may_be = comma == Comma::Perhaps && seen.is_comma() && (seen.is_clear || is_clear);
        let comma = comma == Comma::Always || may_be;
        let guess = if comma { seen.comma } else { seen.point };
        if let (None, Some(lost)) = (given, guess.lost_type()) {
            notes.push(format!("column `{name}` is STRING: {lost} does not hold all of its whole numbers"));
        }
        Plan {
            column: given.clone().unwrap_or_else(|| guess.data_type().into()),
            is_given: given.is_some(),
            comma,
            keeps_na: seen.any && !seen.other_than_code,
        }
    };
    seen.iter().zip(given).zip(names).map(plan).collect()
}

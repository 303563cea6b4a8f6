//! Numbers as texts in a format: CAST … FORMAT of GoogleSQL, FORMAT of T-SQL. A format is written out as an expression.
//! Sources: GoogleSQL, "Format numeric type as string"; .NET, "Standard numeric format strings".

use super::Binder;
use super::coerce::convert;
use super::scope::Scope;
use super::typed::Typed;
use crate::data::{CastMode, DataType};
use crate::diag::{Code, Error, Result, Span};
use crate::plan::expr::Expr;

impl Binder<'_> {
    /// `CAST(number AS STRING FORMAT '$9,999.99')`.
    pub(super) fn number_as_text(
        &mut self,
        number: Typed,
        format: &str,
        safe: bool,
        span: Span,
    ) -> Result<Expr> {
        // FORMAT writes a point in fractions only.
        let number = match number.expr.data_type {
            DataType::Int64 => convert(number, &DataType::Numeric, CastMode::Strict, span)?,
            _ => number.expr,
        };
        let written = Elements::of(format).and_then(|elements| elements.expression());
        let body = written.map_err(|error| error.at(span))?;
        self.formatted(number, &body, safe, span)
    }

    /// The expression `body` over `x`.
    pub(super) fn formatted(&mut self, x: Expr, body: &str, safe: bool, span: Span) -> Result<Expr> {
        let body = if x.data_type == DataType::Float64 {
            let none = if safe { "NULL" } else { "ERROR('the number has no digits: it is NaN or infinite')" };
            format!("IF(IS_NAN(x) OR IS_INF(x), {none}, {body})")
        } else {
            body.to_owned()
        };
        let mut scope = Scope::default();
        scope.push(None, "x", x);
        self.written_out("FORMAT", &body, &scope, span).map(|typed| typed.expr)
    }
}

/// What the elements of a format ask for.
#[derive(Default)]
struct Elements {
    /// Digits before the point, those of them that are there always, and behind the point.
    whole: usize,
    least: usize,
    fraction: usize,
    has_point: bool,
    /// How many digits before the point stand in front of each comma.
    commas: Vec<usize>,
    currency: &'static str,
    sign: Sign,
    /// Without blanks and the zeros at the end.
    fills: bool,
}

#[derive(Default, PartialEq)]
enum Sign {
    /// A blank or `-` in front.
    #[default]
    Before,
    /// `S`: `+` or `-`, in front or behind.
    Explicit { behind: bool },
    /// `MI`: a blank or `-` behind.
    Behind,
    /// `PR`: `<` and `>` around.
    Brackets,
}

impl Elements {
    fn of(format: &str) -> Result<Self> {
        let mut elements = Self::default();
        let upper = format.to_ascii_uppercase();
        let mut rest = upper.as_str();
        let mut signs = 0;
        while let Some(first) = rest.chars().next() {
            let (element, after) = match ["FM", "MI", "PR"].into_iter().find(|word| rest.starts_with(word)) {
                Some(word) => rest.split_at(word.len()),
                None => rest.split_at(first.len_utf8()),
            };
            let has_digits = elements.whole + elements.fraction > 0;
            match element {
                "0" | "9" if elements.has_point => elements.fraction += 1,
                "0" | "9" => {
                    elements.whole += 1;
                    elements.least += usize::from(element == "0" || elements.least > 0);
                }
                "." | "D" if !elements.has_point => elements.has_point = true,
                "," | "G" if has_digits && !elements.has_point => elements.commas.push(elements.whole),
                "$" | "L" if elements.currency.is_empty() => elements.currency = "$",
                "C" if elements.currency.is_empty() => {
                    elements.currency = if format.contains('c') { "usd" } else { "USD" };
                }
                "S" => elements.sign = Sign::Explicit { behind: has_digits },
                "MI" if after.is_empty() => elements.sign = Sign::Behind,
                "PR" if after.is_empty() => elements.sign = Sign::Brackets,
                "FM" => elements.fills = true,
                _ => return Err(unsupported(format)),
            }
            signs += usize::from(matches!(element, "S" | "MI" | "PR"));
            rest = after;
        }
        // Commas elsewhere than between thousands are what FORMAT cannot write.
        let is_thousands = |before: &usize| (elements.whole - before).is_multiple_of(3);
        let thousands = elements.whole.saturating_sub(1) / 3;
        let commas = &elements.commas;
        let are_thousands =
            commas.is_empty() || (commas.iter().all(is_thousands) && commas.len() == thousands);
        if signs > 1 || elements.whole + elements.fraction == 0 || !are_thousands {
            return Err(unsupported(format));
        }
        if elements.least > 1 && !commas.is_empty() {
            return Err(unsupported(format));
        }
        Ok(elements)
    }

    /// The text of a number `x` in GoogleSQL.
    fn expression(&self) -> Result<String> {
        let Self { whole, fraction, .. } = self;
        let point = usize::from(self.has_point);
        let digits = whole + self.commas.len() + point + fraction;
        let group = if self.commas.is_empty() { "" } else { "'" };
        let zeros = if self.least > 1 {
            let behind = if *fraction > 0 { fraction + 1 } else { 0 };
            format!("0{}", self.least + behind)
        } else {
            String::new()
        };
        let mut number = format!("FORMAT(\"%{group}{zeros}.{fraction}f\", ABS(x))");
        if self.has_point && *fraction == 0 {
            number = format!("CONCAT({number}, '.')");
        }
        // A zero before the point is written where the format has one, and where nothing else is.
        if self.least == 0 && *fraction > 0 {
            number = format!("REGEXP_REPLACE({number}, r'^0[.]', '.')");
        }
        let blanks = self.overflow(digits);
        let mut number = format!("IF(LENGTH({number}) > {digits}, '{blanks}', {number})");
        if self.fills && self.has_point {
            number = format!("RTRIM({number}, '0')");
        }
        let blank = if self.fills { "" } else { " " };
        let (before, behind) = match self.sign {
            Sign::Before => (format!("IF(x < 0, '-', '{blank}')"), "''".to_owned()),
            Sign::Explicit { behind } => {
                let sign = format!("CASE WHEN x > 0 THEN '+' WHEN x < 0 THEN '-' ELSE '{blank}' END");
                if behind { ("''".to_owned(), sign) } else { (sign, "''".to_owned()) }
            }
            Sign::Behind => ("''".to_owned(), format!("IF(x < 0, '-', '{blank}')")),
            Sign::Brackets => (format!("IF(x < 0, '<', '{blank}')"), format!("IF(x < 0, '>', '{blank}')")),
        };
        let text = format!("CONCAT({before}, '{}', {number}, {behind})", self.currency);
        let width = digits + self.currency.len() + if self.sign == Sign::Brackets { 2 } else { 1 };
        Ok(if self.fills { text } else { format!("LPAD({text}, {width})") })
    }

    /// What stands for a number that has more digits than the format.
    fn overflow(&self, digits: usize) -> String {
        let mut text: String =
            (0..self.whole).map(|digit| if self.commas.contains(&digit) { ",#" } else { "#" }).collect();
        text.push_str(if self.has_point { "." } else { "" });
        text.extend(std::iter::repeat_n('#', self.fraction));
        debug_assert_eq!(text.len(), digits);
        text
    }
}

#[cold]
fn unsupported(format: &str) -> Error {
    Error::new(Code::UnsupportedSyntax, format!("the format `{format}` of a number is not supported"))
        .hint("the elements are 0, 9, the point, commas between thousands, $, C, S, MI, PR, FM, as in '$999,990.00'; FORMAT('%.3E', x) and FORMAT('%X', x) write exponents and hexadecimal digits")
}

//! Arguments: settings in a STRUCT or by name, each checked against the names and the range that it has.

use std::ops::RangeInclusive;

use super::super::Binder;
use super::super::coerce::coerced;
use super::super::constant::constant;
use super::super::scope::{Names, Scope};
use super::Judging;
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::syntax::ast::{Expr, ExprKind, Ident, Path, TableArg, TableExpr};

/// A call: its arguments by what they are.
pub(super) struct Call<'a> {
    pub(super) judging: &'static Judging,
    pub(super) span: Span,
    pub(super) models: Vec<&'a Path>,
    pub(super) rows: Vec<&'a TableExpr>,
    /// Arguments without a name.
    pub(super) values: Vec<&'a Expr>,
    settings: Vec<(&'a Ident, &'a Expr)>,
}

impl<'a> Call<'a> {
    /// Sorts the arguments of a call.
    ///
    /// # Errors
    /// `unknown-option` for a name that is no setting; `misplaced-clause` for arguments of another number or kind.
    pub(super) fn new(judging: &'static Judging, args: &'a [TableArg], span: Span) -> Result<Self> {
        let (models, rows, values, settings) = Default::default();
        let mut call = Self { judging, span, models, rows, values, settings };
        for arg in args {
            match arg {
                TableArg::Model(path) => call.models.push(path),
                TableArg::Rows(rows) => call.rows.push(rows),
                TableArg::Named(name, value) => call.set(name, value)?,
                TableArg::Expr(Expr { kind: ExprKind::Struct { data_type: None, fields }, span }) => {
                    for (value, name) in fields {
                        match name {
                            Some(name) => call.set(name, value)?,
                            None => return Err(call.malformed(*span)),
                        }
                    }
                }
                TableArg::Expr(value) => call.values.push(value),
            }
        }
        let Judging { models, rows, values, .. } = judging;
        if models.contains(&call.models.len())
            && rows.contains(&call.rows.len())
            && *values >= call.values.len()
        {
            return Ok(call);
        }
        if call.rows.is_empty() && models.contains(&call.models.len()) && *rows.end() == 1 {
            let message =
                format!("{} needs rows: an imported model brings none of its training", judging.name);
            return Err(call.wrong(Code::NoEvaluationData, message, span));
        }
        Err(call.malformed(span))
    }

    fn set(&mut self, name: &'a Ident, value: &'a Expr) -> Result<()> {
        let known = self.judging.settings.iter().copied();
        if !known.clone().any(|known| name.text.eq_ignore_ascii_case(known)) {
            let message = format!("{} has no setting `{}`", self.judging.name, name.text);
            // `buckets` is `num_buckets`, which spelling alone would not tell.
            let part = name.text.to_ascii_lowercase();
            let whole = known.clone().filter(|known| part.len() > 3 && known.contains(&part));
            let meant = whole.min_by_key(|known| known.len()).unwrap_or(&name.text);
            return Err(Error::new(Code::UnknownOption, message)
                .at(name.span)
                .did_you_mean_here(meant, known.clone(), str::to_owned)
                .and_list("the settings are", known));
        }
        if self.setting(&name.text).is_some() {
            let message = format!("setting `{}` is given twice", name.text);
            return Err(Error::new(Code::InvalidOption, message).at(name.span));
        }
        self.settings.push((name, value));
        Ok(())
    }

    pub(super) fn setting(&self, name: &str) -> Option<&'a Expr> {
        self.settings.iter().find(|(known, _)| known.text.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    #[cold]
    fn malformed(&self, span: Span) -> Error {
        let message = format!("{} takes other arguments", self.judging.name);
        self.wrong(Code::MisplacedClause, message, span)
    }

    /// An error whose hint is how the function is written.
    #[cold]
    pub(super) fn wrong(&self, code: Code, message: impl Into<String>, span: Span) -> Error {
        Error::new(code, message).at(span).hint(format!("write {}", self.judging.form()))
    }

    #[cold]
    pub(super) fn missing(&self, setting: &str) -> Error {
        let message = format!("{} needs `{setting}`", self.judging.name);
        self.wrong(Code::MisplacedClause, message, self.span)
    }
}

impl Binder<'_> {
    /// The value of a constant setting; `None` where it is not given, and for a parameter without value, where the
    /// statement is only checked.
    pub(super) fn setting(
        &mut self,
        call: &Call<'_>,
        name: &str,
        wanted: &[DataType],
    ) -> Result<Option<(Scalar, Span)>> {
        let Some(tree) = call.setting(name) else { return Ok(None) };
        self.constant_of(call, tree, name, wanted)
    }

    /// The value of a constant as the first of the types `wanted` that it has.
    pub(super) fn constant_of(
        &mut self,
        call: &Call<'_>,
        tree: &Expr,
        name: &str,
        wanted: &[DataType],
    ) -> Result<Option<(Scalar, Span)>> {
        let scope = Scope::default();
        let what = call.judging.name;
        let typed = self.inside(what, |binder| binder.typed(tree, Names::of(&scope)))?;
        let found = typed.expr.data_type.clone();
        let mut value = None;
        for data_type in wanted {
            if value.is_none() {
                value = coerced(typed.clone(), data_type)?;
            }
        }
        let types: Vec<_> = wanted.iter().map(DataType::to_string).collect();
        let expected = |found: &str| {
            let message = format!("`{name}` takes a constant {}, found {found}", types.join(" or "));
            Error::new(Code::InvalidOption, message).at(tree.span)
        };
        let value = value.ok_or_else(|| expected(&found.to_string()))?;
        match constant(&value, self.context.limits)? {
            Some(Scalar::Null) if self.context.only_checks() => Ok(None),
            Some(Scalar::Null) => Err(expected("NULL").hint("leave it out, or write a value")),
            Some(value) => Ok(Some((value, tree.span))),
            None => Err(expected("an expression that depends on rows")),
        }
    }

    pub(super) fn int(
        &mut self,
        call: &Call<'_>,
        name: &str,
        default: i64,
        range: RangeInclusive<i64>,
    ) -> Result<i64> {
        let Some((Scalar::Int64(value), span)) = self.setting(call, name, &[DataType::Int64])? else {
            return Ok(default);
        };
        let (low, high) = (*range.start(), *range.end());
        let next = value.clamp(low, high);
        if next == value {
            return Ok(value);
        }
        let allowed = match high {
            i64::MAX => format!("a whole number of at least {low}"),
            _ => format!("a whole number from {low} to {high}"),
        };
        Err(out_of_range(name, &allowed, &value, &next.to_string(), span))
    }

    /// A number of things.
    pub(super) fn number_of(
        &mut self,
        call: &Call<'_>,
        name: &str,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> Result<usize> {
        let number = |count: usize| i64::try_from(count).ok().invariant("a limit of things that are counted");
        let range = number(*range.start())?..=number(*range.end())?;
        let count = self.int(call, name, number(default)?, range)?;
        usize::try_from(count).ok().invariant("a number in its range")
    }

    /// What random choices begin with.
    pub(super) fn seed(&mut self, call: &Call<'_>) -> Result<i64> {
        self.int(call, "seed", 0, i64::MIN..=i64::MAX)
    }

    /// A share: a number from 0 to 1, or with `below` to below 1.
    pub(super) fn share(&mut self, call: &Call<'_>, name: &str, below: bool) -> Result<Option<f64>> {
        let Some((Scalar::Float64(value), span)) = self.setting(call, name, &[DataType::Float64])? else {
            return Ok(None);
        };
        if is_share(value, below) {
            return Ok(Some(value));
        }
        let allowed = if below { "a number from 0 to below 1" } else { "a number from 0 to 1" };
        let next = match (value > 0.0, below) {
            (false, _) => "0",
            (true, false) => "1",
            (true, true) => "0.99",
        };
        Err(out_of_range(name, allowed, &value, next, span))
    }

    pub(super) fn flag(&mut self, call: &Call<'_>, name: &str) -> Result<bool> {
        Ok(matches!(self.setting(call, name, &[DataType::Bool])?, Some((Scalar::Bool(true), _))))
    }

    pub(super) fn text(&mut self, call: &Call<'_>, name: &str) -> Result<Option<String>> {
        match self.setting(call, name, &[DataType::String])? {
            Some((Scalar::String(text), _)) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    /// One text or several.
    pub(super) fn texts(&mut self, call: &Call<'_>, name: &str) -> Result<Vec<String>> {
        let wanted = [DataType::String, DataType::array(DataType::String)];
        let text = |value| if let Scalar::String(text) = value { Some(text) } else { None };
        Ok(match self.setting(call, name, &wanted)? {
            Some((Scalar::Array(_, items), _)) => items.into_iter().filter_map(text).collect(),
            Some((value, _)) => text(value).into_iter().collect(),
            None => Vec::new(),
        })
    }

    /// One of `words`, case aside, as it stands there; the first one where nothing is given.
    pub(super) fn word(
        &mut self,
        call: &Call<'_>,
        name: &str,
        words: &'static [&'static str],
    ) -> Result<&'static str> {
        let given = self.text(call, name)?;
        let known = match &given {
            Some(given) => words.iter().find(|word| word.eq_ignore_ascii_case(given)),
            None => words.first(),
        };
        known.copied().ok_or_else(|| {
            let given = given.unwrap_or_default();
            let span = call.setting(name).map_or(call.span, |value| value.span);
            let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
            Error::new(Code::InvalidOption, format!("`{name}` cannot be '{given}'"))
                .at(span)
                .did_you_mean_here(&given, words.iter().copied(), |word| format!("'{word}'"))
                .or_hint(format!("it is {}", quoted.join(" or ")))
        })
    }
}

/// Whether a number lies between 0 and 1, or with `below` is less than 1.
pub(super) fn is_share(value: f64, below: bool) -> bool {
    (0.0..=1.0).contains(&value) && !(below && value == 1.0)
}

/// A number that is none of those that are `allowed`; the edit writes `next`, the nearest of them.
#[cold]
fn out_of_range(name: &str, allowed: &str, found: &dyn std::fmt::Display, next: &str, span: Span) -> Error {
    Error::new(Code::InvalidOption, format!("`{name}` takes {allowed}, found {found}"))
        .at(span)
        .hint(format!("write {next}"))
        .fix(span, next)
}

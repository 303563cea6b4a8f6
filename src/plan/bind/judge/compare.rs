//! ML.COMPARE: whether one version predicts better than another, or differs from it by more than chance.

use super::super::Binder;
use super::super::from::Source;
use super::Judging;
use super::args::Call;
use super::evaluate::{column_of, of_one_type, visible};
use super::text::{filled, float};
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result};
use crate::plan::node::Node;

pub(super) const FUNCTIONS: &[Judging] = &[Judging::of_rows(
    "ML.COMPARE",
    &[COLUMNS, "actual_col", "task_type", VERSION, "predicted_col", OUTCOME, SPLIT],
    |binder, call| binder.compare(call),
)];

/// The settings that decide what is compared: two predictions of each row, or rows of two versions.
const COLUMNS: &str = "predicted_cols";
const VERSION: &str = "version_col";
const OUTCOME: &str = "outcome_col";
const SPLIT: &str = "split";

const CLASSES: &str = include_str!("sql/compare_classes.sql");
const NUMBERS: &str = include_str!("sql/compare_numbers.sql");
const GROUPS: &str = include_str!("sql/compare_groups.sql");

/// What the truth tells of two predictions: McNemar's test of classes, a paired t-test of the errors of numbers.
const OF_CLASSES: &str = ", ('accuracy_first', SAFE_DIVIDE(f, n), NULL), ('accuracy_second', SAFE_DIVIDE(s, n), NULL), \
    ('only_first_right', b, NULL), ('only_second_right', c, NULL), \
    ('mcnemar', SAFE_DIVIDE(POW(ABS(b - c) - 1, 2), b + c), ML.P_VALUE('chi_square', SAFE_DIVIDE(POW(ABS(b - c) - 1, 2), b + c), 1)), \
    ('mcnemar_exact', LEAST(b, c), ML.P_VALUE('binomial', LEAST(b, c), b + c))";
const OF_NUMBERS: &str = ", ('mean_absolute_error_first', f, NULL), ('mean_absolute_error_second', s, NULL), \
    ('paired_t', t, ML.P_VALUE('t', t, NULLIF(n - 1, 0)))";

impl Binder<'_> {
    fn compare(&mut self, call: &Call<'_>) -> Result<Node> {
        let source = self.given(call, call.rows.first().copied().invariant("a call with rows")?)?;
        let alone = |setting: &str, others: &[&str]| match others.iter().find_map(|other| call.setting(other))
        {
            Some(other) => {
                let message = format!("this setting does not go together with `{setting}`");
                Err(call.wrong(Code::InvalidOption, message, other.span))
            }
            None => Ok(()),
        };
        if call.setting(VERSION).is_some() {
            alone(VERSION, &[COLUMNS, "task_type"])?;
            return self.compare_groups(call, source);
        }
        alone(COLUMNS, &[VERSION, "predicted_col", OUTCOME, SPLIT])?;
        self.compare_columns(call, source)
    }

    /// Two predictions of each row.
    fn compare_columns(&mut self, call: &Call<'_>, source: Source) -> Result<Node> {
        let span = call.setting(COLUMNS).ok_or_else(|| call.missing(COLUMNS))?.span;
        let mut names = self.texts(call, COLUMNS)?;
        if names.is_empty() && self.context.only_checks() {
            // A parameter without value names any columns.
            let any = source.scope.visible(None).next().map(|(name, _)| name.to_owned());
            names = any.into_iter().flat_map(|name| [name.clone(), name]).collect();
        }
        let [first, second] = names.as_slice() else {
            let message = format!("`{COLUMNS}` names two columns, found {}", names.len());
            return Err(call.wrong(Code::InvalidOption, message, span));
        };
        let (first, first_type) = column_of(&source, first, span)?;
        let (second, second_type) = column_of(&source, second, span)?;
        same_types(call, (&first, &first_type), (&second, &second_type))?;
        let by_type = if first_type == DataType::Float64 { "regression" } else { "classification" };
        let task = match call.setting("task_type") {
            Some(_) => self.word(call, "task_type", &["classification", "regression"])?,
            None => by_type,
        };
        let is_numbers = task == "regression";
        if is_numbers && !first_type.is_numeric() {
            let message = format!("regression takes numbers, column {first} has type {first_type}");
            return Err(Error::new(Code::TypeMismatch, message).at(span));
        }
        let truth = match call.setting("actual_col") {
            Some(_) => Some(self.column_setting(call, &source, "actual_col")?),
            None => None,
        };
        let known = format!("{first} IS NOT NULL AND {second} IS NOT NULL");
        let (truth, known, judged, tests) = match truth {
            Some((actual, actual_type)) if !is_numbers => {
                same_types(call, (&first, &first_type), (&actual, &actual_type))?;
                (format!(", {actual} AS y"), format!("{known} AND {actual} IS NOT NULL"), "d", OF_CLASSES)
            }
            Some((actual, _)) => {
                let truth = format!(", CAST({actual} AS FLOAT64) AS y");
                (truth, format!("{known} AND {actual} IS NOT NULL"), "d", OF_NUMBERS)
            }
            None => (String::new(), known, "(SELECT a, b, a AS y FROM d)", ""),
        };
        let sql = filled(
            if is_numbers { NUMBERS } else { CLASSES },
            &[
                ("first", &first),
                ("second", &second),
                ("truth", &truth),
                ("known", &known),
                ("judged", judged),
                ("tests", tests),
            ],
        );
        self.expanded(call, vec![("p", visible(source)?)], &sql)
    }

    /// Rows of two versions, each with an outcome.
    fn compare_groups(&mut self, call: &Call<'_>, source: Source) -> Result<Node> {
        let (version, _) = self.column_setting(call, &source, VERSION)?;
        let (outcome, known) = if call.setting(OUTCOME).is_some() {
            let (outcome, data_type) = self.column_setting(call, &source, OUTCOME)?;
            if data_type != DataType::Bool {
                let message =
                    format!("`{OUTCOME}` names a column of type BOOL, {outcome} has type {data_type}");
                return Err(call.wrong(Code::TypeMismatch, message, call.span));
            }
            (outcome.clone(), format!("{outcome} IS NOT NULL"))
        } else {
            let (predicted, predicted_type) = self.column_setting(call, &source, "predicted_col")?;
            let (actual, actual_type) = self.column_setting(call, &source, "actual_col")?;
            same_types(call, (&predicted, &predicted_type), (&actual, &actual_type))?;
            (format!("{predicted} = {actual}"), format!("{predicted} IS NOT NULL AND {actual} IS NOT NULL"))
        };
        let [first, second] = self.split(call)?;
        let sql = filled(
            GROUPS,
            &[
                ("version", &version),
                ("outcome", &outcome),
                ("known", &format!("{version} IS NOT NULL AND {known}")),
                ("share1", &float(first / 100.0)),
                ("share2", &float(second / 100.0)),
            ],
        );
        self.expanded(call, vec![("p", visible(source)?)], &sql)
    }

    /// The percents of rows that two versions were to get.
    fn split(&mut self, call: &Call<'_>) -> Result<[f64; 2]> {
        let wanted = [DataType::array(DataType::Float64)];
        let Some((value, span)) = self.setting(call, SPLIT, &wanted)? else { return Ok([50.0, 50.0]) };
        if let Scalar::Array(_, items) = &value
            && let [Scalar::Float64(first), Scalar::Float64(second)] = items.as_slice()
            && *first > 0.0
            && *second > 0.0
            && first + second == 100.0
        {
            return Ok([*first, *second]);
        }
        let message = format!("`{SPLIT}` takes two percents above 0 that make 100, found {value}");
        Err(Error::new(Code::InvalidOption, message).at(span).hint("write split => [90, 10]"))
    }
}

/// # Errors
/// `type-mismatch` where values of two columns cannot be compared.
fn same_types(call: &Call<'_>, first: (&str, &DataType), second: (&str, &DataType)) -> Result<()> {
    of_one_type(call, [second, first], DataType::Float64)?;
    if first.1.is_orderable() {
        return Ok(());
    }
    let message = format!(
        "{} does not compare values of type {}, as of column {}",
        call.judging.name, first.1, first.0
    );
    Err(Error::new(Code::TypeMismatch, message).at(call.span).hint("write TO_JSON_STRING(…) in a subquery"))
}

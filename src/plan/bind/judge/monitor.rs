//! ML.MONITOR: the rows of a log by windows of time, each held against a baseline.

use super::super::Binder;
use super::super::from::{Source, scan};
use super::args::Call;
use super::describe::{COMPARED, Described, Parts};
use super::evaluate::{BINARY, CLASSES, MACRO, column_of, of_one_type, visible};
use super::text::{filled, quoted, string};
use super::{Judging, without_own_columns};
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result};
use crate::plan::node::Node;
use crate::syntax::ast::{ExprKind, SubqueryKind};

pub(super) const FUNCTIONS: &[Judging] =
    &[Judging { models: 0..=1, ..Judging::of_rows("ML.MONITOR", OWN, |binder, call| binder.monitor(call)) }];

/// The settings: its own, and those of a comparison.
#[expect(clippy::indexing_slicing, reason = "the place is one of the names")]
const OWN: &[&str] = &{
    let mut all =
        ["timestamp_col", "window", "baseline", "predicted_col", "actual_col", "group_col"].as_slice();
    let mut names = [""; 6 + COMPARED.len()];
    let mut place = 0;
    while place < names.len() {
        if let [first, rest @ ..] = all {
            names[place] = *first;
            all = rest;
            place += 1;
        } else {
            all = COMPARED;
        }
    }
    names
};

const MONITOR: &str = include_str!("sql/monitor.sql");
const WINDOWS: &str = include_str!("sql/windows.sql");
const METRICS: &str = include_str!("sql/window_metrics.sql");
pub(super) const WINDOW_ERRORS: &str = include_str!("sql/window_errors.sql");

/// How windows are divided into groups, as SQL; nothing where they are not.
struct Grouping {
    named: String,
    exists: String,
    listed: &'static str,
    shown: &'static str,
    /// The rows that each window and group is held against.
    base: &'static str,
}

impl Grouping {
    fn of(group: Option<&str>) -> Self {
        match group {
            Some(group) => Self {
                named: format!(", {group} AS __group"),
                exists: format!(" AND {group} IS NOT NULL"),
                listed: ", __group",
                shown: "__group AS `group`, ",
                base: "base JOIN (SELECT __win, __group FROM windows) USING (__group)",
            },
            None => Self {
                named: String::new(),
                exists: String::new(),
                listed: "",
                shown: "",
                base: "base CROSS JOIN (SELECT __win FROM windows)",
            },
        }
    }
}

impl Binder<'_> {
    fn monitor(&mut self, call: &Call<'_>) -> Result<Node> {
        let source = self.given(call, call.rows.first().copied().invariant("a call with rows")?)?;
        let (time, time_type) = self.column_setting(call, &source, "timestamp_col")?;
        let kind = match time_type {
            DataType::Timestamp | DataType::Datetime | DataType::Date => time_type.to_string(),
            other => {
                let message = format!("`timestamp_col` names a column of type {other}");
                let span = call.setting("timestamp_col").map_or(call.span, |value| value.span);
                return Err(Error::new(Code::TypeMismatch, message)
                    .at(span)
                    .hint("it takes TIMESTAMP, DATETIME or DATE"));
            }
        };
        let [bucket, end] = self.window_of_time(call, &time, &kind)?;
        let group = match call.setting("group_col") {
            Some(_) => Some(self.column_setting(call, &source, "group_col")?.0),
            None => None,
        };
        let mut columns = Described::all(&source, call)?;
        columns.retain(|column| column.value != time && Some(&column.value) != group.as_ref());
        let given = self.monitored_baseline(call)?;
        let others = Described::all(given.as_ref().unwrap_or(&source), call)?;
        let grouping = Grouping::of(group.as_deref());
        let base = if let Some(given) = &given {
            if call.setting("group_col").is_some() {
                self.column_setting(call, given, "group_col")?;
            }
            format!("SELECT *{} FROM given", grouping.named)
        } else {
            "SELECT * EXCEPT (__win) FROM study WHERE __start = (SELECT MIN(__start) FROM windows)".into()
        };
        let before = filled(
            MONITOR,
            &[
                ("bucket", &bucket),
                ("time", &time),
                ("base", &base),
                ("grouped", &grouping.named),
                ("is_grouped", &grouping.exists),
                ("group", grouping.listed),
            ],
        );
        let width = others.len().max(1);
        // Columns are counted on from window to window.
        let part = format!("__win * {width} + ");
        let parts = Parts { base: grouping.base, study: "study", part: &part };
        let compared = self.comparison(call, &others, &columns, &before, &parts)?;
        let nulls = columns.iter().zip(0..).map(|(column, number)| {
            let (name, value) = (string(&column.name), &column.value);
            format!("STRUCT({number} AS c, {name} AS input, {value} IS NULL AS is_null)")
        });
        let nulls: Vec<_> = nulls.collect();
        let metrics = self.window_metrics(call, &source, columns.len().max(width))?;
        let sql = compared.sql
            + &filled(
                WINDOWS,
                &[
                    ("end", &end),
                    ("group", grouping.shown),
                    ("count", &width.to_string()),
                    ("columns", &compared.columns),
                    ("nulls", &nulls.join(", ")),
                    ("metrics", &metrics),
                ],
            );
        let mut sources = vec![("p", visible(source)?)];
        if let Some(given) = given {
            sources.push(("given", visible(given)?));
        }
        self.expanded(call, sources, &sql)
    }

    /// The beginning of the window of `time` and, behind `__start`, its end, as SQL.
    fn window_of_time(&mut self, call: &Call<'_>, time: &str, kind: &str) -> Result<[String; 2]> {
        let tree = call.setting("window").ok_or_else(|| call.missing("window"))?;
        let wrong = |message: String, hint: &str| {
            Err(Error::new(Code::InvalidOption, message).at(tree.span).hint(hint))
        };
        let none =
            || wrong("`window` takes an interval of at least 1".into(), "write window => INTERVAL 1 DAY");
        let ExprKind::Interval(count, part) = &tree.kind else { return none() };
        let mut count = match self.constant_of(call, count, "window", &[DataType::Int64])? {
            Some((Scalar::Int64(count), _)) if count > 0 => count,
            None => 1,
            _ => return none(),
        };
        let mut part = part.text.to_ascii_uppercase();
        if part == "WEEK" {
            (part, count) = ("DAY".into(), count.saturating_mul(7));
        }
        let has_months = matches!(part.as_str(), "MONTH" | "QUARTER" | "YEAR");
        if kind == "DATE" && !has_months && part != "DAY" {
            let message = format!("a window of {part} parts days, and {time} has dates");
            return wrong(message, "write window => INTERVAL 1 DAY, or CAST(… AS TIMESTAMP) in a subquery");
        }
        let interval = format!("INTERVAL {count} {part}");
        // Months are no fixed time, and begin with a day.
        Ok(if has_months && kind != "DATE" {
            let of_day = |call: &str| format!("CAST({call}, {interval}) AS {kind})");
            [of_day(&format!("DATE_BUCKET(CAST({time} AS DATE)")), of_day("DATE_ADD(CAST(__start AS DATE)")]
        } else {
            [format!("{kind}_BUCKET({time}, {interval})"), format!("{kind}_ADD(__start, {interval})")]
        })
    }

    /// The rows that windows are held against: those that are given, or those that the model keeps; else those of the
    /// first window.
    fn monitored_baseline(&mut self, call: &Call<'_>) -> Result<Option<Source>> {
        if let Some(given) = call.setting("baseline") {
            let ExprKind::Subquery(SubqueryKind::Scalar, query) = &given.kind else {
                return Err(Error::new(Code::InvalidOption, "`baseline` takes a query or a table")
                    .at(given.span)
                    .hint("write baseline => (SELECT …) or baseline => TABLE t"));
            };
            let source = Source::new(self.query(query)?, None);
            return without_own_columns(call, source, given.span).map(Some);
        }
        match call.models.first() {
            Some(path) => Ok(Some(Source::new(scan(self.baseline(call, path)?), None))),
            None => Ok(None),
        }
    }

    /// The rows with the metrics of ML.METRICS for each window, whose numbers begin behind `count`; none where there is no
    /// prediction and truth.
    fn window_metrics(&mut self, call: &Call<'_>, source: &Source, count: usize) -> Result<String> {
        let (predicted, actual) = match (call.setting("predicted_col"), call.setting("actual_col")) {
            (None, None) => return Ok(String::new()),
            (Some(_), None) => return Err(call.missing("actual_col")),
            (None, Some(_)) => return Err(call.missing("predicted_col")),
            (Some(predicted), Some(actual)) => (predicted, actual),
        };
        let names = (self.text(call, "predicted_col")?, self.text(call, "actual_col")?);
        let (Some(predicted_name), Some(actual_name)) = names else { return Ok(String::new()) };
        let (p, data_type) = column_of(source, &predicted_name, predicted.span)?;
        let (y, actual_type) = column_of(source, &actual_name, actual.span)?;
        of_one_type(call, [(&y, &actual_type), (&p, &data_type)], DataType::Float64)?;
        let pairs = |convert: &dyn Fn(&str) -> String| {
            format!(
                "d AS (SELECT __win AS win, {} AS y, {} AS p FROM study WHERE {y} IS NOT NULL AND {p} IS NOT NULL)",
                convert(&y),
                convert(&p)
            )
        };
        let of_classes = ["precision", "recall", "accuracy", "f1_score"];
        let of_numbers = ["mean_absolute_error", "mean_squared_error", "r2_score", "explained_variance"];
        let by_window = |list: &str| {
            let as_is = |name: &str| name.to_owned();
            let list = list.trim_start().trim_start_matches("SELECT");
            let classes = filled(CLASSES, &[("by", "win, "), ("pairs", &pairs(&as_is))]);
            format!("{classes}SELECT win, {list} FROM k GROUP BY win")
        };
        let (judged, metrics) = match data_type {
            DataType::Bool => (by_window(&filled(BINARY, &[("pos", "TRUE")])), of_classes),
            DataType::String => (by_window(MACRO), of_classes),
            DataType::Int64 | DataType::Float64 | DataType::Numeric | DataType::BigNumeric => {
                let as_float = |name: &str| format!("CAST({name} AS FLOAT64)");
                (filled(WINDOW_ERRORS, &[("pairs", &pairs(&as_float))]), of_numbers)
            }
            other => {
                let message = format!("column {p} has type {other}, which has no metrics");
                return Err(Error::new(Code::TypeMismatch, message).at(predicted.span));
            }
        };
        let listed = metrics.map(|name| format!("STRUCT('{name}' AS metric, {} AS value)", quoted(name)));
        Ok(filled(
            METRICS,
            &[
                ("count", &count.to_string()),
                ("input", &string(&predicted_name)),
                ("judged", &judged),
                ("listed", &listed.join(", ")),
            ],
        ))
    }
}

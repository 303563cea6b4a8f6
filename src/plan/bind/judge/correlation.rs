//! ML.CORRELATION: how columns go with a target, in every segment that dimensions make.

use super::super::Binder;
use super::Judging;
use super::args::Call;
use super::evaluate::{column_of, visible};
use super::text::{filled, string};
use crate::data::DataType;
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::plan::node::Node;

pub(super) const FUNCTIONS: &[Judging] = &[Judging::of_rows(
    "ML.CORRELATION",
    &["target_col", "target_correlation_cols", "dimension_cols", "method"],
    |binder, call| binder.correlation(call),
)];

const CORRELATION: &str = include_str!("sql/correlation.sql");

/// How many dimensions there are at most: each combination of them is a segment of every row.
const DIMENSIONS: usize = 12;

/// `r` of the pairs in `k`, for each method; `id` is their segment and column.
const PEARSON: &str = "SELECT id, CORR(t, v) AS correlation FROM k GROUP BY id";
const SPEARMAN: &str = "SELECT id, CORR(t, v) AS correlation FROM (SELECT id, \
    IF(IS_NAN(t), t, RANK() OVER (PARTITION BY id ORDER BY t) + COUNT(*) OVER (PARTITION BY id, t) / 2) AS t, \
    IF(IS_NAN(v), v, RANK() OVER (PARTITION BY id ORDER BY v) + COUNT(*) OVER (PARTITION BY id, v) / 2) AS v FROM k) GROUP BY id";
const KENDALL: &str = "SELECT a.id, IF(COUNT(*) > 1, IEEE_DIVIDE(SUM(SIGN(a.t - b.t) * SIGN(a.v - b.v)), \
    SQRT(CAST(COUNTIF(a.t <> b.t) AS FLOAT64) * COUNTIF(a.v <> b.v))), NULL) AS correlation \
    FROM k AS a JOIN k AS b ON a.id = b.id GROUP BY a.id";

/// Dimensions as parts of the query: segments are numbers whose bits say which dimensions they have.
#[derive(Default)]
struct Segments {
    values: String,
    names: String,
    keys: String,
    shown: String,
    pairs: Vec<String>,
}

impl Segments {
    fn add(&mut self, number: usize, name: &str, column: &str) {
        let bit = 1_u64 << number;
        self.values += &format!("IF(__g & {bit} = 0, NULL, {column}) AS d{number}, ");
        self.names += &format!("d{number}, ");
        self.keys += &format!(", TO_JSON_STRING(d{number})");
        self.shown += &format!("d{number} AS {column}, ");
        self.pairs.push(format!(
            "IF(g & {bit} = 0, [], [STRUCT({} AS dimension_col, TO_JSON(d{number}) AS dimension_value)])",
            string(name)
        ));
    }

    /// The array of a segment's dimensions.
    fn listed(&self) -> String {
        match self.pairs.as_slice() {
            [] => "CAST([] AS ARRAY<STRUCT<dimension_col STRING, dimension_value JSON>>)".to_owned(),
            [only] => only.clone(),
            several => format!("ARRAY_CONCAT({})", several.join(", ")),
        }
    }
}

fn check_number(name: &str, data_type: &DataType, span: Span) -> Result<()> {
    match data_type {
        DataType::Int64 | DataType::Float64 | DataType::Numeric | DataType::BigNumeric => Ok(()),
        other => {
            let message = format!("column {name} has type {other}, expected a number");
            Err(Error::new(Code::TypeMismatch, message).at(span))
        }
    }
}

impl Binder<'_> {
    fn correlation(&mut self, call: &Call<'_>) -> Result<Node> {
        let source = self.given(call, call.rows.first().copied().invariant("a call with rows")?)?;
        let (target, target_type) = self.column_setting(call, &source, "target_col")?;
        let mut columns = self.texts(call, "target_correlation_cols")?;
        let dimensions = self.texts(call, "dimension_cols")?;
        let method = self.word(call, "method", &["PEARSON", "SPEARMAN", "KENDALL"])?;
        let span = |name: &str| call.setting(name).map_or(call.span, |value| value.span);
        if call.setting("target_correlation_cols").is_none() {
            return Err(call.missing("target_correlation_cols"));
        }
        if columns.is_empty() {
            if !self.context.only_checks() {
                let message = "`target_correlation_cols` names no column";
                return Err(call.wrong(Code::InvalidOption, message, span("target_correlation_cols")));
            }
            // A parameter without value names any column.
            columns.push(target.trim_matches('`').to_owned());
        }
        if dimensions.len() > DIMENSIONS {
            let message = format!("there are {} dimensions, at most {DIMENSIONS} can be", dimensions.len());
            return Err(Error::new(Code::LimitExceeded, message).at(span("dimension_cols")).hint(
                "every combination of them is a segment: leave some out, or call it for parts of them",
            ));
        }
        check_number(&target, &target_type, span("target_col"))?;
        let mut values = Vec::new();
        for name in &columns {
            let (column, data_type) = column_of(&source, name, span("target_correlation_cols"))?;
            check_number(&column, &data_type, span("target_correlation_cols"))?;
            let value = format!("STRUCT({} AS __n, CAST({column} AS FLOAT64) AS __v)", string(name));
            // A column that is named twice is one.
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let mut segments = Segments::default();
        for (number, name) in dimensions.iter().enumerate() {
            let (column, _) = column_of(&source, name, span("dimension_cols"))?;
            segments.add(number, name, &column);
        }
        let pairs = match method {
            "SPEARMAN" => SPEARMAN,
            "KENDALL" => KENDALL,
            _ => PEARSON,
        };
        let last = (1_u64 << dimensions.len()) - 1;
        let sql = filled(
            CORRELATION,
            &[
                ("method", pairs),
                ("dims", &segments.values),
                ("names", &segments.names),
                ("keys", &segments.keys),
                ("shown", &segments.shown),
                ("segment", &segments.listed()),
                ("target", &target),
                ("name", &string(target.trim_matches('`'))),
                ("last", &last.to_string()),
                ("columns", &values.join(", ")),
            ],
        );
        self.expanded(call, vec![("p", visible(source)?)], &sql)
    }
}

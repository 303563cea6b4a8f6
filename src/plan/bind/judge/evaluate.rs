//! ML.METRICS, ML.EVALUATE, ML.CONFUSION_MATRIX, and curves over the scores of two classes.

use super::super::Binder;
use super::super::from::Source;
use super::Judging;
use super::args::{Call, is_share};
use super::label::{Judged, JudgedKind};
use super::text::{column_names, filled, float, literal, quoted, string};
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::plan::node::{Node, NodeKind};
use crate::syntax::written;

pub(super) const FUNCTIONS: &[Judging] = &[
    Judging::of_rows("ML.METRICS", &["predicted_col", "actual_col", "task_type"], |binder, call| {
        binder.metrics(call)
    }),
    Judging::of_model(
        "ML.EVALUATE",
        &["threshold", "trial_id", "positive_class", "extended"],
        |binder, call| binder.evaluate(call),
    ),
    Judging::of_model("ML.CONFUSION_MATRIX", &["threshold", "trial_id", "positive_class"], |binder, call| {
        binder.confusion(call)
    }),
    Judging { values: 1, ..Judging::of_model("ML.ROC_CURVE", CURVE, |binder, call| binder.curve(call, ROC)) },
    Judging {
        values: 1,
        ..Judging::of_model("ML.PRECISION_RECALL_CURVE", CURVE, |binder, call| {
            binder.curve(call, PRECISION_RECALL)
        })
    },
    Judging::of_model("ML.CALIBRATION_CURVE", &["num_buckets", "positive_class"], |binder, call| {
        binder.calibration(call)
    }),
];

const CURVE: &[&str] = &["trial_id", "positive_class"];

const ROC: &str = "SAFE_DIVIDE(tp, p) AS recall, SAFE_DIVIDE(pp - tp, n - p) AS false_positive_rate, tp AS true_positives, \
    pp - tp AS false_positives, n - p - (pp - tp) AS true_negatives, p - tp AS false_negatives";

const PRECISION_RECALL: &str = "SAFE_DIVIDE(tp, pp) AS precision, SAFE_DIVIDE(tp, p) AS recall, tp AS true_positives, \
    pp - tp AS false_positives, p - tp AS false_negatives";

/// Metrics of pairs of numbers, or of classes.
const REGRESSION: &str = include_str!("sql/regression.sql");
pub(super) const CLASSES: &str = include_str!("sql/classes.sql");
const SCORES: &str = include_str!("sql/scores.sql");
pub(super) const BINARY: &str = include_str!("sql/binary.sql");
pub(super) const MACRO: &str = include_str!("sql/macro.sql");
const LOSSES: &str = include_str!("sql/losses.sql");
const EXTENDED: &str = include_str!("sql/extended.sql");
const CURVES: &str = include_str!("sql/roc.sql");
const CALIBRATION: &str = include_str!("sql/calibration.sql");

/// How many rows had a prediction and the truth, and how many had not.
const COUNTED: &str = ", (SELECT COUNT(*) FROM d) AS num_rows, (SELECT COUNT(*) FROM p) - (SELECT COUNT(*) FROM d) AS num_ignored";

/// Where there is no value.
const NO_FLOAT: &str = "CAST(NULL AS FLOAT64)";

impl Binder<'_> {
    fn metrics(&mut self, call: &Call<'_>) -> Result<Node> {
        let source = self.given(call, call.rows.first().copied().invariant("a call with rows")?)?;
        let (predicted, predicted_type) = self.column_setting(call, &source, "predicted_col")?;
        let (actual, actual_type) = self.column_setting(call, &source, "actual_col")?;
        call.setting("task_type").ok_or_else(|| call.missing("task_type"))?;
        let task = self.word(call, "task_type", &["classification", "regression"])?;
        let is_float = task == "regression";
        let both = [(actual.as_str(), &actual_type), (predicted.as_str(), &predicted_type)];
        let fits = |data_type: &DataType| match data_type {
            DataType::String | DataType::Bool => !is_float,
            DataType::Int64 | DataType::Float64 | DataType::Numeric | DataType::BigNumeric => is_float,
            _ => false,
        };
        if let Some((column, data_type)) = both.into_iter().find(|(_, data_type)| !fits(data_type)) {
            let takes = if is_float { "numbers" } else { "STRING or BOOL" };
            let message = format!("{task} takes {takes}, column {column} has type {data_type}");
            let wanted = if is_float { DataType::Float64 } else { common_type(both, DataType::String) };
            return Err(Error::new(Code::TypeMismatch, message).at(call.span).hint(as_type(both, &wanted)));
        }
        of_one_type(call, both, DataType::Float64)?;
        let value = |name: &str| if is_float { format!("CAST({name} AS FLOAT64)") } else { name.to_owned() };
        let pairs = format!(
            "d AS (SELECT {} AS y, {} AS p FROM p WHERE {actual} IS NOT NULL AND {predicted} IS NOT NULL)",
            value(&actual),
            value(&predicted)
        );
        let sql = match (is_float, predicted_type) {
            (true, _) => filled(REGRESSION, &[("pairs", &pairs), ("more", "")]),
            (false, DataType::Bool) => {
                format!(
                    "{}{} FROM k",
                    filled(CLASSES, &[("by", ""), ("pairs", &pairs)]),
                    filled(BINARY, &[("pos", "TRUE")])
                )
            }
            (false, _) => format!("{}{MACRO} FROM k", filled(CLASSES, &[("by", ""), ("pairs", &pairs)])),
        };
        self.expanded(call, vec![("p", visible(source)?)], &sql)
    }

    fn evaluate(&mut self, call: &Call<'_>) -> Result<Node> {
        let extended = self.flag(call, "extended")?;
        let Judged { node, pairs, kind } = self.judged(call)?;
        let counted = if extended { COUNTED } else { "" };
        let JudgedKind::Classification { classes, has_scores, .. } = &kind else {
            let sql = filled(REGRESSION, &[("pairs", &pairs), ("more", counted)]);
            return self.expanded(call, vec![("p", node)], &sql);
        };
        let positive = kind.positive();
        if call.setting("threshold").is_some() && positive.is_none() {
            return Err(not_binary(call, "threshold"));
        }
        let mut sql = filled(CLASSES, &[("by", ""), ("pairs", &pairs)]);
        if *has_scores {
            let list: Vec<_> = classes.iter().map(literal).collect();
            let one = positive.map(|(number, _)| format!("WHERE c = {number}")).unwrap_or_default();
            let list = list.join(", ");
            let foreign = format!(
                "the truth is none of the classes {list} in any row: map it to them in a subquery, or name them by the option `labels`"
            );
            sql += &filled(
                SCORES,
                &[("classes", &format!("[{list}]")), ("one", &one), ("foreign", &string(&foreign))],
            );
        }
        sql += &match positive {
            Some((_, class)) => filled(BINARY, &[("pos", &literal(class))]),
            None => MACRO.to_owned(),
        };
        if *has_scores {
            sql += LOSSES;
        } else {
            sql += &format!(", {NO_FLOAT} AS log_loss, {NO_FLOAT} AS roc_auc");
        }
        if extended {
            let [brier, precision, top] = if *has_scores {
                [
                    "(SELECT IF(b.foreign_label, NULL, (SELECT IF(LOGICAL_OR(v < -1e-6 OR v > 1 + 1e-6), NULL, SUM(POW(v - CAST(hit AS INT64), 2))) FROM x) / (SELECT COUNT(*) FROM i)) FROM b)",
                    "(SELECT IF(b.foreign_label, NULL, (SELECT IF(LOGICAL_OR(ap IS NULL), NULL, AVG(ap)) FROM u)) FROM b)",
                    "(SELECT AVG(IF((SELECT COUNT(*) FROM UNNEST(s) AS v WITH OFFSET AS o WHERE v > s[SAFE_OFFSET(i)] OR v = s[SAFE_OFFSET(i)] AND o > i) < 5 AND i IS NOT NULL, 1, 0)) FROM i)",
                ]
            } else {
                [NO_FLOAT; 3]
            };
            sql += &filled(EXTENDED, &[("brier", brier), ("precision", precision), ("top", top)]);
            sql += counted;
        }
        sql += " FROM k";
        self.expanded(call, vec![("p", node)], &sql)
    }

    fn confusion(&mut self, call: &Call<'_>) -> Result<Node> {
        let Judged { node, pairs, kind } = self.judged(call)?;
        let JudgedKind::Classification { classes, .. } = &kind else { return Err(not_classes(call)) };
        if call.setting("threshold").is_some() && kind.positive().is_none() {
            return Err(not_binary(call, "threshold"));
        }
        if classes.is_empty() {
            return Err(no_names(call));
        }
        let mut ordered = classes.clone();
        ordered.sort_by(|a, b| match (a, b) {
            (Scalar::Int64(a), Scalar::Int64(b)) => a.cmp(b),
            (Scalar::String(a), Scalar::String(b)) => a.cmp(b),
            _ => std::cmp::Ordering::Equal,
        });
        let texts = ordered.iter().map(|class| match class {
            Scalar::String(text) => text.clone(),
            Scalar::Bool(value) => value.to_string(),
            other => other.to_string(),
        });
        let columns = ordered
            .iter()
            .zip(column_names(texts))
            .map(|(class, name)| format!("COUNTIF(p = {}) AS {}", literal(class), quoted(&name)));
        let columns: Vec<_> = columns.collect();
        let sql = format!(
            "WITH {pairs} SELECT a AS expected_label, {} FROM d GROUP BY 1 ORDER BY 1",
            columns.join(", ")
        );
        self.expanded(call, vec![("p", node)], &sql)
    }

    fn curve(&mut self, call: &Call<'_>, columns: &str) -> Result<Node> {
        let types = [DataType::array(DataType::Float64), DataType::array(DataType::Int64)];
        let mut thresholds = None;
        if let Some(tree) = call.values.first() {
            thresholds = self.constant_of(call, tree, "thresholds", &types)?;
        }
        let Judged { node, pairs, kind } = self.judged(call)?;
        let (number, class) = two_classes(call, &kind)?;
        let thresholds = match thresholds {
            Some((Scalar::Array(_, items), span)) => thresholds_of(&items, span)?,
            _ => format!("(SELECT APPROX_QUANTILES(s[OFFSET({number})], 100) FROM d)"),
        };
        let sql = filled(
            CURVES,
            &[
                ("pairs", &pairs),
                ("k", &number.to_string()),
                ("pos", &literal(class)),
                ("thresholds", &thresholds),
                ("columns", columns),
            ],
        );
        self.expanded(call, vec![("p", node)], &sql)
    }

    fn calibration(&mut self, call: &Call<'_>) -> Result<Node> {
        let buckets = self.int(call, "num_buckets", 10, 1..=1000)?;
        let Judged { node, pairs, kind } = self.judged(call)?;
        let (number, class) = two_classes(call, &kind)?;
        let parts = [
            ("pairs", pairs.as_str()),
            ("k", &number.to_string()),
            ("pos", &literal(class)),
            ("n", &buckets.to_string()),
        ];
        self.expanded(call, vec![("p", node)], &filled(CALIBRATION, &parts))
    }

    /// The column that a setting names: its name as SQL and its type.
    pub(super) fn column_setting(
        &mut self,
        call: &Call<'_>,
        source: &Source,
        setting: &str,
    ) -> Result<(String, DataType)> {
        let span = call.setting(setting).ok_or_else(|| call.missing(setting))?.span;
        let name = self.text(call, setting)?;
        // A parameter without value names any column.
        let name = name.or_else(|| source.scope.visible(None).next().map(|(name, _)| name.to_owned()));
        column_of(source, &name.unwrap_or_default(), span)
    }
}

/// A truth and a prediction: names as SQL, and types.
pub(super) type Pair<'a> = [(&'a str, &'a DataType); 2];

/// # Errors
/// `type-mismatch` where two columns whose values are compared have different types; numbers should have the type `number`.
pub(super) fn of_one_type(call: &Call<'_>, columns: Pair<'_>, number: DataType) -> Result<()> {
    let [(second, second_type), (first, first_type)] = columns;
    if first_type == second_type {
        return Ok(());
    }
    let message = format!(
        "column {first} has type {first_type} and column {second} {second_type}: {} compares values of one type",
        call.judging.name
    );
    Err(Error::new(Code::TypeMismatch, message)
        .at(call.span)
        .hint(as_type(columns, &common_type(columns, number))))
}

/// The type that both columns can have: `number` for numbers, BOOL for whole numbers beside BOOL, else STRING.
fn common_type(columns: Pair<'_>, number: DataType) -> DataType {
    let has = |wanted: &DataType| columns.iter().any(|(_, data_type)| *data_type == wanted);
    if columns.iter().all(|(_, data_type)| data_type.is_numeric()) {
        number
    } else if has(&DataType::Bool) && has(&DataType::Int64) {
        DataType::Bool
    } else {
        DataType::String
    }
}

/// The column `name` of the type `data_type` as one of the type `wanted`.
pub(super) fn cast(name: &str, data_type: &DataType, wanted: &DataType) -> String {
    // There is no cast from BOOL to FLOAT64.
    match (data_type, wanted) {
        (DataType::Bool, DataType::Float64) => format!("CAST(CAST({name} AS INT64) AS FLOAT64)"),
        _ => format!("CAST({name} AS {wanted})"),
    }
}

/// How both columns get the type `wanted`.
fn as_type(columns: Pair<'_>, wanted: &DataType) -> String {
    let casts = columns.iter().filter(|(_, data_type)| *data_type != wanted);
    let casts: Vec<_> =
        casts.map(|(name, data_type)| format!("{} AS {name}", cast(name, data_type, wanted))).collect();
    format!("write (SELECT * REPLACE ({}) FROM …)", casts.join(", "))
}

/// The column called `name`: as SQL, and its type.
pub(super) fn column_of(source: &Source, name: &str, span: Span) -> Result<(String, DataType)> {
    let mut columns = source.scope.visible(None);
    if let Some((name, expr)) = columns.find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return Ok((quoted(name), expr.data_type.clone()));
    }
    let names: Vec<_> = source.scope.visible(None).map(|(name, _)| name).collect();
    Err(Error::new(Code::UnknownColumn, format!("column `{name}` was not found"))
        .at(span)
        .did_you_mean_here(name, names.iter().copied(), |near| format!("'{near}'"))
        .or_list("the columns are", names))
}

/// The rows with the columns that `*` means.
pub(in super::super) fn visible(source: Source) -> Result<Node> {
    let Source { node, scope } = source;
    let (fields, exprs) = scope
        .visible(None)
        .map(|(name, expr)| (Field::new(name, expr.data_type.clone()), expr.clone()))
        .unzip();
    Ok(Node { kind: NodeKind::Project { input: Box::new(node), exprs }, schema: Schema { fields } })
}

/// Thresholds as a list. Scores need not be probabilities, so whether one lies too far is known with them.
fn thresholds_of(items: &[Scalar], span: Span) -> Result<String> {
    let items = items.iter().map(|item| match item {
        Scalar::Float64(value) if !value.is_nan() => Ok(*value),
        #[expect(clippy::cast_precision_loss, reason = "as SQL coerces whole numbers")]
        Scalar::Int64(value) => Ok(*value as f64),
        other => Err(Error::new(Code::InvalidOption, format!("{other} is no threshold"))
            .at(span)
            .hint("write numbers: [0.25, 0.5, 0.75]")),
    });
    let items = items.collect::<Result<Vec<_>>>()?;
    let listed: Vec<_> = items.iter().copied().map(float).collect();
    let list = format!("ARRAY<FLOAT64>[{}]", listed.join(", "));
    let beyond = items.iter().find(|item| item.is_finite() && !is_share(**item, false));
    Ok(beyond.map_or(list.clone(), |beyond| {
        let message = format!("the scores lie from 0 to 1, and the threshold {beyond} beyond: write CAST('inf' AS FLOAT64) for one above all scores");
        format!("(SELECT IF(LOGICAL_AND(v BETWEEN 0 AND 1), ERROR({}), {list}) FROM g)", string(&message))
    }))
}

/// The number and name of the positive class of two that have scores.
fn two_classes<'a>(call: &Call<'_>, kind: &'a JudgedKind) -> Result<(usize, &'a Scalar)> {
    match kind {
        JudgedKind::Regression => Err(not_classes(call)),
        JudgedKind::Classification { classes, .. } if classes.is_empty() => Err(no_names(call)),
        JudgedKind::Classification { has_scores: false, .. } => {
            let message =
                format!("{} needs the scores of a classifier, and this model gives none", call.judging.name);
            Err(Error::new(Code::InvalidOption, message)
                .at(call.span)
                .hint("export the model with its probabilities"))
        }
        JudgedKind::Classification { .. } => {
            kind.positive().ok_or_else(|| not_binary(call, call.judging.name))
        }
    }
}

#[cold]
fn not_classes(call: &Call<'_>) -> Error {
    let message = format!("{} is for classifiers, this model is for regression", call.judging.name);
    Error::new(Code::InvalidOption, message)
        .at(call.span)
        .hint("ML.EVALUATE has the metrics of regression; name the classes if there are some: OPTIONS (labels = […])")
}

#[cold]
fn not_binary(call: &Call<'_>, what: &str) -> Error {
    let message = format!("{what} is for classifiers of two classes, this model has others");
    Error::new(Code::InvalidOption, message).at(call.span).hint("ML.CONFUSION_MATRIX shows every class")
}

#[cold]
fn no_names(call: &Call<'_>) -> Error {
    let Some(path) = call.models.first() else { return Error::internal("a call without a model judges one") };
    let model = written(&path.text());
    Error::new(Code::InvalidOption, "the model's file does not show the names of its classes")
        .at(call.span)
        .hint(format!("name them: ALTER MODEL {model} SET OPTIONS (labels = ['no', 'yes'])"))
}

//! ML.FAIRNESS: groups of rows beside each other, with the metrics of SageMaker Clarify and of fairlearn.

use super::super::Binder;
use super::super::from::Source;
use super::Judging;
use super::args::Call;
use super::evaluate::{of_one_type, visible};
use super::text::{filled, literal, quoted, string};
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result};
use crate::plan::node::Node;

pub(super) const FUNCTIONS: &[Judging] = &[Judging::of_rows(
    "ML.FAIRNESS",
    &[
        "predicted_col",
        "actual_col",
        "group_col",
        "positive_value",
        "facet",
        "subgroup_col",
        "flip_test",
        "summary",
        "method",
    ],
    |binder, call| binder.fairness(call),
)];

const GROUPS: &str = include_str!("sql/groups.sql");
const SUMMARY: &str = include_str!("sql/summary.sql");
const FACET: &str = include_str!("sql/facet.sql");
const FLIPS: &str = include_str!("sql/flips.sql");

/// What one of Clarify's metrics is made of: its name, its value, what it means. Counts end in `a` for the other rows and `d`
/// for those of the facet: `n` rows, `y` true, `p` predicted, `t` both.
enum Value {
    Plain(&'static str),
    /// The difference of two ratios, each of two counts.
    Ratios([&'static str; 4]),
}

use Value::{Plain, Ratios};

/// Those that need no truth come first in each stage.
const METRICS: &[(&str, Value, &str)] = &[
    ("CI", Plain("(na - nd) / (na + nd)"), "Class imbalance"),
    ("DPL", Ratios(["ya", "na", "yd", "nd"]), "Difference in positive proportions of labels"),
    ("KL", Plain("kl"), "Kullback-Leibler divergence"),
    ("JS", Plain("js"), "Jensen-Shannon divergence"),
    ("LP", Plain("lp"), "L-p norm"),
    ("TVD", Plain("tvd"), "Total variation distance"),
    ("KS", Plain("ks"), "Kolmogorov-Smirnov distance"),
    (
        "CDDL",
        Plain("IF(ya + yd IN (0, na + nd), ERROR('CDDL needs rows of both classes'), cddl)"),
        "Conditional demographic disparity in labels",
    ),
    ("DPPL", Ratios(["pa", "na", "pd", "nd"]), "Difference in positive proportions of predictions"),
    ("DI", Plain(""), "Disparate impact"),
    ("DCA", Ratios(["ya", "pa", "yd", "pd"]), "Difference in conditional acceptance"),
    (
        "DCR",
        Ratios(["(nd - yd)", "(nd - pd)", "(na - ya)", "(na - pa)"]),
        "Difference in conditional rejection",
    ),
    ("RD", Ratios(["ta", "ya", "td", "yd"]), "Recall difference"),
    (
        "SD",
        Ratios(["(nd - yd - pd + td)", "(nd - yd)", "(na - ya - pa + ta)", "(na - ya)"]),
        "Specificity difference",
    ),
    ("DAR", Ratios(["ta", "pa", "td", "pd"]), "Difference in acceptance rates"),
    (
        "DRR",
        Ratios(["(nd - yd - pd + td)", "(nd - pd)", "(na - ya - pa + ta)", "(na - pa)"]),
        "Difference in rejection rates",
    ),
    ("AD", Ratios(["(na - ya - pa + 2 * ta)", "na", "(nd - yd - pd + 2 * td)", "nd"]), "Accuracy difference"),
    (
        "CDDPL",
        Plain("IF(pa + pd IN (0, na + nd), ERROR('CDDPL needs predictions of both classes'), cddpl)"),
        "Conditional demographic disparity in predicted labels",
    ),
    ("TE", Ratios(["(yd - td)", "(pd - td)", "(ya - ta)", "(pa - ta)"]), "Treatment equality"),
    ("FT", Plain("ft"), "Flip test"),
    ("GE", Plain("ge"), "Generalized entropy"),
];

/// The classes `c` as a text.
const LISTED: &str = "STRING_AGG(DISTINCT CAST(c AS STRING), ', ' ORDER BY CAST(c AS STRING) LIMIT 10)";

/// The metrics that need no truth.
const OF_PREDICTIONS: &[&str] = &["CI", "DPPL", "DI", "CDDPL", "FT"];

/// A quotient as Clarify has it: 0 of 0 is 0.
fn ratio(x: &str, y: &str) -> String {
    format!("IFNULL(SAFE_DIVIDE({x}, {y}), IF({x} = 0, 0, CAST('inf' AS FLOAT64)))")
}

fn value_of(name: &str, value: &Value) -> String {
    match value {
        Plain(_) if name == "DI" => ratio("(pd / nd)", "(pa / na)"),
        Plain(text) => (*text).to_owned(),
        Ratios([a, b, c, d]) => {
            let (first, second) = (ratio(a, b), ratio(c, d));
            format!("IF({first} = {second}, 0, {first} - {second})")
        }
    }
}

impl Binder<'_> {
    fn fairness(&mut self, call: &Call<'_>) -> Result<Node> {
        let source = self.given(call, call.rows.first().copied().invariant("a call with rows")?)?;
        let (predicted, data_type) = self.column_setting(call, &source, "predicted_col")?;
        let (group, group_type) = self.column_setting(call, &source, "group_col")?;
        let mut optional = |setting: &str| match call.setting(setting) {
            Some(_) => self.column_setting(call, &source, setting).map(Some),
            None => Ok(None),
        };
        let (actual, subgroup) = (optional("actual_col")?, optional("subgroup_col")?);
        if !matches!(data_type, DataType::Bool | DataType::Int64 | DataType::String) {
            let message = format!("column {predicted} has type {data_type}, expected the names of classes");
            return Err(Error::new(Code::TypeMismatch, message)
                .at(call.span)
                .hint("compare it in a subquery: x > 0.5 AS predicted"));
        }
        if let Some((actual, found)) = &actual {
            of_one_type(call, [(actual, found), (&predicted, &data_type)], DataType::Int64)?;
        }
        let (actual, subgroup) = (actual.map(|(name, _)| name), subgroup.map(|(name, _)| name));
        let positive = self.positive(call, &predicted, actual.as_deref(), &data_type)?;
        let facet = self.facet(call, &group, &group_type)?;
        let named = [Some(&predicted), Some(&group), actual.as_ref(), subgroup.as_ref()];
        let is_summary = self.flag(call, "summary")?;
        let is_flipped = self.flag(call, "flip_test")?;
        let has_facet = call.setting("facet").is_some();
        let refused = [
            (
                "summary",
                is_summary && has_facet,
                "compares all groups, `facet` one of them with the others",
                "leave one of them out",
            ),
            ("method", !is_summary, "is how groups are summed up", "write summary => TRUE beside it"),
            ("flip_test", is_flipped && !has_facet, "is for rows of a `facet`", "write facet => … beside it"),
            ("subgroup_col", !has_facet, "is for rows of a `facet`", "write facet => … beside it"),
        ];
        for (setting, is_idle, why, hint) in refused {
            if let Some(given) = call.setting(setting).filter(|_| is_idle) {
                let message = format!("`{setting}` {why}");
                return Err(Error::new(Code::InvalidOption, message).at(given.span).hint(hint));
            }
        }
        let features = match is_flipped {
            true => features(&source, &named),
            false => Vec::new(),
        };
        let filters = named.iter().take(3).flatten().map(|name| format!("{name} IS NOT NULL"));
        let is = |name: &str| format!("{name} = {positive}");
        let mut sql = format!(
            "WITH d AS (SELECT {group} AS g, {} AS p, {} AS y, {} AS v, {} AS f, {} AS u, {} AS x FROM p WHERE {})",
            is(&predicted),
            actual.as_deref().map_or("CAST(NULL AS BOOL)".into(), is),
            actual.as_ref().unwrap_or(&predicted),
            facet.as_deref().unwrap_or("FALSE"),
            subgroup.as_deref().unwrap_or("0"),
            if features.is_empty() { "0".to_owned() } else { format!("[{}]", features.join(", ")) },
            filters.collect::<Vec<_>>().join(" AND "),
        );
        let method = self.word(call, "method", &["between_groups", "to_overall"])?;
        if is_summary {
            sql += &summary(method == "to_overall");
        } else if facet.is_some() {
            let (flips, more) = if features.is_empty() { ("", "") } else { (FLIPS, " CROSS JOIN t") };
            let kept = |name: &str| match name {
                "FT" => !features.is_empty(),
                "CDDL" => subgroup.is_some() && actual.is_some(),
                "CDDPL" => subgroup.is_some(),
                _ => actual.is_some() || OF_PREDICTIONS.contains(&name),
            };
            sql += &filled(FACET, &[("flips", flips), ("more", more), ("metrics", &metrics(&kept)?)]);
        } else {
            sql += GROUPS;
        }
        self.expanded(call, vec![("p", visible(source)?)], &sql)
    }

    /// The positive class as SQL: the one that is named, TRUE, or the last of two.
    fn positive(
        &mut self,
        call: &Call<'_>,
        predicted: &str,
        actual: Option<&str>,
        data_type: &DataType,
    ) -> Result<String> {
        let both = actual.map(|actual| format!(" UNION ALL SELECT {actual} FROM p")).unwrap_or_default();
        if let Some((value, _)) = self.setting(call, "positive_value", std::slice::from_ref(data_type))? {
            let value = literal(&value);
            if *data_type == DataType::Bool {
                return Ok(value);
            }
            // Of one class alone the other one can be meant.
            return Ok(format!(
                "(SELECT IF(COUNTIF(c = {value}) = 0 AND COUNT(DISTINCT c) > 1, ERROR(CONCAT({}, {LISTED})), {value}) FROM (SELECT {predicted} AS c FROM p{both}))",
                string(&format!("no row has the positive_value {value}: the classes are "))
            ));
        }
        if *data_type == DataType::Bool {
            return Ok("TRUE".into());
        }
        Ok(format!(
            "(SELECT IF(COUNT(DISTINCT c) > 2, ERROR(CONCAT('there are more than two classes, ', {LISTED}, ': name the one that counts as positive_value')), MAX(c)) FROM (SELECT {predicted} AS c FROM p{both}))"
        ))
    }

    /// Whether a row belongs to the facet, as SQL: one of its values, or for FLOAT64 above its threshold.
    fn facet(&mut self, call: &Call<'_>, group: &str, data_type: &DataType) -> Result<Option<String>> {
        let list = DataType::array(data_type.clone());
        let Some((value, span)) = self.setting(call, "facet", &[data_type.clone(), list])? else {
            return Ok(None);
        };
        Ok(Some(match (value, data_type) {
            (Scalar::Array(_, items), _) if items.is_empty() => {
                return Err(call.wrong(Code::InvalidOption, "`facet` names no value", span));
            }
            (Scalar::Array(_, items), DataType::Float64) => {
                let least = items.iter().map(literal).collect::<Vec<_>>().join(", ");
                format!("{group} > (SELECT MIN(t) FROM UNNEST([{least}]) AS t)")
            }
            (value, DataType::Float64) => format!("{group} > {}", literal(&value)),
            (Scalar::Array(_, items), _) => {
                format!("{group} IN ({})", items.iter().map(literal).collect::<Vec<_>>().join(", "))
            }
            (value, _) => format!("{group} = {}", literal(&value)),
        }))
    }
}

/// The columns of numbers, but those that are no features.
fn features(source: &Source, others: &[Option<&String>]) -> Vec<String> {
    let is_number = |data_type: &DataType| {
        matches!(data_type, DataType::Int64 | DataType::Float64 | DataType::Numeric | DataType::BigNumeric)
    };
    let numbers = source.scope.visible(None).filter(|(_, expr)| is_number(&expr.data_type));
    let names = numbers.map(|(name, _)| quoted(name)).filter(|name| !others.contains(&Some(name)));
    let feature = |name: String| {
        let message = format!(
            "FT measures distances, and column {name} has a NULL: fill it, or leave out the row or the column"
        );
        format!("IFNULL(CAST({name} AS FLOAT64), ERROR({}))", string(&message))
    };
    names.map(feature).collect()
}

fn metrics(kept: &dyn Fn(&str) -> bool) -> Result<String> {
    let before = METRICS.iter().position(|(name, ..)| *name == "DPPL");
    let before = before.invariant("metrics that need a prediction begin with DPPL")?;
    let row = |(number, (name, value, description)): (usize, &(&str, Value, &str))| {
        let stage = if number < before { "pre-training" } else { "post-training" };
        format!(
            "STRUCT('{name}' AS metric, CAST({} AS FLOAT64) AS value, '{stage}' AS stage, {} AS description)",
            value_of(name, value),
            string(description)
        )
    };
    let rows = METRICS.iter().enumerate().filter(|(_, (name, ..))| kept(name)).map(row);
    Ok(rows.collect::<Vec<_>>().join(", "))
}

fn summary(to_overall: bool) -> String {
    let difference = |m: &str| {
        if to_overall { format!("MAX(ABS({m} - x{m}))") } else { format!("MAX({m}) - MIN({m})") }
    };
    let ratio = |m: &str| {
        if to_overall {
            format!("MIN(LEAST(SAFE_DIVIDE({m}, x{m}), IFNULL(SAFE_DIVIDE(x{m}, {m}), 1)))")
        } else {
            format!("SAFE_DIVIDE(MIN({m}), MAX({m}))")
        }
    };
    filled(
        SUMMARY,
        &[
            ("s", &difference("s")),
            ("sr", &ratio("s")),
            ("t", &difference("t")),
            ("tr", &ratio("t")),
            ("f", &difference("f")),
            ("fr", &ratio("f")),
        ],
    )
}

//! ML.EXPLAIN_PREDICT and ML.GLOBAL_EXPLAIN: Shapley values of a model's inputs against rows of a background.
//!
//! A coalition of features is a number whose bits say which of them have the row's value and which the background's. The
//! model predicts all of them, and attributions are sums of their averages with weights: for every coalition where there
//! are few features, for those along random orders of the features, each taken both ways, where there are many, or for those of a regression.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::Binder;
use super::super::from::{Source, scan};
use super::super::model_input;
use super::super::predict::column_number;
use super::Judging;
use super::args::Call;
use super::coalitions::{self, KERNEL_SAMPLES, MOST_KERNEL_SAMPLES};
use super::evaluate::visible;
use super::label::{class_number, with_prediction};
use super::text::{filled, literal, quoted, string};
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Diagnostic, Error, Invariant, Result, Span};
use crate::model::{Model, Port, Predicted};
use crate::plan::node::{Node, NodeKind};
use crate::syntax::ast::{ExprKind, Path, Query, Select, SelectItem, SubqueryKind};
use crate::syntax::written;
use crate::table::Table;
use crate::tensor::Attributed;

pub(super) const FUNCTIONS: &[Judging] = &[
    Judging::of_model("ML.EXPLAIN_PREDICT", LOCAL, |binder, call| binder.explain_predict(call)),
    Judging {
        rows: 0..=1,
        ..Judging::of_model("ML.GLOBAL_EXPLAIN", GLOBAL, |binder, call| binder.global_explain(call))
    },
    Judging::of_model(SHARES, &["method"], |binder, call| binder.shares(call)),
];

/// What the queries of these functions call, and nobody else.
pub(super) const SHARES: &str = "ML.SHARES";

/// The attributions of trees by the ways that their training's rows went, without a background, as shap names them.
const BY_PATHS: &str = "tree_path_dependent";

/// The approximation of these that XGBoost calls `approx_contribs`, and BigQuery's option.
const BY_STEPS: &str = "approx_feature_contrib";

/// A regression over coalitions.
const KERNEL: &str = "kernel";

/// A background that nothing asks for.
const NO_ROWS: &str = "SELECT 0 AS nothing";

/// The logit of the average of a coalition's probabilities.
const LOGIT: &str =
    "IF(v <= 0 OR v >= 1, ERROR('a probability of 0 or 1 has no logit: leave `link` out'), LN(v / (1 - v)))";

/// What attributions sum up to.
const WHOLE: &str = "__s * (__base[OFFSET(__p)] + (SELECT SUM(v) FROM UNNEST(__shares) AS v WITH OFFSET AS o WHERE DIV(o, {count}) = __p))";

/// Where rows have their number; that of a row of the background is 0.
const ROW: &str = "__row";

const LOCAL: &[&str] = &[
    "top_k_features",
    "threshold",
    "integrated_gradients_num_steps",
    BY_STEPS,
    "baseline",
    "num_samples",
    "seed",
    "class",
    "link",
    "method",
    "image_grid",
    "explode",
];
const GLOBAL: &[&str] =
    &["class_level_explain", "baseline", "num_samples", "seed", "link", "method", "explode"];

const EXPLAIN: &str = include_str!("sql/explain.sql");
const SUMS: &str = include_str!("sql/sums.sql");
const ATTRIBUTIONS: &str = include_str!("sql/local.sql");

/// Features up to whose number every coalition is predicted.
const ENUMERATED: usize = 10;

/// Coalitions are bits of an INT64.
const FEATURES: usize = 62;

/// Rows of the background.
const BACKGROUND: usize = 100;

/// What is explained, as parts of a query.
struct Explained {
    /// The queries up to `a`, the attributions `a` of the features `f` for the rows `i` and the classes `k`.
    sql: String,
    sources: Vec<(&'static str, Node)>,
    /// The names of the features, as an array.
    features: String,
    /// The coalition of all of them.
    full: u64,
    /// How many predictions a row took, as SQL.
    evaluations: &'static str,
    /// The model's label as SQL over `__q`, and the probability of the class `k`; none for regression.
    label: Option<(String, String)>,
    /// The value of a regression as SQL over `__q`.
    value: Option<String>,
    /// The classes in the order of their scores.
    classes: Vec<Scalar>,
    /// The columns of the rows that no output of the model hides, as SQL over `__q`.
    passed: String,
}

/// What a call explains.
pub(super) struct Subject {
    pub(super) model: Arc<Model>,
    pub(super) predicted: Predicted,
    pub(super) source: Source,
    /// The columns that feed the model.
    pub(super) features: Vec<String>,
    /// The columns of the rows that no output of the model hides, as SQL over `__q`.
    pub(super) passed: String,
}

impl Binder<'_> {
    fn explain_predict(&mut self, call: &Call<'_>) -> Result<Node> {
        let top = self.int(call, "top_k_features", 5, 1..=i64::MAX)?;
        if call.setting("image_grid").is_some() {
            return self.occluded(call);
        }
        let class = self.class(call)?;
        let explained = self.explained(call, &|classes| By::of(class.as_ref(), classes))?;
        let predicted = self.predicted_column(call)?;
        let front = match (&explained.label, &explained.value) {
            (Some((name, probability)), _) => {
                format!("__q.{name} AS {predicted}, {probability} AS probability,")
            }
            (None, Some(value)) => format!("__q.{value} AS {predicted},"),
            (None, None) => String::new(),
        };
        let last = filled(
            ATTRIBUTIONS,
            &[
                ("features", &explained.features),
                ("top", &top.to_string()),
                ("full", &explained.full.to_string()),
                ("evaluations", explained.evaluations),
                ("front", &front),
                ("passed", &explained.passed),
            ],
        );
        self.expanded(call, explained.sources, &(explained.sql + &last))
    }

    fn global_explain(&mut self, call: &Call<'_>) -> Result<Node> {
        let by_class = self.flag(call, "class_level_explain")?;
        let explained = self.explained(call, &|_| Ok(if by_class { By::EveryClass } else { By::Label }))?;
        let features = &explained.features;
        let last = if by_class {
            if explained.classes.is_empty() {
                let message = "class_level_explain is for classifiers, this model is for regression";
                return Err(Error::new(Code::InvalidOption, message).at(call.span));
            }
            let classes: Vec<_> = explained.classes.iter().map(literal).collect();
            format!(
                " SELECT [{}][OFFSET(k)] AS class_label, {features}[OFFSET(f)] AS feature, AVG(ABS(a)) AS attribution FROM a GROUP BY k, f \
                 QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY AVG(ABS(a)) DESC, f) <= 10 ORDER BY k, attribution DESC, f",
                classes.join(", ")
            )
        } else {
            format!(
                " SELECT {features}[OFFSET(f)] AS feature, AVG(ABS(a)) AS attribution FROM a GROUP BY f ORDER BY attribution DESC, f"
            )
        };
        self.expanded(call, explained.sources, &(explained.sql + &last))
    }

    /// The class that is explained in the place of the predicted one.
    pub(super) fn class(&mut self, call: &Call<'_>) -> Result<Option<(Scalar, Span)>> {
        self.setting(call, "class", &[DataType::Bool, DataType::Int64, DataType::String])
    }

    /// The name of the column with the prediction.
    pub(super) fn predicted_column(&mut self, call: &Call<'_>) -> Result<String> {
        let path = call.models.first().copied().invariant("a call with a model")?;
        Ok(quoted(&format!("predicted_{}", self.model(path)?.options().label_column())))
    }

    /// The rows of the call, or where it has none the model's baseline, and the model that is explained for them.
    pub(super) fn subject(&mut self, call: &Call<'_>) -> Result<Subject> {
        let path = call.models.first().copied().invariant("a call with a model")?;
        let (model, predicted) = self.labelling(path)?;
        self.refuse_gradients(call)?;
        let source = match call.rows.first() {
            Some(rows) => self.given(call, rows)?,
            None => Source::new(scan(self.baseline(call, path)?), None),
        };
        let columns: Vec<_> = source.scope.visible(None).collect();
        let rows_span = call.rows.first().map_or(call.span, |rows| rows.span);
        model_input::bind(&model.signature().inputs, &columns, &path.text(), rows_span)?;
        let features = features(&model, &columns);
        let is_output =
            |name: &str| model.signature().outputs.iter().any(|port| port.name.eq_ignore_ascii_case(name));
        let passed = columns.iter().filter(|(name, _)| !is_output(name));
        let passed: Vec<_> = passed.map(|(name, _)| format!("__q.{}", quoted(name))).collect();
        let passed = passed.join(", ");
        Ok(Subject { model, predicted, source, features, passed })
    }

    /// The queries that explain the rows of the call.
    fn explained(&mut self, call: &Call<'_>, choose: &dyn Fn(&[Scalar]) -> Result<By>) -> Result<Explained> {
        let path = call.models.first().copied().invariant("a call with a model")?;
        let Subject { model, predicted, source, features, passed } = self.subject(call)?;
        let comparable = source.scope.visible(None).all(|(name, expr)| {
            expr.data_type.is_orderable() || !features.iter().any(|feature| feature == name)
        });
        let output = Output::of(&model, &predicted, call)?;
        let by = choose(output.classes)?;
        let way = self.way(call, &model, &predicted, &output, &features)?;
        let (background, extra) = match way {
            Way::Trained(_) => (NO_ROWS.to_owned(), None),
            _ => self.background(call, &features, comparable)?,
        };
        let threshold = self.threshold_setting(call)?;
        let names: Vec<_> = features.iter().map(|name| quoted(name)).collect();
        let names = names.join(", ");
        let background = filled(&background, &[("names", &names)]);
        let (join, class) = output.join(by);
        let model = quoted(&path.text());
        let parts = [
            ("background", background.as_str()),
            ("model", &model),
            ("threshold", &threshold),
            ("join", &join),
            ("class", &class),
            ("score", &output.score),
            ("names", &names),
        ];
        let sql = filled(&way.query(&output, &class, &names, features.len()), &parts);
        let listed: Vec<_> = features.iter().map(|name| string(name)).collect();
        let features = format!("[{}]", listed.join(", "));
        let (label, value) = output.shown();
        let classes = output.classes.to_vec();
        let mut sources = vec![("p", visible(source)?)];
        sources.extend(extra.map(|node| ("given", node)));
        let (full, evaluations) = match way {
            Way::Coalitions { full, given, .. } => {
                sources.extend(given.map(|table| ("coalitions", scan(table))));
                (full, "(SELECT COUNT(DISTINCT m) FROM w) * (SELECT COUNT(*) FROM b)")
            }
            Way::Sums | Way::Trained(_) => (1, "0"),
        };
        Ok(Explained { sql, sources, features, full, evaluations, label, value, classes, passed })
    }

    /// How attributions are found: without predictions where the model allows it.
    fn way(
        &mut self,
        call: &Call<'_>,
        model: &Model,
        predicted: &Predicted,
        output: &Output<'_>,
        features: &[String],
    ) -> Result<Way> {
        let link = match self.word(call, "link", &["identity", "logit"])? {
            "logit" => LOGIT,
            _ => "v",
        };
        let method = self.word(call, "method", &["auto", "exact", "permutation", KERNEL, BY_PATHS])?;
        self.int(call, "num_samples", 1, 1..=i64::MAX)?;
        let by_steps = self.flag(call, BY_STEPS)?;
        if by_steps || method == BY_PATHS {
            let (way, option) = if by_steps { (BY_STEPS, BY_STEPS) } else { (BY_PATHS, "method") };
            if !model.has_shares(Attributed::Paths) {
                return Err(no_paths(call, option));
            }
            if let Some(given) = call.setting("method").filter(|_| by_steps && method != BY_PATHS) {
                let message = format!("`{BY_STEPS}` approximates '{BY_PATHS}', not '{method}'");
                return Err(Error::new(Code::InvalidOption, message)
                    .at(given.span)
                    .hint(format!("leave `method` out, or `{BY_STEPS}`")));
            }
            if let Some(given) = call.setting("link").filter(|_| link != "v") {
                let message = format!(
                    "'{way}' has no link: it explains the scores in front of probabilities, which are logits of two classes"
                );
                return Err(Error::new(Code::InvalidOption, message).at(given.span).hint("leave `link` out"));
            }
            if let Some(given) = call.setting("baseline") {
                let message = format!("'{way}' has no baseline: the trees know the rows of their training");
                return Err(Error::new(Code::InvalidOption, message).at(given.span).hint("leave it out"));
            }
            return Ok(Way::Trained(way));
        }
        if let Some(given) = call.setting("link").filter(|_| link != "v" && output.label.is_none()) {
            let message = "`link` 'logit' is for probabilities of classes, this model is for regression";
            return Err(Error::new(Code::InvalidOption, message)
                .at(given.span)
                .hint("leave it out, or name the classes if there are some: OPTIONS (labels = […])"));
        }
        let number = predicted_output(predicted);
        let predicts = method == "permutation" || method == KERNEL;
        let is_sum = link == "v" && !predicts && output.has_list();
        if number.is_some_and(|number| is_sum && model.has_shares(Attributed::Output(number))) {
            return Ok(Way::Sums);
        }
        let full = features_mask(features.len(), call)?;
        let (weights, given) = self.weights(call, features.len(), method)?;
        Ok(Way::Coalitions { full, weights, given, columns: mixed(features), link })
    }

    /// The model that a call names and its prediction, which is not made up by another option than the model has.
    pub(super) fn labelling(&self, path: &Path) -> Result<(Arc<Model>, Predicted)> {
        let named = self.predicting(path)?;
        let (model, predicted) = with_prediction(named.clone(), path)?;
        if Arc::ptr_eq(&named, &model) {
            return Ok((model, predicted));
        }
        Err(Error::new(Code::InvalidOption, "the model gives no label to explain").at(path.span).hint(
            format!("write ALTER MODEL {} SET OPTIONS (task = 'classification')", written(&path.text())),
        ))
    }

    /// The rows that stand in for features that a coalition lacks, as SQL with `{names}` for the features, and the rows
    /// `given` that they are taken from, unless these are those of the call.
    fn background(
        &mut self,
        call: &Call<'_>,
        features: &[String],
        comparable: bool,
    ) -> Result<(String, Option<Node>)> {
        let seed = self.seed(call)?;
        let sampled = |table: &str| {
            format!(
                "SELECT {{names}} FROM (SELECT {{names}}, ROW_NUMBER() OVER () AS __n FROM {table}) \
                 ORDER BY FARM_FINGERPRINT(CONCAT('{seed}/', CAST(__n AS STRING))) LIMIT {BACKGROUND}"
            )
        };
        if let Some(given) = call.setting("baseline") {
            let query = match &given.kind {
                ExprKind::Subquery(SubqueryKind::Scalar, query) => (**query).clone(),
                ExprKind::Struct { data_type: None, fields } => {
                    let items = fields
                        .iter()
                        .map(|(value, name)| SelectItem::Expr { expr: value.clone(), alias: name.clone() });
                    Query::of_select(Select::list(items.collect(), given.span))
                }
                _ => {
                    let message = "`baseline` takes a row, a query or a table";
                    return Err(Error::new(Code::InvalidOption, message)
                        .at(given.span)
                        .hint("write baseline => STRUCT(0 AS age, …), baseline => (SELECT …) or baseline => TABLE t"));
                }
            };
            let given = with_features(self.query(&query)?, features, given.span)?;
            return Ok((sampled("given"), Some(given)));
        }
        let path = call.models.first().copied().invariant("a call with a model")?;
        if let Some(table) = self.context.catalog.baseline(&path.text()).cloned() {
            return Ok((sampled("given"), Some(with_features(scan(table), features, path.span)?)));
        }
        let which = if comparable { "different rows" } else { "rows" };
        let message =
            format!("attributions are held against the first {which} of the call, at most {BACKGROUND}");
        self.warnings.push(Diagnostic::warning(Code::NoEvaluationData, message).at(call.span).hint(
            "write baseline => TABLE t, or keep rows with the model: ALTER MODEL … SET BASELINE FROM t",
        ));
        // The first rows that differ, where they can be told apart.
        if !comparable {
            return Ok((format!("SELECT {{names}} FROM x ORDER BY __row LIMIT {BACKGROUND}"), None));
        }
        Ok((
            format!(
                "SELECT {{names}} FROM (SELECT {{names}}, MIN(__row) AS __row FROM x GROUP BY {{names}}) ORDER BY __row LIMIT {BACKGROUND}"
            ),
            None,
        ))
    }

    /// The rows `m`, `f`, `c`: the weight that the coalition `m` has in the attribution of the feature `f`. As SQL, and the rows `coalitions`
    /// that it reads.
    fn weights(
        &mut self,
        call: &Call<'_>,
        features: usize,
        method: &str,
    ) -> Result<(Cow<'static, str>, Option<Arc<Table>>)> {
        let seed = self.seed(call)?.cast_unsigned();
        let (default, range) = match method {
            KERNEL => (2 * features + KERNEL_SAMPLES, 2 * features..=MOST_KERNEL_SAMPLES),
            _ => (10, 1..=100),
        };
        let samples = self.number_of(call, "num_samples", default, range)?;
        if method == "exact" || method == "auto" && features <= ENUMERATED {
            if features > 2 * ENUMERATED {
                let message =
                    format!("{features} features have 2^{features} coalitions, too many to predict all");
                return Err(Error::new(Code::LimitExceeded, message)
                    .at(call.span)
                    .hint("leave `method` out, or write method => 'permutation'"));
            }
            return Ok((coalitions::every(features).into(), None));
        }
        let table = match method {
            KERNEL => coalitions::kernel(features, samples, seed)?,
            _ => coalitions::orders(features, samples, seed)?,
        };
        Ok(("SELECT * FROM coalitions".into(), Some(Arc::new(table))))
    }

    /// The attributions of the rows behind those of the background: the columns that [`SUMS`] reads.
    fn shares(&mut self, call: &Call<'_>) -> Result<Node> {
        let path = call.models.first().copied().invariant("a call with a model")?;
        let (model, predicted) = self.labelling(path)?;
        let source = self.table(call.rows.first().copied().invariant("a call with rows")?)?;
        let columns: Vec<_> = source.scope.visible(None).collect();
        let ports = &model.signature().inputs;
        let inputs = model_input::bind(ports, &columns, &path.text(), call.span)?;
        let features = features(&model, &columns);
        let player = |port: &Port| {
            let mut names = features.iter();
            let own = names.position(|name| name.eq_ignore_ascii_case(&port.name));
            let mut names = features.iter();
            let own = own.or_else(|| names.position(|name| model_input::is_same_name(&port.name, name)));
            own.and_then(|player| u32::try_from(player).ok()).invariant("a column for each input")
        };
        let players = ports.iter().map(player).collect::<Result<_>>()?;
        let (_, row) = columns.iter().find(|(name, _)| *name == ROW).invariant("rows with numbers")?;
        let list = || DataType::array(DataType::Float64);
        let fields = vec![
            Field::new("__shares", list()),
            Field::new("__base", list()),
            Field::new(ROW, row.data_type.clone()),
        ];
        let shared = match self.word(call, "method", &["auto", BY_PATHS, BY_STEPS])? {
            BY_PATHS => Attributed::Paths,
            BY_STEPS => Attributed::Steps,
            _ => Attributed::Output(predicted_output(&predicted).invariant("an output that is a sum")?),
        };
        let kind = NodeKind::Shares {
            model: model.clone(),
            inputs,
            players,
            count: features.len(),
            shared,
            row: (*row).clone(),
            keep: vec![column_number(row)?],
            input: Box::new(source.node),
        };
        Ok(Node { kind, schema: Schema { fields } })
    }

    fn refuse_gradients(&mut self, call: &Call<'_>) -> Result<()> {
        let exact = "leave it out: Shapley values are exact up to 10 features, else num_samples => 10 says how many orders are tried";
        let (name, why, hint) = if call.setting("integrated_gradients_num_steps").is_some() {
            let why = "integrated gradients need derivatives, which an ONNX model does not give";
            ("integrated_gradients_num_steps", why, exact)
        } else if self.flag(call, "explode")? {
            let hint = "give elements columns of their own: OPTIONS (input_columns = ['x0', 'x1', …]); for a row of each feature write FROM ML.EXPLAIN_PREDICT(…), UNNEST(top_feature_attributions)";
            ("explode", "an array is one feature", hint)
        } else {
            return Ok(());
        };
        let span = call.setting(name).map_or(call.span, |value| value.span);
        Err(Error::new(Code::UnsupportedSyntax, format!("`{name}` is left out: {why}")).at(span).hint(hint))
    }

    /// The settings of ML.PREDICT with the threshold.
    pub(super) fn threshold_setting(&mut self, call: &Call<'_>) -> Result<String> {
        let threshold = self.share(call, "threshold", false)?;
        Ok(threshold.map(|threshold| format!(", STRUCT({threshold:?} AS threshold)")).unwrap_or_default())
    }
}

/// How attributions are found.
enum Way {
    /// By predictions of coalitions.
    Coalitions {
        /// That of all features.
        full: u64,
        /// Those that are predicted and their weights, as SQL; the rows that it reads; and the columns of a coalition.
        weights: Cow<'static, str>,
        given: Option<Arc<Table>>,
        columns: String,
        /// What is explained of the average `v` of a coalition.
        link: &'static str,
    },
    /// From the parts of a sum, against a background.
    Sums,
    /// From trees that know how many rows of their training went which way: [`BY_PATHS`] or [`BY_STEPS`].
    Trained(&'static str),
}

impl Way {
    /// The query, in which the rest is put that all ways share.
    fn query(&self, output: &Output<'_>, class: &str, names: &str, count: usize) -> String {
        if let Self::Coalitions { weights, columns, link, .. } = self {
            return filled(EXPLAIN, &[("weights", weights), ("columns", columns), ("link", link)]);
        }
        let count = count.to_string();
        let rows = format!("SELECT {names}, __row FROM x");
        let (rows, way, place, sign, whole) = if let Self::Trained(way) = self {
            // One score of two classes is that of the second one.
            let sign = match output.classes {
                [_, _] => format!("IF({class} = 0 AND ARRAY_LENGTH(s.__base) = 1, -1, 1)"),
                _ => "1".into(),
            };
            let place = format!("IF(ARRAY_LENGTH(s.__base) = 1, 0, {class})");
            let way = format!(", STRUCT('{way}' AS method)");
            (rows, way, place, sign, filled(WHOLE, &[("count", &count)]))
        } else {
            let rows = format!("SELECT {names}, 0 AS __row FROM b UNION ALL {rows}");
            (rows, String::new(), class.to_owned(), "1".into(), output.score.clone())
        };
        filled(
            SUMS,
            &[
                ("output", output.port()),
                ("rows", &rows),
                ("way", &way),
                ("place", &place),
                ("sign", &sign),
                ("count", &count),
                ("whole", &whole),
            ],
        )
    }
}

/// Which classes are explained.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// The one that is predicted.
    Label,
    Class(usize),
    EveryClass,
}

impl By {
    /// The class that a call asks for, else that of each label.
    ///
    /// # Errors
    /// `invalid-option` where the model has no such class.
    pub(super) fn of(class: Option<&(Scalar, Span)>, classes: &[Scalar]) -> Result<Self> {
        let Some((class, span)) = class else { return Ok(Self::Label) };
        class_number(classes, class).map(Self::Class).ok_or_else(|| {
            if classes.is_empty() {
                let message = "`class` is for classifiers, this model is for regression";
                return Error::new(Code::InvalidOption, message).at(*span).hint("leave it out");
            }
            let names: Vec<_> = classes.iter().take(20).map(literal).collect();
            Error::new(Code::InvalidOption, format!("{} is no class of the model", literal(class)))
                .at(*span)
                .or_hint(format!("the classes are {}", names.join(", ")))
        })
    }
}

/// What of the model is explained, as SQL.
pub(super) struct Output<'a> {
    pub(super) label: Option<String>,
    /// The output with the scores.
    scores: String,
    /// The value, or the score of the class `__k`.
    pub(super) score: String,
    pub(super) classes: &'a [Scalar],
}

impl<'a> Output<'a> {
    pub(super) fn of(model: &Model, predicted: &'a Predicted, call: &Call<'_>) -> Result<Self> {
        let port = |number: usize| model.signature().outputs.get(number).invariant("an output of the model");
        match predicted {
            Predicted::Value(number) => {
                let score = quoted(&port(*number)?.name);
                Ok(Self { label: None, scores: String::new(), score, classes: &[] })
            }
            Predicted::Class { label, scores: Some(scores), classes } => {
                let (label, port) = (quoted(&port(*label)?.name), port(*scores)?);
                let scores = quoted(&port.name);
                let score = match port.data_type {
                    DataType::Float64 => format!("IF(__k = 0, 1 - {scores}, {scores})"),
                    _ => format!("{scores}[OFFSET(__k)]"),
                };
                Ok(Self { label: Some(label), scores, score, classes })
            }
            Predicted::Class { .. } => {
                let message = "the model gives no scores of classes that could be explained";
                Err(Error::new(Code::InvalidOption, message).at(call.span).hint(
                    "export it with its probabilities, or name its classes: OPTIONS (labels = ['no', 'yes'])",
                ))
            }
        }
    }

    /// The output that holds the score.
    pub(super) fn port(&self) -> &str {
        if self.label.is_none() { &self.score } else { &self.scores }
    }

    /// Whether it is a value, or a list with a score for each class.
    fn has_list(&self) -> bool {
        self.label.is_none() || self.score.starts_with(&self.scores)
    }

    /// The label with the probability of its class, or the value, as SQL over `__q`.
    fn shown(&self) -> (Option<(String, String)>, Option<String>) {
        let Some(label) = &self.label else { return (None, Some(self.score.clone())) };
        let of_class =
            self.score.replace("__k", "e.k").replace(&self.scores, &format!("__q.{}", self.scores));
        // A margin is no probability.
        let probability = format!("IF({of_class} BETWEEN -1e-6 AND 1 + 1e-6, {of_class}, NULL)");
        (Some((label.clone(), probability)), None)
    }

    /// How `q` gets the classes that are explained, and the number of the class there.
    pub(super) fn join(&self, by: By) -> (String, String) {
        let Some(label) = &self.label else { return (String::new(), "0".into()) };
        let classes: Vec<_> = self.classes.iter().map(literal).collect();
        let numbered = format!(
            "(SELECT c AS __c, k AS __k FROM UNNEST([{}]) AS c WITH OFFSET AS k)",
            classes.join(", ")
        );
        match by {
            By::Label => (format!("LEFT JOIN {numbered} ON q.{label} = __c"), "x.__k".into()),
            By::Class(number) => (String::new(), number.to_string()),
            By::EveryClass => (format!("CROSS JOIN {numbered}"), "x.__k".into()),
        }
    }
}

/// The features of a coalition as columns.
fn mixed(features: &[String]) -> String {
    let mixed =
        features.iter().map(|name| quoted(name)).enumerate().map(|(number, name)| {
            format!("IF(__w.__m & {} > 0, x.{name}, b.{name}) AS {name}", 1_u64 << number)
        });
    mixed.collect::<Vec<_>>().join(", ")
}

#[cold]
fn no_paths(call: &Call<'_>, option: &str) -> Error {
    let span = call.setting(option).map_or(call.span, |value| value.span);
    let value = if option == BY_STEPS { String::new() } else { format!(" '{BY_PATHS}'") };
    let message = format!(
        "`{option}`{value} is for boosters that XGBoost or LightGBM saved, whose trees know the rows of their training"
    );
    Error::new(Code::InvalidOption, message)
        .at(span)
        .hint(format!("leave `{option}` out: predictions are explained against rows of a background"))
}

/// # Errors
/// `unknown-column` where rows of a background lack a feature.
fn with_features(given: Node, features: &[String], span: Span) -> Result<Node> {
    let names = || given.schema.fields.iter().map(|field| field.name.as_str());
    let missing = features.iter().find(|feature| !names().any(|name| name.eq_ignore_ascii_case(feature)));
    let Some(missing) = missing else { return Ok(given) };
    Err(Error::new(
        Code::UnknownColumn,
        format!("the baseline has no column `{missing}`, which is a feature"),
    )
    .at(span)
    .did_you_mean(missing, names())
    .and_list("its columns are", names()))
}

/// The output with the scores or the value.
fn predicted_output(predicted: &Predicted) -> Option<usize> {
    match predicted {
        Predicted::Value(number) => Some(*number),
        Predicted::Class { scores, .. } => *scores,
    }
}

/// The columns of the rows that feed the model.
pub(super) fn features(model: &Model, columns: &[(&str, &crate::plan::expr::Expr)]) -> Vec<String> {
    let inputs = &model.signature().inputs;
    let named = columns.iter().map(|(name, _)| *name);
    let is_fed = |name: &str| inputs.iter().any(|port| model_input::is_same_name(&port.name, name));
    named.filter(|name| is_fed(name)).map(str::to_owned).collect()
}

fn features_mask(count: usize, call: &Call<'_>) -> Result<u64> {
    if (1..=FEATURES).contains(&count) {
        return Ok((1_u64 << count) - 1);
    }
    let message = format!("the model takes {count} columns, {} explains 1 to {FEATURES}", call.judging.name);
    Err(Error::new(Code::LimitExceeded, message).at(call.span))
}

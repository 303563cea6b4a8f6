//! ML.DESCRIBE_DATA, ML.VALIDATE_DATA_DRIFT and _SKEW, ML.FEATURE_INFO: statistics of columns, and how far two tables are
//! from each other.

use std::sync::Arc;

use super::super::Binder;
use super::super::from::{Source, scan};
use super::Judging;
use super::args::{Call, is_share};
use super::evaluate::visible;
use super::text::{filled, float, quoted, string};
use crate::data::{DataType, Scalar, StructField};
use crate::diag::{Code, Diagnostic, Error, Invariant, Result, Span};
use crate::model::Model;
use crate::plan::node::Node;
use crate::syntax::ast::{Path, QueryBody, TableExpr, TableExprKind};
use crate::syntax::written;
use crate::table::Table;

pub(super) const FUNCTIONS: &[Judging] = &[
    Judging::of_rows(
        "ML.DESCRIBE_DATA",
        &["num_quantiles", "num_array_length_quantiles", "top_k"],
        |binder, call| binder.describe_data(call),
    ),
    Judging::of_rows(
        "ML.TFDV_DESCRIBE",
        &[
            "num_histogram_buckets",
            "num_quantiles_histogram_buckets",
            "num_values_histogram_buckets",
            "num_rank_histogram_buckets",
        ],
        |binder, call| binder.tfdv_describe(call),
    ),
    Judging {
        models: 0..=1,
        rows: 2..=2,
        ..Judging::of_rows("ML.VALIDATE_DATA_DRIFT", COMPARED, |binder, call| binder.drift(call))
    },
    Judging::of_model("ML.VALIDATE_DATA_SKEW", COMPARED, |binder, call| binder.skew(call)),
    Judging {
        rows: 0..=0,
        ..Judging::of_model("ML.FEATURE_INFO", &[], |binder, call| binder.feature_info(call))
    },
];

pub(super) const COMPARED: &[&str] = &[
    "num_histogram_buckets",
    "num_quantiles_histogram_buckets",
    "num_values_histogram_buckets",
    "num_rank_histogram_buckets",
    "categorical_default_threshold",
    "categorical_metric_type",
    "numerical_default_threshold",
    "numerical_metric_type",
    "thresholds",
    "enable_visualization_link",
];

const JENSEN_SHANNON: &str = "JENSEN_SHANNON_DIVERGENCE";
const L_INFINITY: &str = "L_INFTY";

const DRIFT: &str = concat!(
    "WITH {before}x AS ({numbers}),\n",
    include_str!("sql/buckets.sql"),
    "y AS ({texts}),\n",
    include_str!("sql/ranks.sql"),
    include_str!("sql/drift.sql")
);
const TFDV: &str = concat!(
    "WITH x AS ({numbers}),\n",
    include_str!("sql/buckets.sql"),
    "y AS ({texts}),\n",
    include_str!("sql/ranks.sql"),
    include_str!("sql/tfdv.sql")
);
/// What TFDV counts of each column: its rows with values and without, and how many values they have.
const COMMON: &str = include_str!("sql/tfdv_common.sql");
const NUMBERS: &str = include_str!("sql/tfdv_numbers.sql");
const TEXTS: &str = include_str!("sql/tfdv_texts.sql");
/// The values that TFDV lists as the commonest.
const TOP_VALUES: usize = 20;
const COMPARISON: &str = "SELECT input, metric, threshold, IF(metric = 'L_INFTY', l, j) AS value, \
    IF(metric = 'L_INFTY', l, j) > threshold AS is_anomaly \
    FROM UNNEST([{columns}]) AS t JOIN r USING (c) WHERE metric = 'L_INFTY' OR whole ORDER BY c";
const DESCRIBE: &str = include_str!("sql/describe.sql");

/// A column whose values have statistics.
pub(super) struct Described {
    pub(super) name: String,
    /// Its values as SQL over the rows `table`: numbers or texts, or arrays of them.
    pub(super) value: String,
    is_number: bool,
    /// Whether its numbers are INT64.
    is_whole: bool,
    is_array: bool,
    is_bytes: bool,
    /// The largest index of its sparse vectors and one more, as SQL over the rows `p`; NULL where they are none.
    dimension: String,
}

/// Bytes as a text: what they spell, or where that is none their number and what tells them from others.
const BYTES: &str = "IFNULL(SAFE_CAST({v} AS STRING), FORMAT('%d bytes %s', LENGTH({v}), TO_HEX(MD5({v}))))";

impl Described {
    /// The columns of the rows; fields of structs are columns of their own.
    pub(super) fn all(source: &Source, call: &Call<'_>) -> Result<Vec<Self>> {
        Self::those(source, call, &|_| true)
    }

    /// The columns of the rows whose names are wanted.
    fn those(source: &Source, call: &Call<'_>, is_wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        for (number, (name, expr)) in source.scope.visible(None).enumerate() {
            if !is_wanted(name) {
                continue;
            }
            let mut before = source.scope.visible(None).take(number);
            if before.any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                let message = format!("{} has two columns named `{name}` to describe", call.judging.name);
                return Err(Error::new(Code::AmbiguousColumn, message)
                    .at(call.span)
                    .hint("give one of them an alias, or leave it out with * EXCEPT"));
            }
            describe(name, &quoted(name), &expr.data_type, &mut found, call)?;
        }
        Ok(found)
    }

    /// The columns that are inputs of the model; all where none of `source` or of `base` has the name of one.
    fn features(source: &Source, base: &Source, call: &Call<'_>, model: &Model) -> Result<Vec<Self>> {
        let is_input =
            |name: &str| model.signature().inputs.iter().any(|port| port.name.eq_ignore_ascii_case(name));
        let have_inputs =
            [source, base].iter().all(|source| source.scope.visible(None).any(|(name, _)| is_input(name)));
        Self::those(source, call, &|name| !have_inputs || is_input(name))
    }

    /// The rows of its values `v`, with `before` in front of them, out of `table`.
    fn values(&self, before: &str, table: &str, as_text: bool) -> String {
        let data_type = if as_text { "STRING" } else { "FLOAT64" };
        let (from, value) = self.from(table);
        let text = match self.is_bytes {
            true => BYTES.replace("{v}", value),
            false => format!("CAST({value} AS {data_type})"),
        };
        format!("SELECT {before}, {text} AS v FROM {from} WHERE {value} IS NOT NULL")
    }

    /// Its rows out of `table`, and a value of it there.
    fn from(&self, table: &str) -> (String, &str) {
        match self.is_array {
            true => (format!("{table}, UNNEST({}) AS __v", self.value), "__v"),
            false => (table.to_owned(), &self.value),
        }
    }

    /// The mean length of its texts `v`, which of bytes that spell none is how many there are.
    fn mean_length(&self) -> String {
        let (from, value) = self.from("p");
        match self.is_bytes {
            true => format!(
                "(SELECT AVG(IFNULL(CHAR_LENGTH(SAFE_CAST({value} AS STRING)), LENGTH({value}))) FROM {from})"
            ),
            false => "AVG(CHAR_LENGTH(v))".to_owned(),
        }
    }
}

/// Adds the column `name`, or those of its fields.
fn describe(
    name: &str,
    value: &str,
    data_type: &DataType,
    found: &mut Vec<Described>,
    call: &Call<'_>,
) -> Result<()> {
    let is_number = |data_type: &DataType| {
        matches!(data_type, DataType::Int64 | DataType::Float64 | DataType::Numeric | DataType::BigNumeric)
    };
    let is_plain = |data_type: &DataType| {
        is_number(data_type)
            || matches!(
                data_type,
                DataType::String
                    | DataType::Bool
                    | DataType::Bytes
                    | DataType::Date
                    | DataType::Timestamp
                    | DataType::Datetime
                    | DataType::Time
            )
    };
    let mut add = |value: String, element: &DataType, is_array| {
        found.push(Described {
            name: name.to_owned(),
            value,
            is_number: is_number(element),
            is_whole: *element == DataType::Int64,
            is_array,
            is_bytes: *element == DataType::Bytes,
            dimension: "CAST(NULL AS INT64)".into(),
        });
    };
    match data_type {
        plain if is_plain(plain) => add(value.to_owned(), plain, false),
        DataType::Array(element) if is_plain(element) => add(value.to_owned(), element, true),
        DataType::Tensor | DataType::Picture => add(format!("{value}.data"), &DataType::Float64, true),
        DataType::IntegerPicture => add(format!("{value}.data"), &DataType::Int64, true),
        // A sparse vector: its values are described, and how long it is.
        DataType::Array(element) if let Some([index, number]) = sparse(element) => {
            let (place, of) = (quoted(&index.name), quoted(&number.name));
            let values =
                format!("IF({value} IS NULL, NULL, ARRAY(SELECT __e.{of} FROM UNNEST({value}) AS __e))");
            add(values, &number.data_type, true);
            if let Some(column) = found.last_mut() {
                column.dimension = format!("(SELECT MAX(__e.{place}) + 1 FROM p, UNNEST({value}) AS __e)");
            }
        }
        // A tensor of float64 is such a struct.
        DataType::Struct(fields) if *fields == DataType::Tensor.fields() => {
            add(format!("{value}.`values`"), &DataType::Float64, true);
        }
        DataType::Struct(fields) => {
            for field in fields {
                let path = format!("{value}.{}", quoted(&field.name));
                describe(&format!("{name}.{}", field.name), &path, &field.data_type, found, call)?;
            }
        }
        other => {
            let message = format!(
                "column `{name}` has type {other}, of which {} takes no statistics",
                call.judging.name
            );
            return Err(Error::new(Code::TypeMismatch, message)
                .at(call.span)
                .hint(format!("leave it out: (SELECT * EXCEPT ({}) FROM …)", written(name))));
        }
    }
    Ok(())
}

/// The fields of an element of a sparse vector: an index and a number. Without names nothing could ask for them.
fn sparse(element: &DataType) -> Option<[StructField; 2]> {
    let DataType::Struct(fields) = element else { return None };
    let fields = <[StructField; 2]>::try_from(fields.clone()).ok()?;
    let [index, number] = &fields;
    let is_named = fields.iter().all(|field| !field.name.is_empty());
    (is_named && index.data_type == DataType::Int64 && number.data_type.is_numeric()).then_some(fields)
}

/// The rows that are compared, as SQL: those of either side, and what stands in front of the number of a column where the
/// rows have parts that are compared by themselves.
pub(super) struct Parts<'a> {
    pub(super) base: &'a str,
    pub(super) study: &'a str,
    pub(super) part: &'a str,
}

/// A comparison, as SQL.
pub(super) struct Comparison {
    pub(super) sql: String,
    /// The columns that are compared, as elements of an array.
    pub(super) columns: String,
}

/// How tables are compared.
struct Rules {
    buckets: i64,
    ranks: i64,
    /// That of columns that are no numbers.
    metric: &'static str,
    of_numbers: f64,
    of_texts: f64,
    /// Thresholds of single columns.
    own: Vec<(String, f64)>,
}

impl Rules {
    fn threshold(&self, name: &str, as_text: bool) -> f64 {
        let own = self.own.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
        own.map_or(if as_text { self.of_texts } else { self.of_numbers }, |(_, threshold)| *threshold)
    }
}

impl Binder<'_> {
    fn rows_of(&mut self, call: &Call<'_>, number: usize) -> Result<Source> {
        self.given(call, call.rows.get(number).copied().invariant("a call with rows")?)
    }

    fn describe_data(&mut self, call: &Call<'_>) -> Result<Node> {
        let quantiles = self.int(call, "num_quantiles", 2, 1..=100_000)?;
        let lengths = self.int(call, "num_array_length_quantiles", 10, 1..=100_000)?;
        let top = self.int(call, "top_k", 1, 1..=10_000)?;
        let source = self.rows_of(call, 0)?;
        let columns = Described::all(&source, call)?;
        let sql = description(&columns, [quantiles, lengths, top]);
        self.expanded(call, vec![("p", visible(source)?)], &sql)
    }

    fn tfdv_describe(&mut self, call: &Call<'_>) -> Result<Node> {
        let buckets = self.int(call, "num_histogram_buckets", 10, 1..=1000)?;
        let quantiles = self.int(call, "num_quantiles_histogram_buckets", 10, 1..=1000)?;
        let lengths = self.int(call, "num_values_histogram_buckets", 10, 1..=1000)?;
        let ranks = self.int(call, "num_rank_histogram_buckets", 50, 1..=10_000)?;
        let source = self.rows_of(call, 0)?;
        let columns = Described::all(&source, call)?;
        let sql = statistics(&columns, [buckets, quantiles, lengths, ranks]);
        self.expanded(call, vec![("p", visible(source)?)], &sql)
    }

    fn feature_info(&mut self, call: &Call<'_>) -> Result<Node> {
        let path = call.models.first().copied().invariant("a call with a model")?;
        let model = self.predicting(path)?;
        let inputs: Vec<_> = model.signature().inputs.iter().map(|port| string(&port.name)).collect();
        let Some(table) = self.context.catalog.baseline(&path.text()).cloned() else {
            let sql = format!(
                "SELECT input, f AS min, f AS max, f AS mean, f AS median, f AS stddev, i AS category_count, i AS null_count, i AS dimension \
                 FROM UNNEST([{}]) AS input, (SELECT CAST(NULL AS FLOAT64) AS f, CAST(NULL AS INT64) AS i)",
                inputs.join(", ")
            );
            return self.expanded(call, Vec::new(), &sql);
        };
        let source = Source::new(scan(table), None);
        let columns = Described::features(&source, &source, call, &model)?;
        let sql = format!(
            "SELECT name AS input, SAFE_CAST(min AS FLOAT64) AS min, SAFE_CAST(max AS FLOAT64) AS max, mean, median, stddev, \
             `unique` AS category_count, num_nulls AS null_count, dimension FROM ({})",
            description(&columns, [2, 1, 1])
        );
        self.expanded(call, vec![("p", source.node)], &sql)
    }

    fn drift(&mut self, call: &Call<'_>) -> Result<Node> {
        let (base, study) = (self.rows_of(call, 0)?, self.rows_of(call, 1)?);
        for rows in &call.rows {
            self.warn_of_limit(rows);
        }
        let columns = [Described::all(&base, call)?, Described::all(&study, call)?];
        self.compared(call, columns, base, study)
    }

    fn skew(&mut self, call: &Call<'_>) -> Result<Node> {
        let path = call.models.first().copied().invariant("a call with a model")?;
        let model = self.predicting(path)?;
        let base = Source::new(scan(self.baseline(call, path)?), None);
        let columns = Described::features(&base, &base, call, &model)?;
        let study = self.rows_of(call, 0)?;
        call.rows.iter().for_each(|rows| self.warn_of_limit(rows));
        let others = Described::features(&study, &base, call, &model)?;
        self.compared(call, [columns, others], base, study)
    }

    /// The rows that are kept with a model.
    pub(super) fn baseline(&self, call: &Call<'_>, path: &Path) -> Result<Arc<Table>> {
        self.context.catalog.baseline(&path.text()).cloned().ok_or_else(|| {
            let message = format!(
                "{} needs rows to compare with, and model `{}` keeps none",
                call.judging.name,
                path.text()
            );
            Error::new(Code::NoEvaluationData, message).at(path.span).hint(format!(
                "keep some: ALTER MODEL {} SET BASELINE FROM (SELECT …)",
                written(&path.text())
            ))
        })
    }

    /// The first rows of a table are no sample of it.
    fn warn_of_limit(&mut self, rows: &TableExpr) {
        let TableExprKind::Subquery(query) = &rows.kind else { return };
        let is_sampled = matches!(&query.body, QueryBody::Select(select) if select.filter.is_some());
        if query.limit.is_some() && query.order_by.is_empty() && !is_sampled {
            let message = "the first rows of a table may differ from it as a whole";
            let warning = Diagnostic::warning(Code::InvalidOption, message);
            self.warnings.push(
                warning.at(rows.span).hint("write WHERE RAND() < 0.1, or ORDER BY RAND() before LIMIT"),
            );
        }
    }

    /// The query that holds `study` against `base`, column by column.
    fn compared(
        &mut self,
        call: &Call<'_>,
        [columns, others]: [Vec<Described>; 2],
        base: Source,
        study: Source,
    ) -> Result<Node> {
        let whole = Parts { base: "base", study: "study", part: "" };
        let Comparison { sql, columns } = self.comparison(call, &columns, &others, "", &whole)?;
        let sql = sql + &filled(COMPARISON, &[("columns", &columns)]);
        self.expanded(call, vec![("base", visible(base)?), ("study", visible(study)?)], &sql)
    }

    /// The queries up to `r`, the divergences `j` and `l` by the numbers `c` of columns, that hold one table against
    /// another one, behind the queries `before`.
    pub(super) fn comparison(
        &mut self,
        call: &Call<'_>,
        columns: &[Described],
        others: &[Described],
        before: &str,
        parts: &Parts<'_>,
    ) -> Result<Comparison> {
        let rules = self.rules(call, columns)?;
        let (mut numbers, mut texts, mut listed) = (Vec::new(), Vec::new(), Vec::new());
        let mut inputs = Vec::new();
        for column in columns {
            let is_same = |other: &&Described| other.name.eq_ignore_ascii_case(&column.name);
            let Some((place, other)) = (0..).zip(others).find(|(_, other)| is_same(other)) else { continue };
            let as_text = !(column.is_number && other.is_number);
            if as_text && (column.is_number || other.is_number) && rules.metric == JENSEN_SHANNON {
                continue;
            }
            let c = listed.len();
            let values = if as_text { &mut texts } else { &mut numbers };
            let side = |number: usize| format!("{number} AS s, {}{c} AS c", parts.part);
            values.push(column.values(&side(0), parts.base, as_text));
            values.push(other.values(&side(1), parts.study, as_text));
            listed.push(format!(
                "STRUCT({c} AS c, {place} AS o, {} AS input, '{}' AS metric, {} AS threshold)",
                string(&column.name),
                if as_text { rules.metric } else { JENSEN_SHANNON },
                float(rules.threshold(&column.name, as_text))
            ));
            inputs.push(string(&column.name));
        }
        if listed.is_empty() {
            let message = "the two tables have no column in common";
            return Err(Error::new(Code::UnknownColumn, message)
                .at(call.span)
                .and_list("write (SELECT x AS name FROM …): those of the base are", names(columns))
                .and_list("and of the other", names(others)));
        }
        let sql = filled(
            DRIFT,
            &[
                ("before", before),
                ("numbers", &united(&numbers, "FLOAT64")),
                ("texts", &united(&texts, "STRING")),
                ("buckets", &rules.buckets.to_string()),
                ("inputs", &format!("[{}]", inputs.join(", "))),
                ("width", &columns.len().to_string()),
                ("ranks", &rules.ranks.to_string()),
            ],
        );
        Ok(Comparison { sql, columns: listed.join(", ") })
    }

    /// The settings of a comparison of tables with these `columns`.
    fn rules(&mut self, call: &Call<'_>, columns: &[Described]) -> Result<Rules> {
        let buckets = self.int(call, "num_histogram_buckets", 10, 1..=1000)?;
        self.int(call, "num_quantiles_histogram_buckets", 10, 1..=1000)?;
        self.int(call, "num_values_histogram_buckets", 10, 1..=1000)?;
        let ranks = self.int(call, "num_rank_histogram_buckets", 50, 1..=10_000)?;
        if self.flag(call, "enable_visualization_link")? {
            let message = "there is no visualization to link to: the histograms are rows";
            return Err(Error::new(Code::UnsupportedSyntax, message).at(call.span).hint("leave it out"));
        }
        self.word(call, "numerical_metric_type", &[JENSEN_SHANNON])?;
        let metric = self.word(call, "categorical_metric_type", &[L_INFINITY, JENSEN_SHANNON])?;
        let of_numbers = self.share(call, "numerical_default_threshold", true)?.unwrap_or(0.3);
        let of_texts = self.share(call, "categorical_default_threshold", true)?.unwrap_or(0.3);
        let own = self.thresholds(call)?;
        let is_column = |name: &str| columns.iter().any(|known| known.name.eq_ignore_ascii_case(name));
        if let Some((name, _)) = own.iter().find(|(name, _)| !is_column(name)) {
            let span = call.setting("thresholds").map_or(call.span, |value| value.span);
            return Err(Error::new(
                Code::UnknownColumn,
                format!("`thresholds` names `{name}`, which is no column"),
            )
            .at(span)
            .did_you_mean(name, names(columns))
            .and_list("the columns are", names(columns)));
        }
        Ok(Rules { buckets, ranks, metric, of_numbers, of_texts, own })
    }

    /// `thresholds`: columns with a threshold of their own.
    fn thresholds(&mut self, call: &Call<'_>) -> Result<Vec<(String, f64)>> {
        let pair = |data_type| StructField { name: String::new(), data_type };
        let pairs = DataType::array(DataType::Struct(vec![pair(DataType::String), pair(DataType::Float64)]));
        let Some((Scalar::Array(_, items), span)) = self.setting(call, "thresholds", &[pairs])? else {
            return Ok(Vec::new());
        };
        let threshold = |item: &Scalar| match item {
            Scalar::Struct(_, values) => match values.as_slice() {
                [Scalar::String(name), Scalar::Float64(value)] if is_share(*value, true) => {
                    Ok((name.clone(), *value))
                }
                _ => Err(no_threshold(item, span)),
            },
            _ => Err(no_threshold(item, span)),
        };
        items.iter().map(threshold).collect()
    }
}

fn names(columns: &[Described]) -> impl Iterator<Item = &str> {
    columns.iter().map(|column| column.name.as_str())
}

#[cold]
fn no_threshold(item: &Scalar, span: Span) -> Error {
    Error::new(Code::InvalidOption, format!("{item} is no column with a threshold from 0 to below 1"))
        .at(span)
        .hint("write thresholds => [('column', 0.1)]")
}

/// The rows of all the queries, or none where there is no query.
fn united(queries: &[String], data_type: &str) -> String {
    match queries {
        [] => {
            format!("SELECT 0 AS s, 0 AS c, CAST(NULL AS {data_type}) AS v FROM UNNEST([0]) AS x WHERE FALSE")
        }
        queries => queries.join(" UNION ALL "),
    }
}

/// The query that describes columns of `p` as TFDV's statistics do, with numbers of buckets: of equal width, of quantiles, of
/// the lengths of arrays, and of the commonest texts.
fn statistics(columns: &[Described], [buckets, quantiles, lengths, ranks]: [i64; 4]) -> String {
    let names: Vec<_> = columns.iter().map(|column| string(&column.name)).collect();
    let (mut numbers, mut texts, mut features) = (Vec::new(), Vec::new(), Vec::new());
    for (column, c) in columns.iter().zip(0..) {
        let values = column.values(&format!("0 AS s, {c} AS c"), "p", !column.is_number);
        let (kind, field, own) = match (column.is_number, column.is_whole) {
            (true, true) => ("INT", "num_stats", NUMBERS),
            (true, false) => ("FLOAT", "num_stats", NUMBERS),
            (false, _) => ("STRING", "string_stats", TEXTS),
        };
        let length = match column.is_array {
            true => format!("ARRAY_LENGTH({})", column.value),
            false => "1".to_owned(),
        };
        let parts = [
            ("c", c.to_string()),
            ("value", column.value.clone()),
            ("length", length),
            ("lengths", lengths.to_string()),
            ("quantiles", quantiles.to_string()),
            ("top", TOP_VALUES.to_string()),
            ("mean_length", column.mean_length()),
        ];
        let parts: Vec<_> = parts.iter().map(|(name, part)| (*name, part.as_str())).collect();
        let (common, own) = (filled(COMMON, &parts), filled(own, &parts));
        features.push(format!(
            "SELECT {c} AS c, TO_JSON(STRUCT({} AS name, '{kind}' AS type, (SELECT AS STRUCT ({common}) AS common_stats, {own}) AS {field})) AS f",
            string(&column.name)
        ));
        if column.is_number { &mut numbers } else { &mut texts }.push(values);
    }
    filled(
        TFDV,
        &[
            ("numbers", &united(&numbers, "FLOAT64")),
            ("texts", &united(&texts, "STRING")),
            ("buckets", &buckets.to_string()),
            ("inputs", &format!("[{}]", names.join(", "))),
            ("width", &columns.len().to_string()),
            ("ranks", &ranks.to_string()),
            ("features", &features.join(" UNION ALL ")),
        ],
    )
}

/// The query that describes columns of `p`.
fn description(columns: &[Described], [quantiles, lengths, top]: [i64; 3]) -> String {
    let one = |column: &Described| {
        let (value, name) = (&column.value, string(&column.name));
        let values = column.values("0 AS s", "p", !column.is_number);
        let (from, raw) = column.from("p");
        let null = |data_type: &str| format!("CAST(NULL AS {data_type})");
        let of_numbers =
            |sql: &str, data_type: &str| if column.is_number { sql.to_owned() } else { null(data_type) };
        let of_texts = |sql: String, data_type: &str| if column.is_number { null(data_type) } else { sql };
        let of_arrays = |sql: &str, data_type: &str| {
            if column.is_array {
                format!("(SELECT {sql} FROM p)").replace("{a}", value)
            } else {
                null(data_type)
            }
        };
        let extreme = |which: &str| {
            if column.is_number {
                format!("(SELECT CAST({which}({raw}) AS STRING) FROM {from})")
            } else {
                format!("{which}(v)")
            }
        };
        let top_values = format!(
            "ARRAY(SELECT AS STRUCT v AS value, COUNT(*) AS count FROM ({values}) GROUP BY v ORDER BY count DESC, v LIMIT {top})"
        );
        filled(
            DESCRIBE,
            &[
                ("name", &name),
                ("value", value),
                ("dimension", &column.dimension),
                ("values", &values),
                ("zeros", &of_numbers("COUNTIF(v = 0)", "INT64")),
                ("min", &extreme("MIN")),
                ("max", &extreme("MAX")),
                ("mean", &of_numbers("AVG(v)", "FLOAT64")),
                ("stddev", &of_numbers("STDDEV_POP(v)", "FLOAT64")),
                ("median", &of_numbers("APPROX_QUANTILES(v, 2)[SAFE_OFFSET(1)]", "FLOAT64")),
                ("quantiles", &of_numbers(&format!("APPROX_QUANTILES(v, {quantiles})"), "ARRAY<FLOAT64>")),
                ("unique", &of_texts("COUNT(DISTINCT v)".into(), "INT64")),
                ("length", &of_texts(column.mean_length(), "FLOAT64")),
                ("top", &of_texts(top_values, "ARRAY<STRUCT<value STRING, count INT64>>")),
                ("shortest", &of_arrays("MIN(ARRAY_LENGTH({a}))", "INT64")),
                ("longest", &of_arrays("MAX(ARRAY_LENGTH({a}))", "INT64")),
                ("average", &of_arrays("AVG(ARRAY_LENGTH({a}))", "FLOAT64")),
                ("total", &of_arrays("SUM(ARRAY_LENGTH({a}))", "INT64")),
                (
                    "lengths",
                    &of_arrays(&format!("APPROX_QUANTILES(ARRAY_LENGTH({{a}}), {lengths})"), "ARRAY<INT64>"),
                ),
            ],
        )
    };
    columns.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ")
}

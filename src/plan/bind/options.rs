//! `OPTIONS(…)` of statements: known names, values of the right kind.

use std::sync::Arc;

use super::constant::constant;
use super::scope::{Names, Scope};
use super::{Binder, Bound, Context, CreateExternalTable, CreateObjectTable, Given, SeenLog};
use crate::catalog::{BUCKETS, Catalog, Registration, Traffic, check_alias};
use crate::data::{ColumnType, Scalar};
use crate::diag::{Code, Error, Result, Span};
use crate::model::ModelOptions;
use crate::syntax::Dialect;
use crate::syntax::ast::{Expr, ExprKind, NamedExpr, Options};
use crate::table::CsvOptions;

/// A table over files that have rows in them.
#[derive(Debug)]
pub(crate) struct External {
    pub(crate) format: Format,
    /// Patterns: at most one `*` each.
    pub(crate) uris: Vec<String>,
    pub(crate) span: Span,
    /// The columns that the statement declares; none for those that the files have.
    pub(crate) columns: Vec<(String, ColumnType)>,
}

/// How the files of an external table are written.
#[derive(Debug, Clone)]
pub(crate) enum Format {
    Csv(Box<CsvOptions>),
    Arrow,
    /// Read by the host, which brings Arrow.
    Json,
    /// Read by the host, which brings Arrow.
    Parquet,
}

/// Where and how `EXPORT DATA` writes.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    /// With one `*` at the most, which stands for the number of a file.
    pub(crate) uri: String,
    pub(crate) span: Span,
    pub(crate) format: ExportFormat,
    pub(crate) gzip: bool,
    pub(crate) overwrite: bool,
}

/// How the files of `EXPORT DATA` are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExportFormat {
    Csv { header: bool, delimiter: char },
    Json,
    Arrow,
    Parquet,
}

/// Options of `EXPORT DATA`.
pub(crate) const EXPORT_OPTIONS: &[&str] =
    &["uri", "format", "header", "compression", "overwrite", "field_delimiter"];

/// Options of `CREATE MODEL` that concern the model on Google's servers; they are ignored here.
const ELSEWHERE: &[&str] =
    &["deploy_model", "endpoint_idle_ttl", "expiration_timestamp", "friendly_name", "kms_key_name"];

/// Options of `CREATE MODEL` that concern the version that it makes.
const REGISTRY: &[&str] =
    &["description", "model_registry", "vertex_ai_model_id", "vertex_ai_model_version_aliases"];

/// Options of models that concern all their versions.
const TRAFFIC: &[&str] = &["traffic_split", "traffic_key", "traffic_salt"];

/// The value of `MODEL_PATH`, its span, and the other options.
pub(super) fn model(given: &Options) -> Result<(String, Span, ModelOptions)> {
    let known: Vec<_> = model_names().chain(["model_path", "registry_uri"]).collect();
    check_names(given, &known)?;
    let path = required(given, "model_path", "MODEL_PATH = 'model.onnx'")?;
    let (path, span) = text(path)?;
    let path = in_registry(path, span, find(given, "registry_uri"))?;
    if path.is_empty() || path.trim_end_matches('*').contains('*') {
        return Err(
            Error::new(Code::InvalidOption, "MODEL_PATH names one file, or a folder and `*`").at(span)
        );
    }
    let mut options = ModelOptions::default();
    set(&mut options, given)?;
    Ok((path, span, options))
}

/// The address of a version in a registry of MLflow's: that of the server with the version as its fragment.
fn in_registry(path: String, span: Span, registry: Option<&NamedExpr>) -> Result<String> {
    match (path.starts_with("models:/"), registry) {
        (true, Some(registry)) => Ok(format!("{}/#{path}", text(registry)?.0.trim_end_matches('/'))),
        (false, None) => Ok(path),
        (true, None) => Err(Error::new(
            Code::InvalidOption,
            format!("MODEL_PATH '{path}' is in a registry, and none is named"),
        )
        .at(span)
        .hint("write REGISTRY_URI = 'https://host' beside it")),
        (false, Some(registry)) => {
            Err(Error::new(Code::InvalidOption, "`registry_uri` is for MODEL_PATH = 'models:/name@alias'")
                .at(registry.name.span)
                .hint("leave it out"))
        }
    }
}

/// The options that a model has after `ALTER MODEL`.
pub(super) fn altered(given: &Options, before: &ModelOptions) -> Result<ModelOptions> {
    check_names(given, &model_names().collect::<Vec<_>>())?;
    let mut options = before.clone();
    set(&mut options, given)?;
    Ok(options)
}

fn model_names() -> impl Iterator<Item = &'static str> {
    ModelOptions::names().chain(ELSEWHERE.iter().chain(REGISTRY).chain(TRAFFIC).copied())
}

/// What the options say of the version that is made or altered.
pub(super) fn registration(given: &Options) -> Result<Registration> {
    let text_of = |name: &str| match find(given, name).filter(|option| !is_null(option)) {
        Some(option) => text(option).map(Some),
        None => Ok(None),
    };
    if let Some((registry, span)) = text_of("model_registry")?
        && !registry.eq_ignore_ascii_case("vertex_ai")
    {
        return Err(Error::new(Code::InvalidOption, format!("model_registry '{registry}' is not known"))
            .at(span)
            .hint("write MODEL_REGISTRY = 'VERTEX_AI'; versions and aliases are kept with the model here")
            .fix(span, "'VERTEX_AI'"));
    }
    let mut aliases = Vec::new();
    if let Some(list) = find(given, "vertex_ai_model_version_aliases").filter(|option| !is_null(option)) {
        let span = list.value.span;
        let ExprKind::Array { items, .. } = &list.value.kind else {
            return Err(Error::new(Code::InvalidOption, "the aliases are not a list of strings")
                .at(span)
                .hint("write VERTEX_AI_MODEL_VERSION_ALIASES = ['champion']"));
        };
        for item in items {
            let Scalar::String(alias) = literal(item)? else {
                return Err(Error::new(Code::InvalidOption, "an alias is not a string").at(item.span));
            };
            check_alias(&alias).map_err(|error| error.at(item.span))?;
            aliases.push(alias);
        }
    }
    let first = |found: Option<(String, Span)>| found.map(|(text, _)| text);
    Ok(Registration {
        aliases,
        description: first(text_of("description")?),
        labels: labels(given)?,
        registry_id: first(text_of("vertex_ai_model_id")?),
        traffic: traffic(given)?,
        ..Registration::default()
    })
}

/// BigQuery's labels, `[('team', 'growth')]`; a list of texts names the model's classes. `None` where they say nothing.
fn labels(given: &Options) -> Result<Option<Vec<(String, String)>>> {
    let Some(option) = find(given, "labels").filter(|option| !is_null(option)) else { return Ok(None) };
    let value = literal(&option.value)?;
    let (true, Scalar::Array(_, items)) = (is_of_pairs(&value), &value) else { return Ok(None) };
    let malformed = |found: String| {
        Error::new(Code::InvalidOption, format!("a label is a key with a value, found {found}"))
            .at(option.value.span)
            .hint("write labels = [('team', 'growth')], each key once")
    };
    let mut labels: Vec<(String, String)> = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Scalar::Struct(_, pair) => match pair.as_slice() {
                [Scalar::String(key), Scalar::String(value)]
                    if !key.is_empty() && labels.iter().all(|(known, _)| known != key) =>
                {
                    labels.push((key.clone(), value.clone()));
                }
                _ => return Err(malformed(item.to_string())),
            },
            other => return Err(malformed(other.to_string())),
        }
    }
    Ok(Some(labels))
}

/// Whether a value of `labels` is about the version, as BigQuery has it, and not about the model's classes.
fn is_of_pairs(value: &Scalar) -> bool {
    matches!(value, Scalar::Array(_, items) if items.iter().all(|item| matches!(item, Scalar::Struct(..))))
}

/// What the options say of the traffic of all versions; `None` where they say nothing.
fn traffic(given: &Options) -> Result<Option<Traffic>> {
    if TRAFFIC.iter().all(|name| find(given, name).is_none()) {
        return Ok(None);
    }
    let word = |name: &str| {
        let found = find(given, name).map(|option| match is_null(option) {
            true => Ok(String::new()),
            false => text(option).map(|(text, _)| text),
        });
        found.transpose()
    };
    let split = find(given, "traffic_split").map(|option| match is_null(option) {
        true => Ok(Vec::new()),
        false => shares(option),
    });
    Ok(Some(Traffic { split: split.transpose()?, key: word("traffic_key")?, salt: word("traffic_salt")? }))
}

/// `[('champion', 90), ('challenger', 10)]` in hundredths of a percent.
fn shares(option: &NamedExpr) -> Result<Vec<(String, u32)>> {
    let malformed = |found: String| {
        Error::new(Code::InvalidOption, format!("`traffic_split` takes versions with percents, {found}"))
            .at(option.value.span)
            .hint("write traffic_split = [('champion', 90), ('challenger', 10)]")
    };
    let Scalar::Array(_, items) = literal(&option.value)? else {
        return Err(malformed("found no list".into()));
    };
    let mut shares: Vec<(String, u32)> = Vec::with_capacity(items.len());
    for item in &items {
        let Scalar::Struct(_, pair) = item else { return Err(malformed(format!("found {item}"))) };
        let (word, percent) = match pair.as_slice() {
            [Scalar::String(word), percent] => (word.clone(), percent),
            [Scalar::Int64(number), percent] => (number.to_string(), percent),
            _ => return Err(malformed(format!("found {item}"))),
        };
        let share = hundredths(percent).ok_or_else(|| {
            malformed(format!("found {percent}, which is no number from 0 to 100 with two digits at most"))
        })?;
        if shares.iter().any(|(known, _)| *known == word) {
            return Err(malformed(format!("found `{word}` twice")));
        }
        shares.push((word, share));
    }
    let sum: u32 = shares.iter().map(|(_, share)| *share).sum();
    if sum != BUCKETS && !shares.is_empty() {
        return Err(malformed(format!("and they make 100, found {}", f64::from(sum) / 100.0)));
    }
    Ok(shares)
}

/// A percent as hundredths of it.
fn hundredths(percent: &Scalar) -> Option<u32> {
    match percent {
        Scalar::Int64(percent) => u32::try_from(*percent).ok()?.checked_mul(100),
        Scalar::Float64(percent) => {
            let nearest = (percent * 100.0).round();
            let is_exact = (0.0..=10_000.0).contains(&nearest) && nearest / 100.0 == *percent;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number that was just compared with the ends"
            )]
            is_exact.then_some(nearest as u32)
        }
        _ => None,
    }
    .filter(|hundredths| *hundredths <= BUCKETS)
}

fn is_null(option: &NamedExpr) -> bool {
    matches!(option.value.kind, ExprKind::Literal(Scalar::Null))
}

fn set(options: &mut ModelOptions, given: &Options) -> Result<()> {
    for option in &given.items {
        let name = option.name.text.to_ascii_lowercase();
        if ModelOptions::names().any(|known| known == name) {
            let value = literal(&option.value)?;
            if name == "labels" && is_of_pairs(&value) {
                continue;
            }
            options.set(&name, &value).map_err(|error| error.or_at(option.value.span))?;
        }
    }
    Ok(())
}

/// `MODEL_TYPE = 'TRANSFORM_ONLY'` and nothing that would need a file.
pub(super) fn transform_only(given: &Options) -> Result<()> {
    let known = [&["model_type"], ELSEWHERE, REGISTRY].concat();
    check_names(given, &known)?;
    let (name, span) = text(required(given, "model_type", "MODEL_TYPE = 'TRANSFORM_ONLY'")?)?;
    if name.eq_ignore_ascii_case("transform_only") {
        return Ok(());
    }
    Err(Error::new(
        Code::InvalidOption,
        format!("a model of type '{name}' cannot have a TRANSFORM: nothing is trained here"),
    )
    .at(span)
    .hint("write MODEL_TYPE = 'TRANSFORM_ONLY', and ML.TRANSFORM before ML.PREDICT")
    .fix(span, "'TRANSFORM_ONLY'"))
}

/// An object table, or a table over files that have rows in them.
pub(super) fn external_table(
    given: &Options,
    name: String,
    columns: Vec<(String, ColumnType)>,
) -> Result<Bound> {
    let Some(format) = find(given, "format") else {
        if !columns.is_empty() {
            return Err(Error::new(Code::UnsupportedSyntax, "object tables have fixed columns")
                .at(given.span)
                .hint("leave the list of columns out"));
        }
        return object_table(given, name);
    };
    let known = [&["format", "uris", "description", "max_staleness"], CsvOptions::NAMES].concat();
    check_names(given, &known)?;
    let (word, format_span) = text(format)?;
    let format = match word.to_ascii_uppercase().as_str() {
        "CSV" => Format::Csv(Box::new(csv(given, &columns)?)),
        "JSON" | "NEWLINE_DELIMITED_JSON" | "JSONL" => Format::Json,
        "PARQUET" => Format::Parquet,
        "ARROW" => Format::Arrow,
        _ => {
            return Err(Error::new(Code::InvalidOption, format!("format '{word}' is not known"))
                .at(format_span)
                .hint("the formats are 'CSV', 'JSON', 'PARQUET' and 'ARROW'"));
        }
    };
    let of_csv = |option: &&NamedExpr| {
        CsvOptions::NAMES.iter().any(|name| option.name.text.eq_ignore_ascii_case(name))
    };
    if let (Some(option), false) = (given.items.iter().find(of_csv), matches!(format, Format::Csv(_))) {
        let message = format!("option `{}` is for CSV, and the files are {word}", option.name.text);
        return Err(Error::new(Code::InvalidOption, message).at(option.name.span).hint("leave it out"));
    }
    let (uris, span) = uris(given)?;
    Ok(Bound::CreateExternalTable(CreateExternalTable {
        name,
        external: External { format, uris, span, columns },
    }))
}

fn csv(given: &Options, columns: &[(String, ColumnType)]) -> Result<CsvOptions> {
    let mut options = CsvOptions { schema: columns.to_vec(), ..CsvOptions::default() };
    for option in &given.items {
        let name = option.name.text.to_ascii_lowercase();
        if CsvOptions::NAMES.contains(&name.as_str()) {
            let value = literal(&option.value)?;
            options.set(&name, &value).map_err(|error| error.or_at(option.value.span))?;
        }
    }
    Ok(options)
}

/// Where and how `EXPORT DATA` writes.
pub(super) fn sink(given: &Options) -> Result<Sink> {
    check_names(given, EXPORT_OPTIONS)?;
    let (uri, span) = text(required(given, "uri", "uri = 'rows-*.csv', format = 'CSV'")?)?;
    if uri.is_empty() || uri.matches('*').count() > 1 {
        let message = "the uri of an export is a file's name, with one `*` at the most";
        return Err(Error::new(Code::InvalidOption, message).at(span).hint("write uri = 'rows-*.csv'"));
    }
    let (word, format_span) = text(required(given, "format", "uri = '…', format = 'CSV'")?)?;
    let format = match word.to_ascii_uppercase().as_str() {
        "CSV" => ExportFormat::Csv {
            header: truth(given, "header")?,
            delimiter: find(given, "field_delimiter").map_or(Ok(','), delimiter)?,
        },
        "JSON" => ExportFormat::Json,
        "ARROW" => ExportFormat::Arrow,
        "PARQUET" => ExportFormat::Parquet,
        _ => {
            return Err(Error::new(Code::InvalidOption, format!("format '{word}' is not written"))
                .at(format_span)
                .hint("the formats are 'CSV', 'JSON', 'PARQUET' and 'ARROW'"));
        }
    };
    let of_csv = ["header", "field_delimiter"].into_iter().find_map(|name| find(given, name));
    if let (Some(option), false) = (of_csv, matches!(format, ExportFormat::Csv { .. })) {
        let message = format!("option `{}` is for CSV, and the file is {word}", option.name.text);
        return Err(Error::new(Code::InvalidOption, message).at(option.name.span).hint("leave it out"));
    }
    let gzip = find(given, "compression").map_or(Ok(false), |option| gzip(option, &format))?;
    Ok(Sink { uri, span, format, gzip, overwrite: truth(given, "overwrite")? })
}

/// Whether an option is TRUE; it is not where it is not given.
fn truth(given: &Options, name: &str) -> Result<bool> {
    let Some(option) = find(given, name) else { return Ok(false) };
    match literal(&option.value)? {
        Scalar::Bool(value) => Ok(value),
        found => {
            Err(Error::new(Code::InvalidOption, format!("option `{name}` is TRUE or FALSE, found {found}"))
                .at(option.value.span)
                .hint(format!("write {name} = TRUE")))
        }
    }
}

/// The character between the fields of CSV.
fn delimiter(option: &NamedExpr) -> Result<char> {
    let (word, span) = text(option)?;
    let mut letters = word.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if !matches!(letter, '"' | '\n' | '\r') => Ok(letter),
        _ if word.eq_ignore_ascii_case("tab") => Ok('\t'),
        _ => Err(Error::new(
            Code::InvalidOption,
            "`field_delimiter` is one character, and no quote or line break",
        )
        .at(span)
        .hint("write field_delimiter = ';' or '\\t'")),
    }
}

/// Whether a file is compressed as a whole.
fn gzip(option: &NamedExpr, format: &ExportFormat) -> Result<bool> {
    let (word, span) = text(option)?;
    let is_text = matches!(format, ExportFormat::Csv { .. } | ExportFormat::Json);
    match word.to_ascii_uppercase().as_str() {
        "NONE" if *format != ExportFormat::Parquet => Ok(false),
        "GZIP" if is_text => Ok(true),
        "SNAPPY" if *format == ExportFormat::Parquet => Ok(false),
        _ => Err(Error::new(
            Code::InvalidOption,
            format!("compression '{word}' is not written in this format"),
        )
        .at(span)
        .hint("CSV and JSON take 'GZIP', PARQUET is 'SNAPPY', ARROW has none: leave it out")),
    }
}

fn object_table(given: &Options, name: String) -> Result<Bound> {
    check_names(given, &["object_metadata", "uris", "max_staleness", "metadata_cache_mode", "description"])?;
    let (metadata, span) = text(required(given, "object_metadata", "object_metadata = 'SIMPLE'")?)?;
    if !metadata.eq_ignore_ascii_case("simple") {
        return Err(Error::new(Code::InvalidOption, format!("object_metadata '{metadata}' is not known"))
            .at(span)
            .hint("write object_metadata = 'SIMPLE'")
            .fix(span, "'SIMPLE'"));
    }
    let (uris, uris_span) = uris(given)?;
    Ok(Bound::CreateObjectTable(CreateObjectTable { name, uris, uris_span }))
}

/// The patterns of `uris` and their span.
fn uris(given: &Options) -> Result<(Vec<String>, Span)> {
    let uris = required(given, "uris", "uris = ['photos/*']")?;
    let invalid = |message: &str, span: Span| {
        Error::new(Code::InvalidOption, message).at(span).hint("write uris = ['folder/*', 'picture.jpg']")
    };
    let ExprKind::Array { items, .. } = &uris.value.kind else {
        return Err(invalid("uris is not a list of strings", uris.value.span));
    };
    let patterns = items
        .iter()
        .map(|item| match &item.kind {
            ExprKind::Literal(Scalar::String(pattern)) if pattern.matches('*').count() > 1 => {
                Err(invalid("a uri has more than one `*`", item.span))
            }
            ExprKind::Literal(Scalar::String(pattern)) if !pattern.is_empty() => Ok(pattern.clone()),
            _ => Err(invalid("a uri is not a string", item.span)),
        })
        .collect::<Result<Vec<_>>>()?;
    if patterns.is_empty() {
        return Err(invalid("uris is empty", uris.value.span));
    }
    Ok((patterns, uris.value.span))
}

/// The value of an option: literals, and arrays and structs of them.
fn literal(tree: &Expr) -> Result<Scalar> {
    let scope = Scope::default();
    let catalog = Catalog::default();
    // Options are written out: no limit of the session bears on them.
    let limits = Arc::default();
    let context = Context {
        catalog: &catalog,
        dialect: Dialect::BigQuery,
        params: Given::Nothing,
        variables: &[],
        subquery_values: &[],
        limits: &limits,
        log: &SeenLog::default(),
    };
    let expr = Binder::new(context).expr(tree, Names::of(&scope))?;
    constant(&expr, &limits)?.ok_or_else(|| {
        Error::new(Code::InvalidOption, "the value of an option has to be a constant").at(tree.span)
    })
}

fn check_names(options: &Options, known: &[&str]) -> Result<()> {
    for (index, option) in options.items.iter().enumerate() {
        let name = option.name.text.to_ascii_lowercase();
        if !known.contains(&name.as_str()) {
            let known = known.iter().copied();
            return Err(Error::new(
                Code::UnknownOption,
                format!("there is no option `{}`", option.name.text),
            )
            .at(option.name.span)
            .did_you_mean_here(&name, known.clone(), str::to_owned)
            .or_list("the options are", known));
        }
        if options.items.iter().take(index).any(|other| other.name.text.eq_ignore_ascii_case(&name)) {
            return Err(Error::new(Code::InvalidOption, format!("option `{name}` is given twice"))
                .at(option.name.span));
        }
    }
    Ok(())
}

fn find<'a>(options: &'a Options, name: &str) -> Option<&'a NamedExpr> {
    options.items.iter().find(|option| option.name.text.eq_ignore_ascii_case(name))
}

fn required<'a>(options: &'a Options, name: &str, example: &str) -> Result<&'a NamedExpr> {
    find(options, name).ok_or_else(|| {
        Error::new(Code::InvalidOption, format!("option `{name}` is missing"))
            .at(options.span)
            .hint(format!("write OPTIONS ({example})"))
    })
}

fn text(option: &NamedExpr) -> Result<(String, Span)> {
    match &option.value {
        Expr { kind: ExprKind::Literal(Scalar::String(text)), span } => Ok((text.clone(), *span)),
        value => {
            Err(Error::new(Code::InvalidOption, format!("option `{}` is not a string", option.name.text))
                .at(value.span)
                .hint("put the value in quotes"))
        }
    }
}

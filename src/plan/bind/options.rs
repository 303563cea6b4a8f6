//! `OPTIONS(…)` of statements: known names, values of the right kind.

use std::sync::Arc;

use super::constant::constant;
use super::scope::{Names, Scope};
use super::{Binder, Bound, Context, CreateExternalTable, CreateObjectTable, Given};
use crate::catalog::{Catalog, Registration, check_alias};
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

/// Options of `CREATE MODEL` that concern the model on Google's servers; they are ignored here.
const ELSEWHERE: &[&str] =
    &["deploy_model", "endpoint_idle_ttl", "expiration_timestamp", "friendly_name", "kms_key_name"];

/// Options of `CREATE MODEL` that concern the version that it makes.
const REGISTRY: &[&str] =
    &["description", "model_registry", "vertex_ai_model_id", "vertex_ai_model_version_aliases"];

/// The value of `MODEL_PATH`, its span, and the other options.
pub(super) fn model(given: &Options) -> Result<(String, Span, ModelOptions)> {
    let known: Vec<_> = model_names().chain(["model_path"]).collect();
    check_names(given, &known)?;
    let path = required(given, "model_path", "MODEL_PATH = 'model.onnx'")?;
    let (path, span) = text(path)?;
    if path.is_empty() || path.trim_end_matches('*').contains('*') {
        return Err(
            Error::new(Code::InvalidOption, "MODEL_PATH names one file, or a folder and `*`").at(span)
        );
    }
    let mut options = ModelOptions::default();
    set(&mut options, given)?;
    Ok((path, span, options))
}

/// The options that a model has after `ALTER MODEL`.
pub(super) fn altered(given: &Options, before: &ModelOptions) -> Result<ModelOptions> {
    check_names(given, &model_names().collect::<Vec<_>>())?;
    let mut options = before.clone();
    set(&mut options, given)?;
    Ok(options)
}

fn model_names() -> impl Iterator<Item = &'static str> {
    ModelOptions::names().chain(ELSEWHERE.iter().chain(REGISTRY).copied())
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
        registry_id: first(text_of("vertex_ai_model_id")?),
        ..Registration::default()
    })
}

fn is_null(option: &NamedExpr) -> bool {
    matches!(option.value.kind, ExprKind::Literal(Scalar::Null))
}

fn set(options: &mut ModelOptions, given: &Options) -> Result<()> {
    for option in &given.items {
        let name = option.name.text.to_ascii_lowercase();
        if ModelOptions::names().any(|known| known == name) {
            let value = literal(&option.value)?;
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

//! `OPTIONS(…)` of statements: known names, values of the right kind.

use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span, nearest};
use crate::syntax::ast::{Expr, ExprKind, NamedExpr, Options};

/// `MODEL_PATH` of an ONNX model and its place.
pub(super) fn model(options: &Options) -> Result<(String, Span)> {
    check_names(options, &["model_type", "model_path"])?;
    let model_type = required(options, "model_type", "MODEL_TYPE = 'ONNX'")?;
    let (name, span) = text(model_type)?;
    if !name.eq_ignore_ascii_case("onnx") {
        return Err(Error::new(Code::InvalidOption, format!("MODEL_TYPE '{name}' is not supported"))
            .at(span)
            .hint("export the model to ONNX and write MODEL_TYPE = 'ONNX'")
            .fix(span, "'ONNX'"));
    }
    let (path, span) = text(required(options, "model_path", "MODEL_PATH = 'model.onnx'")?)?;
    if path.is_empty() || path.contains('*') {
        return Err(Error::new(Code::InvalidOption, "MODEL_PATH names one .onnx file").at(span));
    }
    Ok((path, span))
}

/// The patterns of an object table and their place.
pub(super) fn object_table(options: &Options) -> Result<(Vec<String>, Span)> {
    let known = ["object_metadata", "uris", "max_staleness", "metadata_cache_mode", "description", "format"];
    check_names(options, &known)?;
    if let Some(format) = find(options, "format") {
        return Err(Error::new(Code::UnsupportedSyntax, "external tables with a format are not supported")
            .at(format.name.span)
            .hint(
                "register the file as a table from the host program, or write object_metadata = 'SIMPLE'",
            ));
    }
    let (metadata, span) = text(required(options, "object_metadata", "object_metadata = 'SIMPLE'")?)?;
    if !metadata.eq_ignore_ascii_case("simple") {
        return Err(Error::new(Code::InvalidOption, format!("object_metadata '{metadata}' is not known"))
            .at(span)
            .hint("write object_metadata = 'SIMPLE'")
            .fix(span, "'SIMPLE'"));
    }
    let uris = required(options, "uris", "uris = ['photos/*']")?;
    let invalid = |message: &str, span: Span| {
        Error::new(Code::InvalidOption, message).at(span).hint("write uris = ['folder/*', 'picture.jpg']")
    };
    let ExprKind::Array { items, .. } = &uris.value.kind else {
        return Err(invalid("uris is not a list of texts", uris.value.span));
    };
    let patterns = items
        .iter()
        .map(|item| match &item.kind {
            ExprKind::Literal(Scalar::String(pattern)) if pattern.matches('*').count() > 1 => {
                Err(invalid("a uri has more than one `*`", item.span))
            }
            ExprKind::Literal(Scalar::String(pattern)) if !pattern.is_empty() => Ok(pattern.clone()),
            _ => Err(invalid("a uri is not a text", item.span)),
        })
        .collect::<Result<Vec<_>>>()?;
    if patterns.is_empty() {
        return Err(invalid("uris is empty", uris.value.span));
    }
    Ok((patterns, uris.value.span))
}

fn check_names(options: &Options, known: &[&str]) -> Result<()> {
    for (at, option) in options.items.iter().enumerate() {
        let name = option.name.text.to_ascii_lowercase();
        if !known.contains(&name.as_str()) {
            let error = Error::new(Code::UnknownOption, format!("there is no option `{}`", option.name.text))
                .at(option.name.span);
            return Err(match nearest(&name, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")).fix(option.name.span, near),
                None => error.hint(format!("the options are {}", known.join(", "))),
            });
        }
        if options.items.iter().take(at).any(|other| other.name.text.eq_ignore_ascii_case(&name)) {
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
        value => Err(Error::new(Code::InvalidOption, format!("option `{}` is not a text", option.name.text))
            .at(value.span)
            .hint("put the value in quotes")),
    }
}

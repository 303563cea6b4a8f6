//! Columns bound to the inputs of a model: by their names, converted where nothing is lost.
//!
//! An input takes the one column of its name, case aside. Exporters put underscores in the place of what is no letter or
//! digit: where columns are missing, and all of them are there by such names, they are taken.

use crate::data::{CastMode, DataType, StructField, can_cast};
use crate::diag::{Code, Error, Invariant, Result, Span, nearest};
use crate::model::{Dim, Port};
use crate::plan::expr::{Expr, ExprKind};
use crate::syntax::written;

/// A column by its name.
type Named<'a> = (&'a str, &'a Expr);

/// For each of the inputs `ports` the column that feeds it; `None` for an optional one that no column is named after.
///
/// # Errors
/// `missing-input`, `ambiguous-input`, `input-type-mismatch`.
pub(super) fn bind(
    ports: &[Port],
    columns: &[Named<'_>],
    model: &str,
    span: Span,
) -> Result<Vec<Option<Expr>>> {
    let named = by_names(ports, columns, model, span)?;
    let bound = ports.iter().zip(named).map(|(port, column)| match column {
        Some((name, value)) => fed(port, name, value.clone().at(span), model).map(Some),
        None => Ok(None),
    });
    bound.collect()
}

fn by_names<'a>(
    ports: &[Port],
    columns: &[Named<'a>],
    model: &str,
    span: Span,
) -> Result<Vec<Option<Named<'a>>>> {
    let mut named = Vec::with_capacity(ports.len());
    for port in ports {
        // ONNX tells names apart by their case; so do models that have two of one name.
        let is_same = |name: &str| name.eq_ignore_ascii_case(&port.name);
        let has_twin = ports.iter().filter(|other| is_same(&other.name)).count() > 1;
        let mut matches =
            columns.iter().filter(|(name, _)| if has_twin { *name == port.name } else { is_same(name) });
        named.push(match (matches.next(), matches.next()) {
            (Some(_), Some(_)) => {
                return Err(Error::new(
                    Code::AmbiguousInput,
                    format!("several columns are named `{}`, an input of model `{model}`", port.name),
                )
                .at(span)
                .hint("give all but one of them another alias"));
            }
            (found, _) => found.copied(),
        });
    }
    let missing: Vec<usize> = (0..)
        .zip(ports.iter().zip(&named))
        .filter(|(_, (port, column))| port.required && column.is_none())
        .map(|(number, _)| number)
        .collect();
    let Some(first) = missing.first().and_then(|number| ports.get(*number)) else { return Ok(named) };
    let Some(found) = by_mangled_names(ports, &missing, columns, &named) else {
        return Err(missing_input(first, ports, columns, model, span));
    };
    for (number, column) in missing.into_iter().zip(found) {
        *named.get_mut(number).invariant("a place for each input")? = Some(column);
    }
    Ok(named)
}

/// The columns for the inputs that are `missing`, where each has exactly one by a name that differs in punctuation only.
fn by_mangled_names<'a>(
    ports: &[Port],
    missing: &[usize],
    columns: &[Named<'a>],
    named: &[Option<Named<'a>>],
) -> Option<Vec<Named<'a>>> {
    let is_taken = |column: &Named<'_>| named.iter().flatten().any(|(name, _)| *name == column.0);
    let names: Vec<String> =
        missing.iter().map(|number| Some(words(&ports.get(*number)?.name))).collect::<Option<_>>()?;
    let mut found = Vec::with_capacity(missing.len());
    for name in &names {
        let mut matches = columns.iter().filter(|column| !is_taken(column) && words(column.0) == *name);
        let column = matches.next().filter(|_| matches.next().is_none())?;
        if names.iter().filter(|other| *other == name).count() > 1 {
            return None;
        }
        found.push(*column);
    }
    Some(found)
}

/// Whether a column of this name can feed an input of that one.
pub(super) fn is_same_name(input: &str, column: &str) -> bool {
    input.eq_ignore_ascii_case(column) || words(input) == words(column)
}

/// The letters and digits of a name, in small letters and with one underscore for what is between them.
fn words(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("_").to_lowercase()
}

/// `value`, the column `name`, as `port` takes it.
fn fed(port: &Port, name: &str, value: Expr, model: &str) -> Result<Expr> {
    let found = &value.data_type;
    let forms = port.forms();
    if forms.contains(found) {
        return Ok(value);
    }
    if let Some(converted) = forms.iter().find_map(|form| converted(value.clone(), form)) {
        return Ok(converted);
    }
    let message = format!(
        "column `{name}` has type {found}, but the input of model `{model}` takes {}{}",
        port.data_type,
        shape_note(port),
    );
    Err(Error::new(Code::InputTypeMismatch, message).at(value.span).hint(remedy(found, port)))
}

/// `value` as `wanted`; `None` where there is no such conversion.
pub(super) fn converted(value: Expr, wanted: &DataType) -> Option<Expr> {
    let steps = conversion(&value.data_type, wanted)?;
    Some(steps.into_iter().fold(value, |value, data_type| {
        let span = value.span;
        Expr { kind: ExprKind::Cast { value: Box::new(value), mode: CastMode::Exact }, data_type, span }
    }))
}

/// The types by which a value of type `found` becomes one of type `wanted`; `None` where it does not. BOOL is 0 and 1, as
/// pandas hands it on.
fn conversion(found: &DataType, wanted: &DataType) -> Option<Vec<DataType>> {
    let fits = |found: &DataType| {
        // A picture stays one.
        *found == DataType::IntegerPicture && *wanted == DataType::Picture
            || found.of_picture().is_none() && wanted.of_picture().is_none() && can_cast(found, wanted)
    };
    if fits(found) {
        return Some(vec![wanted.clone()]);
    }
    let numbers = bools_as_ints(found);
    (numbers != *found && fits(&numbers)).then(|| vec![numbers, wanted.clone()])
}

fn bools_as_ints(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Bool => DataType::Int64,
        DataType::Array(element) => DataType::array(bools_as_ints(element)),
        DataType::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|field| StructField {
                    name: field.name.clone(),
                    data_type: bools_as_ints(&field.data_type),
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

#[cold]
fn missing_input(port: &Port, ports: &[Port], columns: &[Named<'_>], model: &str, span: Span) -> Error {
    let error = Error::new(
        Code::MissingInput,
        format!(
            "model `{model}` needs a column `{}` of type {}{}, which the rows do not have",
            port.name,
            port.data_type,
            shape_note(port),
        ),
    )
    .at(span);
    // A column that feeds another input is not the one that is meant.
    let is_input = |name: &str| ports.iter().any(|port| port.name.eq_ignore_ascii_case(name));
    let names = columns.iter().map(|(name, _)| *name).filter(|name| !is_input(name));
    if let Some(near) = nearest(&port.name, names) {
        let (near, name) = (written(near), written(&port.name));
        return error.hint(format!("rename {near}: (SELECT * EXCEPT ({near}), {near} AS {name} FROM …)"));
    }
    if let Some(features) = features(port, columns, &is_input) {
        let list = features.iter().map(|name| written(name)).collect::<Vec<_>>().join(", ");
        let texts =
            features.iter().map(|name| format!("'{}'", name.replace('\'', "\\'"))).collect::<Vec<_>>();
        return error.hint(format!(
            "put columns into it: (SELECT [{list}] AS {} FROM …), or name them when the model is made: \
             input_columns = [{}]",
            written(&port.name),
            texts.join(", ")
        ));
    }
    let columns: Vec<_> = columns.iter().take(20).map(|(name, _)| format!("`{name}`")).collect();
    let name = written(&port.name);
    error.hint(format!("select it in a subquery: … AS {name}; the columns are {}", columns.join(", ")))
}

/// Names that columns with the right answers have, and with the numbers of rows.
const NO_FEATURES: [&str; 14] = [
    "target",
    "label",
    "labels",
    "class",
    "y",
    "species",
    "outcome",
    "prediction",
    "id",
    "row",
    "index",
    "rowid",
    "row_id",
    "unnamed_0",
];

/// The columns that may make up `port`, an array of numbers: as many as it has elements.
fn features<'a>(port: &Port, columns: &[Named<'a>], is_input: &dyn Fn(&str) -> bool) -> Option<Vec<&'a str>> {
    let DataType::Array(element) = &port.data_type else { return None };
    let width = port.row().iter().map(Dim::fixed).product::<Option<usize>>();
    let fits = |(name, value): &&Named<'_>| {
        !is_input(name)
            && conversion(&value.data_type, element).is_some()
            && (**element == DataType::String) == (value.data_type == DataType::String)
    };
    let fitting: Vec<&str> = columns.iter().filter(fits).map(|(name, _)| *name).collect();
    let is_feature = |name: &&&str| !NO_FEATURES.contains(&words(name).as_str());
    let likely: Vec<&str> = fitting.iter().filter(is_feature).copied().collect();
    let is_whole = |names: &Vec<&str>| !names.is_empty() && width.is_none_or(|width| width == names.len());
    [likely, fitting].into_iter().find(is_whole)
}

/// What to write so that a value of type `found` fits.
fn remedy(found: &DataType, port: &Port) -> String {
    let name = written(&port.name);
    match (found, &port.data_type) {
        (DataType::Bytes, DataType::Tensor) => {
            // Most models that do not say their size were trained on 224 by 224 pixels.
            let (height, width) = picture_size(port).unwrap_or((224, 224));
            format!(
                "decode the picture: ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), {height}, {width}, FALSE) AS `{}`",
                port.name
            )
        }
        (DataType::Array(_), DataType::Tensor | DataType::Struct(_)) => {
            format!("reshape it: STRUCT([{}] AS dimensions, {name} AS values) AS {name}", text(port.row()))
        }
        (scalar, DataType::Array(element)) if can_cast(scalar, element) => {
            format!("put the columns into one array: [a, b, c] AS {name}")
        }
        (DataType::Array(_), _) => format!("take one element: array[OFFSET(0)] AS {name}"),
        (_, wanted) => format!("select a column of type {wanted} AS {name}"),
    }
}

/// The shape of a row, where its type does not say it: ` and shape [224, 224, 3]`.
fn shape_note(port: &Port) -> String {
    match port.data_type {
        DataType::Tensor | DataType::Struct(_) | DataType::Array(_) => {
            format!(" and shape [{}]", text(port.picture().unwrap_or(port.row())))
        }
        _ => String::new(),
    }
}

fn text(dims: &[Dim]) -> String {
    let sizes: Vec<_> = dims.iter().map(Dim::to_string).collect();
    sizes.join(", ")
}

/// Height and width of a picture in the layout [height, width, channels].
fn picture_size(port: &Port) -> Option<(usize, usize)> {
    match port.picture()? {
        [Dim::Fixed(height), Dim::Fixed(width), Dim::Fixed(_)] => Some((*height, *width)),
        _ => None,
    }
}

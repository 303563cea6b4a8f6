//! VECTOR_SEARCH: two sides, the columns that hold their vectors, and options by name.

use super::Binder;
use super::constant::constant;
use super::expr::Names;
use super::from::Source;
use super::predict::column_number;
use super::scope::Scope;
use crate::data::{CastMode, DataType, Field, Scalar, Schema, StructField, can_coerce};
use crate::diag::{Code, Error, Result, Span, nearest};
use crate::function::Metric;
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind, Searched};
use crate::syntax::ast::{self, TableArg};

/// How VECTOR_SEARCH is written.
const FORM: &str = "write VECTOR_SEARCH(TABLE base, 'vector column', TABLE queries, top_k => 10) or \
                    VECTOR_SEARCH(TABLE base, 'vector column', query_value => [1.0, 2.0])";

const NAMES: &[&str] = &["query_column_to_search", "query_value", "top_k", "distance_type", "options"];

impl Binder<'_> {
    pub(super) fn vector_search(&mut self, args: &[TableArg], span: Span) -> Result<Node> {
        let (base, column, rest) = match args {
            [TableArg::Rows(base), TableArg::Expr(column), rest @ ..] => (base, column, rest),
            _ => return Err(malformed(span)),
        };
        let (rows, rest) = match rest {
            [TableArg::Rows(rows), rest @ ..] => (Some(rows), rest),
            rest => (None, rest),
        };
        let (mut query_column, rest) = match rest {
            [TableArg::Expr(column), rest @ ..] if rows.is_some() => (Some(column), rest),
            rest => (None, rest),
        };
        let (mut value, mut top, mut metric) = (None, Some(10), Metric::Euclidean);
        for argument in rest {
            let TableArg::Named(name, given) = argument else { return Err(malformed(span)) };
            match name.text.to_ascii_lowercase().as_str() {
                "query_column_to_search" if rows.is_some() => query_column = Some(given),
                "query_value" if rows.is_none() => value = Some(given),
                "top_k" => match self.constant(given, &DataType::Int64, "a number of rows")? {
                    Scalar::Int64(count) => top = usize::try_from(count).ok(),
                    _ => top = None,
                },
                "distance_type" => metric = self.metric(given)?,
                // How an index is used; without one every row is compared.
                "options" => drop(self.constant(given, &DataType::String, "JSON")?),
                known if NAMES.contains(&known) => return Err(malformed(name.span)),
                _ => return Err(unknown(name)),
            }
        }
        let column = self.constant_text(column, "the name of a column")?;
        let base = searched(self.table(base)?, &column)?;
        let (query, batch) = match (rows, value) {
            (Some(rows), None) => {
                let source = self.table(rows)?;
                let name = match query_column {
                    Some(name) => self.constant_text(name, "the name of a column")?,
                    None => default_column(&source, &column, rows.span)?,
                };
                (searched(source, &name)?, true)
            }
            (None, Some(value)) => {
                let scope = Scope::default();
                let names = Names::of(&scope);
                let wanted = DataType::array(DataType::Float64);
                let vector = self.expr_of(value, names, &wanted, "a vector")?;
                let input = Node { kind: NodeKind::OneRow, schema: Schema::default() };
                (Searched { input, vector, keep: Vec::new() }, false)
            }
            _ => return Err(malformed(span)),
        };
        let mut fields = Vec::with_capacity(3);
        if batch {
            fields.push(Field::new("query", row_type(&query)));
        }
        fields.push(Field::new("base", row_type(&base)));
        fields.push(Field::new("distance", DataType::Float64));
        let kind =
            NodeKind::VectorSearch { base: Box::new(base), query: Box::new(query), batch, top, metric };
        Ok(Node { kind, schema: Schema { fields } })
    }

    fn metric(&mut self, tree: &ast::Expr) -> Result<Metric> {
        let (name, _) = self.constant_text(tree, "the name of a distance")?;
        Metric::named(&name).filter(|metric| *metric != Metric::Manhattan).ok_or_else(|| {
            Error::new(Code::InvalidOption, format!("there is no distance_type '{name}'"))
                .at(tree.span)
                .hint("write 'EUCLIDEAN', 'COSINE' or 'DOT_PRODUCT'")
        })
    }

    fn constant_text(&mut self, tree: &ast::Expr, what: &str) -> Result<(String, Span)> {
        match self.constant(tree, &DataType::String, what)? {
            Scalar::String(text) => Ok((text, tree.span)),
            _ => Ok((String::new(), tree.span)),
        }
    }

    fn constant(&mut self, tree: &ast::Expr, data_type: &DataType, what: &str) -> Result<Scalar> {
        let scope = Scope::default();
        let names = Names::of(&scope);
        match constant(&self.expr_of(tree, names, data_type, what)?, self.context.limits)? {
            // A parameter without value yet: the statement is only checked.
            Some(value) if value != Scalar::Null || self.context.params.is_none() => Ok(value),
            _ => Err(Error::new(Code::TypeMismatch, format!("expected {what} as a constant")).at(tree.span)),
        }
    }
}

/// The rows of `source` with the vectors in the column of this name.
fn searched(source: Source, (name, span): &(String, Span)) -> Result<Searched> {
    let Source { node: input, scope } = source;
    let columns: Vec<_> = scope.visible(None).collect();
    let Some((_, column)) = columns.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)) else {
        let error = Error::new(Code::UnknownColumn, format!("column `{name}` was not found")).at(*span);
        let names: Vec<_> = columns.iter().map(|(it, _)| *it).collect();
        return Err(match nearest(name, names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean '{near}'?")).fix(*span, format!("'{near}'")),
            None => error.hint(format!("the columns are {}", names.join(", "))),
        });
    };
    let vector_type = DataType::array(DataType::Float64);
    if !can_coerce(&column.data_type, &vector_type) {
        return Err(Error::new(
            Code::TypeMismatch,
            format!("expected column `{name}` to be a vector, found {}", column.data_type),
        )
        .at(*span)
        .hint("vectors are ARRAY<FLOAT64>, such as the outputs of embedding models"));
    }
    let mut vector = (*column).clone().at(*span);
    if vector.data_type != vector_type {
        let kind = ExprKind::Cast { value: Box::new(vector), mode: CastMode::Strict };
        vector = Expr { kind, data_type: vector_type, span: *span };
    }
    let keep = columns.iter().filter_map(|(_, column)| column_number(column)).collect();
    Ok(Searched { input, vector, keep })
}

/// The query's column that is named like the base's, or its only vector.
fn default_column(source: &Source, base: &(String, Span), span: Span) -> Result<(String, Span)> {
    let columns: Vec<_> = source.scope.visible(None).collect();
    if columns.iter().any(|(name, _)| name.eq_ignore_ascii_case(&base.0)) {
        return Ok(base.clone());
    }
    let vector = DataType::array(DataType::Float64);
    let mut vectors = columns.into_iter().filter(|(_, column)| can_coerce(&column.data_type, &vector));
    match (vectors.next(), vectors.next()) {
        (Some((only, _)), None) => Ok((only.to_owned(), span)),
        _ => Err(Error::new(Code::MissingInput, "it is not clear which column holds the query's vectors")
            .at(span)
            .hint("write query_column_to_search => 'column'")),
    }
}

/// A row of a side as a struct.
fn row_type(side: &Searched) -> DataType {
    let fields = side.keep.iter().filter_map(|at| side.input.schema.fields.get(*at));
    let fields = fields.map(|it| StructField { name: it.name.clone(), data_type: it.data_type.clone() });
    DataType::Struct(fields.collect())
}

#[cold]
fn unknown(name: &ast::Ident) -> Error {
    let error = Error::new(Code::UnknownOption, format!("VECTOR_SEARCH has no argument `{}`", name.text))
        .at(name.span);
    match nearest(&name.text, NAMES.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")).fix(name.span, near),
        None => error.hint(format!("the arguments are {}", NAMES.join(", "))),
    }
}

#[cold]
fn malformed(span: Span) -> Error {
    Error::new(
        Code::MisplacedClause,
        "VECTOR_SEARCH needs rows to search, the name of their vector column, and rows or a vector to search for",
    )
    .at(span)
    .hint(FORM)
}

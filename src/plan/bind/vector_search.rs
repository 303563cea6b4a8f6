//! VECTOR_SEARCH: two sides, the columns that hold their vectors, and options by name.

use super::Binder;
use super::constant::constant;
use super::from::Source;
use super::predict::column_number;
use super::scope::{Names, Scope};
use crate::data::{CastMode, DataType, Field, Scalar, Schema, StructField, can_coerce};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function::Metric;
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::{Node, NodeKind, SearchSide};
use crate::syntax::ast::{self, TableArg};

/// How VECTOR_SEARCH is written.
const FORM: &str = "write VECTOR_SEARCH(TABLE base, 'vector column', TABLE queries, top_k => 10) or \
                    VECTOR_SEARCH(TABLE base, 'vector column', query_value => [1.0, 2.0])";

/// How many rows are found where `top_k` is not given.
const DEFAULT_TOP: usize = 10;

/// The arguments that are given by name.
const NAMES: &[&str] = &["query_column_to_search", "query_value", "top_k", "distance_type", "options"];

/// The arguments of a call, in whatever form they are written.
struct Arguments<'a> {
    base: &'a ast::TableExpr,
    column: &'a ast::Expr,
    queries: Queries<'a>,
    top: Option<&'a ast::Expr>,
    metric: Option<&'a ast::Expr>,
    options: Option<&'a ast::Expr>,
}

/// The name of a column as an argument.
#[derive(Clone)]
struct ColumnName {
    /// `None` for a parameter without value: the statement is only checked.
    text: Option<String>,
    span: Span,
}

/// What is searched for.
enum Queries<'a> {
    /// Every row of a table, by the vector in a column.
    Rows { table: &'a ast::TableExpr, column: Option<&'a ast::Expr> },
    /// One vector.
    Value(&'a ast::Expr),
}

impl Binder<'_> {
    pub(super) fn vector_search(&mut self, args: &[TableArg], span: Span) -> Result<Node> {
        let arguments = arguments(args, span)?;
        let top = match arguments.top {
            None => Some(DEFAULT_TOP),
            Some(tree) => match self.constant(tree, &DataType::Int64, "a number of rows")? {
                // A negative number asks for all rows.
                Scalar::Int64(count) => usize::try_from(count).ok(),
                _ => None,
            },
        };
        let metric = arguments.metric.map_or(Ok(Metric::Euclidean), |tree| self.metric(tree))?;
        if let Some(options) = arguments.options {
            // They say how to use an index. Without one every row is compared.
            self.constant(options, &DataType::String, "JSON")?;
        }
        let column = self.column_name(arguments.column)?;
        let base = search_side(self.table(arguments.base)?, &column)?;
        let (query, batch) = match arguments.queries {
            Queries::Rows { table, column: query_column } => {
                let source = self.table(table)?;
                let name = match query_column {
                    Some(name) => self.column_name(name)?,
                    None => default_column(&source, &column, table.span)?,
                };
                (search_side(source, &name)?, true)
            }
            Queries::Value(value) => (self.query_value(value)?, false),
        };
        let mut fields = Vec::with_capacity(3);
        if batch {
            fields.push(Field::new("query", row_type(&query)?));
        }
        fields.push(Field::new("base", row_type(&base)?));
        fields.push(Field::new("distance", DataType::Float64));
        let kind =
            NodeKind::VectorSearch { base: Box::new(base), query: Box::new(query), batch, top, metric };
        Ok(Node { kind, schema: Schema { fields } })
    }

    /// One vector as a row to search for.
    fn query_value(&mut self, tree: &ast::Expr) -> Result<SearchSide> {
        let Source { node, scope } = Source::one_row();
        let wanted = DataType::array(DataType::Float64);
        let vector = self
            .inside("VECTOR_SEARCH", |binder| binder.expr_of(tree, Names::of(&scope), &wanted, "a vector"))?;
        Ok(SearchSide { input: node, vector, keep: Vec::new() })
    }

    fn metric(&mut self, tree: &ast::Expr) -> Result<Metric> {
        let Scalar::String(name) = self.constant(tree, &DataType::String, "the name of a distance")? else {
            // The statement is only checked: any distance will do.
            return Ok(Metric::Euclidean);
        };
        Metric::named(&name).filter(|metric| *metric != Metric::Manhattan).ok_or_else(|| {
            Error::new(Code::InvalidOption, format!("there is no distance_type '{name}'"))
                .at(tree.span)
                .hint("write 'EUCLIDEAN', 'COSINE' or 'DOT_PRODUCT'")
        })
    }

    fn column_name(&mut self, tree: &ast::Expr) -> Result<ColumnName> {
        let text = match self.constant(tree, &DataType::String, "the name of a column")? {
            Scalar::String(text) => Some(text),
            _ => None,
        };
        Ok(ColumnName { text, span: tree.span })
    }

    /// The value of a constant; NULL only for a parameter without value, where the statement is only checked.
    fn constant(&mut self, tree: &ast::Expr, data_type: &DataType, what: &str) -> Result<Scalar> {
        let scope = Scope::default();
        let expr =
            self.inside("VECTOR_SEARCH", |binder| binder.expr_of(tree, Names::of(&scope), data_type, what))?;
        match constant(&expr, self.context.limits)? {
            Some(value) if value != Scalar::Null || self.context.only_checks() => Ok(value),
            _ => Err(Error::new(Code::TypeMismatch, format!("expected {what} as a constant")).at(tree.span)),
        }
    }
}

/// Sorts the arguments of a call by what they are.
fn arguments(args: &[TableArg], span: Span) -> Result<Arguments<'_>> {
    let (base, column, rest) = match args {
        [TableArg::Rows(base), TableArg::Expr(column), rest @ ..] => (base, column, rest),
        _ => return Err(malformed(span)),
    };
    let (table, mut query_column, rest) = match rest {
        [TableArg::Rows(table), TableArg::Expr(column), rest @ ..] => (Some(table), Some(column), rest),
        [TableArg::Rows(table), rest @ ..] => (Some(table), None, rest),
        rest => (None, None, rest),
    };
    let (mut value, mut top, mut metric, mut options) = (None, None, None, None);
    for argument in rest {
        let TableArg::Named(name, given) = argument else { return Err(malformed(span)) };
        match name.text.to_ascii_lowercase().as_str() {
            "query_column_to_search" if table.is_some() => query_column = Some(given),
            "query_value" if table.is_none() => value = Some(given),
            "top_k" => top = Some(given),
            "distance_type" => metric = Some(given),
            "options" => options = Some(given),
            known if NAMES.contains(&known) => return Err(malformed(name.span)),
            _ => return Err(unknown(name)),
        }
    }
    let queries = match (table, value) {
        (Some(table), None) => Queries::Rows { table, column: query_column },
        (None, Some(value)) => Queries::Value(value),
        _ => return Err(malformed(span)),
    };
    Ok(Arguments { base, column, queries, top, metric, options })
}

/// The rows of `source` with the vectors in the column of this name.
fn search_side(source: Source, name: &ColumnName) -> Result<SearchSide> {
    let Source { node: input, scope } = source;
    let columns: Vec<_> = scope.visible(None).collect();
    let vector = match &name.text {
        Some(text) => vector_column(&columns, text, name.span)?,
        None => {
            let kind = ExprKind::Literal(Scalar::Null);
            Expr { kind, data_type: DataType::array(DataType::Float64), span: name.span }
        }
    };
    let keep = columns.iter().map(|(_, column)| column_number(column)).collect::<Result<_>>()?;
    Ok(SearchSide { input, vector, keep })
}

/// The column called `name`, as vectors.
fn vector_column(columns: &[(&str, &Expr)], name: &str, span: Span) -> Result<Expr> {
    let Some((_, column)) = columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name)) else {
        let names = columns.iter().map(|(column, _)| *column);
        return Err(Error::new(Code::UnknownColumn, format!("column `{name}` was not found"))
            .at(span)
            .did_you_mean_here(name, names.clone(), |near| format!("'{near}'"))
            .or_list("the columns are", names));
    };
    let vector_type = DataType::array(DataType::Float64);
    if !can_coerce(&column.data_type, &vector_type) {
        return Err(Error::new(
            Code::TypeMismatch,
            format!("expected column `{name}` to be a vector, found {}", column.data_type),
        )
        .at(span)
        .hint("vectors are ARRAY<FLOAT64>, such as the outputs of embedding models"));
    }
    let column = (*column).clone().at(span);
    if column.data_type == vector_type {
        return Ok(column);
    }
    let kind = ExprKind::Cast { value: Box::new(column), mode: CastMode::Strict };
    Ok(Expr { kind, data_type: vector_type, span })
}

/// The query's column that is named like the base's, or its only vector.
fn default_column(source: &Source, base: &ColumnName, span: Span) -> Result<ColumnName> {
    let columns: Vec<_> = source.scope.visible(None).collect();
    let is_base = |(name, _): &(&str, &Expr)| match &base.text {
        Some(text) => name.eq_ignore_ascii_case(text),
        None => true,
    };
    if columns.iter().any(is_base) {
        return Ok(base.clone());
    }
    let vector = DataType::array(DataType::Float64);
    let mut vectors = columns.into_iter().filter(|(_, column)| can_coerce(&column.data_type, &vector));
    match (vectors.next(), vectors.next()) {
        (Some((only, _)), None) => Ok(ColumnName { text: Some(only.to_owned()), span }),
        _ => Err(Error::new(Code::MissingInput, "it is not clear which column holds the query's vectors")
            .at(span)
            .hint("write query_column_to_search => 'column'")),
    }
}

/// The type of a struct that holds a row of a side.
fn row_type(side: &SearchSide) -> Result<DataType> {
    let field = |column: &usize| {
        let field = side.input.schema.fields.get(*column).invariant("a column of the rows is missing")?;
        Ok(StructField { name: field.name.clone(), data_type: field.data_type.clone() })
    };
    Ok(DataType::Struct(side.keep.iter().map(field).collect::<Result<_>>()?))
}

#[cold]
fn unknown(name: &ast::Ident) -> Error {
    let names = NAMES.iter().copied();
    Error::new(Code::UnknownOption, format!("VECTOR_SEARCH has no argument `{}`", name.text))
        .at(name.span)
        .did_you_mean_here(&name.text, names.clone(), str::to_owned)
        .or_list("the arguments are", names)
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

//! PIVOT and UNPIVOT: both are other queries, and are bound as these.

use super::Binder;
use super::from::Source;
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    self, Expr, ExprKind, FunctionCall, GroupBy, Ident, Query, Select, SelectItem, TableExpr, TableExprKind,
    TypeNameKind,
};

impl Binder<'_> {
    /// Groups by the columns that the clause does not name; each aggregate once for each value.
    pub(super) fn pivot(&mut self, pivot: &ast::Pivot, alias: Option<&str>, span: Span) -> Result<Source> {
        let mut used = Vec::new();
        column_names(&pivot.column, &mut used);
        pivot.aggregates.iter().for_each(|(aggregate, _)| column_names(aggregate, &mut used));
        let kept = self.columns_of(&pivot.input)?;
        let kept = kept.into_iter().map(|(name, _)| name);
        let kept = kept.filter(|name| !used.iter().any(|used| used.eq_ignore_ascii_case(name)));
        let kept: Vec<_> = kept.map(|text| Ident { text, span }).collect();
        let mut items: Vec<_> = kept.iter().map(|name| named(name.clone())).collect();
        let only = pivot.aggregates.len() == 1;
        for (value, value_alias) in &pivot.values {
            let value_name = match value_alias {
                Some(alias) => alias.text.clone(),
                None => value_name(value)?,
            };
            for (aggregate, aggregate_alias) in &pivot.aggregates {
                let ExprKind::Call(call) = &aggregate.kind else {
                    return Err(Error::new(Code::MisplacedFunction, "PIVOT takes aggregate functions")
                        .at(aggregate.span));
                };
                let prefix = match aggregate_alias {
                    Some(alias) => format!("{}_", alias.text),
                    None if only => String::new(),
                    None => {
                        let message = "several aggregates of PIVOT need names";
                        return Err(Error::new(Code::SyntaxError, message)
                            .at(aggregate.span)
                            .hint("write AS name"));
                    }
                };
                let alias = Some(Ident { text: format!("{prefix}{value_name}"), span: value.span });
                let expr = of_value(call, &pivot.column, value, aggregate.span);
                items.push(SelectItem::Expr { expr, alias });
            }
        }
        let keys = kept.into_iter().map(|name| Expr { span, kind: ExprKind::Name(name) }).collect::<Vec<_>>();
        let group_by = (!keys.is_empty()).then_some(GroupBy::Items(keys));
        let select = Select { items, group_by, ..Select::all(pivot.input.clone(), span) };
        self.rewritten(select, alias)
    }

    /// A row for each of the columns, without NULLs unless they are asked for.
    pub(super) fn unpivot(
        &mut self,
        unpivot: &ast::Unpivot,
        alias: Option<&str>,
        span: Span,
    ) -> Result<Source> {
        let ast::Unpivot { input, with_nulls, values, name, columns } = unpivot;
        let known = self.columns_of(input)?;
        let value_of = |column: &Ident| Expr { kind: ExprKind::Name(column.clone()), span: column.span };
        let mut rows = Vec::with_capacity(columns.len());
        let mut types: Vec<Option<DataType>> = vec![None; values.len()];
        for (group, text) in columns {
            let first = group.first().invariant("UNPIVOT has columns")?;
            if group.len() != values.len() {
                let message =
                    format!("UNPIVOT to {} columns takes as many, found {}", values.len(), group.len());
                return Err(Error::new(Code::ColumnCount, message).at(first.span));
            }
            for (column, data_type) in group.iter().zip(&mut types) {
                let is_it = |(known, _): &&(String, DataType)| known.eq_ignore_ascii_case(&column.text);
                let Some((_, found)) = known.iter().find(is_it) else { continue };
                if let Some(wanted) = data_type.replace(found.clone()).filter(|wanted| wanted != found) {
                    let message =
                        format!("`{}` has type {found}, the column before it {wanted}", column.text);
                    let hint =
                        format!("UNPIVOT takes columns of one type: write CAST(… AS {wanted}) in a subquery");
                    return Err(Error::new(Code::TypeMismatch, message).at(column.span).hint(hint));
                }
            }
            let names: Vec<_> = group.iter().map(|column| column.text.as_str()).collect();
            let default = literal(Scalar::String(names.join("_")), first.span);
            let mut fields: Vec<_> = group
                .iter()
                .zip(values)
                .map(|(column, name)| (value_of(column), Some(name.clone())))
                .collect();
            fields.push((text.clone().unwrap_or(default), Some(name.clone())));
            rows.push(Expr { kind: ExprKind::Struct { data_type: None, fields }, span: first.span });
        }
        let array = Expr { kind: ExprKind::Array { element: None, items: rows }, span };
        let unnest = TableExpr {
            kind: TableExprKind::Unnest { array, offset: None, fields: true },
            alias: None,
            span,
        };
        let (left, right) = (input.clone(), unnest);
        let join = ast::Join { left, right, kind: ast::JoinKind::Cross, on: None };
        let from = TableExpr { kind: TableExprKind::Join(Box::new(join)), alias: None, span };
        let operator = |operator, args| Expr { kind: ExprKind::Operator { operator, args }, span };
        let mut given: Vec<_> =
            values.iter().map(|value| operator(SqlOperator::IsNotNull, vec![value_of(value)])).collect();
        // A row is left out where all of its values are NULL.
        let is_given = match given.len() {
            1 => given.remove(0),
            _ => operator(SqlOperator::Or, given),
        };
        let except = columns.iter().flat_map(|(group, _)| group.clone()).collect();
        let star = ast::Star { except, ..ast::Star::all(span) };
        let filter = (!with_nulls).then_some(is_given);
        let select = Select { items: vec![SelectItem::Star(star)], filter, ..Select::all(from, span) };
        self.rewritten(select, alias)
    }

    fn rewritten(&mut self, select: Select, alias: Option<&str>) -> Result<Source> {
        Ok(Source::new(self.query(&Query::of_select(select))?, alias))
    }

    /// The names and types of a table's columns. It is bound for them alone.
    fn columns_of(&mut self, table: &TableExpr) -> Result<Vec<(String, DataType)>> {
        let (subplans, queries) = (self.subplans.len(), self.queries.len());
        let source = self.table(table)?;
        self.subplans.truncate(subplans);
        self.queries.truncate(queries);
        let columns = source.scope.visible(None);
        Ok(columns.map(|(name, value)| (name.to_owned(), value.data_type.clone())).collect())
    }
}

fn named(name: Ident) -> SelectItem {
    SelectItem::Expr { expr: Expr { span: name.span, kind: ExprKind::Name(name) }, alias: None }
}

fn literal(value: Scalar, span: Span) -> Expr {
    Expr { kind: ExprKind::Literal(value), span }
}

/// The aggregate over the rows where `column` has `value`; the others count as NULL.
fn of_value(call: &FunctionCall, column: &Expr, value: &Expr, span: Span) -> Expr {
    let is_value = Expr {
        kind: ExprKind::Operator {
            operator: SqlOperator::Not,
            args: vec![Expr {
                kind: ExprKind::Operator {
                    operator: SqlOperator::IsDistinctFrom,
                    args: vec![column.clone(), value.clone()],
                },
                span: value.span,
            }],
        },
        span: value.span,
    };
    let mut call = call.clone();
    let arg = match call.args.first() {
        None | Some(Expr { kind: ExprKind::Star, .. }) => literal(Scalar::Int64(1), span),
        Some(arg) => arg.clone(),
    };
    let case = ExprKind::Case { operand: None, branches: vec![(is_value, arg)], otherwise: None };
    let arg = Expr { kind: case, span };
    match call.args.first_mut() {
        Some(first) => *first = arg,
        None => call.args.push(arg),
    }
    Expr { kind: ExprKind::Call(Box::new(call)), span }
}

/// The name that a column has for a value that is written out.
fn value_name(value: &Expr) -> Result<String> {
    let text = match &value.kind {
        ExprKind::Literal(Scalar::String(text)) => text.clone(),
        ExprKind::Literal(Scalar::Null) => "NULL".into(),
        ExprKind::Literal(Scalar::Bool(value)) => value.to_string(),
        ExprKind::Literal(Scalar::Int64(value)) => value.to_string().replace('-', "minus_"),
        ExprKind::Cast { value, to, .. } if matches!(&to.kind, TypeNameKind::Simple(name) if name.eq_ignore_ascii_case("DATE")) =>
        {
            return value_name(value).map(|name| name.replace('-', "_"));
        }
        _ => {
            let message = "a value of PIVOT that is no text and no whole number needs a name";
            return Err(Error::new(Code::SyntaxError, message)
                .at(value.span)
                .hint("write AS name behind it"));
        }
    };
    Ok(if text.starts_with(|first: char| first.is_ascii_digit()) { format!("_{text}") } else { text })
}

/// The names of columns in an expression.
fn column_names<'a>(expr: &'a Expr, names: &mut Vec<&'a str>) {
    match &expr.kind {
        ExprKind::Name(name) => names.push(&name.text),
        ExprKind::Field(base, name) => {
            names.push(&name.text);
            column_names(base, names);
        }
        ExprKind::Call(call) => call.args.iter().for_each(|arg| column_names(arg, names)),
        ExprKind::Operator { args, .. } => args.iter().for_each(|arg| column_names(arg, names)),
        ExprKind::Cast { value, .. } => column_names(value, names),
        ExprKind::Case { operand, branches, otherwise } => {
            let parts = branches.iter().flat_map(|(condition, value)| [condition, value]);
            let parts = parts.chain(operand.as_deref()).chain(otherwise.as_deref());
            parts.for_each(|part| column_names(part, names));
        }
        ExprKind::Struct { fields, .. } => fields.iter().for_each(|(field, _)| column_names(field, names)),
        ExprKind::Array { items, .. } => items.iter().for_each(|item| column_names(item, names)),
        _ => {}
    }
}

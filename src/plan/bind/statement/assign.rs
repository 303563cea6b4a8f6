//! DECLARE and SET: variables and their values.

use super::column_count;
use crate::data::{CastMode, DataType, Field, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::plan::bind::coerce::{convert, unified};
use crate::plan::bind::scope::{Names, Scope};
use crate::plan::bind::tsql_types::{converted, narrowed};
use crate::plan::bind::typed::Typed;
use crate::plan::bind::types::bounded;
use crate::plan::bind::{Binder, Bound, VariableType};
use crate::plan::expr::Expr;
use crate::plan::node::{Node, NodeKind, Plan};
use crate::syntax::ast::{self, SetValue};
use crate::syntax::{Dialect, SETTABLE};

/// The variable that has the value of a branch's condition. No text can name it.
pub(crate) const CONDITION: &str = "$condition";

/// The variable of the text of EXECUTE IMMEDIATE, 0, or of one of its values, from 1. No text can name it.
pub(crate) fn executed(number: usize) -> String {
    format!("$executed{number}")
}

/// Give variables the values of a plan's one row, or NULL without a plan.
#[derive(Debug)]
pub(crate) struct Assign {
    /// Names and types.
    pub(crate) variables: Vec<(String, VariableType)>,
    /// A column for each variable, or one for all of them.
    pub(crate) plan: Option<Plan>,
    pub(crate) rows: AssignedRows,
    /// Whether the value is a message.
    pub(crate) says: bool,
}

/// Which rows of a plan are values of variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssignedRows {
    /// There is one.
    One,
    /// The last one; without rows nothing changes.
    Last,
    /// There is one at most; without rows the values are NULL.
    Only,
}

impl Binder<'_> {
    pub(super) fn declare(&mut self, declare: &ast::Declare) -> Result<Bound> {
        let declared = declare.data_type.as_ref().map(|name| self.variable_type(name)).transpose()?;
        let (narrow, bounds) = declared.as_ref().map_or((None, None), |it| (it.narrow, it.bounds));
        let declared = declared.map(|it| it.data_type);
        for name in &declare.names {
            // In T-SQL variables end with their batch.
            if self.context.dialect != Dialect::TSql
                && !declare.again
                && self.context.variable(&name.text).is_some()
            {
                return Err(Error::new(
                    Code::AlreadyExists,
                    format!("variable `{}` is declared already", name.text),
                )
                .at(name.span)
                .hint(format!("write SET {} = …", name.text)));
            }
        }
        let value = match &declare.value {
            None => None,
            Some(tree) => Some((tree.span, self.variable_value(tree)?)),
        };
        let (data_type, plan) = match (declared, value) {
            (Some(data_type), None) => (data_type, None),
            (Some(data_type), Some((span, value))) => {
                let value = self.assigned(value, &VariableType { data_type, narrow, bounds }, span)?;
                (value.data_type.clone(), Some(self.one_row(vec![value])?))
            }
            (None, Some((span, value))) => {
                let (data_type, values) = unified(vec![value], None, "a value", span)?;
                (data_type, Some(self.one_row(values)?))
            }
            (None, None) => {
                return Err(Error::new(Code::SyntaxError, "DECLARE needs a type or a DEFAULT")
                    .hint("write DECLARE x INT64 or DECLARE x DEFAULT 1"));
            }
        };
        // Every variable gets the same value.
        let data_type = VariableType { data_type, narrow, bounds };
        let variables = declare.names.iter().map(|name| (name.text.clone(), data_type.clone())).collect();
        Ok(Bound::Assign(Assign { variables, plan, rows: AssignedRows::One, says: false }))
    }

    /// The type of a variable that is declared with it.
    pub(super) fn variable_type(&self, name: &ast::TypeName) -> Result<VariableType> {
        let (data_type, bounds) = self.bounded_type(name)?;
        Ok(VariableType { data_type, narrow: self.narrow(name, false), bounds })
    }

    /// PRINT: the text of a value is the statement's message.
    pub(super) fn print(&mut self, tree: &ast::Expr) -> Result<Bound> {
        let value = self.variable_value(tree)?;
        let text = convert(value, &DataType::String, CastMode::Strict, tree.span)?;
        let data_type = VariableType { data_type: DataType::String, narrow: None, bounds: None };
        let plan = Some(self.one_row(vec![text])?);
        let variables = vec![(CONDITION.to_owned(), data_type)];
        Ok(Bound::Assign(Assign { variables, plan, rows: AssignedRows::One, says: true }))
    }

    /// The text and the values of EXECUTE IMMEDIATE become variables; whoever runs the statement goes on with the text.
    pub(super) fn execute(&mut self, execute: &ast::Execute) -> Result<Bound> {
        let scope = Scope::default();
        let text = self.inside("EXECUTE IMMEDIATE", |binder| {
            binder.expr_of(&execute.text, Names::of(&scope), &DataType::String, "a text")
        })?;
        let mut values = vec![text];
        for (tree, _) in &execute.using {
            values.push(self.variable_value(tree)?.expr);
        }
        let variables = values.iter().enumerate().map(|(number, value)| {
            let data_type = value.data_type.clone();
            (executed(number), VariableType { data_type, narrow: None, bounds: None })
        });
        let variables = variables.collect();
        let plan = Some(self.one_row(values)?);
        Ok(Bound::Assign(Assign { variables, plan, rows: AssignedRows::One, says: false }))
    }

    /// The condition of a branch is kept as a variable, which whoever runs the script reads.
    pub(super) fn branch(&mut self, branch: &ast::Branch) -> Result<Bound> {
        let scope = Scope::default();
        let span = branch.condition.span;
        let condition = self.inside("a condition of a script", |binder| {
            binder.condition(&branch.condition, Names::of(&scope))
        })?;
        let data_type = VariableType { data_type: DataType::Bool, narrow: None, bounds: None };
        let plan = Some(self.one_row(vec![condition.at(span)])?);
        let variables = vec![(CONDITION.to_owned(), data_type)];
        Ok(Bound::Assign(Assign { variables, plan, rows: AssignedRows::One, says: false }))
    }

    pub(super) fn set(&mut self, set: &ast::SetVariables) -> Result<Bound> {
        let mut variables = Vec::with_capacity(set.names.len());
        for name in &set.names {
            if SETTABLE.contains(&name.text.as_str()) {
                variables.push((
                    name.text.clone(),
                    VariableType { data_type: DataType::String, narrow: None, bounds: None },
                ));
                continue;
            }
            let Some((known, data_type, _)) = self.context.variable(&name.text) else {
                return Err(Error::new(
                    Code::UnknownVariable,
                    format!("variable `{}` was not declared", name.text),
                )
                .at(name.span)
                .hint(format!("write DECLARE {} … first", name.text)));
            };
            variables.push((known.clone(), data_type.clone()));
        }
        let value = match &set.value {
            SetValue::Expr(value) => value,
            SetValue::LastRow(query) => return self.set_from_rows(variables, query, AssignedRows::Last),
            SetValue::OnlyRow(query) => return self.set_from_rows(variables, query, AssignedRows::Only),
        };
        if let (ast::ExprKind::Subquery(ast::SubqueryKind::Scalar, query), true) =
            (&value.kind, variables.len() > 1)
        {
            return self.set_from_rows(variables, query, AssignedRows::Only);
        }
        let trees: Vec<&ast::Expr> = match &value.kind {
            ast::ExprKind::Struct { fields, .. } if variables.len() > 1 => {
                fields.iter().map(|(tree, _)| tree).collect()
            }
            _ => vec![value],
        };
        if trees.len() != variables.len() {
            return Err(column_count(variables.len(), trees.len(), value.span));
        }
        let mut values = Vec::with_capacity(variables.len());
        for (tree, (_, data_type)) in trees.into_iter().zip(&variables) {
            let value = self.variable_value(tree)?;
            values.push(self.assigned(value, data_type, tree.span)?);
        }
        let plan = self.one_row(values)?;
        Ok(Bound::Assign(Assign { variables, plan: Some(plan), rows: AssignedRows::One, says: false }))
    }

    /// A column of a query for each variable: T-SQL's `SELECT @a = x, @b = y FROM …`, `SET (a, b) = (SELECT AS STRUCT …)`.
    fn set_from_rows(
        &mut self,
        variables: Vec<(String, VariableType)>,
        query: &ast::Query,
        rows_wanted: AssignedRows,
    ) -> Result<Bound> {
        let rows = self.query(query)?;
        let columns = rows.schema.fields.clone();
        if columns.len() != variables.len() {
            return Err(column_count(variables.len(), columns.len(), query.span));
        }
        let mut exprs = Vec::with_capacity(columns.len());
        for (index, (field, (_, data_type))) in columns.into_iter().zip(&variables).enumerate() {
            let column = Expr::column(index, field.data_type, query.span);
            exprs.push(self.assigned(column.into(), data_type, query.span)?);
        }
        let fields = exprs.iter().map(|expr| Field::new("", expr.data_type.clone())).collect();
        let kind = NodeKind::Project { input: Box::new(rows), exprs };
        let plan = self.plan(Node { kind, schema: Schema { fields } })?;
        Ok(Bound::Assign(Assign { variables, plan: Some(plan), rows: rows_wanted, says: false }))
    }

    pub(super) fn variable_value(&mut self, tree: &ast::Expr) -> Result<Typed> {
        let scope = Scope::default();
        self.inside("the value of a variable", |binder| binder.typed(tree, Names::of(&scope)))
    }

    /// A value as that of a variable. T-SQL converts it as CAST would.
    pub(super) fn assigned(&self, value: Typed, variable: &VariableType, span: Span) -> Result<Expr> {
        if self.is_tsql() {
            let value = converted(value, &variable.data_type, false, span)?;
            return match variable.narrow {
                Some(narrow) => narrowed(value, narrow, true, false),
                None => bounded(value, variable.bounds, false),
            };
        }
        let (_, values) = unified(vec![value], Some(variable.data_type.clone()), "a value", span)?;
        let value = values.into_iter().next().invariant("the one value that was unified")?;
        bounded(value, variable.bounds, false)
    }

    /// One row of these values.
    pub(super) fn one_row(&mut self, exprs: Vec<Expr>) -> Result<Plan> {
        let fields = exprs.iter().map(|expr| Field::new("", expr.data_type.clone())).collect();
        let input = Node::one_row();
        let kind = NodeKind::Project { input: Box::new(input), exprs };
        self.plan(Node { kind, schema: Schema { fields } })
    }
}

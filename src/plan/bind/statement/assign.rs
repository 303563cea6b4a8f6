//! DECLARE and SET: variables and their values.

use super::column_count;
use crate::data::{CastMode, DataType, Field, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::plan::bind::expr::{Names, Typed, convert, unified};
use crate::plan::bind::scope::Scope;
use crate::plan::bind::{Binder, Bound};
use crate::plan::expr::Expr;
use crate::plan::node::{Node, NodeKind, Plan};
use crate::syntax::Dialect;
use crate::syntax::ast;

/// Give variables the values of a plan's one row, or NULL without a plan.
#[derive(Debug)]
pub(crate) struct Assign {
    /// Names and types.
    pub(crate) variables: Vec<(String, DataType)>,
    /// A column for each variable, or one for all of them.
    pub(crate) plan: Option<Plan>,
}

impl Binder<'_> {
    pub(super) fn declare(&mut self, declare: &ast::Declare) -> Result<Bound> {
        let declared = declare.data_type.as_ref().map(|name| self.data_type(name)).transpose()?;
        for name in &declare.names {
            if self.context.variable(&name.text).is_some() {
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
            (declared, Some((span, value))) => {
                let value = self.assigned(value, declared, span)?;
                (value.data_type.clone(), Some(self.one_row(vec![value])?))
            }
            (None, None) => {
                return Err(Error::new(Code::SyntaxError, "DECLARE needs a type or a DEFAULT")
                    .hint("write DECLARE x INT64 or DECLARE x DEFAULT 1"));
            }
        };
        // Every variable gets the same value.
        let variables = declare.names.iter().map(|name| (name.text.clone(), data_type.clone())).collect();
        Ok(Bound::Assign(Assign { variables, plan }))
    }

    pub(super) fn set(&mut self, set: &ast::SetVariables) -> Result<Bound> {
        let mut variables = Vec::with_capacity(set.names.len());
        for name in &set.names {
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
        let trees: Vec<&ast::Expr> = match &set.value.kind {
            ast::ExprKind::Struct { fields, .. } if variables.len() > 1 => {
                fields.iter().map(|(tree, _)| tree).collect()
            }
            _ => vec![&set.value],
        };
        if trees.len() != variables.len() {
            return Err(column_count(variables.len(), trees.len(), set.value.span));
        }
        let mut values = Vec::with_capacity(variables.len());
        for (tree, (_, data_type)) in trees.into_iter().zip(&variables) {
            let value = self.variable_value(tree)?;
            values.push(self.assigned(value, Some(data_type.clone()), tree.span)?);
        }
        let plan = self.one_row(values)?;
        Ok(Bound::Assign(Assign { variables, plan: Some(plan) }))
    }

    fn variable_value(&mut self, tree: &ast::Expr) -> Result<Typed> {
        let scope = Scope::default();
        self.inside("the value of a variable", |binder| binder.typed(tree, Names::of(&scope)))
    }

    /// A value as that of a variable. T-SQL converts it as CAST would.
    fn assigned(&self, value: Typed, declared: Option<DataType>, span: Span) -> Result<Expr> {
        match (self.context.dialect, declared) {
            (Dialect::TSql, Some(data_type)) => convert(value, &data_type, CastMode::Truncate, span),
            (_, declared) => {
                let (_, values) = unified(vec![value], declared, "a value", span)?;
                values.into_iter().next().invariant("the one value that was unified")
            }
        }
    }

    /// One row of these values.
    fn one_row(&mut self, exprs: Vec<Expr>) -> Result<Plan> {
        let fields = exprs.iter().map(|expr| Field::new("", expr.data_type.clone())).collect();
        let input = Node { kind: NodeKind::OneRow, schema: Schema::default() };
        let kind = NodeKind::Project { input: Box::new(input), exprs };
        self.plan(Node { kind, schema: Schema { fields } })
    }
}

//! CREATE PROCEDURE, DROP PROCEDURE and CALL: the values of a call become variables, and whoever runs the script goes on
//! with the procedure's statements.

use std::sync::Arc;

use super::assign::{Assign, AssignedRows};
use super::{already_exists, does_not_exist, exists_already, kept_or_created};
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result, nearest};
use crate::plan::bind::call::left_out;
use crate::plan::bind::coerce::unified;
use crate::plan::bind::{Binder, Bound, VariableType};
use crate::plan::expr::{Expr, ExprKind};
use crate::syntax::Dialect;
use crate::syntax::ast::{self, ParamMode};

/// Put a procedure into the catalog.
#[derive(Debug)]
pub(crate) struct CreateProcedure {
    pub(crate) name: String,
    pub(crate) procedure: Arc<ast::CreateProcedure>,
    /// The variables that its statements have, as far as their types are known.
    pub(crate) variables: Vec<(String, VariableType)>,
}

/// Take a procedure out of the catalog.
#[derive(Debug)]
pub(crate) struct DropProcedure {
    pub(crate) name: String,
}

/// The variable of the value for a procedure's parameter of this number. No text can name it.
pub(crate) fn argument(number: usize) -> String {
    format!("$argument{number}")
}

/// The name under which the catalog has a procedure. T-SQL leaves schemas out.
pub(crate) fn procedure_name(path: &ast::Path, dialect: Dialect) -> String {
    match (dialect, path.last()) {
        (Dialect::TSql, Some(last)) => last.text.clone(),
        _ => path.text(),
    }
}

impl Binder<'_> {
    pub(super) fn create_procedure(&self, create: &Arc<ast::CreateProcedure>) -> Result<Bound> {
        let name = procedure_name(&create.name, self.context.dialect);
        let exists = self.context.catalog.procedure(&name).is_some();
        let refused = |name: &str| already_exists("procedure", name, "PROCEDURE").at(create.name.span);
        if kept_or_created(name.clone(), exists, create.on_existing, refused)?.is_none() {
            return Ok(exists_already("Procedure", &name));
        }
        let mut variables: Vec<(String, VariableType)> = Vec::new();
        for (number, param) in create.params.iter().enumerate() {
            let is_same =
                |other: &ast::ProcedureParam| other.name.text.eq_ignore_ascii_case(&param.name.text);
            if create.params.iter().take(number).any(is_same) {
                let message = format!("two parameters are named `{}`", param.name.text);
                return Err(Error::new(Code::AlreadyExists, message).at(param.name.span));
            }
            if let Some(data_type) = &param.data_type {
                variables.push((param.name.text.clone(), self.variable_type(data_type)?));
            }
        }
        Ok(Bound::CreateProcedure(CreateProcedure { name, procedure: create.clone(), variables }))
    }

    pub(super) fn drop_procedure(&self, drop: &ast::Drop) -> Result<Bound> {
        let name = procedure_name(&drop.name, self.context.dialect);
        if drop.if_exists && self.context.catalog.procedure(&name).is_none() {
            return Ok(does_not_exist("Procedure", &name));
        }
        self.procedure(&drop.name)?;
        Ok(Bound::DropProcedure(DropProcedure { name }))
    }

    fn procedure(&self, path: &ast::Path) -> Result<&Arc<ast::CreateProcedure>> {
        let name = procedure_name(path, self.context.dialect);
        let catalog = self.context.catalog;
        catalog.procedure(&name).ok_or_else(|| {
            if let Some(error) = left_out(&name, path.span) {
                return error;
            }
            let near = nearest(&name, catalog.procedures().map(|(name, _)| name));
            Error::new(Code::UnknownFunction, format!("procedure `{name}` was not found"))
                .at(path.span)
                .hint_opt(near.map(|near| format!("did you mean `{near}`?")))
        })
    }

    /// The values of a call become variables.
    pub(super) fn call_procedure(&mut self, call: &ast::Call) -> Result<Bound> {
        let procedure = self.procedure(&call.name)?.clone();
        let params = &procedure.params;
        let known = |(_, name): &&(ast::Expr, Option<ast::Ident>)| {
            let is = |name: &ast::Ident| {
                params.iter().any(|param| param.name.text.eq_ignore_ascii_case(&name.text))
            };
            name.as_ref().is_none_or(is)
        };
        if call.args.len() > params.len() || call.args.iter().filter(known).count() < call.args.len() {
            return Err(self.wrong_arguments(call, &procedure));
        }
        let mut variables = Vec::with_capacity(params.len());
        let mut values = Vec::with_capacity(params.len());
        for (number, param) in params.iter().enumerate() {
            let tree = call.argument(number, param).or(param.default.as_ref());
            let Some(tree) = tree else { return Err(self.wrong_arguments(call, &procedure)) };
            let (data_type, value) = self.call_argument(param, tree)?;
            variables.push((argument(number), data_type));
            values.push(value);
        }
        let plan = if values.is_empty() { None } else { Some(self.one_row(values)?) };
        Ok(Bound::Assign(Assign { variables, plan, rows: AssignedRows::One, says: false }))
    }

    fn call_argument(
        &mut self,
        param: &ast::ProcedureParam,
        tree: &ast::Expr,
    ) -> Result<(VariableType, Expr)> {
        let span = tree.span;
        // In T-SQL an OUTPUT parameter takes a value that is none of a variable, and gives nothing back.
        let variable = tree.variable().and_then(|name| self.context.variable(&name.text));
        let declared = param.data_type.as_ref().map(|name| self.variable_type(name)).transpose()?;
        if param.mode == ParamMode::In || (self.is_tsql() && variable.is_none()) {
            let value = self.variable_value(tree)?;
            return match declared {
                Some(declared) => Ok((declared.clone(), self.assigned(value, &declared, span)?)),
                None => {
                    let (data_type, values) = unified(vec![value], None, "a value", span)?;
                    let value = values.into_iter().next().invariant("the one value that was unified")?;
                    Ok((VariableType { data_type, narrow: None, bounds: None }, value))
                }
            };
        }
        let Some((_, known, _)) = variable else {
            let name = &param.name.text;
            let message = format!("parameter `{name}` gives a value back, and its place is no variable");
            return Err(Error::new(Code::UnknownVariable, message)
                .at(span)
                .hint("write DECLARE result type; before, and CALL with `result` in this place"));
        };
        let known = known.clone();
        let declared = declared.unwrap_or_else(|| known.clone());
        // What comes back has to fit, which is to be known before the procedure has done anything.
        let null = |data_type: &DataType| {
            let kind = ExprKind::Literal(Scalar::Null);
            Expr { kind, data_type: data_type.clone(), span }
        };
        self.assigned(null(&declared.data_type).into(), &known, span)?;
        let value = if param.mode == ParamMode::Out {
            null(&declared.data_type)
        } else {
            let value = self.variable_value(tree)?;
            self.assigned(value, &declared, span)?
        };
        Ok((declared, value))
    }

    #[cold]
    fn wrong_arguments(&self, call: &ast::Call, procedure: &ast::CreateProcedure) -> Error {
        let is_tsql = self.is_tsql();
        let shown = procedure.params.iter().map(|param| {
            let mode = match param.mode {
                _ if is_tsql => "@",
                ParamMode::In => "",
                ParamMode::Out => "OUT ",
                ParamMode::InOut => "INOUT ",
            };
            format!("{mode}{}", param.name.text)
        });
        let name = call.name.text();
        let shown = shown.collect::<Vec<_>>().join(", ");
        let message = format!(
            "procedure `{name}` takes {} values ({shown}), found {}",
            procedure.params.len(),
            call.args.len()
        );
        Error::new(Code::NoMatchingSignature, message).at(call.name.span)
    }
}

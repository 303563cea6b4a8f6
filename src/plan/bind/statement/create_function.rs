//! CREATE FUNCTION and DROP FUNCTION: an expression with parameters, kept as a tree.

use super::{already_exists, does_not_exist, exists_already, kept_or_created};
use crate::catalog::Routine;
use crate::data::DataType;
use crate::diag::{Code, Error, Result, Span};
use crate::plan::bind::routine::returned;
use crate::plan::bind::scope::{Names, Scope};
use crate::plan::bind::{Binder, Bound};
use crate::plan::expr::Expr;
use crate::syntax::ast;

/// Put a function into the catalog.
#[derive(Debug)]
pub(crate) struct CreateFunction {
    pub(crate) name: String,
    pub(crate) routine: Routine,
}

/// Take a function out of the catalog.
#[derive(Debug)]
pub(crate) struct DropFunction {
    pub(crate) name: String,
}

impl Binder<'_> {
    pub(super) fn create_function(&mut self, create: &ast::CreateFunction) -> Result<Bound> {
        let name = create.name.text();
        let exists = self.context.catalog.routine(&name).is_some();
        let refused = |name: &str| already_exists("function", name, "FUNCTION").at(create.name.span);
        if kept_or_created(name.clone(), exists, create.on_existing, refused)?.is_none() {
            return Ok(exists_already("Function", &name));
        }
        let params = create.params.iter().map(|(param, data_type)| {
            let data_type = data_type.as_ref().map(|data_type| self.data_type(data_type)).transpose()?;
            Ok((param.text.clone(), data_type))
        });
        let params = params.collect::<Result<Vec<_>>>()?;
        let returns = create.returns.as_ref().map(|returns| self.data_type(returns)).transpose()?;
        let declared: Option<Vec<_>> =
            params.iter().map(|(name, data_type)| Some((name, data_type.as_ref()?))).collect();
        // With ANY TYPE the body is bound where it is called.
        if let Some(declared) = declared {
            self.check_body(&declared, returns.as_ref(), &create.body)?;
        }
        let routine = Routine { params, returns, body: create.body.clone() };
        Ok(Bound::CreateFunction(CreateFunction { name, routine }))
    }

    fn check_body(
        &mut self,
        params: &[(&String, &DataType)],
        returns: Option<&DataType>,
        body: &ast::Expr,
    ) -> Result<()> {
        let mut scope = Scope::default();
        for (number, (name, data_type)) in params.iter().enumerate() {
            scope.push(None, name, Expr::column(number, (*data_type).clone(), Span::default()));
        }
        let result = self.inside("CREATE FUNCTION", |binder| binder.typed(body, Names::of(&scope)))?;
        if let Some(returns) = returns {
            returned(result, returns, body.span)?;
        }
        Ok(())
    }

    pub(super) fn drop_function(&self, drop: &ast::Drop) -> Result<Bound> {
        let name = drop.name.text();
        if self.context.catalog.routine(&name).is_some() {
            return Ok(Bound::DropFunction(DropFunction { name }));
        }
        if drop.if_exists {
            return Ok(does_not_exist("Function", &name));
        }
        Err(Error::new(Code::UnknownFunction, format!("function `{name}` was not found")).at(drop.name.span))
    }
}

//! What the statements of a script share: dialect, parameters, variables.

use std::sync::{Arc, Mutex, PoisonError};

use crate::data::Scalar;
use crate::diag::Span;
use crate::plan::{Params, Variable};
use crate::syntax::Dialect;

/// What the statements of a script share, and the values that one of them needed before it was bound.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) dialect: Dialect,
    pub(super) params: Arc<Params>,
    variables: Arc<Mutex<Vec<Variable>>>,
    pub(super) values: Vec<(Span, Scalar)>,
}

impl Scope {
    /// Without variables.
    pub(super) fn new(dialect: Dialect, params: Params) -> Self {
        Self { dialect, params: Arc::new(params), variables: Arc::default(), values: Vec::new() }
    }

    pub(super) fn variables(&self) -> Vec<Variable> {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives a variable its value, and declares it if it is new.
    pub(super) fn assign(&self, variable: Variable) {
        let mut variables = self.variables.lock().unwrap_or_else(PoisonError::into_inner);
        match variables.iter_mut().find(|(name, ..)| name.eq_ignore_ascii_case(&variable.0)) {
            Some(known) => *known = variable,
            None => variables.push(variable),
        }
    }
}

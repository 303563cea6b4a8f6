//! EXECUTE IMMEDIATE: the statement that a text is.

use std::sync::Arc;

use super::script::ScriptContext;
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::limits::Limits;
use crate::plan::{self, Params};
use crate::syntax;
use crate::syntax::ast::{Execute, SetValue, SetVariables, Statement, StatementKind};

/// The statement of an EXECUTE IMMEDIATE, and what it sees of the script.
///
/// # Errors
/// Those of the text, at the place of the statement; `multiple-statements` and such where it is not one statement.
pub(super) fn executed(
    execute: &Execute,
    script: &ScriptContext,
    limits: &Limits,
) -> Result<(Arc<Statement>, ScriptContext)> {
    let variables = &script.variables;
    let Scalar::String(text) = variables.value(&plan::executed(0)) else {
        return Err(Error::new(Code::TypeMismatch, "EXECUTE IMMEDIATE takes a text that is not NULL"));
    };
    let parsed = syntax::parse(&text, limits, Some(script.dialect));
    if let Some(error) = Error::from_diagnostics(parsed.diagnostics) {
        return Err(error);
    }
    let mut statements = parsed.statements.into_iter();
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        return Err(Error::new(Code::UnsupportedSyntax, "EXECUTE IMMEDIATE takes one statement")
            .hint("write several of them, or the conditions and loops around them"));
    };
    let is_named = execute.using.iter().any(|(_, name)| name.is_some());
    let values = (1..).zip(&execute.using).map(|(number, (_, name))| {
        (name.as_ref().map(|name| name.text.clone()), variables.value(&plan::executed(number)))
    });
    let params = if is_named {
        let named = values.filter_map(|(name, value)| Some((name?, value)));
        Params::Named(named.collect())
    } else {
        Params::Positional(values.map(|(_, value)| value).collect())
    };
    params.check_count(parsed.positions)?;
    let statement = match (statement.kind, execute.into.is_empty()) {
        (
            StatementKind::Branch(_)
            | StatementKind::Jump(_)
            | StatementKind::Execute(_)
            | StatementKind::Call(_),
            _,
        ) => {
            return Err(Error::new(Code::UnsupportedSyntax, "EXECUTE IMMEDIATE takes no control flow"));
        }
        (kind, true) => Statement { kind, ..statement },
        (StatementKind::Query(query), false) => {
            let value = SetValue::OnlyRow(query);
            let set = SetVariables { names: execute.into.clone(), value };
            Statement { kind: StatementKind::Set(set), ..statement }
        }
        (_, false) => {
            return Err(Error::new(Code::ColumnCount, "INTO takes the row of a query").hint("leave INTO out"));
        }
    };
    let context = ScriptContext { params: Arc::new(params), ..script.clone() };
    Ok((Arc::new(statement), context))
}

/// A failure of a text that was executed: its places are those of another text.
pub(super) fn of_executed(error: &Error, span: Span, what: &str) -> Error {
    let first = error.first();
    Error::new(first.code, first.message.clone()).at(span).hint_opt(first.hint.clone()).context(what)
}

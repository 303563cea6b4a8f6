//! `INPUT (…)` and `OUTPUT (…)` of CREATE MODEL: the declared columns, checked against the model's file.

use crate::data::{Field, can_cast};
use crate::diag::{Code, Error, Result, Span};
use crate::model::{Model, Port};

/// The columns that a statement declares; none where it leaves that to the model's file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declared {
    pub(super) inputs: Vec<(Field, Span)>,
    pub(super) outputs: Vec<(Field, Span)>,
}

impl Declared {
    /// # Errors
    /// `missing-input` for an input that a list of inputs leaves out, `unknown-column` for names that the model does
    /// not have, `input-type-mismatch` and `output-mismatch` for other types.
    pub(crate) fn check(&self, model: &Model) -> Result<()> {
        let signature = model.signature();
        for (field, span) in &self.inputs {
            let port = found(&signature.inputs, field, "input", *span)?;
            if !can_cast(&field.data_type, &port.data_type) {
                return Err(differs(Code::InputTypeMismatch, "input", field, port, *span));
            }
        }
        for (field, span) in &self.outputs {
            let port = found(&signature.outputs, field, "output", *span)?;
            if field.data_type != port.data_type {
                return Err(differs(Code::OutputMismatch, "output", field, port, *span));
            }
        }
        let is_declared =
            |port: &Port| self.inputs.iter().any(|(field, _)| field.name.eq_ignore_ascii_case(&port.name));
        // Without a list of inputs none is left out.
        let Some((_, last)) = self.inputs.last() else { return Ok(()) };
        match signature.inputs.iter().find(|port| port.required && !is_declared(port)) {
            Some(port) => {
                let message =
                    format!("INPUT leaves out the model's input `{}` of type {}", port.name, port.data_type);
                Err(Error::new(Code::MissingInput, message).at(*last))
            }
            None => Ok(()),
        }
    }
}

fn found<'a>(ports: &'a [Port], field: &Field, what: &str, span: Span) -> Result<&'a Port> {
    ports.iter().find(|port| port.name.eq_ignore_ascii_case(&field.name)).ok_or_else(|| {
        let names = ports.iter().map(|port| port.name.as_str());
        Error::new(Code::UnknownColumn, format!("the model has no {what} `{}`", field.name))
            .at(span)
            .did_you_mean(&field.name, names.clone())
            .or_list(&format!("its {what}s are"), names)
    })
}

#[cold]
fn differs(code: Code, what: &str, field: &Field, port: &Port, span: Span) -> Error {
    Error::new(
        code,
        format!(
            "the model's {what} `{}` has type {}, declared is {}",
            port.name, port.data_type, field.data_type
        ),
    )
    .at(span)
}

//! Functions and operators: one declaration each, with signatures, a line of documentation and kernels.
//!
//! The declarations feed binding and "did you mean". Kernels compute over whole columns; this room knows
//! neither SQL text nor plans.

mod array;
mod image;
mod operator;
mod resolve;

use arrow_array::ArrayRef;

use crate::control::Stage;
use crate::data::{DataType, Operand};
use crate::diag::{Result, nearest};
use crate::limits::Limits;

pub(crate) use resolve::resolve;

/// A scalar function or operator.
#[derive(Debug)]
pub(crate) struct Function {
    /// As users write it; operators by their sign.
    pub(crate) name: &'static str,
    pub(crate) signatures: &'static [Signature],
    /// What kind of work it is, where it counts apart from the rest of the SQL.
    pub(crate) stage: Option<Stage>,
}

/// One way to call a function.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) args: &'static [Type],
    pub(crate) returns: Type,
    pub(crate) kernel: Kernel,
}

/// Computes a column of `rows` values, or of one where all arguments are constants.
pub(crate) type Kernel = fn(&Call<'_>) -> Result<ArrayRef>;

/// What a kernel works on. Arguments have the types of the signature and are as many.
pub(crate) struct Call<'a> {
    pub(crate) args: &'a [Operand],
    pub(crate) rows: usize,
    pub(crate) limits: &'a Limits,
}

/// A type in a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Int64,
    Float64,
    Bool,
    String,
    Bytes,
    Tensor,
    /// Any type, the same wherever it stands.
    Any,
    /// Any type with an order, the same wherever it stands.
    Ordered,
    /// An array of [`Type::Any`].
    Array,
}

/// The function `name`, case aside.
pub(crate) fn function(name: &str) -> Option<&'static Function> {
    functions().find(|it| it.name.eq_ignore_ascii_case(name))
}

/// The operator with this sign.
pub(crate) fn operator(sign: &str) -> Option<&'static Function> {
    operator::OPERATORS.iter().find(|it| it.name == sign)
}

/// The function whose name is nearest to `name`.
pub(crate) fn nearest_function(name: &str) -> Option<&'static str> {
    nearest(name, functions().map(|it| it.name))
}

fn functions() -> impl Iterator<Item = &'static Function> {
    image::FUNCTIONS.iter().chain(array::FUNCTIONS)
}

impl Call<'_> {
    /// Argument `at`; the binder has seen to it that it exists.
    fn arg(&self, at: usize) -> Result<&Operand> {
        self.args.get(at).ok_or_else(|| {
            crate::diag::Error::new(crate::diag::Code::Internal, format!("argument {} is missing", at + 1))
        })
    }
}

impl Type {
    /// The type itself, where it is not a variable.
    fn fixed(self) -> Option<DataType> {
        Some(match self {
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Bool => DataType::Bool,
            Self::String => DataType::String,
            Self::Bytes => DataType::Bytes,
            Self::Tensor => DataType::Tensor,
            Self::Any | Self::Ordered | Self::Array => return None,
        })
    }

    /// How signatures show it.
    fn name(self) -> String {
        match self {
            Self::Any | Self::Ordered => "T".into(),
            Self::Array => "ARRAY<T>".into(),
            Self::Tensor => "image".into(),
            fixed => fixed.fixed().map(|it| it.to_string()).unwrap_or_default(),
        }
    }
}

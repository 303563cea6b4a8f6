//! What tract-onnx needs of the crate `tract-nnef` to compile, without the NNEF format.
//!
//! tract's ONNX operators can also be written to and read from NNEF, a format of the Khronos group that PredictQL does
//! not have. The real crate registers its parser and all of its operators when a program starts, so that a linker
//! keeps them. Here the same calls register nothing, and whatever would read or write NNEF is an error.

pub use tract_core;
pub use tract_core::prelude::{tract_ndarray, tract_num_traits};

/// The names that operators import.
pub mod internal {
    pub use std::any::TypeId;

    pub use tract_core::internal::*;

    pub use crate::deser::{ModelBuilder, ResolvedInvocation, Value};
    pub use crate::framework::Nnef;
    pub use crate::grammar::{Identifier, Parameter, RValue, TypeName, TypeSpec};
    pub use crate::registry::Registry;
    pub use crate::ser::{IntoAst, invocation, logical, numeric, string};
}

/// The format.
pub mod framework {
    use crate::registry::Registry;

    /// A reader and writer with the operators of some registries.
    #[derive(Debug, Default)]
    pub struct Nnef {
        /// Nothing is in them.
        pub registries: Vec<Registry>,
    }
}

/// The operators of the format.
pub mod registry {
    use std::sync::Arc;

    use tract_core::internal::{TractResult, TypedNode, TypedOp};

    use crate::deser::{ModelBuilder, ResolvedInvocation, Value};
    use crate::grammar::{Parameter, RValue, TypeSpec};
    use crate::ser::IntoAst;

    /// A set of operators, which stays empty.
    #[derive(Debug)]
    pub struct Registry(());

    impl Registry {
        /// A registry.
        pub fn new(_id: &str) -> Self {
            Self(())
        }

        /// The registry.
        #[must_use]
        pub fn with_doc(self, _doc: &str) -> Self {
            self
        }

        /// Registers nothing.
        #[expect(clippy::type_complexity, reason = "the signature is the one that operators call")]
        pub fn register_dumper<O: TypedOp>(
            &mut self,
            _dumper: fn(&mut IntoAst, &TypedNode, &O) -> TractResult<Option<Arc<RValue>>>,
        ) {
        }

        /// Registers nothing.
        pub fn register_primitive(
            &mut self,
            _id: &str,
            _parameters: &[Parameter],
            _results: &[(&str, TypeSpec)],
            _load: fn(&mut ModelBuilder, &ResolvedInvocation) -> TractResult<Value>,
        ) {
        }
    }
}

/// Types of the grammar.
pub mod grammar {
    /// A name.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Identifier(String);

    impl From<&str> for Identifier {
        fn from(name: &str) -> Self {
            Self(name.into())
        }
    }

    /// The type of an element.
    #[derive(Debug, Clone, Copy)]
    pub enum TypeName {
        /// A whole number.
        Integer,
        /// A real number.
        Scalar,
        /// TRUE or FALSE.
        Logical,
        /// Text.
        String,
        /// Any of them.
        Any,
    }

    impl TypeName {
        /// A tensor of such elements.
        pub fn tensor(self) -> TypeSpec {
            TypeSpec(())
        }

        /// An array of such elements.
        pub fn array(self) -> TypeSpec {
            TypeSpec(())
        }

        /// A parameter of this type.
        pub fn named(self, _name: &str) -> Parameter {
            Parameter(())
        }
    }

    /// A type.
    #[derive(Debug, Clone)]
    pub struct TypeSpec(());

    impl TypeSpec {
        /// An array of this type.
        #[must_use]
        pub fn array(self) -> Self {
            self
        }

        /// A parameter of this type.
        pub fn named(self, _name: &str) -> Parameter {
            Parameter(())
        }
    }

    /// A parameter of an operator.
    #[derive(Debug, Clone)]
    pub struct Parameter(());

    impl Parameter {
        /// The parameter with a default.
        #[must_use]
        pub fn default<T>(self, _value: T) -> Self {
            self
        }
    }

    /// An expression.
    #[derive(Debug, Clone)]
    pub struct RValue(pub(crate) ());
}

/// Reading.
pub mod deser {
    use tract_core::internal::{OutletId, TractResult, TypedModel, TypedOp, bail};

    use crate::grammar::Identifier;

    /// What an expression stands for.
    #[derive(Debug, Clone)]
    pub struct Value(());

    /// A model while it is read.
    #[derive(Debug, Default)]
    pub struct ModelBuilder {
        /// The model.
        pub model: TypedModel,
    }

    impl ModelBuilder {
        /// # Errors
        /// Always: no NNEF is read.
        pub fn wire<O: TypedOp>(&mut self, _op: O, _inputs: &[OutletId]) -> TractResult<Value> {
            bail!("NNEF is not read")
        }
    }

    /// An operator with its arguments.
    #[derive(Debug)]
    pub struct ResolvedInvocation {
        /// The operator.
        pub invocation: Invocation,
    }

    /// An operator's name.
    #[derive(Debug)]
    pub struct Invocation {
        /// The name.
        pub id: Identifier,
    }

    impl ResolvedInvocation {
        /// # Errors
        /// Always: no NNEF is read.
        pub fn named_arg_as<T>(&self, _builder: &mut ModelBuilder, _name: &str) -> TractResult<T> {
            bail!("NNEF is not read")
        }

        /// # Errors
        /// Always: no NNEF is read.
        pub fn get_named_arg_as<T>(
            &self,
            _builder: &mut ModelBuilder,
            _name: &str,
        ) -> TractResult<Option<T>> {
            bail!("NNEF is not read")
        }

        /// # Errors
        /// Always: no NNEF is read.
        pub fn optional_named_arg_as<T>(
            &self,
            _builder: &mut ModelBuilder,
            _name: &str,
        ) -> TractResult<Option<T>> {
            bail!("NNEF is not read")
        }
    }
}

/// Writing.
pub mod ser {
    use std::collections::HashMap;
    use std::sync::Arc;

    use tract_core::internal::{OutletId, TDim, Tensor, TractResult, TypedModel, bail};

    use crate::grammar::RValue;

    /// A model while it is written.
    #[derive(Debug)]
    pub struct IntoAst<'a> {
        /// The model.
        pub model: &'a TypedModel,
        /// What was written for each value.
        pub mapping: HashMap<OutletId, Arc<RValue>>,
    }

    impl IntoAst<'_> {
        /// # Errors
        /// Always: no NNEF is written.
        pub fn konst_variable(
            &mut self,
            _name: impl AsRef<str>,
            _tensor: &Arc<Tensor>,
        ) -> TractResult<Arc<RValue>> {
            bail!("NNEF is not written")
        }
    }

    /// A number.
    pub fn numeric<T>(_number: T) -> RValue {
        RValue(())
    }

    /// TRUE or FALSE.
    pub fn logical(_value: bool) -> RValue {
        RValue(())
    }

    /// A text.
    pub fn string(_text: impl AsRef<str>) -> RValue {
        RValue(())
    }

    /// Several values.
    pub fn array(_items: impl AsRef<[RValue]>) -> RValue {
        RValue(())
    }

    /// Dimensions.
    pub fn tdims(_shape: &[TDim]) -> RValue {
        RValue(())
    }

    /// An operator with its arguments.
    pub fn invocation(_id: &str, _positional: &[Arc<RValue>], _named: &[(&str, RValue)]) -> Arc<RValue> {
        Arc::new(RValue(()))
    }
}

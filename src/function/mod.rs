//! Functions and operators: one declaration each, with signatures, a line of documentation and the code.
//!
//! The declarations feed binding, "did you mean", completion, `INFORMATION_SCHEMA.ROUTINES` and the reference page.
//! Functions compute over whole columns; this room knows neither SQL text nor plans.

mod aggregate;
mod array_view;
mod bounds;
mod decimal;
mod fold;
mod image;
mod memory;
mod numbering;
mod operator;
mod output;
mod p_value;
mod preprocess;
mod reference;
mod resolve;

mod scalar;
mod table_function;
mod template;
mod tensor;
pub(crate) mod tsql;
mod unsupported;
mod vector;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;

use arrow_array::ArrayRef;

use crate::control::Stage;
use crate::data::{DataType, Operand, Scalar, TimeZones};
use crate::diag::{Error, Invariant, Result, nearest};
use crate::image::Decoder;
use crate::limits::{FORGIVEN_SHOWN, Limits};
use crate::syntax::SqlOperator;

pub(crate) use aggregate::{Accumulator, GROUPING, Setup, Start};
pub(crate) use array_view::{ArrayView, VectorView};
pub(crate) use bounds::bounds_check;
pub(crate) use fold::fold;
pub(crate) use image::joined;
pub(crate) use memory::{Held, Memory};
pub use reference::{FunctionInfo, listing};
pub(crate) use resolve::{Resolved, common_type, resolve};
pub(crate) use scalar::md5_hash;
pub(crate) use table_function::TABLE_FUNCTIONS;
pub(crate) use template::{TEMPLATES, Template, template};
pub(crate) use unsupported::unsupported;
pub(crate) use vector::Metric;

/// A function or operator.
#[derive(Debug)]
pub(crate) struct Function {
    /// As users write it.
    pub(crate) name: &'static str,
    /// A description in one line, for the reference.
    pub(crate) doc: &'static str,
    pub(crate) signatures: &'static [Signature],
    /// The stage that its time is measured under, where it is another one than the rest of the SQL's.
    pub(crate) stage: Option<Stage>,
    pub(crate) volatility: Volatility,
    /// What may stand in its parentheses beside arguments.
    pub(crate) modifiers: Modifiers,
    /// Which operator it declares; `None` for functions.
    pub(crate) operator: Option<SqlOperator>,
}

/// What may stand in the parentheses of an aggregate function beside its arguments. HAVING may always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Modifiers {
    pub(crate) distinct: bool,
    /// IGNORE NULLS and RESPECT NULLS.
    pub(crate) nulls: bool,
    /// ORDER BY and LIMIT.
    pub(crate) order: bool,
}

/// How the value of a call depends on more than its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volatility {
    /// Not at all.
    Immutable,
    /// It is the same throughout a statement, such as the current time.
    Stable,
    /// It is another one at every call: it is computed for each row, even of constants.
    Volatile,
}

/// One way to call a function.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) args: &'static [Type],
    /// How many of the last arguments may be left out.
    pub(crate) optional: usize,
    /// Whether the last argument may be repeated.
    pub(crate) variadic: bool,
    pub(crate) returns: Returns,
    pub(crate) body: Body,
}

/// How the type of a result is determined.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Returns {
    Type(Type),
    /// It follows from the arguments; an error where they do not fit.
    Infer(fn(&[Argument]) -> Result<DataType>),
}

/// What the binder knows of an argument.
#[derive(Debug, Clone)]
pub(crate) struct Argument {
    pub(crate) data_type: DataType,
    /// Its value, if it is a constant.
    pub(crate) literal: Option<Scalar>,
}

/// The implementation of a function, which also says where it may be called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    /// Computed row by row: may be called anywhere.
    Scalar(Kernel),
    /// Evaluates its arguments only as needed: the binder has expressions of their own for these.
    Lazy(Lazy),
    /// Computed over the rows of a group, or of a window with OVER.
    Aggregate(Start),
    /// Computed over the rows of a window: only with OVER.
    Ranking(Ranking),
    /// Computed from one of the rows of a window, or from how many there are: only with OVER.
    Navigation(Navigation),
    /// Takes statistics over all rows, then computes row by row: only with an empty OVER.
    Fit(Fit),
}

/// Functions that do not evaluate all of their arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lazy {
    If,
    Coalesce,
}

/// Functions that number the rows of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ranking {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
}

/// Functions that take the value of another row of a window, or divide its rows into buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Navigation {
    Ntile,
    Lag,
    Lead,
    FirstValue,
    LastValue,
    NthValue,
    PercentileCont,
    PercentileDisc,
}

impl Navigation {
    /// Whether it means nothing without an order of the rows; `None` where it takes no order.
    pub(crate) fn needs_order(self) -> Option<bool> {
        match self {
            Self::Lag | Self::Lead | Self::Ntile => Some(true),
            Self::FirstValue | Self::LastValue | Self::NthValue => Some(false),
            Self::PercentileCont | Self::PercentileDisc => None,
        }
    }

    /// Whether it sees the rows of a frame.
    pub(crate) fn takes_frame(self) -> bool {
        matches!(self, Self::FirstValue | Self::LastValue | Self::NthValue)
    }

    /// Whether NULLs do not count unless RESPECT NULLS is written.
    pub(crate) fn ignores_nulls(self) -> bool {
        matches!(self, Self::PercentileCont | Self::PercentileDisc)
    }
}

impl Ranking {
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::RowNumber | Self::Rank | Self::DenseRank => DataType::Int64,
            Self::PercentRank | Self::CumeDist => DataType::Float64,
        }
    }

    /// Whether it compares rows, so that it means nothing without an order of them.
    pub(crate) fn needs_order(self) -> bool {
        match self {
            Self::RowNumber => false,
            Self::Rank | Self::DenseRank | Self::PercentRank | Self::CumeDist => true,
        }
    }
}

/// Computes a column of `rows` values, or of a single one where all arguments are constants.
pub(crate) type Kernel = fn(&BatchCall<'_>) -> Result<ArrayRef>;

/// Takes statistics over the rows of a call.
pub(crate) type Fit = fn(&BatchCall<'_>) -> Result<Arc<dyn Fitted>>;

/// A preprocessing function with its statistics: what TRANSFORM keeps.
pub(crate) trait Fitted: fmt::Debug + Send + Sync {
    /// Computes a column of `call.rows` values.
    fn apply(&self, call: &BatchCall<'_>) -> Result<ArrayRef>;
}

/// One call over a batch of rows. The arguments have the types of the signature; optional ones may be missing.
pub(crate) struct BatchCall<'a> {
    pub(crate) args: &'a [Operand],
    pub(crate) types: &'a [DataType],
    pub(crate) returns: &'a DataType,
    pub(crate) rows: usize,
    pub(crate) env: &'a Env,
}

/// What functions may know of the query that they run in.
#[derive(Debug, Clone)]
pub(crate) struct Env {
    pub(crate) limits: Arc<Limits>,
    /// When the statement began: microseconds since 1970-01-01 UTC.
    pub(crate) now: i64,
    /// The state of the random number generator.
    pub(crate) random: Cell<u64>,
    /// The time zones that the host knows.
    pub(crate) zones: TimeZones,
    /// What decodes pictures.
    pub(crate) decoder: Decoder,
    /// Whether a picture was decoded that its camera wants turned, and was not.
    pub(crate) found_turned: Cell<bool>,
    /// Whether a row that a picture or the model fails on has NULL for it, as with `SAFE.`.
    pub(crate) forgives: bool,
    /// The rows that this happened to.
    pub(crate) forgiven: RefCell<Forgiven>,
    /// Whether operators see a part of their rows only, whose numbers mean nothing to who has asked for all.
    pub(crate) is_part: bool,
    /// The list that IN looked values up in last.
    in_list: operator::InListCache,
    /// What the query holds.
    pub(crate) memory: Arc<Memory>,
}

impl Env {
    pub(crate) fn new(limits: Arc<Limits>, now: i64, random: u64) -> Self {
        Self {
            memory: Memory::new(&limits),
            limits,
            now,
            random: Cell::new(random),
            zones: TimeZones::default(),
            decoder: Decoder::NONE,
            found_turned: Cell::new(false),
            forgives: false,
            forgiven: RefCell::default(),
            is_part: false,
            in_list: operator::InListCache::default(),
        }
    }

    /// The same with what the host has.
    pub(crate) fn on_host(self, zones: TimeZones, decoder: Decoder) -> Self {
        Self { zones, decoder, ..self }
    }

    /// The same for a query that goes on without rows that fail.
    pub(crate) fn forgiving(self, forgives: bool) -> Self {
        Self { forgives, ..self }
    }
}

/// Rows that have NULL in the place of a picture or a prediction that failed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Forgiven {
    /// How many there are.
    pub(crate) rows: usize,
    /// Why the first of them failed.
    pub(crate) errors: Vec<Error>,
}

impl Forgiven {
    pub(crate) fn add(&mut self, error: Error) {
        self.rows += 1;
        if self.errors.len() < FORGIVEN_SHOWN {
            self.errors.push(error);
        }
    }
}

/// A type in a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Int64,
    Float64,
    Numeric,
    BigNumeric,
    Bool,
    String,
    Bytes,
    Date,
    Timestamp,
    Datetime,
    Time,
    Json,
    /// An INTERVAL as a value.
    IntervalValue,
    /// A picture of floats.
    Tensor,
    /// A picture of whole numbers.
    IntegerImage,
    /// What image functions give: known to be pictures.
    Picture,
    IntegerPicture,
    /// Any type, the same in the whole signature.
    Any,
    /// Any type with an order, the same in the whole signature.
    Ordered,
    /// Any type whose values can be compared for equality, the same in the whole signature.
    Comparable,
    /// An array of [`Type::Any`].
    Array,
    /// An array of a type.
    ArrayOf(&'static Type),
    /// Any struct, whatever the other arguments have.
    Struct,
    /// Any type, whatever the other arguments have.
    Arbitrary,
    /// A date part such as `DAY`, written as a name. The function is given a STRING in upper case.
    Part,
    /// `INTERVAL n part`. The function is given two arguments: an INT64 and a STRING in upper case.
    Interval,
}

impl Function {
    /// A function; the rest is set by [`Function::stage`] and [`Function::volatility`].
    pub(crate) const fn new(name: &'static str, doc: &'static str, signatures: &'static [Signature]) -> Self {
        Self {
            name,
            doc,
            signatures,
            stage: None,
            volatility: Volatility::Immutable,
            modifiers: Modifiers { distinct: true, nulls: false, order: false },
            operator: None,
        }
    }

    /// An operator.
    pub(crate) const fn operator(
        operator: SqlOperator,
        doc: &'static str,
        signatures: &'static [Signature],
    ) -> Self {
        Self { operator: Some(operator), ..Self::new(operator.as_str(), doc, signatures) }
    }

    /// Sets the stage that its time is measured under.
    pub(crate) const fn stage(mut self, stage: Stage) -> Self {
        self.stage = Some(stage);
        self
    }

    /// Sets how its value depends on more than its arguments.
    pub(crate) const fn volatility(mut self, volatility: Volatility) -> Self {
        self.volatility = volatility;
        self
    }

    /// It takes IGNORE NULLS and RESPECT NULLS.
    pub(crate) const fn with_nulls(mut self) -> Self {
        self.modifiers.nulls = true;
        self
    }

    /// It takes ORDER BY and LIMIT in its parentheses.
    pub(crate) const fn ordered(mut self) -> Self {
        self.modifiers.order = true;
        self
    }

    /// It takes no DISTINCT.
    pub(crate) const fn not_distinct(mut self) -> Self {
        self.modifiers.distinct = false;
        self
    }

    /// Whether it gives another value at every call.
    pub(crate) fn is_volatile(&self) -> bool {
        self.volatility == Volatility::Volatile
    }

    /// Whether an aggregate's value depends on the order of the rows.
    pub(crate) fn depends_on_order(&self) -> bool {
        self.modifiers.order || self.name == "ANY_VALUE"
    }

    /// `SCALAR`, `AGGREGATE` or `WINDOW`.
    pub(crate) fn kind(&self) -> &'static str {
        match self.signatures.first().map(|signature| signature.body) {
            Some(Body::Aggregate(_)) => "AGGREGATE",
            Some(Body::Ranking(_) | Body::Navigation(_) | Body::Fit(_)) => "WINDOW",
            _ => "SCALAR",
        }
    }

    pub(crate) fn is_operator(&self) -> bool {
        self.operator.is_some()
    }
}

impl Signature {
    /// A signature whose result has a fixed type, or that of an argument.
    pub(crate) const fn new(args: &'static [Type], returns: Type, body: Body) -> Self {
        Self { args, optional: 0, variadic: false, returns: Returns::Type(returns), body }
    }

    /// A scalar function.
    pub(crate) const fn scalar(args: &'static [Type], returns: Type, kernel: Kernel) -> Self {
        Self::new(args, returns, Body::Scalar(kernel))
    }

    /// A signature whose result's type follows from the arguments.
    pub(crate) const fn infer(
        args: &'static [Type],
        returns: fn(&[Argument]) -> Result<DataType>,
        body: Body,
    ) -> Self {
        Self { args, optional: 0, variadic: false, returns: Returns::Infer(returns), body }
    }

    /// The last `count` arguments may be left out.
    pub(crate) const fn optional(mut self, count: usize) -> Self {
        self.optional = count;
        self
    }

    /// The last argument may be repeated.
    pub(crate) const fn variadic(mut self) -> Self {
        self.variadic = true;
        self
    }
}

/// The function with this name, in any case.
pub(crate) fn function(name: &str) -> Option<&'static Function> {
    functions().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// The declaration of an operator.
pub(crate) fn operator(operator: SqlOperator) -> &'static Function {
    operator::declaration(operator)
}

/// The function whose name is nearest to `name`.
pub(crate) fn nearest_function(name: &str) -> Option<&'static str> {
    nearest(name, functions().map(|function| function.name))
}

/// Every function, by topic.
pub(crate) fn functions() -> impl Iterator<Item = &'static Function> {
    [image::FUNCTIONS, vector::FUNCTIONS, tensor::FUNCTIONS, numbering::FUNCTIONS, p_value::FUNCTIONS]
        .into_iter()
        .chain(scalar::TOPICS.iter().copied())
        .chain(preprocess::TOPICS)
        .flatten()
        .chain(aggregate::functions())
}

impl BatchCall<'_> {
    /// The argument at this position; the binder has seen to it that it exists.
    fn arg(&self, position: usize) -> Result<&Operand> {
        self.args.get(position).invariant("an argument of the call")
    }

    /// The type of the argument at this position.
    fn arg_type(&self, position: usize) -> Result<&DataType> {
        self.types.get(position).invariant("the type of an argument of the call")
    }
}

impl Type {
    /// The type itself, where it does not depend on the arguments.
    pub(crate) fn fixed(self) -> Option<DataType> {
        match self {
            Self::Int64 => Some(DataType::Int64),
            Self::Float64 => Some(DataType::Float64),
            Self::Numeric => Some(DataType::Numeric),
            Self::BigNumeric => Some(DataType::BigNumeric),
            Self::Bool => Some(DataType::Bool),
            Self::String | Self::Part => Some(DataType::String),
            Self::Bytes => Some(DataType::Bytes),
            Self::Date => Some(DataType::Date),
            Self::Timestamp => Some(DataType::Timestamp),
            Self::Datetime => Some(DataType::Datetime),
            Self::Time => Some(DataType::Time),
            Self::Json => Some(DataType::Json),
            Self::IntervalValue => Some(DataType::Interval),
            Self::Tensor => Some(DataType::Tensor),
            Self::IntegerImage => Some(DataType::integer_image()),
            Self::Picture => Some(DataType::Picture),
            Self::IntegerPicture => Some(DataType::IntegerPicture),
            Self::ArrayOf(element) => element.fixed().map(DataType::array),
            Self::Any
            | Self::Ordered
            | Self::Comparable
            | Self::Array
            | Self::Struct
            | Self::Arbitrary
            | Self::Interval => None,
        }
    }

    /// How it is written in signatures.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Any | Self::Ordered | Self::Comparable => "T".into(),
            Self::Array => "ARRAY<T>".into(),
            Self::ArrayOf(element) => format!("ARRAY<{}>", element.name()),
            Self::Struct => "STRUCT".into(),
            Self::Arbitrary => "any type".into(),
            Self::Part => "date part".into(),
            Self::Interval | Self::IntervalValue => "INTERVAL".into(),
            Self::Tensor | Self::Picture => "float image".into(),
            Self::IntegerImage | Self::IntegerPicture => "integer image".into(),
            Self::Int64 => "INT64".into(),
            Self::Float64 => "FLOAT64".into(),
            Self::Numeric => "NUMERIC".into(),
            Self::BigNumeric => "BIGNUMERIC".into(),
            Self::Bool => "BOOL".into(),
            Self::String => "STRING".into(),
            Self::Bytes => "BYTES".into(),
            Self::Date => "DATE".into(),
            Self::Timestamp => "TIMESTAMP".into(),
            Self::Datetime => "DATETIME".into(),
            Self::Time => "TIME".into(),
            Self::Json => "JSON".into(),
        }
    }
}

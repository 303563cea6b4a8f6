//! Operators on two tensors, element by element, in the versions 7 to 24 of the standard: arithmetic, comparisons, logic;
//! and those on any number of them.

use anyhow::{Result, bail, ensure};
use predictql_kernels::elementwise;

use super::broadcast::{self, each, zip};
use super::unary::Float;
#[cfg(feature = "full")]
use super::{ChannelsLast, Pointwise, Rewrites};
use super::{Context, Operator, Shape};
use crate::onnx::pb::NodeProto;
use crate::tensor::{Element, ElementType, Tensor, with_elements};

/// What is computed of two numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    /// The remainder with the sign of the divisor.
    Mod,
    /// The remainder with the sign of the dividend.
    Remainder,
    Max,
    Min,
}

/// `Add`, `Sub`, `Mul`, `Div`, `Mod` of two; `Max`, `Min`, `Sum` and `Mean` of any number.
#[derive(Debug)]
pub(super) struct Binary {
    function: Arithmetic,
    mean: bool,
    inputs: usize,
}

impl Operator for Binary {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let name = node.op_type.as_str();
        let function = match name {
            "Add" | "Sum" | "Mean" => Arithmetic::Add,
            "Sub" => Arithmetic::Sub,
            "Mul" => Arithmetic::Mul,
            "Div" => Arithmetic::Div,
            "Mod" if node.flag("fmod", false)? => Arithmetic::Remainder,
            "Mod" => Arithmetic::Mod,
            "Max" => Arithmetic::Max,
            "Min" => Arithmetic::Min,
            other => bail!("there is no arithmetic {other}"),
        };
        // Up to version 6 an attribute says how shapes go together.
        ensure!(node.optional::<i64>("axis")?.is_none(), "{name} has no axis");
        let takes_any = matches!(name, "Max" | "Min" | "Sum" | "Mean");
        let inputs = node.input.len();
        ensure!(if takes_any { inputs > 0 } else { inputs == 2 }, "{name} does not take {inputs} inputs");
        Ok(Self { function, mean: name == "Mean", inputs })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let element = same_type(inputs, self.inputs)?;
        match element {
            ElementType::F32 | ElementType::F64 => {
                ensure!(self.function != Arithmetic::Mod, "Mod of floats has fmod=1");
            }
            // What looks at a sign needs one, or the loops of the full engine.
            ElementType::U64 if cfg!(not(feature = "full")) => bail!("U64 is computed with elsewhere"),
            integer if integer.is_integer() => ensure!(!self.mean, "a mean is one of floats"),
            other => bail!("{:?} does not take {other:?}", self.function),
        }
        Ok(vec![(element, broadcast::dims(inputs.iter().map(|(_, dims)| dims))?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let count = inputs.len();
        let mut inputs = inputs.into_iter();
        let Some(mut result) = inputs.next() else { bail!("expected an input") };
        for other in inputs {
            result = match result.element() {
                ElementType::F32 => self.function.floats::<f32>(result, other)?,
                ElementType::F64 => self.function.floats::<f64>(result, other)?,
                _ => self.function.integers(&result, &other)?,
            };
        }
        if self.mean {
            let count = Tensor::scalar(i64::try_from(count)?).cast(result.element())?;
            result = match result.element() {
                ElementType::F32 => Arithmetic::Div.floats::<f32>(result, count)?,
                _ => Arithmetic::Div.floats::<f64>(result, count)?,
            };
        }
        Ok(vec![result])
    }

    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

#[cfg(feature = "full")]
impl Rewrites for Binary {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        ChannelsLast::Same
    }

    fn pointwise(&self, constants: &[Option<Tensor>]) -> Option<Pointwise> {
        let ([None, Some(shift)] | [Some(shift), None]) = constants else { return None };
        let last = *shift.shape().last().filter(|_| self.is_sum())?;
        (last == shift.len()).then(|| shift.elements().ok().map(|shift| Pointwise::Shift(shift.to_vec())))?
    }

    fn is_sum(&self) -> bool {
        self.function == Arithmetic::Add && self.inputs == 2 && !self.mean
    }
}

/// The type of all `count` inputs.
fn same_type(inputs: &[Shape], count: usize) -> Result<ElementType> {
    ensure!(inputs.len() == count, "expected {count} inputs, found {}", inputs.len());
    let Some(((first, _), others)) = inputs.split_first() else { bail!("expected an input") };
    if let Some((other, _)) = others.iter().find(|(other, _)| other != first) {
        bail!("elements of {first:?} and {other:?} do not go together");
    }
    Ok(*first)
}

impl Arithmetic {
    fn floats<T: Float>(self, a: Tensor, b: Tensor) -> Result<Tensor> {
        let function = match self {
            Self::Add => elementwise::Arithmetic::Add,
            Self::Sub => elementwise::Arithmetic::Sub,
            Self::Mul => elementwise::Arithmetic::Mul,
            Self::Div => elementwise::Arithmetic::Div,
            Self::Max => elementwise::Arithmetic::Max,
            Self::Min => elementwise::Arithmetic::Min,
            Self::Remainder => return zip(&a, &b, &each(|a: &T, b: &T| a.remainder(*b))),
            Self::Mod => bail!("Mod of floats has fmod=1"),
        };
        let commutes = matches!(self, Self::Add | Self::Mul);
        broadcast::combine(a, b, commutes, |a, b| T::combine(function, a, b))
    }

    /// Integers of any width: what 64 bits make of fewer, cut to them, is what these make.
    fn integers(self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let element = a.element();
        let (a, b) = (&a.cast(ElementType::I64)?, &b.cast(ElementType::I64)?);
        if matches!(self, Self::Div | Self::Mod | Self::Remainder) {
            ensure!(!b.elements::<i64>()?.contains(&0), "an integer is divided by zero");
        }
        #[cfg(feature = "full")]
        if element == ElementType::U64
            && let Some(result) = self.unsigned(a, b)
        {
            return result?.cast(element);
        }
        let result = match self {
            Self::Add => zip(a, b, &each(|a: &i64, b: &i64| a.wrapping_add(*b))),
            Self::Sub => zip(a, b, &each(|a: &i64, b: &i64| a.wrapping_sub(*b))),
            Self::Mul => zip(a, b, &each(|a: &i64, b: &i64| a.wrapping_mul(*b))),
            Self::Div => zip(a, b, &each(|a: &i64, b: &i64| a.wrapping_div(*b))),
            Self::Remainder => zip(a, b, &each(|a: &i64, b: &i64| a.wrapping_rem(*b))),
            Self::Mod => zip(a, b, &each(floored_rem)),
            Self::Max => zip(a, b, &each(|a: &i64, b: &i64| *a.max(b))),
            Self::Min => zip(a, b, &each(|a: &i64, b: &i64| *a.min(b))),
        };
        result?.cast(element)
    }
}

#[cfg(feature = "full")]
impl Arithmetic {
    /// What becomes of 64 bits without a sign, where that is not the same as with one. No divisor is zero.
    fn unsigned(self, a: &Tensor, b: &Tensor) -> Option<Result<Tensor>> {
        fn of(function: fn(u64, u64) -> u64) -> impl Fn(&i64, &i64) -> i64 {
            move |a, b| function(a.cast_unsigned(), b.cast_unsigned()).cast_signed()
        }
        let function: fn(u64, u64) -> u64 = match self {
            Self::Add | Self::Sub | Self::Mul => return None,
            Self::Div => |a, b| a.checked_div(b).unwrap_or(0),
            Self::Mod | Self::Remainder => |a, b| a.checked_rem(b).unwrap_or(0),
            Self::Max => u64::max,
            Self::Min => u64::min,
        };
        Some(zip(a, b, &each(of(function))))
    }
}

/// The remainder with the sign of `divisor`.
fn floored_rem(number: &i64, divisor: &i64) -> i64 {
    let remainder = number.wrapping_rem(*divisor);
    if remainder != 0 && (remainder < 0) != (*divisor < 0) { remainder + divisor } else { remainder }
}

/// `Pow`: the base's type is that of the result.
#[derive(Debug)]
pub(super) struct Pow;

impl Operator for Pow {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, base), (exponents, exponent)] = inputs else { bail!("expected two inputs") };
        let is_base =
            matches!(element, ElementType::F32 | ElementType::F64 | ElementType::I32 | ElementType::I64);
        ensure!(is_base, "Pow does not take {element:?}");
        ensure!(exponents.is_float() || exponents.is_integer(), "{exponents:?} is no exponent");
        Ok(vec![(*element, broadcast::dims([base, exponent])?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        fn power<T: Float>(base: &Tensor, exponent: &Tensor) -> Result<Tensor> {
            // Squares and cubes are products, as in onnxruntime.
            match exponent.elements::<T>()? {
                [two] if *two == T::from_f32(2.0) => zip(base, exponent, &each(|x: &T, _: &T| *x * *x)),
                [three] if *three == T::from_f32(3.0) => {
                    zip(base, exponent, &each(|x: &T, _: &T| *x * *x * *x))
                }
                _ => zip(base, exponent, &each(|x: &T, exponent: &T| x.pow(*exponent))),
            }
        }
        let [base, exponent] = inputs.as_slice() else { bail!("expected two inputs") };
        Ok(vec![match base.element() {
            ElementType::F32 => power::<f32>(base, &exponent.cast(ElementType::F32)?)?,
            element => {
                let (base, exponent) = (base.cast(ElementType::F64)?, exponent.cast(ElementType::F64)?);
                power::<f64>(&base, &exponent)?.cast(element)?
            }
        }])
    }

    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

#[cfg(feature = "full")]
impl Rewrites for Pow {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        ChannelsLast::Same
    }
}

/// A comparison of two elements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Compare {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator for Compare {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(match node.op_type.as_str() {
            "Equal" => Self::Equal,
            "Greater" => Self::Greater,
            "GreaterOrEqual" => Self::GreaterOrEqual,
            "Less" => Self::Less,
            "LessOrEqual" => Self::LessOrEqual,
            other => bail!("there is no comparison {other}"),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let element = same_type(inputs, 2)?;
        let has_order = !matches!(element, ElementType::Bool | ElementType::String);
        ensure!(has_order || *self == Self::Equal, "{self:?} does not take {element:?}");
        Ok(vec![(ElementType::Bool, broadcast::dims(inputs.iter().map(|(_, dims)| dims))?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [a, b] = inputs.as_slice() else { bail!("expected two inputs") };
        Ok(vec![match a.element() {
            ElementType::F32 => self.of::<f32>(a, b)?,
            ElementType::F64 => self.of::<f64>(a, b)?,
            ElementType::U64 => self.of::<u64>(a, b)?,
            ElementType::String => self.of::<String>(a, b)?,
            _ => self.of::<i64>(&a.cast(ElementType::I64)?, &b.cast(ElementType::I64)?)?,
        }])
    }
}

impl Compare {
    fn of<T: Element + PartialOrd>(self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        match self {
            Self::Equal => zip(a, b, &each(|a: &T, b: &T| a == b)),
            Self::Greater => Self::Less.of::<T>(b, a),
            Self::GreaterOrEqual => Self::LessOrEqual.of::<T>(b, a),
            Self::Less => zip(a, b, &each(|a: &T, b: &T| a < b)),
            Self::LessOrEqual => zip(a, b, &each(|a: &T, b: &T| a <= b)),
        }
    }
}

/// `And`, `Or`, `Xor` and `Not`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Logic {
    And,
    Or,
    Xor,
    Not,
}

impl Operator for Logic {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(match node.op_type.as_str() {
            "And" => Self::And,
            "Or" => Self::Or,
            "Xor" => Self::Xor,
            "Not" => Self::Not,
            other => bail!("there is no logic {other}"),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let element = same_type(inputs, if *self == Self::Not { 1 } else { 2 })?;
        ensure!(element == ElementType::Bool, "{self:?} does not take {element:?}");
        Ok(vec![(ElementType::Bool, broadcast::dims(inputs.iter().map(|(_, dims)| dims))?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        Ok(vec![match (self, inputs.as_slice()) {
            (Self::Not, [a]) => zip(a, a, &each(|a: &bool, _: &bool| !a))?,
            (Self::And, [a, b]) => zip(a, b, &each(|a: &bool, b: &bool| *a && *b))?,
            (Self::Or, [a, b]) => zip(a, b, &each(|a: &bool, b: &bool| *a || *b))?,
            (Self::Xor, [a, b]) => zip(a, b, &each(|a: &bool, b: &bool| a != b))?,
            _ => bail!("{self:?} does not take {} inputs", inputs.len()),
        }])
    }
}

/// `Where`: the elements of one tensor or of another.
#[derive(Debug)]
pub(super) struct Where;

impl Operator for Where {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(ElementType::Bool, _), values @ ..] = inputs else { bail!("expected a condition") };
        let element = same_type(values, 2)?;
        Ok(vec![(element, broadcast::dims(inputs.iter().map(|(_, dims)| dims))?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        fn choose<T: Element>(conditions: &[bool], yes: &[T], no: &Tensor) -> Result<Vec<T>> {
            let values = yes.iter().zip(no.elements::<T>()?);
            let chosen =
                conditions.iter().zip(values).map(|(is_met, (yes, no))| if *is_met { yes } else { no });
            Ok(chosen.cloned().collect())
        }
        let [conditions, yes, no] = inputs.as_slice() else { bail!("expected three inputs") };
        let shape = broadcast::shape(&[conditions.shape(), yes.shape(), no.shape()])?;
        let conditions = broadcast::expand(conditions, &shape)?;
        let (yes, no) = (broadcast::expand(yes, &shape)?, broadcast::expand(no, &shape)?);
        let conditions = conditions.elements::<bool>()?;
        Ok(vec![with_elements!(yes.buffer(), yes => Tensor::new(shape, choose(conditions, yes, &no)?))?])
    }
}

/// `Clip`: every element between a least and a greatest one, which may be left out. NaN stays.
#[derive(Debug)]
pub(super) struct Clip {
    /// As attributes, up to version 10.
    least: Option<f32>,
    greatest: Option<f32>,
    has_least: bool,
    has_greatest: bool,
}

impl Operator for Clip {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let has = |position: usize| node.input.get(position).is_some_and(|name| !name.is_empty());
        let (least, greatest) = (node.optional("min")?, node.optional("max")?);
        Ok(Self { least, greatest, has_least: has(1), has_greatest: has(2) })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let element = same_type(inputs, inputs.len())?;
        let is_number = element.is_float() || element.is_integer() && element != ElementType::U64;
        ensure!(
            is_number || element == ElementType::U64 && cfg!(feature = "full"),
            "Clip does not take {element:?}"
        );
        Ok(inputs.iter().take(1).cloned().collect())
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut inputs = inputs.into_iter();
        let Some(mut values) = inputs.next() else { bail!("expected an input") };
        let element = values.element();
        let mut bound = |is_input: bool, attribute: Option<f32>| match attribute {
            _ if is_input => Ok(inputs.next()),
            Some(bound) => Tensor::scalar(bound).cast(element).map(Some),
            None => Ok(None),
        };
        let bounds = [
            (Arithmetic::Max, bound(self.has_least, self.least)?),
            (Arithmetic::Min, bound(self.has_greatest, self.greatest)?),
        ];
        for (function, bound) in bounds {
            let Some(bound) = bound else { continue };
            ensure!(bound.len() == 1, "a bound is a single number");
            let bound = bound.with_shape(Vec::new())?;
            values = match element {
                ElementType::F32 => function.floats::<f32>(values, bound)?,
                ElementType::F64 => function.floats::<f64>(values, bound)?,
                _ => function.integers(&values, &bound)?,
            };
        }
        Ok(vec![values])
    }

    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

#[cfg(feature = "full")]
impl Rewrites for Clip {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        ChannelsLast::Same
    }

    fn pointwise(&self, constants: &[Option<Tensor>]) -> Option<Pointwise> {
        let mut constants = constants.iter().skip(1);
        let mut bound = |is_input: bool, attribute: Option<f32>, none: f32| match attribute {
            _ if is_input => match constants.next()?.as_ref()?.elements::<f32>().ok()? {
                [bound] => Some(*bound),
                _ => None,
            },
            attribute => Some(attribute.unwrap_or(none)),
        };
        let low = bound(self.has_least, self.least, f32::NEG_INFINITY)?;
        let high = bound(self.has_greatest, self.greatest, f32::INFINITY)?;
        Some(Pointwise::Clamp { low, high })
    }
}

/// `IsNaN` and `IsInf`.
#[derive(Debug)]
pub(super) enum Test {
    Nan,
    Infinite { positive: bool, negative: bool },
}

impl Operator for Test {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(match node.op_type.as_str() {
            "IsNaN" => Self::Nan,
            _ => Self::Infinite {
                positive: node.flag("detect_positive", true)?,
                negative: node.flag("detect_negative", true)?,
            },
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, dims)] = inputs else { bail!("expected one input") };
        ensure!(element.is_float(), "{self:?} does not take {element:?}");
        Ok(vec![(ElementType::Bool, dims.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values] = inputs.as_slice() else { bail!("expected one input") };
        let floats = values.to_vec::<f64>()?;
        let holds = floats.into_iter().map(|value| match self {
            Self::Nan => value.is_nan(),
            Self::Infinite { positive, negative } => {
                *positive && value == f64::INFINITY || *negative && value == f64::NEG_INFINITY
            }
        });
        Ok(vec![Tensor::new(values.shape().to_vec(), holds.collect())?])
    }
}

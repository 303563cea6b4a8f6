//! `Cast` (ONNX, versions 6 to 24) and `CastLike` (15 to 24) for every pair of booleans, integers, floats and strings.
//!
//! tract casts to INT64 by way of 32 bits and reads strings as float32 only. Here every pair gives what onnxruntime gives
//! on x86-64, also where the standard leaves the result open:
//!
//! - a float loses its fraction; one that an INT64 or INT32 cannot hold, and NaN, gives the type's smallest value;
//!   narrower and unsigned integers take the low bits of a wider one;
//! - an integer becomes another one by its low bits;
//! - strings become numbers as C reads them, blanks around them and INF and NaN included; for an integer the digits behind a
//!   decimal point are dropped. What is no number as a whole is an error, where onnxruntime takes the digits in front;
//! - numbers become strings with up to eight significant digits.
//!
//! Integers become tract's symbolic dimensions where INT64 is asked for: shapes are computed with them.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::cast::cast as tract_cast;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy, check_input_arity};
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, EvalContext, EvalOp, Expansion, IntoTValue, Op, OutletId, SpecialOps, StaticName, TDim,
    TValue, TVec, Tensor, TractResult, TypedFact, TypedModel, TypedOp, as_op, bail, check_output_arity,
    ensure, expand, format_err, op_as_typed_op, op_out_of_plan, tensor1, tvec,
};

/// Builds `Cast`.
pub(super) fn cast(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Cast { to: Some(node.get_attr::<DatumType>("to")?) }), Vec::new()))
}

/// Builds `CastLike`.
pub(super) fn cast_like(
    _: &ParsingContext<'_>,
    _: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Cast { to: None }), Vec::new()))
}

/// A cast to a type that is given, or to that of the second input.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cast {
    to: Option<DatumType>,
}

impl Cast {
    fn inputs(&self) -> usize {
        if self.to.is_some() { 1 } else { 2 }
    }
}

/// The type that tract computes in where a value of type `from` is cast to `to`.
fn computed(from: DatumType, to: DatumType) -> DatumType {
    let counts = from.is_integer() || from.is_tdim() || from == DatumType::Bool;
    if to == DatumType::I64 && counts { DatumType::TDim } else { to }
}

/// Whether tract's own cast is exact.
fn is_exact_in_tract(from: DatumType, to: DatumType) -> bool {
    let fits_32_bits = matches!(
        from,
        DatumType::Bool | DatumType::I8 | DatumType::I16 | DatumType::I32 | DatumType::U8 | DatumType::U16
    );
    from.is_tdim() && to != DatumType::String
        || from == to
        || (from == DatumType::Bool || from.is_number()) && to.is_float()
        || from.is_integer() && to.is_integer()
        || fits_32_bits && to.is_tdim()
}

impl Expansion for Cast {
    fn name(&self) -> StaticName {
        "Cast".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, self.inputs())?;
        check_output_arity(outputs, 1)?;
        let ([input, ..], [output]) = (inputs, outputs) else { bail!("a cast has one output") };
        solver.equals(&output.shape, &input.shape)?;
        match (self.to, inputs) {
            (Some(to), _) => solver.given(&input.datum_type, move |solver, from| {
                solver.equals(&output.datum_type, computed(from, to))
            }),
            (None, [_, like]) => solver.given(&input.datum_type, move |solver, from| {
                solver.given(&like.datum_type, move |solver, to| {
                    solver.equals(&output.datum_type, computed(from, to))
                })
            }),
            _ => bail!("CastLike takes two inputs"),
        }
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let (input, to) = match (inputs, self.to) {
            ([input], Some(to)) => (*input, to),
            ([input, like], None) => (*input, model.outlet_fact(*like)?.datum_type),
            _ => bail!("a cast has {} inputs", self.inputs()),
        };
        let from = model.outlet_fact(input)?.datum_type;
        let to = computed(from, to);
        if is_exact_in_tract(from, to) {
            model.wire_node(prefix, tract_cast(to), &[input])
        } else {
            model.wire_node(prefix, ExactCast { to }, &[input])
        }
    }
}

/// The casts that are computed here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ExactCast {
    to: DatumType,
}

impl Op for ExactCast {
    fn name(&self) -> StaticName {
        "ExactCast".into()
    }

    op_as_typed_op!();
}

impl EvalOp for ExactCast {
    op_out_of_plan!();

    fn eval(&self, ctx: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let [input] = inputs.as_slice() else { bail!("a cast has one input") };
        let output = if input.datum_type().is_tdim() {
            let numbers: Vec<i64> = input
                .try_as_plain_ram()?
                .as_slice::<TDim>()?
                .iter()
                .map(|dim| Ok(dim.eval(ctx.symbols).to_i64()?))
                .collect::<TractResult<_>>()?;
            convert(&tensor1(&numbers).into_shape(input.shape())?, self.to)?
        } else {
            convert(input, self.to)?
        };
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for ExactCast {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [input] = inputs else { bail!("a cast has one input") };
        Ok(tvec!(TypedFact::dt_shape(self.to, input.shape.clone())))
    }

    as_op!();
}

/// The elements of `tensor` as those of type `to`.
fn convert(tensor: &Tensor, to: DatumType) -> TractResult<Tensor> {
    match tensor.datum_type() {
        DatumType::String => from_strings(tensor, to),
        from if from.is_float() && to == DatumType::String => {
            let values = tensor.cast_to::<f64>()?;
            collect(&values, |value: &f64| general(*value))
        }
        from if from.is_float() => {
            let values = tensor.cast_to::<f64>()?;
            from_floats(&values, to)
        }
        DatumType::U64 => from_integers::<u64>(tensor, to),
        DatumType::Bool => {
            let values = tensor.cast_to::<i64>()?;
            from_integers::<i64>(&values, to)
        }
        _ => {
            let values = tensor.cast_to::<i64>()?;
            from_integers::<i64>(&values, to)
        }
    }
}

/// A tensor of the shape of `tensor` with every element converted.
fn collect<F: Datum, T: Datum>(tensor: &Tensor, convert: impl Fn(&F) -> T) -> TractResult<Tensor> {
    try_collect(tensor, |value| Ok(convert(value)))
}

fn try_collect<F: Datum, T: Datum>(
    tensor: &Tensor,
    convert: impl Fn(&F) -> TractResult<T>,
) -> TractResult<Tensor> {
    let view = tensor.try_as_plain_ram()?;
    let values: Vec<T> = view.as_slice::<F>()?.iter().map(convert).collect::<TractResult<_>>()?;
    tensor1(&values).into_shape(tensor.shape())
}

fn from_floats(tensor: &Tensor, to: DatumType) -> TractResult<Tensor> {
    match to {
        DatumType::Bool => collect(tensor, |value: &f64| *value != 0.0),
        DatumType::I8 => collect(tensor, |value| low_byte(to_i32(*value)).cast_signed()),
        DatumType::U8 => collect(tensor, |value| low_byte(to_i32(*value))),
        DatumType::I16 => collect(tensor, |value| low_half(to_i32(*value)).cast_signed()),
        DatumType::U16 => collect(tensor, |value| low_half(to_i32(*value))),
        DatumType::I32 => collect(tensor, |value| to_i32(*value)),
        DatumType::U32 => collect(tensor, |value| low_word(to_i64(*value))),
        DatumType::I64 => collect(tensor, |value| to_i64(*value)),
        DatumType::U64 => collect(tensor, |value| to_u64(*value)),
        other => bail!("floats are not cast to {other:?}"),
    }
}

fn from_integers<I: Datum + Copy + ToString>(tensor: &Tensor, to: DatumType) -> TractResult<Tensor> {
    match to {
        DatumType::String => collect(tensor, |value: &I| value.to_string()),
        // A count that is larger than an INT64 cannot be a dimension; its bits are the number that onnxruntime has.
        DatumType::TDim => {
            let values = tensor.cast_to::<i64>()?;
            collect(&values, |value: &i64| TDim::from(*value))
        }
        DatumType::Bool => Ok(tensor.cast_to_dt(DatumType::Bool)?.into_owned()),
        other => bail!("integers are not cast to {other:?}"),
    }
}

fn from_strings(tensor: &Tensor, to: DatumType) -> TractResult<Tensor> {
    let float = |text: &String| read_float(text);
    let integer = |text: &String| read_integer(text, to);
    match to {
        #[expect(clippy::cast_possible_truncation, reason = "a float32 is asked for")]
        DatumType::F32 => try_collect(tensor, |text| Ok(float(text)? as f32)),
        DatumType::F64 => try_collect(tensor, float),
        DatumType::Bool => try_collect(tensor, |text| Ok(integer(text)? != 0)),
        DatumType::U64 => try_collect(tensor, |text| Ok(u64::try_from(integer(text)?)?)),
        DatumType::TDim => try_collect(tensor, |text| Ok(TDim::from(i64::try_from(integer(text)?)?))),
        to if to.is_integer() => {
            let values = try_collect(tensor, |text| Ok(i64::try_from(integer(text)?)?))?;
            Ok(values.cast_to_dt(to)?.into_owned())
        }
        other => bail!("strings are not cast to {other:?}"),
    }
}

fn read_float(text: &str) -> TractResult<f64> {
    let wrong = || format_err!("expected a number, found the text '{text}'");
    let value: f64 = text.trim().parse().map_err(|_| wrong())?;
    // Digits that no float64 holds are an error, unlike the word for infinity.
    let is_word = text.trim().trim_start_matches(['+', '-']).starts_with(['i', 'I']);
    ensure!(value.is_finite() || value.is_nan() || is_word, wrong());
    Ok(value)
}

/// Digits with a sign, and a fraction that is dropped; they fit into 64 bits of the kind that `to` has.
fn read_integer(text: &str, to: DatumType) -> TractResult<i128> {
    let wrong = || format_err!("expected an integer, found the text '{text}'");
    let trimmed = text.trim();
    let (digits, fraction) = trimmed.split_once('.').unwrap_or((trimmed, ""));
    ensure!(fraction.bytes().all(|digit| digit.is_ascii_digit()), wrong());
    let value: i128 = digits.parse().map_err(|_| wrong())?;
    let largest = if to.is_unsigned() { i128::from(u64::MAX) } else { i128::from(i64::MAX) };
    let smallest = if to.is_unsigned() { 0 } else { i128::from(i64::MIN) };
    ensure!((smallest..=largest).contains(&value), wrong());
    Ok(value)
}

/// As the instruction `cvttsd2si` with 64 bits has it.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn to_i64(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&value) { value as i64 } else { i64::MIN }
}

/// As the instruction `cvttsd2si` with 32 bits has it.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn to_i32(value: f64) -> i32 {
    if value > -2_147_483_649.0 && value < 2_147_483_648.0 { value as i32 } else { i32::MIN }
}

/// As compilers put it together from signed conversions.
fn to_u64(value: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if value >= HALF { to_i64(value - HALF).cast_unsigned() ^ 1 << 63 } else { to_i64(value).cast_unsigned() }
}

fn low_byte(value: i32) -> u8 {
    value.to_le_bytes()[0]
}

fn low_half(value: i32) -> u16 {
    let [first, second, ..] = value.to_le_bytes();
    u16::from_le_bytes([first, second])
}

fn low_word(value: i64) -> u32 {
    let [first, second, third, fourth, ..] = value.to_le_bytes();
    u32::from_le_bytes([first, second, third, fourth])
}

/// The number with up to eight significant digits, as C's `%.8g` writes it.
fn general(value: f64) -> String {
    const DIGITS: i32 = 8;
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "INF" } else { "-INF" }.into();
    }
    let scientific = format!("{value:.7e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let trimmed = |digits: &str| match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits.to_owned(),
    };
    match exponent.parse::<i32>() {
        Ok(power) if (-4..DIGITS).contains(&power) => {
            let decimals = usize::try_from(DIGITS - 1 - power).unwrap_or(0);
            trimmed(&format!("{value:.decimals$}"))
        }
        Ok(power) => {
            let sign = if power < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", trimmed(mantissa), power.abs())
        }
        Err(_) => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Numbers from onnxruntime 1.32.0 on x86-64.
    const FLOATS: [f64; 16] = [
        1.5,
        -1.5,
        128.0,
        200.7,
        -1.0,
        -129.0,
        300.0,
        70000.0,
        2_147_483_648.0,
        -2_147_483_904.0,
        1.7e12,
        9.3e18,
        1.9e19,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];

    fn cast_floats<T: Datum + Clone>() -> Vec<T> {
        let output = convert(&tensor1(&FLOATS), T::datum_type()).unwrap();
        output.try_as_plain_ram().unwrap().as_slice::<T>().unwrap().to_vec()
    }

    #[test]
    fn floats_become_integers_as_in_onnxruntime() {
        assert_eq!(cast_floats::<i8>(), [1, -1, -128, -56, -1, 127, 44, 112, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(cast_floats::<u8>(), [1, 255, 128, 200, 255, 127, 44, 112, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            cast_floats::<u16>(),
            [1, 65535, 128, 200, 65535, 65407, 300, 4464, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        const I32: i32 = i32::MIN;
        assert_eq!(
            cast_floats::<i32>(),
            [1, -1, 128, 200, -1, -129, 300, 70000, I32, I32, I32, I32, I32, I32, I32, I32]
        );
        // Beyond 32 bits onnxruntime's own answer depends on the place in the tensor.
        assert_eq!(
            cast_floats::<u32>()[..9],
            [1, 4_294_967_295, 128, 200, 4_294_967_295, 4_294_967_167, 300, 70000, 2_147_483_648]
        );
        const I64: i64 = i64::MIN;
        assert_eq!(
            cast_floats::<i64>()[7..],
            [70000, 2_147_483_648, -2_147_483_904, 1_700_000_000_000, I64, I64, I64, I64, I64]
        );
        assert_eq!(
            cast_floats::<u64>()[9..],
            [
                18_446_744_071_562_067_712,
                1_700_000_000_000,
                9_300_000_000_000_000_000,
                0,
                0,
                9_223_372_036_854_775_808,
                9_223_372_036_854_775_808
            ]
        );
    }

    #[test]
    fn numbers_become_strings_with_eight_digits() {
        for (value, text) in [
            (0.1, "0.1"),
            (1.0 / 3.0, "0.33333333"),
            (1e20, "1e+20"),
            (1e-5, "1e-05"),
            (100_000.0, "100000"),
            (123_456_789.0, "1.2345679e+08"),
            (-0.0, "-0"),
            (255.899_993_896_484_38, "255.89999"),
            (f64::NEG_INFINITY, "-INF"),
        ] {
            assert_eq!(general(value), text);
        }
        let counts = convert(&tensor1(&[1_700_000_000_000_i64, -1]), DatumType::String).unwrap();
        assert_eq!(counts.try_as_plain_ram().unwrap().as_slice::<String>().unwrap(), ["1700000000000", "-1"]);
    }

    #[test]
    fn strings_become_numbers_or_are_named() {
        let read = |text: &str| read_integer(text, DatumType::I64).ok();
        assert_eq!(
            [" 42", "-7 ", "3.7", "+5", "-0"].map(read),
            [Some(42), Some(-7), Some(3), Some(5), Some(0)]
        );
        assert_eq!(["", "abc", "1e3", "0x10", "9223372036854775808"].map(read), [None; 5]);
        assert_eq!(read_float("1e3").unwrap(), 1000.0);
        assert_eq!(read_float("-INF").unwrap(), f64::NEG_INFINITY);
        assert!(read_float("nan").unwrap().is_nan());
        assert!(read_float("1.5e400").is_err());
        assert_eq!(read_float("seven").unwrap_err().to_string(), "expected a number, found the text 'seven'");
    }
}

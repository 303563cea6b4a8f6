//! Combinations of features: crosses, polynomials, n-grams.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, StringArray, StructArray};

use super::{STRINGS, int_option, option, out_of, string_option};
use crate::data::{CastMode, DataType, Scalar, StructField, TimeZones, cast};
use crate::diag::{Code, Error, Invariant, Result};
use crate::function::array_view::{ArrayView, TokenView};
use crate::function::{Argument, BatchCall, Body, Function, Signature, Type};
use crate::limits::NGRAM_BYTES;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.FEATURE_CROSS",
        "All combinations of 2 or more STRING features of a struct, joined by `_`; of 2 unless a degree is given.",
        &[Signature::infer(&[Type::Struct, Type::Int64], cross_type, Body::Scalar(cross)).optional(1)],
    ),
    Function::new(
        "ML.POLYNOMIAL_EXPAND",
        "All products of up to 2 of the numeric features of a struct, or of as many as the degree says, as strings.",
        &[Signature::infer(&[Type::Struct, Type::Int64], polynomial_type, Body::Scalar(polynomial))
            .optional(1)],
    ),
    Function::new(
        "ML.NGRAMS",
        "Joins runs of consecutive tokens. The second argument is the length of the runs, or a range of lengths.",
        &[
            Signature::scalar(&[STRINGS, Type::Int64, Type::String], STRINGS, ngrams).optional(1),
            Signature::scalar(&[STRINGS, Type::ArrayOf(&Type::Int64), Type::String], STRINGS, ngrams)
                .optional(1),
        ],
    ),
];

/// How many features a combination has at most, unless it is given.
const DEFAULT_DEGREE: usize = 2;

/// What tells crosses from polynomials.
struct Rules {
    /// How many features a combination has at least.
    least: usize,
    degrees: std::ops::RangeInclusive<usize>,
    /// Whether a feature is combined with itself.
    repeated: bool,
    takes: fn(&DataType) -> bool,
    kind: &'static str,
    remedy: &'static str,
}

const CROSS: Rules = Rules {
    least: 2,
    degrees: 2..=4,
    repeated: false,
    takes: |data_type| *data_type == DataType::String,
    kind: "STRING",
    remedy: "write CAST(feature AS STRING) AS name",
};

const POLYNOMIAL: Rules = Rules {
    least: 1,
    degrees: 1..=4,
    repeated: true,
    takes: DataType::is_numeric,
    kind: "number",
    remedy: "write CAST(feature AS FLOAT64) AS name",
};

impl Rules {
    /// The degree that an option gives.
    fn degree(&self, found: i64) -> Result<usize> {
        let degree = usize::try_from(found).ok().filter(|degree| self.degrees.contains(degree));
        degree.ok_or_else(|| self.wrong_degree(found))
    }

    #[cold]
    fn wrong_degree(&self, found: impl std::fmt::Display) -> Error {
        let (least, most) = (self.degrees.start(), self.degrees.end());
        out_of("degree", &format!("as a constant from {least} to {most}"), found)
    }
}

fn cross_type(args: &[Argument]) -> Result<DataType> {
    combined_type(args, &CROSS)
}

fn polynomial_type(args: &[Argument]) -> Result<DataType> {
    combined_type(args, &POLYNOMIAL)
}

/// One STRING for each combination, named after its features.
fn combined_type(args: &[Argument], rules: &Rules) -> Result<DataType> {
    let degree = match args.get(1).map(|degree| &degree.literal) {
        None | Some(Some(Scalar::Null)) => DEFAULT_DEGREE,
        Some(Some(Scalar::Int64(degree))) => rules.degree(*degree)?,
        Some(Some(found)) => return Err(rules.wrong_degree(found)),
        Some(None) => return Err(rules.wrong_degree("an expression")),
    };
    let Some(DataType::Struct(features)) = args.first().map(|features| &features.data_type) else {
        return Err(Error::new(Code::TypeMismatch, "expected the features as a STRUCT")
            .hint("write STRUCT(a AS a, b AS b)"));
    };
    if !(rules.least..=10).contains(&features.len()) {
        return Err(out_of("STRUCT", &format!("of {} to 10 features", rules.least), features.len()));
    }
    for (index, feature) in features.iter().enumerate() {
        let mut earlier = features.iter().take(index);
        if feature.name.is_empty() {
            return Err(Error::new(Code::InvalidValue, format!("feature {} has no name", index + 1))
                .hint("write STRUCT(value AS name, …)"));
        }
        if earlier.any(|other| other.name.eq_ignore_ascii_case(&feature.name)) {
            return Err(Error::new(Code::InvalidValue, format!("two features are named `{}`", feature.name)));
        }
        if !(rules.takes)(&feature.data_type) {
            return Err(Error::new(
                Code::TypeMismatch,
                format!(
                    "expected feature `{}` as a {}, found {}",
                    feature.name, rules.kind, feature.data_type
                ),
            )
            .hint(rules.remedy));
        }
    }
    let field = |combination: Vec<&StructField>| {
        let names: Vec<_> = combination.into_iter().map(|feature| feature.name.as_str()).collect();
        StructField { name: names.join("_"), data_type: DataType::String }
    };
    let features: Vec<_> = features.iter().collect();
    Ok(DataType::Struct(combinations(&features, degree, rules).into_iter().map(field).collect()))
}

/// The combinations of up to `degree` features, those that begin alike side by side.
fn combinations<T: Copy>(features: &[T], degree: usize, rules: &Rules) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    // Combinations, each with the features that it may be extended by.
    let mut unfinished = vec![(Vec::new(), features)];
    while let Some((combination, mut candidates)) = unfinished.pop() {
        let mut extended = Vec::new();
        while let Some((feature, rest)) = candidates.split_first().filter(|_| combination.len() < degree) {
            let combination = [combination.as_slice(), &[*feature]].concat();
            extended.push((combination, if rules.repeated { candidates } else { rest }));
            candidates = rest;
        }
        // The last in is the first out.
        unfinished.extend(extended.into_iter().rev());
        if combination.len() >= rules.least {
            all.push(combination);
        }
    }
    all
}

fn cross(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let strings = |column: &'_ ArrayRef| column.as_string_opt::<i32>().cloned().ok_or_else(layout);
    let features = feature_columns(call)?.iter().map(strings).collect::<Result<Vec<_>>>()?;
    combined(call, &CROSS, &features, &|combination, index| {
        let values = combination.iter().map(|feature| feature.is_valid(index).then(|| feature.value(index)));
        Some(values.collect::<Option<Vec<_>>>()?.join("_"))
    })
}

fn polynomial(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let features = feature_columns(call)?.iter().map(floats).collect::<Result<Vec<_>>>()?;
    combined(call, &POLYNOMIAL, &features, &|combination, index| {
        let values = combination.iter().map(|feature| feature.is_valid(index).then(|| feature.value(index)));
        values.product::<Option<f64>>().map(decimal_text)
    })
}

fn floats(column: &ArrayRef) -> Result<Float64Array> {
    let floats = match column.as_primitive_opt::<Int64Type>() {
        Some(_) => {
            cast(column, &DataType::Int64, &DataType::Float64, CastMode::Strict, &TimeZones::default())?
        }
        None => column.clone(),
    };
    floats.as_primitive_opt::<Float64Type>().cloned().ok_or_else(layout)
}

/// The number with a decimal point, as JSON has FLOAT64: `2.0`.
fn decimal_text(value: f64) -> String {
    let mut text = Scalar::Float64(value).to_string();
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        text.push_str(".0");
    }
    text
}

/// The fields of the struct argument.
fn feature_columns<'a>(call: &'a BatchCall<'_>) -> Result<&'a [ArrayRef]> {
    Ok(call.arg(0)?.array().as_struct_opt().ok_or_else(layout)?.columns())
}

/// A STRING for each combination and row: `combine` makes it of the values at an index of the features' columns.
fn combined<T>(
    call: &BatchCall<'_>,
    rules: &Rules,
    features: &[T],
    combine: &dyn Fn(&[&T], usize) -> Option<String>,
) -> Result<ArrayRef> {
    let arrow_schema::DataType::Struct(fields) = call.returns.storage() else { return Err(layout()) };
    let degree = int_option(call, 1, "degree")?.map_or(Ok(DEFAULT_DEGREE), |degree| rules.degree(degree))?;
    let features: Vec<_> = features.iter().collect();
    let operand = call.arg(0)?;
    let columns = combinations(&features, degree, rules)
        .iter()
        .map(|combination| call.strings(&|row| Ok(combine(combination, operand.index(row)).map(Cow::Owned))))
        .collect::<Result<_>>()?;
    StructArray::try_new(fields, columns, call.nulls())
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| layout().detail(error))
}

/// `ML.NGRAMS(tokens, range [, separator])`, ordered by the first token, then by length. NULL tokens are skipped.
fn ngrams(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (least, most) = ngram_range(call)?;
    let separator = string_option(call, 2, "separator")?.unwrap_or(" ");
    let tokens = TokenView::new(call.arg(0)?)?;
    let bytes = Cell::new(0);
    #[expect(clippy::indexing_slicing, reason = "the loops end with the tokens")]
    call.arrays(
        &|row, grams| {
            let tokens: Vec<_> = tokens.get(row).flatten().collect();
            for start in 0..tokens.len() {
                for end in start.saturating_add(least)..=tokens.len().min(start.saturating_add(most)) {
                    let gram = tokens[start..end].join(separator);
                    bytes.set(bytes.get() + gram.len());
                    if bytes.get() > NGRAM_BYTES {
                        return Err(Error::new(
                            Code::LimitExceeded,
                            "the n-grams are longer than 256 MiB together",
                        )
                        .hint("ask for a smaller range"));
                    }
                    grams.push(gram);
                }
            }
            Ok(())
        },
        &|grams: Vec<String>| Ok(Arc::new(StringArray::from_iter_values(grams))),
    )
}

/// `[least, most]`, or one number for both.
fn ngram_range(call: &BatchCall<'_>) -> Result<(usize, usize)> {
    let Some(operand) = option(call, 1, "range")? else { return Ok((1, 1)) };
    let range = match operand.ints() {
        Ok(number) => vec![number.at(0); 2],
        Err(_) => {
            let arrays = ArrayView::new(operand)?;
            let values = arrays.values().as_primitive_opt::<Int64Type>().ok_or_else(layout)?.values();
            values.get(arrays.range(0)).invariant("the elements of an array")?.to_vec()
        }
    };
    // More tokens than memory can hold are as good as any number of them.
    let length = |length: i64| usize::try_from(length).unwrap_or(usize::MAX);
    match range.as_slice() {
        &[least, most] if 0 < least && least <= most => Ok((length(least), length(most))),
        found => Err(out_of("range", "as [low, high] with 0 < low <= high", format_args!("{found:?}"))
            .hint("write [2, 3], or 2 for both")),
    }
}

fn layout() -> Error {
    Error::internal("features have the layout of their type")
}

//! Features combined with one another: crosses, polynomials, n-grams.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, StringArray, StructArray};

use super::{TEXTS, option, out_of};
use crate::data::{CastMode, DataType, Operand, Scalar, StructField, cast};
use crate::diag::{Code, Error, Result};
use crate::function::list::{Lists, Tokens};
use crate::function::{Argument, BatchCall, Body, Function, Signature, Type};
use crate::limits::NGRAM_BYTES;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.FEATURE_CROSS",
        "All combinations of two and more texts of a struct, joined by `_`.",
        &[Signature::infer(&[Type::Struct, Type::Int64], cross_type, Body::Scalar(cross)).optional(1)],
    ),
    Function::new(
        "ML.POLYNOMIAL_EXPAND",
        "All products of the numbers of a struct, as texts; of two of them at most unless a degree is given.",
        &[Signature::infer(&[Type::Struct, Type::Int64], polynomial_type, Body::Scalar(polynomial))
            .optional(1)],
    ),
    Function::new(
        "ML.NGRAMS",
        "Neighbouring tokens joined, as many as a range says.",
        &[
            Signature::scalar(&[TEXTS, Type::Int64, Type::String], TEXTS, ngrams).optional(1),
            Signature::scalar(&[TEXTS, Type::ArrayOf(&Type::Int64), Type::String], TEXTS, ngrams).optional(1),
        ],
    ),
];

/// What tells crosses from polynomials.
struct Rules {
    least: usize,
    degrees: std::ops::RangeInclusive<i64>,
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
    takes: |it| *it == DataType::String,
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

fn cross_type(args: &[Argument]) -> Result<DataType> {
    combined_type(args, &CROSS)
}

fn polynomial_type(args: &[Argument]) -> Result<DataType> {
    combined_type(args, &POLYNOMIAL)
}

/// One STRING for each combination, named after its features.
fn combined_type(args: &[Argument], rules: &Rules) -> Result<DataType> {
    let degree = match args.get(1).map(|it| &it.literal) {
        None | Some(Some(Scalar::Null)) => 2,
        Some(Some(Scalar::Int64(degree))) if rules.degrees.contains(degree) => *degree,
        Some(found) => {
            let found = found.as_ref().map_or_else(|| "an expression".into(), ToString::to_string);
            let expected = format!("as a constant from {} to {}", rules.degrees.start(), rules.degrees.end());
            return Err(out_of("degree", &expected, found));
        }
    };
    let Some(DataType::Struct(features)) = args.first().map(|it| &it.data_type) else {
        return Err(Error::new(Code::TypeMismatch, "expected the features as a STRUCT")
            .hint("write STRUCT(a AS a, b AS b)"));
    };
    if !(rules.least..=10).contains(&features.len()) {
        return Err(out_of("STRUCT", &format!("of {} to 10 features", rules.least), features.len()));
    }
    for (at, feature) in features.iter().enumerate() {
        let earlier = features.iter().take(at);
        if feature.name.is_empty() {
            return Err(Error::new(Code::InvalidValue, format!("feature {} has no name", at + 1))
                .hint("write STRUCT(value AS name, …)"));
        }
        if earlier.into_iter().any(|it| it.name.eq_ignore_ascii_case(&feature.name)) {
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
    let degree = usize::try_from(degree).unwrap_or(2);
    let name = |combination: &Vec<usize>| {
        let names: Vec<_> = combination.iter().filter_map(|at| features.get(*at)).collect();
        names.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join("_")
    };
    let combined = combinations(features.len(), degree, rules);
    let fields = combined.iter().map(|it| StructField { name: name(it), data_type: DataType::String });
    Ok(DataType::Struct(fields.collect()))
}

/// The combinations of up to `degree` of `count` features, those that begin alike side by side.
fn combinations(count: usize, degree: usize, rules: &Rules) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    let mut grown = vec![Vec::new()];
    while let Some(combination) = grown.pop() {
        let first = combination.last().map_or(0, |last| last + usize::from(!rules.repeated));
        if combination.len() < degree {
            // The last in is the first out.
            grown.extend((first..count).rev().map(|next| [combination.as_slice(), &[next]].concat()));
        }
        if combination.len() >= rules.least {
            all.push(combination);
        }
    }
    all
}

fn cross(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let features = Features::new(call)?;
    let columns: Vec<_> = features
        .columns
        .iter()
        .map(|column| column.as_string_opt::<i32>().ok_or_else(layout))
        .collect::<Result<_>>()?;
    features.combined(call, &CROSS, &|combination, at| {
        let texts = combination.iter().map(|it| {
            let column = columns.get(*it)?;
            column.is_valid(at).then(|| column.value(at))
        });
        Some(texts.collect::<Option<Vec<_>>>()?.join("_"))
    })
}

fn polynomial(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let features = Features::new(call)?;
    let columns = features.columns.iter().map(floats).collect::<Result<Vec<_>>>()?;
    features.combined(call, &POLYNOMIAL, &|combination, at| {
        let mut product = 1.0;
        for feature in combination {
            let column = columns.get(*feature)?;
            product *= column.is_valid(at).then(|| column.value(at))?;
        }
        Some(decimal_text(product))
    })
}

fn floats(column: &ArrayRef) -> Result<Float64Array> {
    let floats = match column.as_primitive_opt::<Int64Type>() {
        Some(_) => cast(column, &DataType::Int64, &DataType::Float64, CastMode::Strict)?,
        None => column.clone(),
    };
    floats.as_primitive_opt::<Float64Type>().cloned().ok_or_else(layout)
}

/// The number with a point, as JSON texts of FLOAT64 have it: `2.0`.
fn decimal_text(value: f64) -> String {
    let mut text = Scalar::Float64(value).to_string();
    if text.bytes().all(|it| it.is_ascii_digit() || it == b'-') {
        text.push_str(".0");
    }
    text
}

/// The fields of a struct argument.
struct Features<'a> {
    operand: &'a Operand,
    columns: &'a [ArrayRef],
}

impl<'a> Features<'a> {
    fn new(call: &'a BatchCall<'_>) -> Result<Self> {
        let operand = call.arg(0)?;
        let columns = operand.array().as_struct_opt().ok_or_else(layout)?.columns();
        Ok(Self { operand, columns })
    }

    /// A text for each combination and row, of the values that stand at the given place.
    fn combined(
        &self,
        call: &BatchCall<'_>,
        rules: &Rules,
        text: &dyn Fn(&[usize], usize) -> Option<String>,
    ) -> Result<ArrayRef> {
        option(call, 1, "degree")?;
        let arrow_schema::DataType::Struct(fields) = call.returns.storage() else { return Err(layout()) };
        // The type knows how many features the longest combination has.
        let degree = call.args.get(1).map_or(Ok(Some(2)), |it| Ok(it.ints()?.get(0)))?.unwrap_or(2);
        let degree = usize::try_from(degree).unwrap_or(2);
        let columns = combinations(self.columns.len(), degree, rules)
            .iter()
            .map(|it| call.texts(&|row| Ok(text(it, self.operand.index(row)).map(Cow::Owned))))
            .collect::<Result<_>>()?;
        StructArray::try_new(fields, columns, call.nulls())
            .map(|array| Arc::new(array) as ArrayRef)
            .map_err(|error| layout().detail(error))
    }
}

/// `ML.NGRAMS(tokens, range [, separator])`, ordered by the first token, then by length. NULL tokens are skipped.
fn ngrams(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (least, most) = ngram_range(call)?;
    let separator = match option(call, 2, "separator")? {
        Some(operand) => operand.texts()?.get(0).unwrap_or_default(),
        None => " ",
    };
    let tokens = Tokens::new(call.arg(0)?)?;
    let bytes = Cell::new(0);
    call.arrays(
        &|row, grams| {
            let tokens: Vec<_> = tokens.get(row).flatten().collect();
            for start in 0..tokens.len() {
                let rest = tokens.get(start..).unwrap_or_default();
                for length in least..=most.min(rest.len()) {
                    let gram = rest.get(..length).unwrap_or_default().join(separator);
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
        Ok(number) => number.get(0).map(|it| vec![it, it]),
        Err(_) => {
            let lists = Lists::new(operand)?;
            let values = lists.values().as_primitive_opt::<Int64Type>().ok_or_else(layout)?.values();
            values.get(lists.range(0)).map(<[i64]>::to_vec)
        }
    };
    let range = range.unwrap_or_default();
    match range.as_slice() {
        &[least, most] if 0 < least && least <= most => {
            Ok((usize::try_from(least).unwrap_or(usize::MAX), usize::try_from(most).unwrap_or(usize::MAX)))
        }
        found => Err(out_of("range", "as [low, high] with 0 < low <= high", format_args!("{found:?}"))
            .hint("write [2, 3], or 2 for both")),
    }
}

fn layout() -> Error {
    Error::new(Code::Internal, "features have another layout than their type")
}

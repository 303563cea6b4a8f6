//! Functions that number the rows of a window, or take values of its rows. Sources: GoogleSQL, "Numbering functions" and
//! "Navigation functions".

use super::{Body, Function, Navigation, Ranking, Signature, Type};

/// A signature of a navigation function.
const fn navigation(args: &'static [Type], returns: Type, navigation: Navigation) -> Signature {
    Signature::new(args, returns, Body::Navigation(navigation))
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ROW_NUMBER",
        "The number of the row in its partition, from 1.",
        &[Signature::new(&[], Type::Int64, Body::Ranking(Ranking::RowNumber))],
    ),
    Function::new(
        "RANK",
        "The rank of the row in its partition, from 1. Peers share a rank, and a gap follows them.",
        &[Signature::new(&[], Type::Int64, Body::Ranking(Ranking::Rank))],
    ),
    Function::new(
        "DENSE_RANK",
        "The rank of the row in its partition, from 1. Peers share a rank, and no gap follows them.",
        &[Signature::new(&[], Type::Int64, Body::Ranking(Ranking::DenseRank))],
    ),
    Function::new(
        "PERCENT_RANK",
        "The rank of the row as a fraction: (RANK - 1) / (rows - 1), 0 in a partition of one row.",
        &[Signature::new(&[], Type::Float64, Body::Ranking(Ranking::PercentRank))],
    ),
    Function::new(
        "CUME_DIST",
        "The fraction of the partition's rows that do not come after the row.",
        &[Signature::new(&[], Type::Float64, Body::Ranking(Ranking::CumeDist))],
    ),
    Function::new(
        "NTILE",
        "The number of the row's bucket, from 1, where the rows are divided into so many buckets of nearly one size.",
        &[navigation(&[Type::Int64], Type::Int64, Navigation::Ntile)],
    ),
    Function::new(
        "LAG",
        "The value of the row before, or of so many rows before; the default, or NULL, where there is none.",
        &[navigation(&[Type::Any, Type::Int64, Type::Any], Type::Any, Navigation::Lag).optional(2)],
    ),
    Function::new(
        "LEAD",
        "The value of the row behind, or of so many rows behind; the default, or NULL, where there is none.",
        &[navigation(&[Type::Any, Type::Int64, Type::Any], Type::Any, Navigation::Lead).optional(2)],
    ),
    Function::new(
        "FIRST_VALUE",
        "The value of the first row of the frame.",
        &[navigation(&[Type::Any], Type::Any, Navigation::FirstValue)],
    )
    .with_nulls(),
    Function::new(
        "LAST_VALUE",
        "The value of the last row of the frame.",
        &[navigation(&[Type::Any], Type::Any, Navigation::LastValue)],
    )
    .with_nulls(),
    Function::new(
        "NTH_VALUE",
        "The value of the row of the frame with this number, from 1; NULL where there are fewer.",
        &[navigation(&[Type::Any, Type::Int64], Type::Any, Navigation::NthValue)],
    )
    .with_nulls(),
    Function::new(
        "PERCENTILE_CONT",
        "The value at this fraction of the partition's values, between the two nearest ones.",
        &[
            navigation(&[Type::Float64, Type::Float64], Type::Float64, Navigation::PercentileCont),
            navigation(&[Type::Numeric, Type::Float64], Type::Numeric, Navigation::PercentileCont),
            navigation(&[Type::BigNumeric, Type::Float64], Type::BigNumeric, Navigation::PercentileCont),
        ],
    )
    .with_nulls(),
    Function::new(
        "PERCENTILE_DISC",
        "The first of the partition's values, in their order, that this fraction of them does not exceed.",
        &[navigation(&[Type::Ordered, Type::Float64], Type::Ordered, Navigation::PercentileDisc)],
    )
    .with_nulls(),
];

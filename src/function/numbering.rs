//! Functions that number the rows of a window. Source: GoogleSQL, "Numbering functions".

use super::{Body, Function, Ranking, Signature, Type};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ROW_NUMBER",
        "The number of the row in the order of its partition, from 1.",
        &[Signature::new(&[], Type::Int64, Body::Ranking(Ranking::RowNumber))],
    ),
    Function::new(
        "RANK",
        "One more than the rows in front of this one and its peers.",
        &[Signature::new(&[], Type::Int64, Body::Ranking(Ranking::Rank))],
    ),
    Function::new(
        "DENSE_RANK",
        "One more than the different places in front of this one.",
        &[Signature::new(&[], Type::Int64, Body::Ranking(Ranking::DenseRank))],
    ),
];

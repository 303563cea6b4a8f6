//! Functions that number the rows of a window. Source: GoogleSQL, "Numbering functions".

use super::{Body, Function, Ranking, Signature, Type};

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
];

//! Products of matrices.

use super::{Table, broadcast, tensor};
use crate::onnx::{Attribute, Graph, Tensor};
use crate::refusal::Result;
use crate::tensorflow::call::Call;

pub(super) const TABLE: &Table = &[
    ("BatchMatMul", |graph, call| product(graph, call, ["adj_x", "adj_y"])),
    ("BatchMatMulV2", |graph, call| product(graph, call, ["adj_x", "adj_y"])),
    ("BatchMatMulV3", |graph, call| product(graph, call, ["adj_x", "adj_y"])),
    ("Einsum", |graph, call| {
        let inputs = call.inputs.iter().map(|input| graph.channels_last(input)).collect();
        let equation = call.text_of("equation")?.to_owned();
        let dims = einsum_dims(&equation, &call.inputs);
        let name = graph.push("Einsum", call.name(), inputs, vec![("equation", Attribute::Text(equation))]);
        Ok(vec![tensor(name, call.input(0)?, dims)])
    }),
    ("MatMul", |graph, call| product(graph, call, ["transpose_a", "transpose_b"])),
];

/// The product of two matrices, or of as many as there are; the flags say which of them are transposed.
fn product(graph: &mut Graph, call: &Call<'_>, flags: [&str; 2]) -> Result<Vec<Tensor>> {
    let mut sides = Vec::new();
    for (place, flag) in flags.into_iter().enumerate() {
        let rank = call.rank(place)?;
        let input = call.input(place)?;
        let mut side = Tensor { name: graph.channels_last(input), channels_first: false, ..input.clone() };
        if call.flag(flag) && rank >= 2 {
            let mut order: Vec<usize> = (0..rank).collect();
            order.swap(rank - 2, rank - 1);
            side.name = graph.permuted(&side, &order);
            side.dims.iter_mut().for_each(|dims| dims.swap(rank - 2, rank - 1));
        }
        sides.push(side);
    }
    let [one, other] = sides.as_slice() else { return Err(call.invalid("has no two inputs")) };
    let name = graph.push("MatMul", call.name(), vec![one.name.clone(), other.name.clone()], Vec::new());
    let dims = one.dims.as_deref().zip(other.dims.as_deref()).and_then(|(one, other)| {
        let ([one @ .., rows, _], [other @ .., _, columns]) = (one, other) else { return None };
        let many = broadcast(&Some(one.to_vec()), &Some(other.to_vec()))?;
        Some([many, vec![*rows, *columns]].concat())
    });
    Ok(vec![tensor(name, one, dims)])
}

/// The lengths of the letters behind the arrow.
fn einsum_dims(equation: &str, inputs: &[Tensor]) -> crate::onnx::Dims {
    let (read, written) = equation.split_once("->")?;
    if equation.contains('.') {
        return None;
    }
    let lengths: Vec<(char, Option<usize>)> = read
        .split(',')
        .zip(inputs)
        .flat_map(|(letters, input)| {
            letters.chars().enumerate().map(|(axis, letter)| (letter, input.dim(axis)))
        })
        .collect();
    let length =
        |letter: char| lengths.iter().find_map(|(known, length)| length.filter(|_| *known == letter));
    Some(written.chars().map(length).collect())
}

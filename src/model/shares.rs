//! Attributions without runs of the model: where a prediction is a sum of trees or a weighted sum of the columns.

use arrow_array::ArrayRef;

use super::Model;
use super::row_axis::BatchSize;
use crate::data::DataType;
use crate::diag::{Error, Invariant, Result, ensure};
use crate::interpreter::InputShapes;
use crate::tensor::{Attributed, Parts, Shares, Tensor};

/// Columns for the inputs of a model's signature, and how many rows they have.
pub(crate) struct Columns<'a> {
    pub(crate) values: &'a [Option<ArrayRef>],
    pub(crate) rows: usize,
    /// How many rows the query has had before.
    pub(crate) first_row: usize,
}

impl Model {
    /// Whether [`shares`](Self::shares) are known of the column of the signature, or of the scores of trees that
    /// know how many rows of their training went which way.
    pub(crate) fn has_shares(&self, shared: Attributed) -> bool {
        let core = &self.core;
        let is_plain = |column: &super::Port| {
            matches!(
                column.data_type,
                DataType::Float64 | DataType::Int64 | DataType::String | DataType::Bool
            ) && column.picture.is_none()
        };
        let is_list = |column: &super::Port| matches!(column.data_type, DataType::Array(_));
        core.batch_size == BatchSize::Any
            && core.optional.is_empty()
            && self.options.nulls.is_none()
            && core.inputs.iter().all(|port| port.free_dims() == 0)
            && self.signature.inputs.iter().all(|column| is_plain(column) || is_list(column))
            && self.in_graph(shared).is_ok_and(|shared| core.interpreter.additive(shared).is_some())
    }

    /// The same with the number of the output of the graph that a column of the signature is.
    fn in_graph(&self, shared: Attributed) -> Result<Attributed> {
        match shared {
            Attributed::Output(column) => {
                self.outputs.plain(column).map(Attributed::Output).invariant("a column that is an output")
            }
            scores => Ok(scores),
        }
    }

    /// What each of `count` players has of the column of the signature, for rows against those of a background,
    /// or without one of the scores of trees.
    /// `players` are those of the columns of the signature.
    ///
    /// # Errors
    /// Those of [`predict`](Self::predict); `internal` for an output without shares.
    pub(crate) fn shares(
        &self,
        shared: Attributed,
        rows: &Columns<'_>,
        background: Option<&Columns<'_>>,
        players: &[u32],
        count: usize,
    ) -> Result<Shares> {
        let core = &self.core;
        let shared = self.in_graph(shared)?;
        let order = core.interpreter.additive(shared).invariant("an output that is a sum")?;
        ensure(players.len() == self.signature.inputs.len(), "every column has a player")?;
        let rows = self.tensors(rows)?;
        let background = background.map(|background| self.tensors(background)).transpose()?;
        let mut of_columns = Vec::new();
        for input in order {
            let port = core.inputs.get(input).invariant("an input of the graph")?;
            let columns = self.inputs.columns_of(&port.name).invariant("columns for each input")?;
            let players = players.get(columns).invariant("a player for each column")?;
            let width = rows.0.get(input).map(|shape| shape.iter().skip(1).product::<usize>());
            match players {
                [player] => of_columns.extend(std::iter::repeat_n(*player, width.invariant("a shape")?)),
                players => of_columns.extend(players),
            }
        }
        core.interpreter.shares(shared, rows, background, &of_columns, count)
    }

    /// The weights or splits that the model is made of, and the names of the columns that they are for; an element of a list
    /// has its number behind the name. `None` for a model of another kind.
    pub(crate) fn parts(&self) -> Option<(Vec<String>, Parts)> {
        let (inputs, parts) = self.core.interpreter.parts()?;
        let mut names = Vec::new();
        for input in inputs {
            let port = self.core.inputs.get(input)?;
            let columns = self.signature.inputs.get(self.inputs.columns_of(&port.name)?)?;
            match columns {
                [column] if port.fixed_width() == 1 => names.push(column.name.clone()),
                [column] => {
                    names.extend((0..port.fixed_width()).map(|place| format!("{}[{place}]", column.name)))
                }
                columns => names.extend(columns.iter().map(|column| column.name.clone())),
            }
        }
        Some((names, parts))
    }

    fn tensors(&self, side: &Columns<'_>) -> Result<(InputShapes, Vec<Tensor>)> {
        let rows = self.inputs.rows(side.values, side.rows, side.first_row)?;
        ensure(rows.positions.is_none(), "no row is left out")?;
        let encoders = self.inputs.encoders(&rows, &self.core.inputs)?;
        let shapes = encoders.iter().map(|encoder| encoder.row_shape(0)).collect::<Result<Vec<_>>>();
        let named = |error: Error| rows.named(error, 0);
        let shapes = shapes.map_err(named)?;
        let tensors = encoders.iter().zip(&shapes).map(|(encoder, shape)| {
            ensure(encoder.end_of_same_shape(0..rows.count)? == rows.count, "rows of one shape")?;
            encoder.tensor(0..rows.count, rows.count, shape)
        });
        let tensors = tensors.collect::<Result<Vec<_>>>().map_err(named)?;
        Ok((self.core.tensor_shapes(rows.count, &shapes), tensors))
    }
}

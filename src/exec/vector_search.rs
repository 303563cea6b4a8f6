//! VECTOR_SEARCH by brute force: every row of the base table is compared with each row of the query.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, StructArray, UInt64Array};

use super::buffer::RowBuffer;
use super::{Context, Input, Operator, Poll, expr, name_numbered_row};
use crate::data::{Batch, DataType, Operand, Schema, SortKey, StructField, row_index, top_indices};
use crate::diag::{Error, Invariant, Result};
use crate::function::{Held, Metric, VectorView};
use crate::plan::Expr;

/// Distances that are computed before the host has a chance to stop.
const DISTANCES_A_PIECE: usize = 1 << 18;

pub(super) struct VectorSearch {
    base: Side,
    query: Side,
    batch: bool,
    top: Option<usize>,
    metric: Metric,
    /// The base's rows until all are there.
    buffer: RowBuffer,
    /// What the query is told of the base.
    held: Option<Held>,
    /// All rows of the base and their vectors.
    searched: Option<(Batch, Operand)>,
    /// The query's latest batch with its vectors, and how many of its rows are done.
    current: Option<(Batch, Operand, usize)>,
}

/// The rows of one side and where their vectors are.
pub(super) struct Side {
    input: Input,
    schema: Schema,
    vector: Expr,
    /// The columns of the struct that stands for a row.
    keep: Vec<usize>,
    rows_before: usize,
}

impl Side {
    pub(super) fn new(input: Input, schema: Schema, vector: Expr, keep: Vec<usize>) -> Self {
        Self { input, schema, vector, keep, rows_before: 0 }
    }

    fn vectors(&mut self, batch: &Batch, ctx: &mut Context) -> Result<Operand> {
        let vectors = expr::evaluate(&self.vector, batch, ctx).map(Operand::column);
        vectors.map_err(|error| name_numbered_row(error, &*self.input, self.rows_before))
    }

    /// The rows at `indices`, each as one struct.
    fn structs(&self, batch: &Batch, indices: &UInt64Array) -> Result<ArrayRef> {
        let rows = batch.select(&self.keep)?.take(indices)?;
        let fields = self
            .keep
            .iter()
            .map(|column| {
                let field = self.schema.fields.get(*column).invariant("a column of a struct is missing")?;
                Ok(StructField { name: field.name.clone(), data_type: field.data_type.clone() })
            })
            .collect::<Result<_>>()?;
        let arrow_schema::DataType::Struct(fields) = DataType::Struct(fields).storage() else {
            return Err(Error::internal("the layout of a struct is a struct"));
        };
        StructArray::try_new_with_length(fields, rows.columns().to_vec(), None, rows.rows())
            .map(|array| Arc::new(array) as ArrayRef)
            .map_err(|error| Error::internal("a row cannot become a struct").detail(error))
    }
}

/// A pair of rows and their distance.
struct Match {
    query: u64,
    base: u64,
    distance: f64,
}

impl VectorSearch {
    pub(super) fn new(base: Side, query: Side, batch: bool, top: Option<usize>, metric: Metric) -> Self {
        Self {
            base,
            query,
            batch,
            top,
            metric,
            buffer: RowBuffer::of("VECTOR_SEARCH"),
            held: None,
            searched: None,
            current: None,
        }
    }

    /// The nearest rows of the base for row `row` of the query's batch, and their distances. Rows without a vector,
    /// and those whose distance is NaN, match nothing.
    fn nearest(
        &self,
        row: usize,
        query: &VectorView<'_>,
        base: &VectorView<'_>,
        rows: usize,
    ) -> Result<Vec<Match>> {
        let name_query_row = |error| name_numbered_row(error, &*self.query.input, self.query.rows_before);
        let Some(wanted) = query.get(row).map_err(name_query_row)? else { return Ok(Vec::new()) };
        let distance = |base_row: usize| match base.get(base_row)? {
            Some(vector) => self.metric.distance(wanted, vector).map(Some),
            None => Ok(None),
        };
        let distances = (0..rows).map(|base_row| {
            let distance = distance(base_row).map_err(|mut error| {
                error.take_row();
                error.context(format_args!("row {} of the base", base_row + 1))
            });
            distance.map(|distance| distance.filter(|value| !value.is_nan()))
        });
        let distances = distances.collect::<Result<Float64Array>>()?;
        let found = rows - distances.null_count();
        let values = distances.values().clone();
        let (data_type, column) = (DataType::Float64, Arc::new(distances));
        let key = SortKey { column, data_type, descending: false, nulls_first: false };
        let nearest = top_indices(rows, &[key], self.top.unwrap_or(found).min(found))?;
        #[expect(clippy::indexing_slicing, reason = "`top_indices` gives rows of the base")]
        let found = |base: &u64| Match { query: row as u64, base: *base, distance: values[row_index(*base)] };
        Ok(nearest.values().iter().map(found).collect())
    }

    /// Buffers the rows of the base; `None` once all are there.
    fn poll_base(&mut self, ctx: &mut Context) -> Result<Option<Poll>> {
        if self.searched.is_some() {
            return Ok(None);
        }
        match self.base.input.poll(ctx)? {
            Poll::Batch(batch) => {
                self.buffer.push(batch, ctx)?;
                Ok(Some(Poll::Working))
            }
            Poll::Done => {
                self.held = self.buffer.take_held();
                let all = self.buffer.take().concat(&self.base.schema)?;
                let vectors = self.base.vectors(&all, ctx)?;
                self.searched = Some((all, vectors));
                Ok(None)
            }
            other => Ok(Some(other)),
        }
    }
}

impl Operator for VectorSearch {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if let Some(poll) = self.poll_base(ctx)? {
            return Ok(poll);
        }
        let (rows, query_vectors, mut done) = match self.current.take() {
            Some(current) => current,
            None => match self.query.input.poll(ctx)? {
                Poll::Batch(batch) => {
                    let vectors = self.query.vectors(&batch, ctx)?;
                    (batch, vectors, 0)
                }
                other => return Ok(other),
            },
        };
        let (base_rows, base_vectors) = self.searched.as_ref().invariant("a search has no base")?;
        let (query, base) = (VectorView::new(&query_vectors)?, VectorView::new(base_vectors)?);
        let mut matches = Vec::new();
        let mut computed = 0;
        let most = ctx.env.limits.batch_rows;
        while done < rows.rows() && computed < DISTANCES_A_PIECE && matches.len() < most {
            matches.extend(self.nearest(done, &query, &base, base_rows.rows())?);
            done += 1;
            computed += base_rows.rows().max(1);
        }
        let mut columns = Vec::with_capacity(3);
        if self.batch {
            columns.push(self.query.structs(&rows, &matches.iter().map(|found| found.query).collect())?);
        }
        columns.push(self.base.structs(base_rows, &matches.iter().map(|found| found.base).collect())?);
        columns.push(Arc::new(matches.iter().map(|found| Some(found.distance)).collect::<Float64Array>()));
        if done < rows.rows() {
            self.current = Some((rows, query_vectors, done));
        } else {
            self.query.rows_before += rows.rows();
        }
        match matches.len() {
            0 => Ok(Poll::Working),
            count => Batch::new(count, columns).map(Poll::Batch),
        }
    }
}

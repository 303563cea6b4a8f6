//! VECTOR_SEARCH: every row of the base is compared with each row of the query.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, StructArray, UInt64Array};

use super::held::Held;
use super::{Context, Input, Operator, Poll, expr, name_row};
use crate::data::{Batch, DataType, Operand, Schema, SortKey, StructField, top_indices};
use crate::diag::{Code, Error, Result};
use crate::function::{Metric, VectorView};
use crate::plan::Expr;

/// Distances that are computed before the host has a chance to stop.
const DISTANCES_A_PIECE: usize = 1 << 18;

pub(super) struct VectorSearch {
    base: Side,
    query: Side,
    batch: bool,
    top: Option<usize>,
    metric: Metric,
    /// The base's rows as they come.
    held: Held,
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
        vectors.map_err(|error| name_row(error, &*self.input, self.rows_before))
    }

    /// The rows at `places`, each as one struct.
    fn structs(&self, batch: &Batch, places: &UInt64Array) -> Result<ArrayRef> {
        let missing = || Error::new(Code::Internal, "a row cannot become a struct");
        let rows = batch.select(&self.keep)?.take(places)?;
        let fields = self.keep.iter().filter_map(|at| self.schema.fields.get(*at));
        let fields = fields
            .map(|field| StructField { name: field.name.clone(), data_type: field.data_type.clone() })
            .collect();
        let arrow_schema::DataType::Struct(fields) = DataType::Struct(fields).storage() else {
            return Err(missing());
        };
        StructArray::try_new_with_length(fields, rows.columns().to_vec(), None, rows.rows())
            .map(|array| Arc::new(array) as ArrayRef)
            .map_err(|error| missing().detail(error))
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
        Self { base, query, batch, top, metric, held: Held::default(), searched: None, current: None }
    }

    /// The nearest rows of the base for row `row` of the query's batch, and how far they are. Rows without a vector,
    /// and those whose distance is not a number, match nothing.
    fn nearest(
        &self,
        row: usize,
        query: &VectorView<'_>,
        base: &VectorView<'_>,
        rows: usize,
    ) -> Result<Vec<Match>> {
        let of_query = |error| name_row(error, &*self.query.input, self.query.rows_before);
        let Some(wanted) = query.get(row).map_err(of_query)? else { return Ok(Vec::new()) };
        let distance = |at: usize| match base.get(at)? {
            Some(vector) => self.metric.distance(wanted, vector).map(Some),
            None => Ok(None),
        };
        let distances = (0..rows).map(|at| {
            let distance = distance(at).map_err(|mut error| {
                error.take_row();
                error.context(format_args!("row {} of the base", at + 1))
            });
            distance.map(|it| it.filter(|it| !it.is_nan()))
        });
        let distances = distances.collect::<Result<Float64Array>>()?;
        let found = rows - distances.null_count();
        let values = distances.values().clone();
        let (data_type, column) = (DataType::Float64, Arc::new(distances));
        let key = SortKey { column, data_type, descending: false, nulls_first: false };
        let nearest = top_indices(rows, &[key], self.top.unwrap_or(found).min(found))?;
        let place = |base: u64| usize::try_from(base).unwrap_or(usize::MAX);
        let distance = |base| values.get(place(base)).copied().unwrap_or_default();
        let matches = nearest.values().iter();
        Ok(matches.map(|base| Match { query: row as u64, base: *base, distance: distance(*base) }).collect())
    }

    /// Takes the base in; whether all of it is there.
    fn take_base(&mut self, ctx: &mut Context) -> Result<Option<Poll>> {
        if self.searched.is_some() {
            return Ok(None);
        }
        match self.base.input.poll(ctx)? {
            Poll::Batch(batch) => {
                self.held.push(batch, ctx)?;
                Ok(Some(Poll::Working))
            }
            Poll::Done => {
                let all = std::mem::take(&mut self.held).concat(&self.base.schema)?;
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
        if let Some(poll) = self.take_base(ctx)? {
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
        let Some((base_rows, base_vectors)) = &self.searched else { return Ok(Poll::Done) };
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
            columns.push(self.query.structs(&rows, &matches.iter().map(|it| it.query).collect())?);
        }
        columns.push(self.base.structs(base_rows, &matches.iter().map(|it| it.base).collect())?);
        columns.push(Arc::new(matches.iter().map(|it| Some(it.distance)).collect::<Float64Array>()));
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

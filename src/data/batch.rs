//! Batches of rows as columns of equal length, and the schema that names and types the columns.

use arrow_array::{Array, ArrayRef, UInt64Array};
use arrow_schema::{Field as ArrowField, Schema as ArrowSchema};

use super::types::{marked, metadata};
use super::{DataType, gather, layout};
#[cfg(not(target_family = "wasm"))]
use crate::diag::Code;
use crate::diag::{Error, Invariant, Result, ensure};

/// A named, typed column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name as written; names are compared without regard to case.
    pub name: String,
    /// The type.
    pub data_type: DataType,
}

/// The columns of a table or query, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    /// The columns.
    pub fields: Vec<Field>,
}

/// Rows as columns. All columns have [`Batch::rows`] values and the layout of their type.
#[derive(Debug, Clone)]
pub struct Batch {
    rows: usize,
    columns: Vec<ArrayRef>,
    apart: Option<Apart>,
}

/// Columns whose values stay where they are, and in which of them the values of each row are.
#[derive(Debug, Clone)]
struct Apart {
    columns: Vec<usize>,
    rows: UInt64Array,
}

impl Field {
    /// A column `name` of `data_type`.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type }
    }
}

impl Schema {
    /// The Arrow schema, as it is written to Arrow IPC.
    pub fn to_arrow(&self) -> ArrowSchema {
        ArrowSchema::new(
            self.fields
                .iter()
                .map(|field| {
                    let arrow = ArrowField::new(&field.name, field.data_type.storage(), true);
                    match metadata(&field.data_type) {
                        Some(kind) => marked(arrow, kind),
                        None => arrow,
                    }
                })
                .collect::<Vec<_>>(),
        )
    }
}

impl Batch {
    /// Rows of `columns`, which have the layout of `schema`: what a host brings as it is in memory.
    ///
    /// # Errors
    /// `invalid-arrow` where the columns are not those of the schema in [`DataType::storage`], or not all `rows` long.
    #[cfg(not(target_family = "wasm"))]
    pub fn of(schema: &Schema, rows: usize, columns: Vec<ArrayRef>) -> Result<Self> {
        let fits = |(field, column): (&Field, &ArrayRef)| {
            column.len() == rows && *column.data_type() == field.data_type.storage()
        };
        if columns.len() != schema.fields.len() || !schema.fields.iter().zip(&columns).all(fits) {
            let found: Vec<_> = columns.iter().map(|it| format!("{} {}", it.len(), it.data_type())).collect();
            let fields = schema.fields.iter().map(|field| format!("{} {}", field.name, field.data_type));
            let expected = fields.collect::<Vec<_>>().join(", ");
            let message =
                format!("expected {rows} rows of {expected}; found columns of {}", found.join(", "));
            return Err(Error::new(Code::InvalidArrow, message));
        }
        Self::new(rows, columns)
    }

    /// The rows of each of `parts` parts by the numbers in a column of INT64: rows of equal numbers are in one part, in their order.
    ///
    /// # Errors
    /// `invalid-arrow` where there is no such column.
    #[cfg(not(target_family = "wasm"))]
    pub fn divided(&self, key: usize, parts: usize) -> Result<Vec<Self>> {
        use arrow_array::cast::AsArray;
        use arrow_array::types::Int64Type;
        let keys = self.columns.get(key).and_then(|column| column.as_primitive_opt::<Int64Type>());
        let no_key = || Error::new(Code::InvalidArrow, format!("column {key} is none of INT64"));
        let keys = keys.ok_or_else(no_key)?;
        let mut rows: Vec<Vec<u64>> = vec![Vec::new(); parts.max(1)];
        for (row, key) in (0..).zip(keys.values()) {
            let part = key.cast_unsigned() % rows.len() as u64;
            let part = usize::try_from(part).ok().and_then(|part| rows.get_mut(part));
            part.invariant("a part below their number")?.push(row);
        }
        rows.into_iter().map(|rows| self.take(&rows.into())).collect()
    }

    /// Rows of `columns`; a batch without columns has `rows` rows too.
    ///
    /// # Errors
    /// `internal` where the columns are not all `rows` long.
    pub(crate) fn new(rows: usize, columns: Vec<ArrayRef>) -> Result<Self> {
        match columns.iter().find(|column| column.len() != rows) {
            None => Ok(Self { rows, columns, apart: None }),
            Some(column) => Err(Error::internal(format!(
                "expected columns of {rows} rows, found one of {}",
                column.len()
            ))),
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns.
    pub fn columns(&self) -> &[ArrayRef] {
        &self.columns
    }

    /// The column at `index`.
    ///
    /// # Errors
    /// `internal` where there is none.
    #[track_caller]
    pub(crate) fn column(&self, index: usize) -> Result<&ArrayRef> {
        self.columns.get(index).invariant("a batch has too few columns")
    }

    /// The rows without the first `rows` of them, and without a copy.
    #[cfg(not(target_family = "wasm"))]
    #[must_use]
    pub fn skip(&self, rows: usize) -> Self {
        self.slice(rows, self.rows)
    }

    /// Rows `offset..offset + rows`, as far as they exist, without a copy.
    pub(crate) fn slice(&self, offset: usize, rows: usize) -> Self {
        let offset = offset.min(self.rows);
        let rows = rows.min(self.rows - offset);
        if rows == self.rows {
            return self.clone();
        }
        Self {
            rows,
            columns: self.columns.iter().map(|column| column.slice(offset, rows)).collect(),
            apart: None,
        }
    }

    /// The columns numbered by `columns`, in that order.
    pub(crate) fn select(&self, columns: &[usize]) -> Result<Self> {
        let columns = columns.iter().map(|index| self.column(*index).cloned()).collect::<Result<_>>()?;
        Ok(Self { rows: self.rows, columns, apart: None })
    }

    /// The columns, then `more`, which are as long.
    pub(crate) fn with(mut self, more: impl IntoIterator<Item = ArrayRef>) -> Result<Self> {
        self.columns.extend(more);
        Self::new(self.rows, self.columns)
    }

    /// The memory that the values take, without those that a slice leaves out.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(layout::bytes).sum()
    }

    /// The rows at `indices`, in that order; NULLs where an index is NULL.
    pub(crate) fn take(&self, indices: &UInt64Array) -> Result<Self> {
        let columns =
            self.columns.iter().map(|column| gather::take(column, indices)).collect::<Result<_>>()?;
        Ok(Self { rows: indices.len(), columns, apart: None })
    }

    /// As [`take`](Self::take), then the columns `more`; those that `apart` numbers are not copied. Only [`unpicked`](Self::unpicked) reads
    /// such a column.
    pub(crate) fn take_apart(
        &self,
        indices: UInt64Array,
        apart: Vec<usize>,
        more: impl IntoIterator<Item = ArrayRef>,
    ) -> Result<Self> {
        let copied = self.columns.iter().enumerate().map(|(number, column)| {
            if apart.contains(&number) { Ok(column.clone()) } else { gather::take(column, &indices) }
        });
        let columns = copied.collect::<Result<Vec<_>>>()?.into_iter().chain(more).collect();
        Ok(Self { rows: indices.len(), columns, apart: Some(Apart { columns: apart, rows: indices }) })
    }

    /// The values that the column at `index` is made of, and which of them the rows have where it is not those themselves.
    ///
    /// # Errors
    /// `internal` where there is no such column.
    pub(crate) fn unpicked(&self, index: usize) -> Result<(&ArrayRef, Option<&UInt64Array>)> {
        let apart = self.apart.as_ref().filter(|apart| apart.columns.contains(&index));
        Ok((self.column(index)?, apart.map(|apart| &apart.rows)))
    }

    /// The rows for which `keep` is true: neither false nor NULL.
    pub(crate) fn filter(&self, keep: &arrow_array::BooleanArray) -> Result<Self> {
        ensure(keep.len() == self.rows, "a condition over other rows")?;
        let kept = gather::kept_rows(keep);
        if kept.len() == self.rows { Ok(self.clone()) } else { self.take(&kept) }
    }

    /// All rows of `batches`, which have the layout of `schema`, in one batch.
    pub(crate) fn concat(schema: &Schema, batches: &[Self]) -> Result<Self> {
        let rows = batches.iter().map(Self::rows).sum();
        let columns = schema
            .fields
            .iter()
            .enumerate()
            .map(|(index, field)| {
                let parts =
                    batches.iter().map(|batch| batch.column(index).cloned()).collect::<Result<Vec<_>>>()?;
                if parts.is_empty() {
                    layout::empty_column(&field.data_type.storage())
                } else {
                    gather::concat(&parts)
                }
            })
            .collect::<Result<_>>()?;
        Self::new(rows, columns)
    }

    /// The rows at `indices` of all `batches`, which have the layout of `schema`. Works column by column: only one
    /// column at a time is in memory three times.
    pub(crate) fn gather(schema: &Schema, mut batches: Vec<Self>, indices: &UInt64Array) -> Result<Self> {
        let mut columns = Vec::with_capacity(schema.fields.len());
        for field in schema.fields.iter().rev() {
            let parts = batches
                .iter_mut()
                .map(|batch| {
                    let column = batch.columns.pop().invariant("a batch has too few columns")?;
                    Ok(Self { rows: batch.rows, columns: vec![column], apart: None })
                })
                .collect::<Result<Vec<_>>>()?;
            let schema = Schema { fields: vec![field.clone()] };
            columns.extend(Self::concat(&schema, &parts)?.take(indices)?.columns);
        }
        columns.reverse();
        Self::new(indices.len(), columns)
    }
}

//! Columns of a table in the types that somebody asks for.

use super::Table;
use crate::data::{Batch, CastMode, ColumnType, DataType, Field, Schema, TimeZones, cast};
use crate::diag::{Code, Error, Invariant, Result};

impl Table {
    /// The columns that are declared, by name and within the bounds of their types.
    ///
    /// # Errors
    /// As [`Table::converted`]; `out-of-range` for a value beyond the bounds.
    pub(crate) fn declared(self, columns: &[(String, ColumnType)]) -> Result<Self> {
        let fields = columns.iter().map(|(name, column)| Field::new(name, column.data_type.clone()));
        let mut table = self.converted(&Schema { fields: fields.collect() })?;
        for (index, (name, ColumnType { data_type, bounds })) in columns.iter().enumerate() {
            let Some(bounds) = bounds else { continue };
            let mut first_row = 1;
            for batch in &mut table.batches {
                let within = bounds.apply(batch.column(index)?, data_type).map_err(|mut error| {
                    let row =
                        error.take_row().map_or_else(String::new, |row| format!(", row {}", first_row + row));
                    error.context(format_args!("column `{name}`{row}"))
                })?;
                let mut all = batch.columns().to_vec();
                *all.get_mut(index).invariant("the column that was bounded")? = within;
                first_row += batch.rows();
                *batch = Batch::new(batch.rows(), all)?;
            }
        }
        Ok(table)
    }

    /// The columns of `schema`, by name.
    ///
    /// # Errors
    /// `unknown-column` for a name that the table does not have; those of casts.
    pub(crate) fn converted(self, schema: &Schema) -> Result<Self> {
        let mut sources = Vec::with_capacity(schema.fields.len());
        for wanted in &schema.fields {
            let position = self.position(&wanted.name)?;
            let field = self.schema.fields.get(position).invariant("the column of this position")?;
            sources.push((position, field, &wanted.data_type));
        }
        let convert = |batch: &Batch| {
            let columns = sources.iter().map(|(position, Field { name, data_type }, to)| {
                // The digits that a float is written with, not those of its exact value.
                let by_text = *data_type == DataType::Float64 && to.decimal_scale().is_some();
                let steps = by_text.then_some(&DataType::String).into_iter().chain([*to]);
                let mut column = (batch.column(*position)?.clone(), data_type);
                for to in steps {
                    let converted = cast(&column.0, column.1, to, CastMode::Strict, &TimeZones::default());
                    column = (converted.map_err(|error| error.context(format_args!("column `{name}`")))?, to);
                }
                Ok(column.0)
            });
            Batch::new(batch.rows(), columns.collect::<Result<_>>()?)
        };
        let batches = self.batches.iter().map(convert).collect::<Result<_>>()?;
        Ok(Self { schema: schema.clone(), batches, notes: self.notes })
    }

    /// All columns, those that `types` names in these types.
    ///
    /// # Errors
    /// As [`Table::declared`].
    pub(crate) fn retyped(self, types: &[(String, ColumnType)]) -> Result<Self> {
        if types.is_empty() {
            return Ok(self);
        }
        let column = |field: &Field| (field.name.clone(), ColumnType::from(field.data_type.clone()));
        let mut columns: Vec<_> = self.schema.fields.iter().map(column).collect();
        for (name, given) in types {
            let (_, column) =
                columns.get_mut(self.position(name)?).invariant("the column of this position")?;
            column.clone_from(given);
        }
        self.declared(&columns)
    }

    fn position(&self, name: &str) -> Result<usize> {
        let names = || self.schema.fields.iter().map(|field: &Field| field.name.as_str());
        names().position(|it| it.eq_ignore_ascii_case(name)).ok_or_else(|| {
            Error::new(Code::UnknownColumn, format!("there is no column `{name}`"))
                .did_you_mean(name, names())
        })
    }
}

//! Columns of a table in the types that somebody asks for.

use super::Table;
use crate::data::{Batch, CastMode, DataType, Field, Schema, TimeZones, cast};
use crate::diag::{Code, Error, Invariant, Result};

impl Table {
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
                cast(batch.column(*position)?, data_type, to, CastMode::Strict, &TimeZones::default())
                    .map_err(|error| error.context(format_args!("column `{name}`")))
            });
            Batch::new(batch.rows(), columns.collect::<Result<_>>()?)
        };
        let batches = self.batches.iter().map(convert).collect::<Result<_>>()?;
        Ok(Self { schema: schema.clone(), batches, notes: self.notes })
    }

    /// All columns, those that `types` names in these types.
    ///
    /// # Errors
    /// As [`Table::converted`].
    pub(crate) fn retyped(self, types: &[(String, DataType)]) -> Result<Self> {
        if types.is_empty() {
            return Ok(self);
        }
        let mut schema = self.schema.clone();
        for (name, data_type) in types {
            let position = self.position(name)?;
            let field = schema.fields.get_mut(position).invariant("the column of this position")?;
            field.data_type = data_type.clone();
        }
        self.converted(&schema)
    }

    fn position(&self, name: &str) -> Result<usize> {
        let names = || self.schema.fields.iter().map(|field: &Field| field.name.as_str());
        names().position(|it| it.eq_ignore_ascii_case(name)).ok_or_else(|| {
            Error::new(Code::UnknownColumn, format!("there is no column `{name}`"))
                .did_you_mean(name, names())
        })
    }
}

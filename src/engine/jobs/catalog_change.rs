//! Statements that wait for nothing: CREATE VIEW, DROP, and those that find nothing to do.

use std::sync::Arc;

use super::insert::stored;
use super::{Job, JobContext, JobStep};
use crate::catalog::Relation;
use crate::data::{Batch, CastMode, TimeZones, cast, null_column};
use crate::diag::{Code, Error, Invariant, Result};
use crate::engine::step::Summary;
use crate::plan::{
    AlterTable, ChangeVersions, CreateFunction, CreateProcedure, CreateView, DropFunction, DropModel,
    DropProcedure, DropTable, RenameModel,
};
use crate::table::Table;

/// A statement that has nothing to do, and says so.
pub(super) struct Nothing {
    pub(super) message: String,
}

impl Job for CreateView {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, view } = *self;
        ctx.engine.catalog().put_relation(&name, Relation::View(Arc::new(view)));
        Ok(JobStep::changed(format!("Successfully created view named {name}")))
    }
}

impl Job for AlterTable {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, new_name, before, schema, sources, rules } = *self;
        let mut catalog = ctx.engine.catalog();
        let table = match catalog.relation(&name)? {
            Relation::Table(table) if table.schema == before => table.clone(),
            _ => {
                let message = format!("table `{name}` got other columns meanwhile");
                return Err(Error::new(Code::TypeMismatch, message).hint("run the statement again"));
            }
        };
        let batches = table.batches.iter().map(|batch| {
            let columns = sources.iter().zip(&schema.fields).map(|(source, field)| match source {
                Some(column) => {
                    let from = &before.fields.get(*column).invariant("a column of the table")?.data_type;
                    let values = batch.column(*column)?;
                    cast(values, from, &field.data_type, CastMode::Strict, &TimeZones::default())
                }
                None => null_column(&field.data_type.storage(), batch.rows()),
            });
            Batch::new(batch.rows(), columns.collect::<Result<_>>()?)
        });
        let batches = stored(batches.collect::<Result<_>>()?)?;
        catalog.drop_relation(&name);
        catalog.put_table(&new_name, Table { schema, batches, notes: table.notes.clone() }, rules);
        Ok(JobStep::changed(format!("Successfully altered table named {new_name}")))
    }
}

impl Job for DropModel {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        ctx.engine.catalog().drop_model(&self.name);
        Ok(JobStep::changed(format!("Successfully dropped model named {}", self.name)))
    }
}

impl Job for ChangeVersions {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, change } = *self;
        ctx.engine.catalog().change_versions(&name, &change, ctx.now)?;
        Ok(JobStep::changed(format!("Successfully changed model named {name}")))
    }
}

impl Job for RenameModel {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, new_name } = *self;
        ctx.engine.catalog().rename_model(&name, &new_name)?;
        Ok(JobStep::changed(format!("Successfully renamed model {name} to {new_name}")))
    }
}

impl Job for CreateFunction {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, routine } = *self;
        ctx.engine.catalog().put_routine(&name, routine);
        Ok(JobStep::changed(format!("Successfully created function named {name}")))
    }
}

impl Job for DropFunction {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        ctx.engine.catalog().drop_routine(&self.name);
        Ok(JobStep::changed(format!("Successfully dropped function named {}", self.name)))
    }
}

impl Job for CreateProcedure {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let Self { name, procedure, .. } = *self;
        ctx.engine.catalog().put_procedure(&name, procedure);
        Ok(JobStep::changed(format!("Successfully created procedure named {name}")))
    }
}

impl Job for DropProcedure {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        ctx.engine.catalog().drop_procedure(&self.name);
        Ok(JobStep::changed(format!("Successfully dropped procedure named {}", self.name)))
    }
}

impl Job for DropTable {
    fn step(self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        ctx.engine.catalog().drop_relation(&self.name);
        Ok(JobStep::changed(format!("Successfully dropped table named {}", self.name)))
    }
}

impl Job for Nothing {
    fn step(self: Box<Self>, _: &mut JobContext<'_>) -> Result<JobStep> {
        Ok(JobStep::Done(Summary { message: Some(self.message), ..Summary::default() }))
    }
}

//! DROP, and statements that find nothing to do.

use super::{Job, JobContext, JobStep};
use crate::diag::Result;
use crate::engine::step::Summary;

pub(super) enum Drop {
    Model(String),
    Table(String),
    /// There is nothing to do; in words.
    Nothing(String),
}

impl Job for Drop {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        Ok(match self {
            Self::Model(name) => {
                env.engine.catalog().drop_model(name);
                JobStep::changed(format!("Successfully dropped model named {name}"))
            }
            Self::Table(name) => {
                env.engine.catalog().drop_relation(name);
                JobStep::changed(format!("Successfully dropped table named {name}"))
            }
            Self::Nothing(message) => {
                JobStep::Done(Summary { message: Some(message.clone()), ..Summary::default() })
            }
        })
    }
}

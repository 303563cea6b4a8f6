//! Statements of PredictQL as plans of DataFusion.
//!
//! A statement is cut into fragments where rows have to meet; DataFusion moves batches between them and knows nothing of
//! what they do. [`plan`] makes a plan that runs in this process, [`Jobs`] one that travels: of it go the text and the
//! number of a fragment, and who receives them binds the text again. [`rows`] gives the rows, and the errors, of one process.

mod codec;
mod drive;
mod failure;
mod fragment;
mod gathered;
mod in_order;
mod inputs;
mod jobs;
mod notes;
mod origin;
mod plan;
mod predict;
mod rows;
mod taking;
mod wanted;

pub use codec::FragmentCodec;
pub use failure::Failure;
pub use jobs::Jobs;
pub use plan::{Source, plan, plan_parts, received};
pub use predict::{predict_function, register_predict};
pub use rows::{Ended, behind, rows};
pub use taking::take;

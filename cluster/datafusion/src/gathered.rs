//! Rows that all parts of a fragment read whole: computed once, and kept until the plan goes.

use std::sync::Arc;

use arrow_array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::TryStreamExt;
use tokio::sync::OnceCell;

/// The rows of an input, once somebody has asked for them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gathered(Arc<OnceCell<Vec<RecordBatch>>>);

impl Gathered {
    /// All rows of what `begin` gives. The first who asks computes them, others wait; where that one is given up or fails, the next
    /// one begins anew.
    pub(crate) async fn rows(
        &self,
        begin: impl Fn() -> Result<SendableRecordBatchStream>,
    ) -> Result<&[RecordBatch]> {
        let compute = || async { begin()?.try_collect().await };
        self.0.get_or_try_init(compute).await.map(Vec::as_slice)
    }
}

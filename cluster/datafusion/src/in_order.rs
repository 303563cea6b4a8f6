//! The partitions of a plan one after the other, computed at the same time.

use std::fmt;
use std::sync::Arc;
use std::thread;

use arrow_array::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    Partitioning, PlanProperties, ReplaceChildrenOptions,
};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc::unbounded_channel;

/// All partitions of its input as one, in the order of their numbers.
#[derive(Debug)]
pub(crate) struct InOrderExec {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl InOrderExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { input, properties: Arc::new(properties) }
    }
}

/// Runs a stream whether or not somebody reads it. Its rows wait without a bound: those who run ahead would else stand still
/// until it is their turn. How many run ahead is bounded.
fn ahead(mut rows: SendableRecordBatchStream) -> impl Stream<Item = Result<RecordBatch>> + Send {
    let (sender, receiver) = unbounded_channel();
    let task = SpawnedTask::spawn(async move {
        while let Some(batch) = rows.next().await {
            if sender.send(batch).is_err() {
                break;
            }
        }
    });
    stream::try_unfold(Some((receiver, task)), |state| async {
        let Some((mut receiver, task)) = state else { return Ok(None) };
        match receiver.recv().await {
            Some(batch) => Ok(Some((batch?, Some((receiver, task))))),
            // The end of the channel is the end of the rows only where the task has ended well.
            None => task
                .join()
                .await
                .map(|()| None)
                .map_err(|error| DataFusionError::ExecutionJoin(Box::new(error))),
        }
    })
}

impl DisplayAs for InOrderExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InOrderExec")
    }
}

impl ExecutionPlan for InOrderExec {
    fn name(&self) -> &str {
        "InOrderExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self::new(input))),
            Err(children) => {
                let message = format!("InOrderExec has one child, and was given {}", children.len());
                Err(DataFusionError::Internal(message))
            }
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let partitions = 0..self.input.output_partitioning().partition_count();
        let input = self.input.clone();
        let begin = move |partition| {
            let rows = input.execute(partition, context.clone());
            async { rows.map(ahead) }
        };
        let at_once = thread::available_parallelism().map_or(1, Into::into);
        let rows = stream::iter(partitions).map(begin).buffered(at_once).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

//! A fragment as a node of DataFusion's plans. Knows how parts are numbered, fed and stopped, and nothing of what they compute.
//!
//! Its first child is a table of numbers, one row in each of its partitions: the numbers of the parts. A scheduler gives an
//! executor some partitions of a plan and counts them from 0 again; it takes the same ones of every leaf, and so the number
//! of a part comes along with its rows. The other children are its inputs, one for each exchange.

use std::fmt;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{RecordBatch, UInt64Array};
use arrow_schema::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{Distribution as Needed, EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, Partitioning, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt, stream};
use predictql::Distribution;
use predictql::table::Part;
use tokio::runtime::Handle;

use crate::drive::{missing, ours, run};
use crate::failure::Failure;
use crate::gathered::Gathered;
use crate::inputs::{Blocking, Input, Sending};
use crate::jobs::Opened;
use crate::notes::Notes;
use crate::origin::{Run, marked, once};
use crate::plan::Source;

/// Batches that wait for their reader while the next one is being computed.
const AHEAD: usize = 2;

/// How an input's rows meet the parts.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    /// Those that have the part's share of the values of a column.
    Hash { key: usize },
    /// All of them go to the only part.
    Single,
    /// All of them go to every part.
    Broadcast(Gathered),
}

/// What a fragment is, whatever gives it its rows.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) source: Source,
    pub(crate) fragment: usize,
    /// How many parts there are, in whatever plan some of them are.
    pub(crate) of: usize,
    /// The columns of its rows.
    pub(crate) rows: SchemaRef,
    pub(crate) readings: Vec<Reading>,
}

impl Piece {
    /// Whether its rows say where they come from, as those do that travel.
    fn is_marked(&self) -> bool {
        self.source.travels().is_some()
    }
}

/// A fragment of a statement: its parts are its partitions.
#[derive(Debug)]
pub(crate) struct FragmentExec {
    pub(crate) piece: Piece,
    children: Vec<Arc<dyn ExecutionPlan>>,
    properties: Arc<PlanProperties>,
}

impl FragmentExec {
    /// A fragment with the parts that the first of `children` numbers; the others are its inputs.
    pub(crate) fn new(piece: Piece, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Self> {
        let [numbers, inputs @ ..] = children.as_slice() else {
            return Err(DataFusionError::Internal(format!("fragment {} has no parts", piece.fragment)));
        };
        if inputs.len() != piece.readings.len() {
            return Err(missing(piece.fragment, inputs.len().min(piece.readings.len())));
        }
        let schema = if piece.is_marked() { Arc::new(marked(&piece.rows)) } else { piece.rows.clone() };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(numbers.output_partitioning().partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self { piece, children, properties: Arc::new(properties) })
    }

    fn input(
        &self,
        input: usize,
        reading: &Reading,
        partition: usize,
        context: &Arc<TaskContext>,
        notes: &Notes,
    ) -> Result<Input> {
        let Piece { fragment, of, .. } = &self.piece;
        let plan = self.children.get(input + 1).ok_or_else(|| missing(*fragment, input))?;
        if !reading
            .is_met(plan.output_partitioning(), self.properties.output_partitioning().partition_count())
        {
            return Err(DataFusionError::Internal(format!(
                "input {input} of fragment {fragment} comes by {}: a planner has changed how its rows are divided",
                plan.output_partitioning()
            )));
        }
        let partition = match reading {
            Reading::Hash { .. } => partition,
            Reading::Single | Reading::Broadcast(_) => 0,
        };
        let (plan, context, notes) = (plan.clone(), context.clone(), notes.clone());
        let is_marked = self.piece.is_marked();
        let begin = move || {
            let rows = plan.execute(partition, context.clone())?;
            Ok(if is_marked { once(rows, notes.clone()) } else { rows })
        };
        Ok(match reading {
            Reading::Broadcast(rows) if *of > 1 => Input::Gathered(rows.clone(), Box::new(begin), 0),
            _ => Input::Stream(begin()?),
        })
    }
}

/// The numbers of `of` parts, each in a partition of its own.
pub(crate) fn numbers(of: usize) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = Arc::new(ArrowSchema::new(vec![Field::new("part", DataType::UInt64, false)]));
    let partition = |number: usize| {
        let number = UInt64Array::from_value(number as u64, 1);
        Ok(vec![RecordBatch::try_new(schema.clone(), vec![Arc::new(number)])?])
    };
    let partitions = (0..of).map(partition).collect::<Result<Vec<_>>>()?;
    Ok(MemorySourceConfig::try_new_exec(&partitions, schema.clone(), None)?)
}

/// The number that a partition of [`numbers`] has.
async fn number(mut stream: SendableRecordBatchStream) -> Result<usize> {
    let found = stream.next().await.transpose()?;
    let found = found.as_ref().and_then(|batch| batch.columns().first()?.as_primitive_opt::<UInt64Type>());
    let found = found.and_then(|numbers| numbers.values().first().copied());
    found
        .and_then(|number| usize::try_from(number).ok())
        .ok_or_else(|| DataFusionError::Internal("a part has no number".into()))
}

impl DisplayAs for FragmentExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FragmentExec: fragment={}, parts={}", self.piece.fragment, self.piece.of)
    }
}

impl ExecutionPlan for FragmentExec {
    fn name(&self) -> &str {
        "FragmentExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.children.iter().collect()
    }

    /// The rows of a hash are divided where the plan is made, into as many parts as there are. A planner that is asked for it may divide
    /// them again, into as many as it has been told to: so it is not asked, and [`FragmentExec::input`] looks.
    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        let needed = self.piece.readings.iter().map(|reading| match reading {
            Reading::Hash { .. } => Needed::UnspecifiedDistribution,
            Reading::Single | Reading::Broadcast(_) => Needed::SinglePartition,
        });
        let numbers = Needed::UnspecifiedDistribution;
        InputDistributionRequirements::new(std::iter::once(numbers).chain(needed).collect())
    }

    /// More parts would be parts of something else.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false; self.children.len()]
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
        // Rows that were gathered are those of the children before.
        let readings = self.piece.readings.iter().map(|reading| match reading {
            Reading::Broadcast(_) => Reading::Broadcast(Gathered::default()),
            other => other.clone(),
        });
        let piece = Piece { readings: readings.collect(), ..self.piece.clone() };
        Ok(Arc::new(Self::new(piece, children)?))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let is_marked = self.piece.is_marked();
        let Piece { source, fragment, of, rows, readings } = self.piece.clone();
        let numbers = self.children.first().ok_or_else(|| missing(fragment, 0))?;
        let number = number(numbers.execute(partition, context.clone())?);
        let notes = source.notes_of_part();
        let inputs = readings.iter().enumerate();
        let inputs = inputs.map(|(input, reading)| self.input(input, reading, partition, &context, &notes));
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let schema = self.schema();
        let begin = async move {
            let part = Part { number: number.await?, of };
            let mut stream = RecordBatchReceiverStream::builder(schema.clone(), AHEAD);
            let marks = is_marked.then(|| Run::new(part.number, schema));
            let sending = Sending { sender: stream.tx(), marks };
            let runtime = Handle::current();
            // Models compute for long: the threads of the runtime stay free.
            stream.spawn_blocking(move || {
                let Opened { fragments, host } = source.opened()?;
                let query = fragments.query(fragment, part).map_err(ours)?;
                let mut ends = Blocking { sending, inputs, runtime, fragments, fragment };
                let ended = run(query, &host, &rows, &mut ends);
                let ended = ended.map_err(|error| Failure::met_in(error, source.place()))?;
                if let Some(summary) = ended {
                    notes.add((fragment, part.number), &summary);
                    ends.tell(&notes)?;
                }
                Ok(())
            });
            Ok::<_, DataFusionError>(stream.build())
        };
        let stream = stream::once(begin).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}

impl Reading {
    /// Whether rows come so that each part reads its own, where `parts` of them are in the plan.
    fn is_met(&self, partitioning: &Partitioning, parts: usize) -> bool {
        match (self, partitioning) {
            (Self::Hash { key }, Partitioning::Hash(keys, count)) => {
                let is_key = |it: &Arc<dyn PhysicalExpr>| {
                    it.downcast_ref::<Column>().is_some_and(|column| column.index() == *key)
                };
                *count == parts && matches!(keys.as_slice(), [only] if is_key(only))
            }
            (Self::Hash { .. }, _) => false,
            (Self::Single | Self::Broadcast(_), partitioning) => partitioning.partition_count() == 1,
        }
    }

    pub(crate) fn of(distribution: Distribution, key: Option<usize>) -> Result<Self> {
        Ok(match (distribution, key) {
            (Distribution::Hash, Some(key)) => Self::Hash { key },
            (Distribution::Hash, None) => {
                let message = "rows are divided by a key that their fragment does not have";
                return Err(DataFusionError::Internal(message.into()));
            }
            (Distribution::Single, _) => Self::Single,
            (Distribution::Broadcast, _) => Self::Broadcast(Gathered::default()),
        })
    }
}

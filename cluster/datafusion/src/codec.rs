//! Fragments as bytes: the job, the number of the fragment and of its parts, and what a scheduler must know without opening the
//! job. Models, tables and plans of ours do not travel.

use std::fmt;
use std::sync::Arc;

use arrow_schema::Schema as ArrowSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use datafusion_proto::protobuf;
use prost::Message;

use crate::fragment::{FragmentExec, Piece, Reading};
use crate::gathered::Gathered;
use crate::jobs::Jobs;
use crate::plan::Source;

/// What the bytes of a fragment begin with: other nodes that are not DataFusion's have bytes too.
const MARK: &[u8] = b"predictql fragment 2\n";

/// Writes and reads fragments, and leaves all other nodes to another codec.
pub struct FragmentCodec {
    jobs: Arc<Jobs>,
    others: Arc<dyn PhysicalExtensionCodec>,
}

impl fmt::Debug for FragmentCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FragmentCodec").field("others", &self.others).finish_non_exhaustive()
    }
}

impl FragmentCodec {
    /// Fragments that are read run over `jobs`.
    pub fn new(jobs: Arc<Jobs>, others: Arc<dyn PhysicalExtensionCodec>) -> Self {
        Self { jobs, others }
    }

    fn read(&self, bytes: &[u8], children: &[Arc<dyn ExecutionPlan>]) -> Result<FragmentExec> {
        let message = FragmentMessage::decode(bytes).map_err(|error| unread(&error))?;
        let job = serde_json::from_slice(&message.job).map_err(|error| unread(&error))?;
        let schema = message.schema.as_ref().ok_or_else(|| unread(&"there is no schema"))?;
        let schema = ArrowSchema::try_from(schema).map_err(|error| unread(&error))?;
        let readings = message.readings.iter().map(ReadingMessage::reading).collect::<Result<_>>()?;
        let piece = Piece {
            source: Source::job(Arc::new(job), self.jobs.clone()),
            fragment: count(message.fragment)?,
            of: count(message.of)?,
            rows: Arc::new(schema),
            readings,
        };
        FragmentExec::new(piece, children.to_vec())
    }
}

/// What travels.
#[derive(Clone, PartialEq, Message)]
struct FragmentMessage {
    /// JSON.
    #[prost(bytes = "vec", tag = "1")]
    job: Vec<u8>,
    #[prost(uint64, tag = "2")]
    fragment: u64,
    #[prost(uint64, tag = "3")]
    of: u64,
    #[prost(message, optional, tag = "4")]
    schema: Option<protobuf::Schema>,
    #[prost(message, repeated, tag = "5")]
    readings: Vec<ReadingMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct ReadingMessage {
    #[prost(oneof = "HowRead", tags = "1, 2, 3")]
    how: Option<HowRead>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum HowRead {
    /// The column that is the key.
    #[prost(uint64, tag = "1")]
    Hash(u64),
    #[prost(bool, tag = "2")]
    Single(bool),
    #[prost(bool, tag = "3")]
    Broadcast(bool),
}

impl ReadingMessage {
    fn of(reading: &Reading) -> Self {
        let how = match reading {
            Reading::Hash { key } => HowRead::Hash(*key as u64),
            Reading::Single => HowRead::Single(true),
            Reading::Broadcast(_) => HowRead::Broadcast(true),
        };
        Self { how: Some(how) }
    }

    fn reading(&self) -> Result<Reading> {
        Ok(match self.how {
            Some(HowRead::Hash(key)) => Reading::Hash { key: count(key)? },
            Some(HowRead::Single(_)) => Reading::Single,
            Some(HowRead::Broadcast(_)) => Reading::Broadcast(Gathered::default()),
            None => return Err(unread(&"an input is read in a way that this version does not know")),
        })
    }
}

fn write(piece: &Piece, buffer: &mut Vec<u8>) -> Result<()> {
    let Some(job) = piece.source.travels() else {
        let message = "a plan over fragments of this process cannot leave it: make it of a job";
        return Err(DataFusionError::Plan(message.into()));
    };
    let message = FragmentMessage {
        job: serde_json::to_vec(job).map_err(|error| DataFusionError::External(Box::new(error)))?,
        fragment: piece.fragment as u64,
        of: piece.of as u64,
        schema: Some(piece.rows.as_ref().try_into()?),
        readings: piece.readings.iter().map(ReadingMessage::of).collect(),
    };
    buffer.extend_from_slice(MARK);
    buffer.extend_from_slice(&message.encode_to_vec());
    Ok(())
}

fn count(number: u64) -> Result<usize> {
    usize::try_from(number).map_err(|error| unread(&error))
}

#[cold]
fn unread(why: &dyn fmt::Display) -> DataFusionError {
    let hint = "run the same version of PredictQL on all machines";
    DataFusionError::Plan(format!("a fragment that was sent cannot be read: {why}; hint: {hint}"))
}

impl PhysicalExtensionCodec for FragmentCodec {
    fn try_decode(
        &self,
        bytes: &[u8],
        children: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match bytes.strip_prefix(MARK) {
            Some(bytes) => Ok(Arc::new(self.read(bytes, children)?)),
            None => self.others.try_decode(bytes, children, context, converter),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buffer: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        match node.downcast_ref::<FragmentExec>() {
            Some(fragment) => write(&fragment.piece, buffer),
            None => self.others.try_encode(node, buffer, converter),
        }
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        self.others.try_decode_udf(name, bytes)
    }

    fn try_encode_udf(&self, function: &ScalarUDF, buffer: &mut Vec<u8>) -> Result<()> {
        self.others.try_encode_udf(function, buffer)
    }
}

//! What a query reads and where its rows go, seen from the thread that computes: asynchronous streams on one side, calls that
//! block on the other.

use std::ops::ControlFlow;

use arrow_array::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use predictql::Fragments;
use predictql::data::Batch;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;

use crate::drive::{batch, missing, schema_of};
use crate::gathered::Gathered;
use crate::notes::Notes;
use crate::origin::Run;

/// Rows of another fragment.
pub(crate) enum Input {
    /// As they come.
    Stream(SendableRecordBatchStream),
    /// All of them, what computes them, and how many batches were read.
    Gathered(Gathered, Box<Begin>, usize),
}

/// Begins to compute rows.
type Begin = dyn Fn() -> Result<SendableRecordBatchStream> + Send + Sync;

impl Input {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self {
            Self::Stream(stream) => stream.next().await.transpose(),
            Self::Gathered(rows, begin, read) => {
                let batch = rows.rows(&**begin).await?.get(*read).cloned();
                *read += 1;
                Ok(batch)
            }
        }
    }
}

/// Where the rows of a part go.
pub(crate) struct Sending {
    pub(crate) sender: Sender<Result<RecordBatch>>,
    /// Where rows say that they come from.
    pub(crate) marks: Option<Run>,
}

impl Sending {
    fn send(&mut self, rows: RecordBatch) -> ControlFlow<()> {
        let rows = match &mut self.marks {
            Some(run) => run.mark(&rows),
            None => Ok(rows),
        };
        match self.sender.blocking_send(rows) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn tell(&mut self, notes: &Notes) -> Result<()> {
        if let Some(run) = &mut self.marks
            && let Some(text) = notes.text()?
        {
            // Where nobody hears it, nobody wants the rows any more.
            let _ = self.sender.blocking_send(run.note(&text));
        }
        Ok(())
    }

    fn is_given_up(&self) -> bool {
        self.sender.is_closed()
    }
}

/// Where a part has its rows from and where they go to, on a thread that may wait for others of the same runtime.
pub(crate) struct Blocking {
    pub(crate) sending: Sending,
    pub(crate) inputs: Vec<Input>,
    pub(crate) runtime: Handle,
    pub(crate) fragments: Fragments,
    pub(crate) fragment: usize,
}

impl Blocking {
    /// The next rows of an input; none at its end.
    pub(crate) fn next(&mut self, number: usize) -> Result<Option<Batch>> {
        let input = self.inputs.get_mut(number).ok_or_else(|| missing(self.fragment, number))?;
        let sender = &self.sending.sender;
        let rows = self.runtime.block_on(async {
            tokio::select! {
                rows = input.next() => rows,
                () = sender.closed() => Err(given_up()),
            }
        })?;
        let schema = schema_of(&self.fragments, self.fragment, number)?;
        rows.map(|rows| batch(schema, &rows)).transpose()
    }

    /// Takes rows; breaks where nobody wants more.
    pub(crate) fn send(&mut self, rows: RecordBatch) -> ControlFlow<()> {
        self.sending.send(rows)
    }

    /// Says what is to be known beside the rows, where these travel.
    pub(crate) fn tell(&mut self, notes: &Notes) -> Result<()> {
        self.sending.tell(notes)
    }

    /// Whether nobody wants what is being computed.
    pub(crate) fn is_given_up(&self) -> bool {
        self.sending.is_given_up()
    }
}

/// Nobody reads this error: the reader has gone.
#[cold]
pub(crate) fn given_up() -> DataFusionError {
    DataFusionError::Execution("the rows are not wanted any more".into())
}

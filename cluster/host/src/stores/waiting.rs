//! Waits for what stores answer. The caller's thread sleeps, whether it belongs to a runtime or not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

/// How often is looked whether somebody still waits.
const LOOK: Duration = Duration::from_millis(50);

/// The threads that speak with stores; there are none until the first file is asked for.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Option<Runtime>>);

impl Waiting {
    /// # Errors
    /// Where the threads cannot be started, or nobody waits any longer.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        answer: impl Future<Output = T> + Send + 'static,
        is_given_up: &AtomicBool,
    ) -> Result<T, String> {
        let (sender, receiver) = sync_channel(1);
        let task = self.handle()?.spawn(async move {
            // Nobody hears it who has given up.
            let _ = sender.send(answer.await);
        });
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Timeout) if is_given_up.load(Ordering::Relaxed) => {
                    task.abort();
                    return Err("given up".into());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err("a store's task has died".into()),
            }
        }
    }

    fn handle(&self) -> Result<Handle, String> {
        // A panic elsewhere leaves it whole: it is set in one step.
        let mut runtime = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*runtime {
            return Ok(runtime.handle().clone());
        }
        let made = Builder::new_multi_thread().worker_threads(2).thread_name("stores").enable_all().build();
        let made = made.map_err(|error| format!("the threads for files cannot be started: {error}"))?;
        let handle = made.handle().clone();
        *runtime = Some(made);
        Ok(handle)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // A runtime waits for its tasks when it is dropped, which may not be done within another one.
        if let Some(runtime) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
    }
}

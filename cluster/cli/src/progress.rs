//! How far a long statement has come: on standard error, where that is a terminal, once it has taken half a second.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use predictql_host::{Host, Watch};

/// Statements that are done before it are not worth a bar.
const PATIENCE: Duration = Duration::from_millis(500);

const EVERY: Duration = Duration::from_millis(100);

/// Shows a statement until it is dropped.
pub(crate) struct Progress {
    ended: Option<Sender<()>>,
    drawing: Option<JoinHandle<()>>,
}

impl Progress {
    /// Shows nothing where standard error is no terminal.
    pub(crate) fn show(watch: &Arc<Watch>, host: &Host) -> Self {
        if !Term::stderr().is_term() {
            return Self { ended: None, drawing: None };
        }
        let (ended, hears) = channel();
        let (watch, host, before) = (watch.clone(), host.clone(), host.rows_read());
        let drawing = std::thread::spawn(move || {
            let start = Instant::now();
            if hears.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner());
            while hears.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let rows = watch.rows().max(host.rows_read() - before);
                bar.set_message(words(rows, watch.share(), start.elapsed()));
                bar.tick();
            }
            bar.finish_and_clear();
        });
        Self { ended: Some(ended), drawing: Some(drawing) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.ended = None;
        if let Some(drawing) = self.drawing.take() {
            // A bar that has died has shown its last.
            let _ = drawing.join();
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "for people, who round such numbers anyway"
)]
fn words(rows: usize, share: Option<f64>, elapsed: Duration) -> String {
    let speed = rows as f64 / elapsed.as_secs_f64();
    let share = share.map(|share| format!("{:3.0} %, ", share * 100.0)).unwrap_or_default();
    let rows = HumanCount(rows as u64);
    format!("{share}{rows} rows, {} rows/s, {}", HumanCount(speed as u64), HumanDuration(elapsed))
}

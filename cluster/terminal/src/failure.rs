//! Why a command ends, and with which code.

use std::process::ExitCode;

use predictql_host::{Error, Finding};

use crate::report::report;

/// The exit code of what Ctrl-C has ended, as shells have it.
pub const CANCELLED: u8 = 130;

/// Why a command ends before it is done.
#[derive(Debug)]
pub enum Failure {
    /// A statement has failed.
    Statement {
        /// The text that it is in; empty for what is in none.
        text: String,
        /// The most telling one first.
        findings: Vec<Finding>,
    },
    /// The command line, or what it names.
    Usage(String),
    /// Where rows go, or what runs statements.
    Output(String),
    /// Ctrl-C.
    Cancelled,
    /// Nobody reads what is written, as behind `| head`: nothing to tell.
    Unread,
}

impl Failure {
    /// Of a statement of `text`, or of what is around statements.
    pub fn of(text: &str, error: &Error) -> Self {
        Self::Statement { text: text.to_owned(), findings: Finding::all(error) }
    }

    /// Says it on standard error.
    pub fn tell(&self) {
        let plain =
            |message: &str| report("", &Finding { message: message.to_owned(), ..Finding::default() });
        match self {
            Self::Statement { text, findings } => findings.iter().for_each(|finding| report(text, finding)),
            Self::Usage(message) | Self::Output(message) => plain(message),
            Self::Cancelled => plain("cancelled"),
            Self::Unread => {}
        }
    }

    /// What the command ends with.
    pub fn code(&self) -> ExitCode {
        match self {
            Self::Statement { .. } | Self::Output(_) => 1.into(),
            Self::Usage(_) => 2.into(),
            Self::Cancelled => CANCELLED.into(),
            Self::Unread => ExitCode::SUCCESS,
        }
    }
}

/// What comes of writing to standard output.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Output(format!("rows cannot be written: {error}")),
        }
    }
}

//! Why the command ends, and with which code.

use std::process::ExitCode;

use predictql_host::Error;

use crate::diagnostics;

/// The exit code of what Ctrl-C has ended, as shells have it.
pub(crate) const CANCELLED: u8 = 130;

/// Why the command ends before it is done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A statement of this text.
    Statement { text: String, error: Error },
    /// The command line, or what it names.
    Usage(String),
    /// Where rows go.
    Output(String),
    /// Ctrl-C.
    Cancelled,
    /// Nobody reads what is written, as behind `| head`: nothing to tell.
    Unread,
}

impl Failure {
    pub(crate) fn usage(message: String) -> Self {
        Self::Usage(message)
    }

    /// Says it on standard error.
    pub(crate) fn tell(&self) {
        match self {
            Self::Statement { text, error } => diagnostics::tell(text, error),
            Self::Usage(message) | Self::Output(message) => diagnostics::tell_plain(message),
            Self::Cancelled => diagnostics::tell_plain("cancelled"),
            Self::Unread => {}
        }
    }

    pub(crate) fn code(&self) -> ExitCode {
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

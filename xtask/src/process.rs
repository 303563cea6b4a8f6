//! Running other programs: every failure names the command as one would type it. Knows no particular tool.

use std::ffi::{OsStr, OsString};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, iter};

use anyhow::{Context, Result, anyhow};

use crate::terminal;

/// A command that is being put together.
pub struct Program {
    command: Command,
    advice: Option<String>,
}

/// What the command printed on both channels, line by line, and whether it succeeded.
pub struct Outcome {
    pub lines: Vec<String>,
    pub result: Result<()>,
}

impl Program {
    pub fn new(name: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(name);
        command.stdin(Stdio::null());
        Self { command, advice: None }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args<I: IntoIterator<Item: AsRef<OsStr>>>(mut self, args: I) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// What to type when the program is missing.
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Runs a step that people wait for: a pulse while it works, its words only when it fails.
    pub fn run(self) -> Result<()> {
        self.run_and(|_| Ok(()))
    }

    /// As `run`; what it printed, line by line, may be a failure too.
    pub fn run_and(self, judge: impl FnOnce(&[String]) -> Result<()>) -> Result<()> {
        let Outcome { lines, result } = self.watch(false)?;
        let result = result.and_then(|()| judge(&lines));
        if result.is_err() {
            lines.iter().for_each(|line| terminal::passed_on(line));
        }
        result
    }

    /// Runs a tool whose words are the result, and passes them on as they come.
    pub fn show(self) -> Result<Outcome> {
        self.watch(true)
    }

    /// The standard output of a command that answers at once.
    pub fn read(mut self) -> Result<String> {
        let output = self.command.output().with_context(|| self.missing())?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(anyhow!(words).context(self.failed(&output.status.to_string())));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Starts a server that shares this terminal; the caller ends it.
    pub fn start(mut self) -> Result<Child> {
        self.command.spawn().with_context(|| self.missing())
    }

    fn watch(mut self, pass_on: bool) -> Result<Outcome> {
        let begun = Instant::now();
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if terminal::on_terminal() && pass_on {
            self.command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
        }
        let mut child = self.command.spawn().with_context(|| self.missing())?;
        let (sender, receiver) = mpsc::channel();
        if let Some(pipe) = child.stdout.take() {
            forward(pipe, sender.clone());
        }
        if let Some(pipe) = child.stderr.take() {
            forward(pipe, sender);
        }

        let mut lines: Vec<String> = Vec::new();
        let mut last_pulse = Instant::now();
        let mut status = None;
        loop {
            match receiver.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => {
                    if pass_on {
                        terminal::passed_on(&line);
                        last_pulse = Instant::now();
                    }
                    lines.push(line);
                }
                // A server that the tool left behind may hold the pipe open: the tool's own end counts.
                Err(RecvTimeoutError::Timeout) if status.is_some() => break,
                Err(RecvTimeoutError::Timeout) => status = child.try_wait()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if last_pulse.elapsed() >= terminal::pulse_interval() {
                terminal::pulse(begun.elapsed(), lines.last().map_or("", String::as_str));
                last_pulse = Instant::now();
            }
        }
        let status = child.wait()?;
        let result = if status.success() { Ok(()) } else { Err(anyhow!(self.failed(&status.to_string()))) };
        if !pass_on && begun.elapsed() > Duration::from_secs(5) {
            terminal::note(&format!("took {}", terminal::duration(begun.elapsed())));
        }
        Ok(Outcome { lines, result })
    }

    fn failed(&self, status: &str) -> String {
        let folder = self.command.get_current_dir().map(|folder| format!(" in `{}`", folder.display()));
        format!("`{}`{} ended with {status}", self.shown(), folder.unwrap_or_default())
    }

    fn missing(&self) -> String {
        let name = self.command.get_program().to_string_lossy();
        match &self.advice {
            Some(advice) => format!("`{name}` cannot be started: {advice}"),
            None => format!("`{name}` cannot be started: install it and see that it is on PATH"),
        }
    }

    fn shown(&self) -> String {
        let words = iter::once(self.command.get_program()).chain(self.command.get_args());
        words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
    }
}

/// The first of `names` that PATH leads to.
pub fn find(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

/// PATH with `folders` before everything else.
pub fn path_with(folders: &[&Path]) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = folders.iter().map(|folder| folder.to_path_buf()).chain(env::split_paths(&path));
    env::join_paths(folders).context("a folder's name cannot be put on PATH")
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:=+,@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

/// Sends every line, and of a line that a progress bar rewrites the last state.
fn forward(mut pipe: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        use std::io::BufRead;
        for line in BufReader::new(&mut pipe).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            if sender.send(line.rsplit('\r').next().unwrap_or(line).to_owned()).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_channels_are_heard() {
        let outcome = Program::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]).watch(false).unwrap();
        let mut lines = outcome.lines;
        lines.sort();
        assert_eq!(lines, ["err", "out"]);
        let message = outcome.result.unwrap_err().to_string();
        assert_eq!(message, "`sh -c 'echo out; echo err >&2; exit 3'` ended with exit status: 3");
    }

    #[test]
    fn a_missing_program_is_named_with_what_to_type() {
        let error = Program::new("no-such-program").advice("type `get it`").run().unwrap_err();
        assert_eq!(error.to_string(), "`no-such-program` cannot be started: type `get it`");
    }

    #[test]
    fn a_process_left_behind_holds_nobody_up() {
        let begun = Instant::now();
        Program::new("sh").args(["-c", "sleep 20 & echo done"]).run().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

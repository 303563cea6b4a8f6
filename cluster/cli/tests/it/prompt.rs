//! The prompt in a terminal, as a person has it: a pseudo terminal of `script(1)`, which gives it what is typed and shows what it shows.

use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::fixtures;

const READY: &str = "predictql> ";
const CTRL_C: &str = "\u{3}";
const UP: &str = "\u{1b}[A";

/// How long to wait for what never comes.
const PATIENCE: Duration = Duration::from_secs(120);

struct Terminal {
    child: Child,
    keys: ChildStdin,
    shows: Receiver<u8>,
}

impl Terminal {
    /// A prompt that keeps its history in a folder.
    fn open(state: &Path) -> Self {
        // In place of the shell: one that hears Ctrl-C too ends with it as soon as the command has ended.
        let command = format!(
            "exec {} --table blossoms=tables/iris.csv --model forest=models/iris_rf.onnx",
            env!("CARGO_BIN_EXE_predictql")
        );
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(fixtures())
            .env("XDG_STATE_HOME", state)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .env_remove("PREDICTQL_REGISTRY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, shows) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            stdout.bytes().map_while(Result::ok).try_for_each(|byte| sender.send(byte))
        });
        let mut terminal = Self { keys: child.stdin.take().unwrap(), child, shows };
        terminal.until(READY);
        terminal
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// What is shown up to these words, which may be to come.
    fn until(&mut self, words: &str) -> String {
        let mut shown = Vec::new();
        while !shown.ends_with(words.as_bytes()) {
            match self.shows.recv_timeout(PATIENCE) {
                Ok(byte) => shown.push(byte),
                Err(error) => panic!("`{words}`: {error} behind {}", String::from_utf8_lossy(&shown)),
            }
        }
        String::from_utf8_lossy(&shown).into_owned()
    }

    fn leave(mut self) {
        self.types("exit\r");
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn a_statement_has_lines_colours_and_completions() {
    let state = tempfile::tempdir().unwrap();
    let mut prompt = Terminal::open(state.path());
    prompt.types("SELECT 6 *\r");
    // Blue, and bold.
    prompt.until("\u{1b}[34m");
    prompt.types("7 AS answer;\r");
    prompt.until("42");
    prompt.until(READY);
    // A table and a column by what they begin with.
    prompt.types("SELECT species FROM blos\t WHERE petal_le\t = 6.9;\r");
    prompt.until("virginica");
    prompt.until(READY);
    prompt.leave();
}

#[test]
fn errors_and_ctrl_c_leave_the_prompt_alive() {
    let state = tempfile::tempdir().unwrap();
    let mut prompt = Terminal::open(state.path());
    prompt.types("SELECT nothing FROM blossoms;\r");
    prompt.until("unknown-column");
    prompt.until(READY);
    // A line that is given up.
    prompt.types(&format!("SELECT nonsense{CTRL_C}"));
    prompt.until(READY);
    let endless = "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS a, UNNEST(GENERATE_ARRAY(1, 1000000)) AS b;";
    prompt.types(&format!("{endless}\r"));
    // It runs, and its progress is shown.
    prompt.until("rows/s");
    prompt.types(CTRL_C);
    prompt.until("cancelled");
    prompt.until(READY);
    prompt.types("SELECT COUNT(*) + 1000 AS n FROM blossoms;\r");
    prompt.until("1150");
    prompt.until(READY);
    prompt.leave();
}

#[test]
fn what_was_typed_is_there_the_next_time() {
    let state = tempfile::tempdir().unwrap();
    let mut prompt = Terminal::open(state.path());
    prompt.types("SELECT 20 +\r22 AS answer;\r");
    prompt.until("42");
    prompt.until(READY);
    prompt.leave();
    let mut prompt = Terminal::open(state.path());
    prompt.types(&format!("{UP}{UP}\r"));
    prompt.until("42");
    prompt.until(READY);
    prompt.leave();
}

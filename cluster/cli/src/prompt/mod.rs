//! The prompt: statements that end with a semicolon, one after the other over the same tables and models.

mod helper;
mod scan;

use std::path::PathBuf;

use predictql_terminal::Failure;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use crate::arguments::Settings;
use crate::cancel::Cancel;
use crate::database::Database;
use helper::Helper;

const GREETING: &str = "Statements end with `;`. Tab completes, Ctrl-C cancels, Ctrl-D or `exit` leaves.";

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    let config = Config::builder().completion_type(CompletionType::List).auto_add_history(true).build();
    let broken = |error: ReadlineError| Failure::Output(format!("the prompt has ended: {error}"));
    let mut editor: Editor<Helper, FileHistory> = Editor::with_config(config).map_err(broken)?;
    // Behind the editor, which hears Ctrl-C for as long as nobody else does.
    let cancel = Cancel::new()?;
    let database = Database::open(settings, "", cancel.clone())?;
    let dialect = settings.over.dialect.map(Into::into);
    editor.set_helper(Some(Helper::new(database.engine().clone(), dialect)));
    let history = history();
    if let Some(path) = &history {
        // The first time there is none.
        let _ = editor.load_history(path);
    }
    eprintln!("predictql {}\n{GREETING}", env!("CARGO_PKG_VERSION"));
    loop {
        match editor.readline("predictql> ") {
            Ok(text) if matches!(text.trim().trim_end_matches(';'), "exit" | "quit") => break,
            Ok(text) if scan::is_blank(&text) => {}
            Ok(text) => {
                match database.run(&text) {
                    Err(failure @ Failure::Unread) => return Err(failure),
                    Err(failure) => failure.tell(),
                    Ok(()) => {}
                }
                cancel.forget();
            }
            // The line is given up, the prompt is not.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(broken(error)),
        }
    }
    if let Some(path) = history {
        if let Some(folder) = path.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        // A history that cannot be kept is no reason to fail.
        let _ = editor.save_history(&path);
    }
    Ok(())
}

/// Where what was typed is kept.
fn history() -> Option<PathBuf> {
    let folder = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    folder.or_else(home).map(|folder| folder.join("predictql/history"))
}

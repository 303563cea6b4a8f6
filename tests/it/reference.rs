//! The pages below `docs/reference` are made of the declarations and of the records that raise errors.
//!
//! They are compared here; `cargo xtask reference` runs this test with `PREDICTQL_REFERENCE=write`, which writes them.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use predictql::FunctionInfo;
use predictql::diag::{Code, Error};
use predictql::model::ModelOptions;
use sqllogictest::{DefaultColumnType, Record, StatementExpect};

use crate::host;
use crate::suite::ELSEWHERE;

const NOTE: &str = "<!-- Made by `cargo xtask reference`. -->\n";

#[test]
fn pages_are_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let write = std::env::var("PREDICTQL_REFERENCE").is_ok_and(|it| it == "write");
    for (name, text) in [("functions.md", functions()), ("errors.md", errors()), ("models.md", models())] {
        let path = folder.join(name);
        if write {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "docs/reference/{name} is stale: run `cargo xtask reference`");
    }
}

#[test]
fn what_is_promised_is_what_tests_of_these_names_show() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = String::new();
    let mut folders: Vec<_> =
        ["tests", "fuzz/src", "pictures/src", "src"].map(|folder| root.join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension().and_then(|ending| ending.to_str()) {
                Some("rs" | "mjs") => texts += &fs::read_to_string(&path).unwrap(),
                None if path.is_dir() && !path.ends_with("node_modules") => folders.push(path),
                _ => {}
            }
        }
    }
    let page = fs::read_to_string(root.join("docs/RELIABILITY.md")).unwrap();
    let promises = page.lines().skip_while(|line| !line.starts_with("| promise")).skip(2);
    let mut count = 0;
    for row in promises.take_while(|line| line.starts_with('|')) {
        let shown_by = row.split(" | ").nth(1).unwrap();
        let rust = shown_by.split('`').skip(1).step_by(2);
        let rust = rust.map(|name| [format!("fn {name}("), format!("name: \"{name}\"")]);
        let package =
            shown_by.split('"').skip(1).step_by(2).map(|name| [format!("\"{name}\""), "?".repeat(99)]);
        for names in rust.chain(package) {
            assert!(names.iter().any(|name| texts.contains(name)), "{names:?} of: {row}");
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

fn functions() -> String {
    let mut all: Vec<_> = predictql::functions().collect();
    // Operators stay in their order: those alike stand together.
    all.sort_by_key(|it| if it.kind == "OPERATOR" { "" } else { it.name });
    let learning = |it: &&FunctionInfo| it.name.starts_with("ML.") && it.kind != "TABLE";
    let of = |kind: &'static str| move |it: &&FunctionInfo| it.kind == kind && !learning(it);
    let mut page = format!("# Functions and operators\n\n{NOTE}");
    let mut section = |title: &str, about: &str, rows: Vec<&FunctionInfo>| {
        write!(page, "\n## {title}\n\n{about}\n\n| call | description |\n|---|---|\n").unwrap();
        rows.iter().for_each(|it| writeln!(page, "| {} | {} |", forms(it), it.doc).unwrap());
    };
    section(
        "Machine learning",
        "Functions that take statistics over all rows are called with an empty `OVER ()`; `TRANSFORM` keeps the statistics.",
        all.iter().filter(learning).collect(),
    );
    let tables = "They return rows and are called in FROM.";
    section("Table functions", tables, all.iter().filter(|it| it.kind == "TABLE").collect());
    section(
        "Scalar functions",
        "They may be called wherever a value is expected. With `SAFE.` in front of the name the result is NULL where the function would fail.",
        all.iter().filter(of("SCALAR")).collect(),
    );
    section(
        "Aggregate functions",
        "They are computed over the rows of a group, or with `OVER (…)` over those of a window.",
        all.iter().filter(of("AGGREGATE")).collect(),
    );
    section(
        "Window functions",
        "They are called with `OVER (…)`.",
        all.iter().filter(of("WINDOW")).collect(),
    );
    section(
        "Operators",
        "`T` is any type, the same within a line.",
        all.iter().filter(of("OPERATOR")).collect(),
    );
    page
}

fn forms(function: &FunctionInfo) -> String {
    let forms: Vec<_> = function.forms.iter().map(|it| format!("`{}`", it.replace('|', "\\|"))).collect();
    forms.join("<br>")
}

fn models() -> String {
    let mut page = format!(
        "# Options of models\n\n{NOTE}\n`CREATE MODEL name OPTIONS (model_path = 'model.onnx', …)` and `ALTER MODEL name SET OPTIONS (…)`; NULL takes \
         an option back.\n\n| option | takes | what it does |\n|---|---|---|\n"
    );
    for option in ModelOptions::ALL {
        writeln!(page, "| `{}` | {} | {} |", option.name, option.takes, option.doc).unwrap();
    }
    page
}

fn errors() -> String {
    let raised = raised();
    let mut page = format!(
        "# Error codes\n\n{NOTE}\nA code keeps its name and meaning within a major version. Each has here a statement that raises it, and what it \
         says then.\n"
    );
    for code in Code::ALL {
        write!(page, "\n## `{code}`\n\n{} Kind: {:?}.\n", code.meaning(), code.kind()).unwrap();
        match raised.iter().find(|(_, error)| error.code() == *code) {
            Some((sql, error)) => write!(page, "\n```sql\n{sql}\n```\n\n```text\n{error}\n```\n").unwrap(),
            None => {
                let (_, why) = ELSEWHERE.iter().find(|(it, _)| it == code).unwrap();
                write!(page, "\n{why}\n").unwrap();
            }
        }
    }
    page.push_str("\n# Errors of the package\n\nThe npm package raises these by itself: they are about sources, the network and the engine, not about SQL.\n");
    page.push_str("\n| code | what it means |\n|---|---|\n");
    for (code, meaning) in package_errors() {
        writeln!(page, "| `{code}` | {meaning} |").unwrap();
    }
    page
}

/// The codes that the package declares, with their meanings.
fn package_errors() -> Vec<(String, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("pkg-template/src/error-codes.ts");
    let text = fs::read_to_string(file).unwrap();
    let entry = |line: &str| {
        let (code, meaning) = line.trim().strip_suffix(',')?.split_once(": ")?;
        let meaning = meaning.strip_prefix('"')?.strip_suffix('"')?.replace("\\\"", "\"");
        Some((code.trim_matches('"').to_owned(), meaning))
    };
    let errors: Vec<_> = text.lines().filter_map(entry).collect();
    assert!(!errors.is_empty(), "the package declares no errors");
    errors
}

/// The failing statements of the records of errors, and how they fail.
fn raised() -> Vec<(String, Error)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/errors.slt");
    let engine = host::engine();
    let mut raised = Vec::new();
    for record in sqllogictest::parse_file::<DefaultColumnType>(file).unwrap() {
        let Record::Statement { sql, expected, .. } = record else { continue };
        match (host::run(&engine, &sql), expected) {
            (Err(error), StatementExpect::Error(_)) => raised.push((sql, error)),
            (Ok(_), StatementExpect::Ok | StatementExpect::Count(_)) => {}
            (outcome, _) => panic!("{sql}: {outcome:?}"),
        }
    }
    raised
}

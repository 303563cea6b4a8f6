//! The rules of the house that no compiler checks: which room may use which, who may name what, what a file looks like.

use std::fmt;

use anyhow::{Context, Result, bail};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::project;
use crate::terminal;

/// The rooms of `src/`, lowest layer first. A room uses itself and the rooms of lower layers.
const LAYERS: [&[&str]; 11] = [
    &["diag", "limits", "control"],
    &["data", "json", "tensor"],
    &["syntax", "image", "table", "text", "onnx"],
    &["function", "operators", "boosters"],
    &["interpreter"],
    &["model"],
    &["catalog"],
    &["plan"],
    &["exec"],
    &["engine"],
    &["wasm"],
];

/// Names that only these folders may say, `*` standing for any ending: the rest of the house does not know what stands
/// behind them.
const OWNED: [(&str, &[&str]); 6] = [
    ("wasm_bindgen*", &["wasm/"]),
    ("js_sys", &["wasm/"]),
    ("web_sys", &["wasm/"]),
    ("serde", &["wasm/"]),
    ("serde_*", &["wasm/"]),
    ("unsafe", &[]),
];

/// Below these folders, a default in the place of a value that must be there is a wrong prediction.
const NO_SILENT_DEFAULTS: [&str; 2] = ["src/operators/", "src/interpreter/"];

/// The start of the comment that says why a default is what is meant.
const WHY_DEFAULT: &str = "// Default:";

/// A fixture needs the script that makes it; anything bigger is generated or downloaded.
const BIGGEST_FILE: usize = 1_000_000;

/// Folders that lie at the root of somebody's machine.
const MACHINE_FOLDERS: [&str; 4] = ["root", "home", "Users", "work"];

#[derive(Debug, PartialEq)]
struct Violation {
    file: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

pub fn check() -> Result<()> {
    let files = project::files()?;
    let mut found = Vec::new();
    for file in &files {
        let bytes = project::read(&project::at(file))?;
        found.extend(shape(file, &bytes));
        if let (Some(path), Ok(text)) = (file.strip_prefix("src/"), str::from_utf8(&bytes))
            && path.ends_with(".rs")
        {
            found.extend(House::read(file, text).with_context(|| format!("`{file}` is not Rust"))?);
            found.extend(silent_defaults(file, text));
        }
    }
    if found.is_empty() {
        terminal::note(&format!("{} files are tidy", files.len()));
        return Ok(());
    }
    found.iter().for_each(|violation| terminal::note(&violation.to_string()));
    bail!("{} places are not tidy", found.len())
}

/// What every file of the repository is held to.
fn shape(file: &str, bytes: &[u8]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut violation =
        |line: usize, rule: String| found.push(Violation { file: file.to_owned(), line, rule });
    if bytes.len() > BIGGEST_FILE {
        violation(1, format!("the file has {} bytes, and at most {BIGGEST_FILE} are kept here", bytes.len()));
    }
    let Ok(text) = str::from_utf8(bytes) else { return found };
    if file.ends_with(".rs") && !text.starts_with("//!") {
        violation(
            1,
            "the file does not open with `//!`: what it is for, and what it must not know".to_owned(),
        );
    }
    for (index, line) in text.lines().enumerate() {
        for folder in MACHINE_FOLDERS {
            if names_folder(line, folder) {
                violation(index + 1, format!("`/{folder}/` is a path of somebody's machine"));
            }
        }
    }
    found
}

/// Whether the line holds `/folder/` where a path begins, not within an address or a longer path.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(&format!("/{folder}/")).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"._-/}*~)>$".contains(letter))
    })
}

/// Defaults below [`NO_SILENT_DEFAULTS`] that no comment explains: `unwrap_or_default`, and `.get(…)` with an
/// `unwrap_or…` or `map_or…` behind it. The comment stands on the line or on one of the two above; tests are exempt.
fn silent_defaults(file: &str, text: &str) -> Vec<Violation> {
    if !NO_SILENT_DEFAULTS.iter().any(|folder| file.starts_with(folder)) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").collect();
    let is_silent = |index: &usize| {
        let is_explained =
            lines[index.saturating_sub(2)..=*index].iter().any(|line| line.contains(WHY_DEFAULT));
        has_default(&lines, *index) && !is_explained
    };
    let violation = |index: usize| Violation {
        file: file.to_owned(),
        line: index + 1,
        rule: format!(
            "a default may hide a missing value: check it, or say with `{WHY_DEFAULT}` why it is meant"
        ),
    };
    (0..lines.len()).filter(is_silent).map(violation).collect()
}

/// Whether the line puts a default in the place of a value; the `.get(…)` may stand on a line above, where rustfmt has
/// broken the chain of calls.
fn has_default(lines: &[&str], index: usize) -> bool {
    let line = lines[index].trim_start();
    if line.starts_with("//") {
        return false;
    }
    if line.contains("unwrap_or_default") {
        return true;
    }
    let Some(end) = line.find(".unwrap_or").or_else(|| line.find(".map_or")) else { return false };
    let is_continued = |index: &usize| lines[*index].trim_start().starts_with(['.', '/']);
    let first = (1..=index).rev().find(|index| !is_continued(index)).unwrap_or(0);
    line[..end].contains(".get(") || lines[first..index].iter().any(|line| line.contains(".get("))
}

/// Reads the tokens of one file below `src/`.
struct House<'file> {
    file: &'file str,
    room: Option<&'file str>,
    found: Vec<Violation>,
}

impl<'file> House<'file> {
    fn read(file: &'file str, text: &str) -> Result<Vec<Violation>> {
        let path = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        let module: Vec<&str> = if path == "lib" { Vec::new() } else { path.split('/').collect() };
        let tokens: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
        let mut house = Self { file, room: module.first().copied(), found: Vec::new() };
        if house.room.is_some_and(|room| layer(room).is_none()) {
            house.violation(1, format!("`{}` has no layer: give it one in `xtask/src/tidy.rs`", module[0]));
        }
        house.walk(tokens, module.len());
        Ok(house.found)
    }

    /// `depth` is how many modules lie between the crate's root and here, this one included.
    fn walk(&mut self, tokens: TokenStream, depth: usize) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(name) => {
                    let (name, line) = (name.to_string(), name.span().start().line);
                    self.check_owner(&name, line);
                    let starts_path = index < 2 || !tokens[index - 2..index].iter().all(is_colon);
                    if starts_path && leads_on(&tokens, index) {
                        match name.as_str() {
                            "crate" => self.follow(&tokens[index + 3..], 0),
                            "self" => self.follow(&tokens[index + 3..], depth),
                            "super" => self.follow(&tokens[index..], depth),
                            _ => {}
                        }
                    }
                }
                TokenTree::Group(group) => {
                    let module = index >= 2 && is_word(&tokens[index - 2], "mod") && is_braced(group);
                    self.walk(group.stream(), depth + usize::from(module));
                }
                _ => {}
            }
        }
    }

    /// Follows a path that has come to `depth` modules below the root, into each branch of a `use` list.
    fn follow(&mut self, path: &[TokenTree], depth: usize) {
        match path {
            [TokenTree::Ident(name), ..] if name == "super" && leads_on(path, 0) => {
                self.follow(&path[3..], depth.saturating_sub(1));
            }
            [TokenTree::Ident(name), ..] if depth == 0 => {
                self.check_layer(&name.to_string(), name.span().start().line);
            }
            [TokenTree::Group(group), ..] if is_braced(group) => {
                let branches: Vec<TokenTree> = group.stream().into_iter().collect();
                branches.split(|token| is_punct(token, ',')).for_each(|branch| self.follow(branch, depth));
            }
            [TokenTree::Punct(star), ..] if depth == 0 && star.as_char() == '*' && self.room.is_some() => {
                self.violation(
                    star.span().start().line,
                    "`crate::*` hides which rooms are used: name them".to_owned(),
                );
            }
            _ => {}
        }
    }

    fn check_layer(&mut self, used: &str, line: usize) {
        let Some(room) = self.room else { return };
        let rule = match (layer(room), layer(used)) {
            (_, None) => format!("`{used}` is no room of `src/`: name the room that owns it"),
            (Some(own), Some(other)) if used != room && other >= own => {
                format!(
                    "`{room}` (layer {own}) may not use `{used}` (layer {other}): a room uses lower layers only"
                )
            }
            _ => return,
        };
        self.violation(line, rule);
    }

    fn check_owner(&mut self, name: &str, line: usize) {
        for (owned, folders) in OWNED {
            let is_owned = owned.strip_suffix('*').map_or(name == owned, |start| name.starts_with(start));
            let is_inside = folders.iter().any(|folder| self.file.starts_with(&format!("src/{folder}")));
            if is_owned && !is_inside {
                self.violation(line, format!("only `{}` may say `{name}`", folders.join("`, `")));
            }
        }
    }

    fn violation(&mut self, line: usize, rule: String) {
        self.found.push(Violation { file: self.file.to_owned(), line, rule });
    }
}

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

/// Whether `::` follows.
fn leads_on(tokens: &[TokenTree], index: usize) -> bool {
    tokens.get(index + 1..index + 3).is_some_and(|pair| pair.iter().all(is_colon))
}

fn is_colon(token: &TokenTree) -> bool {
    is_punct(token, ':')
}

fn is_punct(token: &TokenTree, letter: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == letter)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_braced(group: &Group) -> bool {
    group.delimiter() == Delimiter::Brace
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that break a rule, with what the rule speaks of.
    fn broken(file: &str, text: &str) -> Vec<(usize, String)> {
        House::read(file, text).unwrap().into_iter().map(|found| (found.line, found.rule)).collect()
    }

    fn is_broken(file: &str, text: &str) -> bool {
        !broken(file, text).is_empty()
    }

    #[test]
    fn a_room_uses_itself_and_lower_rooms() {
        let text =
            "//! Scans.\nuse crate::plan::{Node, Plan};\nuse crate::{data::Batch, exec::Pull, model};\n";
        assert_eq!(broken("src/exec/scan.rs", text), []);
        assert_eq!(broken("src/limits.rs", "pub(crate) fn cap() -> usize { crate::limits::inner::CAP }"), []);
    }

    #[test]
    fn a_higher_room_and_a_sibling_are_named_with_their_line() {
        let text = "//! Plans.\n\nuse crate::exec::Pull;\nfn run() { crate::engine::go() }\n";
        assert_eq!(
            broken("src/plan/mod.rs", text),
            [
                (
                    3,
                    "`plan` (layer 7) may not use `exec` (layer 8): a room uses lower layers only".to_owned()
                ),
                (
                    4,
                    "`plan` (layer 7) may not use `engine` (layer 9): a room uses lower layers only"
                        .to_owned()
                ),
            ]
        );
        assert!(!is_broken("src/catalog/mod.rs", "use crate::function::Fitted;"));
        assert!(is_broken("src/function/mod.rs", "use crate::catalog::Table;"));
        assert!(is_broken("src/syntax/lexer.rs", "use crate::table::csv;"));
    }

    #[test]
    fn lists_and_detours_hide_nothing() {
        assert!(is_broken("src/data/mod.rs", "use crate::{diag::Span, syntax::{ast, token}};"));
        assert!(is_broken("src/data/cast.rs", "use super::super::plan::Plan;"));
        assert!(is_broken("src/data/cast.rs", "use super::{scalar, super::plan::Plan};"));
        assert!(is_broken("src/data/cast.rs", "use self::super::super::plan;"));
        assert!(is_broken("src/data/cast.rs", "mod tests { use super::super::super::plan; }"));
        assert!(!is_broken("src/data/cast.rs", "mod tests { use super::super::scalar; }"));
        assert!(is_broken("src/data/cast.rs", "macro_rules! m { () => { $crate::plan::bind() } }"));
        assert!(is_broken("src/data/cast.rs", "fn cast(plan: crate::plan::Plan) {}"));
        assert!(is_broken("src/data/cast.rs", "use crate::*;"));
        assert!(is_broken("src/data/cast.rs", "use crate::Engine;"));
    }

    #[test]
    fn words_in_comments_and_texts_are_free() {
        let text = "//! Unlike crate::exec, not unsafe.\n/// See [`crate::wasm`].\nconst A: &str = \"crate::exec wasm_bindgen\";";
        assert_eq!(broken("src/data/mod.rs", text), []);
    }

    #[test]
    fn the_facade_may_use_every_room() {
        assert_eq!(
            broken("src/lib.rs", "pub use crate::engine::Engine; mod wasm; pub use self::plan::Plan;"),
            []
        );
    }

    #[test]
    fn names_stay_in_the_room_that_owns_them() {
        assert!(is_broken("src/engine/mod.rs", "#[wasm_bindgen] pub struct A;"));
        assert!(is_broken("src/data/mod.rs", "#[derive(serde::Serialize)] struct A;"));
        assert!(!is_broken("src/wasm/mod.rs", "use wasm_bindgen::prelude::*;"));
        assert!(is_broken("src/model/load.rs", "fn a() { unsafe { b() } }"));
    }

    #[test]
    fn a_new_room_asks_for_a_layer() {
        let found = broken("src/cellar/mod.rs", "//! Wine.");
        assert_eq!(found, [(1, "`cellar` has no layer: give it one in `xtask/src/tidy.rs`".to_owned())]);
    }

    #[test]
    fn defaults_of_operators_say_why() {
        let lines = |text: &str| -> Vec<usize> {
            silent_defaults("src/operators/a.rs", text).iter().map(|found| found.line).collect()
        };
        assert_eq!(lines("let a = list.first().copied().unwrap_or_default();"), [1]);
        assert_eq!(lines("let a = 1;\nlet b = list.get(at).map_or(0, |b| b + 1);"), [2]);
        assert_eq!(lines("let a = list\n    .get(at)\n    .copied()\n    .unwrap_or(1);"), [4]);
        assert!(lines("let a = list.get(at);\nlet b = other.unwrap_or(1);").is_empty());
        assert!(lines("let a = node.get_attr_opt(name)?.unwrap_or(1);").is_empty());
        assert!(lines("// Not `unwrap_or_default`.").is_empty());
    }

    #[test]
    fn a_default_with_its_reason_and_tests_are_free() {
        let silent = |file: &str, text: &str| !silent_defaults(file, text).is_empty();
        let default = "let a = list.get(at).unwrap_or(&0);";
        for reason in ["// Default: an absent bias is zero.\n", "// Default: an absent bias\n// is zero.\n"] {
            assert!(!silent("src/operators/ml/a.rs", &format!("{reason}{default}")));
        }
        assert!(!silent("src/operators/ml/a.rs", &format!("{default} // Default: zero is meant.")));
        assert!(silent("src/operators/ml/a.rs", &format!("// Default: zero.\n\n\n{default}")));
        assert!(silent("src/operators/ml/a.rs", &format!("// It is zero.\n{default}")));
        assert!(!silent("src/operators/ml/a.rs", &format!("#[cfg(test)]\nmod tests {{ {default} }}")));
        assert!(!silent("src/exec/a.rs", default));
    }

    #[test]
    fn files_are_small_introduce_themselves_and_name_no_machine() {
        assert_eq!(shape("tests/web.rs", b"//! Tests.\n"), []);
        assert_eq!(shape("src/a.rs", b"use std::fs;\n")[0].line, 1);
        assert_eq!(shape("a.bin", &vec![255; BIGGEST_FILE + 1]).len(), 1);
        let [folder, other] = [MACHINE_FOLDERS[0], MACHINE_FOLDERS[2]];
        assert_eq!(shape("a.md", format!("ok\nlook in /{folder}/x\n").as_bytes())[0].line, 2);
        assert_eq!(shape("a.md", format!("`/{other}/ann/x`").as_bytes()).len(), 1);
        assert_eq!(
            shape("a.md", format!("https://example.org/{other}/x ./{folder}/ ~/{folder}/").as_bytes()),
            []
        );
    }
}

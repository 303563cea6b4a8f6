//! What a database holds before a statement runs: models and tables by name, and where they lie.
//!
//! It opens by the statements that would make the same by hand, so that options mean the same everywhere. It travels as JSON; two
//! machines that have the same digest have the same models and tables.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::str::FromStr;

use predictql::{Dialect, Engine, Params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::literal::{literal, named, quoted};
use crate::{Error, Host};

/// Models and tables by name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// The models, in the order in which they are made.
    #[serde(default)]
    pub models: Vec<NamedSource>,
    /// The tables, in the order in which they are made.
    #[serde(default)]
    pub tables: Vec<NamedSource>,
}

/// A name, and where what it names lies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSource {
    /// As SQL has it.
    pub name: String,
    /// The file of a model; the files of a table, or patterns with `*` for them.
    pub uris: Vec<String>,
    /// OPTIONS of the statement that makes it, but for the paths. A table without `format` has the one that its ending names, and is an
    /// object table where that is none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, Value>,
    /// The number of a model's version; several models of one name are its versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Whether it is the version that the name means without a number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_default: bool,
}

impl NamedSource {
    /// One without options.
    pub fn new(name: impl Into<String>, uri: impl Into<String>) -> Self {
        Self { name: name.into(), uris: vec![uri.into()], ..Self::default() }
    }

    /// The same with an option.
    #[must_use]
    pub fn with(mut self, option: impl Into<String>, value: impl Into<Value>) -> Self {
        self.options.insert(option.into(), value.into());
        self
    }

    fn check_name(&self) -> Result<(), Error> {
        if self.name.contains('`') || self.name.is_empty() {
            return Err(Error::new(format!("`{}` cannot be a name", self.name)));
        }
        Ok(())
    }

    fn options(&self, path: String) -> String {
        let options =
            self.options.iter().map(|(name, value)| format!(", {} = {}", named(name), literal(value)));
        format!("OPTIONS ({path}{})", options.collect::<String>())
    }
}

/// `name=uri`, with options as JSON behind a blank, as command lines have it.
impl FromStr for NamedSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected a name, `=` and a file";
        let (name, rest) = text.split_once('=').ok_or(expected)?;
        let (uri, options) = rest.split_at(rest.find(" {").unwrap_or(rest.len()));
        if name.is_empty() || uri.trim().is_empty() {
            return Err(expected.into());
        }
        let mut source = Self::new(name, uri.trim());
        if !options.is_empty() {
            source.options = serde_json::from_str(options)
                .map_err(|error| format!("the options are no JSON object: {error}"))?;
        }
        Ok(source)
    }
}

impl Catalog {
    /// An engine that holds all of it.
    ///
    /// # Errors
    /// Where a file is not there, or not what it should be; the error names it, and is none of a statement.
    pub fn open(&self, host: &Host) -> Result<Engine, Error> {
        let engine = host.engine();
        for (number, model) in self.models.iter().enumerate() {
            let mut before = self.models.iter().take(number);
            let is_more = before.any(|other| other.name == model.name);
            open_model(&engine, host, model, is_more).map_err(|error| of("model", &model.name, error))?;
        }
        for table in &self.tables {
            open_table(&engine, host, table).map_err(|error| of("table", &table.name, error))?;
        }
        Ok(engine)
    }

    /// A digest in hexadecimal digits: of names, URIs and options, of the bytes of models, and of the size and tag of the files of
    /// tables.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn digest(&self, host: &Host) -> Result<String, Error> {
        let mut digest = Sha256::new();
        let mut add = |bytes: &[u8]| {
            // Each with its length: no two lists of parts read alike.
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        let text = serde_json::to_vec(self).map_err(|error| Error::new(error.to_string()))?;
        add(&text);
        for uri in self.models.iter().flat_map(|model| &model.uris) {
            for file in host.stores().list(uri).map_err(Error::new)? {
                add(&Sha256::digest(host.stores().read(&file.uri).map_err(Error::new)?));
            }
        }
        for uri in self.tables.iter().flat_map(|table| &table.uris) {
            for file in host.stores().list(uri).map_err(Error::new)? {
                let meta = host.stores().meta(&file.uri).map_err(Error::new)?;
                add(file.uri.as_bytes());
                add(&meta.size.to_le_bytes());
                match &meta.tag {
                    Some(tag) => add(tag.as_bytes()),
                    None => add(&meta.updated_ms.to_le_bytes()),
                }
            }
        }
        Ok(format!("{:x}", digest.finalize()))
    }
}

/// What is wrong with a model or table. Its place would be in a text that nobody has written.
fn of(kind: &str, name: &str, error: Error) -> Error {
    let (message, hint) = match error {
        Error::Statement(error) => (error.first().message.clone(), error.first().hint.clone()),
        Error::Host { message, hint } => (message, hint),
    };
    Error::Host { message: format!("{kind} `{name}`: {message}"), hint }
}

/// What is wrong with what a file holds: an error of the statement points at the path in it instead.
fn of_file(path: &str, error: Error) -> Error {
    match error {
        Error::Statement(error) if !error.first().message.contains(path) => Error::Host {
            message: format!("`{path}`: {}", error.first().message),
            hint: error.first().hint.clone(),
        },
        error => error,
    }
}

/// A model, or one more version of it.
fn open_model(engine: &Engine, host: &Host, model: &NamedSource, is_more: bool) -> Result<(), Error> {
    model.check_name()?;
    let [path] = model.uris.as_slice() else {
        return Err(Error::new(format!("expected one file, found {}", model.uris.len())));
    };
    let options = model.options(format!("model_path = {}", quoted(path)));
    let name = named(&model.name);
    let version = model.version.map(|number| number.to_string()).unwrap_or_default();
    let made = if is_more {
        format!("ALTER MODEL {name} ADD VERSION {version} {options}")
    } else if model.version.is_some() {
        format!("CREATE OR REPLACE MODEL {name} VERSION {version} {options}")
    } else {
        format!("CREATE OR REPLACE MODEL {name} {options}")
    };
    run(engine, host, &made).map_err(|error| of_file(path, error))?;
    if model.is_default && model.version.is_some() {
        run(engine, host, &format!("ALTER MODEL {name} SET DEFAULT_VERSION = {version}"))?;
    }
    Ok(())
}

fn open_table(engine: &Engine, host: &Host, table: &NamedSource) -> Result<(), Error> {
    table.check_name()?;
    if table.uris.is_empty() {
        return Err(Error::new("it has no files"));
    }
    let uris = table.uris.iter().map(|uri| quoted(uri)).collect::<Vec<_>>().join(", ");
    let mut path = format!("uris = [{uris}]");
    let is_told = |name: &str| table.options.keys().any(|option| option.eq_ignore_ascii_case(name));
    if !is_told("format") && !is_told("object_metadata") {
        path += match table.uris.first().and_then(|uri| format_of(uri)) {
            Some(format) => format!(", format = '{format}'"),
            None => ", object_metadata = 'SIMPLE'".into(),
        }
        .as_str();
    }
    let options = table.options(path);
    run(engine, host, &format!("CREATE OR REPLACE EXTERNAL TABLE {} {options}", named(&table.name)))
}

/// The format that the ending of a file tells.
fn format_of(uri: &str) -> Option<&'static str> {
    let address = uri.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let name = address.strip_suffix(".gz").unwrap_or(&address);
    Some(match name.rsplit_once('.')?.1 {
        "csv" | "tsv" | "txt" => "CSV",
        "json" | "jsonl" | "ndjson" => "JSON",
        "parquet" | "pq" => "PARQUET",
        "arrow" | "arrows" | "feather" | "ipc" => "ARROW",
        _ => return None,
    })
}

fn run(engine: &Engine, host: &Host, statement: &str) -> Result<(), Error> {
    let session = engine.session().without_log(true).with_dialect(Dialect::BigQuery);
    for query in session.script(statement, Params::default())? {
        host.run(&mut query?, &mut (), &mut |_| ControlFlow::Continue(()))?;
    }
    Ok(())
}

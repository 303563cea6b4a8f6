//! What all commands that run statements are told.

use std::path::Path;

use clap::{Args, ValueEnum};
use predictql_host::{Catalog, Error, Host, NamedSource, Parameter, Registry, Stores};

use crate::size::Size;

/// What statements run over.
#[derive(Debug, Clone, Args)]
pub struct Over {
    /// A model and its file: iris=iris.onnx, with options as JSON behind a blank: 'iris=iris.onnx {"task": "classification"}'
    #[arg(long, value_name = "NAME=FILE")]
    pub model: Vec<NamedSource>,
    /// A table and its files, whose format their ending tells (CSV, JSON, Parquet, Arrow; others are an object table): t=data/*.parquet, with options as JSON behind a blank: 't=data.txt {"format": "csv", "field_delimiter": "|"}'
    #[arg(long, value_name = "NAME=FILES")]
    pub table: Vec<NamedSource>,
    /// A registry of models, each with its versions and aliases: `MODEL m@champion`
    #[arg(long, env = "PREDICTQL_REGISTRY", value_name = "DIR")]
    pub registry: Option<String>,
    /// A value for `@name`, or with `=VALUE` for the next `?`: JSON (5, true, "a", [1, 2]), or else a text
    #[arg(long, value_name = "NAME=VALUE")]
    pub param: Vec<Parameter>,
    /// The dialect of the statements; without it the text tells
    #[arg(long)]
    pub dialect: Option<Dialect>,
}

impl Over {
    /// What is named, and of the registry the models that `text` may mean.
    ///
    /// # Errors
    /// Where the registry cannot be read, and where two have the same name.
    pub fn catalog(&self, stores: &Stores, text: &str) -> Result<Catalog, Error> {
        let mut models = Vec::new();
        if let Some(folder) = &self.registry {
            let all = Registry::new(stores.clone(), folder).sources()?;
            models.extend(all.into_iter().filter(|model| may_mean(text, model)));
        }
        // What is named here goes before what the registry has under the same name.
        models.retain(|model| self.model.iter().all(|given| given.name != model.name));
        models.extend(self.model.iter().cloned());
        once("--model", &self.model)?;
        once("--table", &self.table)?;
        files(&self.table)?;
        Ok(Catalog { models, tables: self.table.clone() })
    }
}

/// The second one of a name would silently take the place of the first.
fn once(argument: &str, named: &[NamedSource]) -> Result<(), Error> {
    for (number, source) in named.iter().enumerate() {
        let is_same = |other: &NamedSource| other.name.eq_ignore_ascii_case(&source.name);
        if named.iter().take(number).any(is_same) {
            return Err(Error::new(format!("`{argument}` gives `{}` twice", source.name))
                .hint("several files are one table by a pattern: `data/*.parquet`"));
        }
    }
    Ok(())
}

/// A folder has files of any kind.
fn files(tables: &[NamedSource]) -> Result<(), Error> {
    match tables.iter().flat_map(|table| &table.uris).find(|uri| Path::new(uri).is_dir()) {
        Some(folder) => Err(Error::new(format!("`{folder}` is a folder"))
            .hint(format!("name its files: `{}/*`", folder.trim_end_matches('/')))),
        None => Ok(()),
    }
}

/// Whether a text may mean a model: loading all of a registry would take long. Texts that are made while they run may mean any.
fn may_mean(text: &str, model: &NamedSource) -> bool {
    let upper = text.to_ascii_uppercase();
    let names_any = ["EXECUTE", "MODELS", "INFORMATION_SCHEMA"].iter().any(|word| upper.contains(word));
    text.is_empty() || names_any || has_word(text, &model.name)
}

/// Whether a name stands in a text, and not within another one.
fn has_word(text: &str, name: &str) -> bool {
    let goes_on = |neighbour: Option<char>| neighbour.is_some_and(|it| it.is_alphanumeric() || it == '_');
    text.match_indices(name).any(|(start, found)| {
        let (before, behind) = (text.get(..start), text.get(start + found.len()..));
        !goes_on(before.and_then(|it| it.chars().next_back()))
            && !goes_on(behind.and_then(|it| it.chars().next()))
    })
}

/// What statements may take of a machine.
#[derive(Debug, Clone, Args)]
pub struct Bounds {
    /// Bytes that the operators of one query hold together, such as 512MB or 4GiB: rows that are sorted, joined, grouped
    #[arg(long, value_name = "SIZE")]
    limit_memory: Option<Size>,
}

impl Bounds {
    /// What runs statements within them.
    pub fn host(&self, stores: Stores) -> Host {
        let host = Host::new(stores);
        let Some(Size(bytes)) = self.limit_memory else { return host };
        let mut limits = host.limits().clone();
        limits.memory_bytes = bytes;
        limits.held_bytes = limits.held_bytes.min(bytes);
        limits.table_bytes = limits.table_bytes.min(bytes);
        host.with_limits(limits)
    }
}

/// Where rows go.
#[derive(Debug, Clone, Args)]
pub struct Writing {
    /// How rows are written: table on a terminal, else csv
    #[arg(long, short)]
    pub format: Option<Format>,
    /// Where rows are written: a path, or a place in a store. It is there when the query has ended
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<String>,
    /// Rows that a table shows at most, 0 for all
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub max_rows: usize,
}

/// A dialect of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dialect {
    /// GoogleSQL
    Bigquery,
    /// T-SQL
    Tsql,
}

/// A format of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, shortened to what fits
    Table,
    /// With a line of names
    Csv,
    /// A list of objects
    Json,
    /// An object a line
    Jsonl,
    /// A Parquet file
    Parquet,
    /// An Arrow IPC stream
    Arrow,
}

impl From<Dialect> for predictql::Dialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Bigquery => Self::BigQuery,
            Dialect::Tsql => Self::TSql,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_means_a_model_by_its_whole_name() {
        let means = |text: &str| may_mean(text, &NamedSource::new("x", "x.onnx"));
        assert!(means("SELECT * FROM ML.PREDICT(MODEL x, TABLE t)"));
        assert!(means("SELECT * FROM ML.PREDICT(MODEL `x`@2, TABLE t)"));
        assert!(means("EXECUTE IMMEDIATE query"));
        assert!(!means("SELECT next FROM ML.PREDICT(MODEL iris@next, TABLE x_y)"));
    }
}

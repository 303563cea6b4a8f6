//! `predictql model`: a registry of models from the command line.

use std::collections::BTreeMap;
use std::io::Write;

use predictql_host::{Catalog, Error, Host, NamedSource, Registry, Stores};
use predictql_terminal::Failure;
use serde_json::Value;

use crate::arguments::ModelCommand;

pub(crate) fn run(folder: &str, command: ModelCommand) -> Result<(), Failure> {
    let registry = Registry::new(Stores::new(), folder);
    let failed = |error: Error| Failure::of("", &error);
    let mut out = std::io::stdout().lock();
    match command {
        ModelCommand::Add { name, file, alias, default, options } => {
            let options = match options {
                Some(text) => serde_json::from_str::<BTreeMap<String, Value>>(&text)
                    .map_err(|error| Failure::Usage(format!("--options is no JSON object: {error}")))?,
                None => BTreeMap::new(),
            };
            // What is no model, or has options that none has, would fail each statement that names it.
            let source = NamedSource {
                name: name.clone(),
                uris: vec![file.clone()],
                options: options.clone(),
                ..NamedSource::default()
            };
            let models = vec![source];
            Catalog { models, ..Catalog::default() }.open(&Host::new(Stores::new())).map_err(failed)?;
            let version = registry.add(&name, &file, &options, &alias).map_err(failed)?;
            if default {
                registry.set_default(&name, version).map_err(failed)?;
            }
            writeln!(out, "{name}@{version}")?;
        }
        ModelCommand::List => {
            for model in registry.list().map_err(failed)? {
                let default = if model.is_default { " (default)" } else { "" };
                let aliases: String = model.aliases.iter().map(|alias| format!(" @{alias}")).collect();
                writeln!(out, "{}@{}{default}{aliases}", model.name, model.version)?;
            }
        }
        ModelCommand::Alias { name, alias, version } => {
            registry.set_alias(&name, &alias, version).map_err(failed)?;
        }
        ModelCommand::Default { name, version } => registry.set_default(&name, version).map_err(failed)?,
    }
    Ok(())
}

//! A registry of models: a folder, or a prefix of a store, that machines share.
//!
//! `registry/<name>/<version>/model.onnx` are the files, with `options.json` beside one that has options, and the files of weights that
//! it names. `registry/<name>/versions.json` has the aliases and the version that the name means: only this file ever changes.

use std::collections::BTreeMap;

use predictql::model::{Model, ModelOptions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, NamedSource, Stores};

/// A place that has models.
pub struct Registry {
    stores: Stores,
    /// Ends with `/`.
    root: String,
}

/// A version of a model in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The model.
    pub name: String,
    /// From 1.
    pub version: u32,
    /// Its file.
    pub uri: String,
    /// In alphabetical order.
    pub aliases: Vec<String>,
    /// Whether the name means it.
    pub is_default: bool,
}

/// What `versions.json` says.
#[derive(Default, Serialize, Deserialize)]
struct Versions {
    #[serde(default)]
    default: Option<u32>,
    #[serde(default)]
    aliases: BTreeMap<String, u32>,
}

impl Registry {
    /// The registry in a folder.
    pub fn new(stores: Stores, folder: &str) -> Self {
        Self { stores, root: format!("{}/", folder.trim_end_matches('/')) }
    }

    /// All versions of all models, by name and number.
    ///
    /// # Errors
    /// Where the folder cannot be read, and where a folder of this machine does not exist.
    pub fn list(&self) -> Result<Vec<Registered>, Error> {
        if self.stores.lacks_folder(&self.root).map_err(Error::new)? {
            return Err(Error::new(format!(
                "the registry `{}` is no folder",
                self.root.trim_end_matches('/')
            ))
            .hint(
                "name another one, or add its first model: `predictql model --registry DIR add NAME FILE`",
            ));
        }
        self.all()
    }

    fn all(&self) -> Result<Vec<Registered>, Error> {
        let mut found = Vec::new();
        for file in self.stores.list(&format!("{}*/model.onnx", self.root)).map_err(Error::new)? {
            let inside = file.uri.strip_prefix(&self.root).and_then(|path| path.strip_suffix("/model.onnx"));
            let Some((name, version)) = inside.and_then(|path| path.rsplit_once('/')) else { continue };
            // Other folders are none of the registry's.
            let Ok(version) = version.parse() else { continue };
            found.push(Registered {
                name: name.to_owned(),
                version,
                uri: file.uri.clone(),
                aliases: Vec::new(),
                is_default: false,
            });
        }
        found.sort_by(|one, other| (&one.name, one.version).cmp(&(&other.name, other.version)));
        let mut last: Option<(String, Versions)> = None;
        for model in &mut found {
            let versions = match last.take() {
                Some((name, versions)) if name == model.name => versions,
                // The first one is the default, until somebody says another.
                _ => {
                    let versions = self.versions(&model.name)?;
                    Versions { default: versions.default.or(Some(model.version)), ..versions }
                }
            };
            model.is_default = versions.default == Some(model.version);
            let aliases = versions.aliases.iter().filter(|(_, version)| **version == model.version);
            model.aliases = aliases.map(|(alias, _)| alias.clone()).collect();
            last = Some((model.name.clone(), versions));
        }
        Ok(found)
    }

    /// The models as a catalog has them.
    ///
    /// # Errors
    /// As [`Registry::list`]; where options cannot be read.
    pub fn sources(&self) -> Result<Vec<NamedSource>, Error> {
        let source = |model: Registered| {
            let mut source = NamedSource::new(model.name.clone(), model.uri.clone());
            let path = self.file(&model.name, model.version, "options.json");
            if let Some(options) = self.json::<BTreeMap<String, Value>>(&path)? {
                source.options = options;
            }
            if !model.aliases.is_empty() {
                source = source.with("vertex_ai_model_version_aliases", model.aliases);
            }
            Ok(NamedSource { version: Some(model.version), is_default: model.is_default, ..source })
        };
        self.list()?.into_iter().map(source).collect()
    }

    /// Copies a model's file, and those of its weights, as the next version of a model; gives its number. The first one of a name
    /// is the one that it means.
    ///
    /// # Errors
    /// Where a file cannot be read or written; where it is no model.
    pub fn add(
        &self,
        name: &str,
        uri: &str,
        options: &BTreeMap<String, Value>,
        aliases: &[String],
    ) -> Result<u32, Error> {
        if name.is_empty()
            || name.contains(['`', '@', '*'])
            || name.split('/').any(|it| matches!(it, "" | "." | ".."))
        {
            return Err(Error::new(format!("`{name}` cannot be the name of a model")));
        }
        let bytes = self.stores.read(uri).map_err(Error::new)?;
        let weights = Model::external_data(&bytes, &ModelOptions::default())?;
        let known = self.all()?;
        let last = known.iter().filter(|model| model.name == name).map(|model| model.version).max();
        let version = last.unwrap_or(0) + 1;
        let folder = uri.rsplit_once('/').map_or("", |(folder, _)| folder);
        for file in weights {
            let beside = if folder.is_empty() { file.clone() } else { format!("{folder}/{file}") };
            let content = self.stores.read(&beside).map_err(|words| {
                Error::new(format!("`{uri}` keeps weights in another file: {words}"))
                    .hint("put it beside the model")
            })?;
            self.write(&self.file(name, version, &file), content.into(), false)?;
        }
        if !options.is_empty() {
            self.write(&self.file(name, version, "options.json"), text(options)?, false)?;
        }
        // Last, since it makes the version one: two programs that add at once cannot both write it.
        self.write(&self.file(name, version, "model.onnx"), bytes.into(), false)?;
        for alias in aliases {
            self.set_alias(name, alias, version)?;
        }
        Ok(version)
    }

    /// Gives a version an alias, which another one may have had before.
    ///
    /// # Errors
    /// Where there is no such version.
    pub fn set_alias(&self, name: &str, alias: &str, version: u32) -> Result<(), Error> {
        self.check(name, version)?;
        let is_odd = |c: char| !(c.is_alphanumeric() || c == '_' || c == '-');
        if alias.is_empty() || alias.contains(is_odd) || alias.chars().all(|c| c.is_ascii_digit()) {
            return Err(Error::new(format!("`{alias}` cannot be an alias"))
                .hint("aliases have letters, digits, `_` and `-`, and are no numbers"));
        }
        let mut versions = self.versions(name)?;
        versions.aliases.insert(alias.to_owned(), version);
        self.write(&self.about(name), text(&versions)?, true)
    }

    /// Makes a version the one that the name means.
    ///
    /// # Errors
    /// As [`Registry::set_alias`].
    pub fn set_default(&self, name: &str, version: u32) -> Result<(), Error> {
        self.check(name, version)?;
        let versions = Versions { default: Some(version), ..self.versions(name)? };
        self.write(&self.about(name), text(&versions)?, true)
    }

    fn check(&self, name: &str, version: u32) -> Result<(), Error> {
        let known: Vec<_> = self.all()?.into_iter().filter(|model| model.name == name).collect();
        if known.is_empty() {
            return Err(Error::new(format!("`{}` has no model `{name}`", self.root)));
        }
        if known.iter().any(|model| model.version == version) {
            return Ok(());
        }
        let numbers: Vec<_> = known.iter().map(|model| model.version.to_string()).collect();
        Err(Error::new(format!("model `{name}` has no version {version}"))
            .hint(format!("the versions are {}", numbers.join(", "))))
    }

    fn versions(&self, name: &str) -> Result<Versions, Error> {
        Ok(self.json(&self.about(name))?.unwrap_or_default())
    }

    /// What a file says; none where there is none.
    fn json<T: for<'a> Deserialize<'a>>(&self, uri: &str) -> Result<Option<T>, Error> {
        if self.stores.list(&format!("{uri}*")).map_err(Error::new)?.iter().all(|file| file.uri != uri) {
            return Ok(None);
        }
        let bytes = self.stores.read(uri).map_err(Error::new)?;
        serde_json::from_slice(&bytes).map_err(|error| Error::new(format!("`{uri}` cannot be read: {error}")))
    }

    fn write(&self, uri: &str, bytes: Vec<u8>, overwrite: bool) -> Result<(), Error> {
        self.stores.make_folders(uri).map_err(Error::new)?;
        let mut upload = self.stores.begin(uri, overwrite).map_err(Error::new)?;
        upload.write(&bytes).and_then(|()| upload.finish()).map_err(Error::new)
    }

    fn about(&self, name: &str) -> String {
        format!("{}{name}/versions.json", self.root)
    }

    fn file(&self, name: &str, version: u32, file: &str) -> String {
        format!("{}{name}/{version}/{file}", self.root)
    }
}

fn text(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value).map_err(|error| Error::new(error.to_string()))
}

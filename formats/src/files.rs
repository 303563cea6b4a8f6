//! The files of a model, by their paths.

use std::collections::BTreeMap;

use prost::bytes::Bytes;

use crate::lite::is_lite;

/// A model's files. Whatever folder they came in, paths inside of the model's own are the same.
#[derive(Default)]
pub(crate) struct Files {
    files: BTreeMap<String, Bytes>,
}

impl Files {
    pub(crate) fn new(files: Vec<(String, Vec<u8>)>) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (path.replace('\\', "/"), Bytes::from(bytes)));
        Self { files: files.collect() }
    }

    /// The file whose path is `path`, or ends with it: with its whole path. Of several the one with the fewest folders counts.
    pub(crate) fn get(&self, path: &str) -> Option<(&str, &Bytes)> {
        let is_it = |whole: &&String| {
            whole.strip_suffix(path).is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
        };
        let shortest = self.files.keys().filter(is_it).min_by_key(|whole| whole.split('/').count())?;
        self.files.get_key_value(shortest).map(|(path, bytes)| (path.as_str(), bytes))
    }

    /// The files that may be a model: those of TensorFlow Lite's, or else all but labels.
    pub(crate) fn models(&self) -> Vec<(&str, &Bytes)> {
        let named = || self.files.iter().map(|(path, bytes)| (path.as_str(), bytes));
        let lite: Vec<_> = named().filter(|(_, bytes)| is_lite(bytes)).collect();
        if lite.is_empty() {
            named().filter(|(path, _)| !path.ends_with("labels.txt")).collect()
        } else {
            lite
        }
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

//! Where things lie: files of this machine, buckets of S3 and Google Cloud Storage, web servers, memory.
//!
//! Stores answer in time only; this room has the one runtime that waits for them, and everyone else calls it as they call any
//! function, from any thread. What is wrong is told in words that name the file. It knows nothing of what files hold.

mod address;
mod upload;
mod waiting;
mod words;

pub use upload::Upload;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::{ObjectMeta, ObjectStoreExt, PutMode, PutOptions};
use predictql::table::{Hash, Object};

use address::{Address, Addresses};
use waiting::Waiting;
use words::in_words;

/// Files of all kinds of places, by their URIs: `data/a.csv`, `file:///data/a.csv`, `s3://bucket/a.csv`, `gs://bucket/a.csv`,
/// `https://host/a.csv`, `memory://a.csv`. Cloning shares connections, and what is in memory.
///
/// Credentials of S3 and Google Cloud Storage are those of the environment: `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`,
/// `AWS_SKIP_SIGNATURE` and the like, `GOOGLE_SERVICE_ACCOUNT`, `GOOGLE_APPLICATION_CREDENTIALS`, `GOOGLE_SKIP_SIGNATURE`.
#[derive(Clone)]
pub struct Stores {
    shared: Arc<Shared>,
}

struct Shared {
    addresses: Addresses,
    waiting: Waiting,
    is_given_up: AtomicBool,
}

/// What a store tells of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Bytes.
    pub size: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub updated_ms: i64,
    /// What the store calls this content: another one has another tag.
    pub tag: Option<String>,
}

impl From<&ObjectMeta> for Meta {
    fn from(meta: &ObjectMeta) -> Self {
        let updated_ms = meta.last_modified.timestamp_millis();
        Self { size: meta.size, updated_ms, tag: meta.e_tag.clone() }
    }
}

impl Default for Stores {
    fn default() -> Self {
        Self::new()
    }
}

impl Stores {
    /// Paths are those of the current directory.
    pub fn new() -> Self {
        Self::within(PathBuf::new())
    }

    /// Paths that do not begin with `/` are those of `folder`.
    pub fn within(folder: impl Into<PathBuf>) -> Self {
        let (addresses, waiting) = (Addresses::new(folder.into()), Waiting::default());
        Self { shared: Arc::new(Shared { addresses, waiting, is_given_up: AtomicBool::new(false) }) }
    }

    /// While `true`, nobody waits for a store any longer: what is waited for now, and later, fails.
    pub fn give_up(&self, gives_up: bool) {
        self.shared.is_given_up.store(gives_up, Ordering::Relaxed);
    }

    /// All bytes of a file.
    ///
    /// # Errors
    /// In words that name the file.
    pub fn read(&self, uri: &str) -> Result<Bytes, String> {
        let Address { store, path, .. } = self.file(uri)?;
        self.wait(uri, async move { store.get(&path).await?.bytes().await })
    }

    /// Some of the bytes of a file, in the order of the ranges.
    ///
    /// # Errors
    /// As [`Stores::read`].
    pub fn ranges(&self, uri: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, String> {
        let Address { store, path, .. } = self.file(uri)?;
        let ranges = ranges.to_vec();
        self.wait(uri, async move { store.get_ranges(&path, &ranges).await })
    }

    /// What is known of a file.
    ///
    /// # Errors
    /// As [`Stores::read`].
    pub fn meta(&self, uri: &str) -> Result<Meta, String> {
        let Address { store, path, .. } = self.file(uri)?;
        self.wait(uri, async move { store.head(&path).await.map(|meta| Meta::from(&meta)) })
    }

    /// The files that a pattern matches, in the order of their names: at most one `*`, which stands for any text, `/` included, as in
    /// BigQuery. A pattern without it is one file, which has to be there.
    ///
    /// # Errors
    /// As [`Stores::read`].
    pub fn list(&self, pattern: &str) -> Result<Vec<Object>, String> {
        let Some((head, tail)) = pattern.split_once('*') else {
            return Ok(vec![self.object(pattern.to_owned(), &self.meta(pattern)?)]);
        };
        if tail.contains('*') {
            return Err(format!("`{pattern}` has more than one `*`"));
        }
        if pattern.starts_with("http://") || pattern.starts_with("https://") {
            return Err(format!(
                "`{pattern}` cannot be listed: web servers do not tell their files, name each of them"
            ));
        }
        let folder = head.rfind('/').map_or("", |at| head.get(..=at).unwrap_or_default());
        let Address { store, path, .. } = self.shared.addresses.folder(folder)?;
        let inside = path.clone();
        let listed = async move { store.list(Some(&inside)).try_collect::<Vec<_>>().await };
        let mut objects = Vec::new();
        for meta in self.wait(pattern, listed)? {
            let name = meta.location.as_ref().strip_prefix(path.as_ref()).unwrap_or_default();
            let uri = format!("{folder}{}", name.trim_start_matches('/'));
            let is_long = uri.len() >= head.len() + tail.len();
            if is_long && uri.starts_with(head) && uri.ends_with(tail) {
                objects.push(self.object(uri, &Meta::from(&meta)));
            }
        }
        objects.sort_by(|one, other| one.uri.cmp(&other.uri));
        Ok(objects)
    }

    /// The files that patterns match, each once, in the order of the patterns.
    ///
    /// # Errors
    /// As [`Stores::list`].
    pub fn list_all(&self, patterns: &[String]) -> Result<Vec<Object>, String> {
        let mut objects: Vec<Object> = Vec::new();
        for pattern in patterns {
            let known: std::collections::HashSet<String> =
                objects.iter().map(|object| object.uri.clone()).collect();
            objects.extend(self.list(pattern)?.into_iter().filter(|object| !known.contains(&object.uri)));
        }
        Ok(objects)
    }

    /// Writes a whole file, in place of one that is there.
    ///
    /// # Errors
    /// As [`Stores::read`].
    pub fn write(&self, uri: &str, bytes: impl Into<Bytes>) -> Result<(), String> {
        let Address { store, path, .. } = self.file(uri)?;
        let (bytes, options) = (bytes.into(), PutOptions::from(PutMode::Overwrite));
        self.wait(uri, async move { store.put_opts(&path, bytes.into(), options).await })?;
        Ok(())
    }

    /// Whether a folder of this machine is missing; other stores have none.
    pub(crate) fn lacks_folder(&self, uri: &str) -> Result<bool, String> {
        Ok(self.shared.addresses.folder(uri)?.here.is_some_and(|folder| !folder.is_dir()))
    }

    /// Makes the folders that a file is to lie in; stores that are not of this machine need none.
    pub(crate) fn make_folders(&self, uri: &str) -> Result<(), String> {
        match self.file(uri)?.here.as_deref().and_then(std::path::Path::parent) {
            Some(folder) => std::fs::create_dir_all(folder)
                .map_err(|error| format!("the folder `{}` cannot be made: {error}", folder.display())),
            None => Ok(()),
        }
    }

    /// Begins a file that is there once it has ended, and not before.
    ///
    /// # Errors
    /// As [`Stores::read`]; where it would lie in a folder of this machine that does not exist or takes no file; where a file is there
    /// that is not to be overwritten.
    pub fn begin(&self, uri: &str, overwrite: bool) -> Result<Upload, String> {
        Upload::begin(self.clone(), uri, overwrite)
    }

    fn file(&self, uri: &str) -> Result<Address, String> {
        self.shared.addresses.file(uri)
    }

    fn object(&self, uri: String, meta: &Meta) -> Object {
        let hash = if self.shared.addresses.is_at_hand(&uri) { Hash::OfBytes } else { Hash::Remote };
        let address = uri.split(['?', '#']).next().unwrap_or_default();
        let content_type = mime_guess::from_path(address).first_raw().unwrap_or_default().to_owned();
        Object { uri, size: meta.size, content_type, updated_ms: meta.updated_ms, hash, is_live: false }
    }

    fn wait<T: Send + 'static>(
        &self,
        uri: &str,
        answer: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Result<T, String> {
        let Shared { waiting, is_given_up, .. } = &*self.shared;
        waiting.wait(answer, is_given_up)?.map_err(|error| in_words(uri, &error))
    }
}

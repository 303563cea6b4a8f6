//! Which store a URI belongs to, and what it is called there. Stores are made when they are met first, and kept.

use std::collections::HashMap;
use std::path::{Component, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use url::Url;

/// A place in a store.
pub(super) struct Address {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) path: Path,
    /// Where it is on this machine; none of what is elsewhere.
    pub(super) here: Option<PathBuf>,
}

pub(super) struct Addresses {
    /// Where paths begin that do not begin with `/`; the current directory where it is empty.
    folder: PathBuf,
    local: Arc<LocalFileSystem>,
    memory: Arc<InMemory>,
    /// By scheme and host, or bucket.
    remote: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl Addresses {
    pub(super) fn new(folder: PathBuf) -> Self {
        let (local, memory) = (Arc::new(LocalFileSystem::new()), Arc::new(InMemory::new()));
        Self { folder, local, memory, remote: Mutex::default() }
    }

    /// Whether reading a file costs next to nothing.
    pub(super) fn is_at_hand(&self, uri: &str) -> bool {
        matches!(scheme(uri), None | Some(("file" | "memory", _)))
    }

    /// # Errors
    /// In words, where the URI means no file, or its store cannot be spoken to.
    pub(super) fn file(&self, uri: &str) -> Result<Address, String> {
        if uri.is_empty() || uri.ends_with('/') {
            return Err(format!("`{uri}` is a folder: name a file, or write `{uri}*` for all in it"));
        }
        self.folder(uri)
    }

    /// As [`Addresses::file`], of what may be a folder.
    pub(super) fn folder(&self, uri: &str) -> Result<Address, String> {
        let odd = |error: object_store::path::Error| format!("`{uri}` cannot be the name of a file: {error}");
        match scheme(uri) {
            None => self.local(PathBuf::from(uri), uri),
            Some(("file", _)) => {
                let url = Url::parse(uri).map_err(|error| format!("`{uri}` is no URL: {error}"))?;
                let path =
                    url.to_file_path().map_err(|()| format!("`{uri}` names no file of this machine"))?;
                self.local(path, uri)
            }
            Some(("memory", path)) => {
                Ok(Address { store: self.memory.clone(), path: Path::parse(path).map_err(odd)?, here: None })
            }
            Some((scheme @ ("s3" | "s3a" | "gs" | "gcs"), rest)) => {
                let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    return Err(format!("`{uri}` names no bucket: expected `{scheme}://bucket/file`"));
                }
                let is_s3 = scheme.starts_with("s3");
                let store = self.remote(uri, &format!("{scheme}://{bucket}"), || {
                    if is_s3 { s3(bucket) } else { google(bucket) }
                })?;
                Ok(Address { store, path: Path::parse(path).map_err(odd)?, here: None })
            }
            Some(("http" | "https", _)) => {
                let url = Url::parse(uri).map_err(|error| format!("`{uri}` is no URL: {error}"))?;
                // What stands behind `?` belongs to every request of the store.
                let mut origin = url.clone();
                origin.set_path("");
                origin.set_fragment(None);
                let store = self.remote(uri, origin.as_str(), || web(origin.as_str()))?;
                Ok(Address { store, path: Path::from_url_path(url.path()).map_err(odd)?, here: None })
            }
            Some((scheme, _)) => Err(format!(
                "`{uri}` is in a store of an unknown kind `{scheme}`: expected a path, file://, s3://, gs://, https:// or memory://"
            )),
        }
    }

    fn local(&self, path: PathBuf, uri: &str) -> Result<Address, String> {
        let odd = |error: &dyn std::fmt::Display| format!("`{uri}` cannot be the name of a file: {error}");
        let mut path = std::path::absolute(self.folder.join(if uri.is_empty() { ".".into() } else { path }))
            .map_err(|error| odd(&error))?;
        // The store takes names as they are; the system knows what `..` means behind a link.
        if path.components().any(|part| part == Component::ParentDir) {
            path = match (path.parent(), path.file_name()) {
                (Some(folder), Some(name)) => {
                    let folder = folder.canonicalize();
                    folder.map_err(|_| format!("`{uri}` was not found"))?.join(name)
                }
                _ => path.canonicalize().map_err(|_| format!("`{uri}` was not found"))?,
            };
        }
        let inside = Path::from_absolute_path(&path).map_err(|error| odd(&error))?;
        Ok(Address { store: self.local.clone(), path: inside, here: Some(path) })
    }

    fn remote(
        &self,
        uri: &str,
        key: &str,
        make: impl FnOnce() -> object_store::Result<Arc<dyn ObjectStore>>,
    ) -> Result<Arc<dyn ObjectStore>, String> {
        // A panic elsewhere leaves it whole: every change is one step.
        let mut known = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = known.get(key) {
            return Ok(store.clone());
        }
        let store = make().map_err(|error| super::in_words(uri, &error))?;
        known.insert(key.to_owned(), store.clone());
        Ok(store)
    }
}

/// The scheme of a URI and what is behind it; none of a path.
fn scheme(uri: &str) -> Option<(&str, &str)> {
    uri.split_once("://").filter(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+'))
}

/// Large files take long; a server that does not answer at all is told soon.
fn options() -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(true)
        .with_timeout_disabled()
        .with_connect_timeout(Duration::from_secs(10))
}

fn retries() -> RetryConfig {
    RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(30), ..RetryConfig::default() }
}

fn s3(bucket: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    let store = AmazonS3Builder::from_env().with_client_options(options()).with_retry(retries());
    Ok(Arc::new(store.with_bucket_name(bucket).build()?))
}

fn google(bucket: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    let store = GoogleCloudStorageBuilder::from_env().with_client_options(options()).with_retry(retries());
    Ok(Arc::new(store.with_bucket_name(bucket).build()?))
}

fn web(origin: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    let store = HttpBuilder::new().with_client_options(options()).with_retry(retries());
    Ok(Arc::new(store.with_url(origin).build()?))
}

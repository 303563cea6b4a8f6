//! A file that is written piece by piece: it is there once it has ended; of one that is given up nothing stays.

use std::io::Error;

use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt, PutMode, PutOptions};

use super::Stores;
use super::words::taken;

/// Bytes of a part: S3 takes no smaller ones, but for the last.
const PART: usize = 8 << 20;

/// A file that is being written. Dropping it leaves nothing of it, and what was there before stays.
pub struct Upload {
    stores: Stores,
    uri: String,
    overwrite: bool,
    waiting: Vec<u8>,
    /// Once there is more than a part.
    parts: Option<Box<dyn MultipartUpload>>,
}

impl Upload {
    pub(super) fn begin(stores: Stores, uri: &str, overwrite: bool) -> Result<Self, String> {
        let upload = Self { stores, uri: uri.into(), overwrite, waiting: Vec::new(), parts: None };
        upload.check_folder()?;
        upload.check_free()?;
        Ok(upload)
    }

    /// Takes the bytes that follow those before.
    ///
    /// # Errors
    /// In words that name the file.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() < PART {
            return Ok(());
        }
        let mut parts = match self.parts.take() {
            Some(parts) => parts,
            None => {
                let address = self.stores.file(&self.uri)?;
                self.stores
                    .wait(&self.uri, async move { address.store.put_multipart(&address.path).await })?
            }
        };
        let sent = parts.put_part(Bytes::from(std::mem::take(&mut self.waiting)).into());
        self.parts = Some(parts);
        self.stores.wait(&self.uri, sent)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// As [`Upload::write`].
    pub fn finish(mut self) -> Result<(), String> {
        let rest = Bytes::from(std::mem::take(&mut self.waiting));
        let Some(mut parts) = self.parts.take() else {
            let address = self.stores.file(&self.uri)?;
            let mode = if self.overwrite { PutMode::Overwrite } else { PutMode::Create };
            let options = PutOptions::from(mode);
            let put = async move { address.store.put_opts(&address.path, rest.into(), options).await };
            return self.stores.wait(&self.uri, put).map(|_| ());
        };
        self.check_free()?;
        let ended = async move {
            let last = if rest.is_empty() { Ok(()) } else { parts.put_part(rest.into()).await };
            let ended = match last {
                Ok(()) => parts.complete().await,
                Err(error) => Err(error),
            };
            if ended.is_err() {
                // There is nobody to tell: the first failure says more.
                let _ = parts.abort().await;
            }
            ended
        };
        self.stores.wait(&self.uri, ended).map(|_| ())
    }

    /// A local store makes folders that a name mentions, and tries forever where it cannot: a name that was mistyped is told instead, and
    /// before rows are made.
    ///
    /// # Errors
    /// Where the file is to lie on this machine, and cannot.
    fn check_folder(&self) -> Result<(), String> {
        let Some(path) = self.stores.file(&self.uri)?.here else { return Ok(()) };
        let unwritten = |words: &str| format!("`{}` cannot be written: {words}", self.uri);
        // A file in its place would be the end of it.
        if path.exists() && !path.is_file() {
            return Err(unwritten("it is a folder or a device"));
        }
        let Some(folder) = path.parent() else { return Ok(()) };
        if !folder.exists() {
            return Err(unwritten(&format!("the folder `{}` does not exist", folder.display())));
        }
        let probe = tempfile::tempfile_in(folder).map(|_| ());
        // Its own words name the file that was tried.
        probe.map_err(|error| unwritten(&format!("{} in `{}`", Error::from(error.kind()), folder.display())))
    }

    /// # Errors
    /// Where a file is there that is to stay.
    fn check_free(&self) -> Result<(), String> {
        if self.overwrite {
            return Ok(());
        }
        let address = self.stores.file(&self.uri)?;
        let found = async move {
            match address.store.head(&address.path).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::NotFound { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        };
        if self.stores.wait(&self.uri, found)? { Err(taken(&self.uri)) } else { Ok(()) }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take() {
            let aborted = async move { parts.abort().await };
            // There is nobody to tell: a store that cannot be reached keeps parts that are no file.
            let _ = self.stores.wait(&self.uri, aborted);
        }
    }
}

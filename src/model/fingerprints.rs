//! What tells the files of models apart.

use sha2::{Digest, Sha256};

/// SHA-256 of a model's file and of the files beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprints {
    pub(super) file: [u8; 32],
    external: Vec<(String, [u8; 32])>,
}

impl Fingerprints {
    /// Those of these files; `file` is that of the model's own, where it is known.
    pub(crate) fn of(bytes: &[u8], external: &[(String, Vec<u8>)], file: Option<[u8; 32]>) -> Self {
        let external = external.iter().map(|(path, bytes)| (path.clone(), Sha256::digest(bytes).into()));
        let file = file.unwrap_or_else(|| Sha256::digest(bytes).into());
        Self { file, external: external.collect() }
    }
}

/// The digits of a checksum.
pub(crate) fn hexadecimal(digest: [u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! What tract-core needs of the crate `erased-serde` to compile, without reading anything.
//!
//! tract registers its transforms of models when a program starts, each with a function that reads its settings, so that
//! a linker keeps all of them. PredictQL names no transform by its settings: here reading them is an error, and the code
//! that would read them (60 kB before compression) is nowhere.

use std::fmt;

/// A source of settings of any format.
pub trait Deserializer<'de> {}

/// What an erased source becomes.
#[derive(Debug)]
pub struct Erased(());

impl Deserializer<'_> for Erased {}

impl<'de> dyn Deserializer<'de> {
    /// Forgets what `deserializer` is.
    pub fn erase<D: serde::Deserializer<'de>>(_deserializer: D) -> Erased {
        Erased(())
    }
}

/// Settings are not read.
#[derive(Debug)]
pub struct Error(());

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this build reads no settings of transforms")
    }
}

impl std::error::Error for Error {}

/// Always fails.
///
/// # Errors
/// Settings are not read.
pub fn deserialize<'de, T: serde::Deserialize<'de>>(
    _deserializer: &mut dyn Deserializer<'de>,
) -> Result<T, Error> {
    Err(Error(()))
}

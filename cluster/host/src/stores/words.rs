//! What stores say of failures, in words that name the file and what to do.

use std::error::Error;

/// A failure with `uri`.
pub(super) fn in_words(uri: &str, error: &object_store::Error) -> String {
    use object_store::Error as Failure;
    let cause = root(error);
    match error {
        Failure::NotFound { .. } => format!("`{uri}` was not found"),
        Failure::AlreadyExists { .. } => taken(uri),
        Failure::PermissionDenied { .. } => {
            format!("`{uri}` may not be read or written: {cause}")
        }
        Failure::Unauthenticated { .. } => {
            format!("`{uri}` is only for those who say who they are: {cause}")
        }
        Failure::NotSupported { .. } if cause.starts_with("Range request") => {
            format!(
                "the server of `{uri}` gives whole files only, and not the parts that were asked for: download it first"
            )
        }
        Failure::NotSupported { .. } | Failure::NotImplemented { .. } => {
            format!("the store of `{uri}` cannot do that: {cause}")
        }
        _ => format!("`{uri}` cannot be reached: {cause}"),
    }
}

/// Of a file that is there and is to stay.
pub(super) fn taken(uri: &str) -> String {
    format!("the file `{uri}` is there already: write `overwrite = TRUE` into OPTIONS")
}

/// What the failure began with: libraries wrap it in what they were about to do.
fn root(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    // Servers answer with whole pages.
    cause.to_string().lines().next().unwrap_or_default().to_owned()
}

//! Where bytes go: standard output, a device or a pipe, or a file that is there once it has ended.

use std::fs::File;
use std::io::{BufWriter, Write};

use predictql_host::{Stores, Upload};

use crate::failure::Failure;

pub(super) enum Destination {
    /// As they come.
    Stream(Box<dyn Write>),
    File(Box<Upload>),
}

impl Destination {
    pub(super) fn begin(stores: &Stores, file: Option<&str>) -> Result<Self, Failure> {
        Ok(match file {
            // A file in its place would be the end of it.
            Some(path) if std::fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir()) => {
                Self::Stream(Box::new(BufWriter::new(File::options().write(true).open(path)?)))
            }
            // As any command's output, it takes the place of a file that is there.
            Some(uri) => Self::File(Box::new(stores.begin(uri, true).map_err(Failure::Output)?)),
            None => Self::Stream(Box::new(BufWriter::new(std::io::stdout()))),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stream(out) => Ok(out.write_all(bytes)?),
            Self::File(upload) => upload.write(bytes).map_err(Failure::Output),
        }
    }

    pub(super) fn end(self) -> Result<(), Failure> {
        match self {
            Self::Stream(mut out) => Ok(out.flush()?),
            Self::File(upload) => upload.finish().map_err(Failure::Output),
        }
    }
}

//! Where bytes go: standard output, or a file that is there once it has ended.

use std::io::{BufWriter, Stdout, Write};

use predictql_host::{Stores, Upload};

use crate::failure::Failure;

pub(super) enum Destination {
    Standard(BufWriter<Stdout>),
    File(Box<Upload>),
}

impl Destination {
    pub(super) fn begin(stores: &Stores, file: Option<&str>) -> Result<Self, Failure> {
        Ok(match file {
            // As any command's output, it takes the place of a file that is there.
            Some(uri) => Self::File(Box::new(stores.begin(uri, true).map_err(Failure::Output)?)),
            None => Self::Standard(BufWriter::new(std::io::stdout())),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Standard(out) => Ok(out.write_all(bytes)?),
            Self::File(upload) => upload.write(bytes).map_err(Failure::Output),
        }
    }

    pub(super) fn end(self) -> Result<(), Failure> {
        match self {
            Self::Standard(mut out) => Ok(out.flush()?),
            Self::File(upload) => upload.finish().map_err(Failure::Output),
        }
    }
}

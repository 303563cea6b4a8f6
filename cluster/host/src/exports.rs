//! Files that EXPORT DATA writes: pieces of rows become CSV, JSON or Parquet in a store, packed or not. This room knows nothing of
//! where rows come from.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use predictql::{ExportPiece, TableFormat};

use crate::stores::{Stores, Upload};
use crate::tables::ParquetWriter;

/// The files of one statement, one after the other.
pub(crate) struct Export {
    stores: Stores,
    open: Option<Open>,
}

struct Open {
    upload: Upload,
    packing: Packing,
}

enum Packing {
    None,
    Gzip(Box<GzEncoder<Vec<u8>>>),
    /// From the first piece on, which tells the columns.
    Parquet(Box<ParquetWriter>),
}

impl Export {
    pub(crate) fn new(stores: Stores) -> Self {
        Self { stores, open: None }
    }

    /// # Errors
    /// In words that name the file; nothing is left of it then.
    pub(crate) fn take(&mut self, piece: &ExportPiece) -> Result<(), String> {
        // Whatever goes wrong from here on, it is dropped and leaves nothing.
        let open = match self.open.take() {
            Some(open) => open,
            None => Open::begin(&self.stores, piece)?,
        };
        let open = open.taken(&piece.bytes).map_err(|words| unwritten(&piece.uri, &words))?;
        if !piece.last {
            self.open = Some(open);
            return Ok(());
        }
        open.finish().map_err(|words| unwritten(&piece.uri, &words))
    }
}

impl Open {
    fn begin(stores: &Stores, piece: &ExportPiece) -> Result<Self, String> {
        let upload = stores.begin(&piece.uri, piece.overwrite)?;
        let packing = match piece.format {
            TableFormat::Parquet => Packing::Parquet(Box::default()),
            _ if piece.gzip => Packing::Gzip(Box::new(GzEncoder::new(Vec::new(), Compression::default()))),
            _ => Packing::None,
        };
        Ok(Self { upload, packing })
    }

    fn taken(mut self, bytes: &[u8]) -> Result<Self, String> {
        match &mut self.packing {
            Packing::None => self.upload.write(bytes)?,
            Packing::Gzip(packed) => {
                packed.write_all(bytes).map_err(|error| error.to_string())?;
                let ready = std::mem::take(packed.get_mut());
                self.upload.write(&ready)?;
            }
            Packing::Parquet(rows) => {
                let ready = rows.write(bytes)?;
                self.upload.write(&ready)?;
            }
        }
        Ok(self)
    }

    fn finish(self) -> Result<(), String> {
        let Self { mut upload, packing } = self;
        let rest = match packing {
            Packing::None => Vec::new(),
            Packing::Gzip(packed) => packed.finish().map_err(|error| error.to_string())?,
            Packing::Parquet(rows) => rows.finish()?,
        };
        upload.write(&rest)?;
        upload.finish()
    }
}

fn unwritten(uri: &str, words: &str) -> String {
    // Stores name the file themselves.
    if words.contains(uri) { words.to_owned() } else { format!("`{uri}` cannot be written: {words}") }
}

//! The numbers of Arrow's format. Sources: its `Message.fbs`, `Schema.fbs` and `File.fbs`.

/// What every message of a stream begins with.
pub(super) const CONTINUATION: [u8; 4] = [0xff; 4];

/// What a file begins and ends with.
pub(super) const MAGIC: &[u8] = b"ARROW1";

/// Version 5 of the format.
pub(super) const VERSION: i16 = 4;

/// What a message brings.
pub(super) mod content {
    pub(in super::super) const SCHEMA: u8 = 1;
    pub(in super::super) const DICTIONARY: u8 = 2;
    pub(in super::super) const BATCH: u8 = 3;
}

/// The types of columns.
pub(super) mod kind {
    pub(in super::super) const NULL: u8 = 1;
    pub(in super::super) const INT: u8 = 2;
    pub(in super::super) const FLOAT: u8 = 3;
    pub(in super::super) const BINARY: u8 = 4;
    pub(in super::super) const UTF8: u8 = 5;
    pub(in super::super) const BOOL: u8 = 6;
    pub(in super::super) const DECIMAL: u8 = 7;
    pub(in super::super) const DATE: u8 = 8;
    pub(in super::super) const TIME: u8 = 9;
    pub(in super::super) const TIMESTAMP: u8 = 10;
    pub(in super::super) const INTERVAL: u8 = 11;
    pub(in super::super) const LIST: u8 = 12;
    pub(in super::super) const STRUCT: u8 = 13;
    pub(in super::super) const UNION: u8 = 14;
    pub(in super::super) const FIXED_BINARY: u8 = 15;
    pub(in super::super) const FIXED_LIST: u8 = 16;
    pub(in super::super) const MAP: u8 = 17;
    pub(in super::super) const DURATION: u8 = 18;
    pub(in super::super) const LARGE_BINARY: u8 = 19;
    pub(in super::super) const LARGE_UTF8: u8 = 20;
    pub(in super::super) const LARGE_LIST: u8 = 21;
    pub(in super::super) const RUN_END: u8 = 22;
    pub(in super::super) const BINARY_VIEW: u8 = 23;
    pub(in super::super) const UTF8_VIEW: u8 = 24;
    pub(in super::super) const LIST_VIEW: u8 = 25;
    pub(in super::super) const LARGE_LIST_VIEW: u8 = 26;
}

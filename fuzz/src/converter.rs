//! Models of TensorFlow: any files become a model or a refusal.

use formats::{Options, Refusal, convert};

use crate::{fixture, fixtures};

const GRAPH: &str = "saved_model.pb";
const INDEX: &str = "variables/variables.index";
const SHARD: &str = "variables/variables.data-00000-of-00001";
/// A SavedModel's files, in the order in which an input has them, each behind its length.
const NAMES: [&str; 3] = [GRAPH, INDEX, SHARD];
/// The fixture whose other files stand beside an index that is tried.
const BESIDE: &str = "tensorflow/functions";
/// Behind a block of an index: how it is compressed, and its checksum.
const TRAILER: usize = 5;
/// The end of an index.
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;

/// Graphs without variables, and a whole folder.
pub(crate) fn folders() -> Vec<Vec<u8>> {
    let framed = |file: Vec<u8>| {
        let length = u32::try_from(file.len()).unwrap_or_default();
        [&length.to_le_bytes(), file.as_slice()].concat()
    };
    let graphs = fixtures("fixtures/tensorflow", &["pb"]).into_iter().map(framed);
    let whole = NAMES.map(|name| framed(fixture(&format!("{BESIDE}/{name}")))).concat();
    graphs.chain([whole]).collect()
}

pub(crate) fn run_folder(input: &[u8]) {
    let mut rest = input;
    let mut files = Vec::new();
    for name in NAMES {
        let Some((length, behind)) = rest.split_first_chunk() else { break };
        let length = behind.len().min(u32::from_le_bytes(*length) as usize);
        let (file, behind) = behind.split_at(length);
        files.push((name.to_owned(), file.to_vec()));
        rest = behind;
    }
    let frozen = files.first().map(|(_, graph)| vec![("frozen.pb".to_owned(), graph.clone())]);
    for files in frozen.into_iter().chain([files]) {
        try_files(files);
    }
}

/// The block of keys and values of an index, behind how it is compressed: as it is, and by Snappy.
pub(crate) fn blocks() -> Vec<Vec<u8>> {
    let index = fixture(&format!("{BESIDE}/{INDEX}"));
    let is_block = |length: &usize| {
        let (block, sum) = index.split_at(length + 1);
        sum.starts_with(&checksum(block))
    };
    let length = (1..index.len() - TRAILER).find(is_block).unwrap_or_default();
    let packed = snap::raw::Encoder::new().compress_vec(&index[..length]).unwrap_or_default();
    vec![[&[0], &index[..length]].concat(), [&[1], packed.as_slice()].concat()]
}

/// An index whose checksums are right, so that what is behind them is reached.
pub(crate) fn run_block(input: &[u8]) {
    let Some((kind, block)) = input.split_first() else { return };
    let mut index = with_trailer(block, *kind);
    let data = handle(0, block.len());
    // One key that is not shared, whose value is the place of the block; and one restart point.
    let entry = [&[0, 1, data.len() as u8, 0xff], data.as_slice(), &[0, 0, 0, 0, 1, 0, 0, 0]].concat();
    let mut footer = [handle(index.len(), 0), handle(index.len(), entry.len())].concat();
    footer.resize(40, 0);
    index.extend(with_trailer(&entry, 0));
    index.extend([footer.as_slice(), &MAGIC.to_le_bytes()].concat());
    let mut files: Vec<_> =
        [GRAPH, SHARD].map(|name| (name.to_owned(), fixture(&format!("{BESIDE}/{name}")))).to_vec();
    files.push((INDEX.to_owned(), index));
    try_files(files);
}

fn with_trailer(block: &[u8], kind: u8) -> Vec<u8> {
    let block = [block, &[kind]].concat();
    let sum = checksum(&block);
    [block.as_slice(), &sum].concat()
}

/// As tables store it.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Where a block lies: two numbers of seven bits a byte.
fn handle(offset: usize, size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for mut number in [offset, size] {
        while number >= 128 {
            bytes.push(number as u8 | 128);
            number >>= 7;
        }
        bytes.push(number as u8);
    }
    bytes
}

/// Files of TensorFlow Lite.
pub(crate) fn lite() -> Vec<Vec<u8>> {
    fixtures("fixtures/lite", &["tflite"])
}

pub(crate) fn run_lite(input: &[u8]) {
    try_files(vec![("model.tflite".to_owned(), input.to_vec())]);
}

fn try_files(files: Vec<(String, Vec<u8>)>) {
    if let Err(Refusal { message, .. }) = convert(files, &Options::default()) {
        assert!(!message.is_empty(), "a refusal says why");
    }
}

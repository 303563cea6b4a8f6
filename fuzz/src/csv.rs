//! Tables as text.

use predictql::Limits;
use predictql::data::Scalar;
use predictql::table::{CsvOptions, read_csv};

use crate::{Rng, bytes, fixtures};

/// Fields that readers guess wrong.
const FIELDS: [&str; 22] = [
    "",
    "\"",
    "\"\"",
    "\"a\nb\"",
    "1",
    "-1",
    "1e400",
    "NaN",
    "9223372036854775808",
    "0x1F",
    "01",
    "1,5",
    "1.234,5",
    "TRUE",
    "2024-02-30",
    "2024-02-29",
    "29.02.2024",
    "2024-01-01T00:00:00Z",
    "\u{feff}",
    "\0",
    "NA",
    "\r",
];

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    fixtures("fixtures/tables", &["csv", "tsv", "txt"])
}

pub(crate) fn mutate(input: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut input = input.to_vec();
    input.truncate(4096);
    if random.bool() {
        let at = random.usize(..=input.len());
        let field = FIELDS[random.usize(..FIELDS.len())];
        let mark = [",", ";", "\t", "\n", "|", "\r\n"][random.usize(..6)];
        input.splice(at..at, [mark, field, mark].concat().into_bytes());
        return input;
    }
    bytes::mutate(&input, random)
}

/// Read as guessed, and as the first bytes choose among the options.
pub(crate) fn run(input: &[u8]) {
    read(input, &CsvOptions::default());
    let mut options = CsvOptions::default();
    for (name, byte) in CsvOptions::NAMES.iter().zip(input) {
        let text = |text: &str| Scalar::String(text.into());
        let value = match byte % 8 {
            0 => Scalar::Bool(byte & 8 == 0),
            1 => Scalar::Int64(i64::from(*byte) / 16),
            2 => text([",", ";", "\t", "'", "\\"][usize::from(byte / 8) % 5]),
            3 => text(["UTF-8", "ISO-8859-1", "UTF-16LE", "UTF-32BE", "#"][usize::from(byte / 8) % 5]),
            4 => text(["DD.MM.YYYY", "HH24:MI", "YYYY", "", "."][usize::from(byte / 8) % 5]),
            _ => continue,
        };
        // One that does not fit leaves the options as they are.
        let _ = options.set(name, &value);
    }
    read(input, &options);
}

fn read(input: &[u8], options: &CsvOptions) {
    match read_csv(input, options, &Limits::default()) {
        Ok(table) => {
            for batch in &table.batches {
                assert_eq!(batch.columns().len(), table.schema.fields.len());
            }
        }
        Err(error) => assert!(error.code().as_str() != "internal", "{error}"),
    }
}

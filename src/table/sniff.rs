//! Recognises, by their first bytes, files that are given as CSV and are something else.

/// The name of the format other than CSV that the bytes begin like, if there is one. Text may hold control characters
/// where `allow_control` says so.
pub(super) fn sniff(bytes: &[u8], allow_control: bool) -> Option<&'static str> {
    let magic: &[(&[u8], &str)] = &[
        (b"PAR1", "a Parquet file"),
        (b"ARROW1", "an Arrow IPC file"),
        (b"\xff\xff\xff\xff", "an Arrow IPC stream"),
        (b"FEA1", "a Feather V1 file"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive"),
        (b"BZh", "a bzip2 archive"),
        (b"\xfd7zXZ\0", "an xz archive"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook (xls)"),
        (b"ORC", "an ORC file"),
        (b"Obj\x01", "an Avro file"),
        (b"%PDF-", "a PDF"),
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"\xff\xfe", "text in UTF-16"),
        (b"\xfe\xff", "text in UTF-16"),
    ];
    if let Some((magic, name)) = magic.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        // A column may be called `ORC`; the format continues with bytes that text does not have.
        if !magic.iter().all(u8::is_ascii_alphanumeric) || has_control(bytes) {
            return Some(name);
        }
    }
    if bytes.starts_with(b"PK\x03\x04") {
        let head = bytes.get(..4096).unwrap_or(bytes);
        let excel = [&b"[Content_Types].xml"[..], b"xl/", b"_rels/"]
            .iter()
            .any(|part| head.windows(part.len()).any(|window| window == *part));
        return Some(if excel { "an Excel workbook (xlsx)" } else { "a zip archive" });
    }
    if !allow_control && has_control(bytes) {
        return Some("binary data");
    }
    let head = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let begins =
        |with: &str| head.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with.as_bytes()));
    if begins("<!doctype html") || begins("<html") {
        return Some("an HTML page");
    }
    if begins("<?xml") {
        return Some("XML");
    }
    let compact: Vec<u8> = head.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(2).collect();
    matches!(compact.as_slice(), b"{\"" | b"[{" | b"[[").then_some("JSON")
}

/// Whether the first bytes include some that text does not have.
fn has_control(bytes: &[u8]) -> bool {
    let head = bytes.get(..4096).unwrap_or(bytes);
    head.iter().any(|byte| matches!(byte, 0..=8 | 14..=26))
}

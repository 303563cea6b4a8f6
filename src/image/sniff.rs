//! Recognises bytes that are given as a picture by the first few of them.

use pictures::Format;

/// What the bytes hold.
pub(super) enum Found {
    /// A format that is decoded, and its name.
    Picture(Format, &'static str),
    /// Something else, in words.
    Other(&'static str),
}

/// Recognises the formats that are decoded, and others that people may pass, so that the error can name them.
pub(super) fn sniff(bytes: &[u8]) -> Found {
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    if at(0, b"\x89PNG\r\n\x1a\n") {
        return Found::Picture(Format::Png, "PNG");
    }
    if at(0, b"\xff\xd8\xff") {
        return Found::Picture(Format::Jpeg, "JPEG");
    }
    if at(0, b"BM") {
        return Found::Picture(Format::Bmp, "BMP");
    }
    if at(0, b"GIF87a") || at(0, b"GIF89a") {
        return Found::Picture(Format::Gif, "GIF");
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Found::Picture(Format::WebP, "WebP picture");
    }
    if at(4, b"ftyp") {
        let brands = brands(bytes);
        let has = |names: &[&[u8; 4]]| brands.iter().any(|brand| names.contains(&brand));
        // Both may have the brand of their common container in front.
        if has(&[b"avif", b"avis"]) {
            return Found::Picture(Format::Avif, "AVIF picture");
        }
        if has(&[b"heic", b"heix", b"hevc", b"mif1", b"msf1"]) {
            return Found::Picture(Format::Heic, "HEIC picture");
        }
    }
    Found::Other(if bytes.is_empty() {
        "no bytes"
    } else if at(4, b"ftyp") {
        "an MP4 or QuickTime video"
    } else if at(0, b"II*\0") || at(0, b"MM\0*") {
        "a TIFF picture"
    } else if at(0, b"\0\0\x01\0") {
        "an icon (ICO)"
    } else if at(0, b"\xff\x0a") || at(4, b"JXL ") {
        "a JPEG XL picture"
    } else if at(4, b"jP  ") {
        "a JPEG 2000 picture"
    } else if at(0, b"%PDF") {
        "a PDF"
    } else if at(0, b"PK\x03\x04") {
        "a zip archive"
    } else {
        text(bytes)
    })
}

/// The brands of a file whose first box is `ftyp`: its own, and those that it is compatible with.
fn brands(bytes: &[u8]) -> &[[u8; 4]] {
    let length = bytes.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let head = bytes.get(..length).unwrap_or(bytes);
    // Between its own brand and the others is the version, which is no brand's name.
    head.get(8..).map_or(&[], |rest| rest.as_chunks().0)
}

/// Names the kind of text by its beginning.
fn text(bytes: &[u8]) -> &'static str {
    let head = bytes.get(..1024).unwrap_or(bytes);
    let readable = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    if !readable || head.contains(&0) {
        return "bytes of an unknown format";
    }
    let head = String::from_utf8_lossy(head)
        .trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
        .to_ascii_lowercase();
    if head.starts_with("<!doctype html") || head.starts_with("<html") {
        "an HTML page"
    } else if head.starts_with("<svg") || (head.starts_with("<?xml") && head.contains("<svg")) {
        "an SVG drawing"
    } else if head.starts_with("data:image/") {
        "a data URL"
    } else {
        "text"
    }
}

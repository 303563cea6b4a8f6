//! Digests of texts and bytes, and bytes as text. Source: GoogleSQL, "Hash functions" and "String functions".

use arrow_array::ArrayRef;
use md5::{Digest, Md5};
use sha2::Sha256;

use super::super::{BatchCall, Function, Signature, Type};
use super::fingerprint;
use crate::diag::{Code, Error, Result};

use Type::{Bytes, Int64, String};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "FARM_FINGERPRINT",
        "A hash that never changes, as INT64.",
        &[
            Signature::scalar(&[String], Int64, farm_fingerprint),
            Signature::scalar(&[Bytes], Int64, farm_fingerprint),
        ],
    ),
    Function::new(
        "MD5",
        "The MD5 digest: 16 bytes.",
        &[Signature::scalar(&[String], Bytes, md5), Signature::scalar(&[Bytes], Bytes, md5)],
    ),
    Function::new(
        "SHA256",
        "The SHA-256 digest: 32 bytes.",
        &[Signature::scalar(&[String], Bytes, sha256), Signature::scalar(&[Bytes], Bytes, sha256)],
    ),
    Function::new(
        "TO_HEX",
        "The bytes as hexadecimal digits.",
        &[Signature::scalar(&[Bytes], String, |call| {
            let bytes = call.arg(0)?.blobs()?;
            call.texts(&|row| Ok(Some(to_hex(bytes.at(row)).into())))
        })],
    ),
    Function::new(
        "FROM_HEX",
        "The bytes that hexadecimal digits stand for.",
        &[Signature::scalar(&[String], Bytes, |call| decoded(call, "hexadecimal", from_hex))],
    ),
    Function::new(
        "TO_BASE64",
        "The bytes as base64 text.",
        &[Signature::scalar(&[Bytes], String, |call| {
            let bytes = call.arg(0)?.blobs()?;
            call.texts(&|row| Ok(Some(to_base64(bytes.at(row)).into())))
        })],
    ),
    Function::new(
        "FROM_BASE64",
        "The bytes that base64 text stands for.",
        &[Signature::scalar(&[String], Bytes, |call| decoded(call, "base64", from_base64))],
    ),
    Function::new(
        "SAFE_CONVERT_BYTES_TO_STRING",
        "The bytes as text, with the replacement character for what is not UTF-8.",
        &[Signature::scalar(&[Bytes], String, |call| {
            let bytes = call.arg(0)?.blobs()?;
            call.texts(&|row| Ok(Some(std::string::String::from_utf8_lossy(bytes.at(row)))))
        })],
    ),
];

fn farm_fingerprint(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let bytes = call.arg(0)?.blobs()?;
    call.ints(&|row| Ok(Some(fingerprint(bytes.at(row)).cast_signed())))
}

fn md5(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let bytes = call.arg(0)?.blobs()?;
    call.blobs(&|row| Ok(Some(Md5::digest(bytes.at(row)).to_vec().into())))
}

fn sha256(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let bytes = call.arg(0)?.blobs()?;
    call.blobs(&|row| Ok(Some(Sha256::digest(bytes.at(row)).to_vec().into())))
}

fn decoded(call: &BatchCall<'_>, what: &str, decode: fn(&[u8]) -> Option<Vec<u8>>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.texts()?;
    call.blobs(&|row| {
        let text = texts.at(row);
        let bytes = decode(text.as_bytes())
            .ok_or_else(|| Error::new(Code::InvalidValue, format!("{text:?} is not {what}")))?;
        Ok(Some(bytes.into()))
    })
}

fn to_hex(bytes: &[u8]) -> std::string::String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// An odd digit at the start stands alone.
fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let (first, pairs) = digits.split_at(digits.len() % 2);
    let mut bytes: Vec<u8> = first.iter().map(|digit| value(*digit)).collect::<Option<_>>()?;
    for pair in pairs.chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(value(*high)? << 4 | value(*low)?);
    }
    Some(bytes)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(bytes: &[u8]) -> std::string::String {
    let mut text = std::string::String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| usize::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = BASE64.get(bits >> (18 - 6 * at) & 63).filter(|_| at <= group.len());
            text.push(digit.map_or('=', |it| char::from(*it)));
        }
    }
    text
}

/// White space is left out; padding may be missing, but nothing may follow it.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|it| !it.is_ascii_whitespace()).collect();
    let end = digits.iter().position(|it| *it == b'=').unwrap_or(digits.len());
    let (digits, padding) = digits.split_at(end);
    if padding.len() > 2 || padding.iter().any(|it| *it != b'=') {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits = 0;
        for digit in group {
            bits = bits << 6 | u32::try_from(BASE64.iter().position(|it| it == digit)?).ok()?;
        }
        bits <<= 6 * (4 - group.len());
        let [_, first, second, third] = bits.to_be_bytes();
        match group.len() {
            4 => bytes.extend([first, second, third]),
            3 => bytes.extend([first, second]),
            2 => bytes.push(first),
            _ => return None,
        }
    }
    Some(bytes)
}

//! Digests of STRING and BYTES, and bytes written as strings. Source: GoogleSQL, "Hash functions" and "String functions".

use arrow_array::ArrayRef;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::super::{BatchCall, Function, Signature, Type};
use super::fingerprint;
use crate::diag::{Code, Error, Result};

use Type::{Bytes, Int64, String};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "FARM_FINGERPRINT",
        "The FarmHash fingerprint, which never changes.",
        &[
            Signature::scalar(&[String], Int64, farm_fingerprint),
            Signature::scalar(&[Bytes], Int64, farm_fingerprint),
        ],
    ),
    Function::new(
        "MD5",
        "The MD5 hash: 16 bytes.",
        &[Signature::scalar(&[String], Bytes, md5), Signature::scalar(&[Bytes], Bytes, md5)],
    ),
    Function::new(
        "SHA1",
        "The SHA-1 hash: 20 bytes.",
        &[Signature::scalar(&[String], Bytes, sha1), Signature::scalar(&[Bytes], Bytes, sha1)],
    ),
    Function::new(
        "SHA256",
        "The SHA-256 hash: 32 bytes.",
        &[Signature::scalar(&[String], Bytes, sha256), Signature::scalar(&[Bytes], Bytes, sha256)],
    ),
    Function::new(
        "SHA512",
        "The SHA-512 hash: 64 bytes.",
        &[Signature::scalar(&[String], Bytes, sha512), Signature::scalar(&[Bytes], Bytes, sha512)],
    ),
    Function::new(
        "TO_HEX",
        "Encodes bytes as hexadecimal digits.",
        &[Signature::scalar(&[Bytes], String, |call| {
            let bytes = call.arg(0)?.bytes()?;
            call.strings(&|row| Ok(Some(to_hex(bytes.at(row)).into())))
        })],
    ),
    Function::new(
        "FROM_HEX",
        "Decodes a string of hexadecimal digits.",
        &[Signature::scalar(&[String], Bytes, |call| decoded(call, "hexadecimal", from_hex))],
    ),
    Function::new(
        "TO_BASE64",
        "Encodes bytes as base64.",
        &[Signature::scalar(&[Bytes], String, |call| {
            let bytes = call.arg(0)?.bytes()?;
            call.strings(&|row| Ok(Some(to_base64(bytes.at(row)).into())))
        })],
    ),
    Function::new(
        "FROM_BASE64",
        "Decodes a base64 string.",
        &[Signature::scalar(&[String], Bytes, |call| decoded(call, "base64", from_base64))],
    ),
    Function::new(
        "SAFE_CONVERT_BYTES_TO_STRING",
        "Converts bytes to a string. Invalid UTF-8 is replaced by the replacement character.",
        &[Signature::scalar(&[Bytes], String, |call| {
            let bytes = call.arg(0)?.bytes()?;
            call.strings(&|row| Ok(Some(std::string::String::from_utf8_lossy(bytes.at(row)))))
        })],
    ),
];

fn farm_fingerprint(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let bytes = call.arg(0)?.bytes()?;
    call.ints(&|row| Ok(Some(fingerprint(bytes.at(row)).cast_signed())))
}

fn md5(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let bytes = call.arg(0)?.bytes()?;
    call.bytes(&|row| Ok(Some(Md5::digest(bytes.at(row)).to_vec().into())))
}

fn sha1(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let bytes = call.arg(0)?.bytes()?;
    call.bytes(&|row| Ok(Some(Sha1::digest(bytes.at(row)).to_vec().into())))
}

fn sha256(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let bytes = call.arg(0)?.bytes()?;
    call.bytes(&|row| Ok(Some(Sha256::digest(bytes.at(row)).to_vec().into())))
}

fn sha512(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let bytes = call.arg(0)?.bytes()?;
    call.bytes(&|row| Ok(Some(Sha512::digest(bytes.at(row)).to_vec().into())))
}

fn decoded(call: &BatchCall<'_>, what: &str, decode: fn(&[u8]) -> Option<Vec<u8>>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    call.bytes(&|row| {
        let text = texts.at(row);
        let bytes = decode(text.as_bytes())
            .ok_or_else(|| Error::new(Code::InvalidValue, format!("{text:?} is not {what}")))?;
        Ok(Some(bytes.into()))
    })
}

const HEX: &[u8; 16] = b"0123456789abcdef";

#[expect(clippy::indexing_slicing, reason = "4 bits number 16 digits")]
fn to_hex(bytes: &[u8]) -> std::string::String {
    let digit = |half: u8| char::from(HEX[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Of an odd number of digits the first one is a byte of its own.
fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (first, pairs) = digits.split_at(digits.len() % 2);
    let mut bytes: Vec<u8> = first.iter().map(|digit| value(*digit)).collect::<Option<_>>()?;
    let (pairs, _) = pairs.as_chunks::<2>();
    for [high, low] in pairs {
        bytes.push(value(*high)? << 4 | value(*low)?);
    }
    Some(bytes)
}

/// What cloud storage calls the MD5 hash of a file.
pub(crate) fn md5_hash(bytes: &[u8]) -> std::string::String {
    to_base64(&Md5::digest(bytes))
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[expect(clippy::indexing_slicing, reason = "a group has at most 3 bytes, and 6 bits number 64 digits")]
pub(super) fn to_base64(bytes: &[u8]) -> std::string::String {
    let mut text = std::string::String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        // A group that is too short is filled with zeros, and its last digits are `=`.
        let mut full = [0; 4];
        full[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(full);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = BASE64[(bits >> shift & 63) as usize];
            text.push(if index <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// White space is ignored; padding may be missing, but nothing may follow it.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let end = digits.iter().position(|digit| *digit == b'=').unwrap_or(digits.len());
    let (digits, padding) = digits.split_at(end);
    if padding.len() > 2 || padding.iter().any(|digit| *digit != b'=') {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits = 0;
        for digit in group {
            bits = bits << 6 | u32::try_from(BASE64.iter().position(|known| known == digit)?).ok()?;
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

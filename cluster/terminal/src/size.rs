//! Sizes as people write them.

use std::str::FromStr;

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) usize);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let factor: usize = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "kib" | "k" => 1 << 10,
            "mib" | "m" => 1 << 20,
            "gib" | "g" => 1 << 30,
            _ => return Err("expected a number with B, KB, MB, GB, KiB, MiB or GiB behind it".into()),
        };
        let number = number.parse().ok().filter(|number: &usize| *number > 0);
        let number = number.ok_or("expected a whole number of bytes, from 1 on")?;
        number.checked_mul(factor).map(Self).ok_or("no machine has that much".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_people_and_of_machines() {
        for (text, bytes) in
            [("1", 1), ("2 kb", 2_000), ("512MB", 512_000_000), ("4GiB", 4 << 30), ("1g", 1 << 30)]
        {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "MB", "1.5GB", "12 apples", "0", "99999999999999999999GB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}

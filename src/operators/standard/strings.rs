//! Operators on texts: `StringConcat`, `StringSplit` and `RegexFullMatch` of ai.onnx 20, `StringNormalizer` of ai.onnx 10.
//! Which texts stay, and into how many pieces they fall, is known when they have been looked at.

use std::borrow::Cow;

use anyhow::{Result, bail, ensure};
use regex_lite::Regex;

use super::broadcast::{self, each, zip};
use super::{Context, Operator, Shape, only, open};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, ensure_short};

/// Joins two texts, element by element.
#[derive(Debug)]
pub(super) struct StringConcat;

impl Operator for StringConcat {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(_, left), (_, right)] = inputs else { bail!("expected two inputs") };
        Ok(vec![(ElementType::String, broadcast::dims([left, right])?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [left, right] = inputs.as_slice() else { bail!("expected two inputs") };
        let joined = zip(left, right, &each(|left: &String, right: &String| format!("{left}{right}")))?;
        ensure_short(joined.elements::<String>()?)?;
        Ok(vec![joined])
    }
}

/// Leaves stop words out, and changes the case.
#[derive(Debug)]
pub(super) struct StringNormalizer {
    case: Case,
    /// Lower case, unless case counts.
    stop_words: Vec<String>,
    case_sensitive: bool,
}

#[derive(Debug, Clone, Copy)]
enum Case {
    Kept,
    Lower,
    Upper,
}

impl Case {
    fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Kept => text.into(),
            Self::Lower => text.to_lowercase().into(),
            Self::Upper => text.to_uppercase().into(),
        }
    }
}

impl StringNormalizer {
    /// Whether `text` is no stop word.
    fn stays(&self, text: &str) -> bool {
        let text = if self.case_sensitive { text.into() } else { Case::Lower.apply(text) };
        !self.stop_words.iter().any(|word| *word == text)
    }
}

impl Operator for StringNormalizer {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let case = match node.optional("case_change_action")?.unwrap_or("NONE") {
            "NONE" => Case::Kept,
            "LOWER" => Case::Lower,
            "UPPER" => Case::Upper,
            other => bail!("there is no change of case `{other}`"),
        };
        let case_sensitive = node.flag("is_case_sensitive", false)?;
        let mut stop_words: Vec<String> = node.list("stopwords")?;
        if !case_sensitive {
            stop_words.iter_mut().for_each(|word| *word = word.to_lowercase());
        }
        Ok(Self { case, stop_words, case_sensitive })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (_, shape) = only(inputs)?;
        let mut shape = shape.clone();
        if !self.stop_words.is_empty() {
            shape.iter_mut().rev().take(1).for_each(|last| *last = open());
        }
        Ok(vec![(ElementType::String, shape)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let x = only(&inputs)?;
        ensure!(matches!(x.shape(), [_] | [1, _]), "expected one row of texts, found shape {:?}", x.shape());
        let kept = x.elements::<String>()?.iter().filter(|text| self.stays(text));
        let mut kept: Vec<String> = kept.map(|text| self.case.apply(text).into_owned()).collect();
        if kept.is_empty() {
            kept.push(String::new());
        }
        let mut shape = x.shape().to_vec();
        shape.iter_mut().rev().take(1).for_each(|last| *last = kept.len());
        Ok(vec![Tensor::new(shape, kept)?])
    }
}

/// Splits texts; gives the pieces of each, and how many there are.
#[derive(Debug)]
pub(super) struct StringSplit {
    /// Empty for any white space.
    delimiter: String,
    /// How often a text is split at most.
    splits: usize,
}

impl StringSplit {
    fn pieces(&self, text: &str) -> Vec<String> {
        if !self.delimiter.is_empty() {
            let pieces = text.splitn(self.splits.saturating_add(1), &self.delimiter);
            return pieces.map(str::to_owned).collect();
        }
        let mut pieces = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let end = rest.find(char::is_whitespace).filter(|_| pieces.len() < self.splits);
            let (piece, behind) = match end {
                Some(end) => rest.split_at(end),
                None => (rest, ""),
            };
            pieces.push(piece.to_owned());
            rest = behind.trim_start();
        }
        pieces
    }
}

impl Operator for StringSplit {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        // Default: an absent delimiter is an empty one.
        let delimiter = node.optional::<String>("delimiter")?.unwrap_or_default();
        let splits = node.optional("maxsplit")?.unwrap_or(usize::MAX);
        Ok(Self { delimiter, splits })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (_, shape) = only(inputs)?;
        let mut pieces = shape.clone();
        pieces.push(open());
        Ok(vec![(ElementType::String, pieces), (ElementType::I64, shape.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let x = only(&inputs)?;
        let mut rows: Vec<Vec<String>> =
            x.elements::<String>()?.iter().map(|text| self.pieces(text)).collect();
        let counts = rows.iter().map(|row| i64::try_from(row.len())).collect::<Result<Vec<_>, _>>()?;
        let longest = rows.iter().fold(0, |longest, row| row.len().max(longest));
        rows.iter_mut().for_each(|row| row.resize(longest, String::new()));
        let shape = x.shape().iter().copied().chain([longest]).collect();
        Ok(vec![Tensor::new(shape, rows.concat())?, Tensor::new(x.shape().to_vec(), counts)?])
    }
}

/// Whether a pattern matches the whole of each text.
#[derive(Debug)]
pub(super) struct RegexFullMatch {
    pattern: Regex,
}

impl Operator for RegexFullMatch {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let pattern = node.required::<&str>("pattern")?;
        Ok(Self { pattern: Regex::new(&format!(r"\A(?:{pattern})\z"))? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (_, shape) = only(inputs)?;
        Ok(vec![(ElementType::Bool, shape.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let x = only(&inputs)?;
        let matches = x.elements::<String>()?.iter().map(|text| self.pattern.is_match(text)).collect();
        Ok(vec![Tensor::new(x.shape().to_vec(), matches)?])
    }
}

//! `Tokenizer` of com.microsoft 1: the words of each text, which scikit-learn's vectorizers count. Texts with fewer words
//! than others are padded: how many words there are is known when the texts have been looked at.

use anyhow::{Result, bail, ensure};
use regex_lite::Regex;

use super::{Context, Operator, Shape, only, open};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

#[derive(Debug)]
pub(super) struct Tokenizer {
    words: Words,
    /// Words with fewer characters are left out.
    min_length: usize,
    padding: String,
    /// Every text gets a character at its start and another one at its end.
    has_marks: bool,
}

#[derive(Debug)]
enum Words {
    /// What matches the pattern.
    Matching(Regex),
    /// What stands between the separators.
    Between(Vec<Regex>),
    Characters,
}

impl Words {
    fn of<'a>(&self, text: &'a str) -> Vec<&'a str> {
        match self {
            Self::Matching(pattern) => pattern.find_iter(text).map(|word| word.as_str()).collect(),
            Self::Between(separators) => separators.iter().fold(vec![text], |pieces, separator| {
                pieces.into_iter().flat_map(|piece| separator.split(piece)).collect()
            }),
            Self::Characters => text.split("").collect(),
        }
    }
}

impl Operator for Tokenizer {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let separators: Vec<String> = node.list("separators")?;
        let words = match (node.optional::<&str>("tokenexp")?, separators.as_slice()) {
            (Some(pattern), _) => Words::Matching(Regex::new(pattern)?),
            (None, [only]) if only.is_empty() => Words::Characters,
            (None, []) => bail!("there is neither a pattern nor a separator"),
            (None, list) => {
                let separators = list.iter().map(|separator| Regex::new(separator));
                Words::Between(separators.collect::<Result<_, _>>()?)
            }
        };
        Ok(Self {
            words,
            min_length: node.optional::<usize>("mincharnum")?.unwrap_or(1).max(1),
            // Default: an absent padding is an empty text.
            padding: node.optional::<String>("pad_value")?.unwrap_or_default(),
            has_marks: node.flag("mark", false)?,
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (texts, shape) = only(inputs)?;
        ensure!(*texts == ElementType::String, "expected texts, found {texts:?}");
        let mut shape = shape.clone();
        shape.push(open());
        Ok(vec![(ElementType::String, shape)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = only(&inputs)?;
        let rows = input.elements::<String>()?.iter().map(|text| {
            let is_long = |word: &&str| word.chars().count() >= self.min_length;
            let words = self.words.of(text).into_iter().filter(is_long);
            if self.has_marks {
                ["\u{2}"].into_iter().chain(words).chain(["\u{3}"]).collect()
            } else {
                words.collect::<Vec<&str>>()
            }
        });
        let rows: Vec<Vec<&str>> = rows.collect();
        let longest = rows.iter().fold(0, |longest, row| row.len().max(longest));
        let padded = rows.iter().flat_map(|row| {
            let padding = std::iter::repeat_n(self.padding.as_str(), longest - row.len());
            row.iter().copied().chain(padding).map(str::to_owned)
        });
        let shape = input.shape().iter().copied().chain([longest]).collect();
        Ok(vec![Tensor::new(shape, padded.collect())?])
    }
}

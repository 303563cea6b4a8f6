//! `Tokenizer` of com.microsoft 1: the words of each text, which scikit-learn's vectorizers count. Texts with fewer words
//! than others are padded. tract has none.

use regex_lite::Regex;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TDim, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tensor1, tvec,
};

use super::{Operator, Shape, list_or_empty, only};

#[derive(Debug)]
pub(super) struct Tokenizer {
    words: Words,
    /// Words with fewer characters are left out.
    min_length: usize,
    padding: String,
    /// Every text gets a character at its start and another one at its end.
    has_marks: bool,
    /// The most words of a text, known when the texts have been looked at.
    longest: TDim,
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
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let separators: Vec<String> = list_or_empty(node, "separators")?;
        let words = match (node.get_attr_opt::<&str>("tokenexp")?, separators.as_slice()) {
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
            min_length: node.get_attr_opt("mincharnum")?.unwrap_or(1).max(1),
            // Default: an absent padding is an empty text.
            padding: node.get_attr_opt::<String>("pad_value")?.unwrap_or_default(),
            has_marks: node.get_attr_opt::<i64>("mark")?.unwrap_or(0) != 0,
            longest: ctx.template.symbols.new_with_prefix("words").to_dim(),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let (texts, shape) = only(inputs)?;
        ensure!(*texts == DatumType::String, "expected texts, found {texts:?}");
        let mut shape = shape.clone();
        shape.push(self.longest.clone());
        Ok(tvec!((DatumType::String, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let view = input.try_as_plain_ram()?;
        let rows = view.as_slice::<String>()?.iter().map(|text| {
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
        let shape: TVec<usize> = input.shape().iter().copied().chain([longest]).collect();
        Ok(tvec!(tensor1(&padded.collect::<Vec<String>>()).into_shape(&shape)?))
    }
}

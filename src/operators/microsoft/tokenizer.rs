//! `Tokenizer`: the words of each text, which scikit-learn's vectorizers count. The longest text says how many places
//! there are; the rest is filled up.

use regex_lite::Regex;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TDim, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tensor1, tvec,
};

use super::super::{Operator, Shape};

#[derive(Debug)]
pub(super) struct Tokenizer {
    words: Words,
    /// Shorter words are left out.
    least: usize,
    padding: String,
    /// Every text starts and ends with a character that says so.
    marked: bool,
    /// How many words there are is known when the texts have been looked at.
    longest: TDim,
}

#[derive(Debug)]
enum Words {
    /// What the pattern describes.
    Like(Regex),
    /// What stands between the separators.
    Between(Vec<Regex>),
    Characters,
}

impl Words {
    fn of<'a>(&self, text: &'a str) -> Vec<&'a str> {
        match self {
            Self::Like(pattern) => pattern.find_iter(text).map(|word| word.as_str()).collect(),
            Self::Between(separators) => separators.iter().fold(vec![text], |pieces, separator| {
                pieces.into_iter().flat_map(|piece| separator.split(piece)).collect()
            }),
            Self::Characters => text.split("").collect(),
        }
    }
}

impl Operator for Tokenizer {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let separators: Vec<String> = node.get_attr_opt_vec("separators")?.unwrap_or_default();
        let words = match (node.get_attr_opt::<&str>("tokenexp")?, separators.as_slice()) {
            (Some(pattern), _) => Words::Like(Regex::new(pattern)?),
            (None, [only]) if only.is_empty() => Words::Characters,
            (None, []) => bail!("there is neither a pattern nor a separator"),
            (None, list) => Words::Between(list.iter().map(|it| Regex::new(it)).collect::<Result<_, _>>()?),
        };
        Ok(Self {
            words,
            least: node.get_attr_opt("mincharnum")?.unwrap_or(1).max(1),
            padding: node.get_attr_opt::<String>("pad_value")?.unwrap_or_default(),
            marked: node.get_attr_opt::<i64>("mark")?.unwrap_or(0) != 0,
            longest: ctx.template.symbols.new_with_prefix("words").to_dim(),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(texts, shape)] = inputs else { bail!("expected one input") };
        ensure!(*texts == DatumType::String, "expected texts, found {texts:?}");
        let mut shape = shape.clone();
        shape.push(self.longest.clone());
        Ok(tvec!((DatumType::String, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [input] = inputs else { bail!("expected one input") };
        let view = input.try_as_plain_ram()?;
        let rows = view.as_slice::<String>()?.iter().map(|text| {
            let words = self.words.of(text).into_iter().filter(|word| word.chars().count() >= self.least);
            match self.marked {
                true => ["\u{2}"].into_iter().chain(words).chain(["\u{3}"]).collect(),
                false => words.collect::<Vec<&str>>(),
            }
        });
        let rows: Vec<Vec<&str>> = rows.collect();
        let longest = rows.iter().map(Vec::len).max().unwrap_or_default();
        let padded = rows.iter().flat_map(|row| {
            let padding = std::iter::repeat_n(self.padding.as_str(), longest - row.len());
            row.iter().copied().chain(padding).map(str::to_owned)
        });
        let shape: TVec<usize> = input.shape().iter().copied().chain([longest]).collect();
        Ok(tvec!(tensor1(&padded.collect::<Vec<String>>()).into_shape(&shape)?))
    }
}

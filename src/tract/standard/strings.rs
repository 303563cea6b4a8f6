//! Operators on texts: `StringConcat`, `StringSplit` and `RegexFullMatch` of ai.onnx 20, `StringNormalizer` of ai.onnx 10.
//! tract has none of them.

use std::borrow::Cow;

use regex_lite::Regex;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TDim, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tensor1, tvec,
};
use tract_onnx::tract_hir::tract_core::broadcast::multi_broadcast;

use super::{Operator, Shape, elements, gather, input, list_or_empty};

/// Joins two texts, element by element.
#[derive(Debug)]
pub(super) struct StringConcat;

impl Operator for StringConcat {
    fn parse(_: &ParsingContext<'_>, _: &NodeProto) -> TractResult<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(_, left), (_, right)] = inputs else { bail!("expected two inputs") };
        Ok(tvec!((DatumType::String, multi_broadcast(&[left, right])?)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let (left, right) = (input(inputs, 0)?, input(inputs, 1)?);
        let shape = multi_broadcast(&[left.shape(), right.shape()])?;
        let spread = |tensor: &Tensor| -> TractResult<Vec<String>> {
            let count = shape.iter().product();
            let indexes: Vec<usize> =
                (0..count).map(|index| broadcast_index(index, tensor.shape(), &shape)).collect();
            elements(&gather(tensor, &indexes, &shape)?)
        };
        let both = spread(left)?.into_iter().zip(spread(right)?).map(|(left, right)| left + &right);
        Ok(tvec!(tensor1(&both.collect::<Vec<_>>()).into_shape(&shape)?))
    }
}

/// The index of the element in a tensor of shape `from` that fills `index` of the broadcast `shape`.
fn broadcast_index(index: usize, from: &[usize], shape: &[usize]) -> usize {
    let (mut rest, mut source, mut width) = (index, 0, 1);
    // Axes that `from` does not have are 1 long.
    let own = from.iter().rev().copied().chain(std::iter::repeat(1));
    for (length, own) in shape.iter().rev().zip(own) {
        if own > 1 {
            source += rest % length * width;
        }
        width *= own;
        rest /= length;
    }
    source
}

/// Leaves stop words out, and changes the case.
#[derive(Debug)]
pub(super) struct StringNormalizer {
    case: Case,
    /// Lower case, unless case counts.
    stop_words: Vec<String>,
    case_sensitive: bool,
    /// The number of texts that are left, known when they have been looked at.
    count: TDim,
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
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let case = match node.get_attr_opt("case_change_action")?.unwrap_or("NONE") {
            "NONE" => Case::Kept,
            "LOWER" => Case::Lower,
            "UPPER" => Case::Upper,
            other => bail!("there is no change of case `{other}`"),
        };
        let case_sensitive = node.get_attr_opt::<i64>("is_case_sensitive")?.unwrap_or(0) != 0;
        let mut stop_words = list_or_empty::<String>(node, "stopwords")?;
        if !case_sensitive {
            stop_words.iter_mut().for_each(|word| *word = word.to_lowercase());
        }
        let count = ctx.template.symbols.new_with_prefix("texts").to_dim();
        Ok(Self { case, stop_words, case_sensitive, count })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(_, shape)] = inputs else { bail!("expected one input") };
        let mut shape = shape.clone();
        if !self.stop_words.is_empty() {
            shape.iter_mut().rev().take(1).for_each(|last| *last = self.count.clone());
        }
        Ok(tvec!((DatumType::String, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let x = input(inputs, 0)?;
        ensure!(matches!(x.shape(), [_] | [1, _]), "expected one row of texts, found shape {:?}", x.shape());
        let mut kept: Vec<String> = elements::<String>(x)?
            .into_iter()
            .filter(|text| self.stays(text))
            .map(|text| self.case.apply(&text).into_owned())
            .collect();
        if kept.is_empty() {
            kept.push(String::new());
        }
        let mut shape: TVec<usize> = x.shape().into();
        shape.iter_mut().rev().take(1).for_each(|last| *last = kept.len());
        Ok(tvec!(tensor1(&kept).into_shape(&shape)?))
    }
}

/// Splits texts; gives the pieces of each, and how many there are.
#[derive(Debug)]
pub(super) struct StringSplit {
    /// Empty for any white space.
    delimiter: String,
    /// How often a text is split at most.
    splits: usize,
    /// The most pieces of a text, known when all have been split.
    pieces: TDim,
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
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        // Default: an absent delimiter is an empty one.
        let delimiter = node.get_attr_opt::<String>("delimiter")?.unwrap_or_default();
        let splits = node.get_attr_opt("maxsplit")?.unwrap_or(usize::MAX);
        Ok(Self { delimiter, splits, pieces: ctx.template.symbols.new_with_prefix("pieces").to_dim() })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(_, shape)] = inputs else { bail!("expected one input") };
        let mut pieces = shape.clone();
        pieces.push(self.pieces.clone());
        Ok(tvec!((DatumType::String, pieces), (DatumType::I64, shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let x = input(inputs, 0)?;
        let mut rows: Vec<Vec<String>> =
            elements::<String>(x)?.iter().map(|text| self.pieces(text)).collect();
        let counts = rows.iter().map(|row| i64::try_from(row.len())).collect::<Result<Vec<_>, _>>()?;
        let longest = rows.iter().fold(0, |longest, row| row.len().max(longest));
        rows.iter_mut().for_each(|row| row.resize(longest, String::new()));
        let shape: TVec<usize> = x.shape().iter().copied().chain([longest]).collect();
        let pieces = tensor1(&rows.concat()).into_shape(&shape)?;
        Ok(tvec!(pieces, tensor1(&counts).into_shape(x.shape())?))
    }
}

/// Whether a pattern matches the whole of each text.
#[derive(Debug)]
pub(super) struct RegexFullMatch {
    pattern: Regex,
}

impl Operator for RegexFullMatch {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let pattern = node.get_attr::<&str>("pattern")?;
        Ok(Self { pattern: Regex::new(&format!(r"\A(?:{pattern})\z"))? })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(_, shape)] = inputs else { bail!("expected one input") };
        Ok(tvec!((DatumType::Bool, shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let x = input(inputs, 0)?;
        let matches: Vec<bool> =
            elements::<String>(x)?.iter().map(|text| self.pattern.is_match(text)).collect();
        Ok(tvec!(tensor1(&matches).into_shape(x.shape())?))
    }
}

//! Encoders with a vocabulary: categories and tokens become numbers.
//!
//! Terms are numbered from 1 in alphabetical order. NULL, terms that are not in the vocabulary and those that
//! were cut from it are 0.

use std::cell::Cell;
use std::cmp::Reverse;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, StructArray};

use super::{STRINGS, choice, counted, int_option, out_of};
use crate::data::{DataType, StructField};
use crate::diag::{Error, Result, ensure};
use crate::function::array_view::TokenView;
use crate::function::{Argument, BatchCall, Body, Fitted, Function, Signature, Type};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.LABEL_ENCODER",
        "The index of the category in the vocabulary; 0 for NULL and for categories outside the vocabulary.",
        &[Signature::new(&[Type::String, Type::Int64, Type::Int64], Type::Int64, Body::Fit(label))
            .optional(2)],
    ),
    Function::new(
        "ML.ONE_HOT_ENCODER",
        "The index of the category in the vocabulary, with the value 1, or 0 for the dropped category.",
        &[Signature::infer(
            &[Type::String, Type::String, Type::Int64, Type::Int64],
            entries_type,
            Body::Fit(one_hot),
        )
        .optional(3)],
    ),
    Function::new(
        "ML.MULTI_HOT_ENCODER",
        "The vocabulary index of each distinct category in the array, with the value 1.",
        &[Signature::infer(&[STRINGS, Type::Int64, Type::Int64], entries_type, Body::Fit(multi_hot))
            .optional(2)],
    ),
    Function::new(
        "ML.BAG_OF_WORDS",
        "The vocabulary index of each distinct token in the array, with the number of times that it occurs.",
        &[Signature::infer(&[STRINGS, Type::Int64, Type::Int64], entries_type, Body::Fit(bag_of_words))
            .optional(2)],
    ),
    Function::new(
        "ML.TF_IDF",
        "The vocabulary index of each distinct token in the array, with its TF-IDF weight.",
        &[Signature::infer(&[STRINGS, Type::Int64, Type::Int64], entries_type, Body::Fit(tf_idf))
            .optional(2)],
    ),
];

/// `STRUCT<index INT64, value FLOAT64>`.
fn entry_type() -> DataType {
    let field = |name: &str, data_type| StructField { name: name.into(), data_type };
    DataType::Struct(vec![field("index", DataType::Int64), field("value", DataType::Float64)])
}

fn entries_type(_: &[Argument]) -> Result<DataType> {
    Ok(DataType::array(entry_type()))
}

/// Terms in alphabetical order.
#[derive(Debug)]
struct Vocabulary(Vec<String>);

impl Vocabulary {
    /// The terms of `counts`, which are in alphabetical order, that the options `top_k` and `frequency_threshold`
    /// leave; they are the arguments at `position` and behind it. Of equally frequent terms the first ones stay.
    fn new(counts: &[(&str, usize)], call: &BatchCall<'_>, position: usize) -> Result<Self> {
        let top = int_option(call, position, "top_k")?.unwrap_or(32_000);
        let Ok(top @ 1..1_000_000) = usize::try_from(top) else {
            return Err(out_of("top_k", "from 1 to 999999", top));
        };
        let threshold = int_option(call, position + 1, "frequency_threshold")?.unwrap_or(5);
        let Ok(threshold) = usize::try_from(threshold) else {
            return Err(out_of("frequency_threshold", "of at least 0", threshold));
        };
        let mut kept: Vec<_> = counts.iter().filter(|(_, count)| *count >= threshold).collect();
        kept.sort_by_key(|(_, count)| Reverse(*count));
        kept.truncate(top);
        kept.sort_unstable();
        Ok(Self(kept.into_iter().map(|(term, _)| (*term).to_owned()).collect()))
    }

    /// The index of a term; 0 for NULL and unknown terms.
    fn number(&self, term: Option<&str>) -> usize {
        let position = term.and_then(|term| self.0.binary_search_by(|known| known.as_str().cmp(term)).ok());
        position.map_or(0, |position| position + 1)
    }
}

/// How many rows have each category.
fn categories<'a>(call: &'a BatchCall<'_>) -> Result<Vec<(&'a str, usize)>> {
    let values = call.arg(0)?.strings()?;
    Ok(counted((0..call.rows).filter_map(|row| values.get(row)).collect()))
}

/// In how many rows each token occurs.
fn documents<'a>(call: &'a BatchCall<'_>) -> Result<Vec<(&'a str, usize)>> {
    let tokens = TokenView::new(call.arg(0)?)?;
    let mut found = Vec::new();
    for row in 0..call.rows {
        found.extend(counted(tokens.get(row).flatten().collect()).into_iter().map(|(token, _)| token));
    }
    Ok(counted(found))
}

#[derive(Debug)]
struct Labels(Vocabulary);

fn label(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    Ok(Arc::new(Labels(Vocabulary::new(&categories(call)?, call, 1)?)))
}

impl Fitted for Labels {
    fn apply(&self, call: &BatchCall<'_>) -> Result<ArrayRef> {
        let values = call.arg(0)?.strings()?;
        call.without_args().ints(&|row| Ok(Some(index(self.0.number(values.get(row))))))
    }
}

#[derive(Debug)]
struct OneHot {
    vocabulary: Vocabulary,
    /// The category whose value is 0.
    dropped: Option<usize>,
}

fn one_hot(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    let drop = choice(call, 1, "drop", &["none", "most_frequent"])? == 1;
    let counts = categories(call)?;
    let vocabulary = Vocabulary::new(&counts, call, 2)?;
    // The last of several maxima is `max_by_key`'s: from the back it is the first in the alphabet.
    let most = counts.iter().rev().max_by_key(|(_, count)| *count).filter(|_| drop);
    let dropped = most.map(|(term, _)| vocabulary.number(Some(term)));
    Ok(Arc::new(OneHot { vocabulary, dropped }))
}

impl Fitted for OneHot {
    fn apply(&self, call: &BatchCall<'_>) -> Result<ArrayRef> {
        let values = call.arg(0)?.strings()?;
        let each = |row, entries: &mut Vec<Entry>| {
            let number = self.vocabulary.number(values.get(row));
            let dropped = number > 0 && self.dropped == Some(number);
            entries.push((index(number), if dropped { 0.0 } else { 1.0 }));
            Ok(())
        };
        call.without_args().arrays(&each, &column)
    }
}

#[derive(Debug)]
struct MultiHot(Vocabulary);

fn multi_hot(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    Ok(Arc::new(MultiHot(Vocabulary::new(&documents(call)?, call, 1)?)))
}

impl Fitted for MultiHot {
    fn apply(&self, call: &BatchCall<'_>) -> Result<ArrayRef> {
        let tokens = TokenView::new(call.arg(0)?)?;
        // The latest row that had each index.
        let seen_in = vec![Cell::new(usize::MAX); self.0.0.len() + 1];
        #[expect(clippy::indexing_slicing, reason = "there is a number more than terms")]
        let each = |row, entries: &mut Vec<Entry>| {
            let numbers = tokens.get(row).map(|token| self.0.number(token));
            let new = numbers.filter(|number| seen_in[*number].replace(row) != row);
            entries.extend(new.map(|number| (index(number), 1.0)));
            Ok(())
        };
        call.arrays(&each, &column)
    }
}

/// Counts tokens; with weights it divides by the length of the array and multiplies by the token's weight.
#[derive(Debug)]
struct Bag {
    vocabulary: Vocabulary,
    /// The weight of unknown tokens, then those of the terms.
    weights: Option<Vec<f64>>,
}

fn bag_of_words(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    Ok(Arc::new(Bag { vocabulary: Vocabulary::new(&documents(call)?, call, 1)?, weights: None }))
}

/// The weight of a term is its inverse document frequency, `ln(1 + documents / (1 + documents with it))`; that of
/// unknown ones the mean of the terms'.
#[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
fn tf_idf(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    let counts = documents(call)?;
    let vocabulary = Vocabulary::new(&counts, call, 1)?;
    let arrays = call.arg(0)?;
    let rows = (0..call.rows).filter(|row| !arrays.is_null(*row)).count() as f64;
    // Both are in alphabetical order, and every term was counted.
    let known = counts.iter().filter(|(term, _)| vocabulary.number(Some(term)) > 0);
    let mut weights: Vec<_> =
        known.map(|(_, documents)| (1.0 + rows / (1.0 + *documents as f64)).ln()).collect();
    let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    weights.insert(0, mean);
    ensure(weights.len() == vocabulary.0.len() + 1, "every term and the unknown ones have a weight")?;
    Ok(Arc::new(Bag { vocabulary, weights: Some(weights) }))
}

impl Fitted for Bag {
    #[expect(clippy::cast_precision_loss, reason = "numbers of tokens")]
    fn apply(&self, call: &BatchCall<'_>) -> Result<ArrayRef> {
        let tokens = TokenView::new(call.arg(0)?)?;
        #[expect(clippy::indexing_slicing, reason = "runs are not empty, and every number has a weight")]
        let each = |row, entries: &mut Vec<Entry>| {
            let mut numbers: Vec<usize> =
                tokens.get(row).map(|token| self.vocabulary.number(token)).collect();
            numbers.sort_unstable();
            for run in numbers.chunk_by(|a, b| a == b) {
                let (number, count) = (run[0], run.len() as f64);
                let value = match &self.weights {
                    Some(weights) => count / numbers.len() as f64 * weights[number],
                    None => count,
                };
                entries.push((index(number), value));
            }
            Ok(())
        };
        call.arrays(&each, &column)
    }
}

/// An index in the vocabulary and its value.
type Entry = (i64, f64);

/// All entries as a column of `STRUCT<index INT64, value FLOAT64>`.
fn column(entries: Vec<Entry>) -> Result<ArrayRef> {
    let layout = || Error::internal("entries have the layout of their type");
    let arrow_schema::DataType::Struct(fields) = entry_type().storage() else { return Err(layout()) };
    let (indices, values): (Vec<i64>, Vec<f64>) = entries.into_iter().unzip();
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(indices)), Arc::new(Float64Array::from(values))];
    StructArray::try_new(fields, columns, None)
        .map(|entries| Arc::new(entries) as ArrayRef)
        .map_err(|error| layout().detail(error))
}

#[expect(clippy::cast_possible_wrap, reason = "vocabularies have fewer than a million terms")]
fn index(number: usize) -> i64 {
    number as i64
}

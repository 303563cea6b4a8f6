//! Options of models: which columns make up an input, what the classes are called, how NULL and pictures are treated.
//!
//! One table, [`ModelOptions::ALL`], names every option with its type and meaning; statements, the catalog and the
//! reference read it. Whether an option fits a model is checked elsewhere, when the two meet.

use std::sync::Arc;

use litemap::LiteMap;
use sha2::{Digest, Sha256};

use super::fingerprints::hexadecimal;
use super::inputs::{PAIR, TEXT};
use crate::boosters::{Features, MISSING_TEXT};
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Result};
use crate::onnx::{Format, Labels};
use crate::text::{Tokenizer, Tokenizers};

/// How a model file is read and fed, and what its outputs are turned into: the OPTIONS of `CREATE MODEL`.
///
/// Options are set by name, with a SQL value. [`ModelOptions::ALL`] lists their names, what they take and what they do.
/// Whether an option fits a model is checked when the two meet, in [`Model::load_with`](super::Model::load_with) and
/// [`Model::with_options`](super::Model::with_options).
///
/// | option | for |
/// |---|---|
/// | `model_type`, `signature`, `sha256` | the file: its format, what of it is meant, its checksum |
/// | `tokenizer` | the file that cuts texts up |
/// | `input_columns`, `default_on_null`, `null_handling` | the inputs: which columns make them up, what becomes of NULL |
/// | `image_layout`, `image_mean`, `image_std` | pictures: the order of their dimensions; `(value - mean) / std`, values from 0 to 1 |
/// | `batch_axis`, `free_dimensions` | the inputs: which dimension counts rows, the lengths of free ones |
/// | `labels`, `task`, `softmax` | the outputs: names of classes, `predicted_label`, probabilities of scores |
/// | `input_label_cols` | ML.EVALUATE and its siblings: the column with the truth |
///
/// # Example
///
/// ```
/// use predictql::data::Scalar;
/// use predictql::model::ModelOptions;
///
/// let mut options = ModelOptions::default();
/// options.set("task", &Scalar::String("classification".into()))?;
/// options.set("null_handling", &Scalar::String("null".into()))?;
/// assert_eq!(options.given().count(), 2);
///
/// let error = options.set("lables", &Scalar::String("labels.txt".into())).unwrap_err();
/// assert_eq!(error.code().as_str(), "unknown-option");
/// assert_eq!(error.first().hint.as_deref(), Some("did you mean `labels`?"));
/// # Ok::<(), predictql::diag::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelOptions {
    given: LiteMap<&'static str, Scalar>,
    tokenizer_file: Option<String>,
    tokenizer: Option<Arc<Tokenizer>>,
    labels_file: Option<String>,
    pub(super) format: Option<Format>,
    signature: Option<String>,
    pub(super) columns: Option<PerInput<Vec<String>>>,
    pub(super) labels: Option<Labels>,
    pub(super) task: Option<Task>,
    pub(super) mean: Vec<f32>,
    pub(super) std: Vec<f32>,
    pub(super) layout: Option<Layout>,
    pub(super) batch_axis: Option<PerInput<usize>>,
    /// Lengths by the names of dimensions.
    pub(super) free_dimensions: Vec<(String, usize)>,
    pub(super) default_on_null: Option<PerInput<Scalar>>,
    pub(super) nulls: Option<NullHandling>,
    pub(super) softmax: Option<Softmax>,
    label_column: Option<String>,
    sha256: Option<[u8; 32]>,
}

/// One option, as the reference describes it.
#[derive(Debug)]
pub struct ModelOption {
    /// The name, in small letters; SQL ignores case.
    pub name: &'static str,
    /// What it takes, in words.
    pub takes: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// Sets the option to a value that is not NULL; `None` where it cannot have the value.
    set: fn(&mut ModelOptions, &Scalar) -> Option<()>,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Classification,
    Regression,
}

/// Where a picture has its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    ChannelsFirst,
    ChannelsLast,
    /// Wherever they are: nothing is turned.
    AsIs,
}

/// What becomes of NULL in a model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NullHandling {
    /// It is an error.
    Refuse,
    /// The outputs of its row are NULL.
    Null,
    /// It is NaN, where the input takes floats.
    Nan,
}

/// Which output's scores become probabilities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Softmax {
    /// The only one that can be meant.
    TheScores,
    Output(String),
}

/// A setting of all inputs alike, or of each by its name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PerInput<T> {
    All(T),
    Named(Vec<(String, T)>),
}

impl<T> PerInput<T> {
    /// The setting of the input `name`.
    pub(super) fn of(&self, name: &str) -> Option<&T> {
        match self {
            Self::All(value) => Some(value),
            Self::Named(values) => {
                values.iter().find(|(input, _)| input.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            }
        }
    }

    /// The inputs that have a setting of their own.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let named = match self {
            Self::All(_) => [].as_slice(),
            Self::Named(values) => values.as_slice(),
        };
        named.iter().map(|(name, _)| name.as_str())
    }

    /// # Errors
    /// `invalid-option` where a setting of its own has a name that is not one of the `known` ones.
    pub(super) fn check_names(&self, option: &str, known: &[&str]) -> Result<()> {
        let is_known = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
        match self.names().find(|name| !is_known(name)) {
            Some(name) => {
                let message = format!("`{option}` names `{name}`, which is no input");
                Err(Error::new(Code::InvalidOption, message)
                    .did_you_mean(name, known.iter().copied())
                    .or_list("the inputs are", known.iter().copied()))
            }
            None => Ok(()),
        }
    }
}

impl ModelOptions {
    /// Every option, in the order of the reference.
    pub const ALL: &[ModelOption] = &[
        ModelOption {
            name: "model_type",
            takes: "'ONNX', 'TENSORFLOW', 'TENSORFLOW_LITE', 'XGBOOST' or 'LIGHTGBM'",
            doc: "The format of the file; by default its content decides.",
            set: |options, value| {
                let formats = [
                    Format::Onnx,
                    Format::TensorFlow,
                    Format::TensorFlowLite,
                    Format::XgBoost,
                    Format::LightGbm,
                ];
                options.format = Some(word(value, &formats.map(|format| (format.name(), format)))?);
                Some(())
            },
        },
        ModelOption {
            name: "signature",
            takes: "the name of a signature",
            doc: "Which signature of a SavedModel or of a file of TensorFlow Lite is the model; by default `serving_default`.",
            set: |options, value| {
                let Scalar::String(name) = value else { return None };
                options.signature = Some(name.clone()).filter(|name| !name.is_empty());
                options.signature.is_some().then_some(())
            },
        },
        ModelOption {
            name: "input_columns",
            takes: "a list of column names, or a STRUCT of such lists, one for each input",
            doc: "The columns that make up an input of shape [N, k], one after the other.",
            set: |options, value| {
                options.columns =
                    Some(per_input(value, |value| texts(value).filter(|names| !names.is_empty()))?);
                Some(())
            },
        },
        ModelOption {
            name: "tokenizer",
            takes: "the path of a `tokenizer.json`",
            doc: "The tokenizer of a model over texts: it takes the column `text`, and for pairs `text_pair`, in place of its inputs of token ids. Where MODEL_PATH is a folder with a `tokenizer.json`, that one.",
            set: |options, value| {
                let Scalar::String(path) = value else { return None };
                options.tokenizer_file = Some(path.clone()).filter(|path| !path.is_empty());
                options.tokenizer_file.is_some().then_some(())
            },
        },
        ModelOption {
            name: "labels",
            takes: "a list of texts or whole numbers, or the path of a file with a label on each line",
            doc: "The names of the classes, in the order of the model's scores.",
            set: |options, value| {
                match value {
                    Scalar::String(path) if !path.is_empty() => options.labels_file = Some(path.clone()),
                    list => options.labels = Some(Labels::of(list)?),
                }
                Some(())
            },
        },
        ModelOption {
            name: "task",
            takes: "'classification' or 'regression'",
            doc: "Adds `predicted_label` in front of the outputs, and for classification, which labels imply, `predicted_label_probs`.",
            set: |options, value| {
                let tasks = [("classification", Task::Classification), ("regression", Task::Regression)];
                options.task = Some(word(value, &tasks)?);
                Some(())
            },
        },
        ModelOption {
            name: "image_mean",
            takes: "a number, or a list with one for each channel",
            doc: "Subtracted from every value of a picture; these lie between 0 and 1.",
            set: |options, value| {
                options.mean = numbers(value)?;
                Some(())
            },
        },
        ModelOption {
            name: "image_std",
            takes: "a number above 0, or a list with one for each channel",
            doc: "Divides every value of a picture, after `image_mean` is subtracted.",
            set: |options, value| {
                options.std = numbers(value).filter(|numbers| numbers.iter().all(|std| *std > 0.0))?;
                Some(())
            },
        },
        ModelOption {
            name: "image_layout",
            takes: "'NHWC', 'NCHW' or 'as-is'",
            doc: "Where the model has a picture's channels, last or first; by default its shape decides. With it every tensor is a picture. 'as-is' takes pictures too in the order that they have.",
            set: |options, value| {
                let layouts = [
                    ("nhwc", Layout::ChannelsLast),
                    ("nchw", Layout::ChannelsFirst),
                    ("as-is", Layout::AsIs),
                ];
                options.layout = Some(word(value, &layouts)?);
                Some(())
            },
        },
        ModelOption {
            name: "batch_axis",
            takes: "a whole number, or a STRUCT with one for each input",
            doc: "The axis of an input that counts rows, from 0; without it names and operators tell.",
            set: |options, value| {
                options.batch_axis = Some(per_input(value, |value| match value {
                    Scalar::Int64(axis) => usize::try_from(*axis).ok(),
                    _ => None,
                })?);
                Some(())
            },
        },
        ModelOption {
            name: "free_dimensions",
            takes: "a STRUCT with a length for each free dimension that is named",
            doc: "Fixes free dimensions of the inputs, by the names that the file has for them: the model is prepared for these lengths alone.",
            set: |options, value| {
                options.free_dimensions = lengths(value)?;
                Some(())
            },
        },
        ModelOption {
            name: "default_on_null",
            takes: "a value, or a STRUCT with a value for each input",
            doc: "The value that replaces NULL in an input.",
            set: |options, value| {
                options.default_on_null = Some(per_input(value, |value| match value {
                    Scalar::Null | Scalar::Array(..) | Scalar::Struct(..) => None,
                    plain => Some(plain.clone()),
                })?);
                Some(())
            },
        },
        ModelOption {
            name: "null_handling",
            takes: "'error', 'null' or 'nan'",
            doc: "How rows with NULL inputs are treated: an error, NULL outputs, or NaN for the model to deal with. By default NULL is what the graph takes for missing, or an error.",
            set: |options, value| {
                options.nulls = Some(word(
                    value,
                    &[
                        ("error", NullHandling::Refuse),
                        ("null", NullHandling::Null),
                        ("nan", NullHandling::Nan),
                    ],
                )?);
                Some(())
            },
        },
        ModelOption {
            name: "softmax",
            takes: "TRUE, or the name of an output",
            doc: "Turns the scores of an output into probabilities.",
            set: |options, value| {
                options.softmax = match value {
                    Scalar::Bool(false) => None,
                    Scalar::Bool(true) => Some(Softmax::TheScores),
                    Scalar::String(output) if !output.is_empty() => Some(Softmax::Output(output.clone())),
                    _ => return None,
                };
                Some(())
            },
        },
        ModelOption {
            name: "input_label_cols",
            takes: "a list with the name of one column",
            doc: "The column that holds the truth in rows for ML.EVALUATE and its siblings; without it `label`.",
            set: |options, value| {
                options.label_column = match value {
                    Scalar::String(name) if !name.is_empty() => Some(name.clone()),
                    list => Some(texts(list).filter(|names| names.len() == 1)?.pop()?),
                };
                Some(())
            },
        },
        ModelOption {
            name: "sha256",
            takes: "64 hexadecimal digits",
            doc: "The checksum of the file: another file is refused before it is read.",
            set: |options, value| {
                let Scalar::String(digits) = value else { return None };
                options.sha256 = Some(digest_of(digits)?);
                Some(())
            },
        },
    ];

    /// The defaults for a booster: its features are columns of their own, and the trees know where missing values go.
    pub(super) fn of_booster(features: Features) -> Self {
        let nulls = Some(NullHandling::Nan);
        match features {
            Features::Packed(columns) => {
                Self { columns: Some(PerInput::All(columns)), nulls, ..Self::default() }
            }
            Features::Apart { texts } => {
                let missing = |text| (text, Scalar::String(MISSING_TEXT.into()));
                let missing = texts.into_iter().map(missing).collect();
                Self { default_on_null: Some(PerInput::Named(missing)), nulls, ..Self::default() }
            }
        }
    }

    /// `self`, with `defaults` for what it leaves open.
    pub(super) fn or(&self, defaults: &Self) -> Self {
        let missing = match self.nulls {
            None | Some(NullHandling::Nan) => defaults.default_on_null.clone(),
            Some(NullHandling::Refuse | NullHandling::Null) => None,
        };
        let default_on_null = match (self.default_on_null.clone(), missing) {
            // Of two values for an input the first one counts.
            (Some(PerInput::Named(own)), Some(PerInput::Named(missing))) => {
                Some(PerInput::Named(own.into_iter().chain(missing).collect()))
            }
            (own, missing) => own.or(missing),
        };
        Self {
            columns: self.columns.clone().or_else(|| defaults.columns.clone()),
            default_on_null,
            nulls: self.nulls.or(defaults.nulls),
            ..self.clone()
        }
    }

    /// The names of all options.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.iter().map(|option| option.name)
    }

    /// Sets the option `name`, case aside; NULL takes it back.
    ///
    /// # Errors
    /// `unknown-option`, with the nearest name; `invalid-option` for a value that it cannot have.
    pub fn set(&mut self, name: &str, value: &Scalar) -> Result<()> {
        let option = Self::ALL.iter().find(|option| option.name.eq_ignore_ascii_case(name));
        let option = option.ok_or_else(|| {
            Error::new(Code::UnknownOption, format!("models have no option `{name}`"))
                .did_you_mean(name, Self::names())
                .or_list("the options are", Self::names())
        })?;
        let mut given = std::mem::take(&mut self.given);
        given.insert(option.name, value.clone());
        given.retain(|_, value| *value != Scalar::Null);
        // All options are set again from their values, so that a replaced value leaves nothing behind.
        let read = std::mem::take(&mut self.labels).filter(|_| option.name != "labels");
        let tokenizer = self.tokenizer.take().filter(|_| option.name != "tokenizer");
        let mut fresh = Self::default();
        for option in Self::ALL {
            if let Some(value) = given.get(option.name) {
                (option.set)(&mut fresh, value).ok_or_else(|| {
                    let message = format!("option `{}` takes {}, found {value}", option.name, option.takes);
                    Error::new(Code::InvalidOption, message).hint(option.doc)
                })?;
            }
        }
        fresh.given = given;
        fresh.labels = fresh.labels.or(read);
        fresh.tokenizer = tokenizer;
        *self = fresh;
        Ok(())
    }

    /// The options that are set, by name.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &Scalar)> {
        self.given.iter().map(|(name, value)| (*name, value))
    }

    /// The column that holds the truth, `label` where none is named.
    pub(crate) fn label_column(&self) -> &str {
        self.label_column.as_deref().unwrap_or("label")
    }

    /// Whether the file is to be converted by the host: `None` where its content decides.
    pub(crate) fn is_converted(&self) -> Option<bool> {
        self.format.map(|format| Format::CONVERTED.contains(&format))
    }

    /// The signature that is wanted of a SavedModel.
    pub(crate) fn signature(&self) -> Option<&str> {
        self.signature.as_deref()
    }

    /// Whether a file's checksum is given.
    pub(crate) fn has_checksum(&self) -> bool {
        self.sha256.is_some()
    }

    /// The checksum was that of the file; what was made of the file has another one.
    pub(crate) fn forget_checksum(&mut self) {
        self.sha256 = None;
    }

    /// The file whose labels are still to be read: see [`ModelOptions::read_labels`].
    pub fn labels_file(&self) -> Option<&str> {
        self.labels_file.as_deref().filter(|_| self.labels.is_none())
    }

    /// Names the tokenizer that was found beside the model, unless one is given.
    pub(crate) fn find_tokenizer(&mut self, path: &str) -> Result<()> {
        let is_given = self.tokenizer_file.is_some() || self.tokenizer.is_some();
        if is_given { Ok(()) } else { self.set("tokenizer", &Scalar::String(path.to_owned())) }
    }

    /// The file of the tokenizer that is still to be read: see [`ModelOptions::read_tokenizer`].
    pub fn tokenizer_file(&self) -> Option<&str> {
        self.tokenizer_file.as_deref().filter(|_| self.tokenizer.is_none())
    }

    /// Reads the tokenizer from the content of a `tokenizer.json`.
    ///
    /// # Errors
    /// `invalid-option` where it is none.
    pub fn read_tokenizer(&mut self, json: &[u8]) -> Result<()> {
        self.read_tokenizer_by(&Tokenizers::LINKED, json)
    }

    /// As [`ModelOptions::read_tokenizer`], by what the host has.
    pub(crate) fn read_tokenizer_by(&mut self, host: &Tokenizers, json: &[u8]) -> Result<()> {
        self.tokenizer = Some(Arc::new(host.read(json)?));
        Ok(())
    }

    /// From now on texts are in the column `name`.
    pub(super) fn read_text_from(&mut self, name: &str) {
        let named = match self.columns.take() {
            Some(PerInput::Named(named)) => named,
            Some(PerInput::All(_)) | None => Vec::new(),
        };
        let others = named.into_iter().filter(|(input, _)| ![TEXT, PAIR].contains(&input.as_str()));
        let text = (TEXT.to_owned(), vec![name.to_owned()]);
        self.columns = Some(PerInput::Named(others.chain([text]).collect()));
    }

    /// What cuts the model's texts up.
    pub(super) fn tokenizer(&self) -> Option<&Arc<Tokenizer>> {
        self.tokenizer.as_ref()
    }

    /// Reads labels from the content of a file: a label on each line, or a JSON list of texts.
    ///
    /// # Errors
    /// `invalid-option` where there are none.
    pub fn read_labels(&mut self, bytes: &[u8]) -> Result<()> {
        self.labels = Some(Labels::read(bytes)?);
        Ok(())
    }

    /// Takes the labels that a converter has found beside a model, where none are given and nothing else is wanted of it.
    pub(super) fn take_labels(&mut self, found: Option<&String>, format: Format) -> Result<()> {
        let is_open = self.labels.is_none() && self.task != Some(Task::Regression);
        match found.filter(|_| is_open && Format::CONVERTED.contains(&format)) {
            Some(found) => self.read_labels(found.as_bytes()),
            None => Ok(()),
        }
    }

    /// Compares the checksum of `bytes` with the one that is given, if one is.
    ///
    /// # Errors
    /// `checksum-mismatch`.
    pub fn verify(&self, bytes: &[u8]) -> Result<()> {
        if self.sha256.is_some() { self.verify_digest(Sha256::digest(bytes).into()) } else { Ok(()) }
    }

    pub(super) fn verify_digest(&self, found: [u8; 32]) -> Result<()> {
        let Some(wanted) = self.sha256.filter(|wanted| *wanted != found) else { return Ok(()) };
        let message =
            format!("expected a file with SHA-256 {}, found {}", hexadecimal(wanted), hexadecimal(found));
        Err(Error::new(Code::ChecksumMismatch, message)
            .hint("the file was damaged or replaced: fetch it again, or correct `sha256`"))
    }
}

/// The checksum that 64 hexadecimal digits say.
pub(crate) fn digest_of(digits: &str) -> Option<[u8; 32]> {
    let bytes = digits.as_bytes().as_chunks::<2>();
    let byte = |digits: &[u8; 2]| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
    let all_digits = bytes.1.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    bytes.0.iter().map(byte).collect::<Option<Vec<_>>>().filter(|_| all_digits)?.try_into().ok()
}

/// What `value` means of `words`, case aside.
fn word<T: Copy>(value: &Scalar, words: &[(&str, T)]) -> Option<T> {
    let Scalar::String(text) = value else { return None };
    words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, meaning)| *meaning)
}

fn texts(value: &Scalar) -> Option<Vec<String>> {
    let Scalar::Array(DataType::String, items) = value else { return None };
    items.iter().map(|item| if let Scalar::String(text) = item { Some(text.clone()) } else { None }).collect()
}

/// One number or several.
fn numbers(value: &Scalar) -> Option<Vec<f32>> {
    let items = match value {
        Scalar::Array(_, items) if !items.is_empty() => items.as_slice(),
        item => std::slice::from_ref(item),
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "pictures are 32-bit floats"
    )]
    let number = |item: &Scalar| match item {
        Scalar::Float64(number) => Some(*number as f32),
        Scalar::Int64(number) => Some(*number as f32),
        _ => None,
    };
    items
        .iter()
        .map(number)
        .collect::<Option<Vec<_>>>()
        .filter(|numbers| numbers.iter().all(|number| number.is_finite()))
}

/// Lengths above 0 by their names; `None` where there are none.
fn lengths(value: &Scalar) -> Option<Vec<(String, usize)>> {
    match per_input(value, |value| match value {
        Scalar::Int64(length) => usize::try_from(*length).ok().filter(|length| *length > 0),
        _ => None,
    })? {
        PerInput::Named(lengths) => Some(lengths),
        PerInput::All(_) => None,
    }
}

fn per_input<T>(value: &Scalar, read: impl Fn(&Scalar) -> Option<T>) -> Option<PerInput<T>> {
    let Scalar::Struct(fields, values) = value else { return read(value).map(PerInput::All) };
    let named = fields.iter().zip(values).map(|(field, value)| {
        (!field.name.is_empty()).then_some(())?;
        Some((field.name.clone(), read(value)?))
    });
    named.collect::<Option<Vec<_>>>().map(PerInput::Named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Scalar {
        Scalar::String(text.into())
    }

    #[test]
    fn null_takes_an_option_back() {
        let mut options = ModelOptions::default();
        options.set("TASK", &text("Classification")).unwrap();
        options.set("null_handling", &text("nan")).unwrap();
        assert_eq!(
            options.given().collect::<Vec<_>>(),
            [("null_handling", &text("nan")), ("task", &text("Classification"))]
        );
        options.set("task", &Scalar::Null).unwrap();
        assert_eq!((options.task, options.nulls), (None, Some(NullHandling::Nan)));
    }

    #[test]
    fn labels_that_were_read_stay_until_labels_are_set_again() {
        let mut options = ModelOptions::default();
        options.set("labels", &text("labels.txt")).unwrap();
        assert_eq!(options.labels_file(), Some("labels.txt"));
        options.read_labels(b"cat\r\ndog\r\n").unwrap();
        options.set("softmax", &Scalar::Bool(true)).unwrap();
        assert_eq!(options.labels_file(), None);
        assert_eq!(options.labels.as_ref().map(Labels::len), Some(2));
        options.set("labels", &text("other.txt")).unwrap();
        assert_eq!(options.labels_file(), Some("other.txt"));
    }

    #[test]
    fn slips_are_told() {
        let mut options = ModelOptions::default();
        let error = options.set("lables", &text("x")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "[unknown-option] models have no option `lables`; hint: did you mean `labels`?"
        );
        let error = options.set("softmax", &Scalar::Int64(1)).unwrap_err();
        assert_eq!(error.first().message, "option `softmax` takes TRUE, or the name of an output, found 1");
        assert!(options.set("image_std", &Scalar::Int64(0)).is_err());
        assert_eq!(options, ModelOptions::default());
    }
}

//! Texts in the place of token ids: which inputs of the graph take what a tokenizer makes of them, and the runs in which rows
//! of unlike lengths go into the graph.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, UInt64Array};
use tokens::{Encoding, Question};

use super::binding::InputBinding;
use super::{InputRows, Inputs, RowNumbers};
use crate::data::{DataType, list_column, row_index, take};
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::limits::{RUN_ROWS, RUN_TOKENS};
use crate::model::graph_port::{GraphPort, scalar_type};
use crate::model::options::{ModelOptions, PerInput};
use crate::onnx::Dim;
use crate::text::Tokenizer;

/// The columns of texts.
pub(in crate::model) const TEXT: &str = "text";
pub(in crate::model) const PAIR: &str = "text_pair";

/// Lengths to which texts are filled up: a plan is made for each length, and takes as long as many rows.
const LENGTHS: [usize; 10] = [16, 32, 48, 64, 96, 128, 192, 256, 384, 512];

/// What an input of the graph takes of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Ids,
    /// 1 for a token, 0 for what fills up.
    Mask,
    /// Which of two texts a token belongs to.
    Types,
    Positions,
}

/// The inputs that take tokens, and the others.
type ByRoles<'a> = (Vec<(Role, &'a GraphPort)>, Vec<&'a GraphPort>);

/// How texts become inputs of the graph.
#[derive(Debug, Clone)]
pub(in crate::model) struct Texts {
    tokenizer: Arc<Tokenizer>,
    /// The inputs in the order of their columns, with the types of their elements.
    roles: Vec<(Role, DataType)>,
    /// The number of tokens that the graph wants, where that is fixed.
    length: Option<usize>,
    /// Whether texts may be filled up without a change of the answer.
    can_fill: bool,
    /// How many texts may go into the graph together.
    most: usize,
}

/// Rows of texts, cut up, in runs of rows of one length.
pub(crate) struct Tokens {
    pub(in crate::model) rows: InputRows,
    encodings: Vec<Encoding>,
    runs: Vec<Run>,
}

/// Rows that go into the graph together.
#[derive(Debug, Clone)]
pub(in crate::model) struct Run {
    /// Their positions; behind those that count the last one is repeated, so that all runs of a length have one shape.
    places: Vec<usize>,
    /// How many of them count.
    pub(in crate::model) count: usize,
    /// The number of tokens.
    pub(in crate::model) length: usize,
}

impl Inputs {
    /// The inputs `ports` of the graph, those of tokens fed with texts. Where rows run `apart`, what is beside a text's own tokens changes
    /// the answer, be it another text or what fills it up.
    ///
    /// # Errors
    /// `invalid-option` for a model without an input of token ids, and for options that do not fit the inputs.
    pub(in crate::model) fn over_texts(
        ports: &[GraphPort],
        tokenizer: &Arc<Tokenizer>,
        options: &ModelOptions,
        apart: bool,
    ) -> Result<(Self, Texts)> {
        let (of_tokens, others) = by_roles(ports)?;
        let ids = of_tokens.iter().find(|(role, _)| *role == Role::Ids).invariant("an input of token ids")?.1;
        let options = with_named_texts(options);
        let rows = ids.row_axis().and_then(|axis| ids.shape.get(axis)).cloned();
        let rows = rows.unwrap_or(Dim::Fixed(1));
        let is_pair =
            options.columns.as_ref().is_some_and(|columns| columns.names().any(|name| name == PAIR));
        let texts = [(TEXT, true), (PAIR, is_pair)]
            .map(|(name, is_required)| GraphPort::text(name, rows.clone(), is_required));
        let fed: Vec<GraphPort> = texts.into_iter().chain(others.into_iter().cloned()).collect();
        let mut inputs = Self::new(&fed, &options)?;
        // It is described as what may be left out.
        inputs
            .ports
            .iter_mut()
            .filter(|port| port.name == PAIR)
            .for_each(|port| port.has_default = !port.required);
        for (number, (_, port)) in (inputs.ports.len()..).zip(&of_tokens) {
            inputs.bindings.push(InputBinding::of_tokens(port, number));
        }
        let facts = tokenizer.facts();
        let is_masked = of_tokens.iter().any(|(role, port)| *role == Role::Mask && port.required);
        let texts = Texts {
            tokenizer: tokenizer.clone(),
            length: ids.row_shape().first().and_then(Dim::fixed),
            can_fill: is_masked && facts.filler.is_some() && !facts.fills_front && !apart,
            most: if apart { 1 } else { RUN_ROWS },
            roles: of_tokens.iter().map(|(role, port)| (*role, scalar_type(port.element))).collect(),
        };
        Ok((inputs, texts))
    }
}

/// One column may be given for texts, or two for pairs, without their names.
fn with_named_texts(options: &ModelOptions) -> ModelOptions {
    let mut options = options.clone();
    if let Some(PerInput::All(names)) = &options.columns {
        let named =
            [TEXT, PAIR].into_iter().map(String::from).zip(names.iter().map(|name| vec![name.clone()]));
        if names.len() <= 2 {
            options.columns = Some(PerInput::Named(named.collect()));
        }
    }
    options
}

/// The inputs that take tokens, by their names, and the others.
fn by_roles(ports: &[GraphPort]) -> Result<ByRoles<'_>> {
    let mut of_tokens: Vec<(Role, &GraphPort)> = Vec::new();
    let mut others = Vec::new();
    for port in ports {
        let role =
            Some(port).filter(|port| port.row_shape().len() == 1 && !port.has_default).and_then(role_of);
        match role.filter(|role| of_tokens.iter().all(|(known, _)| known != role)) {
            Some(role) => of_tokens.push((role, port)),
            None => others.push(port),
        }
    }
    let names = || {
        ports.iter().map(|port| format!("`{}` {}", port.name, port.data_type)).collect::<Vec<_>>().join(", ")
    };
    if of_tokens.iter().all(|(role, _)| *role != Role::Ids) {
        let message = "`tokenizer` is given, and the model has no input of token ids";
        return Err(Error::new(Code::InvalidOption, message).hint(format!(
            "leave it out, or export the model with an input `input_ids`; it has {}",
            names()
        )));
    }
    if let Some(port) =
        others.iter().find(|port| [TEXT, PAIR].iter().any(|name| port.name.eq_ignore_ascii_case(name)))
    {
        let message = format!(
            "with a tokenizer `{}` is the column of texts, and the model has an input of this name",
            port.name
        );
        return Err(
            Error::new(Code::InvalidOption, message).hint("export the model with another name for it")
        );
    }
    Ok((of_tokens, others))
}

fn role_of(port: &GraphPort) -> Option<Role> {
    let name = port.name.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let is_whole = scalar_type(port.element) == DataType::Int64;
    match () {
        () if says(&["mask"]) => Some(Role::Mask),
        () if says(&["type", "segment"]) => Some(Role::Types).filter(|_| is_whole),
        () if says(&["position"]) => Some(Role::Positions).filter(|_| is_whole),
        () if says(&["ids", "input", "token"]) => Some(Role::Ids).filter(|_| is_whole),
        () => None,
    }
}

impl Texts {
    /// What DESCRIBE MODEL says of it.
    pub(in crate::model) fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Cuts the texts of `rows` up. With `fills`, what fills texts up does not show in what is wanted.
    ///
    /// # Errors
    /// `model-failed` where the tokenizer fails.
    pub(in crate::model) fn tokens(&self, rows: InputRows, fills: bool) -> Result<Tokens> {
        let column = |number: usize| rows.columns.get(number).and_then(Option::as_ref);
        let first = texts(column(0).invariant("the column of texts")?)?;
        let second = column(1).map(texts).transpose()?;
        let most = self.length.and_then(|length| u32::try_from(length).ok());
        let question = Question { texts: first, seconds: second, most };
        let encodings = self.tokenizer.encode(&question)?;
        let fits =
            self.length.is_none_or(|length| encodings.iter().all(|encoding| encoding.ids.len() <= length));
        ensure(encodings.len() == rows.count && fits, "the tokens of each text")?;
        let mut order: Vec<(usize, usize)> = encodings
            .iter()
            .enumerate()
            .map(|(place, encoding)| (self.target(encoding, fills), place))
            .collect();
        order.sort_unstable();
        let runs = order
            .chunk_by(|(one, _), (other, _)| one == other)
            .flat_map(|rows| runs_of(rows, self.most))
            .collect();
        Ok(Tokens { rows, encodings, runs })
    }

    /// The length to which a text is filled up. It depends on the text alone, and so does what the model answers.
    fn target(&self, encoding: &Encoding, fills: bool) -> usize {
        let (tokens, facts) = (encoding.ids.len(), self.tokenizer.facts());
        if let Some(length) = self.length {
            return length;
        }
        if !fills || !self.can_fill {
            return facts.padding.of(tokens);
        }
        let longest = facts.longest.map_or(usize::MAX, |longest| longest as usize);
        let length = LENGTHS.iter().copied().find(|length| *length >= tokens);
        length.unwrap_or(tokens).min(longest).max(tokens)
    }

    /// The rows of a run as the graph takes them.
    pub(in crate::model) fn rows_of(&self, tokens: &Tokens, run: &Run) -> Result<InputRows> {
        let encodings: Vec<&Encoding> = run
            .places
            .iter()
            .map(|place| tokens.encodings.get(*place).invariant("the tokens of a row"))
            .collect::<Result<_>>()?;
        let columns =
            self.roles.iter().map(|(role, element)| self.column(*role, element, &encodings, run.length));
        let columns = columns.map(|column| column.map(Some)).collect::<Result<Vec<_>>>()?;
        let places: UInt64Array = run.places.iter().map(|place| Some(*place as u64)).collect();
        tokens.rows.picked(&places, columns)
    }

    /// What an input takes of these texts, filled up to `length` tokens.
    fn column(
        &self,
        role: Role,
        element: &DataType,
        encodings: &[&Encoding],
        length: usize,
    ) -> Result<ArrayRef> {
        let facts = self.tokenizer.facts();
        let (filler, filler_type) = facts.filler.unwrap_or((0, 0));
        let mut values: Vec<i64> = Vec::with_capacity(encodings.len() * length);
        for encoding in encodings {
            let (own, fill): (Vec<i64>, i64) = match role {
                Role::Ids => (encoding.ids.iter().copied().map(i64::from).collect(), filler.into()),
                Role::Types => (encoding.types.iter().copied().map(i64::from).collect(), filler_type.into()),
                Role::Mask => (vec![1; encoding.ids.len()], 0),
                Role::Positions => ((0..).take(encoding.ids.len()).collect(), 0),
            };
            let missing = length.checked_sub(own.len()).invariant("a length that has room for the text")?;
            let (before, behind) = if facts.fills_front { (missing, 0) } else { (0, missing) };
            values.extend(std::iter::repeat_n(fill, before));
            values.extend(own);
            values.extend(std::iter::repeat_n(fill, behind));
        }
        #[expect(clippy::cast_precision_loss, reason = "masks are 0 and 1")]
        let elements: ArrayRef = match element {
            DataType::Float64 => {
                Arc::new(values.iter().map(|value| Some(*value as f64)).collect::<Float64Array>())
            }
            DataType::Bool => {
                Arc::new(values.iter().map(|value| Some(*value != 0)).collect::<BooleanArray>())
            }
            _ => Arc::new(Int64Array::from(values)),
        };
        list_column(std::iter::repeat_n(length, encodings.len()), elements, element, None)
    }

    /// A run of one row by itself, filled up as the file says.
    pub(in crate::model) fn alone(&self, tokens: &Tokens, place: usize) -> Result<Run> {
        let encoding = tokens.encodings.get(place).invariant("the tokens of a row")?;
        Ok(Run { places: vec![place], count: 1, length: self.target(encoding, false) })
    }

    /// Which of the tokens of a run's row are its own.
    pub(in crate::model) fn own(&self, length: usize, encoding: &Encoding) -> std::ops::Range<usize> {
        let tokens = encoding.ids.len();
        if self.tokenizer.facts().fills_front { length.saturating_sub(tokens)..length } else { 0..tokens }
    }
}

fn texts(column: &ArrayRef) -> Result<Vec<&str>> {
    let column = column.as_string_opt::<i32>().invariant("a column of texts")?;
    Ok((0..column.len()).map(|row| column.value(row)).collect())
}

/// The runs of rows of one length, which come with it, up to `limit` in each.
fn runs_of(rows: &[(usize, usize)], limit: usize) -> Vec<Run> {
    let length = rows.first().map_or(0, |(length, _)| *length);
    let most = RUN_TOKENS.checked_div(length).unwrap_or(limit).clamp(1, limit).min(rows.len());
    let run = |rows: &[(usize, usize)]| {
        let mut places: Vec<usize> = rows.iter().map(|(_, place)| *place).collect();
        let last = places.last().copied().unwrap_or(0);
        places.resize(most, last);
        Run { places, count: rows.len(), length }
    };
    rows.chunks(most).map(run).collect()
}

impl Tokens {
    /// How many runs of the model its rows take.
    pub(crate) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// The rows of a run.
    pub(crate) fn rows_in(&self, run: usize) -> usize {
        self.runs.get(run).map_or(0, |run| run.count)
    }

    /// How many tokens the row at `place` has.
    pub(in crate::model) fn count_of(&self, place: usize) -> usize {
        self.encodings.get(place).map_or(0, |encoding| encoding.ids.len())
    }

    /// How many rows the query has had beside those of a run.
    pub(in crate::model) fn rows_beside(&self, run: &Run) -> usize {
        self.rows.numbers.first + self.rows.count.saturating_sub(run.count)
    }

    pub(in crate::model) fn run(&self, number: usize) -> Result<&Run> {
        self.runs.get(number).invariant("a run of the rows")
    }

    /// The tokens of the rows of a run that count.
    pub(in crate::model) fn encodings<'a>(&'a self, run: &'a Run) -> impl Iterator<Item = &'a Encoding> {
        run.rows().filter_map(|place| self.encodings.get(place))
    }

    /// For each row that was given, where it stands among the rows of all runs; NULL for one that is left out.
    pub(in crate::model) fn order(&self) -> Result<UInt64Array> {
        let mut places = vec![0; self.rows.count];
        for (number, place) in (0..).zip(self.runs.iter().flat_map(Run::rows)) {
            *places.get_mut(place).invariant("a place for each row")? = number;
        }
        let places = UInt64Array::from(places);
        match &self.rows.positions {
            None => Ok(places),
            Some(positions) => {
                let place =
                    |position: Option<u64>| position.map(|position| places.value(row_index(position)));
                Ok(positions.iter().map(place).collect())
            }
        }
    }
}

impl Run {
    /// The positions of the rows that count.
    pub(in crate::model) fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.places.iter().copied().take(self.count)
    }
}

impl InputRows {
    /// The position of row `place` of these among those that were given.
    pub(in crate::model) fn given(&self, place: usize) -> usize {
        self.numbers.given(place)
    }

    /// Those of the rows at `places`, with the columns `more` behind the others.
    fn picked(&self, places: &UInt64Array, more: Vec<Option<ArrayRef>>) -> Result<Self> {
        let columns =
            self.columns.iter().map(|column| column.as_ref().map(|column| take(column, places)).transpose());
        let columns = columns.chain(more.into_iter().map(Ok)).collect::<Result<_>>()?;
        let given = |place: &u64| self.numbers.given(row_index(*place)) as u64;
        let kept = places.values().iter().map(given).collect::<Vec<_>>();
        let numbers = RowNumbers { first: self.numbers.first, kept: Some(UInt64Array::from(kept)) };
        Ok(Self { columns, numbers, positions: None, count: places.len() })
    }
}

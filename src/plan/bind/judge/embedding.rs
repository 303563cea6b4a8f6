//! ML.GENERATE_EMBEDDING: the vectors of texts, which a model with a tokenizer has for them.

use std::sync::Arc;

use super::super::Binder;
use super::super::from::Source;
use super::super::predict::predict_node;
use super::Judging;
use super::args::Call;
use super::text::{filled, quoted};
use crate::data::DataType;
use crate::diag::{Code, Diagnostic, Error, Invariant, Result, Span, nearest};
use crate::model::{Pooling, Wish};
use crate::plan::node::Node;
use crate::syntax::written;

pub(super) const FUNCTIONS: &[Judging] =
    &[Judging::of_model("ML.GENERATE_EMBEDDING", SETTINGS, |binder, call| binder.generate_embedding(call))];

const SETTINGS: &[&str] =
    &["flatten_json_output", "normalize", "pooling", "output_dimensionality", "task_type"];

const SQL: &str = include_str!("sql/embedding.sql");

/// The column of texts, as BigQuery calls it.
const CONTENT: &str = "content";

/// The column of vectors, and those that its statistics are made of.
const RESULT: &str = "ml_generate_embedding_result";
const OUTPUTS: [&str; 3] = [RESULT, "__tokens", "__is_cut"];

/// The columns that the function adds beside the vectors.
const ADDED: [&str; 2] = ["ml_generate_embedding_statistics", "ml_generate_embedding_status"];

impl Binder<'_> {
    fn generate_embedding(&mut self, call: &Call<'_>) -> Result<Node> {
        let path = call.models.first().copied().invariant("a call with a model")?;
        let rows = call.rows.first().copied().invariant("a call with rows")?;
        self.flattened(call)?;
        let pooling = match call.setting("pooling") {
            Some(_) => Some(match self.word(call, "pooling", &["mean", "cls"])? {
                "cls" => Pooling::First,
                _ => Pooling::Mean,
            }),
            None => None,
        };
        let dimensions = match call.setting("output_dimensionality") {
            Some(_) => usize::try_from(self.int(call, "output_dimensionality", 1, 1..=i64::MAX)?).ok(),
            None => None,
        };
        let normalize = self.flag(call, "normalize")?;
        if let Some(value) = call.setting("task_type") {
            self.text(call, "task_type")?;
            let warning =
                Diagnostic::warning(Code::InvalidOption, "`task_type` means nothing to an ONNX model");
            self.warnings
                .push(warning.at(value.span).hint("write the prefix that the model wants into the texts"));
        }
        let model = self.model(path)?.clone();
        let wish = Wish { pooling, normalize, dimensions, text: CONTENT, outputs: OUTPUTS };
        let embedding = model.embedding(&wish).map_err(|error| error.or_at(path.span))?;
        let source = self.given(call, rows)?;
        check_content(&source, rows.span)?;
        let is_kept =
            |name: &&str| !ADDED.iter().chain(&OUTPUTS).any(|added| name.eq_ignore_ascii_case(added));
        let kept: Vec<_> = source
            .scope
            .visible(None)
            .map(|(name, _)| name)
            .filter(is_kept)
            .map(|name| format!(", {}", quoted(name)))
            .collect();
        let node = predict_node(source, &path.text(), Arc::new(embedding), false, rows.span)?;
        self.expanded(call, vec![("__embedded", node)], &filled(SQL, &[("kept", &kept.concat())]))
    }

    /// Refuses BigQuery's JSON, which is that of its own service.
    fn flattened(&mut self, call: &Call<'_>) -> Result<()> {
        let Some(value) = call.setting("flatten_json_output") else { return Ok(()) };
        if self.flag(call, "flatten_json_output")? || self.context.only_checks() {
            return Ok(());
        }
        let message = "flatten_json_output = FALSE gives the JSON of Vertex AI's answers, and nothing is asked of it here";
        Err(Error::new(Code::UnsupportedSyntax, message)
            .at(value.span)
            .hint("write TRUE: the vectors are the column `ml_generate_embedding_result`")
            .fix(value.span, "TRUE"))
    }
}

/// Checks that there is a column of texts; where it has another name, says how it is given this one.
fn check_content(source: &Source, span: Span) -> Result<()> {
    let columns: Vec<_> = source.scope.visible(None).collect();
    if columns.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT)) {
        return Ok(());
    }
    let texts: Vec<&str> = columns
        .iter()
        .filter(|(_, expr)| expr.data_type == DataType::String)
        .map(|(name, _)| *name)
        .collect();
    let message = "ML.GENERATE_EMBEDDING needs a column `content` of type STRING, which the rows do not have";
    let error = Error::new(Code::MissingInput, message).at(span);
    let meant = match texts.as_slice() {
        [only] => Some(*only),
        several => nearest(CONTENT, several.iter().copied()),
    };
    Err(match meant {
        Some(name) => {
            let name = written(name);
            error.hint(format!("give it this name: (SELECT *, {name} AS content FROM …)"))
        }
        None => error
            .or_list("the columns of type STRING are", texts.iter().copied())
            .or_hint("write (SELECT CAST(… AS STRING) AS content FROM …)"),
    })
}

//! A model as people read it: line by line, in sections.

use std::fmt::Write;

use super::Model;
use super::row_axis::BatchSize;
use super::signature::Port;
use crate::data::DataType;
use crate::onnx::Dim;

/// Lists of more values are written by their length.
const SHOWN_VALUES: usize = 8;

/// One line of a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// `model`, `input`, `output`, `option`, `operator` or `metadata`.
    pub section: &'static str,
    /// What it is about.
    pub name: String,
    /// What there is to say.
    pub detail: String,
}

impl Model {
    /// Everything that is known of the model.
    pub fn describe(&self) -> Vec<Fact> {
        let facts = self.facts();
        let mut lines = Vec::new();
        let mut line = |section, name: &str, detail: String| {
            lines.push(Fact { section, name: name.into(), detail });
        };
        line("model", "format", facts.format.name().into());
        line("model", "bytes", facts.bytes.to_string());
        let opset: Vec<_> =
            facts.opset.iter().map(|(domain, version)| format!("{domain} {version}")).collect();
        line("model", "opset", opset.join(", "));
        let load_ms = self.load_time.as_secs_f64() * 1e3;
        if load_ms > 0.0 {
            line("model", "load time", format!("{load_ms:.1} ms"));
        }
        line("model", "rows in a run", self.rows_in_a_run());
        if let Some(texts) = &self.texts {
            line("model", "tokenizer", texts.tokenizer().to_string());
        }
        if let Some(error) = self.last_error() {
            line("model", "last error", error.to_string());
        }
        for (port, null) in self.signature.inputs.iter().zip(self.inputs.null_words()) {
            let null = null.map_or_else(String::new, |words| format!(", {words}"));
            line("input", &port.name, column(port) + &null);
        }
        for port in &self.signature.outputs {
            line("output", &port.name, column(port));
        }
        for (name, why) in self.left_out() {
            line("output", name, format!("left out: it {why}"));
        }
        for (name, value) in self.options.given() {
            line("option", name, value.to_string());
        }
        for (name, nodes) in &facts.operators {
            line("operator", name, nodes.to_string());
        }
        for (name, value) in &facts.metadata {
            line("metadata", name, value.clone());
        }
        lines
    }

    /// What SELECT has to list for a row that goes into the model, to be pasted and changed: zeros of the types and in the dimensions that it takes.
    pub(crate) fn example(&self) -> String {
        let inputs = self.signature.inputs.iter().filter(|port| port.required);
        let lengths = self.core.lengths();
        let column = |port: &Port| {
            let name = port.name.replace('\\', "\\\\").replace('`', "\\`");
            format!("{} AS `{name}`", self.example_of(port, &lengths))
        };
        let columns: Vec<String> = inputs.map(column).collect();
        // A row has a column, even where nothing is read of it.
        if columns.is_empty() { "1 AS one".into() } else { columns.join(", ") }
    }

    fn example_of(&self, port: &Port, lengths: &[Vec<usize>]) -> String {
        let zero = match port.element {
            DataType::String => "'text'",
            DataType::Bool => "FALSE",
            DataType::Int64 => "0",
            _ => "0.0",
        };
        let graph = self.core.inputs.iter().zip(lengths).find(|(input, _)| input.name == port.name);
        let dims: Vec<usize> = match graph {
            Some((_, lengths)) if lengths.len() == port.row.len() => lengths.clone(),
            // Default: no other column has free dimensions.
            _ => port.row.iter().map(|dim| dim.fixed().unwrap_or(1)).collect(),
        };
        if !matches!(port.data_type, DataType::Array(_) | DataType::Struct(_) | DataType::Tensor) {
            return zero.into();
        }
        let values = match dims.iter().fold(1, |count: usize, length| count.saturating_mul(*length)) {
            count @ ..=SHOWN_VALUES => format!("[{}]", vec![zero; count].join(", ")),
            count => format!("ARRAY(SELECT {zero} FROM UNNEST(GENERATE_ARRAY(1, {count})))"),
        };
        if dims.len() > 1 { format!("ML.RESHAPE({values}, {dims:?})") } else { values }
    }

    fn rows_in_a_run(&self) -> String {
        match self.core.batch_size {
            BatchSize::Any if self.core.runs_rows_apart => "one, since rows beside it would change it".into(),
            BatchSize::Any => format!("up to {}", self.core.chunk_rows),
            BatchSize::Fixed(rows) => format!("exactly {rows}"),
            BatchSize::Unbatched => "one".into(),
        }
    }
}

/// Type and shape: `FLOAT64, [N, 4]`.
fn column(port: &Port) -> String {
    let shape: Vec<_> = port.shape.iter().map(Dim::to_string).collect();
    let mut text = port.data_type.to_string();
    if !shape.is_empty() {
        let _ = write!(text, ", [{}]", shape.join(", "));
    }
    if port.has_default {
        text.push_str(", optional");
    } else if !port.required {
        text.push_str(", not read");
    }
    text
}

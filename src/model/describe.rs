//! A model as people read it: line by line, in sections.

use std::fmt::Write;

use super::Model;
use super::row_axis::BatchSize;
use super::signature::Port;
use crate::onnx::Dim;

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

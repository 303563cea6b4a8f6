//! The names of classes that lie beside a model or in its file.

use crate::files::Files;
use crate::onnx::{Graph, Port};
use crate::refusal::{Refusal, Result};
use crate::tensorflow::DataType;

/// Names of classes, a line each.
pub(crate) struct Labels(String);

impl Labels {
    /// Those of the file `labels.txt` in the model's folder, or among its assets.
    pub(crate) fn beside(files: &Files) -> Result<Option<Self>> {
        let found = files.get("assets/labels.txt").or_else(|| files.get("labels.txt"));
        found.map(|(path, bytes)| Self::read(path, bytes)).transpose()
    }

    pub(crate) fn read(path: &str, bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|error| Refusal::damaged(path, error))?;
        Ok(Self(text.trim_start_matches('\u{feff}').trim_end().to_owned()))
    }

    /// Whether one output has a score for each of them: of a detector, they name something else.
    pub(crate) fn fit(&self, graph: &Graph) -> bool {
        let count = self.0.lines().count();
        let has_scores = |port: &&Port| {
            port.dtype == DataType::Float
                && matches!(port.dims.as_deref(), Some([_, Some(last)]) if *last == count)
        };
        count > 1 && graph.outputs.iter().filter(has_scores).count() == 1
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

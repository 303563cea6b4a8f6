//! Models of TensorFlow: any files become a model or a refusal.

use formats::{Options, convert};

use crate::fixtures;

/// Names of a SavedModel's files, in the order in which an input has them, each behind its length.
const NAMES: [&str; 3] =
    ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"];

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let graph = |graph: Vec<u8>| {
        let length = u32::try_from(graph.len()).unwrap_or_default();
        [&length.to_le_bytes(), graph.as_slice()].concat()
    };
    fixtures("fixtures/tensorflow", &["pb"]).into_iter().map(graph).collect()
}

pub(crate) fn run(input: &[u8]) {
    let mut rest = input;
    let mut files = Vec::new();
    for name in NAMES {
        let Some((length, behind)) = rest.split_first_chunk() else { break };
        let length = behind.len().min(u32::from_le_bytes(*length) as usize);
        let (file, behind) = behind.split_at(length);
        files.push((name.to_owned(), file.to_vec()));
        rest = behind;
    }
    let frozen = files.first().map(|(_, graph)| vec![("frozen.pb".to_owned(), graph.clone())]);
    for files in frozen.into_iter().chain([files]) {
        let _ = convert(files, &Options::default());
    }
}

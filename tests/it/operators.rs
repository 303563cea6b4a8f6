//! Single operators give the numbers of the onnx package's suites and of onnxruntime.

use std::fs;

use messages::ModelProto;
use predictql::Limits;
use predictql::model::TensorModel;
use prost::Message;

use crate::host;
use crate::tensor;

#[test]
fn operators_give_the_expected_tensors() {
    let (mut cases, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(host::fixtures().join("operators")).unwrap() {
        let folder = entry.unwrap().path();
        let model = fs::read(folder.join("model.onnx")).unwrap();
        let files = |side: &str| -> Vec<Vec<u8>> {
            (0..).map_while(|at| fs::read(folder.join(format!("{side}_{at}.pb"))).ok()).collect()
        };
        let (mut inputs, outputs) = (files("input"), files("output"));
        if inputs.is_empty() {
            let graph = ModelProto::decode(model.as_slice()).unwrap().graph.unwrap();
            inputs = tensor::ramps(&graph);
        }
        let found = TensorModel::load(&model, &inputs, &Limits::default()).and_then(|model| model.run());
        let difference = match found {
            Ok(found) => tensor::difference(&found, &outputs, false),
            Err(error) => Some(format!("{error} {:?}", error.first().detail)),
        };
        wrong.extend(difference.map(|difference| format!("{}: {difference}", folder.display())));
        cases += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cases > 0, "there are no cases");
}

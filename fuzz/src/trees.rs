//! Forests beside the plainest walk from root to leaf.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use messages::{self as pb, attribute_proto::AttributeType};
use predictql::{Engine, Params, Step};
use prost::Message;

use crate::Rng;

const FEATURES: usize = 3;

const MODES: [&str; 6] = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];

/// Where rows and thresholds meet, and do not.
const VALUES: [f32; 10] =
    [0.0, -0.0, 1.0, -1.5, 2.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40, 16_777_216.0];

enum Tree {
    Leaf(f32),
    Branch { feature: usize, mode: usize, value: f32, missing_is_true: bool, sides: Box<[Tree; 2]> },
}

/// The seed of a forest and its rows.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    (0..64_u64).map(|seed| seed.to_le_bytes().to_vec()).collect()
}

pub(crate) fn mutate(_: &[u8], random: &mut Rng) -> Vec<u8> {
    random.u64(..).to_le_bytes().to_vec()
}

pub(crate) fn run(input: &[u8]) {
    let seed = input.iter().fold(0, |seed: u64, byte| seed.wrapping_mul(257) ^ u64::from(*byte));
    let random = &mut Rng::with_seed(seed);
    // Some forests have one mode, for which there are faster ways.
    let modes = if random.bool() { vec![random.usize(..MODES.len())] } else { (0..MODES.len()).collect() };
    let forest: Vec<_> = (0..=random.usize(..5)).map(|_| grow(4, &modes, random)).collect();
    let rows: Vec<[f32; FEATURES]> =
        (0..20).map(|_| std::array::from_fn(|_| VALUES[random.usize(..VALUES.len())])).collect();
    let found = predict(&model(&forest), &rows);
    for (row, found) in rows.iter().zip(found) {
        // Weights are quarters: sums of them are exact, in any order.
        let wanted: f32 = forest.iter().map(|tree| walk(tree, row)).sum();
        assert_eq!(found, f64::from(wanted), "row {row:?} of the forest with seed {seed}");
    }
}

fn grow(depth: usize, modes: &[usize], random: &mut Rng) -> Tree {
    if depth == 0 || random.u8(..5) == 0 {
        return Tree::Leaf(f32::from(random.i8(..)) / 4.0);
    }
    Tree::Branch {
        feature: random.usize(..FEATURES),
        mode: modes[random.usize(..modes.len())],
        value: VALUES[random.usize(..VALUES.len())],
        missing_is_true: random.bool(),
        sides: Box::new([grow(depth - 1, modes, random), grow(depth - 1, modes, random)]),
    }
}

fn walk(tree: &Tree, row: &[f32; FEATURES]) -> f32 {
    match tree {
        Tree::Leaf(weight) => *weight,
        Tree::Branch { feature, mode, value, missing_is_true, sides } => {
            let found = row[*feature];
            let holds = match *mode {
                0 => found <= *value,
                1 => found < *value,
                2 => found >= *value,
                3 => found > *value,
                4 => found == *value,
                _ => found != *value,
            };
            let holds = holds || *missing_is_true && found.is_nan();
            walk(&sides[usize::from(!holds)], row)
        }
    }
}

/// The attributes of the operator, a list for each.
#[derive(Default)]
struct Lists {
    ints: [Vec<i64>; 9],
    modes: Vec<Vec<u8>>,
    values: Vec<f32>,
    weights: Vec<f32>,
}

const INTS: [&str; 9] = [
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_missing_value_tracks_true",
    "target_treeids",
    "target_nodeids",
    "target_ids",
];

impl Lists {
    /// Writes `tree` as node `id` and those behind it; returns the next number.
    fn add(&mut self, number: i64, tree: &Tree, id: i64) -> i64 {
        let at = self.modes.len();
        let node = match tree {
            Tree::Leaf(weight) => {
                for (list, value) in [(6, number), (7, id), (8, 0)] {
                    self.ints[list].push(value);
                }
                self.weights.push(*weight);
                self.modes.push(b"LEAF".to_vec());
                self.values.push(0.0);
                [number, id, 0, 0, 0, 0]
            }
            Tree::Branch { feature, mode, value, missing_is_true, .. } => {
                self.modes.push(MODES[*mode].into());
                self.values.push(*value);
                [number, id, *feature as i64, id + 1, 0, i64::from(*missing_is_true)]
            }
        };
        self.ints.iter_mut().zip(node).for_each(|(list, value)| list.push(value));
        let Tree::Branch { sides, .. } = tree else { return id + 1 };
        let other = self.add(number, &sides[0], id + 1);
        self.ints[4][at] = other;
        self.add(number, &sides[1], other)
    }
}

fn model(forest: &[Tree]) -> Vec<u8> {
    let mut lists = Lists::default();
    for (number, tree) in (0..).zip(forest) {
        lists.add(number, tree, 0);
    }
    let attribute = |name: &str, kind: AttributeType| pb::AttributeProto {
        name: name.into(),
        r#type: kind.into(),
        ..Default::default()
    };
    let ints = INTS.iter().zip(lists.ints);
    let mut attributes: Vec<_> = ints
        .map(|(name, ints)| pb::AttributeProto { ints, ..attribute(name, AttributeType::Ints) })
        .collect();
    attributes.extend([
        pb::AttributeProto { i: 1, ..attribute("n_targets", AttributeType::Int) },
        pb::AttributeProto { strings: lists.modes, ..attribute("nodes_modes", AttributeType::Strings) },
        pb::AttributeProto { floats: lists.values, ..attribute("nodes_values", AttributeType::Floats) },
        pb::AttributeProto { floats: lists.weights, ..attribute("target_weights", AttributeType::Floats) },
    ]);
    let node = pb::NodeProto {
        op_type: "TreeEnsembleRegressor".into(),
        domain: "ai.onnx.ml".into(),
        input: vec!["x".into()],
        output: vec!["y".into()],
        attribute: attributes,
        ..Default::default()
    };
    let graph = pb::GraphProto {
        node: vec![node],
        input: vec![info("x", FEATURES as i64)],
        output: vec![info("y", 1)],
        ..Default::default()
    };
    let opset = |domain: &str, version| pb::OperatorSetIdProto { domain: domain.into(), version };
    let opset_import = vec![opset("", 17), opset("ai.onnx.ml", 3)];
    pb::ModelProto { ir_version: 8, opset_import, graph: Some(graph), ..Default::default() }.encode_to_vec()
}

/// Rows of `width` float32 values.
fn info(name: &str, width: i64) -> pb::ValueInfoProto {
    use pb::tensor_shape_proto::{Dimension, dimension::Value};
    let dim = [Value::DimParam("N".into()), Value::DimValue(width)]
        .map(|value| Dimension { value: Some(value) })
        .to_vec();
    let tensor = pb::type_proto::Tensor {
        elem_type: pb::tensor_proto::DataType::Float.into(),
        shape: Some(pb::TensorShapeProto { dim }),
    };
    pb::ValueInfoProto {
        name: name.into(),
        r#type: Some(pb::TypeProto { value: Some(pb::type_proto::Value::TensorType(tensor)) }),
    }
}

fn predict(model: &[u8], rows: &[[f32; FEATURES]]) -> Vec<f64> {
    let engine = Engine::default();
    engine.register_model("m", model).unwrap_or_else(|error| panic!("{error}"));
    let list = |row: &[f32; FEATURES]| {
        let values: Vec<_> = row.iter().map(|value| format!("CAST('{value:e}' AS FLOAT64)")).collect();
        format!("STRUCT([{}] AS x)", values.join(", "))
    };
    let rows: Vec<_> = rows.iter().map(list).collect();
    let sql = format!("SELECT y FROM ML.PREDICT(MODEL m, (SELECT x FROM UNNEST([{}])))", rows.join(", "));
    let mut script =
        engine.session().script(&sql, Params::default()).unwrap_or_else(|error| panic!("{error}"));
    let mut query = script.next().and_then(Result::ok).unwrap_or_else(|| panic!("{sql}"));
    let mut found = Vec::new();
    loop {
        match query.step().unwrap_or_else(|error| panic!("{error}")) {
            Step::Batch(batch) => {
                found.extend_from_slice(batch.columns()[0].as_primitive::<Float64Type>().values());
            }
            Step::Done(_) => return found,
            _ => {}
        }
    }
}

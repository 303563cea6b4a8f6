//! How much memory a model needs above its own bytes, and many pictures one after the other, counted by the allocator.
#![cfg(not(target_family = "wasm"))]
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "an allocator is unsafe; a test that panics has failed"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, ListArray};
use messages as pb;
use predictql::model::Model;
use predictql::table::{Hash, Object};
use predictql::{Engine, Limits, Params, Resource, Step};
use prost::Message;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// What is counted is everything: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

struct Counting;

fn grow(bytes: usize) {
    PEAK.fetch_max(NOW.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WIDTH: i64 = 2048;
const LAYERS: usize = 5;

/// A chain of products with square matrices, each different, of 16 MB.
fn network() -> Vec<u8> {
    let mut graph = pb::GraphProto::default();
    for layer in 0..LAYERS {
        let value = f32::from_bits(0x3800_0000 + layer as u32);
        graph.initializer.push(pb::TensorProto {
            name: format!("w{layer}"),
            dims: vec![WIDTH, WIDTH],
            data_type: pb::tensor_proto::DataType::Float.into(),
            raw_data: value.to_le_bytes().repeat((WIDTH * WIDTH) as usize),
            ..Default::default()
        });
        graph.node.push(pb::NodeProto {
            op_type: "MatMul".into(),
            input: vec![format!("x{layer}"), format!("w{layer}")],
            output: vec![format!("x{}", layer + 1)],
            ..Default::default()
        });
    }
    let info = |name: String| pb::ValueInfoProto {
        name,
        r#type: Some(pb::TypeProto {
            value: Some(pb::type_proto::Value::TensorType(pb::type_proto::Tensor {
                elem_type: pb::tensor_proto::DataType::Float.into(),
                shape: Some(pb::TensorShapeProto {
                    dim: vec![
                        pb::tensor_shape_proto::Dimension::default(),
                        pb::tensor_shape_proto::Dimension {
                            value: Some(pb::tensor_shape_proto::dimension::Value::DimValue(WIDTH)),
                        },
                    ],
                }),
            })),
        }),
    };
    graph.input.push(info("x0".into()));
    graph.output.push(info(format!("x{LAYERS}")));
    let model = pb::ModelProto {
        ir_version: 8,
        opset_import: vec![pb::OperatorSetIdProto { domain: String::new(), version: 13 }],
        graph: Some(graph),
        ..Default::default()
    };
    model.encode_to_vec()
}

/// Runs `work`; the most bytes that it held above those held before, in sizes of a model of `size` bytes.
fn peak<T>(size: usize, work: impl FnOnce() -> T) -> (T, f64) {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = work();
    (result, (PEAK.load(Relaxed) - before) as f64 / size as f64)
}

#[test]
fn a_model_needs_at_most_twice_its_size_above_itself() {
    let _alone = ALONE.lock().unwrap();
    let bytes = network();
    let (model, loading) = peak(bytes.len(), || Model::load(&bytes, &Limits::default()).unwrap());
    let row = || Some((0..WIDTH).map(|at| Some(at as f64 / 1e3)).collect::<Vec<_>>());
    let mut total = loading;
    for rows in [1, 3, 8] {
        let inputs = ListArray::from_iter_primitive::<Float64Type, _, _>((0..rows).map(|_| row()));
        let inputs = [Some(Arc::new(inputs) as ArrayRef)];
        let held = NOW.load(Relaxed);
        let (_, predicting) = peak(bytes.len(), || model.predict(&inputs, &[0], rows, 0).unwrap());
        total = total.max((held as f64 / bytes.len() as f64) - 1.0 + predicting);
    }
    assert!(loading <= 2.0 && total <= 2.1, "{loading} while loading, {total} at most");
}

/// Decoded they are 138 MB together, and as they lie here 138 kB a batch.
#[test]
fn ten_thousand_pictures_are_in_memory_a_few_at_a_time() {
    let _alone = ALONE.lock().unwrap();
    let picture = std::fs::read("tests/fixtures/images/photo.png").unwrap();
    let engine = Engine::default();
    let object = |number: usize| Object {
        uri: format!("{number}.png"),
        size: picture.len() as u64,
        content_type: "image/png".into(),
        updated_ms: 0,
        hash: Hash::OfBytes,
        is_live: false,
    };
    engine.register_objects("photos", (0..10_000).map(object).collect()).unwrap();
    let sql = "SELECT COUNT(*) AS n, SUM(ARRAY_LENGTH(ML.RESIZE_IMAGE(i, 48, 48, FALSE).values)) AS v
               FROM (SELECT ML.DECODE_IMAGE(data) AS i FROM photos)";
    let mut query = engine.session().script(sql, Params::default()).unwrap().next().unwrap().unwrap();
    let (found, most) = peak(1 << 20, || {
        let mut found = Vec::new();
        loop {
            match query.step().unwrap() {
                Step::Need(requests) => {
                    for request in requests {
                        assert!(matches!(request.resource, Resource::Object { .. }));
                        query.supply(request.id, picture.clone()).unwrap();
                    }
                }
                Step::Batch(batch) => found.extend(batch.columns().iter().cloned()),
                Step::Done(_) => return found,
                _ => {}
            }
        }
    });
    let numbers: Vec<i64> = found.iter().map(|column| column.as_primitive::<Int64Type>().value(0)).collect();
    assert_eq!(numbers, [10_000, 10_000 * 48 * 48 * 3]);
    assert!(most < 8.0, "{most} MiB at most");
}

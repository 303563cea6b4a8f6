//! A tensor is a picture where an image function made it, and nowhere else: its shape tells nothing.

use messages::ValueInfoProto;
use messages::type_proto::Value;
use predictql::diag::Error;
use predictql::table::{END, write_batch, write_schema};
use predictql::{Engine, Params};
use prost::Message;

use crate::host::{engine, run, run_in};
use crate::mismatches::{model, node, predict, tensor};

/// The values of a tensor of `shape` in the order in which a model of these `lengths` gets them.
fn order(lengths: &[i64], shape: &[usize]) -> Vec<f64> {
    let count = shape.iter().product::<usize>();
    let values: Vec<String> = (0..count).map(|value| format!("{value}.0")).collect();
    let row = format!("SELECT STRUCT({shape:?} AS shape, [{}] AS data) AS x", values.join(", "));
    predict(&flatten(lengths), &[], &row).unwrap().float_lists("y").concat()
}

/// A model that gives the values of its input in the order in which it has them.
fn flatten(lengths: &[i64]) -> Vec<u8> {
    let nodes = vec![node("", "Flatten", &["x"], "y")];
    model(nodes, vec![tensor("x", lengths)], tensor("y", &[0, 0])).encode_to_vec()
}

#[test]
fn tensors_keep_their_order_whatever_their_shape() {
    let shapes: [(&[i64], &[usize]); 9] = [
        (&[0, 4, 0, 0], &[4, 3, 4]),
        (&[0, 4, 0, 4], &[4, 3, 4]),
        (&[0, 3, 0, 0], &[3, 2, 3]),
        (&[0, 3, 3, 3], &[3, 3, 3]),
        (&[0, 1, 0, 0], &[1, 5, 1]),
        (&[0, 1, 0, 1], &[1, 5, 1]),
        (&[0, 0, 0, 0], &[3, 2, 3]),
        (&[0, 0, 0, 3], &[3, 2, 3]),
        (&[0, 2, 3, 2, 3], &[2, 3, 2, 3]),
    ];
    for (lengths, shape) in shapes {
        let values: Vec<f64> = (0_u8..).take(shape.iter().product()).map(f64::from).collect();
        assert_eq!(order(lengths, shape), values, "{lengths:?}");
    }
}

/// A picture of 2 by 1 pixels: (0.1, 0.2, 0.3) over (0.4, 0.5, 0.6).
const PICTURE: &str = "ML.RESIZE_IMAGE(([2, 1, 3], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), 2, 1, FALSE)";

/// The colours of that picture, first both reds.
const CHANNELS_FIRST: [f64; 6] = [0.1, 0.4, 0.2, 0.5, 0.3, 0.6];

fn assert_channels_first(engine: &Engine, sql: &str) -> Result<(), Error> {
    let found = run(engine, sql)?.float_lists("y").concat();
    let close = |(found, wanted): (&f64, &f64)| (found - wanted).abs() < 1e-6;
    assert!(found.iter().zip(&CHANNELS_FIRST).all(close) && found.len() == 6, "{sql}: {found:?}");
    Ok(())
}

#[test]
fn pictures_stay_pictures_on_every_way_to_a_model() -> Result<(), Error> {
    let engine = engine();
    engine.register_model("m", &flatten(&[0, 3, 0, 0]))?;
    run(&engine, &format!("CREATE TABLE kept AS SELECT {PICTURE} AS x"))?;
    run(&engine, "CREATE VIEW seen AS SELECT * FROM kept")?;
    run(&engine, "CREATE TABLE two AS SELECT * FROM kept UNION ALL SELECT x FROM seen")?;
    run(
        &engine,
        "CREATE MODEL prepared TRANSFORM(ML.RESIZE_IMAGE(x, 2, 1, FALSE) AS x) OPTIONS (model_type = 'TRANSFORM_ONLY') AS SELECT * FROM kept",
    )?;
    for rows in [
        format!("(SELECT {PICTURE} AS x)"),
        format!("(WITH pictures AS (SELECT {PICTURE} AS x) SELECT x FROM pictures ORDER BY x.dimensions[OFFSET(0)])"),
        "TABLE kept".into(),
        "TABLE seen".into(),
        "(SELECT x FROM two LIMIT 1)".into(),
        "(SELECT x FROM ML.TRANSFORM(MODEL prepared, TABLE kept))".into(),
        "(SELECT IF(TRUE, x, NULL) AS x FROM kept)".into(),
        "(SELECT (SELECT x FROM kept) AS x)".into(),
        "(SELECT ARRAY_AGG(x)[OFFSET(0)] AS x FROM kept)".into(),
        "(SELECT s.x AS x FROM (SELECT STRUCT(x) AS s FROM kept))".into(),
        "(SELECT ANY_VALUE(x) AS x FROM kept)".into(),
        "(SELECT a.x FROM kept AS a JOIN seen AS b ON TRUE)".into(),
        "(SELECT ML.CONVERT_COLOR_SPACE(ML.CONVERT_COLOR_SPACE(x, 'YIQ'), 'YIQ') AS x, FROM kept WHERE FALSE UNION ALL SELECT x FROM kept)".into(),
    ] {
        assert_channels_first(&engine, &format!("SELECT y FROM ML.PREDICT(MODEL m, {rows})"))?;
    }
    Ok(())
}

#[test]
fn pictures_come_back_from_a_result_in_arrow() -> Result<(), Error> {
    let engine = engine();
    engine.register_model("m", &flatten(&[0, 3, 0, 0]))?;
    let result = run(&engine, &format!("SELECT {PICTURE} AS x"))?;
    let schema = result.schema.unwrap();
    let mut stream = write_schema(&schema)?;
    for batch in &result.batches {
        stream.extend(write_batch(&schema, batch)?);
    }
    stream.extend(END);
    engine.register_arrow("again", &stream)?;
    assert_channels_first(&engine, "SELECT y FROM ML.PREDICT(MODEL m, TABLE again)")
}

#[test]
fn a_picture_among_other_tensors_is_one_of_them() -> Result<(), Error> {
    let engine = engine();
    engine.register_model("m", &flatten(&[0, 3, 0, 0]))?;
    let sql = format!(
        "SELECT y FROM ML.PREDICT(MODEL m, (SELECT STRUCT([3, 1, 1] AS shape, [1.0, 2.0, 3.0] AS data) AS x UNION ALL SELECT {PICTURE}))"
    );
    let error = run_in(&engine.session(), &sql, Params::default()).unwrap_err();
    assert_eq!(
        error.first().message,
        "row 2: model input `x` has shape [2, 1, 3], expected [3, ?, ?]".replace("?, ?", "C, D")
    );
    assert!(error.first().hint.as_deref().is_some_and(|hint| hint.contains("image_layout = 'NCHW'")));
    Ok(())
}

#[test]
fn a_picture_that_fits_both_ways_is_refused_until_the_layout_is_given() {
    let row = "SELECT ML.RESIZE_IMAGE(([1, 1, 3], [0.1, 0.2, 0.3]), 3, 3, FALSE) AS x";
    for lengths in [[0, 3, 3, 3], [0, 3, 0, 3], [0, 0, 0, 0]] {
        let error = predict(&flatten(&lengths), &[], row).unwrap_err();
        assert_eq!(error.code().as_str(), "input-type-mismatch", "{error}");
        assert!(error.to_string().contains("image_layout = 'NHWC' or image_layout = 'NCHW'"), "{error}");
    }
    // Of four channels only three are wanted: it is never read as rows first.
    let row = "SELECT ML.RESIZE_IMAGE(([1, 1, 4], [0.1, 0.2, 0.3, 0.4]), 3, 2, FALSE) AS x";
    assert!(predict(&flatten(&[0, 3, 0, 0]), &[], row).is_err());
}

#[test]
fn pictures_of_whole_numbers_are_pictures_too() -> Result<(), Error> {
    let bytes = |lengths| {
        let mut value = tensor("x", lengths);
        if let Some(Value::TensorType(tensor)) = value.r#type.as_mut().and_then(|it| it.value.as_mut()) {
            tensor.elem_type = 2;
        }
        value
    };
    let output = ValueInfoProto { name: "y".into(), ..bytes(&[0, 0]) };
    let nodes = vec![node("", "Flatten", &["x"], "y")];
    let engine = engine();
    engine.register_model("m", &model(nodes, vec![bytes(&[0, 3, 0, 0])], output).encode_to_vec())?;
    run(&engine, &format!("CREATE TABLE kept AS SELECT ML.CONVERT_IMAGE_TYPE({PICTURE}) AS x"))?;
    for rows in ["TABLE kept", "(SELECT ML.RESIZE_IMAGE(x, 2, 1, FALSE) AS x FROM kept)"] {
        let found = run(&engine, &format!("SELECT y FROM ML.PREDICT(MODEL m, {rows})"))?;
        // 0.1 * 255 is 25.5, and so on: ML.CONVERT_IMAGE_TYPE cuts off.
        assert_eq!(found.text_rows(), [["[25, 102, 51, 127, 76, 153]"]], "{rows}");
    }
    let rows = "(SELECT ([3, 1, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]) AS x)";
    let found = run(&engine, &format!("SELECT y FROM ML.PREDICT(MODEL m, {rows})"))?;
    assert_eq!(found.text_rows(), [["[1, 2, 3, 4, 5, 6, 7, 8, 9]"]]);
    Ok(())
}

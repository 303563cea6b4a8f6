//! Statistics of some rows, applied to others: what TRANSFORM does. Numbers are computed by hand.

use std::cell::Cell;
use std::sync::Arc;

use crate::data::{DataType, Operand, Scalar, array_of, scalar_at};
use crate::function::{BatchCall, Body, Env, Fitted, function, resolve};
use crate::limits::Limits;

/// The results for `rows` of `name` fitted to `fitted`, with these options.
fn transformed(name: &str, fitted: &[Scalar], rows: &[Scalar], options: &[Scalar]) -> Vec<String> {
    let data_type = fitted.iter().chain(rows).find_map(Scalar::data_type);
    let mut types = vec![data_type];
    types.extend(options.iter().map(Scalar::data_type));
    let literals: Vec<_> = [None].into_iter().chain(options.iter().cloned().map(Some)).collect();
    let resolved =
        resolve(function(name).unwrap(), &types, &|position| Ok(literals.get(position).cloned().flatten()))
            .unwrap();
    let Body::Fit(fit) = resolved.body else { panic!("{name} takes no statistics") };
    let env = Env::new(Arc::new(Limits::default()), 0, 0);
    let with = |values: &[Scalar], run: &dyn Fn(&BatchCall<'_>)| {
        let column = Operand::column(array_of(values, &resolved.args[0]).unwrap());
        let constants = options.iter().zip(&resolved.args[1..]).map(|(option, data_type)| {
            Operand::constant(array_of(std::slice::from_ref(option), data_type).unwrap())
        });
        let args: Vec<_> = [column].into_iter().chain(constants).collect();
        let (types, returns) = (&resolved.args, &resolved.returns);
        run(&BatchCall { args: &args, types, returns, rows: values.len(), env: &env });
    };
    let kept = Cell::new(None::<Arc<dyn Fitted>>);
    with(fitted, &|call| kept.set(Some(fit(call).unwrap())));
    let kept = kept.take().unwrap();
    let results = Cell::new(Vec::new());
    with(rows, &|call| {
        let column = kept.apply(call).unwrap();
        let text = |row| scalar_at(&column, &resolved.returns, row).unwrap().to_string();
        results.set((0..rows.len()).map(text).collect());
    });
    results.take()
}

fn floats(values: &[f64]) -> Vec<Scalar> {
    values.iter().copied().map(Scalar::Float64).collect()
}

fn texts(values: &[&str]) -> Vec<Scalar> {
    values.iter().map(|value| Scalar::String((*value).into())).collect()
}

fn tokens(values: &[&str]) -> Scalar {
    Scalar::Array(DataType::String, texts(values))
}

#[test]
fn scalers_keep_their_statistics() {
    // Mean 4, sample standard deviation 2.
    let seen = floats(&[2.0, 4.0, 6.0]);
    let new = [floats(&[10.0, 4.0, -2.0]), vec![Scalar::Null]].concat();
    assert_eq!(transformed("ML.STANDARD_SCALER", &seen, &new, &[]), ["3", "0", "-3", "NULL"]);
    // Between 2 and 6; never beyond.
    assert_eq!(transformed("ML.MIN_MAX_SCALER", &seen, &new, &[]), ["1", "0.5", "0", "NULL"]);
    assert_eq!(transformed("ML.MAX_ABS_SCALER", &seen, &floats(&[9.0, -3.0]), &[]), ["1.5", "-0.5"]);
    // Median 4, quartiles 2 and 6.
    assert_eq!(transformed("ML.ROBUST_SCALER", &seen, &floats(&[9.0, -3.0]), &[]), ["1.25", "-1.75"]);
}

#[test]
fn imputers_fill_with_what_they_saw() {
    let [mean, most] = ["mean", "most_frequent"].map(|strategy| Scalar::String(strategy.into()));
    let new = [Scalar::Null, Scalar::Float64(9.0)];
    assert_eq!(transformed("ML.IMPUTER", &floats(&[1.0, 2.0, 6.0]), &new, &[mean]), ["3", "9"]);
    let seen = texts(&["a", "b", "b"]);
    assert_eq!(transformed("ML.IMPUTER", &seen, &[Scalar::Null], &[most]), ["\"b\""]);
}

#[test]
fn buckets_keep_their_bounds() {
    let seen = floats(&[1.0, 2.0, 3.0, 4.0, 5.0]);
    let new = floats(&[-9.0, 3.5, 99.0, f64::NAN]);
    let three = [Scalar::Int64(3)];
    let bins = ["\"bin_1\"", "\"bin_2\"", "\"bin_3\"", "NULL"];
    assert_eq!(transformed("ML.QUANTILE_BUCKETIZE", &seen, &new, &three), bins);
}

#[test]
fn encoders_know_the_terms_they_saw() {
    let seen = texts(&["b", "a", "b"]);
    let new = texts(&["b", "new", "a"]);
    let all = [Scalar::Int64(10), Scalar::Int64(0)];
    assert_eq!(transformed("ML.LABEL_ENCODER", &seen, &new, &all), ["2", "0", "1"]);
    let drop = [Scalar::String("most_frequent".into()), Scalar::Int64(10), Scalar::Int64(0)];
    let hot = ["[(2, 0)]", "[(0, 1)]", "[(1, 1)]"];
    assert_eq!(transformed("ML.ONE_HOT_ENCODER", &seen, &new, &drop), hot);
}

#[test]
fn bags_know_the_tokens_they_saw() {
    let seen = [tokens(&["a", "b"]), tokens(&["b"])];
    let new = [tokens(&["b", "c", "b", "b"])];
    let all = [Scalar::Int64(10), Scalar::Int64(0)];
    assert_eq!(transformed("ML.MULTI_HOT_ENCODER", &seen, &new, &all), ["[(2, 1), (0, 1)]"]);
    assert_eq!(transformed("ML.BAG_OF_WORDS", &seen, &new, &all), ["[(0, 1), (2, 3)]"]);
    // ln(1 + 2/2) for a, ln(1 + 2/3) for b, their mean for c.
    let (a, b) = (2f64.ln(), (5f64 / 3.0).ln());
    let expected = [(0, 0.25 * (a + b) / 2.0), (2, 0.75 * b)];
    let found = transformed("ML.TF_IDF", &seen, &new, &all);
    let found = found[0].trim_matches(['[', ']', '(', ')']).split("), (");
    for ((index, value), found) in expected.into_iter().zip(found) {
        let (at, weight) = found.split_once(", ").unwrap();
        assert_eq!(at, index.to_string());
        assert!((weight.parse::<f64>().unwrap() - value).abs() < 1e-15, "{weight} is not {value}");
    }
}

//! Kernels give the same bits however many threads share their work.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and this is no library"
)]

use std::thread;

use predictql_kernels::activations::Activation;
use predictql_kernels::convolve::{self, Depthwise, Expanded, Pool, Window};
use predictql_kernels::elementwise::{Arithmetic, Elements as _, Function};
use predictql_kernels::integers::IntegerPanels;
use predictql_kernels::matmul::Factor as _;
use predictql_kernels::norm::Norm;
use predictql_kernels::panels::{Finish, Panels};
use predictql_kernels::softmax::Shares as _;

const SIDE: usize = 37;

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|nth| f32::from(u16::try_from((nth + seed) * 7919 % 1009).unwrap()) / 505.0 - 1.0)
        .collect()
}

fn window(kernel: usize, stride: usize) -> Window {
    let before = kernel / 2;
    let output = (SIDE + 2 * before - kernel) / stride + 1;
    Window {
        input: [SIDE; 2],
        output: [output; 2],
        kernel: [kernel; 2],
        strides: [stride; 2],
        dilations: [1; 2],
        before: [before; 2],
    }
}

/// Convolutions with all their weights, of single channels, and both in one.
fn convolutions() -> Vec<(String, Vec<f32>)> {
    let mut found = Vec::new();
    let picture = numbers(SIDE * SIDE * 48, 1);
    let bias = numbers(192, 2);
    let finish = Finish { bias: &bias, low: -0.5, high: 6.0, onto: false };
    for (kernel, stride, groups) in [(1, 1, 1), (3, 1, 1), (5, 2, 1), (3, 2, 4)] {
        let window = window(kernel, stride);
        let depth = 48 / groups * kernel * kernel;
        let panels: Vec<Panels> = (0..groups)
            .map(|group| Panels::new(&numbers(192 / groups * depth, group), 48 / groups, kernel * kernel))
            .collect();
        let mut result = vec![0.0; window.output[0] * window.output[1] * 192];
        convolve::dense(&picture, 48, &window, &panels, &finish, &mut result);
        found.push((format!("{kernel} by {kernel}, {stride} on, {groups} groups"), result));
    }
    let between = numbers(SIDE * SIDE * 192, 3);
    let panels = Panels::new(&numbers(48 * 192, 4), 48, 1);
    for (kernel, stride) in [(3, 1), (3, 2), (7, 1)] {
        let window = window(kernel, stride);
        let weights = Depthwise::new(&numbers(192 * kernel * kernel, 5), 192);
        let mut result = vec![0.0; window.output[0] * window.output[1] * 192];
        weights.convolve(&between, &window, &finish, &mut result);
        found.push((format!("single channels, {kernel} by {kernel}, {stride} on"), result.clone()));
        Expanded { panels: &panels, first: finish, weights: &weights, window: &window, finish }
            .convolve(&picture, &mut result);
        found.push((format!("lines in between, {kernel} by {kernel}, {stride} on"), result.clone()));
        convolve::pool(&between, 192, &window, Pool::MeanOfAll([kernel / 2; 2]), &mut result);
        found.push((format!("a pool, {kernel} by {kernel}, {stride} on"), result));
    }
    let mut scaled = between;
    convolve::scale(&mut scaled, &bias, &bias, -1.0, 1.0);
    found.push(("a factor for each channel".into(), scaled));
    found
}

/// Products of matrices, and what networks that read sequences do with them.
fn products() -> Vec<(String, Vec<f32>)> {
    let mut found = Vec::new();
    for (rows, depth, columns) in [(131, 300, 70), (17, 640, 333), (1, 4096, 1000)] {
        let (a, b) = (numbers(rows * depth, 6), numbers(depth * columns, 7));
        let finish = Finish { bias: &[], low: f32::NEG_INFINITY, high: f32::INFINITY, onto: false };
        let mut product = vec![0.0; rows * columns];
        Panels::of_rows(&b, columns, depth, columns).product(
            &a,
            &finish,
            Some(Activation::Gelu),
            &mut product,
        );
        found.push((format!("{rows} × {depth} × {columns}, packed"), product.clone()));
        f32::multiply(&a, &b, depth, columns, &mut product);
        found.push((format!("{rows} × {depth} × {columns}"), product));
        let whole: Vec<i16> =
            (0..a.len().max(b.len())).map(|nth| i16::try_from(nth % 500).unwrap() - 250).collect();
        let mut sums = vec![0; rows * columns];
        IntegerPanels::new(&whole[..depth * columns], depth, columns)
            .multiply(&whole[..rows * depth], &mut sums);
        found.push((
            format!("{rows} × {depth} × {columns}, whole"),
            sums.into_iter().map(|sum| sum as f32).collect(),
        ));
    }
    let mut rows = numbers(500 * 1000, 8);
    let scale = numbers(1000, 9);
    let mut moments = vec![[0.0; 2]; 500];
    Norm { scale: &scale, bias: &[], epsilon: 1e-5, centers: true }.apply(&mut rows, &mut moments);
    found.push(("moments".into(), moments.concat()));
    f32::shares(&mut rows, 1000);
    Activation::Tanh.apply(&mut rows);
    f32::apply(Function::Sigmoid, &mut rows);
    let other = rows.clone();
    f32::combine(Arithmetic::Mul, &mut rows, &other);
    f32::combine(Arithmetic::Add, &mut rows, &scale);
    f32::combine(Arithmetic::Sub, &mut rows, &[0.25]);
    found.push(("one after the other".into(), rows));
    found
}

#[test]
fn the_bits_are_the_same_with_any_number_of_threads() {
    let all = || [convolutions(), products()].concat();
    assert_eq!(crew::threads(), 1);
    let alone = all();
    for threads in 2..=5 {
        thread::spawn(|| crew::help());
        while crew::threads() < threads {
            thread::yield_now();
        }
        for ((name, found), (_, expected)) in all().into_iter().zip(&alone) {
            let is_same = found.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(is_same && found.len() == expected.len(), "{name} on {threads} threads");
        }
    }
}

//! `Conv` and `ConvTranspose` of 64-bit floats, which few files have: by their definition.

use anyhow::{Context as _, Result, bail, ensure};

use super::Channels;
use super::geometry::{Axis, places};
use crate::tensor::{Tensor, room};

/// The products of the numbers of pictures, whose channels are last, with the weights below them.
///
/// `axes` are those along which the window goes over the pictures, or over the result where the convolution `is_transposed`.
#[expect(
    clippy::indexing_slicing,
    reason = "windows lie in pictures and results, whose lengths are the axes'"
)]
pub(super) fn convolve(
    pictures: &Tensor,
    parameters: &[Tensor],
    groups: usize,
    axes: &[Axis],
    is_transposed: bool,
) -> Result<Tensor> {
    let (rows, channels, _) = Channels::Last.parts(pictures.shape())?;
    let (weights, bias) = parameters.split_first().context("expected weights")?;
    let [first, own, kernel @ ..] = weights.shape() else { bail!("weights have channels") };
    let (first, own, taps) = (*first, *own, kernel.iter().product::<usize>());
    ensure!(
        groups > 0 && first % groups == 0 && weights.len() > 0,
        "the weights do not make {groups} groups"
    );
    // Channels that a group reads, and that it gives.
    let (read, given) = if is_transposed { (first / groups, own) } else { (own, first / groups) };
    ensure!(
        read.checked_mul(groups) == Some(channels),
        "{channels} channels do not fit weights for {read} of each of {groups} groups"
    );
    let lengths = axes.iter().map(|axis| if is_transposed { axis.input } else { axis.output }).collect();
    let shape = Channels::Last.shape(rows, given * groups, lengths);
    let mut sums = vec![0.0; room(&shape)?];
    if let Some(bias) = bias.first() {
        let bias = bias.to_vec::<f64>()?;
        ensure!(bias.len() == given * groups, "every channel has a bias");
        sums.chunks_exact_mut(bias.len()).for_each(|sums| sums.copy_from_slice(&bias));
    }
    let (numbers, weights) = (pictures.to_vec::<f64>()?, weights.to_vec::<f64>()?);
    let positions: usize = axes.iter().map(|axis| axis.output).product();
    let lengths: usize = axes.iter().map(|axis| axis.input).product();
    let mut inside = Vec::new();
    for position in 0..positions {
        places(axes, position, &mut inside);
        for (row, (tap, place)) in (0..rows).flat_map(|row| inside.iter().map(move |inside| (row, *inside))) {
            let (above, below) = (row * positions + position, row * lengths + place);
            let (from, to) = if is_transposed { (above, below) } else { (below, above) };
            for channel in 0..given * groups {
                let group = channel / given;
                let inputs = &numbers[from * channels + group * read..][..read];
                let weight = |nth: usize| match is_transposed {
                    true => weights[((group * read + nth) * own + channel % given) * taps + tap],
                    false => weights[(channel * own + nth) * taps + tap],
                };
                let products = inputs.iter().enumerate().map(|(nth, number)| number * weight(nth));
                sums[to * given * groups + channel] += products.sum::<f64>();
            }
        }
    }
    Tensor::new(shape, sums)
}

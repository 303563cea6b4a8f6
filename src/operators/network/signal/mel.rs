//! `MelWeightMatrix` (ONNX, version 17): how much each frequency counts in bands as wide as they are heard.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Operator, Shape, number, open};
use crate::onnx::element_type;
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, room, set};

#[derive(Debug)]
pub(super) struct MelWeightMatrix {
    element: ElementType,
}

impl Operator for MelWeightMatrix {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let number = node.optional::<i64>("output_datatype")?.unwrap_or(1);
        let element = element_type(i32::try_from(number)?).context("there is no such type of numbers")?;
        Ok(Self { element })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        ensure!(inputs.len() == 5, "expected five numbers");
        let dims = match values {
            [Some(bands), Some(length), ..] => {
                let (rows, bands) = size(bands, length)?;
                vec![rows.into(), bands.into()]
            }
            _ => vec![open(), open()],
        };
        Ok(vec![(self.element, dims)])
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "frequencies are numbered by small numbers, and one that is not finds no place"
    )]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [bands, length, rate, low, high] = inputs.as_slice() else { bail!("expected five numbers") };
        let (rows, bands) = size(bands, length)?;
        let (length, rate) = (number(length)?, number(rate)?);
        ensure!(rate > 0, "a signal has samples");
        let edge = |hertz: &Tensor| {
            let hertz = hertz.to_vec::<f64>()?.first().copied().context("expected a frequency")?;
            Ok::<_, anyhow::Error>(2595.0 * (1.0 + hertz / 700.0).log10())
        };
        let (low, high) = (edge(low)?, edge(high)?);
        let step = (high - low) / (bands + 2) as f64;
        let place = |band: usize| {
            let hertz = 700.0 * (10_f64.powf((band as f64 * step + low) / 2595.0) - 1.0);
            let place = ((length as f64 + 1.0) * hertz / rate as f64).floor();
            ensure!(
                place >= 0.0 && place < rows as f64,
                "a band of {hertz} hertz lies outside of the spectrum"
            );
            Ok(place as usize)
        };
        let places = (0..bands + 2).map(place).collect::<Result<Vec<usize>>>()?;
        let mut weights = vec![0.0_f64; rows * bands];
        for (band, edges) in places.windows(3).enumerate() {
            let [low, center, high] = *edges else { bail!("a band has three edges") };
            for at in low..=center {
                // A band that begins with its center has all of it.
                let weight = if low == center { 1.0 } else { (at - low) as f64 / (center - low) as f64 };
                set(&mut weights, at * bands + band, weight)?;
            }
            for at in center..high {
                set(&mut weights, at * bands + band, (high - at) as f64 / (high - center) as f64)?;
            }
        }
        Ok(vec![Tensor::new(vec![rows, bands], weights)?.cast(self.element)?])
    }
}

/// Frequencies and bands of a matrix.
fn size(bands: &Tensor, length: &Tensor) -> Result<(usize, usize)> {
    let (bands, length) = (usize::try_from(number(bands)?)?, usize::try_from(number(length)?)?);
    let rows = length / 2 + 1;
    room(&[rows, bands.saturating_add(2)])?;
    Ok((rows, bands))
}

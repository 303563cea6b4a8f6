//! `ai.onnx`: operators that read pictures between their pixels, or find their way around in them.

mod affine_grid;
mod bilinear;
mod deform_conv;
mod grid_sample;
mod non_max_suppression;
mod resize;
mod roi_align;
mod way;

use super::{
    ChannelsLast, Context, Dim, Operator, Registration, Rewrites, Rewritten, Shape, own, resolve_axis,
};
use crate::tensor::{ElementType, Tensor};

pub(super) const OPERATORS: &[Registration] = &[
    ("AffineGrid", own::<affine_grid::AffineGrid>()),
    ("DeformConv", own::<deform_conv::DeformConv>()),
    ("GridSample", own::<grid_sample::GridSample>()),
    ("NonMaxSuppression", own::<non_max_suppression::NonMaxSuppression>()),
    ("Resize", own::<resize::Resize>()),
    ("RoiAlign", own::<roi_align::RoiAlign>()),
];

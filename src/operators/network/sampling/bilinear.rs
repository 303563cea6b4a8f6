//! Bilinear interpolation: the pixels around a point between pixels. Deformable convolutions and regions of interest
//! read pictures so.

/// The four pixels around the point at `y` and `x`, each with its weight: their indexes in a plane of `height` rows of
/// `width` pixels, `None` for those outside of the plane.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "only whole numbers from 0 on and below the plane's size become indexes"
)]
pub(super) fn corners(y: f32, x: f32, height: usize, width: usize) -> [(Option<usize>, f32); 4] {
    let (top, left) = (y.floor(), x.floor());
    let (low, right) = (y - top, x - left);
    let index = |y: f32, x: f32| {
        let inside = y >= 0.0 && x >= 0.0 && y < height as f32 && x < width as f32;
        inside.then(|| y as usize * width + x as usize)
    };
    [
        (index(top, left), (1.0 - low) * (1.0 - right)),
        (index(top, left + 1.0), (1.0 - low) * right),
        (index(top + 1.0, left), low * (1.0 - right)),
        (index(top + 1.0, left + 1.0), low * right),
    ]
}

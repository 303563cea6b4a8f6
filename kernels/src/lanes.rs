//! Four floats side by side, as a processor adds and multiplies them.
//!
//! Where the target has relaxed SIMD, a product and a sum are one step that rounds once or twice, as the machine likes; elsewhere they are two. On
//! one machine the same engine always gives the same bits.

/// How many floats there are.
pub(crate) const LANES: usize = 4;

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod vector {
    use std::arch::wasm32::{
        f32x4, f32x4_add, f32x4_extract_lane, f32x4_lt, f32x4_relaxed_madd, f32x4_splat, v128, v128_bitselect,
    };

    #[derive(Clone, Copy)]
    pub(crate) struct Lanes(v128);

    impl Lanes {
        #[inline(always)]
        pub(crate) fn splat(value: f32) -> Self {
            Self(f32x4_splat(value))
        }

        #[inline(always)]
        pub(crate) fn load(values: &[f32; super::LANES]) -> Self {
            let [a, b, c, d] = *values;
            Self(f32x4(a, b, c, d))
        }

        #[inline(always)]
        pub(crate) fn store(self, values: &mut [f32; super::LANES]) {
            *values = [
                f32x4_extract_lane::<0>(self.0),
                f32x4_extract_lane::<1>(self.0),
                f32x4_extract_lane::<2>(self.0),
                f32x4_extract_lane::<3>(self.0),
            ];
        }

        #[inline(always)]
        pub(crate) fn add(self, other: Self) -> Self {
            Self(f32x4_add(self.0, other.0))
        }

        /// `self` and `a` times `b`.
        #[inline(always)]
        pub(crate) fn add_product(self, a: Self, b: Self) -> Self {
            Self(f32x4_relaxed_madd(a.0, b.0, self.0))
        }

        /// Each at least `low` and at most `high`; NaN stays.
        #[inline(always)]
        pub(crate) fn clamp(self, low: Self, high: Self) -> Self {
            // A minimum or maximum of relaxed SIMD, which the compiler would take, may lose NaN.
            let least = v128_bitselect(low.0, self.0, f32x4_lt(self.0, low.0));
            Self(v128_bitselect(high.0, least, f32x4_lt(high.0, least)))
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "relaxed-simd")))]
mod vector {
    #[derive(Clone, Copy)]
    pub(crate) struct Lanes([f32; super::LANES]);

    impl Lanes {
        #[inline(always)]
        pub(crate) fn splat(value: f32) -> Self {
            Self([value; super::LANES])
        }

        #[inline(always)]
        pub(crate) fn load(values: &[f32; super::LANES]) -> Self {
            Self(*values)
        }

        #[inline(always)]
        pub(crate) fn store(self, values: &mut [f32; super::LANES]) {
            *values = self.0;
        }

        #[inline(always)]
        fn with(mut self, other: Self, function: impl Fn(f32, f32) -> f32) -> Self {
            self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a = function(*a, b));
            self
        }

        #[inline(always)]
        pub(crate) fn add(self, other: Self) -> Self {
            self.with(other, |a, b| a + b)
        }

        /// `self` and `a` times `b`.
        #[inline(always)]
        pub(crate) fn add_product(self, a: Self, b: Self) -> Self {
            self.add(a.with(b, |a, b| a * b))
        }

        /// Each at least `low` and at most `high`; NaN stays.
        #[inline(always)]
        pub(crate) fn clamp(self, low: Self, high: Self) -> Self {
            let least = self.with(low, |value, low| if value < low { low } else { value });
            least.with(high, |value, high| if high < value { high } else { value })
        }
    }
}

pub(crate) use vector::Lanes;

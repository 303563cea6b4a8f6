//! The numbers that trees compare and add up.

use predictql_kernels::trees::Walk;

/// A number that thresholds can be: `f32` or `f64`.
pub(super) trait Real: Walk + std::ops::AddAssign + Send + Sync + std::fmt::Debug + 'static {
    const ZERO: Self;
    fn from_f64(value: f64) -> Self;
    fn to_f32(self) -> f32;
    fn to_f64(self) -> f64;
    fn over(self, divisor: Self) -> Self;
    /// The greatest number of this type below one of this type.
    fn below(value: f64) -> f64;
}

macro_rules! real {
    ($float:ty) => {
        impl Real for $float {
            const ZERO: Self = 0.0;
            #[allow(
                clippy::cast_possible_truncation,
                reason = "rounds to single precision where that is asked for"
            )]
            fn from_f64(value: f64) -> Self {
                value as Self
            }
            #[allow(
                clippy::cast_possible_truncation,
                reason = "rounds to single precision, which outputs have"
            )]
            fn to_f32(self) -> f32 {
                self as f32
            }
            fn to_f64(self) -> f64 {
                self.into()
            }
            fn over(self, divisor: Self) -> Self {
                self / divisor
            }
            fn below(value: f64) -> f64 {
                Self::from_f64(value).next_down().into()
            }
        }
    };
}

real!(f32);
real!(f64);

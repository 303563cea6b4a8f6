//! Types of so few bits that nothing is computed in them: floats of 8 and 4 ([Micikevicius et al., 2022](https://arxiv.org/abs/2209.05433),
//! and the OCP's Microscaling Formats), whole numbers of 4 and 2. Wider types hold their values ([`Narrow::wide`]), which a
//! cast and QuantizeLinear round.

use super::pb::tensor_proto::DataType as Stored;
use crate::tensor::ElementType;

/// A type that is narrower than what holds its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrow {
    Float(Layout),
    /// A power of two, without a sign.
    Exponent,
    Whole {
        bits: u32,
        signed: bool,
    },
}

/// How the bits of a float are used: a sign, an exponent, and the rest for the digits behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    bits: u32,
    digits: u32,
    bias: i32,
    specials: Specials,
}

/// Which bits are no finite number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Specials {
    /// As of wider floats: the largest exponent is for infinities and NaN.
    Ieee,
    /// All digits set beside the largest exponent are NaN.
    Nan,
    /// What would be the negative zero is NaN.
    NegativeZero,
    None,
}

impl Narrow {
    /// The type of ONNX's number for it; `None` for others.
    pub(crate) fn of(number: i32) -> Option<Self> {
        let float = |bits, digits, bias, specials| Self::Float(Layout { bits, digits, bias, specials });
        Some(match Stored::try_from(number).ok()? {
            Stored::Float8e4m3fn => float(8, 3, 7, Specials::Nan),
            Stored::Float8e4m3fnuz => float(8, 3, 8, Specials::NegativeZero),
            Stored::Float8e5m2 => float(8, 2, 15, Specials::Ieee),
            Stored::Float8e5m2fnuz => float(8, 2, 16, Specials::NegativeZero),
            Stored::Float4e2m1 => float(4, 1, 1, Specials::None),
            Stored::Float8e8m0 => Self::Exponent,
            Stored::Uint4 => Self::Whole { bits: 4, signed: false },
            Stored::Int4 => Self::Whole { bits: 4, signed: true },
            Stored::Uint2 => Self::Whole { bits: 2, signed: false },
            Stored::Int2 => Self::Whole { bits: 2, signed: true },
            _ => return None,
        })
    }

    /// The type that holds its values.
    pub(crate) fn wide(self) -> ElementType {
        match self {
            Self::Float(_) | Self::Exponent => ElementType::F32,
            Self::Whole { signed: true, .. } => ElementType::I8,
            Self::Whole { signed: false, .. } => ElementType::U8,
        }
    }

    /// The bits of a value. Several values share a byte where they are few.
    pub(crate) fn bits(self) -> u32 {
        match self {
            Self::Float(Layout { bits, .. }) | Self::Whole { bits, .. } => bits,
            Self::Exponent => 8,
        }
    }

    /// The least and the greatest value.
    pub(crate) fn ends(self) -> (f32, f32) {
        match self {
            Self::Float(layout) => (-layout.greatest(), layout.greatest()),
            Self::Exponent => (power(-127), power(127)),
            Self::Whole { bits, signed: false } => (0.0, power(bits.cast_signed()) - 1.0),
            Self::Whole { bits, signed: true } => {
                let half = power(bits.cast_signed() - 1);
                (-half, half - 1.0)
            }
        }
    }

    /// The value of these bits.
    pub(crate) fn value(self, bits: u8) -> f32 {
        match self {
            Self::Float(layout) => layout.value(bits.into()),
            Self::Exponent if bits == u8::MAX => f32::NAN,
            Self::Exponent => power(i32::from(bits) - 127),
            Self::Whole { .. } => f32::from(self.whole(bits)),
        }
    }

    /// The bits of a value; `None` where it is none of the type's. Of NaN the first ones.
    pub(crate) fn bits_of(self, value: f32) -> Option<u8> {
        let is_it = |found: f32| found.to_bits() == value.to_bits() || found.is_nan() && value.is_nan();
        (0..=u8::MAX >> (8 - self.bits())).find(|bits| is_it(self.value(*bits)))
    }

    /// The whole number of 2 or 4 bits that the low bits of a wider one are.
    pub(crate) fn whole(self, low: u8) -> i16 {
        let Self::Whole { bits, signed } = self else { return low.into() };
        let value = i16::from(low) & ((1 << bits) - 1);
        if signed && value >> (bits - 1) == 1 { value - (1 << bits) } else { value }
    }

    /// The float nearest to `value`, of two the one with an even last digit. One beyond the greatest is the greatest where the
    /// cast `saturates`, else infinity or NaN. Exponents are rounded by `rounding`.
    pub(crate) fn nearest(self, value: f32, saturates: bool, rounding: Rounding) -> f32 {
        match self {
            Self::Float(layout) => layout.nearest(value, saturates),
            Self::Exponent => nearest_power(value, saturates, rounding),
            Self::Whole { .. } => value,
        }
    }
}

/// How a number becomes a power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    Up,
    Down,
    Nearest,
}

impl Rounding {
    /// The one that the attribute `round_mode` of Cast names.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "up" => Self::Up,
            "down" => Self::Down,
            "nearest" => Self::Nearest,
            _ => return None,
        })
    }
}

impl Layout {
    /// The bits behind the sign that the largest exponent and all digits have.
    fn all(self) -> u32 {
        (1 << (self.bits - 1)) - 1
    }

    /// The bits of the greatest finite number.
    fn most(self) -> u32 {
        match self.specials {
            Specials::Ieee => self.all() - (1 << self.digits),
            Specials::Nan => self.all() - 1,
            Specials::NegativeZero | Specials::None => self.all(),
        }
    }

    fn greatest(self) -> f32 {
        self.finite(self.most())
    }

    /// The number of bits behind the sign, none of them special.
    fn finite(self, bits: u32) -> f32 {
        let digits = bits & ((1 << self.digits) - 1);
        let exponent = (bits >> self.digits).cast_signed();
        // Below the first power numbers are as far apart as behind it.
        let lead = if exponent == 0 { 0 } else { 1 << self.digits };
        small(digits + lead) * power(exponent.max(1) - self.bias - self.digits.cast_signed())
    }

    fn value(self, bits: u32) -> f32 {
        let (sign, rest) = (bits >> (self.bits - 1) & 1, bits & self.all());
        let magnitude = match self.specials {
            Specials::NegativeZero if sign == 1 && rest == 0 => f32::NAN,
            Specials::Ieee if rest == self.most() + 1 => f32::INFINITY,
            Specials::Ieee | Specials::Nan if rest > self.most() => f32::NAN,
            _ => self.finite(rest),
        };
        if sign == 1 { -magnitude } else { magnitude }
    }

    fn nearest(self, value: f32, saturates: bool) -> f32 {
        if value.is_nan() {
            return if self.specials == Specials::None { 0.0 } else { value };
        }
        let exponent = exponent(value).max(1 - self.bias) - self.digits.cast_signed();
        let step = power(exponent);
        let rounded = (value / step).round_ties_even() * step;
        if rounded.abs() <= self.greatest() {
            // Where its bits are NaN there is no negative zero.
            return if self.specials == Specials::NegativeZero { rounded + 0.0 } else { rounded };
        }
        if saturates || self.specials == Specials::None {
            return self.greatest().copysign(value);
        }
        if self.specials == Specials::Ieee { f32::INFINITY.copysign(value) } else { f32::NAN }
    }
}

fn nearest_power(value: f32, saturates: bool, rounding: Rounding) -> f32 {
    let (least, greatest) = Narrow::Exponent.ends();
    if value.is_nan() || value < 0.0 {
        return f32::NAN;
    }
    let below = if value < power(-126) { least } else { power(exponent(value)) };
    let above = if value > below { below * 2.0 } else { below };
    let rounded = match rounding {
        Rounding::Up => above,
        Rounding::Down => below,
        // Halfway between two powers stands three halves of the lower one.
        Rounding::Nearest => {
            if value / below >= 1.5 {
                above
            } else {
                below
            }
        }
    };
    match rounded.max(least) {
        rounded if rounded <= greatest => rounded,
        _ if saturates => greatest,
        _ => f32::NAN,
    }
}

/// The exponent of the greatest power of two that is not above the size of `value`; for numbers below all normal ones theirs.
fn exponent(value: f32) -> i32 {
    let bits = (value.to_bits() >> 23 & 0xff).cast_signed();
    bits.max(1) - 127
}

/// Two to the power of `exponent`, which is that of a float of 32 bits.
fn power(exponent: i32) -> f32 {
    2.0_f32.powi(exponent)
}

/// A number of a few bits.
#[expect(clippy::cast_precision_loss, reason = "it has a few bits")]
fn small(value: u32) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every float of these types, with the bits that come to it.
    fn floats(number: i32) -> Vec<f32> {
        let narrow = Narrow::of(number).unwrap();
        (0..1_u32 << narrow.bits()).map(|bits| narrow.value(bits.try_into().unwrap())).collect()
    }

    #[test]
    fn every_value_is_nearest_to_itself() {
        for number in [17, 18, 19, 20, 23, 24] {
            for value in floats(number).into_iter().filter(|value| value.is_finite()) {
                let nearest = Narrow::of(number).unwrap().nearest(value, true, Rounding::Up);
                assert_eq!(nearest.to_bits(), value.to_bits(), "{value} of type {number}");
            }
        }
    }

    #[test]
    fn limits_are_those_of_the_papers() {
        let greatest = |number| Narrow::of(number).unwrap().ends().1;
        assert_eq!([17, 18, 19, 20, 23].map(greatest), [448.0, 240.0, 57_344.0, 57_344.0, 6.0]);
        let least = |number| floats(number).into_iter().filter(|value| *value > 0.0).fold(1.0, f32::min);
        assert_eq!([17, 18, 19, 20, 23].map(least), [-9, -10, -16, -17, -1].map(power));
        let specials = |number| floats(number).into_iter().filter(|value| !value.is_finite()).count();
        assert_eq!([17, 18, 19, 20, 23, 24].map(specials), [2, 1, 8, 1, 0, 1]);
    }

    #[test]
    fn whole_numbers_are_the_low_bits() {
        let of = |number, low| Narrow::of(number).unwrap().whole(low);
        assert_eq!([7, 8, 15, 16, 0xf7].map(|low| of(22, low)), [7, -8, -1, 0, 7]);
        assert_eq!([3, 4, 0xfd].map(|low| of(25, low)), [3, 0, 1]);
        assert_eq!([1, 2, 3].map(|low| of(26, low)), [1, -2, -1]);
    }
}

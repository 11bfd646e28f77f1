//! Elementary functions whose bits are the same on every machine.
//!
//! The `f32` ones are branch-free polynomials without fused multiply-add, so that loops over samples vectorise and
//! every x86 level rounds alike. The `f64` ones go through `libm`.

/// 1.5 * 2^23: adding it to a small `f32` leaves the nearest integer in the low bits of the sum.
const ROUNDING_F32: f32 = 12_582_912.0;
/// 1.5 * 2^52: the same for `f64`.
const ROUNDING_F64: f64 = 6_755_399_441_055_744.0;

/// `2^x` for `x` up to 127, with anything below -100 taken as -100 (denormals cost three times as much).
///
/// Relative error below 2e-7. Polynomial of the Cephes library (`exp2f`), argument reduced to [-0.5, 0.5].
#[inline]
pub fn exp2(x: f32) -> f32 {
    let clamped = if x > -100.0 { x } else { -100.0 };
    let shifted = clamped + ROUNDING_F32;
    let fraction = clamped - (shifted - ROUNDING_F32);
    let mut series = 1.535_336_2e-4;
    series = series * fraction + 1.339_887_4e-3;
    series = series * fraction + 9.618_437e-3;
    series = series * fraction + 5.550_332_6e-2;
    series = series * fraction + 2.402_264_8e-1;
    series = series * fraction + 6.931_472e-1;
    series = series * fraction + 1.0;
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3F80_0000))
}

/// `e^x` with the range and error of [`exp2`].
#[inline]
pub fn exp(x: f32) -> f32 {
    exp2(x * std::f32::consts::LOG2_E)
}

/// Natural logarithm of a normal positive number; relative error below 3e-7 (Cephes `logf`).
#[inline]
pub fn ln(x: f32) -> f32 {
    const SQRT_HALF_BITS: i32 = 0x3F35_04F3;
    let bits = x.to_bits().cast_signed();
    let exponent = (bits - SQRT_HALF_BITS) >> 23;
    let mantissa = f32::from_bits((bits - (exponent << 23)) as u32) - 1.0;
    let square = mantissa * mantissa;
    let mut series = 7.037_684e-2;
    series = series * mantissa - 1.151_461e-1;
    series = series * mantissa + 1.167_699_9e-1;
    series = series * mantissa - 1.242_014_1e-1;
    series = series * mantissa + 1.424_932_3e-1;
    series = series * mantissa - 1.666_805_8e-1;
    series = series * mantissa + 2.000_071_5e-1;
    series = series * mantissa - 2.499_999_4e-1;
    series = series * mantissa + 3.333_333e-1;
    series * mantissa * square - 0.5 * square + mantissa + exponent as f32 * std::f32::consts::LN_2
}

/// Sine of an angle in turns, for angles in [-0.5, 0.5]; absolute error below 3e-7.
///
/// As a function of `w = x (1/2 - x)` the sine of half a turn is so smooth that four terms reach 5e-8 (minimax fit).
#[inline]
pub fn sine_of_turns(turns: f32) -> f32 {
    let folded = turns * (0.5 - turns.abs());
    let w = folded.abs();
    let mut series = 56.144_81;
    series = series * w + 71.193_33;
    series = series * w + 50.269_58;
    series = series * w + 12.566_344;
    series * folded
}

/// Cosine of an angle in turns, for angles in [-0.5, 0.5]; absolute error below 3e-7.
#[inline]
pub fn cosine_of_turns(turns: f32) -> f32 {
    sine_of_turns(0.25 - turns.abs())
}

/// The nearest integer, for |x| below 2^21.
#[inline]
pub fn nearest_integer(x: f32) -> f32 {
    (x + ROUNDING_F32) - ROUNDING_F32
}

/// Distance from the nearest integer, in [-0.5, 0.5], for |x| below 2^50.
#[inline]
pub fn from_nearest_integer(x: f64) -> f64 {
    x - ((x + ROUNDING_F64) - ROUNDING_F64)
}

/// `1 / (1 + e^-x)`.
#[inline]
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// Hill's function `x^n / (x^n + half^n)` for positive `x`, 0 otherwise.
pub fn hill(x: f64, half: f64, exponent: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { 1.0 / (1.0 + power(half / x, exponent)) }
}

/// [`hill`] with an exponent of 3.
#[inline]
pub fn hill_cubed(x: f64, half: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let ratio = half / x;
    1.0 / (1.0 + ratio * ratio * ratio)
}

/// `x^exponent` for positive `x`, a third of the cost of a correctly rounded power; at rest, where most factors are
/// exactly 1, next to nothing.
#[inline]
pub fn power(x: f64, exponent: f64) -> f64 {
    if x == 1.0 { 1.0 } else { libm::exp(exponent * libm::log(x)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_close_everywhere() {
        for step in -1_000..=300 {
            let x = step as f32 * 0.1;
            let exact = libm::exp2(f64::from(x));
            assert!((f64::from(exp2(x)) / exact - 1.0).abs() < 2e-7, "2^{x}");
        }
        assert_eq!(exp2(-1e9), exp2(-100.0));
    }

    #[test]
    fn logarithm_is_close_everywhere() {
        for step in 1..20_000 {
            let x = step as f32 / 10_000.0;
            let exact = libm::log(f64::from(x));
            assert!((f64::from(ln(x)) - exact).abs() <= 3e-7 * exact.abs().max(0.1), "ln {x}");
        }
        assert!((ln(libm::exp2f(-24.0)) + 24.0 * std::f32::consts::LN_2).abs() < 1e-5);
    }

    #[test]
    fn sine_and_cosine_are_close_over_a_turn() {
        for step in -5_000..=5_000 {
            let turns = step as f32 / 10_000.0;
            let angle = std::f64::consts::TAU * f64::from(turns);
            assert!((f64::from(sine_of_turns(turns)) - libm::sin(angle)).abs() < 3e-7, "sin {turns}");
            assert!((f64::from(cosine_of_turns(turns)) - libm::cos(angle)).abs() < 3e-7, "cos {turns}");
        }
    }

    #[test]
    fn rounding_goes_to_the_nearest() {
        for (x, expected) in [(0.49, 0.0), (0.51, 1.0), (-3.7, -4.0), (100_000.2, 100_000.0)] {
            assert_eq!(nearest_integer(x), expected);
        }
    }

    #[test]
    fn distance_from_integer_keeps_its_sign() {
        assert_eq!(from_nearest_integer(1_000_000.25), 0.25);
        assert_eq!(from_nearest_integer(-2.25), -0.25);
    }

    #[test]
    fn hill_is_half_at_its_half() {
        assert!((hill(22.0, 22.0, 3.0) - 0.5).abs() < 1e-15);
        assert_eq!(hill(-1.0, 22.0, 3.0), 0.0);
        for x in [-3.0, 0.0, 1e-200, 0.4, 22.0, 900.0] {
            assert!((hill_cubed(x, 22.0) - hill(x, 22.0, 3.0)).abs() < 1e-14, "{x}");
        }
    }
}

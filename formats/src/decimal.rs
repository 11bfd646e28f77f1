//! Numbers as decimal text, by integer arithmetic, so that the same value gives the same bytes everywhere.

use std::fmt::Write as _;

use bytes::BytesMut;

/// Powers of ten that both `u64` and `f64` hold exactly.
const POWERS: [u64; 19] = {
    let mut powers = [1; 19];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

/// Below this, every integer is an exact `f64`.
pub(crate) const EXACT_INTEGERS: f64 = 9_007_199_254_740_992.0;

/// Largest magnitude of `value * 10^decimals` that has decimal text; no measured quantity comes near it.
const SCALED_LIMIT: f64 = 9.0e18;

/// `value * 10^decimals` (at most 6 are in use), rounded half away from zero; `None` for what has no decimal text: not a
/// number, infinite, or a product beyond 9e18.
pub(crate) fn scaled(value: f64, decimals: u8) -> Option<i64> {
    let product = (value * POWERS[usize::from(decimals).min(POWERS.len() - 1)] as f64).round();
    (product.abs() < SCALED_LIMIT).then_some(product as i64)
}

/// Decimals of a sample beyond those that tell two counts apart.
const BEYOND_A_COUNT: f64 = 3.0;

/// Decimals with which samples are written, at most so many, given the value of one count.
pub(crate) fn sample_decimals(count: f64, most: u8) -> u8 {
    let decimals = if count > 0.0 { BEYOND_A_COUNT - libm::log10(count).floor() } else { 0.0 };
    decimals.clamp(0.0, f64::from(most)) as u8
}

/// Appends an integer.
pub(crate) fn write_integer<I: itoa::Integer>(value: I, out: &mut BytesMut) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends `value` rounded to `decimals` places (at most 6 are in use), without trailing zeros.
///
/// Rounding is that of [`scaled`]; what has no decimal text becomes `null`.
pub(crate) fn write_rounded(value: f64, decimals: u8, out: &mut BytesMut) {
    match scaled(value, decimals) {
        Some(scaled) => write_scaled(scaled, usize::from(decimals).min(POWERS.len() - 1), out),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends the shortest plain decimal that reads back as exactly `value`; `null` when it is not finite.
///
/// `n` decimals suffice when the integer `value * 10^n` divided by `10^n` gives `value` again: both are exact as
/// `f64`, so the division is the correctly rounded value of the text, which is what a reader computes.
pub(crate) fn write_exact(value: f64, out: &mut BytesMut) {
    for (decimals, power) in POWERS.iter().enumerate() {
        let scaled = (value * *power as f64).round();
        if scaled.abs() >= EXACT_INTEGERS {
            break;
        }
        if scaled / *power as f64 == value {
            write_scaled(scaled as i64, decimals, out);
            return;
        }
    }
    if value.is_finite() {
        // Very large, very small or 17-digit values. This is the shortest-digits algorithm of Rust's `core`, which is
        // integer arithmetic too and the same on every platform.
        write!(out, "{value:e}").expect("a growing buffer takes every write");
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Appends `scaled / 10^decimals` without trailing zeros.
fn write_scaled(scaled: i64, decimals: usize, out: &mut BytesMut) {
    let magnitude = scaled.unsigned_abs();
    if scaled < 0 {
        out.extend_from_slice(b"-");
    }
    if decimals == 0 {
        // Most quantities have none; a division by a power that is not known beforehand costs as much as the digits.
        write_integer(magnitude, out);
        return;
    }
    let power = POWERS[decimals];
    let fraction = magnitude % power;
    write_integer(magnitude / power, out);
    if fraction > 0 {
        // Adding the power keeps the leading zeros of the fraction; its own digit becomes the point.
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(power + fraction).trim_end_matches('0');
        out.extend_from_slice(b".");
        out.extend_from_slice(&digits.as_bytes()[1..]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rounded(value: f64, decimals: u8) -> String {
        let mut out = BytesMut::new();
        write_rounded(value, decimals, &mut out);
        String::from_utf8(out.to_vec()).expect("digits are UTF-8")
    }

    fn exact(value: f64) -> String {
        let mut out = BytesMut::new();
        write_exact(value, &mut out);
        String::from_utf8(out.to_vec()).expect("digits are UTF-8")
    }

    #[test]
    fn rounds_half_away_from_zero_and_drops_zeros() {
        assert_eq!(rounded(72.4, 0), "72");
        assert_eq!(rounded(72.5, 0), "73");
        assert_eq!(rounded(-72.5, 0), "-73");
        assert_eq!(rounded(36.649_999, 1), "36.6");
        assert_eq!(rounded(36.96, 1), "37");
        assert_eq!(rounded(0.05, 2), "0.05");
        assert_eq!(rounded(-0.04, 1), "0");
        assert_eq!(rounded(-0.06, 1), "-0.1");
        assert_eq!(rounded(1000.0, 3), "1000");
        assert_eq!(rounded(0.000_001, 6), "0.000001");
    }

    #[test]
    fn values_without_decimal_text_are_null() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e19, -1e300] {
            assert_eq!(rounded(value, 0), "null");
        }
        assert_eq!(rounded(1e13, 6), "null");
        assert_eq!(exact(f64::NAN), "null");
        assert_eq!(exact(f64::NEG_INFINITY), "null");
    }

    #[test]
    fn exact_text_is_the_short_one() {
        assert_eq!(exact(0.001), "0.001");
        assert_eq!(exact(0.0), "0");
        assert_eq!(exact(-0.0), "0");
        assert_eq!(exact(-1605.0), "-1605");
        assert_eq!(exact(0.002_441_4), "0.0024414");
        assert_eq!(exact(1.0 / 3.0), "0.3333333333333333");
        assert_eq!(exact(0.1 + 0.2), "3.0000000000000004e-1");
        assert_eq!(exact(1e300), "1e300");
    }

    proptest! {
        #[test]
        fn exact_text_reads_back(value in any::<f64>()) {
            prop_assume!(value.is_finite());
            prop_assert_eq!(exact(value).parse::<f64>().expect("a number"), value);
        }

        #[test]
        fn exact_text_of_a_gain_reads_back(digits in -1_000_000_000_i64..1_000_000_000, power in 0_i32..12) {
            let value = digits as f64 / libm::exp10(f64::from(power));
            prop_assert_eq!(exact(value).parse::<f64>().expect("a number"), value);
            prop_assert!(!exact(value).contains('e'));
        }

        // The text of a rounded value is at most half a step away, give or take the rounding of the product.
        #[test]
        fn rounded_text_is_within_half_a_step(value in -1e9_f64..1e9, decimals in 0_u8..=6) {
            let text = rounded(value, decimals);
            let step = libm::exp10(-f64::from(decimals));
            let read: f64 = text.parse().expect("a number");
            prop_assert!((read - value).abs() <= step * 0.5 + value.abs() * 4.0 * f64::EPSILON, "{value} -> {text}");
            let places = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            prop_assert!(places <= usize::from(decimals));
            prop_assert!(!(text.contains('.') && text.ends_with('0')));
        }
    }
}

//! The floating-point numbers of medical devices: SFLOAT (16 bits) and FLOAT (32 bits) of IEEE 11073-20601.
//!
//! Both are `mantissa * 10^exponent` with two's-complement parts. Bluetooth health services carry them in little-endian
//! order. A device writes a field with one fixed exponent, so that the resolution does not jump between samples.

const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Largest magnitude of an SFLOAT mantissa that is no special value (2046, 2047 and -2046 to -2048 are taken).
const SFLOAT_MANTISSA_LIMIT: f64 = 2045.0;

/// Largest magnitude of a FLOAT mantissa that is no special value.
const FLOAT_MANTISSA_LIMIT: f64 = 8_388_605.0;

/// A 16-bit number: 4 bits of exponent, 12 bits of mantissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sfloat(u16);

impl Sfloat {
    /// Not a number: the field exists but nothing could be measured.
    pub const NAN: Self = Self(0x07FF);
    /// Not at this resolution.
    pub const NRES: Self = Self(0x0800);
    /// Above what the field can hold.
    pub const POSITIVE_INFINITY: Self = Self(0x07FE);
    /// Below what the field can hold.
    pub const NEGATIVE_INFINITY: Self = Self(0x0802);

    /// `value` with the resolution `10^exponent` (exponent in -8..=7); what does not fit becomes an infinity.
    pub fn with_exponent(value: f64, exponent: i8) -> Self {
        let exponent = exponent.clamp(-8, 7);
        match mantissa(value, exponent, SFLOAT_MANTISSA_LIMIT) {
            Mantissa::NotANumber => Self::NAN,
            Mantissa::TooLarge => Self::POSITIVE_INFINITY,
            Mantissa::TooSmall => Self::NEGATIVE_INFINITY,
            Mantissa::Fits(mantissa) => Self((exponent as u16 & 0xF) << 12 | (mantissa as u16 & 0x0FFF)),
        }
    }

    /// The bits of the number.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The number as it travels.
    pub const fn to_le_bytes(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    /// The value; NaN for "not a number", "not at this resolution" and the reserved mantissa.
    pub fn value(self) -> f64 {
        match self.0 {
            0x07FF..=0x0801 if self.0 >> 12 == 0 => f64::NAN,
            0x07FE => f64::INFINITY,
            0x0802 => f64::NEG_INFINITY,
            bits => {
                let mantissa = ((bits << 4) as i16) >> 4;
                let exponent = (bits as i16) >> 12;
                scale(f64::from(mantissa), exponent as i8)
            }
        }
    }
}

/// A 32-bit number: 8 bits of exponent, 24 bits of mantissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Float(u32);

impl Float {
    /// Not a number.
    pub const NAN: Self = Self(0x007F_FFFF);
    /// Above what the field can hold.
    pub const POSITIVE_INFINITY: Self = Self(0x007F_FFFE);
    /// Below what the field can hold.
    pub const NEGATIVE_INFINITY: Self = Self(0x0080_0002);

    /// `value` with the resolution `10^exponent` (exponent in -22..=22); what does not fit becomes an infinity.
    pub fn with_exponent(value: f64, exponent: i8) -> Self {
        let exponent = exponent.clamp(-22, 22);
        match mantissa(value, exponent, FLOAT_MANTISSA_LIMIT) {
            Mantissa::NotANumber => Self::NAN,
            Mantissa::TooLarge => Self::POSITIVE_INFINITY,
            Mantissa::TooSmall => Self::NEGATIVE_INFINITY,
            Mantissa::Fits(mantissa) => Self(u32::from(exponent as u8) << 24 | (mantissa as u32 & 0x00FF_FFFF)),
        }
    }

    /// The bits of the number.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The number as it travels.
    pub const fn to_le_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    /// The value; NaN for "not a number", "not at this resolution" and the reserved mantissa.
    pub fn value(self) -> f64 {
        match self.0 {
            0x007F_FFFF..=0x0080_0001 => f64::NAN,
            0x007F_FFFE => f64::INFINITY,
            0x0080_0002 => f64::NEG_INFINITY,
            bits => {
                let mantissa = ((bits << 8) as i32) >> 8;
                scale(f64::from(mantissa), (bits >> 24) as i8)
            }
        }
    }
}

enum Mantissa {
    NotANumber,
    TooLarge,
    TooSmall,
    Fits(i32),
}

fn mantissa(value: f64, exponent: i8, limit: f64) -> Mantissa {
    if value.is_nan() {
        return Mantissa::NotANumber;
    }
    let mantissa = scale(value, -exponent).round();
    if mantissa > limit {
        Mantissa::TooLarge
    } else if mantissa < -limit {
        Mantissa::TooSmall
    } else {
        Mantissa::Fits(mantissa as i32)
    }
}

/// `value * 10^exponent`; one correctly rounded operation while the power is exact (up to 10^22).
fn scale(value: f64, exponent: i8) -> f64 {
    let mut magnitude = usize::from(exponent.unsigned_abs());
    let mut scaled = value;
    while magnitude > 0 {
        let step = magnitude.min(POWERS_OF_TEN.len() - 1);
        scaled = if exponent < 0 { scaled / POWERS_OF_TEN[step] } else { scaled * POWERS_OF_TEN[step] };
        magnitude -= step;
    }
    scaled
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_short_numbers() {
        for (value, exponent, bytes) in [
            (97.0, 0, [0x61, 0x00]),
            (36.8, -1, [0x70, 0xF1]),
            (-1.2, -1, [0xF4, 0xFF]),
            (105e-5, -5, [0x69, 0xB0]),
            (150.5, -1, [0xE1, 0xF5]),
            (f64::NAN, 0, [0xFF, 0x07]),
            (1e9, 0, [0xFE, 0x07]),
            (-1e9, 0, [0x02, 0x08]),
        ] {
            assert_eq!(Sfloat::with_exponent(value, exponent).to_le_bytes(), bytes, "{value} e{exponent}");
        }
    }

    #[test]
    fn known_long_numbers() {
        for (value, exponent, bytes) in [
            (36.8, -1, [0x70, 0x01, 0x00, 0xFF]),
            (36.82, -2, [0x62, 0x0E, 0x00, 0xFE]),
            (-5.0, 0, [0xFB, 0xFF, 0xFF, 0x00]),
            (f64::NAN, 0, [0xFF, 0xFF, 0x7F, 0x00]),
        ] {
            assert_eq!(Float::with_exponent(value, exponent).to_le_bytes(), bytes, "{value} e{exponent}");
        }
    }

    #[test]
    fn specials_have_no_ordinary_value() {
        assert!(Sfloat::NAN.value().is_nan() && Sfloat::NRES.value().is_nan());
        assert_eq!(Sfloat::POSITIVE_INFINITY.value(), f64::INFINITY);
        assert_eq!(Sfloat::NEGATIVE_INFINITY.value(), f64::NEG_INFINITY);
        assert!(Float::NAN.value().is_nan());
        assert_eq!(Float::POSITIVE_INFINITY.value(), f64::INFINITY);
        assert_eq!(Float::NEGATIVE_INFINITY.value(), f64::NEG_INFINITY);
    }

    proptest! {
        /// Whatever fits comes back within half of the resolution.
        #[test]
        fn short_numbers_round_to_their_resolution(mantissa in -2045_i32..=2045, exponent in -8_i8..=7, fraction in -0.49_f64..0.49) {
            let resolution = libm::exp10(f64::from(exponent));
            let value = (f64::from(mantissa) + fraction) * resolution;
            let read = Sfloat::with_exponent(value, exponent).value();
            prop_assert!((read - value).abs() <= 0.5 * resolution * (1.0 + 1e-9), "{} read {}", value, read);
        }

        #[test]
        fn any_bits_have_a_value(short: u16, long: u32) {
            let short = Sfloat::from_bits(short);
            prop_assert!(short.value().is_nan() || short.value().is_infinite() || short.value().abs() < 1e11);
            let _ = Float::from_bits(long).value();
        }
    }
}

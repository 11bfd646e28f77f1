//! Integers as JSON Schema understands them: any number without a fraction, within what every reader keeps exactly.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// Largest integer that survives a reader that keeps numbers as `f64` (RFC 8259 section 6).
pub(crate) const LARGEST: i64 = 9_007_199_254_740_991;

/// An integer in `-LARGEST..=LARGEST`; `12.0` and `1.2e1` are integers too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WholeNumber(pub(crate) i64);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeNumberVisitor)
    }
}

struct WholeNumberVisitor;

impl Visitor<'_> for WholeNumberVisitor {
    type Value = WholeNumber;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an integer within +-{LARGEST}")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<WholeNumber, E> {
        if (-LARGEST..=LARGEST).contains(&value) {
            Ok(WholeNumber(value))
        } else {
            Err(E::invalid_value(Unexpected::Signed(value), &self))
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<WholeNumber, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<WholeNumber, E> {
        if value.fract() == 0.0 && value.abs() <= LARGEST as f64 {
            Ok(WholeNumber(value as i64))
        } else {
            Err(E::invalid_value(Unexpected::Float(value), &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_exactly_the_integers() {
        for (text, value) in [("0", 0), ("-7", -7), ("12.0", 12), ("1.2e1", 12), ("9007199254740991", LARGEST)] {
            assert_eq!(serde_json::from_str::<WholeNumber>(text).expect("an integer"), WholeNumber(value));
        }
        for text in ["0.5", "9007199254740992", "-9007199254740992", "18446744073709551615", "1e300", "\"1\"", "null"] {
            serde_json::from_str::<WholeNumber>(text).expect_err(text);
        }
    }
}

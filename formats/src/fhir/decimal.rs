//! Numbers of FHIR, whose digits are part of what they say: `72` and not `72.0`.

use bytes::BytesMut;
use serde::{Serialize, Serializer};

use crate::decimal::{write_exact, write_rounded};

/// A number with its own digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Decimal {
    /// Rounded to so many decimals.
    Rounded(f64, u8),
    /// As it is.
    Exact(f64),
}

impl Decimal {
    /// Its digits; `null` where it has none.
    fn text(self) -> BytesMut {
        let mut out = BytesMut::new();
        match self {
            Self::Rounded(value, decimals) => write_rounded(value, decimals, &mut out),
            Self::Exact(value) => write_exact(value, &mut out),
        }
        out
    }

    /// Whether it has digits.
    pub(super) fn is_some(self) -> bool {
        &self.text()[..] != b"null"
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text();
        let text = std::str::from_utf8(&text).unwrap_or("null");
        match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => serializer.serialize_i64(whole),
            (_, Ok(number)) => serializer.serialize_f64(number),
            _ => serializer.serialize_unit(),
        }
    }
}

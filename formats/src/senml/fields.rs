//! The fields of a record as they are read, whatever carries them (RFC 8428, section 4 and table 4).

use thiserror::Error;

/// Why a payload is no pack.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum PackError {
    /// The bytes are not JSON or not CBOR.
    #[error("{reason}")]
    Encoding {
        /// Where, and why not.
        reason: String,
    },
    /// A record breaks a rule.
    #[error("record {record}: {reason}")]
    Record {
        /// Which, from 1.
        record: usize,
        /// What is wrong.
        reason: String,
    },
    /// The pack is SenML, but no message of a device of ours.
    #[error("{reason}")]
    NoMessage {
        /// What is missing.
        reason: &'static str,
    },
}

/// A plain value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Number(f64),
    Text(String),
    Flag(bool),
    /// Octets, of CBOR.
    Octets(Vec<u8>),
}

/// A record as it stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Fields {
    pub(super) base_name: Option<String>,
    pub(super) base_time: Option<f64>,
    pub(super) base_unit: Option<String>,
    pub(super) base_value: Option<f64>,
    pub(super) base_sum: Option<f64>,
    pub(super) base_version: Option<f64>,
    pub(super) name: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) value: Option<f64>,
    pub(super) text: Option<String>,
    pub(super) flag: Option<bool>,
    pub(super) data: Option<Vec<u8>>,
    pub(super) sum: Option<f64>,
    pub(super) time: Option<f64>,
    pub(super) update_time: Option<f64>,
}

impl Fields {
    /// Takes a field by its name in JSON.
    pub(super) fn set(&mut self, name: &str, value: Scalar) -> Result<(), String> {
        let slot = match (name, value) {
            ("bn", Scalar::Text(text)) => self.base_name.replace(text).is_some(),
            ("bt", Scalar::Number(number)) => self.base_time.replace(number).is_some(),
            ("bu", Scalar::Text(text)) => self.base_unit.replace(text).is_some(),
            ("bv", Scalar::Number(number)) => self.base_value.replace(number).is_some(),
            ("bs", Scalar::Number(number)) => self.base_sum.replace(number).is_some(),
            ("bver", Scalar::Number(number)) => self.base_version.replace(number).is_some(),
            ("n", Scalar::Text(text)) => self.name.replace(text).is_some(),
            ("u", Scalar::Text(text)) => self.unit.replace(text).is_some(),
            ("v", Scalar::Number(number)) => self.value.replace(number).is_some(),
            ("vs", Scalar::Text(text)) => self.text.replace(text).is_some(),
            ("vb", Scalar::Flag(flag)) => self.flag.replace(flag).is_some(),
            ("vd", Scalar::Text(text)) => self.data.replace(text.into_bytes()).is_some(),
            ("vd", Scalar::Octets(octets)) => self.data.replace(octets).is_some(),
            ("s", Scalar::Number(number)) => self.sum.replace(number).is_some(),
            ("t", Scalar::Number(number)) => self.time.replace(number).is_some(),
            ("ut", Scalar::Number(number)) => self.update_time.replace(number).is_some(),
            (
                "bn" | "bt" | "bu" | "bv" | "bs" | "bver" | "n" | "u" | "v" | "vs" | "vb" | "vd" | "s" | "t" | "ut",
                _,
            ) => {
                return Err(format!("`{name}` has a value of another kind"));
            }
            // A field whose name ends so must be understood (section 4.4).
            (name, _) if name.ends_with('_') => return Err(format!("`{name}` must be understood, and is not known")),
            _ => false,
        };
        if slot { Err(format!("`{name}` appears twice")) } else { Ok(()) }
    }
}

//! What a payload format does: it writes messages, and tells afterwards which message some bytes are and whether they
//! still say the same.

use std::borrow::Cow;
use std::fmt::Debug;

use bytes::BytesMut;
use thiserror::Error;

use crate::{Message, SharedSessionRules};

/// A payload format. Total: any bytes give an answer or an error, never a panic.
pub trait Format: Debug + Send + Sync {
    /// Appends the bytes of a message to `out`.
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut);

    /// As [`Format::encode`], for whoever checks beforehand whether the format can say such a message; nothing is appended
    /// when it cannot.
    ///
    /// # Errors
    /// [`FormatFlaw`] says why it cannot.
    fn try_encode(&self, message: &Message<'_>, out: &mut BytesMut) -> Result<(), FormatFlaw> {
        self.encode(message, out);
        Ok(())
    }

    /// Which message a payload is. It may read no further than it must, so a key does not prove the payload sound.
    ///
    /// # Errors
    /// [`KeyError::Absent`] when the format does not say which message it is, [`KeyError::Unreadable`] when the payload
    /// is not of the format.
    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError>;

    /// How much of its name a payload of this format tells by itself.
    fn tells(&self) -> Telling {
        Telling::Message
    }

    /// Appends to `out` what a payload means, in bytes that are equal for all payloads that mean the same; false when
    /// the format knows no meaning beyond its bytes, or the payload is not of the format.
    fn write_meaning(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        let _ = (payload, out);
        false
    }

    /// Whether an observed payload is, or still means, what was said.
    fn same(&self, observed: &[u8], said: &[u8]) -> Sameness {
        if observed == said {
            return Sameness::Bytes;
        }
        let (mut seen, mut meant) = (Vec::new(), Vec::new());
        if self.write_meaning(observed, &mut seen) && self.write_meaning(said, &mut meant) && seen == meant {
            return Sameness::Meaning;
        }
        let at = observed.iter().zip(said).position(|(seen, said)| seen != said);
        Sameness::Differs { at: at.unwrap_or_else(|| observed.len().min(said.len())) }
    }

    /// The parameter that says how payloads are read back, for a format that is made from parameters: whoever finds that they
    /// are not, complains there.
    fn read_by(&self) -> Option<&'static str> {
        None
    }

    /// Ids of the metrics that its payloads name, whether there are such metrics or not, for a format whose text names them:
    /// whoever checks it knows which metrics there are.
    fn asks_for(&self) -> Vec<AskedMetric> {
        Vec::new()
    }

    /// Its media type, such as `application/json`.
    fn content_type(&self) -> &str;

    /// Its schema (JSON Schema for formats of JSON), if there is one.
    fn schema(&self) -> Option<&'static str> {
        None
    }

    /// What it demands of the connection that carries it, if it knows sessions.
    fn session(&self) -> Option<SharedSessionRules> {
        None
    }
}

/// How much of the name of a message its payload tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// All of it, wherever the payload is seen.
    Message,
    /// Which message it is of those on its topic: device or stream are left to that.
    MessageOfTopic,
    /// Nothing.
    Nothing,
}

/// A metric that the text of a format names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskedMetric {
    /// The parameter that holds the text.
    pub parameter: &'static str,
    /// Offset in it [octets].
    pub at: usize,
    /// Id of the metric, as it is written.
    pub id: String,
}

/// What is wrong with a format: with one of the parameters that it is made from, or with what it makes of a message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct FormatFlaw {
    /// The parameter that is to blame, if it is one.
    pub parameter: Option<&'static str>,
    /// Offset in the text of that parameter [octets].
    pub at: usize,
    /// What is wrong, and where possible what was meant.
    pub reason: String,
}

impl FormatFlaw {
    /// A flaw of a parameter as a whole.
    pub fn of(parameter: &'static str, reason: impl Into<String>) -> Self {
        Self { parameter: Some(parameter), at: 0, reason: reason.into() }
    }
}

/// What identifies a message in a run, and its device time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageKey<'p> {
    /// Serial number of the device; empty where the payload leaves it to its topic.
    pub device_serial: Cow<'p, str>,
    /// Identifier of the patient, where the key is read far enough to have it.
    pub patient_id: Option<Cow<'p, str>>,
    /// Stream id; empty where the payload leaves it to its topic.
    pub stream: Cow<'p, str>,
    /// Sequence number within device and stream, for a format that has one.
    pub sequence: Option<u64>,
    /// Device time [ms since the Unix epoch], for a format that has one.
    pub device_time_ms: Option<i64>,
}

/// Why a payload does not tell which message it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The format does not carry a key.
    #[error("the format does not say which message a payload is")]
    Absent,
    /// The payload is not of the format.
    #[error("{reason}")]
    Unreadable {
        /// Where it breaks the format, and how.
        reason: String,
    },
}

/// How an observed payload compares with what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// Byte for byte.
    Bytes,
    /// Other bytes that mean the same.
    Meaning,
    /// Neither; the first byte that is not the same is `at`.
    Differs {
        /// Offset of the first differing byte.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts; upper and lower case mean the same.
    #[derive(Debug)]
    struct Letters;

    impl Format for Letters {
        fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
            out.extend_from_slice(message.stream.as_bytes());
        }

        fn key<'p>(&self, _: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
            Err(KeyError::Absent)
        }

        fn write_meaning(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
            out.extend(payload.to_ascii_lowercase());
            true
        }

        fn content_type(&self) -> &'static str {
            "text/plain"
        }
    }

    #[test]
    fn sameness_is_of_bytes_then_of_meaning() {
        assert_eq!(Letters.same(b"abc", b"abc"), Sameness::Bytes);
        assert_eq!(Letters.same(b"aBc", b"abc"), Sameness::Meaning);
        assert_eq!(Letters.same(b"abd", b"abc"), Sameness::Differs { at: 2 });
        assert_eq!(Letters.same(b"ab", b"abc"), Sameness::Differs { at: 2 });
    }
}

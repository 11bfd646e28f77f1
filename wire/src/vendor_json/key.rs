//! Which message a payload is, without reading all of it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, Error, IgnoredAny, MapAccess, Visitor};

use super::VERSION;
use crate::JsonError;
use crate::whole_number::WholeNumber;

/// What identifies a message in a run, and its device time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageKey<'a> {
    /// Serial number of the device (`d`).
    pub device_serial: Cow<'a, str>,
    /// Stream id (`st`).
    pub stream: Cow<'a, str>,
    /// Sequence number within device and stream (`s`).
    pub sequence: u64,
    /// Device time [ms since the Unix epoch] (`t`).
    pub device_time_ms: i64,
}

/// Reads the key of a vendor JSON payload, whatever the order of its keys. Borrows from `payload` unless a name holds
/// escapes.
///
/// It reads only as far as it must: what follows the last of `v`, `d`, `st`, `s`, `t` is not looked at, so a key does
/// not prove the rest of the payload sound. [`decode`](super::decode) does.
///
/// # Errors
/// [`JsonError`] when a part of the key is missing, of the wrong type or of another version, or the payload stops
/// being JSON before the key is complete.
pub fn peek(payload: &[u8]) -> Result<MessageKey<'_>, JsonError> {
    let mut parts = KeyParts::default();
    // The reader reports an unfinished object when the visitor stops early; a complete key is good all the same.
    let outcome = serde_json::Deserializer::from_slice(payload).deserialize_map(KeyVisitor(&mut parts));
    parts.key().map_err(|_| outcome.expect_err("the visitor ends well only with a complete key").into())
}

#[derive(Default)]
struct KeyParts<'de> {
    version: Option<i64>,
    device_serial: Option<Cow<'de, str>>,
    stream: Option<Cow<'de, str>>,
    sequence: Option<u64>,
    device_time_ms: Option<i64>,
}

impl<'de> KeyParts<'de> {
    /// The key, or the name of the first part that has not been seen.
    fn key(&mut self) -> Result<MessageKey<'de>, &'static str> {
        self.version.ok_or("v")?;
        let sequence = self.sequence.ok_or("s")?;
        let device_time_ms = self.device_time_ms.ok_or("t")?;
        if self.stream.is_none() {
            return Err("st");
        }
        let device_serial = self.device_serial.take().ok_or("d")?;
        let stream = self.stream.take().ok_or("st")?;
        Ok(MessageKey { device_serial, stream, sequence, device_time_ms })
    }

    fn first_missing(&self) -> Option<&'static str> {
        let missing = [
            ("v", self.version.is_none()),
            ("d", self.device_serial.is_none()),
            ("st", self.stream.is_none()),
            ("s", self.sequence.is_none()),
            ("t", self.device_time_ms.is_none()),
        ];
        missing.into_iter().find_map(|(name, is_missing)| is_missing.then_some(name))
    }
}

//! SenML, in JSON and in CBOR (RFC 8428), with the units of RFC 8428 and RFC 8798.
//!
//! A message is one pack. Its base name is `SERIAL/STREAM/`, its base time the device's clock; the record
//! `message.sequence` holds its number, `message.patient` the patient. Each metric is a record by its id, in a unit of the
//! registry of SenML where there is one, each sample of a wave too, and `ID.quality` says what is not ok. No id of a metric
//! holds a dot.

mod cbor;
mod fields;
mod json;
mod record;
mod resolved;
#[cfg(test)]
mod tests;
mod unit;

use bytes::BytesMut;
use vocabulary::{Format, KeyError, Message, MessageKey};

use self::fields::{Fields, PackError};
use self::resolved::{key_of, resolve, write_meaning};

/// SenML as JSON.
#[derive(Debug, Clone, Copy)]
pub struct SenmlJson;

/// SenML as CBOR.
#[derive(Debug, Clone, Copy)]
pub struct SenmlCbor;

/// JSON Schema (2020-12) of a pack of JSON.
pub const JSON_SCHEMA: &str = include_str!("../schemas/senml-json.schema.json");

impl Format for SenmlJson {
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
        json::encode(message, out);
    }

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        key(json::read(payload))
    }

    /// The resolved records, in whatever order and with whatever base fields they stand.
    fn write_meaning(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        meaning(json::read(payload), out)
    }

    fn content_type(&self) -> &'static str {
        "application/senml+json"
    }

    fn schema(&self) -> Option<&'static str> {
        Some(JSON_SCHEMA)
    }
}

impl Format for SenmlCbor {
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
        cbor::encode(message, out);
    }

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        key(cbor::read(payload))
    }

    /// As in JSON.
    fn write_meaning(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        meaning(cbor::read(payload), out)
    }

    fn content_type(&self) -> &'static str {
        "application/senml+cbor"
    }
}

fn key<'p>(pack: Result<Vec<Fields>, PackError>) -> Result<MessageKey<'p>, KeyError> {
    let key = pack.and_then(resolve).and_then(|records| key_of(&records));
    key.map_err(|error| KeyError::Unreadable { reason: error.to_string() })
}

fn meaning(pack: Result<Vec<Fields>, PackError>, out: &mut Vec<u8>) -> bool {
    let Ok(records) = pack.and_then(resolve) else { return false };
    write_meaning(&records, out);
    true
}

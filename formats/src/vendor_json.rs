//! The vendor JSON: one flat object a message, short keys, waveforms as integer counts.
//!
//! `{"v":1,"d":serial,"p":patient,"st":stream,"s":sequence,"t":ms,"m":{..},"c":{..},"q":{..},"w":[..]}`, minified and
//! in this order; [`SCHEMA`] is the definition. [`encode`] is the hot path of every device, [`peek`] tells which
//! message a payload is, and [`decode`] reads all of it. [`VendorJson`] is the row's code.

mod decoded;
mod encode;
mod key;
#[cfg(test)]
mod round_trip;
mod samples;

pub use decoded::{DecodedMessage, DecodedWave, decode};
pub use encode::encode;
pub use key::peek;

use bytes::BytesMut;
use vocabulary::{Format, KeyError, Message, MessageKey};

use crate::canonical_json::write_meaning_of;

/// Keys of a message.
const KEYS: &[&str] = &["v", "d", "p", "st", "s", "t", "m", "c", "q", "w"];

/// The format, for the registry.
#[derive(Debug, Clone, Copy)]
pub struct VendorJson;

impl Format for VendorJson {
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
        encode(message, out);
    }

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        peek(payload).map_err(|error| KeyError::Unreadable { reason: error.to_string() })
    }

    /// The same JSON, whatever its order of keys, white space and spelling of numbers, and whatever a stack has added beside
    /// the format's own keys.
    fn write_meaning(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        write_meaning_of(KEYS, payload, out)
    }

    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn schema(&self) -> Option<&'static str> {
        Some(SCHEMA)
    }
}

/// JSON Schema (2020-12) of the format.
pub const SCHEMA: &str = include_str!("../schemas/vendor-json.schema.json");

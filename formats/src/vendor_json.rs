//! The vendor JSON: one flat object a message, short keys, waveforms as integer counts.
//!
//! `{"v":1,"d":serial,"p":patient,"st":stream,"s":sequence,"t":ms,"m":{..},"c":{..},"q":{..},"w":[..]}`, minified and
//! in this order; [`SCHEMA`] is the definition. [`encode`] is the hot path of every device, [`peek`] tells which
//! message a payload is, and [`decode`] reads all of it.

mod decoded;
mod encode;
mod key;
#[cfg(test)]
mod round_trip;
mod samples;

pub use decoded::{DecodedMessage, DecodedWave, decode};
pub use encode::encode;
pub use key::{MessageKey, peek};

/// JSON Schema (2020-12) of the format.
pub const SCHEMA: &str = include_str!("../schemas/vendor-json.schema.json");

/// Version of the format, the value of `v`.
const VERSION: i64 = 1;

/// Most characters of a device serial or a stream id.
const NAME_LIMIT: usize = 64;

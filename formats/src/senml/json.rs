//! SenML in JSON (RFC 8428, section 5).

use bytes::BytesMut;
use serde_json::{Map, Value};
use vocabulary::Message;

use super::fields::{Fields, PackError, Scalar};
use super::record::{RecordValue, for_each};
use crate::JsonError;
use crate::decimal::write_exact;
use crate::json_text::write_string;

/// Appends a message as a pack.
pub(super) fn encode(message: &Message<'_>, out: &mut BytesMut) {
    let samples: usize = message.waves.iter().map(|wave| wave.samples.len()).sum();
    out.reserve(160 + 64 * message.readings.len() + 56 * samples);
    out.extend_from_slice(b"[{\"bn\":");
    // Identifiers hold no quotes, so the name is escaped piece by piece.
    write_string(&format!("{}/{}/", message.device_serial, message.stream), out);
    out.extend_from_slice(b",\"bt\":");
    write_exact(message.device_time_ms as f64 / 1e3, out);
    let mut opening: &[u8] = b",\"n\":\"";
    for_each(message, |record| {
        out.extend_from_slice(opening);
        out.extend_from_slice(record.name.as_bytes());
        out.extend_from_slice(record.suffix.as_bytes());
        out.extend_from_slice(b"\"");
        if let Some(unit) = record.unit {
            out.extend_from_slice(b",\"u\":\"");
            out.extend_from_slice(unit.as_bytes());
            out.extend_from_slice(b"\"");
        }
        if record.time_s != 0.0 {
            out.extend_from_slice(b",\"t\":");
            write_exact(record.time_s, out);
        }
        match record.value {
            RecordValue::Number(number) => {
                out.extend_from_slice(b",\"v\":");
                write_exact(number, out);
            }
            RecordValue::Text(text) => {
                out.extend_from_slice(b",\"vs\":");
                write_string(text, out);
            }
        }
        opening = b"},{\"n\":\"";
    });
    out.extend_from_slice(b"}]");
}

/// Reads the records of a pack.
pub(super) fn read(payload: &[u8]) -> Result<Vec<Fields>, PackError> {
    let records: Vec<Map<String, Value>> = serde_json::from_slice(payload)
        .map_err(|error| PackError::Encoding { reason: JsonError::from(error).to_string() })?;
    let records = records.into_iter().enumerate().map(|(index, entries)| {
        let mut fields = Fields::default();
        for (name, value) in entries {
            let scalar = match value {
                Value::Number(number) => number.as_f64().map(Scalar::Number),
                Value::String(text) => Some(Scalar::Text(text)),
                Value::Bool(flag) => Some(Scalar::Flag(flag)),
                Value::Null | Value::Array(_) | Value::Object(_) => None,
            };
            let set = scalar.map_or_else(
                || if name.ends_with('_') { Err(format!("`{name}` must be understood")) } else { Ok(()) },
                |scalar| fields.set(&name, scalar),
            );
            set.map_err(|reason| PackError::Record { record: index + 1, reason })?;
        }
        Ok(fields)
    });
    records.collect()
}

//! Which message some bytes are.

use std::borrow::Cow;

use vocabulary::{KeyError, MessageKey};

use super::patient;
use super::structure::{Hl7Error, Structure, quoted};
use crate::instant::read_instant;

/// Reads the key of a payload.
pub(super) fn read(payload: &[u8]) -> Result<MessageKey<'_>, KeyError> {
    key(payload).map_err(|error| KeyError::Unreadable { reason: error.to_string() })
}

fn key(payload: &[u8]) -> Result<MessageKey<'_>, Hl7Error> {
    let structure = Structure::parse(payload)?;
    let request = structure.segment("OBR")?;
    let filler = request.field(3);
    let unexpected = |field: usize, expected| Hl7Error::Unexpected {
        segment: "OBR",
        field,
        found: quoted(request.field(field).raw()),
        expected,
    };
    let sequence = filler.component(1).parse().ok();
    let (stream, serial) = (filler.component(2), filler.component(3));
    if sequence.is_none() || stream.is_empty() || serial.is_empty() {
        return Err(unexpected(3, "`SEQUENCE^STREAM^SERIAL^L`"));
    }
    // Where an observation lasts, the device speaks at its end.
    let ended = if request.field(8).raw().is_empty() { 7 } else { 8 };
    let instant = read_instant(&request.field(ended).component(1));
    let device_time_ms = instant.ok_or_else(|| unexpected(ended, "an instant with its zone"))?;
    let patient = structure.segment("PID").ok().and_then(|segment| patient::read(&segment).0);
    Ok(MessageKey {
        device_serial: Cow::Owned(serial.into_owned()),
        patient_id: patient.map(Cow::Owned),
        stream: Cow::Owned(stream.into_owned()),
        sequence,
        device_time_ms: Some(device_time_ms),
    })
}

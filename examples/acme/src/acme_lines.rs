//! Acme's payload: one line of text, `ACME1;serial;patient;stream;sequence;ms;metric=value;...`.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use bytes::BytesMut;
use iomt::sim_core::{FormatSpec, Registry};
use iomt::vocabulary::{Format, KeyError, Message, MessageKey, Value};

/// First field of every line.
pub(crate) const MARK: &str = "ACME1";

/// The format.
#[derive(Debug)]
struct AcmeLines;

impl Format for AcmeLines {
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
        let Message { device_serial, patient_id, stream, sequence, device_time_ms, readings, .. } = message;
        let patient = patient_id.unwrap_or_default();
        // Writing to memory does not fail.
        let _ = write!(out, "{MARK};{device_serial};{patient};{stream};{sequence};{device_time_ms}");
        for reading in *readings {
            let metric = reading.metric.metric();
            let _ = match reading.value {
                Value::Number(number) => write!(out, ";{}={number:.*}", metric.id, usize::from(metric.decimals)),
                Value::Code(code) => write!(out, ";{}={code}", metric.id),
                Value::Missing => write!(out, ";{}=", metric.id),
            };
        }
    }

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        let unreadable = |reason: &str| KeyError::Unreadable { reason: reason.to_owned() };
        let line = std::str::from_utf8(payload).map_err(|_| unreadable("not a text"))?;
        let fields: Vec<&str> = line.split(';').collect();
        let [MARK, serial, patient, stream, sequence, ms, ..] = fields[..] else {
            return Err(unreadable("not a line of Acme's"));
        };
        Ok(MessageKey {
            device_serial: serial.into(),
            patient_id: (!patient.is_empty()).then_some(Cow::Borrowed(patient)),
            stream: stream.into(),
            sequence: Some(sequence.parse().map_err(|_| unreadable("the sequence is no number"))?),
            device_time_ms: Some(ms.parse().map_err(|_| unreadable("the time is no number"))?),
        })
    }

    fn content_type(&self) -> &'static str {
        "text/plain"
    }
}

/// Adds the format.
pub(crate) fn register(registry: &mut Registry) {
    let about = "Acme's lines of text: `ACME1;serial;patient;stream;sequence;ms;metric=value;...`";
    registry.add(FormatSpec::fixed("acme-lines", about, Arc::new(AcmeLines)));
}

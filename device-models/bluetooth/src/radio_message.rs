//! What a device says, as bytes that lose nothing: the way of a message from a device to its Bluetooth side.
//!
//! Layout, all numbers little-endian: `1 u8 | sequence u64 | device time i64 [ms] | serial | patient | stream | readings |
//! waves`. A text is `length u16 | octets`; no patient is `0xFFFF`. Readings are `count u16` and then
//! `metric u16 | quality u8 | 0 f64`, `.. | 1 text` for a code or `.. | 2` for no value. Waves are `count u16` and then
//! `metric u16 | quality u8 | first i64 [ms] | rate u32 [mHz] | gain f64 | offset f64 | count u32 | samples i16`. Metrics
//! are positions in the metric table, so the bytes are good within one version only and never leave the program.

use bytes::{BufMut, BytesMut};
use thiserror::Error;
use vocabulary::{
    Format, KeyError, Message, MessageKey, MetricId, OwnedMessage, OwnedReading, OwnedValue, OwnedWave, Quality, Value,
};

/// Version of the layout.
const VERSION: u8 = 1;

const NO_PATIENT: u16 = 0xFFFF;

const NUMBER: u8 = 0;
const CODE: u8 = 1;
const MISSING: u8 = 2;

const QUALITIES: [Quality; 7] = [
    Quality::Ok,
    Quality::Questionable,
    Quality::Invalid,
    Quality::Calibrating,
    Quality::NotAvailable,
    Quality::Test,
    Quality::Demo,
];

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum RadioMessageError {
    /// They end too early.
    #[error("{length} octets end within a field that begins at octet {at}")]
    Short {
        /// Where the field begins.
        at: usize,
        /// Octets there are.
        length: usize,
    },
    /// A field holds what it may not.
    #[error("octet {at} begins a {field} that does not exist: {value}")]
    Unknown {
        /// Where the field begins.
        at: usize,
        /// What the field is.
        field: &'static str,
        /// What it holds.
        value: u16,
    },
    /// A text is not UTF-8.
    #[error("the text at octet {at} is not UTF-8")]
    Text {
        /// Where it begins.
        at: usize,
    },
    /// There is more than one message.
    #[error("the message ends at octet {at} of {length}")]
    Trailing {
        /// Where the message ends.
        at: usize,
        /// Octets there are.
        length: usize,
    },
}

/// The format, for the registry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RadioMessage;

impl Format for RadioMessage {
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
        encode(message, out);
    }

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        let message = decode(payload).map_err(|error| KeyError::Unreadable { reason: error.to_string() })?;
        Ok(MessageKey {
            device_serial: message.device_serial.into(),
            patient_id: message.patient_id.map(Into::into),
            stream: message.stream.into(),
            sequence: Some(message.sequence),
            device_time_ms: Some(message.device_time_ms),
        })
    }

    fn content_type(&self) -> &'static str {
        "application/octet-stream"
    }
}

/// Appends `message`. Texts are cut at 65534 octets, lists at 65535 entries.
pub(crate) fn encode(message: &Message<'_>, out: &mut BytesMut) {
    out.put_u8(VERSION);
    out.put_u64_le(message.sequence);
    out.put_i64_le(message.device_time_ms);
    put_text(message.device_serial, out);
    match message.patient_id {
        Some(patient_id) => put_text(patient_id, out),
        None => out.put_u16_le(NO_PATIENT),
    }
    put_text(message.stream, out);
    let readings = &message.readings[..message.readings.len().min(usize::from(u16::MAX))];
    out.put_u16_le(readings.len() as u16);
    for reading in readings {
        out.put_u16_le(reading.metric.index() as u16);
        out.put_u8(quality_number(reading.quality));
        match reading.value {
            Value::Number(value) => {
                out.put_u8(NUMBER);
                out.put_f64_le(value);
            }
            Value::Code(code) => {
                out.put_u8(CODE);
                put_text(code, out);
            }
            Value::Missing => out.put_u8(MISSING),
        }
    }
    let waves = &message.waves[..message.waves.len().min(usize::from(u16::MAX))];
    out.put_u16_le(waves.len() as u16);
    for wave in waves {
        out.put_u16_le(wave.metric.index() as u16);
        out.put_u8(quality_number(wave.quality));
        out.put_i64_le(wave.first_ms);
        out.put_u32_le(wave.rate_mhz);
        out.put_f64_le(wave.gain);
        out.put_f64_le(wave.offset);
        out.put_u32_le(wave.samples.len() as u32);
        wave.samples.iter().for_each(|sample| out.put_i16_le(*sample));
    }
}

fn put_text(text: &str, out: &mut BytesMut) {
    let mut length = text.len().min(usize::from(NO_PATIENT) - 1);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    out.put_u16_le(length as u16);
    out.extend_from_slice(&text.as_bytes()[..length]);
}

fn quality_number(quality: Quality) -> u8 {
    QUALITIES.iter().position(|known| *known == quality).unwrap_or_default() as u8
}

/// Reads a whole message.
///
/// # Errors
/// [`RadioMessageError`] for anything that [`encode`] does not write.
pub(crate) fn decode(bytes: &[u8]) -> Result<OwnedMessage, RadioMessageError> {
    let mut reader = Reader { bytes, at: 0 };
    let [version] = reader.octets()?;
    if version != VERSION {
        return Err(RadioMessageError::Unknown { at: 0, field: "version", value: u16::from(version) });
    }
    let sequence = u64::from_le_bytes(reader.octets()?);
    let device_time_ms = i64::from_le_bytes(reader.octets()?);
    let device_serial = reader.text()?;
    let has_patient = reader.peek_u16()? != NO_PATIENT;
    let patient_id = if has_patient {
        Some(reader.text()?)
    } else {
        reader.u16()?;
        None
    };
    let stream = reader.text()?;
    let mut readings = Vec::new();
    for _ in 0..reader.u16()? {
        readings.push(reader.reading()?);
    }
    let mut waves = Vec::new();
    for _ in 0..reader.u16()? {
        waves.push(reader.wave()?);
    }
    if reader.at < bytes.len() {
        return Err(RadioMessageError::Trailing { at: reader.at, length: bytes.len() });
    }
    Ok(OwnedMessage { device_serial, patient_id, stream, sequence, device_time_ms, readings, waves })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn slice(&mut self, length: usize) -> Result<&'a [u8], RadioMessageError> {
        let short = RadioMessageError::Short { at: self.at, length: self.bytes.len() };
        let end = self.at.checked_add(length).ok_or(short)?;
        let slice = self.bytes.get(self.at..end).ok_or(short)?;
        self.at = end;
        Ok(slice)
    }

    fn octets<const N: usize>(&mut self) -> Result<[u8; N], RadioMessageError> {
        let mut octets = [0; N];
        octets.copy_from_slice(self.slice(N)?);
        Ok(octets)
    }

    fn u16(&mut self) -> Result<u16, RadioMessageError> {
        Ok(u16::from_le_bytes(self.octets()?))
    }

    fn peek_u16(&mut self) -> Result<u16, RadioMessageError> {
        let at = self.at;
        let value = self.u16();
        self.at = at;
        value
    }

    fn text(&mut self) -> Result<String, RadioMessageError> {
        let at = self.at;
        let length = self.u16()?;
        let octets = self.slice(usize::from(length))?;
        std::str::from_utf8(octets).map(str::to_owned).map_err(|_| RadioMessageError::Text { at })
    }

    fn metric(&mut self) -> Result<MetricId, RadioMessageError> {
        let at = self.at;
        let value = self.u16()?;
        MetricId::at(usize::from(value)).ok_or(RadioMessageError::Unknown { at, field: "metric", value })
    }

    fn quality(&mut self) -> Result<Quality, RadioMessageError> {
        let at = self.at;
        let [value] = self.octets()?;
        let known = QUALITIES.get(usize::from(value)).copied();
        known.ok_or(RadioMessageError::Unknown { at, field: "quality", value: u16::from(value) })
    }

    fn reading(&mut self) -> Result<OwnedReading, RadioMessageError> {
        let metric = self.metric()?;
        let quality = self.quality()?;
        let at = self.at;
        let [kind] = self.octets()?;
        let value = match kind {
            NUMBER => OwnedValue::Number(f64::from_le_bytes(self.octets()?)),
            CODE => OwnedValue::Code(self.text()?),
            MISSING => OwnedValue::Missing,
            _ => return Err(RadioMessageError::Unknown { at, field: "kind of value", value: u16::from(kind) }),
        };
        Ok(OwnedReading { metric, value, quality })
    }

    fn wave(&mut self) -> Result<OwnedWave, RadioMessageError> {
        let metric = self.metric()?;
        let quality = self.quality()?;
        let first_ms = i64::from_le_bytes(self.octets()?);
        let rate_mhz = u32::from_le_bytes(self.octets()?);
        let gain = f64::from_le_bytes(self.octets()?);
        let offset = f64::from_le_bytes(self.octets()?);
        let count = u32::from_le_bytes(self.octets()?) as usize;
        let octets = self.slice(count.saturating_mul(2))?;
        let samples = octets.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        Ok(OwnedWave { metric, first_ms, rate_mhz, gain, offset, samples, quality })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use vocabulary::{Origin, Reading, Wave, metrics};

    use super::*;

    const CODES: [&str; 3] = ["infusing", "lead \"off\"\n", ""];

    fn reading() -> impl Strategy<Value = Reading> {
        let metrics: Vec<MetricId> = MetricId::all().collect();
        let value = prop_oneof![
            any::<f64>().prop_filter("comparable", |value| !value.is_nan()).prop_map(Value::Number),
            (0..CODES.len()).prop_map(|index| Value::Code(CODES[index])),
            Just(Value::Missing),
        ];
        (proptest::sample::select(metrics), value, proptest::sample::select(QUALITIES.to_vec()))
            .prop_map(|(metric, value, quality)| Reading { metric, value, quality })
    }

    proptest! {
        #[test]
        fn nothing_is_lost(
            texts in (any::<String>(), option::of(any::<String>()), any::<String>()),
            numbers in (any::<u64>(), any::<i64>()),
            readings in vec(reading(), 0..6),
            runs in vec((vec(any::<i16>(), 0..50), any::<i64>(), 1_u32.., -1e6_f64..1e6, -1e6_f64..1e6), 0..3),
        ) {
            let metric = metrics::ECG_II;
            let waves: Vec<Wave<'_>> = runs
                .iter()
                .map(|(samples, first_ms, rate_mhz, gain, offset)| Wave {
                    metric, first_ms: *first_ms, rate_mhz: *rate_mhz, gain: *gain, offset: *offset, samples,
                    quality: Quality::Questionable,
                })
                .collect();
            let (serial, patient, stream) = &texts;
            let message = Message {
                device_serial: serial,
                patient_id: patient.as_deref(),
                stream,
                sequence: numbers.0,
                device_time_ms: numbers.1,
                readings: &readings,
                waves: &waves,
                origin: Origin::default(),
            };
            let mut out = BytesMut::new();
            encode(&message, &mut out);
            let said = decode(&out).expect("whole");
            prop_assert_eq!((&said.device_serial, &said.patient_id, &said.stream), (serial, patient, stream));
            prop_assert_eq!((said.sequence, said.device_time_ms), numbers);
            prop_assert_eq!(said.readings.len(), readings.len());
            for (said, reading) in said.readings.iter().zip(&readings) {
                let value = match reading.value {
                    Value::Number(value) => OwnedValue::Number(value),
                    Value::Code(code) => OwnedValue::Code(code.to_owned()),
                    Value::Missing => OwnedValue::Missing,
                };
                prop_assert_eq!(said, &OwnedReading { metric: reading.metric, value, quality: reading.quality });
            }
            for (said, (samples, first_ms, rate_mhz, gain, offset)) in said.waves.iter().zip(&runs) {
                prop_assert_eq!(&said.samples, samples);
                prop_assert_eq!((said.first_ms, said.rate_mhz), (*first_ms, *rate_mhz));
                prop_assert_eq!((said.gain, said.offset), (*gain, *offset));
            }
            for end in 0..out.len() {
                prop_assert!(decode(&out[..end]).is_err(), "{} octets of {}", end, out.len());
            }
        }

        #[test]
        fn any_bytes_are_answered(mut bytes in vec(any::<u8>(), 0..200)) {
            if let Some(first) = bytes.first_mut() {
                *first = VERSION;
            }
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(decode(&[2]), Err(RadioMessageError::Unknown { at: 0, field: "version", value: 2 }));
        assert_eq!(decode(&[1, 0]), Err(RadioMessageError::Short { at: 1, length: 2 }));
        let message = Message {
            device_serial: "s",
            patient_id: None,
            stream: "hr",
            sequence: 0,
            device_time_ms: 0,
            readings: &[],
            waves: &[],
            origin: Origin::default(),
        };
        let mut out = BytesMut::new();
        encode(&message, &mut out);
        let at = out.len();
        out.put_u8(0);
        assert_eq!(decode(&out), Err(RadioMessageError::Trailing { at, length: at + 1 }));
    }
}

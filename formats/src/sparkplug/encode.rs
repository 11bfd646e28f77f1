//! A message as a payload, before it belongs to a session: metrics by their names, without a sequence number.

use bytes::{BufMut, BytesMut};
use vocabulary::{Message, Quality, Reading, Value, Wave};

use super::payload::field;
use super::tag::{self, Tag};
use super::wire::{write_double, write_message, write_number, write_octets};
use crate::decimal::scaled;

/// The property that says how far to trust a value (tck-id-payloads-propertyset-quality-value-value), and the reason in words.
pub(super) const QUALITY: &str = "Quality";
pub(super) const REASON: &str = "Reason";
const GOOD: u64 = 192;
const BAD: u64 = 0;
const STALE: u64 = 500;

/// Properties of samples.
pub(super) const SAMPLE_RATE: &str = "SampleRate";
pub(super) const GAIN: &str = "Gain";
pub(super) const OFFSET: &str = "Offset";

const fn quality_code(quality: Quality) -> u64 {
    match quality {
        Quality::Ok | Quality::Questionable | Quality::Test | Quality::Demo => GOOD,
        Quality::Invalid => BAD,
        Quality::Calibrating | Quality::NotAvailable => STALE,
    }
}

/// Appends a message; `is_historical` if it comes later than it was measured.
pub(crate) fn encode(message: &Message<'_>, is_historical: bool, out: &mut BytesMut) {
    let time_ms = message.device_time_ms.cast_unsigned();
    write_number(field::PAYLOAD_TIMESTAMP, time_ms, out);
    let text = |name: &str, text: &str, out: &mut BytesMut| {
        write_metric(name, tag::STRING, (time_ms, is_historical), out, |out| {
            write_octets(field::STRING, text.as_bytes(), out);
        });
    };
    text(tag::DEVICE, message.device_serial, out);
    text(tag::STREAM, message.stream, out);
    write_metric(tag::SEQUENCE, tag::UINT_64, (time_ms, is_historical), out, |out| {
        write_number(field::LONG, message.sequence, out);
    });
    if let Some(patient) = message.patient_id {
        text(tag::PATIENT, patient, out);
    }
    for reading in message.readings {
        write_reading(reading, (time_ms, is_historical), out);
    }
    for wave in message.waves {
        write_wave(wave, is_historical, out);
    }
}

/// A metric of a time, which may be of the past.
fn write_metric(
    name: &str,
    datatype: u64,
    (time_ms, is_historical): (u64, bool),
    out: &mut BytesMut,
    rest: impl FnOnce(&mut BytesMut),
) {
    write_message(field::PAYLOAD_METRIC, out, |out| {
        write_octets(field::NAME, name.as_bytes(), out);
        write_number(field::TIMESTAMP, time_ms, out);
        write_number(field::DATATYPE, datatype, out);
        if is_historical {
            write_number(field::IS_HISTORICAL, 1, out);
        }
        rest(out);
    });
}

fn write_reading(reading: &Reading, time: (u64, bool), out: &mut BytesMut) {
    let metric = reading.metric.metric();
    let number = match reading.value {
        // As many decimals as the metric has, as in every format.
        Value::Number(number) => {
            scaled(number, metric.decimals).map(|scaled| scaled as f64 / libm::exp10(f64::from(metric.decimals)))
        }
        Value::Code(_) | Value::Missing => None,
    };
    let datatype = match reading.value {
        Value::Code(_) => tag::STRING,
        Value::Number(_) => tag::DOUBLE,
        Value::Missing => Tag::Of(reading.metric).datatype(),
    };
    write_metric(metric.id, datatype, time, out, |out| {
        if number.is_none() && !matches!(reading.value, Value::Code(_)) {
            write_number(field::IS_NULL, 1, out);
        }
        if reading.quality != Quality::Ok {
            write_message(field::PROPERTIES, out, |out| write_quality(reading.quality, out));
        }
        match (reading.value, number) {
            (Value::Code(code), _) => write_octets(field::STRING, code.as_bytes(), out),
            (_, Some(number)) => write_double(field::DOUBLE, number, out),
            (_, None) => {}
        }
    });
}

fn write_wave(wave: &Wave<'_>, is_historical: bool, out: &mut BytesMut) {
    let name = wave.metric.metric().id;
    write_metric(name, tag::INT_16_ARRAY, (wave.first_ms.cast_unsigned(), is_historical), out, |out| {
        write_message(field::PROPERTIES, out, |out| {
            for key in [SAMPLE_RATE, GAIN, OFFSET] {
                write_octets(field::PROPERTY_KEY, key.as_bytes(), out);
            }
            for value in [f64::from(wave.rate_mhz) / 1e3, wave.gain, wave.offset] {
                write_message(field::PROPERTY_VALUE, out, |out| {
                    write_number(field::PROPERTY_TYPE, tag::DOUBLE, out);
                    write_double(field::PROPERTY_DOUBLE, value, out);
                });
            }
            if wave.quality != Quality::Ok {
                write_quality(wave.quality, out);
            }
        });
        // Octets of the samples, the lower one first (section 6.4.17).
        let mut samples = BytesMut::with_capacity(2 * wave.samples.len());
        for sample in wave.samples {
            samples.put_i16_le(*sample);
        }
        write_octets(field::BYTES, &samples, out);
    });
}

fn write_quality(quality: Quality, out: &mut BytesMut) {
    write_octets(field::PROPERTY_KEY, QUALITY.as_bytes(), out);
    write_octets(field::PROPERTY_KEY, REASON.as_bytes(), out);
    write_message(field::PROPERTY_VALUE, out, |out| {
        write_number(field::PROPERTY_TYPE, tag::INT_32, out);
        write_number(field::PROPERTY_INT, quality_code(quality), out);
    });
    write_text_property(quality.word(), out);
}

/// The value of a property that is a text.
pub(super) fn write_text_property(text: &str, out: &mut BytesMut) {
    write_message(field::PROPERTY_VALUE, out, |out| {
        write_number(field::PROPERTY_TYPE, tag::STRING, out);
        write_octets(field::PROPERTY_STRING, text.as_bytes(), out);
    });
}

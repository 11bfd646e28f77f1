//! Messages as vendor JSON.

use bytes::BytesMut;
use vocabulary::{Message, MetricKind, Quality, Reading, Value, Wave};

use super::samples::write_samples;
use crate::decimal::{write_exact, write_integer, write_rounded};
use crate::json_text::{write_escaped, write_string};

/// Appends `message` as vendor JSON. Allocates nothing but the growth of `out`.
///
/// - Numbers are rounded to their metric's decimals and written as plain decimals; a value that is missing, not finite
///   or beyond any quantity (9e18 steps) is `null`.
/// - A coded reading goes into `c`. A missing one has no text to put there, so only `q` names it, as `not-available`
///   when the device gave no reason.
/// - `q` lists exactly the metrics whose quality is not ok. A wave without samples is not written, but its quality is.
/// - The schema wants one of `m`, `c`, `w`: a message with no value at all (a heartbeat, or nothing but missing codes)
///   carries an empty `c`, the one section that may be empty.
/// - Wave scales are the shortest text that reads back as the same `f64`.
///
/// It cannot fail, and trusts its caller that serial and stream have 1 to 64 characters, that sequence and times lie
/// within 2^53, that each metric appears once among readings and waves, and that a wave's rate is not zero and its
/// scale finite; [`decode`] refuses what comes of anything else.
///
/// [`decode`]: crate::vendor_json::decode
pub fn encode(message: &Message<'_>, out: &mut BytesMut) {
    out.reserve(estimated_length(message));
    // Quotes stand in the texts between, for each piece costs as much as its digits.
    out.extend_from_slice(b"{\"v\":1,\"d\":\"");
    write_escaped(message.device_serial, out);
    if let Some(patient_id) = message.patient_id {
        out.extend_from_slice(b"\",\"p\":\"");
        write_escaped(patient_id, out);
    }
    out.extend_from_slice(b"\",\"st\":\"");
    write_escaped(message.stream, out);
    out.extend_from_slice(b"\",\"s\":");
    write_integer(message.sequence, out);
    out.extend_from_slice(b",\"t\":");
    write_integer(message.device_time_ms, out);
    let numbers = write_numbers(message.readings, out);
    let has_waves = message.waves.iter().any(|wave| !wave.samples.is_empty());
    write_codes(message.readings, numbers == 0 && !has_waves, out);
    write_qualities(message, out);
    if has_waves {
        write_waves(message.waves, out);
    }
    out.extend_from_slice(b"}");
}

/// Bytes that hold any usual message of this shape, so that the buffer grows once.
fn estimated_length(message: &Message<'_>) -> usize {
    // Keys, times and punctuation; then `"metric":value,` twice (value and quality), then `-12345,` a sample.
    let samples: usize = message.waves.iter().map(|wave| wave.samples.len()).sum();
    160 + message.device_serial.len() + 48 * message.readings.len() + 112 * message.waves.len() + 7 * samples
}

/// Writes the `,"m":{..}` section and returns how many values it has.
fn write_numbers(readings: &[Reading], out: &mut BytesMut) -> usize {
    let mut section = Section::new(b",\"m\":{\"");
    for reading in readings {
        let metric = reading.metric.metric();
        match reading.value {
            Value::Number(value) => {
                section.write_key(metric.id, out);
                write_rounded(value, metric.decimals, out);
            }
            Value::Missing if metric.kind != MetricKind::Coded => {
                section.write_key(metric.id, out);
                out.extend_from_slice(b"null");
            }
            Value::Missing | Value::Code(_) => {}
        }
    }
    section.close(out);
    section.entries
}

fn write_codes(readings: &[Reading], even_if_empty: bool, out: &mut BytesMut) {
    let mut section = Section::new(b",\"c\":{\"");
    for reading in readings {
        if let Value::Code(code) = reading.value {
            section.write_key(reading.metric.metric().id, out);
            write_string(code, out);
        }
    }
    if section.entries == 0 && even_if_empty {
        out.extend_from_slice(b",\"c\":{}");
    }
    section.close(out);
}

fn write_qualities(message: &Message<'_>, out: &mut BytesMut) {
    let mut section = Section::new(b",\"q\":{\"");
    let readings = message.readings.iter().map(|reading| (reading.metric, declared_quality(reading)));
    let waves = message.waves.iter().map(|wave| (wave.metric, wave.quality));
    for (metric, quality) in readings.chain(waves).filter(|(_, quality)| *quality != Quality::Ok) {
        section.write_key(metric.metric().id, out);
        out.extend_from_slice(b"\"");
        out.extend_from_slice(quality.word().as_bytes());
        out.extend_from_slice(b"\"");
    }
    section.close(out);
}

/// A missing code appears in no other section, so it must not pass for ok.
fn declared_quality(reading: &Reading) -> Quality {
    let unseen = reading.value == Value::Missing && reading.metric.metric().kind == MetricKind::Coded;
    if unseen && reading.quality == Quality::Ok { Quality::NotAvailable } else { reading.quality }
}

fn write_waves(waves: &[Wave<'_>], out: &mut BytesMut) {
    let mut opening: &[u8] = b",\"w\":[{\"id\":\"";
    for wave in waves.iter().filter(|wave| !wave.samples.is_empty()) {
        out.extend_from_slice(opening);
        out.extend_from_slice(wave.metric.metric().id.as_bytes());
        out.extend_from_slice(b"\",\"t\":");
        write_integer(wave.first_ms, out);
        out.extend_from_slice(b",\"f\":");
        write_exact(f64::from(wave.rate_mhz) / 1000.0, out);
        out.extend_from_slice(b",\"k\":");
        write_exact(wave.gain, out);
        out.extend_from_slice(b",\"o\":");
        write_exact(wave.offset, out);
        out.extend_from_slice(b",\"x\":[");
        write_samples(wave.samples, out);
        out.extend_from_slice(b"]}");
        opening = b",{\"id\":\"";
    }
    out.extend_from_slice(b"]");
}

/// A `,"name":{"key":..,"key":..}` section that is written only if it has entries.
struct Section {
    opening: &'static [u8],
    entries: usize,
}

impl Section {
    /// A section that opens with `,"name":{"`.
    fn new(opening: &'static [u8]) -> Self {
        Self { opening, entries: 0 }
    }

    /// Opens the section if need be, and writes `"key":`. Metric ids need no escapes: `^[a-z][a-z0-9_]*$`.
    fn write_key(&mut self, key: &str, out: &mut BytesMut) {
        if self.entries == 0 {
            out.extend_from_slice(self.opening);
        } else {
            out.extend_from_slice(b",\"");
        }
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        self.entries += 1;
    }

    fn close(&self, out: &mut BytesMut) {
        if self.entries > 0 {
            out.extend_from_slice(b"}");
        }
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::{MetricId, Origin, metrics};

    use super::*;

    fn text(message: &Message<'_>) -> String {
        let mut out = BytesMut::from(&b"before "[..]);
        encode(message, &mut out);
        let text = String::from_utf8(out.to_vec()).expect("JSON is UTF-8");
        text.strip_prefix("before ").expect("the message is appended").to_owned()
    }

    fn heartbeat() -> Message<'static> {
        Message {
            device_serial: "mon-0001",
            patient_id: Some("SIM-000001"),
            stream: "vitals",
            sequence: 17,
            device_time_ms: 1_768_471_200_000,
            readings: &[],
            waves: &[],
            origin: Origin::default(),
        }
    }

    #[test]
    fn every_section_in_its_place() {
        let readings = [
            Reading::number(metrics::HR, 72.4),
            Reading::code(metrics::RHYTHM, "sinus"),
            Reading::missing(metrics::SPO2, Quality::NotAvailable),
            Reading::number(metrics::TEMP_CORE, 36.849_999).with_quality(Quality::Questionable),
        ];
        let waves = [Wave {
            metric: metrics::ECG_II,
            first_ms: 1_768_471_199_000,
            rate_mhz: 62_500,
            gain: 0.001,
            offset: -0.5,
            samples: &[-32768, 0, 16, 32767],
            quality: Quality::Invalid,
        }];
        let expected = concat!(
            r#"{"v":1,"d":"mon-0001","p":"SIM-000001","st":"vitals","s":17,"t":1768471200000,"#,
            r#""m":{"hr":72,"spo2":null,"temp_core":36.8},"c":{"rhythm":"sinus"},"#,
            r#""q":{"spo2":"not-available","temp_core":"questionable","ecg_ii":"invalid"},"#,
            r#""w":[{"id":"ecg_ii","t":1768471199000,"f":62.5,"k":0.001,"o":-0.5,"x":[-32768,0,16,32767]}]}"#
        );
        assert_eq!(text(&Message { readings: &readings, waves: &waves, ..heartbeat() }), expected);
    }

    #[test]
    fn a_message_without_values_has_an_empty_code_section() {
        let expected = r#"{"v":1,"d":"mon-0001","p":"SIM-000001","st":"vitals","s":17,"t":1768471200000,"c":{}}"#;
        assert_eq!(text(&heartbeat()), expected);
    }

    #[test]
    fn a_missing_code_is_named_in_the_qualities() {
        let readings = [Reading::missing(metrics::RHYTHM, Quality::Ok)];
        let message = Message { patient_id: None, readings: &readings, ..heartbeat() };
        let expected = concat!(
            r#"{"v":1,"d":"mon-0001","st":"vitals","s":17,"t":1768471200000,"#,
            r#""c":{},"q":{"rhythm":"not-available"}}"#
        );
        assert_eq!(text(&message), expected);
    }

    #[test]
    fn a_wave_without_samples_leaves_only_its_quality() {
        let wave = |samples| Wave {
            metric: metrics::PLETH,
            first_ms: 5,
            rate_mhz: 125_000,
            gain: 1.0,
            offset: 0.0,
            samples,
            quality: Quality::NotAvailable,
        };
        let ecg = Wave { metric: metrics::ECG_I, quality: Quality::Ok, ..wave(&[7]) };
        let both = text(&Message { waves: &[wave(&[]), ecg], ..heartbeat() });
        assert!(
            both.ends_with(r#""q":{"pleth":"not-available"},"w":[{"id":"ecg_i","t":5,"f":125,"k":1,"o":0,"x":[7]}]}"#)
        );
        assert!(
            text(&Message { waves: &[wave(&[])], ..heartbeat() })
                .ends_with(r#","c":{},"q":{"pleth":"not-available"}}"#)
        );
    }

    #[test]
    fn metric_ids_need_no_escapes() {
        for metric in MetricId::all().map(MetricId::metric) {
            assert!(metric.id.starts_with(|c: char| c.is_ascii_lowercase()), "{}", metric.id);
            assert!(
                metric.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                "{}",
                metric.id
            );
        }
    }
}

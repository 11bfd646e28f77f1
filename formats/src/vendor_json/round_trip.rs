//! What is written reads back: random messages through [`encode`], [`decode`] and [`peek`].

use bytes::BytesMut;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use vocabulary::{Message, MetricId, MetricKind, Quality, Reading, Value, Wave};

use super::{decode, encode, peek};
use crate::whole_number::LARGEST;

/// A message that owns its parts.
#[derive(Debug, Clone)]
struct Draft {
    device_serial: String,
    patient_id: Option<String>,
    stream: String,
    sequence: u64,
    device_time_ms: i64,
    readings: Vec<Reading>,
    waves: Vec<WaveDraft>,
}

#[derive(Debug, Clone)]
struct WaveDraft {
    metric: MetricId,
    first_ms: i64,
    rate_mhz: u32,
    gain: f64,
    offset: f64,
    samples: Vec<i16>,
    quality: Quality,
}

fn quality() -> impl Strategy<Value = Quality> {
    prop_oneof![
        4 => Just(Quality::Ok),
        1 => prop_oneof![
            Just(Quality::Questionable),
            Just(Quality::Invalid),
            Just(Quality::Calibrating),
            Just(Quality::NotAvailable),
            Just(Quality::Test),
            Just(Quality::Demo),
        ],
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (-1e6_f64..1e6).prop_map(Value::Number),
        1 => any::<f64>().prop_map(Value::Number),
        1 => prop_oneof![Just("infusing"), Just("lead \"off\"\n"), Just("")].prop_map(Value::Code),
        1 => Just(Value::Missing),
    ]
}

fn metric(waveform: bool) -> impl Strategy<Value = MetricId> {
    let metrics: Vec<_> = MetricId::all().filter(|id| (id.metric().kind == MetricKind::Waveform) == waveform).collect();
    proptest::sample::select(metrics)
}

fn reading_parts() -> impl Strategy<Value = Vec<Reading>> {
    btree_map(metric(false), (value(), quality()), 0..8).prop_map(|readings| {
        readings.into_iter().map(|(metric, (value, quality))| Reading { metric, value, quality }).collect()
    })
}

fn wave_parts() -> impl Strategy<Value = Vec<WaveDraft>> {
    let scale = any::<f64>().prop_filter("finite", |value| value.is_finite());
    let wave = (-LARGEST..=LARGEST, 1_u32.., scale.clone(), scale, vec(any::<i16>(), 0..200), quality());
    btree_map(metric(true), wave, 0..4).prop_map(|waves| {
        let draft = |(metric, (first_ms, rate_mhz, gain, offset, samples, quality))| WaveDraft {
            metric,
            first_ms,
            rate_mhz,
            gain,
            offset,
            samples,
            quality,
        };
        waves.into_iter().map(draft).collect()
    })
}

fn draft() -> impl Strategy<Value = Draft> {
    let key = (".{1,64}", option::of(any::<String>()), ".{1,64}", 0..=LARGEST as u64, -LARGEST..=LARGEST);
    (key, reading_parts(), wave_parts()).prop_map(
        |((device_serial, patient_id, stream, sequence, device_time_ms), readings, waves)| Draft {
            device_serial,
            patient_id,
            stream,
            sequence,
            device_time_ms,
            readings,
            waves,
        },
    )
}

fn encoded(draft: &Draft) -> BytesMut {
    let waves: Vec<_> = draft
        .waves
        .iter()
        .map(|wave| Wave {
            metric: wave.metric,
            first_ms: wave.first_ms,
            rate_mhz: wave.rate_mhz,
            gain: wave.gain,
            offset: wave.offset,
            samples: &wave.samples,
            quality: wave.quality,
        })
        .collect();
    let message = Message {
        device_serial: &draft.device_serial,
        patient_id: draft.patient_id.as_deref(),
        stream: &draft.stream,
        sequence: draft.sequence,
        device_time_ms: draft.device_time_ms,
        readings: &draft.readings,
        waves: &waves,
    };
    let mut out = BytesMut::new();
    encode(&message, &mut out);
    out
}

proptest! {
    #[test]
    fn a_written_message_reads_back(draft in draft()) {
        let payload = encoded(&draft);
        let decoded = decode(&payload).expect("what is written follows the schema");

        prop_assert_eq!(&decoded.device_serial, &draft.device_serial);
        prop_assert_eq!(&decoded.patient_id, &draft.patient_id);
        prop_assert_eq!(&decoded.stream, &draft.stream);
        prop_assert_eq!(decoded.sequence, draft.sequence);
        prop_assert_eq!(decoded.device_time_ms, draft.device_time_ms);

        for reading in &draft.readings {
            let metric = reading.metric.metric();
            let number = decoded.numbers.get(metric.id);
            let code = decoded.codes.get(metric.id);
            let quality = decoded.qualities.get(metric.id).copied().unwrap_or_default();
            match reading.value {
                Value::Number(value) => {
                    let step = libm::exp10(-f64::from(metric.decimals));
                    match number.expect("every number is written") {
                        Some(read) => {
                            prop_assert!((read - value).abs() <= step * 0.5 + value.abs() * 4.0 * f64::EPSILON);
                        }
                        None => prop_assert!(!value.is_finite() || (value / step).abs() >= 8.9e18),
                    }
                    prop_assert_eq!(quality, reading.quality);
                }
                Value::Code(written) => {
                    prop_assert_eq!(code.map(String::as_str), Some(written));
                    prop_assert_eq!(quality, reading.quality);
                }
                Value::Missing if metric.kind == MetricKind::Coded => {
                    prop_assert_eq!(number, None);
                    prop_assert_eq!(code, None);
                    prop_assert!(quality != Quality::Ok);
                }
                Value::Missing => {
                    prop_assert_eq!(number, Some(&None));
                    prop_assert_eq!(quality, reading.quality);
                }
            }
        }

        let written: Vec<_> = draft.waves.iter().filter(|wave| !wave.samples.is_empty()).collect();
        prop_assert_eq!(decoded.waves.len(), written.len());
        for (read, wave) in decoded.waves.iter().zip(written) {
            prop_assert_eq!(&read.metric, &wave.metric.metric().id);
            prop_assert_eq!(read.first_ms, wave.first_ms);
            prop_assert_eq!(read.rate_hz, f64::from(wave.rate_mhz) / 1000.0);
            prop_assert_eq!(read.gain, wave.gain);
            prop_assert_eq!(read.offset, wave.offset);
            prop_assert!(read.samples.iter().copied().eq(wave.samples.iter().copied().map(Some)));
        }
        for wave in &draft.waves {
            let quality = decoded.qualities.get(wave.metric.metric().id).copied().unwrap_or_default();
            prop_assert_eq!(quality, wave.quality);
        }
    }

    #[test]
    fn the_key_of_a_written_message_is_found(draft in draft()) {
        let payload = encoded(&draft);
        let key = peek(&payload).expect("every message has a key");
        prop_assert_eq!(&*key.device_serial, draft.device_serial.as_str());
        prop_assert_eq!(&*key.stream, draft.stream.as_str());
        prop_assert_eq!(key.sequence, Some(draft.sequence));
        prop_assert_eq!(key.device_time_ms, Some(draft.device_time_ms));
    }

    // A payload that lost its tail on the way is not taken for a whole one.
    #[test]
    fn a_cut_message_is_refused(draft in draft(), cut in any::<proptest::sample::Index>()) {
        let payload = encoded(&draft);
        let kept = cut.index(payload.len());
        prop_assert!(decode(&payload[..kept]).is_err());
    }

    #[test]
    fn any_bytes_are_answered(payload in any::<Vec<u8>>()) {
        let _ = decode(&payload);
    }
}

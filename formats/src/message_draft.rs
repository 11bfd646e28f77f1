//! Random messages for tests, as owned parts.

use bytes::BytesMut;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use vocabulary::{Format, Message, MetricId, MetricKind, Origin, Quality, Reading, Value, Wave};

use crate::whole_number::LARGEST;

/// A message that owns its parts.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) device_serial: String,
    pub(crate) patient_id: Option<String>,
    pub(crate) stream: String,
    pub(crate) sequence: u64,
    pub(crate) device_time_ms: i64,
    pub(crate) readings: Vec<Reading>,
    pub(crate) waves: Vec<WaveDraft>,
}

#[derive(Debug, Clone)]
pub(crate) struct WaveDraft {
    pub(crate) metric: MetricId,
    pub(crate) first_ms: i64,
    pub(crate) rate_mhz: u32,
    pub(crate) gain: f64,
    pub(crate) offset: f64,
    pub(crate) samples: Vec<i16>,
    pub(crate) quality: Quality,
}

impl Draft {
    /// Lets `look` see the message.
    pub(crate) fn with_message<T>(&self, look: impl FnOnce(&Message<'_>) -> T) -> T {
        let waves: Vec<_> = self
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
        look(&Message {
            device_serial: &self.device_serial,
            patient_id: self.patient_id.as_deref(),
            stream: &self.stream,
            sequence: self.sequence,
            device_time_ms: self.device_time_ms,
            readings: &self.readings,
            waves: &waves,
            origin: Origin::default(),
        })
    }

    /// The message in a format.
    pub(crate) fn encoded(&self, format: &dyn Format) -> BytesMut {
        let mut out = BytesMut::new();
        self.with_message(|message| format.encode(message, &mut out));
        out
    }
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

fn wave_parts(
    first_ms: impl Strategy<Value = i64>,
    rate_mhz: impl Strategy<Value = u32>,
    scale: impl Strategy<Value = (f64, f64)>,
) -> impl Strategy<Value = Vec<WaveDraft>> {
    let wave = (first_ms, rate_mhz, scale, vec(any::<i16>(), 0..200), quality());
    btree_map(metric(true), wave, 0..4).prop_map(|waves| {
        let draft = |(metric, (first_ms, rate_mhz, (gain, offset), samples, quality))| WaveDraft {
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

/// Whatever an encoder may be given, however unlikely.
pub(crate) fn any_message() -> impl Strategy<Value = Draft> {
    let key = (".{1,64}", option::of(any::<String>()), ".{1,64}", 0..=LARGEST as u64, -LARGEST..=LARGEST);
    let finite = || any::<f64>().prop_filter("finite", |value| value.is_finite());
    (key, reading_parts(), wave_parts(-LARGEST..=LARGEST, 1_u32.., (finite(), finite()))).prop_map(draft)
}

/// What devices say: identifiers as scenarios have them, times of this century, waves near their message.
pub(crate) fn likely_message() -> impl Strategy<Value = Draft> {
    let id = "[A-Za-z0-9][A-Za-z0-9_-]{0,20}";
    let key = (id, option::of(id), id, 0..=LARGEST as u64, 1_000_000_000_000..4_000_000_000_000_i64);
    let rate = prop_oneof![Just(62_500_u32), Just(125_000), Just(250_000), Just(360_000), Just(25_600)];
    let scale = (prop_oneof![Just(0.001), Just(0.0024), Just(0.1), Just(1.0), Just(0.002_441_4)], -10.0..10.0_f64);
    (key, reading_parts(), wave_parts(-5_000..=0_i64, rate, scale)).prop_map(|(key, readings, waves)| {
        let mut draft = draft((key, readings, waves));
        draft.waves.iter_mut().for_each(|wave| wave.first_ms += draft.device_time_ms);
        draft
    })
}

type Key = (String, Option<String>, String, u64, i64);

fn draft(
    ((device_serial, patient_id, stream, sequence, device_time_ms), readings, waves): (
        Key,
        Vec<Reading>,
        Vec<WaveDraft>,
    ),
) -> Draft {
    Draft { device_serial, patient_id, stream, sequence, device_time_ms, readings, waves }
}

//! What a device says at one instant, before it becomes bytes.

use crate::{MetricId, Origin};

/// How far a value may be trusted, as the device itself declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quality {
    /// Valid.
    #[default]
    Ok,
    /// Measured under conditions that make it doubtful (motion, weak signal).
    Questionable,
    /// Measured but known to be wrong (lead off, saturated front end).
    Invalid,
    /// The sensor is warming up or calibrating.
    Calibrating,
    /// Nothing was measured.
    NotAvailable,
    /// Test data.
    Test,
    /// Demonstration data.
    Demo,
}

impl Quality {
    /// The word used in payloads and in `numerics.csv`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Questionable => "questionable",
            Self::Invalid => "invalid",
            Self::Calibrating => "calibrating",
            Self::NotAvailable => "not-available",
            Self::Test => "test",
            Self::Demo => "demo",
        }
    }
}

/// The value of one reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A number in the metric's own unit.
    Number(f64),
    /// A coded state, such as `lead_off` or `infusing`.
    Code(&'static str),
    /// The device reports the metric but has no value for it.
    Missing,
}

/// One metric's value at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Which metric.
    pub metric: MetricId,
    /// Its value.
    pub value: Value,
    /// How far to trust it.
    pub quality: Quality,
}

impl Reading {
    /// A valid number.
    pub const fn number(metric: MetricId, value: f64) -> Self {
        Self { metric, value: Value::Number(value), quality: Quality::Ok }
    }

    /// A valid coded state.
    pub const fn code(metric: MetricId, code: &'static str) -> Self {
        Self { metric, value: Value::Code(code), quality: Quality::Ok }
    }

    /// No value, with the reason in `quality`.
    pub const fn missing(metric: MetricId, quality: Quality) -> Self {
        Self { metric, value: Value::Missing, quality }
    }

    /// The same reading with another quality.
    #[must_use]
    pub const fn with_quality(self, quality: Quality) -> Self {
        Self { quality, ..self }
    }
}

/// A run of equally spaced samples of one waveform channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wave<'a> {
    /// Which channel.
    pub metric: MetricId,
    /// Device time of the first sample [ms since the Unix epoch].
    pub first_ms: i64,
    /// Sampling rate [mHz], so that 62.5 Hz is exact.
    pub rate_mhz: u32,
    /// Physical value of one count, in the metric's unit.
    pub gain: f64,
    /// Physical value of zero counts, in the metric's unit.
    pub offset: f64,
    /// The samples [counts of the converter].
    pub samples: &'a [i16],
    /// How far to trust the whole run.
    pub quality: Quality,
}

/// Everything one message of one stream says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Message<'a> {
    /// Serial number of the device, unique in a run.
    pub device_serial: &'a str,
    /// Identifier of the patient the device believes it is attached to.
    pub patient_id: Option<&'a str>,
    /// Stream id, unique within the device.
    pub stream: &'a str,
    /// Sequence number of the message within device and stream, from 0.
    pub sequence: u64,
    /// Device time of the message [ms since the Unix epoch].
    pub device_time_ms: i64,
    /// Numeric and coded values.
    pub readings: &'a [Reading],
    /// Waveform chunks.
    pub waves: &'a [Wave<'a>],
    /// Where it comes from.
    pub origin: Origin<'a>,
}

//! A message that outlives the arena it was put together in, and what was read back out of bytes.

use crate::{MetricId, Quality, Wave};

/// A message that owns its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedMessage {
    /// Serial number of the device.
    pub device_serial: String,
    /// Identifier of the patient the device believes it is attached to.
    pub patient_id: Option<String>,
    /// Stream id.
    pub stream: String,
    /// Sequence number within device and stream.
    pub sequence: u64,
    /// Device time [ms since the Unix epoch].
    pub device_time_ms: i64,
    /// Numeric and coded values.
    pub readings: Vec<OwnedReading>,
    /// Waveform chunks.
    pub waves: Vec<OwnedWave>,
}

impl OwnedMessage {
    /// The reading of a metric.
    pub fn reading(&self, metric: MetricId) -> Option<&OwnedReading> {
        self.readings.iter().find(|reading| reading.metric == metric)
    }

    /// The number of a metric, if there is one.
    pub fn number(&self, metric: MetricId) -> Option<f64> {
        match self.reading(metric)?.value {
            OwnedValue::Number(value) => Some(value),
            OwnedValue::Code(_) | OwnedValue::Missing => None,
        }
    }

    /// The coded state of a metric, if there is one.
    pub fn code(&self, metric: MetricId) -> Option<&str> {
        match &self.reading(metric)?.value {
            OwnedValue::Code(code) => Some(code),
            OwnedValue::Number(_) | OwnedValue::Missing => None,
        }
    }

    /// How far to trust a metric; what the message does not speak of is not in doubt.
    pub fn quality(&self, metric: MetricId) -> Quality {
        self.reading(metric).map_or(Quality::Ok, |reading| reading.quality)
    }
}

/// One metric's value.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedReading {
    /// Which metric.
    pub metric: MetricId,
    /// Its value.
    pub value: OwnedValue,
    /// How far to trust it.
    pub quality: Quality,
}

/// The value of a reading.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedValue {
    /// A number in the metric's own unit.
    Number(f64),
    /// A coded state.
    Code(String),
    /// The device has no value.
    Missing,
}

/// A run of samples.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedWave {
    /// Which channel.
    pub metric: MetricId,
    /// Device time of the first sample [ms since the Unix epoch].
    pub first_ms: i64,
    /// Sampling rate [mHz].
    pub rate_mhz: u32,
    /// Physical value of one count, in the metric's unit.
    pub gain: f64,
    /// Physical value of zero counts, in the metric's unit.
    pub offset: f64,
    /// The samples [counts].
    pub samples: Vec<i16>,
    /// How far to trust the whole run.
    pub quality: Quality,
}

impl OwnedWave {
    /// As a message has it.
    pub fn as_wave(&self) -> Wave<'_> {
        Wave {
            metric: self.metric,
            first_ms: self.first_ms,
            rate_mhz: self.rate_mhz,
            gain: self.gain,
            offset: self.offset,
            samples: &self.samples,
            quality: self.quality,
        }
    }
}

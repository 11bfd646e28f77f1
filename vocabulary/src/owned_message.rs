//! A message that outlives the arena it was put together in, and what was read back out of bytes.

use crate::{MetricId, Quality};

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

//! Recordings of real people, decoded once and shared by every device that plays them.

use vocabulary::{MetricId, metrics};

use crate::wfdb::{AnnotationDecodeError, HeaderError, SignalError};

/// The count of a sample that the record does not have.
pub const NO_SAMPLE: i16 = i16::MIN;

/// A decoded record.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Name it is loaded under.
    pub name: String,
    /// Sampling rate [mHz].
    pub rate_mhz: u32,
    /// Its signals, all of the same length.
    pub channels: Vec<Channel>,
    /// Its beat labels in order of time.
    pub labels: Vec<Label>,
}

/// One signal of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Metric it is reported as.
    pub metric: MetricId,
    /// Physical value of one count, in the metric's unit.
    pub gain: f64,
    /// Physical value of zero counts.
    pub offset: f64,
    /// Counts of the record's converter as far as they fit, [`NO_SAMPLE`] where there is none.
    pub counts: Vec<i16>,
}

/// One beat label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Sample it stands at.
    pub sample: u64,
    /// WFDB beat code.
    pub code: char,
}

/// Why a record cannot be played.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecordingError {
    /// No metric of the table fits the signal.
    #[error("signal `{description}` [{units}] has no metric; known are ECG leads, ABP, PLETH and RESP")]
    UnknownSignal {
        /// Description in the header.
        description: String,
        /// Unit in the header.
        units: String,
    },
    /// The header does not say how counts become physical values.
    #[error("signal `{description}` is not calibrated")]
    Uncalibrated {
        /// Description in the header.
        description: String,
    },
    /// The signals differ in length or rate.
    #[error(
        "signal `{description}` has {samples} samples, the first one {expected}; records of several rates are not played"
    )]
    Uneven {
        /// Description in the header.
        description: String,
        /// Its samples.
        samples: usize,
        /// Samples of the first signal.
        expected: usize,
    },
    /// The sampling rate cannot be expressed in millihertz.
    #[error("a rate of {rate_hz} Hz cannot be played")]
    Rate {
        /// Rate in the header [Hz].
        rate_hz: f64,
    },
    /// A segment is sampled at another rate than its record says, or has another length.
    #[error("segment `{segment}` has {found}, but its record says {stated}")]
    OtherSegment {
        /// Name of the segment.
        segment: String,
        /// What its header says.
        found: String,
        /// What the header of the record says.
        stated: String,
    },
    /// A segment has a signal that the record does not list.
    #[error("segment `{segment}` has a signal `{description}`, which its record does not list")]
    UnlistedSignal {
        /// Name of the segment.
        segment: String,
        /// Description in its header.
        description: String,
    },
    /// A signal changes its unit from one segment to the next.
    #[error("signal `{description}` is in {first} first and in {later} in segment `{segment}`")]
    UnitChanges {
        /// Description in the headers.
        description: String,
        /// The segment.
        segment: String,
        /// Unit of the first segment that has it.
        first: String,
        /// Unit in this one.
        later: String,
    },
    /// More samples, the missing ones of gaps among them, than are held in memory.
    #[error("{frames} frames of {signals} signals are too long to be played; {most} samples in all are the most")]
    TooLong {
        /// Frames that the record says.
        frames: u64,
        /// Its signals.
        signals: usize,
        /// Most samples.
        most: u64,
    },
    /// A beat label stands behind the last sample.
    #[error("a beat label stands at sample {sample}, but the record has {samples}")]
    LabelOutside {
        /// Where the label stands.
        sample: u64,
        /// Length of the record.
        samples: usize,
    },
}

/// The metric a WFDB signal is reported as, by its description.
///
/// Modified chest leads count as the chest lead they imitate (MCL1 as V1, MLII as II).
pub fn metric_of(description: &str) -> Option<MetricId> {
    let name = description.trim().to_ascii_lowercase();
    match name.as_str() {
        "mlii" => Some(metrics::ECG_II),
        "mcl1" => Some(metrics::ECG_V1),
        "abp" | "art" => Some(metrics::ABP_WAVE),
        "pleth" | "ppg" => Some(metrics::PLETH),
        "resp" => Some(metrics::RESP_WAVE),
        other => MetricId::find(&format!("ecg_{other}")),
    }
}

/// Why a record cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The header is not one.
    #[error("header: {0}")]
    Header(#[from] HeaderError),
    /// A segment cannot be decoded.
    #[error("segment `{segment}`: {source}")]
    Segment {
        /// Name of the segment.
        segment: String,
        /// Why.
        source: Box<DecodeError>,
    },
    /// A signal file cannot be read.
    #[error("{0}")]
    File(String),
    /// A signal file contradicts the header.
    #[error("signals: {0}")]
    Signals(#[from] SignalError),
    /// The annotations are not MIT annotations.
    #[error("annotations: {0}")]
    Annotations(#[from] AnnotationDecodeError),
    /// The record is whole but cannot be played.
    #[error(transparent)]
    Unplayable(#[from] RecordingError),
}

//! Recordings of real people, decoded once and shared by every device that plays them.

use crate::wfdb::{AnnotationDecodeError, Header, HeaderError, Signal, SignalError, decode_annotations};
use vocabulary::{MetricId, metrics};

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
    /// Counts of the record's converter.
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

impl Recording {
    /// Decodes a record from its header, its signal files (`read` gives one by name) and its annotations, if it has any.
    ///
    /// # Errors
    /// [`DecodeError`] says which part cannot be used and why.
    pub fn decode(
        name: &str,
        header: &str,
        read: impl Fn(&str) -> Result<Vec<u8>, String>,
        annotations: Option<&[u8]>,
    ) -> Result<Self, DecodeError> {
        let header = Header::parse(header.as_bytes())?;
        let mut channels = Vec::new();
        for (file, signals) in header.files() {
            let bytes = read(file).map_err(DecodeError::File)?;
            for (signal, counts) in signals.iter().zip(header.decode(file, &bytes)?) {
                channels.push(channel(signal, counts)?);
            }
        }
        let samples = channels.first().map_or(0, |channel| channel.counts.len());
        for (channel, signal) in channels.iter().zip(&header.signals) {
            if channel.counts.len() != samples {
                let description = signal.description.clone();
                let uneven = RecordingError::Uneven { description, samples: channel.counts.len(), expected: samples };
                return Err(uneven.into());
            }
        }
        let rate_mhz = libm::rint(header.frame_rate_hz * 1e3);
        if !(1.0..=1e9).contains(&rate_mhz) {
            return Err(RecordingError::Rate { rate_hz: header.frame_rate_hz }.into());
        }
        let labels = annotations.map_or(Ok(Vec::new()), |annotations| labels(annotations, samples))?;
        Ok(Self { name: name.to_owned(), rate_mhz: rate_mhz as u32, channels, labels })
    }
}

fn channel(signal: &Signal, counts: Vec<i16>) -> Result<Channel, RecordingError> {
    let metric = metric_of(&signal.description).ok_or_else(|| RecordingError::UnknownSignal {
        description: signal.description.clone(),
        units: signal.units.clone(),
    })?;
    let gain = signal
        .gain
        .filter(|counts_per_unit| *counts_per_unit != 0.0)
        .ok_or_else(|| RecordingError::Uncalibrated { description: signal.description.clone() })?;
    Ok(Channel { metric, gain: 1.0 / gain, offset: -f64::from(signal.baseline) / gain, counts })
}

fn labels(annotations: &[u8], samples: usize) -> Result<Vec<Label>, DecodeError> {
    let mut labels = Vec::new();
    for annotation in decode_annotations(annotations)? {
        let Some(code) = annotation.code.symbol().filter(|_| annotation.code.is_qrs()) else { continue };
        if annotation.sample >= samples as u64 {
            return Err(RecordingError::LabelOutside { sample: annotation.sample, samples }.into());
        }
        labels.push(Label { sample: annotation.sample, code });
    }
    Ok(labels)
}

/// Why a record cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The header is not one.
    #[error("header: {0}")]
    Header(#[from] HeaderError),
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

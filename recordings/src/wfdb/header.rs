//! What a WFDB header says of a record and its signals.

use std::num::NonZeroU32;

use super::signals::SampleSummary;

/// Counts per physical unit that readers assume of an uncalibrated signal (header(5), `WFDB_DEFGAIN`).
const DEFAULT_GAIN: f64 = 200.0;

/// A single-segment record.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Name of the record: letters, digits, `_` and `-`.
    pub record: String,
    /// Frames per second [Hz]; the sampling rate of signals with one sample a frame.
    pub frame_rate_hz: f64,
    /// The counter of a tape or display, if the record has one.
    pub counter: Option<Counter>,
    /// Frames in the record, if stated. The text has no form for a stated zero.
    pub frames: Option<u64>,
    /// Time of day of the first frame [us since midnight], if stated.
    pub start_time_us: Option<u64>,
    /// Date of the first frame, if stated; only with a time.
    pub start_date: Option<Date>,
    /// The signals, grouped by file.
    pub signals: Vec<Signal>,
    /// Comment lines without their `#`, in order.
    pub comments: Vec<String>,
}

/// A counter that runs beside the frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counter {
    /// Counts per second [Hz].
    pub rate_hz: f64,
    /// Value at the first frame.
    pub base: f64,
}

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// Year, such as 1994.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
}

/// One signal of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Name of the file that holds the samples, without folder.
    pub file: String,
    /// How the samples are stored.
    pub format: Format,
    /// Samples of this signal in a frame.
    pub samples_per_frame: NonZeroU32,
    /// Frames by which this signal lags in the file.
    pub skew_frames: u32,
    /// Where the samples begin in the file [byte].
    pub byte_offset: u64,
    /// Counts per physical unit; `None` for an uncalibrated signal.
    pub gain: Option<f64>,
    /// Count at physical zero.
    pub baseline: i32,
    /// Physical unit, as `PhysioNet` spells it (`mV`, `mmHg`).
    pub units: String,
    /// Resolution of the converter [bit].
    pub adc_resolution_bits: u8,
    /// Count in the middle of the converter's range.
    pub adc_zero: i32,
    /// First sample [counts], if stated.
    pub initial: Option<i32>,
    /// Sum of all samples modulo 2^16, if stated.
    pub checksum: Option<i16>,
    /// Block size of the medium [byte]; 0 for ordinary files.
    pub block_size: u32,
    /// Name of the signal, such as `MLII`; empty if not stated.
    pub description: String,
}

/// How samples are stored (signal(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Format 16: two bytes a sample, two's complement, low byte first.
    Int16,
    /// Format 61: two bytes a sample, two's complement, high byte first.
    Int16HighFirst,
    /// Format 160: two bytes a sample, 32 768 added, low byte first.
    Offset16,
    /// Format 24: three bytes a sample, two's complement, low byte first.
    Int24,
    /// Format 32: four bytes a sample, two's complement, low byte first.
    Int32,
    /// Format 80: a byte a sample, 128 added.
    Offset8,
    /// Format 212: two 12-bit samples in three bytes.
    Packed12,
    /// Format 310: three 10-bit samples in two pairs of bytes, the third in what the first two leave of both.
    Packed10Split,
    /// Format 311: three 10-bit samples in four bytes, one after the other from the lowest bit on.
    Packed10,
}

impl Format {
    /// Every format that is read.
    pub const ALL: [Self; 9] = [
        Self::Int16,
        Self::Int24,
        Self::Int32,
        Self::Int16HighFirst,
        Self::Offset8,
        Self::Offset16,
        Self::Packed12,
        Self::Packed10Split,
        Self::Packed10,
    ];

    /// The number in the header.
    pub const fn number(self) -> u32 {
        match self {
            Self::Int16 => 16,
            Self::Int24 => 24,
            Self::Int32 => 32,
            Self::Int16HighFirst => 61,
            Self::Offset8 => 80,
            Self::Offset16 => 160,
            Self::Packed12 => 212,
            Self::Packed10Split => 310,
            Self::Packed10 => 311,
        }
    }

    /// Bits of a sample.
    pub const fn sample_bits(self) -> u32 {
        match self {
            Self::Offset8 => 8,
            Self::Packed10Split | Self::Packed10 => 10,
            Self::Packed12 => 12,
            Self::Int16 | Self::Int16HighFirst | Self::Offset16 => 16,
            Self::Int24 => 24,
            Self::Int32 => 32,
        }
    }

    /// The count that stands for "no valid sample": the lowest one (`WFDB_INVALID_SAMPLE` as each format stores it).
    pub const fn invalid_count(self) -> i32 {
        i32::MIN >> (i32::BITS - self.sample_bits())
    }
}

impl Signal {
    /// A 16-bit signal of a new recording, where `physical = unit_at_zero + unit_per_count * count`.
    ///
    /// WFDB keeps the inverse, `(count - baseline) / gain`, with a whole baseline: an offset that is no multiple of the
    /// count is rounded to the nearest one.
    pub fn recorded(file: &str, description: &str, units: &str, unit_per_count: f64, unit_at_zero: f64) -> Self {
        Self {
            file: file.to_owned(),
            format: Format::Int16,
            samples_per_frame: NonZeroU32::MIN,
            skew_frames: 0,
            byte_offset: 0,
            gain: Some(1.0 / unit_per_count),
            baseline: (-unit_at_zero / unit_per_count).round() as i32,
            units: units.to_owned(),
            adc_resolution_bits: 16,
            adc_zero: 0,
            initial: None,
            checksum: None,
            block_size: 0,
            description: description.to_owned(),
        }
    }

    /// The same signal with the initial value and checksum of its samples.
    #[must_use]
    pub fn with_summary(self, summary: &SampleSummary) -> Self {
        Self { initial: Some(summary.initial().unwrap_or(self.adc_zero)), checksum: Some(summary.checksum()), ..self }
    }

    /// Physical value of a count, in `units`; `None` for the count that marks an invalid sample.
    pub fn physical(&self, count: impl Into<i32>) -> Option<f64> {
        let count = count.into();
        (count != self.format.invalid_count())
            .then(|| (f64::from(count) - f64::from(self.baseline)) / self.gain.unwrap_or(DEFAULT_GAIN))
    }
}

impl Header {
    /// The sample files of the record, each with its signals in the order in which their samples are interleaved.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[Signal])> {
        self.signals.chunk_by(|left, right| left.file == right.file).map(|group| (group[0].file.as_str(), group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_physical_values_and_back() {
        let pressure = Signal::recorded("abp.dat", "ABP", "mmHg", 0.05, 40.0);
        assert_eq!(pressure.gain, Some(20.0));
        assert_eq!(pressure.baseline, -800);
        assert_eq!(pressure.physical(0_i16), Some(40.0));
        assert_eq!(pressure.physical(1000_i16), Some(90.0));
        assert_eq!(pressure.physical(i16::MIN), None);
        let uncalibrated = Signal { gain: None, ..pressure };
        assert_eq!(uncalibrated.physical(0_i16), Some(4.0));
    }
}

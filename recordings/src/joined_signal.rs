//! One signal of a record, joined of what its segments hold, each with a scale of its own.

use crate::recording::{Channel, NO_SAMPLE, RecordingError, metric_of};
use crate::wfdb::Signal;

/// Counts of a channel lie within this on either side of zero; the count below is [`NO_SAMPLE`].
const LARGEST_COUNT: i32 = i16::MAX as i32;

/// A signal as it is put together, segment after segment.
#[derive(Debug)]
pub(crate) struct JoinedSignal {
    description: String,
    units: Option<String>,
    parts: Vec<Part>,
}

/// What one segment holds of it.
#[derive(Debug)]
enum Part {
    Missing { samples: usize },
    Recorded { scale: Scale, counts: Vec<Option<i32>> },
}

/// `physical = offset + gain * count`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    gain: f64,
    offset: f64,
}

impl Scale {
    fn physical(self, count: i32) -> f64 {
        self.offset + self.gain * f64::from(count)
    }
}

impl JoinedSignal {
    /// A signal of this description, without samples yet.
    pub(crate) fn new(description: &str) -> Self {
        Self { description: description.to_owned(), units: None, parts: Vec::new() }
    }

    /// Its description.
    pub(crate) fn description(&self) -> &str {
        &self.description
    }

    /// Goes on with a time in which it was not recorded.
    pub(crate) fn skip(&mut self, samples: usize) {
        self.parts.push(Part::Missing { samples });
    }

    /// Goes on with what a segment holds of it.
    ///
    /// # Errors
    /// [`RecordingError`] when the counts have no scale, or one in another unit than before.
    pub(crate) fn take(&mut self, segment: &str, signal: &Signal, counts: Vec<i32>) -> Result<(), RecordingError> {
        let counts_per_unit = signal
            .gain
            .filter(|counts_per_unit| *counts_per_unit != 0.0)
            .ok_or_else(|| RecordingError::Uncalibrated { description: self.description.clone() })?;
        let units = self.units.get_or_insert_with(|| signal.units.clone());
        if *units != signal.units {
            return Err(RecordingError::UnitChanges {
                description: self.description.clone(),
                segment: segment.to_owned(),
                first: units.clone(),
                later: signal.units.clone(),
            });
        }
        let scale = Scale { gain: 1.0 / counts_per_unit, offset: -f64::from(signal.baseline) / counts_per_unit };
        let invalid = signal.format.invalid_count();
        let counts = counts.into_iter().map(|count| (count != invalid).then_some(count)).collect();
        self.parts.push(Part::Recorded { scale, counts });
        Ok(())
    }

    /// The signal as a channel: the counts as they are if all have one scale and fit into 16 bits. Else they are
    /// counted anew from the middle of their range, in steps of the finest scale, or coarser ones if those do not
    /// reach from the lowest to the highest value.
    ///
    /// # Errors
    /// [`RecordingError::UnknownSignal`] when no metric is what the signal says.
    pub(crate) fn channel(self) -> Result<Channel, RecordingError> {
        let metric = metric_of(&self.description).ok_or_else(|| RecordingError::UnknownSignal {
            description: self.description.clone(),
            units: self.units.clone().unwrap_or_default(),
        })?;
        let scale = self.common_scale();
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Missing { samples } => out.extend(std::iter::repeat_n(NO_SAMPLE, *samples)),
                Part::Recorded { scale: own, counts } => {
                    out.extend(counts.iter().map(|count| count.map_or(NO_SAMPLE, |count| scale.count(*own, count))));
                }
            }
        }
        Ok(Channel { metric, gain: scale.gain, offset: scale.offset, counts: out })
    }

    fn common_scale(&self) -> Scale {
        let recorded = || {
            self.parts.iter().filter_map(|part| match part {
                Part::Recorded { scale, counts } => Some((*scale, counts)),
                Part::Missing { .. } => None,
            })
        };
        // A signal that no segment has needs no scale.
        let Some((first, _)) = recorded().next() else { return Scale { gain: 1.0, offset: 0.0 } };
        let values =
            || recorded().flat_map(|(scale, counts)| counts.iter().flatten().map(move |count| (scale, *count)));
        if values().all(|(scale, count)| scale == first && count.abs() <= LARGEST_COUNT) {
            return first;
        }
        let finest = recorded()
            .map(|(scale, _)| scale)
            .fold(first, |finest, scale| if scale.gain.abs() < finest.gain.abs() { scale } else { finest });
        let (lowest, highest) = values()
            .map(|(scale, count)| scale.physical(count))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lowest, highest), value| {
                (lowest.min(value), highest.max(value))
            });
        // On a step of the finest scale, so that its counts remain whole steps.
        let middle_count = libm::rint((f64::midpoint(lowest, highest) - finest.offset) / finest.gain);
        let middle = finest.offset + finest.gain * middle_count;
        let reach = (highest - middle).max(middle - lowest);
        if reach <= finest.gain.abs() * f64::from(LARGEST_COUNT) {
            return Scale { gain: finest.gain, offset: middle };
        }
        // A whole number of steps from zero, as a recording of it keeps it; that takes half a step more to each side.
        let gain = reach / f64::from(LARGEST_COUNT - 1);
        Scale { gain, offset: gain * libm::rint(middle / gain) }
    }
}

impl Scale {
    /// The count nearest to a count of another scale.
    fn count(self, other: Self, count: i32) -> i16 {
        let nearest = if self == other {
            f64::from(count)
        } else {
            libm::rint((other.physical(count) - self.offset) / self.gain)
        };
        nearest.clamp(f64::from(-LARGEST_COUNT), f64::from(LARGEST_COUNT)) as i16
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::wfdb::Format;

    fn signal(format: Format, counts_per_unit: f64, baseline: i32) -> Signal {
        Signal { format, gain: Some(counts_per_unit), baseline, ..Signal::recorded("r.dat", "II", "mV", 1.0, 0.0) }
    }

    fn joined(parts: &[(Signal, Vec<i32>)]) -> Channel {
        let mut joined = JoinedSignal::new("II");
        for (signal, counts) in parts {
            joined.take("part", signal, counts.clone()).unwrap();
        }
        joined.channel().unwrap()
    }

    #[test]
    fn counts_that_fit_stay_as_they_are() {
        let channel = joined(&[(signal(Format::Packed12, 200.0, 1024), vec![2047, -2048, 5])]);
        assert_eq!((channel.gain, channel.offset), (1.0 / 200.0, -1024.0 / 200.0));
        assert_eq!(channel.counts, [2047, NO_SAMPLE, 5]);
    }

    #[test]
    fn wide_counts_of_a_small_range_keep_every_step() {
        let channel = joined(&[(signal(Format::Int24, 1e4, 0), vec![1_000_000, 1_000_001, 1_060_000, -8_388_608])]);
        assert_eq!(channel.gain, 1e-4);
        assert_eq!(channel.counts, [-30_000, -29_999, 30_000, NO_SAMPLE]);
        assert!((channel.offset - 103.0).abs() < 1e-9, "{}", channel.offset);
    }

    #[test]
    fn segments_of_different_scales_meet_in_the_finest() {
        let mut joined = JoinedSignal::new("II");
        joined.take("a", &signal(Format::Offset8, 100.0, 0), vec![-100, 100]).unwrap();
        joined.skip(2);
        joined.take("b", &signal(Format::Int16, 1000.0, 500), vec![500, 1500]).unwrap();
        let channel = joined.channel().unwrap();
        assert_eq!((channel.gain, channel.offset), (1e-3, 0.0));
        assert_eq!(channel.counts, [-1000, 1000, NO_SAMPLE, NO_SAMPLE, 0, 1000]);
    }

    #[test]
    fn what_cannot_be_joined_says_why() {
        let mut joined = JoinedSignal::new("II");
        joined.take("a", &signal(Format::Int16, 1.0, 0), vec![1]).unwrap();
        let volts = Signal { units: "uV".to_owned(), ..signal(Format::Int16, 1.0, 0) };
        let error = joined.take("b", &volts, vec![1]).unwrap_err().to_string();
        assert_eq!(error, "signal `II` is in mV first and in uV in segment `b`");
        let uncalibrated = Signal { gain: None, ..signal(Format::Int16, 1.0, 0) };
        let error = joined.take("b", &uncalibrated, vec![1]).unwrap_err().to_string();
        assert_eq!(error, "signal `II` is not calibrated");
    }

    proptest! {
        #[test]
        fn values_are_kept_within_half_a_step(
            counts in vec(i32::MIN + 1..=i32::MAX, 1..50),
            shift in 0_u32..24,
            counts_per_unit in prop_oneof![1e-3_f64..1e6, -1e6_f64..-1e-3],
            baseline in any::<i16>(),
        ) {
            let counts: Vec<i32> = counts.into_iter().map(|count| count >> shift).collect();
            let wide = signal(Format::Int32, counts_per_unit, baseline.into());
            let channel = joined(&[(wide.clone(), counts.clone())]);
            for (count, kept) in counts.iter().zip(&channel.counts) {
                let value = wide.physical(*count).unwrap();
                let error = (channel.offset + channel.gain * f64::from(*kept) - value).abs();
                prop_assert!(error <= channel.gain.abs() * 0.5001 + value.abs() * 1e-9, "{value} by {error}");
            }
            let range = counts.iter().max().unwrap().abs_diff(*counts.iter().min().unwrap());
            prop_assert!(range > 65_530 || channel.gain.to_bits() == (1.0 / counts_per_unit).to_bits());
        }
    }
}

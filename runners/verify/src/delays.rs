//! A distribution of delays, or of other numbers, in which what never arrives counts as infinite.

use hdrhistogram::Histogram;
use scenarios::Statistic;

use crate::fate::Delay;

/// Longest delay kept [ns], 73 years; a histogram that grows takes every value up to `i64::MAX / 2`.
const LONGEST: u64 = (i64::MAX / 4).unsigned_abs();

/// Delays [ns] kept to three significant digits (`hdrhistogram`), those that never ended counted apart.
#[derive(Debug, Clone)]
pub(crate) struct Delays {
    histogram: Histogram<u64>,
    /// Magnitudes of negative numbers, once there is one; delays have none.
    below: Option<Box<Histogram<u64>>>,
    never: u64,
    largest: i64,
    smallest: i64,
    sum: i128,
}

/// One number out of a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reduced {
    /// A finite one (delays in ns).
    Number(f64),
    /// The number falls among the messages that never arrived.
    Never,
}

impl Delays {
    pub(crate) fn new() -> Self {
        Self { histogram: empty(), below: None, never: 0, largest: i64::MIN, smallest: i64::MAX, sum: 0 }
    }

    /// From delays [ns] that were counted elsewhere; smallest, largest and sum are as exact as the histogram.
    pub(crate) fn from_histogram(histogram: &Histogram<u64>) -> Self {
        let mut delays = Self::new();
        for step in histogram.iter_recorded() {
            let nanos = step.value_iterated_to();
            delays.add(nanos, step.count_since_last_iteration());
            delays.sum += i128::from(nanos) * i128::from(step.count_since_last_iteration());
        }
        if !histogram.is_empty() {
            delays.largest = clamp(histogram.max());
            delays.smallest = clamp(histogram.min());
        }
        delays
    }

    /// The same, with so many further delays.
    pub(crate) fn with(&self, count: u64, delay: Delay) -> Self {
        let mut more = self.clone();
        if count > 0 {
            more.record_times(count, delay);
        }
        more
    }

    pub(crate) fn record(&mut self, delay: Delay) {
        self.record_times(1, delay);
    }

    fn record_times(&mut self, count: u64, delay: Delay) {
        match delay {
            Delay::Never => self.never += count,
            Delay::After(nanos) => {
                self.add(nanos.max(0).unsigned_abs(), count);
                self.largest = self.largest.max(nanos);
                self.smallest = self.smallest.min(nanos);
                self.sum += i128::from(nanos) * i128::from(count);
            }
        }
    }

    /// Adds a number that may be negative.
    pub(crate) fn record_signed(&mut self, number: i64) {
        if number >= 0 {
            self.add(number.unsigned_abs(), 1);
        } else {
            let below = self.below.get_or_insert_with(|| Box::new(empty()));
            below
                .record(number.unsigned_abs().min(LONGEST))
                .expect("a histogram that grows takes every value below its limit");
        }
        self.largest = self.largest.max(number);
        self.smallest = self.smallest.min(number);
        self.sum += i128::from(number);
    }

    fn add(&mut self, nanos: u64, count: u64) {
        self.histogram
            .record_n(nanos.min(LONGEST), count)
            .expect("a histogram that grows takes every value below its limit");
    }

    /// Delays recorded, those that never ended included.
    pub(crate) fn samples(&self) -> u64 {
        self.finite() + self.never
    }

    fn finite(&self) -> u64 {
        self.histogram.len() + self.negative()
    }

    fn negative(&self) -> u64 {
        self.below.as_ref().map_or(0, |below| below.len())
    }

    /// Delays that never ended.
    pub(crate) fn never(&self) -> u64 {
        self.never
    }

    /// Share of delays that never ended, 0..1.
    pub(crate) fn never_share(&self) -> f64 {
        if self.never == 0 { 0.0 } else { self.never as f64 / self.samples() as f64 }
    }

    /// One number out of all delays; `None` without a sample.
    pub(crate) fn reduce(&self, statistic: Statistic) -> Option<Reduced> {
        if self.samples() == 0 {
            return None;
        }
        let finite = self.finite();
        Some(match statistic {
            Statistic::Percentile(share) => self.percentile(share),
            Statistic::Min if finite > 0 => Reduced::Number(self.smallest as f64),
            Statistic::Max | Statistic::Mean | Statistic::Sum if self.never > 0 => Reduced::Never,
            Statistic::Min => Reduced::Never,
            Statistic::Max => Reduced::Number(self.largest as f64),
            Statistic::Mean => Reduced::Number(self.sum as f64 / finite as f64),
            Statistic::Sum => Reduced::Number(self.sum as f64),
        })
    }

    /// Nearest-rank percentile over all delays, infinite ones last.
    fn percentile(&self, share: f64) -> Reduced {
        let (negative, positive) = (self.negative(), self.histogram.len());
        let rank = ((share * self.samples() as f64).ceil() as u64).clamp(1, self.samples());
        if rank > negative + positive {
            return Reduced::Never;
        }
        // Half a rank below, so that rounding in the quotient cannot reach the next rank.
        let at = |histogram: &Histogram<u64>, rank: u64| {
            clamp(histogram.value_at_quantile((rank as f64 - 0.5) / histogram.len() as f64))
        };
        Reduced::Number(match &self.below {
            Some(below) if rank <= negative => (-at(below, negative - rank + 1)).max(self.smallest) as f64,
            _ => at(&self.histogram, rank - negative).min(self.largest) as f64,
        })
    }
}

fn empty() -> Histogram<u64> {
    Histogram::new(3).expect("three significant digits are within 0..=5")
}

fn clamp(nanos: u64) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_percentile_that_falls_among_the_lost_is_infinite() {
        let mut delays = Delays::new();
        for nanos in 1..=985 {
            delays.record(Delay::After(nanos));
        }
        for _ in 0..15 {
            delays.record(Delay::Never);
        }
        assert_eq!(delays.reduce(Statistic::Percentile(0.985)), Some(Reduced::Number(985.0)));
        assert_eq!(delays.reduce(Statistic::Percentile(0.99)), Some(Reduced::Never));
        assert_eq!(delays.reduce(Statistic::Max), Some(Reduced::Never));
        assert_eq!(delays.reduce(Statistic::Min), Some(Reduced::Number(1.0)));
        assert!((delays.never_share() - 0.015).abs() < 1e-12);
    }

    #[test]
    fn nothing_recorded_gives_no_number() {
        assert_eq!(Delays::new().reduce(Statistic::Max), None);
    }

    #[test]
    fn negative_numbers_keep_their_order() {
        let mut levels = Delays::new();
        for number in [-70_000, -55_000, -62_000, 3_000] {
            levels.record_signed(number);
        }
        let at = |statistic| match levels.reduce(statistic) {
            Some(Reduced::Number(number)) => number,
            other => panic!("{other:?}"),
        };
        for (share, expected) in [(0.25, -70_000.0), (0.5, -62_000.0), (0.75, -55_000.0), (1.0, 3_000.0)] {
            let found = at(Statistic::Percentile(share));
            assert!((found - expected).abs() <= expected.abs() * 1e-3, "{found} against {expected}");
        }
        assert_eq!((at(Statistic::Min), at(Statistic::Mean)), (-70_000.0, -46_000.0));
    }

    proptest! {
        #[test]
        fn percentiles_agree_with_a_sorted_list(
            mut nanos in prop::collection::vec(0_i64..10_000_000_000, 1..200),
            never in 0_u64..20,
            share in 0.0_f64..=1.0,
        ) {
            let mut delays = Delays::new();
            for nanos in &nanos {
                delays.record(Delay::After(*nanos));
            }
            for _ in 0..never {
                delays.record(Delay::Never);
            }
            nanos.sort_unstable();
            let total = nanos.len() as u64 + never;
            let rank = ((share * total as f64).ceil() as usize).max(1);
            match (delays.reduce(Statistic::Percentile(share)), nanos.get(rank - 1)) {
                (Some(Reduced::Never), None) => {}
                (Some(Reduced::Number(found)), Some(expected)) => {
                    let expected = *expected as f64;
                    prop_assert!((found - expected).abs() <= expected * 1e-3, "{found} against {expected}");
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}

//! A sparse, mergeable histogram of delays, small enough for one per window of a series.

use std::collections::BTreeMap;

/// Buckets an octave: a bucket is at most 1/32 wide, relative to its lower end.
const BITS: u32 = 5;

/// Counts of delays [ns] in buckets about 3 % wide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DelayBuckets {
    /// Count by bucket index.
    counts: BTreeMap<u16, u32>,
    largest: i64,
    samples: u64,
}

impl DelayBuckets {
    pub(crate) fn record(&mut self, nanos: i64) {
        self.record_many(nanos, 1);
    }

    /// Adds so many delays at once.
    pub(crate) fn record_many(&mut self, nanos: i64, times: u32) {
        let nanos = nanos.max(0);
        let count = self.counts.entry(bucket_of(nanos.unsigned_abs())).or_default();
        *count = count.saturating_add(times);
        self.largest = self.largest.max(nanos);
        self.samples += u64::from(times);
    }

    /// Delays recorded.
    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (bucket, added) in &other.counts {
            let count = self.counts.entry(*bucket).or_default();
            *count = count.saturating_add(*added);
        }
        self.largest = self.largest.max(other.largest);
        self.samples += other.samples;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.samples == 0
    }

    pub(crate) fn largest(&self) -> i64 {
        self.largest
    }

    /// Value below which `share` of the samples and of `never` infinite ones lies: `Some` upper end of its bucket,
    /// `None` when it is infinite or nothing was recorded.
    pub(crate) fn percentile(&self, share: f64, never: u64) -> Option<i64> {
        let total = self.samples + never;
        let rank = ((share * total as f64).ceil() as u64).max(1);
        let mut covered = 0;
        for (bucket, count) in &self.counts {
            covered += u64::from(*count);
            if covered >= rank {
                return Some(upper_end(*bucket).min(self.largest));
            }
        }
        None
    }

    /// Upper end [ns] and count of every bucket in use, ascending.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (i64, u32)> + '_ {
        self.counts.iter().map(|(bucket, count)| (upper_end(*bucket), *count))
    }
}

fn bucket_of(nanos: u64) -> u16 {
    let octave = nanos.max(1).ilog2().saturating_sub(BITS);
    (octave * (1 << BITS) + (nanos >> octave) as u32) as u16
}

/// Largest value of a bucket.
fn upper_end(bucket: u16) -> i64 {
    let bucket = u32::from(bucket);
    // Below two octaves of full resolution the index is the value.
    let octave = (bucket >> BITS).saturating_sub(1);
    let mantissa = u64::from(bucket - octave * (1 << BITS));
    let upper = (u128::from(mantissa + 1) << octave) - 1;
    i64::try_from(upper).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_lies_in_its_bucket(nanos in 0..=i64::MAX) {
            let bucket = bucket_of(nanos.unsigned_abs());
            prop_assert!(nanos <= upper_end(bucket));
            prop_assert!(bucket == 0 || nanos > upper_end(bucket - 1));
            prop_assert!((upper_end(bucket) - nanos) as f64 <= nanos as f64 / 32.0);
        }

        #[test]
        fn merged_parts_are_the_whole(nanos in prop::collection::vec(0_i64..1_000_000_000, 0..100), cut in 0_usize..100) {
            let of = |nanos: &[i64]| {
                let mut buckets = DelayBuckets::default();
                for nanos in nanos {
                    buckets.record(*nanos);
                }
                buckets
            };
            let cut = cut.min(nanos.len());
            let mut merged = of(&nanos[..cut]);
            merged.merge(&of(&nanos[cut..]));
            prop_assert_eq!(merged, of(&nanos));
        }
    }

    #[test]
    fn a_percentile_among_the_lost_is_infinite() {
        let mut buckets = DelayBuckets::default();
        for _ in 0..9 {
            buckets.record(1_000_000);
        }
        assert_eq!(buckets.percentile(0.5, 1), Some(1_000_000));
        assert_eq!(buckets.percentile(0.99, 1), None);
    }
}

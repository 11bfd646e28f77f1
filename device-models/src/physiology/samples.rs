//! Sample instants of a waveform channel, in blocks on which loops vectorise.

use std::ops::Range;

use sim_core::{SimTime, sample_instant};

/// When the samples of a channel fall: sample `n` at `origin + floor(n * 10^12 / rate_mhz)` ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleGrid {
    /// Instant of sample 0.
    pub origin: SimTime,
    /// Sampling rate [mHz], at least 1.
    pub rate_mhz: u32,
}

/// Samples of one block at most.
const BLOCK: usize = 256;

/// Offsets within a block stay below this, so that a distance to an event fits 32 bits.
const BLOCK_NS: i64 = 1_000_000_000;

/// One picosecond-per-millihertz second: 10^9 ns times 10^3 mHz.
const NANOS_MILLIHERTZ: u64 = 1_000_000_000_000;

/// Consecutive sample instants: `start_ns` plus an offset each.
#[derive(Debug)]
pub(crate) struct Block {
    /// Instant of the first sample [ns].
    pub(crate) start_ns: i64,
    offsets_ns: [i32; BLOCK],
    length: usize,
}

impl SampleGrid {
    /// Instant of sample `index`.
    pub fn instant(&self, index: u64) -> SimTime {
        sample_instant(self.origin, index, self.rate_mhz)
    }

    /// Number of samples that fall before `time`, which is also the index of the first one at or after it.
    pub fn samples_before(&self, time: SimTime) -> u64 {
        let elapsed_ns = u128::from((time - self.origin).nanos().max(0).unsigned_abs());
        (elapsed_ns * u128::from(self.rate_mhz)).div_ceil(u128::from(NANOS_MILLIHERTZ)) as u64
    }

    /// Splits `out`, whose first element is sample `first`, into blocks and hands each to `fill`.
    pub(crate) fn for_each_block(&self, first: u64, out: &mut [f32], mut fill: impl FnMut(&Block, &mut [f32])) {
        let rate = u64::from(self.rate_mhz.max(1));
        let period_ns = NANOS_MILLIHERTZ / rate;
        let period_rest = NANOS_MILLIHERTZ % rate;
        let longest = (BLOCK_NS.unsigned_abs() / period_ns.max(1)).clamp(1, BLOCK as u64) as usize;
        let mut block = Block { start_ns: 0, offsets_ns: [0; BLOCK], length: 0 };
        let mut index = first;
        for chunk in out.chunks_mut(longest) {
            let position = u128::from(index) * u128::from(NANOS_MILLIHERTZ);
            block.start_ns = self.origin.nanos() + (position / u128::from(rate)) as i64;
            block.length = chunk.len();
            let mut rest = (position % u128::from(rate)) as u64;
            let mut offset_ns = 0_u64;
            for slot in &mut block.offsets_ns[..chunk.len()] {
                *slot = offset_ns as i32;
                rest += period_rest;
                let carry = u64::from(rest >= rate);
                rest -= carry * rate;
                offset_ns += period_ns + carry;
            }
            fill(&block, chunk);
            index += chunk.len() as u64;
        }
    }
}

impl Block {
    /// Instant of the last sample [ns].
    pub(crate) fn last_ns(&self) -> i64 {
        self.start_ns + i64::from(self.offsets_ns[self.length - 1])
    }

    /// Offsets of the samples from `start_ns` [ns].
    pub(crate) fn offsets_ns(&self) -> &[i32] {
        &self.offsets_ns[..self.length]
    }

    /// Positions of the samples in `from_ns..until_ns`.
    pub(crate) fn within(&self, from_ns: i64, until_ns: i64) -> Range<usize> {
        let offsets = self.offsets_ns();
        let position = |time_ns: i64| {
            let offset_ns = time_ns - self.start_ns;
            offsets.partition_point(|&offset| i64::from(offset) < offset_ns)
        };
        let begin = if from_ns <= self.start_ns { 0 } else { position(from_ns) };
        let end = if until_ns > self.last_ns() { offsets.len() } else { position(until_ns) };
        begin..end.max(begin)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Block offsets agree with the exact instants, for any rate and any first index.
        #[test]
        fn blocks_carry_the_exact_instants(
            rate_mhz in 1_u32..2_000_000,
            first in 0_u64..1_000_000_000,
            length in 1_usize..600,
            origin in -1_000_000_000_000_i64..1_000_000_000_000,
        ) {
            let grid = SampleGrid { origin: SimTime::from_nanos(origin), rate_mhz };
            let mut instants = Vec::new();
            grid.for_each_block(first, &mut vec![0.0; length], |block, _| {
                instants.extend(block.offsets_ns().iter().map(|&offset| block.start_ns + i64::from(offset)));
            });
            for (position, &instant) in instants.iter().enumerate() {
                prop_assert_eq!(instant, grid.instant(first + position as u64).nanos());
            }
            prop_assert_eq!(instants.len(), length);
        }

        /// `samples_before` is the inverse of `instant`.
        #[test]
        fn counting_samples_inverts_their_instants(rate_mhz in 1_u32..2_000_000, index in 0_u64..1_000_000_000) {
            let grid = SampleGrid { origin: SimTime::from_nanos(17), rate_mhz };
            let instant = grid.instant(index);
            prop_assert_eq!(grid.samples_before(instant), index);
            prop_assert_eq!(grid.samples_before(instant + sim_core::Span::from_nanos(1)), index + 1);
        }
    }

    #[test]
    fn a_window_is_half_open() {
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 100_000 };
        grid.for_each_block(0, &mut [0.0; 10], |block, _| {
            assert_eq!(block.within(10_000_000, 30_000_000), 1..3);
            assert_eq!(block.within(-5, 1), 0..1);
            assert_eq!(block.within(85_000_000, i64::MAX), 9..10);
            assert_eq!(block.within(95_000_000, i64::MAX), 10..10);
            assert_eq!(block.last_ns(), 90_000_000);
        });
    }
}

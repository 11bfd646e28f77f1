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

/// Samples of one page at most.
const PAGE: usize = 256;

/// A page spans no more than this, so that a distance to an event fits 32 bits [ns].
const PAGE_NS: u64 = 1_000_000_000;

/// 10^9 ns times 10^3 mHz: the period of a rate in mHz is this over the rate.
const NANOS_MILLIHERTZ: u64 = 1_000_000_000_000;

/// Samples of one page of the grid that fall into a chunk.
///
/// Pages begin at fixed sample indices, so whatever is computed from `page_ns` and an offset, in any precision, is
/// the same for every way to cut a channel into chunks.
#[derive(Debug)]
pub struct Block {
    /// Instant of the first sample of the page [ns].
    pub page_ns: i64,
    offsets_ns: [i32; PAGE],
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

    /// Splits `out`, whose first element is sample `first`, at the pages of the grid and hands each part to `fill`.
    pub fn for_each_block(&self, first: u64, out: &mut [f32], mut fill: impl FnMut(&Block, &mut [f32])) {
        let rate = u64::from(self.rate_mhz.max(1));
        let period_ns = NANOS_MILLIHERTZ / rate;
        let page = (PAGE_NS / period_ns.max(1)).clamp(1, PAGE as u64);
        let mut block = Block { page_ns: 0, offsets_ns: [0; PAGE], length: 0 };
        let mut index = first;
        let mut rest = out;
        while !rest.is_empty() {
            let skipped = index % page;
            let length = ((page - skipped) as usize).min(rest.len());
            let (chunk, later) = std::mem::take(&mut rest).split_at_mut(length);
            block.length = length;
            if NANOS_MILLIHERTZ.is_multiple_of(rate) && index < u64::MAX / 2 / period_ns {
                self.place_evenly(index - skipped, skipped, period_ns, &mut block);
            } else {
                self.place(index - skipped, skipped, rate, &mut block);
            }
            fill(&block, chunk);
            index += length as u64;
            rest = later;
        }
    }

    /// Places the samples `skipped` and following of the page that begins with sample `page_first`, which lie a whole
    /// number of nanoseconds apart: the exact instants without a division.
    #[inline]
    fn place_evenly(&self, page_first: u64, skipped: u64, period_ns: u64, block: &mut Block) {
        block.page_ns = self.origin.nanos() + (page_first * period_ns).cast_signed();
        let (mut offset_ns, period_ns) = ((skipped * period_ns) as i32, period_ns as i32);
        for slot in &mut block.offsets_ns[..block.length] {
            *slot = offset_ns;
            offset_ns = offset_ns.wrapping_add(period_ns);
        }
    }

    /// As [`Self::place_evenly`], for any rate.
    fn place(&self, page_first: u64, skipped: u64, rate: u64, block: &mut Block) {
        let index = page_first + skipped;
        let (period_ns, period_rest) = (NANOS_MILLIHERTZ / rate, NANOS_MILLIHERTZ % rate);
        block.page_ns = self.instant(page_first).nanos();
        let position = u128::from(index) * u128::from(NANOS_MILLIHERTZ);
        let mut fraction = (position % u128::from(rate)) as u64;
        let mut offset_ns = (self.instant(index).nanos() - block.page_ns).unsigned_abs();
        for slot in &mut block.offsets_ns[..block.length] {
            *slot = offset_ns as i32;
            fraction += period_rest;
            let carry = u64::from(fraction >= rate);
            fraction -= carry * rate;
            offset_ns += period_ns + carry;
        }
    }
}

impl Block {
    /// Instant of the first sample [ns].
    pub fn first_ns(&self) -> i64 {
        self.page_ns + i64::from(self.offsets_ns[0])
    }

    /// Instant of the last sample [ns].
    pub fn last_ns(&self) -> i64 {
        self.page_ns + i64::from(self.offsets_ns[self.length - 1])
    }

    /// Offsets of the samples from the beginning of the page [ns].
    pub fn offsets_ns(&self) -> &[i32] {
        &self.offsets_ns[..self.length]
    }

    /// Positions of the samples in `from_ns..until_ns`.
    pub fn within(&self, from_ns: i64, until_ns: i64) -> Range<usize> {
        let offsets = self.offsets_ns();
        let position = |time_ns: i64| {
            let offset_ns = time_ns - self.page_ns;
            offsets.partition_point(|&offset| i64::from(offset) < offset_ns)
        };
        let begin = if from_ns <= self.first_ns() { 0 } else { position(from_ns) };
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
            rate_mhz in prop_oneof![1_000_u32..2_000_000, Just(250_000), Just(500_000), Just(62_500), Just(1_000)],
            first in 0_u64..1_000_000_000,
            length in 1_usize..600,
            origin in -1_000_000_000_000_i64..1_000_000_000_000,
        ) {
            let grid = SampleGrid { origin: SimTime::from_nanos(origin), rate_mhz };
            let mut instants = Vec::new();
            grid.for_each_block(first, &mut vec![0.0; length], |block, _| {
                instants.extend(block.offsets_ns().iter().map(|&offset| block.page_ns + i64::from(offset)));
            });
            for (position, &instant) in instants.iter().enumerate() {
                prop_assert_eq!(instant, grid.instant(first + position as u64).nanos());
            }
            prop_assert_eq!(instants.len(), length);
        }

        /// `samples_before` is the inverse of `instant`.
        #[test]
        fn counting_samples_inverts_their_instants(rate_mhz in 1_000_u32..2_000_000, index in 0_u64..1_000_000_000) {
            let grid = SampleGrid { origin: SimTime::from_nanos(17), rate_mhz };
            let instant = grid.instant(index);
            prop_assert_eq!(grid.samples_before(instant), index);
            prop_assert_eq!(grid.samples_before(instant + sim_core::Span::from_nanos(1)), index + 1);
        }
    }

    #[test]
    fn pages_begin_at_fixed_indices() {
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 250_000 };
        let mut pages = Vec::new();
        grid.for_each_block(240, &mut [0.0; 300], |block, chunk| pages.push((block.page_ns, chunk.len())));
        assert_eq!(pages, [(0, 10), (1_000_000_000, 250), (2_000_000_000, 40)]);
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

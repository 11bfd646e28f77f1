//! Keyed randomness: every draw is a pure function of seed, path, purpose and counter.
//!
//! There is no generator state anywhere in the world, so adding a cohort, removing a step, changing the tick or the
//! number of threads changes no other draw. The block function is Philox4x32-10 (Salmon, Moraes, Dror and Shaw,
//! "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

use std::convert::Infallible;

use rand_core::TryRng;
use xxhash_rust::xxh64::xxh64;

const MULTIPLIER: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Philox4x32 with ten rounds: 128 bits of counter and 64 bits of key to 128 random bits.
pub fn philox4x32_10(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key[0] = key[0].wrapping_add(WEYL[0]);
            key[1] = key[1].wrapping_add(WEYL[1]);
        }
        let product0 = u64::from(MULTIPLIER[0]) * u64::from(counter[0]);
        let product1 = u64::from(MULTIPLIER[1]) * u64::from(counter[2]);
        counter = [
            (product1 >> 32) as u32 ^ counter[1] ^ key[0],
            product1 as u32,
            (product0 >> 32) as u32 ^ counter[3] ^ key[1],
            product0 as u32,
        ];
    }
    counter
}

/// Blocks computed side by side.
const LANES: usize = 8;

/// [`philox4x32_10`] of eight counters, word by word.
#[inline]
fn philox_lanes(mut counter: [[u32; LANES]; 4], mut key: [u32; 2]) -> [[u32; LANES]; 4] {
    for round in 0..10 {
        if round > 0 {
            key[0] = key[0].wrapping_add(WEYL[0]);
            key[1] = key[1].wrapping_add(WEYL[1]);
        }
        let mut next = [[0; LANES]; 4];
        for lane in 0..LANES {
            let product0 = u64::from(MULTIPLIER[0]) * u64::from(counter[0][lane]);
            let product1 = u64::from(MULTIPLIER[1]) * u64::from(counter[2][lane]);
            next[0][lane] = (product1 >> 32) as u32 ^ counter[1][lane] ^ key[0];
            next[1][lane] = product1 as u32;
            next[2][lane] = (product0 >> 32) as u32 ^ counter[3][lane] ^ key[1];
            next[3][lane] = product0 as u32;
        }
        counter = next;
    }
    counter
}

/// Stable 64-bit hash of a path (XXH64, seed 0).
pub fn hash64(path: &str) -> u64 {
    xxh64(path.as_bytes(), 0)
}

/// What a draw is for. Two purposes never share draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purpose(u32);

impl Purpose {
    /// Names a purpose, such as `"heart.rr.hf"`; the name is its identity (32-bit FNV-1a).
    pub const fn new(name: &str) -> Self {
        let bytes = name.as_bytes();
        let mut hash = 0x811C_9DC5_u32;
        let mut index = 0;
        while index < bytes.len() {
            hash = (hash ^ bytes[index] as u32).wrapping_mul(0x0100_0193);
            index += 1;
        }
        Self(hash)
    }
}

/// Who draws: the seed of the run mixed with the path of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key([u32; 2]);

impl Key {
    /// The key of the entity at `path` in a run with this seed.
    pub fn new(seed: u64, path: &str) -> Self {
        let mixed = mix(mix(seed) ^ hash64(path));
        Self([mixed as u32, (mixed >> 32) as u32])
    }

    /// 128 random bits for this purpose and counter.
    pub fn block(self, purpose: Purpose, counter: u64) -> [u32; 4] {
        self.sub_block(purpose, counter, 0)
    }

    /// The blocks of the counters from `first` on, eight at a time: what [`Key::block`] gives for each of them, in a
    /// form that vectorises.
    pub fn eight_blocks(self, purpose: Purpose, first: u64) -> [[u32; 4]; LANES] {
        let counters: [u64; LANES] = std::array::from_fn(|lane| first.wrapping_add(lane as u64));
        let words = [counters.map(|counter| counter as u32), counters.map(|counter| (counter >> 32) as u32)];
        let [w0, w1, w2, w3] = philox_lanes([words[0], words[1], [purpose.0; LANES], [0; LANES]], self.0);
        std::array::from_fn(|lane| [w0[lane], w1[lane], w2[lane], w3[lane]])
    }

    fn sub_block(self, purpose: Purpose, counter: u64, part: u32) -> [u32; 4] {
        philox4x32_10([counter as u32, (counter >> 32) as u32, purpose.0, part], self.0)
    }

    /// 64 random bits.
    pub fn bits(self, purpose: Purpose, counter: u64) -> u64 {
        let block = self.block(purpose, counter);
        u64::from(block[0]) | u64::from(block[1]) << 32
    }

    /// Uniform in [0, 1) with 53 bits.
    pub fn uniform(self, purpose: Purpose, counter: u64) -> f64 {
        unit_interval(self.bits(purpose, counter))
    }

    /// Standard normal, by Box and Muller's transform (a fixed number of draws, unlike rejection methods).
    pub fn normal(self, purpose: Purpose, counter: u64) -> f64 {
        let block = self.block(purpose, counter);
        let radius = 1.0 - unit_interval(u64::from(block[0]) | u64::from(block[1]) << 32);
        let angle = unit_interval(u64::from(block[2]) | u64::from(block[3]) << 32);
        libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(std::f64::consts::TAU * angle)
    }

    /// Log-normal with this median and this standard deviation of the logarithm.
    pub fn log_normal(self, purpose: Purpose, counter: u64, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal(purpose, counter))
    }

    /// A generator for the distributions of `rand_distr`, good for one keyed draw of any length.
    pub fn rng(self, purpose: Purpose, counter: u64) -> KeyedRng {
        KeyedRng { key: self, purpose, counter, part: 0, words: [0; 4], used: 4 }
    }
}

/// 53 bits to [0, 1).
fn unit_interval(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): a bijection with full avalanche.
fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// A generator over the blocks of one (key, purpose, counter).
#[derive(Debug, Clone)]
pub struct KeyedRng {
    key: Key,
    purpose: Purpose,
    counter: u64,
    part: u32,
    words: [u32; 4],
    used: usize,
}

impl TryRng for KeyedRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        if self.used == self.words.len() {
            self.words = self.key.sub_block(self.purpose, self.counter, self.part);
            self.part = self.part.wrapping_add(1);
            self.used = 0;
        }
        self.used += 1;
        Ok(self.words[self.used - 1])
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = self.try_next_u32()?;
        let high = self.try_next_u32()?;
        Ok(u64::from(low) | u64::from(high) << 32)
    }

    fn try_fill_bytes(&mut self, destination: &mut [u8]) -> Result<(), Infallible> {
        for chunk in destination.chunks_mut(4) {
            let word = self.try_next_u32()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers published with Random123 (`kat_vectors`, philox4x32 10).
    #[test]
    fn philox_gives_the_known_answers() {
        assert_eq!(philox4x32_10([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox4x32_10([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox4x32_10([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn eight_blocks_are_what_they_are_one_by_one() {
        let key = Key::new(7, "icu/1");
        let purpose = Purpose::new("test");
        for first in [0, 5, u64::from(u32::MAX) - 3, u64::MAX - 2] {
            for (lane, block) in (0..).zip(key.eight_blocks(purpose, first)) {
                assert_eq!(block, key.block(purpose, first.wrapping_add(lane)));
            }
        }
    }

    #[test]
    fn moments_of_the_normal() {
        let key = Key::new(7, "icu/1");
        let draws: Vec<f64> = (0..20_000).map(|counter| key.normal(Purpose::new("test"), counter)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| libm::pow(x - mean, 2.0)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.05, "variance {variance}");
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let purpose = Purpose::new("a");
        let base = Key::new(1, "icu/1").bits(purpose, 0);
        assert_ne!(base, Key::new(2, "icu/1").bits(purpose, 0));
        assert_ne!(base, Key::new(1, "icu/2").bits(purpose, 0));
        assert_ne!(base, Key::new(1, "icu/1").bits(Purpose::new("b"), 0));
        assert_ne!(base, Key::new(1, "icu/1").bits(purpose, 1));
    }
}

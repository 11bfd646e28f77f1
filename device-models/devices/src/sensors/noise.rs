//! Noise of a front end: white noise keyed by the sample, and tones (baseline wander, mains hum) as closed forms.

use sim_core::{Key, Purpose};

use physiology::SampleGrid;
use physiology::elementary::{cosine_of_turns, from_nearest_integer, ln, nearest_integer, sine_of_turns};

/// White Gaussian noise. Sample `n` always gets the same value, however samples are chunked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WhiteNoise {
    key: Key,
    purpose: Purpose,
    deviation: f32,
}

/// Samples that one keyed block of four words gives.
const SAMPLES_PER_BLOCK: usize = 8;

/// Blocks that [`Key::eight_blocks`] gives.
const BLOCKS_AT_A_TIME: usize = 8;

/// Samples drawn at a time.
const BATCH: usize = 2 * BLOCKS_AT_A_TIME * SAMPLES_PER_BLOCK;

impl WhiteNoise {
    /// Noise of a channel with this standard deviation, in the unit of the channel.
    pub const fn new(key: Key, purpose: Purpose, deviation: f32) -> Self {
        Self { key, purpose, deviation }
    }

    /// Adds the noise of samples `first` and following to `out`.
    pub fn add(&self, first: u64, out: &mut [f32]) {
        let mut words = [0_u32; BATCH / 2];
        let mut normals = [0.0_f32; BATCH];
        let mut index = first;
        let mut rest = out;
        while !rest.is_empty() {
            let skipped = (index % SAMPLES_PER_BLOCK as u64) as usize;
            let length = (BATCH - skipped).min(rest.len());
            let blocks = (skipped + length).div_ceil(SAMPLES_PER_BLOCK);
            let mut counter = index / SAMPLES_PER_BLOCK as u64;
            for eight in words.chunks_exact_mut(4 * BLOCKS_AT_A_TIME).take(blocks.div_ceil(BLOCKS_AT_A_TIME)) {
                eight.copy_from_slice(self.key.eight_blocks(self.purpose, counter).as_flattened());
                counter += BLOCKS_AT_A_TIME as u64;
            }
            box_muller(&words[..4 * blocks], &mut normals);
            let (now, later) = std::mem::take(&mut rest).split_at_mut(length);
            for (out, normal) in now.iter_mut().zip(&normals[skipped..]) {
                *out += self.deviation * normal;
            }
            index += length as u64;
            rest = later;
        }
    }
}

/// Two standard normals from each uniform word (Box and Muller).
///
/// Twenty bits make the radius and twelve the angle, which is fine enough for a sensor: the tails end at 5.3 standard
/// deviations, and a pair points in one of 4096 directions.
fn box_muller(words: &[u32], normals: &mut [f32]) {
    const RADIUS_UNIT: f32 = 1.0 / 1_048_576.0;
    const ANGLE_UNIT: f32 = 1.0 / 4_096.0;
    for (word, pair) in words.iter().zip(normals.chunks_exact_mut(2)) {
        let radius = ((word >> 12).cast_signed() as f32 + 1.0) * RADIUS_UNIT;
        let turns = ((word & 0xFFF).cast_signed() - 2_048) as f32 * ANGLE_UNIT;
        let length = (-2.0 * ln(radius)).sqrt();
        pair[0] = length * cosine_of_turns(turns);
        pair[1] = length * sine_of_turns(turns);
    }
}

/// A sine in simulated time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Peak value, in the unit of the channel.
    pub amplitude: f32,
    /// Frequency [Hz].
    pub frequency_hz: f64,
    /// Phase at the scenario's start [turns].
    pub phase_turns: f64,
}

/// Slow wander of the baseline of electrodes: three tones between 0.15 and 0.30 Hz with keyed phases, whose sum has the
/// standard deviation of one tone of this amplitude.
pub fn baseline_wander(key: Key, amplitude: f32) -> [Tone; 3] {
    const FREQUENCY: Purpose = Purpose::new("noise.wander.frequency");
    const PHASE: Purpose = Purpose::new("noise.wander.phase");
    [0_u32, 1, 2].map(|counter| Tone {
        amplitude: amplitude * (1.0_f32 / 3.0).sqrt(),
        frequency_hz: 0.15 + 0.05 * (f64::from(counter) + key.uniform(FREQUENCY, u64::from(counter))),
        phase_turns: key.uniform(PHASE, u64::from(counter)),
    })
}

/// Adds tones to `out`, whose first element is sample `first` of the grid.
pub fn add_tones(tones: &[Tone], grid: SampleGrid, first: u64, out: &mut [f32]) {
    grid.for_each_block(first, out, |block, chunk| {
        for tone in tones {
            let page_turns = block.page_ns as f64 * 1e-9 * tone.frequency_hz + tone.phase_turns;
            let start = from_nearest_integer(page_turns) as f32;
            let slope = (tone.frequency_hz * 1e-9) as f32;
            for (&offset_ns, out) in block.offsets_ns().iter().zip(chunk.iter_mut()) {
                let turns = start + offset_ns as f32 * slope;
                *out += tone.amplitude * sine_of_turns(turns - nearest_integer(turns));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sim_core::SimTime;

    use super::*;

    fn noise() -> WhiteNoise {
        WhiteNoise::new(Key::new(11, "icu/1/monitor/ecg"), Purpose::new("noise"), 1.0)
    }

    #[test]
    fn noise_is_normal_and_white() {
        let mut samples = vec![0.0_f32; 200_000];
        noise().add(0, &mut samples);
        let count = samples.len() as f64;
        let mean = samples.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let moment = |power: f64| samples.iter().map(|&x| libm::pow(f64::from(x), power)).sum::<f64>() / count;
        assert!(mean.abs() < 0.01, "mean {mean}");
        assert!((moment(2.0) - 1.0).abs() < 0.02, "variance {}", moment(2.0));
        assert!((moment(4.0) - 3.0).abs() < 0.15, "kurtosis {}", moment(4.0));
        for lag in 1..=8 {
            let correlation =
                samples.iter().zip(&samples[lag..]).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() / count;
            assert!(correlation.abs() < 0.01, "lag {lag}: {correlation}");
        }
    }

    proptest! {
        /// Neither noise nor tones depend on chunking.
        #[test]
        fn chunks_do_not_matter(first in 0_u64..1_000_000_000, cuts in prop::collection::vec(1_usize..300, 1..10)) {
            let grid = SampleGrid { origin: SimTime::from_nanos(123), rate_mhz: 250_000 };
            let tones = baseline_wander(Key::new(1, "icu/1"), 0.06);
            let total = cuts.iter().sum();
            let (mut whole, mut parts) = (vec![0.0_f32; total], vec![0.0_f32; total]);
            noise().add(first, &mut whole);
            add_tones(&tones, grid, first, &mut whole);
            let mut done = 0;
            for length in cuts {
                let chunk = &mut parts[done..done + length];
                noise().add(first + done as u64, chunk);
                add_tones(&tones, grid, first + done as u64, chunk);
                done += length;
            }
            prop_assert_eq!(whole, parts);
        }
    }

    #[test]
    fn a_tone_is_a_sine() {
        let tone = Tone { amplitude: 2.0, frequency_hz: 50.0, phase_turns: 0.25 };
        let mut samples = vec![0.0_f32; 1_000];
        add_tones(&[tone], SampleGrid { origin: SimTime::ZERO, rate_mhz: 1_000_000 }, 0, &mut samples);
        for (position, &sample) in samples.iter().enumerate() {
            let expected = 2.0 * libm::cos(std::f64::consts::TAU * 0.05 * position as f64);
            assert!((f64::from(sample) - expected).abs() < 1e-4);
        }
    }

    #[test]
    fn wander_has_the_strength_asked_for() {
        let tones = baseline_wander(Key::new(2, "icu/1"), 0.06);
        let power: f32 = tones.iter().map(|tone| tone.amplitude * tone.amplitude).sum();
        assert!((power - 0.06 * 0.06).abs() < 1e-7);
        assert!(tones.iter().all(|tone| (0.15..=0.30).contains(&tone.frequency_hz)));
    }
}

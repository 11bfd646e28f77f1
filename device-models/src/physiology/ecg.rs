//! The electrocardiogram as a sum of Gaussians in time around each R wave.
//!
//! Waves are placed in time, not in phase, so the QRS complex keeps its width at any heart rate, beats may overlap,
//! and the R annotation is exact. P and T move with the root of the preceding interval (Bazett). A wave counts within
//! five of its standard deviations; beyond, it would add less than 5 nV.

use sim_core::{Key, Purpose};

use super::elementary::exp2;
use super::heart::Beat;
use super::samples::SampleGrid;

/// A lead that can be synthesised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// Limb lead II.
    II,
}

/// How a wave follows the preceding interval; `q` is the root of the interval in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timing {
    /// Atrial: its distance from the R wave goes with the root of `q`.
    Atrial,
    /// Ventricular depolarisation: fixed.
    Depolarisation,
    /// Ventricular repolarisation: its distance goes with `q`, its width with the root of `q`.
    Repolarisation,
}

/// One wave of the complex.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Wave {
    timing: Timing,
    /// Centre after the R wave, at an interval of 1 s [s].
    centre_s: f64,
    /// Height [mV].
    height_mv: f64,
    /// Standard deviations before and after the centre [s].
    width_s: (f64, f64),
    /// Whether its height follows the inflation of the lung.
    respiratory: bool,
}

/// Shape of one patient's complexes in one lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EcgMorphology {
    waves: [Wave; 5],
}

/// Support of a wave in standard deviations.
const SUPPORT: f64 = 5.0;

/// Modulation of the R wave by breathing.
const RESPIRATORY_MODULATION: f32 = 0.06;

/// Bounds of the interval that scales P and T [s].
const SCALING_RR_S: (f64, f64) = (0.2, 1.7);

/// Spread between patients: logarithm of heights, relative centres and widths.
const HEIGHT_SPREAD: f64 = 0.25;
const CENTRE_SPREAD: f64 = 0.06;
const WIDTH_SPREAD: f64 = 0.08;

/// Bounds of a draw in standard deviations.
const SPREAD_LIMIT: f64 = 2.0;

/// Clinical borders of a wave lie two standard deviations from its centre, where the tangent of its steepest slope
/// meets the baseline.
const BORDER: f64 = 2.0;

/// Bounds of a healthy corrected QT interval [s]; a longer one is a condition, not a draw.
const QT_S: (f64, f64) = (0.382, 0.438);

/// `sqrt(log2(e) / 2)`: a Gaussian as a power of two.
const GAUSSIAN: f64 = 0.849_321_800_288_019_1;

/// Latest a wave may begin before its R wave [ns]; the lookahead of the beat generator.
const EARLIEST_NS: i64 = -super::LOOKAHEAD_NS;
/// Latest a wave may end after its R wave [ns].
const LATEST_NS: i64 = 1_200_000_000;

impl EcgMorphology {
    /// A patient's complexes in a lead, drawn under `key` around a healthy adult's.
    pub fn adult(lead: Lead, key: Key) -> Self {
        let Lead::II = lead;
        let mut waves = LEAD_II;
        for (counter, wave) in (0..).zip(&mut waves) {
            let draw = |purpose| -> f64 { key.normal(purpose, counter).clamp(-SPREAD_LIMIT, SPREAD_LIMIT) };
            wave.height_mv *= libm::exp(HEIGHT_SPREAD * draw(Purpose::new("patient.ecg.height")));
            wave.centre_s *= 1.0 + CENTRE_SPREAD * draw(Purpose::new("patient.ecg.centre"));
            let width = 1.0 + WIDTH_SPREAD * draw(Purpose::new("patient.ecg.width"));
            wave.width_s = (wave.width_s.0 * width, wave.width_s.1 * width);
        }
        let [_, q, _, _, t] = &mut waves;
        let qt_s = t.ends_s() - q.begins_s();
        t.centre_s += qt_s.clamp(QT_S.0, QT_S.1) - qt_s;
        Self { waves }
    }

    /// A healthy adult without any spread.
    pub fn textbook(lead: Lead) -> Self {
        let Lead::II = lead;
        Self { waves: LEAD_II }
    }
}

/// P, Q, R, S and T of a healthy adult in lead II.
const LEAD_II: [Wave; 5] = [
    Wave { timing: Timing::Atrial, centre_s: -0.160, height_mv: 0.15, width_s: (0.020, 0.020), respiratory: false },
    Wave {
        timing: Timing::Depolarisation,
        centre_s: -0.028,
        height_mv: -0.10,
        width_s: (0.0085, 0.0085),
        respiratory: false,
    },
    Wave {
        timing: Timing::Depolarisation,
        centre_s: 0.0,
        height_mv: 1.20,
        width_s: (0.0105, 0.0105),
        respiratory: true,
    },
    Wave {
        timing: Timing::Depolarisation,
        centre_s: 0.030,
        height_mv: -0.22,
        width_s: (0.0095, 0.0095),
        respiratory: false,
    },
    Wave {
        timing: Timing::Repolarisation,
        centre_s: 0.285,
        height_mv: 0.30,
        width_s: (0.055, 0.030),
        respiratory: false,
    },
];

/// A wave of one beat, placed in time.
#[derive(Debug, Clone, Copy)]
struct PlacedWave {
    centre_ns: i64,
    from_ns: i64,
    until_ns: i64,
    height_mv: f32,
    /// Inverse widths before and after the centre [1/ns], scaled for a power of two.
    inverse: (f32, f32),
}

impl Wave {
    /// Clinical beginning after the R wave, at an interval of 1 s [s].
    fn begins_s(&self) -> f64 {
        self.centre_s - BORDER * self.width_s.0
    }

    /// Clinical end after the R wave, at an interval of 1 s [s].
    fn ends_s(&self) -> f64 {
        self.centre_s + BORDER * self.width_s.1
    }

    /// The wave in `beat`; `q` is the root of its scaling interval and `root_q` the root of that.
    fn place(&self, beat: &Beat, q: f64, root_q: f64) -> PlacedWave {
        let (distance, width) = match self.timing {
            Timing::Atrial => (root_q, 1.0),
            Timing::Depolarisation => (1.0, 1.0),
            Timing::Repolarisation => (q, root_q),
        };
        let before_ns = self.width_s.0 * width * 1e9;
        let after_ns = self.width_s.1 * width * 1e9;
        let centre_ns = beat.r_ns + (self.centre_s * distance * 1e9) as i64;
        let modulation = if self.respiratory { 1.0 + RESPIRATORY_MODULATION * beat.inflation } else { 1.0 };
        PlacedWave {
            centre_ns,
            from_ns: (centre_ns - (SUPPORT * before_ns) as i64).max(beat.r_ns + EARLIEST_NS),
            until_ns: (centre_ns + (SUPPORT * after_ns) as i64).min(beat.r_ns + LATEST_NS),
            height_mv: self.height_mv as f32 * beat.amplitude * modulation,
            inverse: ((GAUSSIAN / before_ns) as f32, (GAUSSIAN / after_ns) as f32),
        }
    }
}

/// Adds the electrocardiogram [mV] to `out`, whose first element is sample `first` of the grid.
///
/// `beats` must reach from 1.2 s before the first sample to 0.5 s after the last one. The value of a sample depends on
/// its instant and on the beats alone, never on how samples are grouped.
pub fn add_ecg(morphology: &EcgMorphology, beats: &[Beat], grid: SampleGrid, first: u64, out: &mut [f32]) {
    grid.for_each_block(first, out, |block, chunk| {
        let (block_from_ns, block_until_ns) = (block.first_ns(), block.last_ns());
        let begin = beats.partition_point(|beat| beat.r_ns < block_from_ns - LATEST_NS);
        for beat in &beats[begin..] {
            if beat.r_ns > block_until_ns - EARLIEST_NS {
                break;
            }
            let interval_s = (beat.rr_ns as f64 * 1e-9).clamp(SCALING_RR_S.0, SCALING_RR_S.1);
            let q = libm::sqrt(interval_s);
            let root_q = libm::sqrt(q);
            for wave in &morphology.waves {
                let wave = wave.place(beat, q, root_q);
                if wave.from_ns > block_until_ns || wave.until_ns <= block_from_ns {
                    continue;
                }
                let range = block.within(wave.from_ns, wave.until_ns);
                let page_ns = (block.page_ns - wave.centre_ns) as i32;
                let offsets = &block.offsets_ns()[range.clone()];
                for (&offset_ns, out) in offsets.iter().zip(&mut chunk[range]) {
                    let since_ns = page_ns.wrapping_add(offset_ns) as f32;
                    let inverse = if since_ns < 0.0 { wave.inverse.0 } else { wave.inverse.1 };
                    let distance = since_ns * inverse;
                    *out += wave.height_mv * exp2(-(distance * distance));
                }
            }
        }
    });
}

#[cfg(test)]
mod tests;

//! The electrocardiogram as a sum of Gaussians in time around each R wave, seen by any of twelve leads.
//!
//! Waves are placed in time, not in phase, so the QRS complex keeps its width at any heart rate, beats may overlap,
//! and the R annotation is exact. P and T move with the root of the preceding interval (Bazett). A wave counts within
//! five of its standard deviations; beyond, it would add less than 5 nV.

mod fibrillation;
mod lead;
mod morphology;

use sim_core::SimTime;

use self::fibrillation::add_fibrillation;
pub use self::lead::Lead;
use self::lead::{Vector, seen, vector};
pub use self::morphology::{EcgCondition, EcgMorphology, Territory};
use self::morphology::{Timing, Wave};
use super::beat::{Beat, CardiacEvents};
use super::elementary::{cosine_of_turns, exp2, nearest_integer, sine_of_turns};
use super::samples::{Block, SampleGrid};

/// Support of a wave in standard deviations.
const SUPPORT: f64 = 5.0;

/// Modulation of the R wave by breathing.
const RESPIRATORY_MODULATION: f32 = 0.06;

/// Bounds of the interval that scales P and T [s].
const SCALING_RR_S: (f64, f64) = (0.2, 1.7);

/// `sqrt(log2(e) / 2)`: a Gaussian as a power of two.
const GAUSSIAN: f64 = 0.849_321_800_288_019_1;

/// Latest a wave may begin before its R wave [ns]; the lookahead of the beat generator.
const EARLIEST_NS: i64 = -super::LOOKAHEAD_NS;
/// Latest a wave may end after its R wave [ns].
const LATEST_NS: i64 = 1_200_000_000;

/// Height of a unipolar pacing pulse in leads I and II and along z [mV]; it lasts 0.5 ms, so one sample shows it.
const SPIKE_MV: [f64; 3] = [1.2, 2.0, 0.5];

/// A wave of one beat as one lead sees it, placed in time.
#[derive(Debug, Clone, Copy)]
struct PlacedWave {
    centre_ns: i64,
    from_ns: i64,
    until_ns: i64,
    height_mv: f32,
    /// Inverse widths before and after the centre [1/ns], scaled for a power of two.
    inverse: (f32, f32),
}

/// How the intervals of one beat stretch its waves.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    q: f64,
    root_q: f64,
}

impl Stretch {
    fn of(rr_ns: i64) -> Self {
        let q = libm::sqrt((rr_ns as f64 * 1e-9).clamp(SCALING_RR_S.0, SCALING_RR_S.1));
        Self { q, root_q: libm::sqrt(q) }
    }
}

impl PlacedWave {
    /// A wave with its peak at `centre_ns` and its widths times `width`, within the bounds of what is known in time.
    fn new(wave: &Wave, centre_ns: i64, width: f64, bounds_ns: (i64, i64), height_mv: f32) -> Self {
        let before_ns = wave.width_s.0 * width * 1e9;
        let after_ns = wave.width_s.1 * width * 1e9;
        Self {
            centre_ns,
            from_ns: (centre_ns - (SUPPORT * before_ns) as i64).max(bounds_ns.0),
            until_ns: (centre_ns + (SUPPORT * after_ns) as i64).min(bounds_ns.1),
            height_mv,
            inverse: ((GAUSSIAN / before_ns) as f32, (GAUSSIAN / after_ns) as f32),
        }
    }

    /// A wave of `beat`, whose P wave lies `earlier_ns` before its usual place.
    fn of_beat(wave: &Wave, beat: &Beat, stretch: Stretch, earlier_ns: i64, height_mv: f32) -> Self {
        let (distance, width) = match wave.timing {
            Timing::Atrial => (stretch.root_q, 1.0),
            Timing::Depolarisation => (1.0, 1.0),
            Timing::Repolarisation => (stretch.q, stretch.root_q),
        };
        let centre_ns = beat.r_ns + (wave.centre_s * distance * 1e9) as i64 - earlier_ns;
        let modulation = if wave.respiratory { 1.0 + RESPIRATORY_MODULATION * beat.inflation } else { 1.0 };
        let bounds_ns = (beat.r_ns + EARLIEST_NS, beat.r_ns + LATEST_NS);
        Self::new(wave, centre_ns, width, bounds_ns, height_mv * beat.amplitude * modulation)
    }

    /// Adds the wave to the samples of a block.
    fn add(&self, block: &Block, chunk: &mut [f32]) {
        if self.from_ns > block.last_ns() || self.until_ns <= block.first_ns() {
            return;
        }
        let range = block.within(self.from_ns, self.until_ns);
        let page_ns = (block.page_ns - self.centre_ns) as i32;
        let offsets = &block.offsets_ns()[range.clone()];
        for (&offset_ns, out) in offsets.iter().zip(&mut chunk[range]) {
            let since_ns = page_ns.wrapping_add(offset_ns) as f32;
            let inverse = if since_ns < 0.0 { self.inverse.0 } else { self.inverse.1 };
            let distance = since_ns * inverse;
            *out += self.height_mv * exp2(-(distance * distance));
        }
    }
}

/// Adds a lead of the electrocardiogram [mV] to `out`, whose first element is sample `first` of the grid.
///
/// `events` must reach from 1.2 s before the first sample to 0.5 s after the last one. The value of a sample depends
/// on its instant and on the events alone, never on how samples are grouped.
pub fn add_ecg(
    morphology: &EcgMorphology,
    lead: Lead,
    events: &CardiacEvents<'_>,
    grid: SampleGrid,
    first: u64,
    out: &mut [f32],
) {
    let row = lead.row();
    grid.for_each_block(first, out, |block, chunk| {
        let from_ns = block.first_ns();
        let until_ns = block.last_ns() - EARLIEST_NS;
        let begin = events.beats.partition_point(|beat| beat.r_ns < from_ns - LATEST_NS);
        for beat in events.beats[begin..].iter().take_while(|beat| beat.r_ns <= until_ns) {
            add_beat(morphology, row, beat, block, chunk);
        }
        let p_height_mv = seen(row, morphology.p.dipole_mv) as f32;
        for wave in events.lone_p_waves {
            let bounds_ns = (i64::MIN, i64::MAX);
            PlacedWave::new(&morphology.p, wave.peak_ns, 1.0, bounds_ns, p_height_mv).add(block, chunk);
        }
        for episode in events.fibrillations {
            add_fibrillation(morphology.key, lead, episode, block, chunk);
        }
    });
    let spike_mv = seen(row, vector(SPIKE_MV[0], SPIKE_MV[1], SPIKE_MV[2])) as f32;
    for spike in events.spikes.iter().filter(|spike| spike.at_ns >= grid.origin.nanos()) {
        let index = grid.samples_before(SimTime::from_nanos(spike.at_ns));
        if let Some(sample) = index.checked_sub(first).and_then(|position| out.get_mut(position as usize)) {
            *sample += spike_mv;
        }
    }
}

fn add_beat(morphology: &EcgMorphology, row: Vector, beat: &Beat, block: &Block, chunk: &mut [f32]) {
    let stretch = Stretch::of(beat.rr_ns);
    if let Some(p) = beat.p {
        let height_mv = seen(row, morphology.p.dipole_mv) as f32 * p.gain;
        PlacedWave::of_beat(&morphology.p, beat, stretch, p.earlier_ns, height_mv).add(block, chunk);
    }
    for wave in morphology.complex(beat.complex) {
        let height_mv = seen(row, turned(wave.dipole_mv, beat.turn)) as f32;
        if height_mv != 0.0 {
            PlacedWave::of_beat(wave, beat, stretch, 0, height_mv).add(block, chunk);
        }
    }
}

/// A dipole turned in the frontal plane.
fn turned(dipole: Vector, turn: f32) -> Vector {
    if turn == 0.0 {
        return dipole;
    }
    let turn = turn - nearest_integer(turn);
    let (sine, cosine) = (f64::from(sine_of_turns(turn)), f64::from(cosine_of_turns(turn)));
    let [x, y, z] = dipole;
    [cosine * x - sine * y, sine * x + cosine * y, z]
}

#[cfg(test)]
mod tests;

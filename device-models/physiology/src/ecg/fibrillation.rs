//! Fibrillation and flutter: oscillators whose frequency and strength wander slowly, as closed forms of time.
//!
//! Atrial: 6 Hz with two harmonics and slow modulation, as published for synthetic fibrillatory waves (Stridh and
//! Sörnmo, IEEE Trans Biomed Eng 2001). Flutter: a sawtooth of 300 /min. Ventricular: four oscillators of 4 to 7 Hz in
//! different directions, of 0.35 to 0.7 mV together at first, that get fine with a time constant of four minutes.

use sim_core::{Key, Purpose};

use super::lead::{Lead, Vector, seen, vector};
use crate::beat::{Fibrillation, FibrillationKind};
use crate::elementary::{from_nearest_integer, nearest_integer, sine_of_turns};
use crate::heart::{FADING_NS, FLUTTER_S};
use crate::samples::Block;

/// Onset of an episode [s].
const ONSET_S: f32 = 0.3;

/// Heights of the harmonics of atrial fibrillation in lead II [mV].
const ATRIAL_MV: [f32; 4] = [0.06, 0.027, 0.012, 0.0];
/// Heights of the harmonics of a sawtooth of 0.15 mV [mV]: its Fourier series.
const FLUTTER_MV: [f32; 4] = [-0.095, -0.048, -0.032, -0.024];
/// Time constant of ventricular fibrillation getting fine [s].
const FINE_S: f32 = 240.0;

/// A slow modulation of frequency or strength.
#[derive(Debug, Clone, Copy)]
struct Swing {
    frequency_hz: f64,
    phase_turns: f64,
    /// Swing of the phase [turns], or of the strength (relative).
    extent: f32,
}

/// One oscillator.
#[derive(Debug, Clone, Copy)]
struct Oscillator {
    frequency_hz: f64,
    phase_turns: f64,
    phase_swings: [Swing; 2],
    strength_swing: Swing,
    harmonics_mv: [f32; 4],
    direction: Vector,
}

const FREQUENCY: Purpose = Purpose::new("ecg.fibrillation.frequency");
const PHASE: Purpose = Purpose::new("ecg.fibrillation.phase");
const STRENGTH: Purpose = Purpose::new("ecg.fibrillation.strength");
const DIRECTION: Purpose = Purpose::new("ecg.fibrillation.direction");

const STILL: Swing = Swing { frequency_hz: 0.0, phase_turns: 0.0, extent: 0.0 };

/// Swing of the phase [turns] that moves the frequency by `deviation_hz` at `frequency_hz`.
fn phase_swing(deviation_hz: f64, frequency_hz: f64, phase_turns: f64) -> Swing {
    let extent = (deviation_hz / (std::f64::consts::TAU * frequency_hz)) as f32;
    Swing { frequency_hz, phase_turns, extent }
}

/// The oscillators of an episode.
fn oscillators(key: Key, episode: &Fibrillation) -> Vec<Oscillator> {
    let draw = |purpose, part: u64| key.uniform(purpose, episode.index * 64 + part);
    match episode.kind {
        FibrillationKind::Atrial => vec![Oscillator {
            frequency_hz: 5.4 + 1.2 * draw(FREQUENCY, 0),
            phase_turns: draw(PHASE, 0),
            phase_swings: [phase_swing(0.35, 0.11, draw(PHASE, 1)), STILL],
            strength_swing: Swing { frequency_hz: 0.23, phase_turns: draw(PHASE, 2), extent: 0.3 },
            harmonics_mv: ATRIAL_MV,
            // Strongest in the inferior leads and V1.
            direction: vector(0.15, 1.0, -0.8),
        }],
        FibrillationKind::Flutter => vec![Oscillator {
            frequency_hz: 1.0 / FLUTTER_S,
            phase_turns: 0.0,
            phase_swings: [STILL; 2],
            strength_swing: STILL,
            harmonics_mv: FLUTTER_MV,
            direction: vector(0.05, 1.0, 0.5),
        }],
        FibrillationKind::Ventricular => {
            let together_mv = 0.35 + 0.35 * draw(STRENGTH, 0) as f32;
            (0..4)
                .map(|number| {
                    let part = 8 * number;
                    Oscillator {
                        frequency_hz: 4.0 + 3.0 * draw(FREQUENCY, part),
                        phase_turns: draw(PHASE, part),
                        phase_swings: [
                            phase_swing(0.4, 0.09 + 0.08 * draw(FREQUENCY, part + 1), draw(PHASE, part + 1)),
                            phase_swing(0.3, 0.25 + 0.20 * draw(FREQUENCY, part + 2), draw(PHASE, part + 2)),
                        ],
                        strength_swing: Swing {
                            frequency_hz: 0.10 + 0.15 * draw(FREQUENCY, part + 3),
                            phase_turns: draw(PHASE, part + 3),
                            extent: 0.5,
                        },
                        harmonics_mv: [0.5 * together_mv, 0.0, 0.0, 0.0],
                        direction: vector(
                            1.4 * draw(DIRECTION, part) - 0.7,
                            0.7 + 0.6 * draw(DIRECTION, part + 1),
                            1.6 * draw(DIRECTION, part + 2) - 0.8,
                        ),
                    }
                })
                .collect()
        }
    }
}

/// A sine of slow frequency over a block.
#[derive(Debug, Clone, Copy)]
struct Slope {
    start: f32,
    per_ns: f32,
}

impl Slope {
    /// Turns of something at `frequency_hz` since the beginning of an episode.
    fn new(frequency_hz: f64, phase_turns: f64, since_ns: i64) -> Self {
        let start = from_nearest_integer(since_ns as f64 * 1e-9 * frequency_hz + phase_turns) as f32;
        Self { start, per_ns: (frequency_hz * 1e-9) as f32 }
    }

    #[inline]
    fn turns(self, offset_ns: i32) -> f32 {
        self.start + offset_ns as f32 * self.per_ns
    }
}

#[inline]
fn sine(turns: f32) -> f32 {
    sine_of_turns(turns - nearest_integer(turns))
}

/// Adds one episode as a lead sees it to the samples of a block.
pub(super) fn add_fibrillation(key: Key, lead: Lead, episode: &Fibrillation, block: &Block, chunk: &mut [f32]) {
    let range = block.within(episode.from_ns, episode.until_ns);
    if range.is_empty() {
        return;
    }
    let since_ns = block.page_ns - episode.from_ns;
    let left_ns = episode.until_ns.saturating_sub(block.page_ns);
    let fineness_s = match episode.kind {
        FibrillationKind::Ventricular => FINE_S,
        FibrillationKind::Atrial | FibrillationKind::Flutter => f32::INFINITY,
    };
    let offsets = &block.offsets_ns()[range.clone()];
    let samples = &mut chunk[range];
    for oscillator in oscillators(key, episode) {
        let gain = seen(lead.row(), oscillator.direction) as f32;
        let carrier = Slope::new(oscillator.frequency_hz, oscillator.phase_turns, since_ns);
        let slope = |swing: Swing| Slope::new(swing.frequency_hz, swing.phase_turns, since_ns);
        let phases = oscillator.phase_swings.map(|swing| (slope(swing), swing.extent));
        let strength = (slope(oscillator.strength_swing), oscillator.strength_swing.extent);
        for (&offset_ns, out) in offsets.iter().zip(samples.iter_mut()) {
            let mut turns = carrier.turns(offset_ns);
            for (swing, extent) in phases {
                turns += extent * sine(swing.turns(offset_ns));
            }
            let mut value = 0.0;
            for (harmonic, height_mv) in (1_u8..).zip(oscillator.harmonics_mv) {
                value += height_mv * sine(f32::from(harmonic) * turns);
            }
            let since_s = (since_ns + i64::from(offset_ns)) as f32 * 1e-9;
            let left_s = (left_ns - i64::from(offset_ns)) as f32 * 1e-9;
            let envelope = (since_s / ONSET_S).min(left_s / (FADING_NS as f32 * 1e-9)).clamp(0.0, 1.0);
            let fine = 1.0 / (1.0 + since_s / fineness_s);
            let swing = 1.0 + strength.1 * sine(strength.0.turns(offset_ns));
            *out += gain * value * swing * envelope * fine;
        }
    }
}

//! The beat generator: when the sinus node fires, and what each beat carries with it.
//!
//! The next beat falls due when the interval since the last one reaches what the node now wants: the mean interval of
//! the core, deviated by the variability that was read at the last beat. It is decided [`LOOKAHEAD_NS`] before it
//! happens, so the P wave before it is known in time and no waveform sample depends on a later decision.

use sim_core::{Key, Purpose};

use super::breathing::Breathing;
use super::circulation::SYSTOLIC_SHARE;
use super::history::{Event, History};
use super::variability::{Oscillations, Variability};
use super::{GRID_NS, LOOKAHEAD_NS, WARM_UP_NS};

/// Shortest interval that the sinus node allows [s].
const REFRACTORY_S: f64 = 0.2;

/// Relative spread of a beat's amplitude.
const AMPLITUDE_SPREAD: f64 = 0.02;

/// What the next beats shall be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CardiacDrive {
    /// Mean interval between beats [s].
    pub mean_rr_s: f64,
    /// How much the intervals vary now.
    pub variability: Variability,
    /// Scale of respiratory sinus arrhythmia, 1 at rest, 0 without vagal tone.
    pub respiratory_gain: f64,
    /// Mean arterial pressure [mmHg].
    pub map_mmhg: f64,
    /// Pulse pressure [mmHg].
    pub pulse_pressure_mmhg: f64,
    /// Stroke volume relative to rest.
    pub stroke_scale: f64,
    /// Relative swing of the stroke with the inflation of the lung: negative when inspiration lowers it.
    pub respiratory_swing: f64,
}

/// What kind of beat it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeatKind {
    /// From the sinus node, conducted normally.
    Normal,
}

/// One heart beat, fixed when it is decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beat {
    /// Number of the beat, counted from 0 within the patient.
    pub index: u64,
    /// Peak of the R wave: the annotation [ns since the scenario's start].
    pub r_ns: i64,
    /// Interval since the beat before [ns].
    pub rr_ns: i64,
    /// Interval expected until the next beat [ns].
    pub cycle_ns: i64,
    /// Kind.
    pub kind: BeatKind,
    /// Scale of all waves of the electrocardiogram.
    pub amplitude: f32,
    /// Inflation of the lung at the R wave, -1 to 1.
    pub inflation: f32,
    /// Systolic pressure of its pulse [mmHg].
    pub sbp_mmhg: f32,
    /// Diastolic pressure of its pulse [mmHg].
    pub dbp_mmhg: f32,
    /// Mean pressure when it was decided [mmHg].
    pub map_mmhg: f32,
    /// Stroke volume relative to rest.
    pub stroke_scale: f32,
}

impl Event for Beat {
    fn begins_ns(&self) -> i64 {
        self.r_ns
    }
}

/// The beat generator of one patient.
#[derive(Debug, Clone)]
pub struct Heart {
    key: Key,
    oscillations: Oscillations,
    horizon_ns: i64,
    last_r_ns: i64,
    /// Deviation of the running interval, in standard deviations.
    deviation: f64,
    next_index: u64,
    beats: History<Beat>,
}

const PHASE: Purpose = Purpose::new("heart.phase");
const AMPLITUDE: Purpose = Purpose::new("heart.amplitude");

impl Heart {
    /// A heart about to begin beating [`WARM_UP_NS`] before the scenario's start, somewhere within an interval of
    /// `mean_rr_s` [s]; keeps `reach_ns` of beats.
    pub fn new(key: Key, mean_rr_s: f64, reach_ns: i64) -> Self {
        let elapsed_s = mean_rr_s * key.uniform(PHASE, 0);
        Self {
            key,
            oscillations: Oscillations::new(key),
            horizon_ns: -WARM_UP_NS,
            last_r_ns: -WARM_UP_NS - (elapsed_s * 1e9) as i64,
            deviation: 0.0,
            next_index: 0,
            beats: History::new(reach_ns + LOOKAHEAD_NS),
        }
    }

    /// Until when the beats have been decided [ns]; [`LOOKAHEAD_NS`] after the present once the patient is warm.
    pub fn horizon_ns(&self) -> i64 {
        self.horizon_ns
    }

    /// Decides the beats of one more grid step, which `breathing` must have decided already.
    pub fn step(&mut self, drive: &CardiacDrive, breathing: &Breathing) {
        let from_ns = self.horizon_ns;
        self.horizon_ns += GRID_NS;
        self.oscillations.advance_to(self.horizon_ns);
        loop {
            let wanted_s = drive.mean_rr_s + drive.variability.sdnn_s * self.deviation;
            let due_ns = self.last_r_ns + (wanted_s.max(REFRACTORY_S) * 1e9) as i64;
            // When the rate has just jumped, the beat is overdue: it comes now, not in the decided past.
            let r_ns = due_ns.max(from_ns + 1);
            if r_ns > self.horizon_ns {
                break;
            }
            self.beat(drive, breathing, r_ns);
        }
    }

    fn beat(&mut self, drive: &CardiacDrive, breathing: &Breathing, r_ns: i64) {
        let inflation = breathing.inflation(r_ns);
        let jitter = self.key.normal(AMPLITUDE, self.next_index).clamp(-3.0, 3.0);
        let stroke = 1.0 + drive.respiratory_swing * inflation;
        let pulse_mmhg = drive.pulse_pressure_mmhg * stroke;
        self.beats.push(Beat {
            index: self.next_index,
            r_ns,
            rr_ns: r_ns - self.last_r_ns,
            cycle_ns: (drive.mean_rr_s * 1e9) as i64,
            kind: BeatKind::Normal,
            amplitude: (1.0 + AMPLITUDE_SPREAD * jitter) as f32,
            inflation: inflation as f32,
            sbp_mmhg: (drive.map_mmhg + SYSTOLIC_SHARE * pulse_mmhg) as f32,
            dbp_mmhg: (drive.map_mmhg - (1.0 - SYSTOLIC_SHARE) * pulse_mmhg) as f32,
            map_mmhg: drive.map_mmhg as f32,
            stroke_scale: (drive.stroke_scale * stroke) as f32,
        });
        self.deviation =
            self.oscillations.deviation(r_ns, drive.variability.lf_hf_ratio, drive.respiratory_gain, breathing);
        self.last_r_ns = r_ns;
        self.next_index += 1;
    }

    /// The beats known so far, oldest first.
    pub fn beats(&self) -> &[Beat] {
        self.beats.as_slice()
    }

    /// The beats numbered `index` and later, as far as they are still kept.
    pub fn beats_from(&self, index: u64) -> &[Beat] {
        let beats = self.beats.as_slice();
        &beats[beats.partition_point(|beat| beat.index < index)..]
    }
}

#[cfg(test)]
mod tests;

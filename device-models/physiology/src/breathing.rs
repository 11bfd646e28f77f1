//! The breath generator: when breaths begin and how deep they are.
//!
//! A phase runs with the respiratory rate and begins a breath whenever it completes a turn. A breath fixes its depth
//! and timing at its beginning.

use sim_core::{Key, Purpose};

use super::breath::Breath;
use super::history::History;
use super::{GRID_NS, LOOKAHEAD_NS, WARM_UP_NS};

/// Share of a spontaneous breath spent inspiring (1:1.8).
const INSPIRED_SHARE: f64 = 1.0 / 2.8;
/// Share of a ventilator's breath spent inspiring (1:2).
pub const INSPIRED_SHARE_MANDATORY: f64 = 1.0 / 3.0;

/// Relative spread of the rate from breath to breath, and its memory of the breath before.
const RATE_SPREAD: f64 = 0.05;
const RATE_MEMORY: f64 = 0.5;

/// Respiratory sinus arrhythmia dies away in a pause of breathing with this time constant [s].
const PAUSE_FADE_S: f64 = 3.0;

/// What the next breaths shall be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreathDrive {
    /// Breaths [/min]; 0 is apnoea.
    pub rate_bpm: f64,
    /// Tidal volume [L].
    pub tidal_volume_l: f64,
    /// Anatomical dead space [L].
    pub dead_space_l: f64,
    /// Time constant with which the lung empties [s].
    pub emptying_s: f64,
    /// End-tidal carbon dioxide [mmHg].
    pub etco2_mmhg: f64,
    /// Share of a spontaneous breath spent inspiring, if not the usual one.
    pub inspired_share: Option<f64>,
    /// Share of the inspiration after which the lung is full; the rest is held.
    pub rise_share: f64,
    /// Whether a ventilator gives the breaths, at its own even pace.
    pub mandatory: bool,
}

/// The breath generator of one patient.
#[derive(Debug, Clone)]
pub struct Breathing {
    key: Key,
    horizon_ns: i64,
    phase: f64,
    unevenness: f64,
    next_index: u64,
    breaths: History<Breath>,
}

const PHASE: Purpose = Purpose::new("breathing.phase");
const UNEVENNESS: Purpose = Purpose::new("breathing.unevenness");

impl Breathing {
    /// A patient about to begin breathing [`WARM_UP_NS`] before the scenario's start; keeps `reach_ns` of breaths.
    pub fn new(key: Key, reach_ns: i64) -> Self {
        Self {
            key,
            horizon_ns: -WARM_UP_NS,
            phase: key.uniform(PHASE, 0),
            unevenness: 0.0,
            next_index: 0,
            breaths: History::new(reach_ns + LOOKAHEAD_NS),
        }
    }

    /// Until when the breaths have been decided [ns]; [`LOOKAHEAD_NS`] after the present once the patient is warm.
    pub fn horizon_ns(&self) -> i64 {
        self.horizon_ns
    }

    /// Decides the breaths of one more grid step.
    pub fn step(&mut self, drive: &BreathDrive) {
        self.horizon_ns += GRID_NS;
        if drive.rate_bpm <= 0.0 {
            return;
        }
        let rate_hz = self.rate_hz(drive);
        self.phase += rate_hz * GRID_NS as f64 * 1e-9;
        if self.phase < 1.0 {
            return;
        }
        self.phase = (self.phase - 1.0).min(1.0 - f64::EPSILON);
        let since_ns = ((self.phase / rate_hz * 1e9) as i64).min(GRID_NS - 1);
        self.begin(drive, self.horizon_ns - since_ns);
    }

    /// Rate of the running breath [Hz].
    fn rate_hz(&self, drive: &BreathDrive) -> f64 {
        let spread = if drive.mandatory { 0.0 } else { RATE_SPREAD * self.unevenness };
        drive.rate_bpm / 60.0 * (1.0 + spread)
    }

    fn begin(&mut self, drive: &BreathDrive, start_ns: i64) {
        let innovation = self.key.normal(UNEVENNESS, self.next_index).clamp(-3.0, 3.0);
        self.unevenness = RATE_MEMORY * self.unevenness + libm::sqrt(1.0 - RATE_MEMORY * RATE_MEMORY) * innovation;
        let period_ns = 1e9 / self.rate_hz(drive);
        let share =
            if drive.mandatory { INSPIRED_SHARE_MANDATORY } else { drive.inspired_share.unwrap_or(INSPIRED_SHARE) };
        let inspiration_ns = (period_ns * share) as i64;
        let (residual_l, carryover_mmhg) = self
            .breaths
            .newest()
            .map_or((0.0, 0.0), |breath| (breath.volume_l(start_ns), breath.carbon_dioxide_mmhg(start_ns)));
        let tidal_volume_l = drive.tidal_volume_l as f32;
        let dead_share = (drive.dead_space_l as f32 / (residual_l + tidal_volume_l)).clamp(0.0, 0.98);
        self.breaths.push(Breath {
            index: self.next_index,
            start_ns,
            inspiration_ns,
            expiration_ns: period_ns as i64 - inspiration_ns,
            tidal_volume_l,
            residual_l,
            etco2_mmhg: drive.etco2_mmhg as f32,
            carryover_mmhg,
            dead_space_s: -(drive.emptying_s as f32) * libm::logf(1.0 - dead_share),
            emptying_s: drive.emptying_s as f32,
            rise_share: if drive.mandatory { 1.0 } else { drive.rise_share as f32 },
            mandatory: drive.mandatory,
        });
        self.next_index += 1;
    }

    /// The breaths known so far, oldest first.
    pub fn breaths(&self) -> &[Breath] {
        self.breaths.as_slice()
    }

    /// How far the lung is inflated at an instant, from -1 (end of expiration) to 1 (end of inspiration), following
    /// half a cosine each way.
    pub fn inflation(&self, time_ns: i64) -> f64 {
        self.breaths.at(time_ns).map_or(-1.0, |breath| breath.inflation(time_ns).0)
    }

    /// Drive of respiratory sinus arrhythmia at an instant, with unit variance: the interval between beats is longest
    /// at the end of expiration. It dies away in a pause.
    pub(crate) fn arrhythmia_drive(&self, time_ns: i64) -> f64 {
        self.breaths.at(time_ns).map_or(0.0, |breath| {
            let (inflation, pause_s) = breath.inflation(time_ns);
            -std::f64::consts::SQRT_2 * inflation * libm::exp(-pause_s / PAUSE_FADE_S)
        })
    }
}

#[cfg(test)]
mod tests;

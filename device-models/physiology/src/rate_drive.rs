//! An ectopic drive that brings the heart rate to a target: tachycardia or bradycardia of the heart's own.
//!
//! The drive adds to the rate that the reflexes ask for, so the circulation answers as it would: a fast heart fills
//! less, a slow one lets the pressure fall, and the baroreflex pulls against both.

use super::state::STEP_S;

/// Part of a gap that one grid step closes; the core answers within the step, so anything below 1 is stable.
const CLOSING_PER_STEP: f64 = 0.3;

/// Greatest drive either way [/min].
const GREATEST_DRIVE_BPM: f64 = 230.0;

/// A drive in progress. Advance it once per grid step and give it to
/// [`Inputs::heart_rate_drive_bpm`](super::Inputs::heart_rate_drive_bpm).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateDrive {
    target_bpm: f64,
    ramp_s: f64,
    onset_bpm: f64,
    elapsed_s: f64,
    drive_bpm: f64,
    /// Drive lost per step since the release, 0 before it.
    fading_per_step: f64,
}

impl RateDrive {
    /// Begins with the heart at `heart_rate_bpm` [/min], to reach `target_bpm` [/min] after `ramp_s` [s].
    pub fn begin(target_bpm: f64, ramp_s: f64, heart_rate_bpm: f64) -> Self {
        Self {
            target_bpm,
            ramp_s: ramp_s.max(STEP_S),
            onset_bpm: heart_rate_bpm,
            elapsed_s: 0.0,
            drive_bpm: 0.0,
            fading_per_step: 0.0,
        }
    }

    /// Lets the drive fade over the time that the onset took.
    pub fn release(&mut self) {
        self.fading_per_step = (self.drive_bpm.abs() * STEP_S / self.ramp_s).max(f64::MIN_POSITIVE);
    }

    /// Advances by one grid step and returns the drive [/min], from the rate of the previous step [/min].
    pub fn step(&mut self, heart_rate_bpm: f64) -> f64 {
        self.elapsed_s += STEP_S;
        if self.fading_per_step > 0.0 {
            let left_bpm = (self.drive_bpm.abs() - self.fading_per_step).max(0.0);
            self.drive_bpm = if self.drive_bpm < 0.0 { -left_bpm } else { left_bpm };
        } else {
            let progress = (self.elapsed_s / self.ramp_s).min(1.0);
            let wanted_bpm = self.onset_bpm + (self.target_bpm - self.onset_bpm) * progress;
            self.drive_bpm += CLOSING_PER_STEP * (wanted_bpm - heart_rate_bpm);
            self.drive_bpm = self.drive_bpm.clamp(-GREATEST_DRIVE_BPM, GREATEST_DRIVE_BPM);
        }
        self.drive_bpm
    }

    /// Whether it has been released and has faded.
    pub fn is_over(&self) -> bool {
        self.fading_per_step > 0.0 && self.drive_bpm == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Core, Parameters};

    fn advance(core: &mut Core, cause: &mut RateDrive, seconds: u32) {
        for _ in 0..seconds * 10 {
            core.inputs.heart_rate_drive_bpm = cause.step(core.vitals().heart_rate_bpm);
            core.step();
        }
    }

    #[test]
    fn the_rate_reaches_the_target_along_the_ramp_and_returns() {
        for target_bpm in [35.0, 150.0, 200.0] {
            let mut core = Core::new(Parameters::textbook());
            let mut cause = RateDrive::begin(target_bpm, 60.0, core.vitals().heart_rate_bpm);
            advance(&mut core, &mut cause, 30);
            let half_way = 0.5 * (70.0 + target_bpm);
            assert!((core.vitals().heart_rate_bpm - half_way).abs() < 3.0, "{:?}", core.vitals());
            advance(&mut core, &mut cause, 31);
            assert!((core.vitals().heart_rate_bpm - target_bpm).abs() < 2.0, "{:?}", core.vitals());
            advance(&mut core, &mut cause, 300);
            assert!((core.vitals().heart_rate_bpm - target_bpm).abs() < 0.5, "{:?}", core.vitals());
            cause.release();
            advance(&mut core, &mut cause, 61);
            assert!(cause.is_over());
            advance(&mut core, &mut cause, 120);
            assert!((core.vitals().heart_rate_bpm - 70.0).abs() < 2.0, "{:?}", core.vitals());
        }
    }

    /// Pacing at rest does not raise output (see `circulation.rs`).
    #[test]
    fn a_fast_heart_brings_no_more() {
        let mut before_l_min = 5.4;
        for target_bpm in [110.0, 140.0, 170.0, 200.0] {
            let mut core = Core::new(Parameters::textbook());
            let mut cause = RateDrive::begin(target_bpm, 10.0, core.vitals().heart_rate_bpm);
            advance(&mut core, &mut cause, 120);
            let output_l_min = core.vitals().cardiac_output_l_min;
            assert!((3.5..before_l_min).contains(&output_l_min), "{target_bpm}: {output_l_min}");
            before_l_min = output_l_min;
        }
    }

    #[test]
    fn a_slow_heart_lowers_the_pressure() {
        let mut core = Core::new(Parameters::textbook());
        let mut cause = RateDrive::begin(30.0, 10.0, core.vitals().heart_rate_bpm);
        advance(&mut core, &mut cause, 60);
        assert!(core.vitals().map_mmhg < 85.0, "{:?}", core.vitals());
        assert!(core.vitals().stroke_volume_ml > 90.0, "{:?}", core.vitals());
    }
}

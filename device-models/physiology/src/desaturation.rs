//! A growing shunt that brings arterial saturation to a target: the cause behind a desaturation, not the number.
//!
//! The saturation itself is never set. The shunt grows or shrinks until the patient's own gas exchange arrives at the
//! target, and stops adjusting as soon as the patient is given more oxygen than at the onset, so that treatment works.

use super::inputs::Inputs;
use super::state::STEP_S;

/// Time in which the shunt closes a gap in saturation [s], and the shunt that costs the whole saturation: a shunt of
/// 0.25 costs 0.065 in the core.
const CLOSING_S: f64 = 4.0;
const SHUNT_PER_SATURATION: f64 = 3.0;

/// Greatest shunt that the cause opens.
const GREATEST_SHUNT: f64 = 0.57;

/// Inspired oxygen this much above that of the onset counts as treatment.
const TREATMENT_FIO2: f64 = 0.02;

/// A desaturation in progress. Advance it once per grid step and give its shunt to [`Inputs::shunt`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Desaturation {
    target: f64,
    ramp_s: f64,
    onset_sao2: f64,
    onset_fio2: f64,
    elapsed_s: f64,
    shunt: f64,
    /// Shunt lost per step since the release, 0 before it.
    healing_per_step: f64,
}

impl Desaturation {
    /// Begins with the patient at `sao2` (0 to 1), breathing what `inputs` says, to reach `target` (0 to 1) after
    /// `ramp_s` [s].
    pub fn begin(target: f64, ramp_s: f64, sao2: f64, inputs: &Inputs) -> Self {
        Self {
            target,
            ramp_s: ramp_s.max(STEP_S),
            onset_sao2: sao2,
            onset_fio2: inputs.fio2,
            elapsed_s: 0.0,
            shunt: 0.0,
            healing_per_step: 0.0,
        }
    }

    /// Lets the lung heal over the time that the onset took.
    pub fn release(&mut self) {
        self.healing_per_step = (self.shunt * STEP_S / self.ramp_s).max(f64::MIN_POSITIVE);
    }

    /// Advances by one grid step and returns the shunted fraction to add, from the truth of the previous step.
    pub fn step(&mut self, sao2: f64, inputs: &Inputs) -> f64 {
        self.elapsed_s += STEP_S;
        if self.healing_per_step > 0.0 {
            self.shunt = (self.shunt - self.healing_per_step).max(0.0);
        } else if inputs.fio2 <= self.onset_fio2 + TREATMENT_FIO2 {
            let progress = (self.elapsed_s / self.ramp_s).min(1.0);
            let wanted = self.onset_sao2 + (self.target - self.onset_sao2) * progress;
            self.shunt += STEP_S / CLOSING_S * SHUNT_PER_SATURATION * (sao2 - wanted);
            self.shunt = self.shunt.clamp(0.0, GREATEST_SHUNT);
        }
        self.shunt
    }

    /// Whether it has been released and healed.
    pub fn is_over(&self) -> bool {
        self.healing_per_step > 0.0 && self.shunt <= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Core, Parameters};

    fn advance(core: &mut Core, cause: &mut Desaturation, seconds: u32) {
        for _ in 0..seconds * 10 {
            core.inputs.shunt = cause.step(core.vitals().sao2, &core.inputs);
            core.step();
        }
    }

    fn desaturated(target: f64) -> (Core, Desaturation) {
        let mut core = Core::new(Parameters::textbook());
        let mut cause = Desaturation::begin(target, 90.0, core.vitals().sao2, &core.inputs);
        advance(&mut core, &mut cause, 45);
        let half_way = 0.5 * (target + 0.972);
        assert!((core.vitals().sao2 - half_way).abs() < 0.02, "half way to {target}: {}", core.vitals().sao2);
        advance(&mut core, &mut cause, 60);
        (core, cause)
    }

    #[test]
    fn saturation_reaches_the_target_and_stays() {
        for target in [0.90, 0.82, 0.70] {
            let (mut core, mut cause) = desaturated(target);
            assert!((core.vitals().sao2 - target).abs() < 0.01, "{target}: {}", core.vitals().sao2);
            advance(&mut core, &mut cause, 600);
            assert!((core.vitals().sao2 - target).abs() < 0.005, "{target} later: {}", core.vitals().sao2);
        }
    }

    #[test]
    fn the_lung_heals_when_released() {
        let (mut core, mut cause) = desaturated(0.82);
        cause.release();
        assert!(!cause.is_over());
        advance(&mut core, &mut cause, 91);
        assert!(cause.is_over());
        advance(&mut core, &mut cause, 300);
        assert!((core.vitals().sao2 - 0.972).abs() < 0.01, "{}", core.vitals().sao2);
    }

    #[test]
    fn oxygen_helps_and_is_not_fought() {
        let (mut core, mut cause) = desaturated(0.88);
        core.inputs.fio2 = 0.7;
        advance(&mut core, &mut cause, 300);
        assert!(core.vitals().sao2 > 0.93, "{}", core.vitals().sao2);
    }

    #[test]
    fn a_release_before_any_shunt_is_over_at_once() {
        let core = Core::new(Parameters::textbook());
        let mut cause = Desaturation::begin(0.8, 90.0, core.vitals().sao2, &core.inputs);
        cause.release();
        assert!(cause.is_over());
    }
}

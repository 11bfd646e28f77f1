//! `physio.hypotension`: vessels that dilate until the mean arterial pressure is where the step wants it.

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, GRID, SignalAct};
use vocabulary::Dimension;

use super::{Cause, Seen, action, cause, quantity, ramp, seconds};
use physiology::{Core, Inputs};

/// Time in which the dilation closes a gap in pressure [s], and the dilation that costs the whole pressure [1/mmHg].
const CLOSING_S: f64 = 2.0;
const DILATION_PER_MMHG: f64 = 1.0 / 90.0;

/// Greatest dilation, and the blood that pools in the veins with full dilation [L].
const GREATEST_DILATION: f64 = 0.9;
const POOLING_L: f64 = 0.5;

/// Relative constriction by drugs, and blood volume [L], above those of the onset that count as treatment.
const TREATMENT_CONSTRICTION: f64 = 0.02;
const TREATMENT_VOLUME_L: f64 = 0.05;

/// A vasodilation in progress. It stops adjusting once the patient is treated, so that treatment works.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Hypotension {
    target_mmhg: f64,
    ramp_s: f64,
    onset_mmhg: f64,
    onset_volume_l: f64,
    onset_constriction: f64,
    elapsed_s: f64,
    dilation: f64,
    /// Dilation lost per step since the release, 0 before it.
    healing_per_step: f64,
}

impl Hypotension {
    fn begin(target_mmhg: f64, ramp_s: f64, core: &Core) -> Self {
        Self {
            target_mmhg,
            ramp_s: ramp_s.max(GRID.seconds()),
            onset_mmhg: core.vitals().map_mmhg,
            onset_volume_l: core.state().blood_volume_l,
            onset_constriction: core.inputs.vasoconstriction,
            elapsed_s: 0.0,
            dilation: 0.0,
            healing_per_step: 0.0,
        }
    }

    fn is_treated(&self, core: &Core, inputs: &Inputs) -> bool {
        inputs.vasoconstriction > self.onset_constriction + TREATMENT_CONSTRICTION
            || core.state().blood_volume_l > self.onset_volume_l + TREATMENT_VOLUME_L
    }
}

impl Cause for Hypotension {
    fn step(&mut self, seen: &Seen<'_>, inputs: &mut Inputs) -> bool {
        let core = &seen.body.core;
        self.elapsed_s += GRID.seconds();
        if self.healing_per_step > 0.0 {
            self.dilation = (self.dilation - self.healing_per_step).max(0.0);
        } else if !self.is_treated(core, inputs) {
            let progress = (self.elapsed_s / self.ramp_s).min(1.0);
            let wanted_mmhg = self.onset_mmhg + (self.target_mmhg - self.onset_mmhg) * progress;
            self.dilation += GRID.seconds() / CLOSING_S * DILATION_PER_MMHG * (core.vitals().map_mmhg - wanted_mmhg);
            self.dilation = self.dilation.clamp(0.0, GREATEST_DILATION);
        }
        inputs.vasoconstriction = (1.0 + inputs.vasoconstriction) * (1.0 - self.dilation) - 1.0;
        inputs.venoconstriction_l -= POOLING_L * self.dilation;
        self.dilation > 0.0
    }

    fn release(&mut self) {
        self.healing_per_step = (self.dilation * GRID.seconds() / self.ramp_s).max(f64::MIN_POSITIVE);
    }

    fn is_over(&self) -> bool {
        self.healing_per_step > 0.0 && self.dilation <= 0.0
    }

    /// It looks at what drugs and fluids do.
    fn answers(&self) -> bool {
        true
    }
}

fn lower_pressure(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, body| {
        Hypotension::begin(arguments.number("map").unwrap_or(52.0), seconds(arguments, "ramp"), &body.core)
    });
}

/// The action.
pub(super) fn action_spec() -> ActionSpec {
    action(
        "physio.hypotension",
        "arterioles and veins dilate until the mean pressure has fallen; the heart answers",
        lower_pressure,
        vec![
            quantity("map", Dimension::Pressure, "mean arterial pressure reached without treatment")
                .default("52 mmHg")
                .range(35.0, 80.0),
            ramp("how long the fall takes, and the healing", "120s"),
        ],
        "the vessels recover their tone over the ramp",
        "raise a pressure alarm, by the arterial line and by the cuff",
    )
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;
    use super::*;
    use physiology::pharmacology::Drug;

    fn lowered(target_mmhg: f64) -> Bench {
        let mut bench = Bench::new();
        bench.begin(Hypotension::begin(target_mmhg, 120.0, &bench.body.core));
        bench.advance(60);
        let half_way = 0.5 * (90.0 + target_mmhg);
        let map_mmhg = bench.body.core.vitals().map_mmhg;
        assert!((map_mmhg - half_way).abs() < 4.0, "half way to {target_mmhg}: {map_mmhg}");
        bench.advance(90);
        bench
    }

    #[test]
    fn the_pressure_reaches_the_target_and_comes_back() {
        for target_mmhg in [70.0, 60.0, 52.0, 40.0] {
            let mut bench = lowered(target_mmhg);
            let vitals = *bench.body.core.vitals();
            assert!((vitals.map_mmhg - target_mmhg).abs() < 3.0, "{target_mmhg}: {vitals:?}");
            assert!(vitals.heart_rate_bpm > 85.0, "{vitals:?}");
            bench.advance(300);
            assert!((bench.body.core.vitals().map_mmhg - target_mmhg).abs() < 1.0);
            bench.release();
            bench.advance(300);
            let vitals = bench.body.core.vitals();
            assert!(bench.is_quiet());
            assert!((vitals.map_mmhg - 90.0).abs() < 2.0 && (vitals.heart_rate_bpm - 70.0).abs() < 4.0, "{vitals:?}");
        }
    }

    #[test]
    fn a_vasopressor_is_not_fought() {
        let mut bench = lowered(55.0);
        for _ in 0..300 {
            for _ in 0..10 {
                bench.medication.infuse(Drug::Norepinephrine, 2.0 / 60.0);
            }
            bench.advance(1);
        }
        assert!(bench.body.core.vitals().map_mmhg > 62.0, "{:?}", bench.body.core.vitals());
    }
}

//! `physio.bleed`: blood leaves the vessels.

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, Arguments, GRID, SignalAct};
use vocabulary::Dimension;

use super::{Cause, Seen, action, cause, quantity, seconds};
use physiology::Inputs;

/// Bleeding stops by itself when this part of the blood is left: there is no pressure that drives it.
const LEAST_VOLUME_RATIO: f64 = 0.3;

/// Blood being lost.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bleeding {
    rate_l_s: f64,
    /// What is still to be lost [L].
    left_l: f64,
    stopped: bool,
}

impl Bleeding {
    /// A rate [mL/h] until it is stopped, or a volume [mL] over a time.
    fn of(arguments: &Arguments) -> Self {
        if let Some(volume_ml) = arguments.number("volume") {
            let left_l = volume_ml / 1_000.0;
            return Self { rate_l_s: left_l / seconds(arguments, "over"), left_l, stopped: false };
        }
        let rate_l_s = arguments.number("rate").unwrap_or_default() / 3.6e6;
        Self { rate_l_s, left_l: f64::INFINITY, stopped: false }
    }
}

impl Cause for Bleeding {
    fn step(&mut self, seen: &Seen<'_>, inputs: &mut Inputs) -> bool {
        let core = &seen.body.core;
        let dry = core.state().blood_volume_l < LEAST_VOLUME_RATIO * core.parameters().blood_volume_l;
        if self.stopped || dry {
            return false;
        }
        let lost_l = (self.rate_l_s * GRID.seconds()).min(self.left_l);
        self.left_l -= lost_l;
        inputs.bleed_l_s += lost_l / GRID.seconds();
        lost_l > 0.0
    }

    fn release(&mut self) {
        self.stopped = true;
    }

    fn is_over(&self) -> bool {
        self.stopped || self.left_l <= 0.0
    }
}

fn bleed(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, _| Bleeding::of(arguments));
}

/// The action.
pub(super) fn action_spec() -> ActionSpec {
    action(
        "physio.bleed",
        "blood is lost; the reflexes hold the pressure until they cannot (classes I to IV of ATLS)",
        bleed,
        vec![
            quantity("rate", Dimension::Flow, "loss per time, until the step heals")
                .default("50 mL/min")
                .range(60.0, 30_000.0),
            quantity("volume", Dimension::Volume, "loss altogether, instead of a rate").range(10.0, 5_000.0),
            quantity("over", Dimension::Time, "time in which the volume is lost").default("20m").range(1e10, 8.64e13),
        ],
        "the bleeding is stopped; what is lost comes back only by refill and transfusion",
        "raise heart-rate and pressure alarms in the order in which the limits are crossed",
    )
}

#[cfg(test)]
mod tests {
    use super::super::bench::{Bench, arguments};
    use super::*;

    #[test]
    fn a_rate_bleeds_until_it_is_stopped() {
        let mut bench = Bench::new();
        bench.begin(Bleeding::of(&arguments(&[("rate", 65.0 * 60.0)])));
        bench.advance(1_200);
        let core = &bench.body.core;
        assert!((3.65..3.80).contains(&core.state().blood_volume_l), "{:?}", core.state());
        assert!(core.vitals().heart_rate_bpm > 95.0 && core.vitals().sbp_mmhg < 100.0, "{:?}", core.vitals());
        bench.release();
        bench.advance(1);
        assert!(bench.is_quiet());
        let low_l = bench.body.core.state().blood_volume_l;
        bench.advance(3 * 3_600);
        assert!(bench.body.core.state().blood_volume_l > low_l + 0.5, "refill");
    }

    #[test]
    fn a_volume_is_lost_and_no_more() {
        let mut bench = Bench::new();
        bench.begin(Bleeding::of(&arguments(&[("volume", 500.0), ("over", 600e9)])));
        bench.advance(602);
        assert!(bench.is_quiet());
        let volume_l = bench.body.core.state().blood_volume_l;
        assert!((4.49..4.53).contains(&volume_l), "{volume_l} L: 500 mL less, some refill");
    }

    #[test]
    fn transfusion_brings_the_patient_back() {
        let mut bench = Bench::new();
        bench.begin(Bleeding::of(&arguments(&[("volume", 1_500.0), ("over", 600e9)])));
        bench.advance(601);
        bench.medication.infuse_blood(1.45);
        bench.advance(600);
        assert!((bench.body.core.vitals().map_mmhg - 90.0).abs() < 3.0, "{:?}", bench.body.core.vitals());
    }
}

//! `physio.desaturation`.

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, SignalAct};
use vocabulary::Dimension;

use super::{Cause, Seen, action, cause, quantity, ramp, seconds};
use physiology::{Desaturation, Inputs};

impl Cause for Desaturation {
    fn step(&mut self, seen: &Seen<'_>, inputs: &mut Inputs) -> bool {
        let shunt = Self::step(self, seen.body.core.vitals().sao2, inputs);
        inputs.shunt += shunt;
        shunt > 0.0
    }

    fn release(&mut self) {
        Self::release(self);
    }

    fn is_over(&self) -> bool {
        Self::is_over(self)
    }

    /// It looks at the oxygen that others give.
    fn answers(&self) -> bool {
        true
    }
}

fn desaturate(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, body| {
        let target = arguments.number("to").unwrap_or(82.0) / 100.0;
        Desaturation::begin(target, seconds(arguments, "ramp"), body.core.vitals().sao2, &body.core.inputs)
    });
}

/// The action.
pub(super) fn action_spec() -> ActionSpec {
    action(
        "physio.desaturation",
        "a growing shunt lets the arterial oxygen saturation fall; heart, breathing and pressure answer",
        desaturate,
        vec![
            quantity("to", Dimension::Percent, "saturation reached without treatment")
                .default("82 %")
                .range(60.0, 95.0),
            ramp("how long the fall takes, and the healing", "90s"),
        ],
        "the shunt closes over the ramp",
        "raise a saturation alarm, not a lead-off alarm",
    )
}

//! `physio.input`: one input of the core, bare, for tests of the model itself.

use bevy_ecs::prelude::*;
use sim_core::{ActionSpec, ParameterKind, ParameterSpec, SignalAct};
use vocabulary::Dimension;

use super::course::Course;
use super::exertion::Push;
use super::{action, cause, quantity, seconds};
use physiology::Inputs;

/// Inputs that a scenario can move, by name.
const INPUTS: &[&str] = &[
    "opioid",
    "sepsis",
    "exercise",
    "tilt",
    "fever",
    "shunt",
    "vasoconstriction",
    "venoconstriction",
    "chronotropy",
    "contractility",
    "baroreflex_loss",
    "heart_rate_drive",
];

fn input(name: &str) -> fn(&mut Inputs) -> &mut f64 {
    match name {
        "opioid" => |inputs| &mut inputs.opioid,
        "sepsis" => |inputs| &mut inputs.sepsis,
        "exercise" => |inputs| &mut inputs.exercise,
        "tilt" => |inputs| &mut inputs.tilt,
        "fever" => |inputs| &mut inputs.fever_c,
        "shunt" => |inputs| &mut inputs.shunt,
        "vasoconstriction" => |inputs| &mut inputs.vasoconstriction,
        "venoconstriction" => |inputs| &mut inputs.venoconstriction_l,
        "chronotropy" => |inputs| &mut inputs.chronotropy_bpm,
        "contractility" => |inputs| &mut inputs.contractility,
        "baroreflex_loss" => |inputs| &mut inputs.baroreflex_loss,
        _ => |inputs| &mut inputs.heart_rate_drive_bpm,
    }
}

/// What can be added to an input without leaving the model's ground.
fn limits(name: &str) -> (f64, f64) {
    match name {
        "opioid" => (0.0, 2.0),
        "shunt" => (0.0, 0.5),
        "sepsis" | "exercise" | "tilt" | "baroreflex_loss" => (0.0, 1.0),
        "fever" => (-5.0, 5.0),
        "vasoconstriction" | "contractility" => (-0.9, 3.0),
        "venoconstriction" => (-1.0, 1.0),
        _ => (-60.0, 150.0),
    }
}

fn push_input(world: &mut World, act: &SignalAct<'_>) {
    cause(world, act, |arguments, _| {
        let ramp_s = seconds(arguments, "ramp");
        let name = arguments.text("input").unwrap_or_default();
        let (least, most) = limits(name);
        let value = arguments.number("value").unwrap_or_default().clamp(least, most);
        Push { course: Course::new(value, ramp_s, ramp_s), input: input(name) }
    });
}

/// The action.
pub(super) fn action_spec() -> ActionSpec {
    action(
        "physio.input",
        "adds a number to one input of the cardio-respiratory core, at most what the model is made for: for tests of the \
         model, not a clinical event",
        push_input,
        vec![
            ParameterSpec::required("input", ParameterKind::Choice(INPUTS), "which input"),
            ParameterSpec::required("value", ParameterKind::Number, "what is added, in the input's own unit")
                .range(-250.0, 250.0),
            quantity("ramp", Dimension::Time, "how long the way there takes, and back")
                .default("0s")
                .range(0.0, 3.6e12),
        ],
        "the number is taken away over the ramp",
        "nothing in particular: it depends on the input",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each name moves its own input, and only that.
    #[test]
    fn every_name_is_one_input() {
        let mut moved = Inputs::default();
        for (index, name) in INPUTS.iter().enumerate() {
            *input(name)(&mut moved) += 1.0 + index as f64;
        }
        let values = [
            moved.opioid,
            moved.sepsis,
            moved.exercise,
            moved.tilt,
            moved.fever_c,
            moved.shunt,
            moved.vasoconstriction,
            moved.venoconstriction_l,
            moved.chronotropy_bpm,
            moved.contractility,
            moved.baroreflex_loss,
            moved.heart_rate_drive_bpm,
        ];
        for (index, value) in values.iter().enumerate() {
            assert_eq!(*value, 1.0 + index as f64, "{}", INPUTS[index]);
        }
    }
}

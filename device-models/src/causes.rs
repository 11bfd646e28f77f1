//! Steps that happen to a patient: each a cause acting on the model, never a value painted over the vitals.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, DurationRule, Edge, Evidence, Level, OccurrenceId, ParameterKind, ParameterSpec, Registry, Seam,
    SignalAct,
};
use vocabulary::Dimension;

use crate::patient::Physiology;
use crate::physiology::{Desaturation, RateDrive};

/// Causes at work in a patient.
#[derive(Debug, Clone, Default, Component)]
pub struct Causes {
    desaturations: Vec<(OccurrenceId, Desaturation)>,
    rate_drives: Vec<(OccurrenceId, RateDrive)>,
}

/// Lets every cause act on the inputs of its patient's core for one grid step.
pub(crate) fn apply_causes(mut patients: Query<(&mut Causes, &mut Physiology)>, mut evidence: ResMut<Evidence>) {
    for (mut causes, mut physiology) in &mut patients {
        if causes.desaturations.is_empty() && causes.rate_drives.is_empty() {
            continue;
        }
        let vitals = *physiology.0.core.vitals();
        let inputs = &mut physiology.0.core.inputs;
        let mut shunt = 0.0;
        for (occurrence, cause) in &mut causes.desaturations {
            let added = cause.step(vitals.sao2, inputs);
            evidence.add(*occurrence, "grid_steps_acted", u64::from(added > 0.0));
            shunt += added;
        }
        inputs.shunt = shunt;
        let mut drive_bpm = 0.0;
        for (occurrence, cause) in &mut causes.rate_drives {
            let added_bpm = cause.step(vitals.heart_rate_bpm);
            evidence.add(*occurrence, "grid_steps_acted", u64::from(added_bpm != 0.0));
            drive_bpm += added_bpm;
        }
        inputs.heart_rate_drive_bpm = drive_bpm;
        causes.desaturations.retain(|(_, cause)| !cause.is_over());
        causes.rate_drives.retain(|(_, cause)| !cause.is_over());
    }
}

fn desaturation(world: &mut World, act: &SignalAct<'_>) {
    let Ok((mut causes, physiology)) = world.query::<(&mut Causes, &Physiology)>().get_mut(world, act.entity) else {
        return;
    };
    match act.edge {
        Edge::Begin => {
            let target = act.occurrence.arguments.number("to").unwrap_or(82.0) / 100.0;
            let ramp_s = act.occurrence.arguments.number("ramp").unwrap_or(90e9) / 1e9;
            let core = &physiology.0.core;
            causes.desaturations.push((act.id, Desaturation::begin(target, ramp_s, core.vitals().sao2, &core.inputs)));
        }
        Edge::Heal => {
            for (_, cause) in causes.desaturations.iter_mut().filter(|(id, _)| *id == act.id) {
                cause.release();
            }
        }
    }
}

fn rate_drive(world: &mut World, act: &SignalAct<'_>) {
    let Ok((mut causes, physiology)) = world.query::<(&mut Causes, &Physiology)>().get_mut(world, act.entity) else {
        return;
    };
    match act.edge {
        Edge::Begin => {
            let target_bpm = act.occurrence.arguments.number("rate").unwrap_or(150.0);
            let ramp_s = act.occurrence.arguments.number("ramp").unwrap_or(60e9) / 1e9;
            let drive = RateDrive::begin(target_bpm, ramp_s, physiology.0.core.vitals().heart_rate_bpm);
            causes.rate_drives.push((act.id, drive));
        }
        Edge::Heal => {
            for (_, cause) in causes.rate_drives.iter_mut().filter(|(id, _)| *id == act.id) {
                cause.release();
            }
        }
    }
}

/// Adds the `physio.*` actions.
pub fn register(registry: &mut Registry) {
    let quantity = |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about);
    registry.actions.push(ActionSpec {
        name: "physio.desaturation",
        about: "a growing shunt lets the arterial oxygen saturation fall; heart, breathing and pressure answer",
        level: Level::Patient,
        seam: Seam::Signal(desaturation),
        parameters: vec![
            quantity("to", Dimension::Percent, "saturation reached without treatment")
                .default("82 %")
                .range(60.0, 95.0),
            quantity("ramp", Dimension::Time, "how long the fall takes, and the healing")
                .default("90s")
                .range(1e9, 3.6e12),
        ],
        duration: DurationRule::Optional,
        evidence: &["grid_steps_acted"],
        heal: "the shunt closes over the ramp",
        stack_should: "raise a saturation alarm, not a lead-off alarm",
    });
    registry.actions.push(ActionSpec {
        name: "physio.tachy",
        about: "a fast sinus rhythm of the heart's own; filling and pressure answer",
        level: Level::Patient,
        seam: Seam::Signal(rate_drive),
        parameters: vec![
            quantity("rate", Dimension::Rate, "heart rate reached").default("150 bpm").range(90.0, 200.0),
            quantity("ramp", Dimension::Time, "how long the rise takes, and the fall")
                .default("60s")
                .range(1e9, 3.6e12),
        ],
        duration: DurationRule::Optional,
        evidence: &["grid_steps_acted"],
        heal: "the drive fades over the ramp",
        stack_should: "raise a rate alarm",
    });
}

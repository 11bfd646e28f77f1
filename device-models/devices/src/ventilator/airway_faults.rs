//! Faults between ventilator and patient: the tube comes off, or narrows.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, DurationRule, Edge, Executor, Level, OccurrenceId, ParameterKind, ParameterSpec, SignalAct, SignalCode,
};

/// What is wrong with an airway.
#[derive(Debug, Clone, Copy, PartialEq)]
enum AirwayFault {
    Disconnected,
    /// Resistance grows by this factor.
    Narrowed(f64),
}

/// Faults at work.
#[derive(Debug, Clone, Default, Component)]
pub struct AirwayFaults(Vec<(OccurrenceId, AirwayFault)>);

impl AirwayFaults {
    pub(super) fn disconnected(&self) -> bool {
        self.0.iter().any(|(_, fault)| *fault == AirwayFault::Disconnected)
    }

    /// Factor of the resistance.
    pub(super) fn narrowing(&self) -> f64 {
        let factors = self.0.iter().map(|(_, fault)| match fault {
            AirwayFault::Disconnected => 1.0,
            AirwayFault::Narrowed(factor) => *factor,
        });
        factors.product()
    }

    pub(super) fn acting(&self) -> impl Iterator<Item = OccurrenceId> + '_ {
        self.0.iter().map(|(occurrence, _)| *occurrence)
    }

    #[cfg(test)]
    pub(super) fn one_narrowing(factor: f64) -> Self {
        Self(vec![(OccurrenceId(0), AirwayFault::Narrowed(factor))])
    }

    #[cfg(test)]
    pub(super) fn one_disconnection() -> Self {
        Self(vec![(OccurrenceId(0), AirwayFault::Disconnected)])
    }
}

fn place(world: &mut World, act: &SignalAct<'_>, fault: AirwayFault) {
    // On a device that is no ventilator the step stays without evidence.
    let Some(mut faults) = world.get_mut::<AirwayFaults>(act.entity) else { return };
    match act.edge {
        Edge::Begin => faults.0.push((act.id, fault)),
        Edge::Heal => faults.0.retain(|(occurrence, _)| *occurrence != act.id),
    }
}

fn disconnect(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, AirwayFault::Disconnected);
}

fn narrow(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, AirwayFault::Narrowed(act.occurrence.arguments.number("factor").unwrap_or(10.0)));
}

/// The `airway.*` actions.
pub(super) fn actions() -> [ActionSpec; 2] {
    let action = |name, about, act: SignalCode, parameters, heal, stack_should| ActionSpec {
        name,
        about,
        level: Level::Device,
        executor: Executor::signal(act),
        parameters,
        duration: DurationRule::Optional,
        evidence: &["grid_steps_acted"],
        heal,
        stack_should,
    };
    [
        action(
            "airway.disconnect",
            "the tube comes off the ventilator: a patient who does not breathe gets nothing, others breathe room air",
            disconnect,
            Vec::new(),
            "the tube is put on again",
            "raise one high-priority alarm within seconds, before the saturation falls",
        ),
        action(
            "airway.obstruct",
            "the tube narrows (kink, mucus, bronchospasm): pressure rises, and at the limit the volume falls",
            narrow,
            vec![
                ParameterSpec::optional("factor", ParameterKind::Number, "growth of the resistance")
                    .default("10")
                    .range(1.1, 50.0),
            ],
            "the tube is free again",
            "raise the high-pressure alarm, and notice the falling volume",
        ),
    ]
}

//! Compression lows: someone lies on the sensor, blood leaves the tissue, and the sensor shows a low that is none.
//!
//! Baysal et al., J Diabetes Sci Technol 2014;8:58: drops of some 40 mg/dL for 15 to 60 min, mostly at night.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, Complaint, DurationRule, Edge, Executor, Level, OccurrenceId, ParameterKind, ParameterSpec, Registry,
    SignalAct, StepCheck, StepFacts,
};
use vocabulary::Dimension;

/// Pressure on a sensor.
#[derive(Debug, Clone, Default, Component)]
pub struct Compressions(Vec<Compression>);

#[derive(Debug, Clone, Copy)]
struct Compression {
    occurrence: OccurrenceId,
    drop_mg_dl: f64,
}

impl Compressions {
    /// By how much the sensor will show less [mg/dL]; the strongest pressure counts.
    pub fn drop_mg_dl(&self) -> f64 {
        self.0.iter().map(|compression| compression.drop_mg_dl).fold(0.0, f64::max)
    }

    /// The occurrences at work.
    pub fn acting(&self) -> impl Iterator<Item = OccurrenceId> + '_ {
        self.0.iter().map(|compression| compression.occurrence)
    }
}

fn compress(world: &mut World, act: &SignalAct<'_>) {
    let Some(mut compressions) = world.get_mut::<Compressions>(act.entity) else { return };
    match act.edge {
        Edge::Begin => {
            let drop_mg_dl = act.occurrence.arguments.number("drop").unwrap_or(40.0);
            compressions.0.push(Compression { occurrence: act.id, drop_mg_dl });
        }
        Edge::Heal => compressions.0.retain(|compression| compression.occurrence != act.id),
    }
}

fn needs_sensor(facts: &StepFacts<'_>) -> Vec<Complaint> {
    let there = facts.kinds.contains(&crate::cgm::KIND);
    let message = || format!("only a `{}` can be lain on, not {}", crate::cgm::KIND, facts.kinds.join(", "));
    (!there).then(|| Complaint::of_step(message())).into_iter().collect()
}

/// Adds `sensor.compression_low`.
pub fn register(registry: &mut Registry) {
    registry.add(StepCheck { action: "sensor.compression_low", look: needs_sensor });
    registry.add(ActionSpec {
        name: "sensor.compression_low",
        about: "the wearer lies on the sensor, which shows too little; glucose itself does not change",
        level: Level::Device,
        executor: Executor::signal(compress),
        parameters: vec![
            ParameterSpec::optional("drop", ParameterKind::Quantity(Dimension::Glucose), "how much less it shows")
                .default("40 mg/dL")
                .range(5.0, 150.0),
        ],
        duration: DurationRule::Required,
        evidence: &["readings_changed"],
        heal: "the pressure ends, and the sensor recovers within half an hour",
        stack_should: "tell it from a low by its steep begin at night, and not wake everybody",
    });
}

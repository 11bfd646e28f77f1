//! Faults of an insulin pump: a blocked tube, an empty reservoir.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, Complaint, DurationRule, Edge, Evidence, Executor, Level, OccurrenceId, Registry, SignalAct, StepCheck,
    StepFacts,
};

use super::WornPump;
use physiology::glucose::{InsulinPump, Units};

/// Faults at work in a pump.
#[derive(Debug, Clone, Default)]
pub(super) struct PumpFaults {
    occlusions: Vec<OccurrenceId>,
    empties: Vec<OccurrenceId>,
}

impl PumpFaults {
    /// Whether a step keeps the reservoir empty.
    pub(super) fn is_empty_kept(&self) -> bool {
        !self.empties.is_empty()
    }

    /// Counts a minute in which faults kept insulin from the wearer.
    pub(super) fn note(&self, pump: &InsulinPump, evidence: &mut Evidence) {
        if pump.held_back() > Units(0.0) {
            evidence.add_all(self.occlusions.iter().copied(), "minutes_held_back", 1);
        }
        evidence.add_all(self.empties.iter().copied(), "minutes_empty", 1);
    }
}

fn occlude(world: &mut World, act: &SignalAct<'_>) {
    let Some(mut worn) = world.get_mut::<WornPump>(act.entity) else { return };
    match act.edge {
        Edge::Begin => worn.faults.occlusions.push(act.id),
        Edge::Heal => worn.faults.occlusions.retain(|id| *id != act.id),
    }
    let occluded = !worn.faults.occlusions.is_empty();
    worn.pump.set_occluded(occluded);
}

fn empty(world: &mut World, act: &SignalAct<'_>) {
    let Some(mut worn) = world.get_mut::<WornPump>(act.entity) else { return };
    match act.edge {
        Edge::Begin => {
            worn.faults.empties.push(act.id);
            worn.pump.refill(Units(0.0));
        }
        Edge::Heal => {
            worn.faults.empties.retain(|id| *id != act.id);
            if worn.faults.empties.is_empty() {
                let filling = worn.filling;
                worn.pump.refill(filling);
            }
        }
    }
}

fn needs_pump(facts: &StepFacts<'_>) -> Vec<Complaint> {
    let there = facts.kinds.contains(&super::KIND);
    let message = || format!("only an `{}` has such a fault, not {}", super::KIND, facts.kinds.join(", "));
    (!there).then(|| Complaint::of_step(message())).into_iter().collect()
}

/// Adds `pump.occlusion` and `pump.empty`.
pub(super) fn register(registry: &mut Registry) {
    registry.extend(["pump.occlusion", "pump.empty"].map(|action| StepCheck { action, look: needs_pump }));
    registry.extend([
        ActionSpec {
            name: "pump.occlusion",
            about: "the tube of an insulin pump is blocked: nothing arrives; after some units the pump notices and stops",
            level: Level::Device,
            executor: Executor::signal(occlude),
            parameters: Vec::new(),
            duration: DurationRule::Optional,
            evidence: &["minutes_held_back"],
            heal: "the tube is free; what it held back arrives at once",
            stack_should: "raise the occlusion alarm and, until it comes, distrust insulin that does not act",
        },
        ActionSpec {
            name: "pump.empty",
            about: "the reservoir of an insulin pump is empty",
            level: Level::Device,
            executor: Executor::signal(empty),
            parameters: Vec::new(),
            duration: DurationRule::Optional,
            evidence: &["minutes_empty"],
            heal: "a fresh reservoir",
            stack_should: "raise the alarm at once; advise no bolus from this pump",
        },
    ]);
}

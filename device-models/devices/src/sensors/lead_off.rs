//! Electrodes that come off: the front end rails, and the device may or may not notice.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, Complaint, DurationRule, Edge, Evidence, Executor, Level, OccurrenceId, ParameterKind, ParameterSpec,
    Registry, SignalAct, SimTime, Span, StepCheck, StepFacts,
};
use vocabulary::{MetricId, Quality};

use super::faults::foresight::carried;
use crate::device::Chunk;

/// Input range of an ECG front end [mV]; a lead without contact drifts to its rail (AAMI EC11: at least +-5 mV).
const RAIL_MV: f64 = 5.0;

/// How long a healed fault is remembered: the longest chunk that may still reach back into it.
const MEMORY: Span = Span::from_secs(11);

/// Electrodes that are or lately were off.
#[derive(Debug, Clone, Default, Component)]
pub struct LeadsOff(Vec<LeadOff>);

#[derive(Debug, Clone)]
struct LeadOff {
    occurrence: OccurrenceId,
    from: SimTime,
    to: SimTime,
    /// Channels concerned; empty means all.
    leads: Vec<MetricId>,
    noticed: bool,
}

impl LeadOff {
    fn concerns(&self, lead: MetricId) -> bool {
        self.leads.is_empty() || self.leads.contains(&lead)
    }
}

/// What a device knows of its electrodes at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    /// Good.
    On,
    /// Off, and the device says so.
    KnownOff,
    /// Off, and the device does not notice.
    UnknownOff,
}

impl LeadsOff {
    /// State of the contact of `lead` at an instant.
    pub fn contact(&self, lead: MetricId, at: SimTime) -> Contact {
        let mut contact = Contact::On;
        for fault in self.0.iter().filter(|fault| fault.concerns(lead) && fault.from <= at && at < fault.to) {
            if fault.noticed {
                return Contact::KnownOff;
            }
            contact = Contact::UnknownOff;
        }
        contact
    }

    /// The occurrences that keep the contact of `lead` off at an instant.
    pub fn acting(&self, lead: MetricId, at: SimTime) -> impl Iterator<Item = OccurrenceId> + '_ {
        self.0
            .iter()
            .filter(move |fault| fault.concerns(lead) && fault.from <= at && at < fault.to)
            .map(|fault| fault.occurrence)
    }

    /// Writes the rail over the samples of `lead` that fall into a fault, and returns the chunk's quality.
    pub fn rail(
        &self,
        lead: MetricId,
        chunk: &Chunk,
        gain: f64,
        offset: f64,
        samples: &mut [i16],
        evidence: &mut Evidence,
    ) -> Quality {
        let mut quality = Quality::Ok;
        for fault in self.0.iter().filter(|fault| fault.concerns(lead)) {
            if fault.to <= chunk.first() || chunk.end() <= fault.from {
                continue;
            }
            let rail = ((RAIL_MV - offset) / gain).clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16;
            let mut changed = 0;
            for (position, sample) in samples.iter_mut().enumerate() {
                if (fault.from..fault.to).contains(&chunk.instant(position)) {
                    *sample = rail;
                    changed += 1;
                }
            }
            evidence.add(fault.occurrence, "samples_changed", changed);
            if changed > 0 && fault.noticed {
                quality = Quality::Invalid;
            }
        }
        quality
    }
}

fn lead_off(world: &mut World, act: &SignalAct<'_>) {
    let mut off = world.entity_mut(act.entity).take::<LeadsOff>().unwrap_or_default();
    match act.edge {
        Edge::Begin => {
            let leads = act.occurrence.arguments.texts("leads").unwrap_or_default();
            let from = act.occurrence.start;
            off.0.retain(|fault| fault.to > from - MEMORY);
            off.0.push(LeadOff {
                occurrence: act.id,
                from,
                to: act.occurrence.end.unwrap_or(SimTime::from_nanos(i64::MAX)),
                leads: leads.iter().filter_map(|lead| MetricId::find(lead)).collect(),
                noticed: act.occurrence.arguments.flag("flag").unwrap_or(true),
            });
        }
        Edge::Heal => {}
    }
    world.entity_mut(act.entity).insert(off);
}

fn leads_are_there(facts: &StepFacts<'_>) -> Vec<Complaint> {
    let leads = facts.arguments.texts("leads").unwrap_or_default();
    leads.iter().filter_map(|lead| carried(facts, "leads", lead)).collect()
}

/// Adds `sensor.lead_off`.
pub fn register(registry: &mut Registry) {
    registry.add(StepCheck { action: "sensor.lead_off", look: leads_are_there });
    registry.add(ActionSpec {
        name: "sensor.lead_off",
        about: "electrodes lose contact: the samples rail, the device reports it or not",
        level: Level::Device,
        executor: Executor::signal(lead_off),
        parameters: vec![
            ParameterSpec::optional(
                "leads",
                ParameterKind::Texts,
                "channels concerned, such as `ecg_ii`; all when absent",
            ),
            ParameterSpec::optional("flag", ParameterKind::Flag, "whether the device notices and marks its data")
                .default("true"),
        ],
        duration: DurationRule::Optional,
        evidence: &["samples_changed", "readings_changed"],
        heal: "contact returns",
        stack_should: "raise a technical alarm and suppress the physiological one; never call it asystole",
    });
}

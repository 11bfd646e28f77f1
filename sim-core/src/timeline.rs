//! What happens when: the expanded steps of a scenario, and the evidence that they had an effect.

use std::collections::BTreeMap;

use bevy_ecs::prelude::*;

use crate::{Arguments, Owner, SimId, SimTime};

/// One occurrence of one step, with everything resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    /// Step id as the scenario names it.
    pub step: String,
    /// Which repetition of the step, from 0.
    pub repetition: u32,
    /// Action name.
    pub action: String,
    /// Begins here (on the grid).
    pub start: SimTime,
    /// Heals here (on the grid); `None` for an action that has no duration.
    pub end: Option<SimTime>,
    /// Checked parameters, defaults filled in.
    pub arguments: Arguments,
    /// Whom it acts on, in path order.
    pub subjects: Vec<Subject>,
}

/// What an occurrence acts on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A patient.
    Patient(SimId),
    /// A device, the link of a device, or a gateway.
    Device(SimId),
    /// One stream of a device, by position.
    Stream(SimId, u16),
    /// A target, by id.
    Target(String),
}

impl Subject {
    /// Whose model it is about.
    pub fn owner(&self) -> Option<Owner> {
        match self {
            Self::Patient(id) => Some(Owner::Patient(*id)),
            Self::Device(id) | Self::Stream(id, _) => Some(Owner::Device(*id)),
            Self::Target(_) => None,
        }
    }
}

/// Whether an occurrence begins or heals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The action takes effect.
    Begin,
    /// The action is healed.
    Heal,
}

/// Index of an occurrence in the run's timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OccurrenceId(pub u32);

/// What the steps really changed, counted per occurrence. A step without evidence was ineffective.
#[derive(Debug, Clone, Default, Resource)]
pub struct Evidence {
    counts: BTreeMap<(OccurrenceId, &'static str), u64>,
}

impl Evidence {
    /// Counts `amount` more of `what` for an occurrence.
    pub fn add(&mut self, occurrence: OccurrenceId, what: &'static str, amount: u64) {
        if amount > 0 {
            *self.counts.entry((occurrence, what)).or_default() += amount;
        }
    }

    /// Counts `amount` more of `what` for several occurrences.
    pub fn add_all(&mut self, occurrences: impl IntoIterator<Item = OccurrenceId>, what: &'static str, amount: u64) {
        for occurrence in occurrences {
            self.add(occurrence, what, amount);
        }
    }

    /// Everything counted, in order.
    pub fn iter(&self) -> impl Iterator<Item = (OccurrenceId, &'static str, u64)> + '_ {
        self.counts.iter().map(|((occurrence, what), count)| (*occurrence, *what, *count))
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: &Self) {
        for (occurrence, what, count) in other.iter() {
            self.add(occurrence, what, count);
        }
    }
}

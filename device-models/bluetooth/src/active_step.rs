//! Steps in force at a site, and what is still to come of them.

use std::sync::Arc;

use sim_core::{OccurrenceId, SimTime, Span};

use crate::step_plan::ActionCode;

/// Order of what a step does at one instant: what is over goes first.
pub(crate) const HEAL: u8 = 0;
/// Afterwards comes what begins.
pub(crate) const BEGIN: u8 = 1;

/// Something that a step does when its time has come.
#[derive(Debug, Clone)]
pub(crate) enum StepEvent {
    /// A step begins on a device.
    Begin { occurrence: OccurrenceId, code: Arc<ActionCode>, device: usize },
    /// A step ends on a device.
    Heal { occurrence: OccurrenceId, code: Arc<ActionCode>, device: usize },
    /// A device takes a new address.
    Rotate { occurrence: OccurrenceId, device: usize, every: Span },
    /// A step begins on a gateway.
    BeginGateway { occurrence: OccurrenceId, code: Arc<ActionCode>, gateway: usize },
    /// A gateway comes back.
    Restart { occurrence: OccurrenceId, gateway: usize },
}

/// A step in force.
#[derive(Debug, Clone)]
pub(crate) struct ActiveStep {
    pub(crate) occurrence: OccurrenceId,
    pub(crate) subject: StepSubject,
}

/// On what a step is in force.
#[derive(Debug, Clone)]
pub(crate) enum StepSubject {
    /// On a device.
    Device {
        index: usize,
        code: Arc<ActionCode>,
        /// The counters of its evidence as they were when they were last looked at.
        seen: Vec<u64>,
        /// Foreign advertisers that it has brought.
        crowd: u32,
    },
    /// On a gateway that is down.
    Gateway { index: usize, since: SimTime, counted_s: u64 },
}

impl ActiveStep {
    pub(crate) fn is_on_device(&self, device: usize) -> bool {
        matches!(&self.subject, StepSubject::Device { index, .. } if *index == device)
    }

    /// Whether it is a step of this action on a device.
    pub(crate) fn does(&self, code: &ActionCode, device: usize) -> bool {
        matches!(&self.subject, StepSubject::Device { index, code: of, .. } if *index == device && of.name == code.name)
    }
}

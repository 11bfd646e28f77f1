//! Labels by owner.

use std::collections::BTreeMap;

use scenarios::Plan;
use sim_core::{Annotation, Owner};

/// Labels of every patient and replay device, in order of time.
#[derive(Debug, Default)]
pub(crate) struct Annotations(BTreeMap<Owner, Vec<Annotation>>);

impl Annotations {
    /// Empty lists for everyone in the plan who can have labels: a device that has its own keeps its patient's away.
    pub(crate) fn new(plan: &Plan) -> Self {
        let devices = plan.roster.devices.iter().enumerate();
        let replays = devices.filter(|(_, device)| device.kind == device_models::REPLAY_KIND);
        Self(replays.map(|(index, _)| (Owner::Device(sim_core::SimId(index as u32)), Vec::new())).collect())
    }

    /// Adds a label.
    pub(crate) fn take(&mut self, annotation: Annotation) {
        self.0.entry(annotation.owner).or_default().push(annotation);
    }

    /// The labels of an owner.
    pub(crate) fn of(&self, owner: Owner) -> Option<&[Annotation]> {
        self.0.get(&owner).map(Vec::as_slice)
    }
}

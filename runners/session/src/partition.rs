//! Which of the patients take part.

use std::ops::Range;

use scenarios::Plan;
use sim_core::SimId;

/// One part of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Which part, from 1.
    pub part: usize,
    /// Out of how many.
    pub parts: usize,
}

/// The patients that take part: all, or one part of a partition.
pub(crate) fn patients(plan: &Plan, partition: Option<Partition>) -> Range<usize> {
    let all = 0..plan.roster.patients.len();
    match partition {
        Some(Partition { part, parts }) => plan.roster.partition(&all, parts).swap_remove(part - 1),
        None => all,
    }
}

/// Devices and gateways of these patients, ascending.
pub(crate) fn members(plan: &Plan, patients: &Range<usize>) -> Vec<SimId> {
    let devices = plan.roster.patients[patients.clone()].iter().flat_map(|patient| patient.devices.clone());
    let gateways = plan.air.gateways.iter().map(|gateway| gateway.device);
    let of_them = |gateway: &SimId| patients.contains(&plan.roster.devices[gateway.index()].patient.index());
    devices.map(|index| SimId(index as u32)).chain(gateways.filter(of_them)).collect()
}

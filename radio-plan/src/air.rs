//! The whole plan.

use std::collections::BTreeMap;

use sim_core::SimId;

use crate::device::RadioPlan;
use crate::gateway::GatewayPlan;
use crate::site::SitePlan;

/// Everything that is on the air, beside the [`sim_core::Roster`] that has the patients and devices; empty for a
/// scenario without Bluetooth.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AirPlan {
    /// Places with a medium of their own, in the order of their patients.
    pub sites: Vec<SitePlan>,
    /// Gateways, in the order of their devices.
    pub gateways: Vec<GatewayPlan>,
    /// The Bluetooth sides of the devices that have one instead of a connection of their own.
    pub radios: BTreeMap<SimId, RadioPlan>,
}

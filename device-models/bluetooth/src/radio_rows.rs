//! What the registry has for the radio: profiles of devices, and formats of gateways.

use radio_plan::{GatewayFormatSpec, GatewayPlan};
use sim_core::{DevicePlan, Registry, Row};

use crate::profile::Profile;
use crate::radio_error::RadioError;

/// The rows that the sites of a run draw from.
#[derive(Debug)]
pub(crate) struct RadioRows<'a>(pub(crate) &'a Registry);

impl RadioRows<'_> {
    /// The profile of a device.
    pub(crate) fn profile(&self, device: &DevicePlan) -> Result<Profile, RadioError> {
        let known = self.0.all::<Profile>().iter().find(|profile| profile.name() == device.kind);
        known.copied().ok_or_else(|| RadioError::NoProfile { path: device.path.clone(), kind: device.kind.clone() })
    }

    /// The format of the gateway at a path.
    pub(crate) fn gateway_format(&self, path: &str, plan: &GatewayPlan) -> Result<GatewayFormatSpec, RadioError> {
        let known = self.0.find::<GatewayFormatSpec>(&plan.format);
        known.cloned().ok_or_else(|| RadioError::UnknownFormat { path: path.to_owned(), format: plan.format.clone() })
    }
}

//! The Bluetooth side of devices: what they say goes over a virtual radio to gateways, which hand it on.
//!
//! A device says messages as any other. Those of a device with a Bluetooth side are encoded losslessly
//! (`radio_message`) and given to a [`Radio`], where the device's [`Profile`] makes characteristic values of them.
//! They cross the air of the device's site ([`ble::Air`]), a gateway reads them back and hands on its own payload.
//! What can reach nobody any more is given up with a reason. All of it is a pure function of the roster, the plan of the
//! air, the timeline and what the devices say.

mod actions;
mod active_step;
mod evidence;
mod gateway;
mod peripheral;
mod profile;
mod profiles;
mod radio;
mod radio_action;
mod radio_device;
mod radio_error;
mod radio_message;
mod radio_rows;
mod report;
mod site;
mod step_plan;
mod steps;
mod transmission;
mod uplink;

pub use ble;
pub use evidence::evidence;
pub use profile::{
    Equipment, Manner, Part, Profile, Received, ReceivedValue, Reception, Sampling, Sender, number_or_nan, reading_of,
};
pub use radio::Radio;
pub use radio_action::{Effect, GatewayEffect, LINKS_CUT, RadioAction, SECONDS_DOWN};
pub use radio_error::RadioError;
pub use report::{GatewayReport, GivenUp, LinkChange, LinkEvent, PeripheralReport, Reason, Taken};

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sim_core::{FormatSpec, Plugin, Registry};

/// The Bluetooth profiles of devices, the format in which devices hand messages to them, and the actions on radio and
/// gateways.
#[derive(Debug, Clone, Copy)]
pub struct Bluetooth;

impl Plugin for Bluetooth {
    fn name(&self) -> &'static str {
        "bluetooth"
    }

    fn register(&self, registry: &mut Registry) {
        let about = "what a device hands to its Bluetooth side; never leaves the program";
        registry.add(FormatSpec::fixed("said", about, Arc::new(radio_message::RadioMessage)).internal());
        profiles::register(registry);
        actions::register(registry);
    }
}

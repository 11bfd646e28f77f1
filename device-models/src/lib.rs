//! Virtual patients and the devices that watch and treat them.
//!
//! [`physiology`] is the truth about a body, [`patients`] are people with causes, conditions and ways of life,
//! [`devices`] see them with errors of their own, put readings into messages and obey commands, and [`bluetooth`] is
//! the way from a device over the air to a gateway. [`register`] adds all of it to a registry.

pub use bluetooth;
pub use devices;
pub use patients;
pub use physiology;

pub use devices::replay::{KIND as REPLAY_KIND, RECORD as RECORDING_OPTION, Recordings};
use sim_core::Registry;

/// Adds every built-in patient model, device, action and payload format.
pub fn register(registry: &mut Registry) {
    registry
        .add_plugin(&formats::Formats)
        .add_plugin(&patients::Patients)
        .add_plugin(&devices::Devices)
        .add_plugin(&bluetooth::Bluetooth);
}

//! Virtual patients and the devices that watch and treat them.
//!
//! [`physiology`] is the truth about a patient, [`sensors`] are the front ends that see it with their own errors,
//! [`devices`] put readings into messages and obey commands. [`register`] adds all of it to a registry.

mod breathing_causes;
pub mod causes;
pub mod device;
pub mod devices;
pub mod patient;
pub mod physiology;
mod recording;
mod resampler;
pub mod sensors;

pub use devices::replay::{KIND as REPLAY_KIND, RECORD as RECORDING_OPTION};
pub use recording::{Channel, DecodeError, Label, Recording, RecordingError, Recordings, metric_of};
pub use resampler::{RatioError, Resampler};

use sim_core::{FormatSpec, Registry};

/// Adds every built-in patient model, device, action and payload format.
///
/// Devices come first: what a pump delivers in a grid step acts on the patient in the same step.
pub fn register(registry: &mut Registry) {
    registry.formats.push(FormatSpec {
        name: "vendor-json",
        about: "compact JSON, one object a message (wire/schemas/vendor-json.schema.json)",
        encode: wire::vendor_json::encode,
    });
    devices::register(registry);
    patient::register(registry);
    causes::register(registry);
    breathing_causes::register(registry);
    sensors::lead_off::register(registry);
    sensors::capnograph::register(registry);
    sensors::pressure_line::register(registry);
}

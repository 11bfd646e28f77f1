//! Virtual patients and the devices that watch and treat them.
//!
//! [`physiology`] is the truth about a patient, [`sensors`] are the front ends that see it with their own errors,
//! [`devices`] put readings into messages and obey commands. [`register`] adds all of it to a registry.

pub mod causes;
mod chart;
mod conditions;
pub mod device;
pub mod devices;
pub mod medication;
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
    causes::register_begin(registry);
    devices::register(registry);
    patient::register(registry);
    causes::register(registry);
    sensors::lead_off::register(registry);
    sensors::pinned::register(registry);
}

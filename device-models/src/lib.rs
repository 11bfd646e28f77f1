//! Virtual patients and the devices that watch and treat them.
//!
//! [`physiology`] is the truth about a patient, [`sensors`] are the front ends that see it with their own errors,
//! [`devices`] put readings into messages and obey commands. [`register`] adds all of it to a registry.

pub mod activity;
pub mod bluetooth;
mod breathing_causes;
pub mod causes;
mod chart;
mod conditions;
pub mod device;
pub mod devices;
pub mod glycaemia;
pub mod medication;
pub mod patient;
mod patient_parameters;
pub mod physiology;
mod profiles;
mod recording;
mod resampler;
pub mod sensors;

pub use devices::replay::{KIND as REPLAY_KIND, RECORD as RECORDING_OPTION};
pub use recording::{Channel, DecodeError, Label, Recording, RecordingError, Recordings, metric_of};
pub use resampler::{RatioError, Resampler};

use sim_core::{FormatSpec, Registry};

/// Adds every built-in patient model, device, action and payload format.
///
/// Devices come before patients: what a pump delivers in a grid step acts on the patient in the same step. Minutes of
/// glucose come before devices: a minute ends before pumps push the insulin of the next.
pub fn register(registry: &mut Registry) {
    registry.formats.push(FormatSpec {
        name: "vendor-json",
        about: "compact JSON, one object a message (wire/schemas/vendor-json.schema.json)",
        encode: wire::vendor_json::encode,
    });
    causes::register_begin(registry);
    bluetooth::register(registry);
    glycaemia::register(registry);
    devices::register(registry);
    patient::register(registry);
    profiles::register(registry);
    causes::register(registry);
    activity::register(registry);
    breathing_causes::register(registry);
    sensors::lead_off::register(registry);
    sensors::faults::register(registry);
    sensors::pinned::register(registry);
    sensors::compression::register(registry);
    sensors::capnograph::register(registry);
    sensors::pressure_line::register(registry);
}

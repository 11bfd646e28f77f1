//! The built-in Bluetooth profiles, one file a kind of device.

mod blood_pressure_cuff;
mod cgm;
mod ecg_patch;
mod glucose_meter;
mod heart_rate_belt;
mod insulin_pump;
mod pulse_oximeter;
mod thermometer;
mod weight_scale;

use sim_core::Registry;

/// Adds them.
pub(crate) fn register(registry: &mut Registry) {
    registry
        .add(blood_pressure_cuff::PROFILE)
        .add(cgm::PROFILE)
        .add(ecg_patch::PROFILE)
        .add(glucose_meter::PROFILE)
        .add(heart_rate_belt::PROFILE)
        .add(insulin_pump::PROFILE)
        .add(pulse_oximeter::PROFILE)
        .add(thermometer::PROFILE)
        .add(weight_scale::PROFILE);
}

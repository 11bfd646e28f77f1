//! The devices: one file each, with what it measures, how often, its alarms and its commands.

pub mod battery;
pub mod bedside_monitor;
pub mod ecg_patch;
pub mod infusion_pump;
pub mod pulmonary_catheter;
pub mod pulse_oximeter;
pub mod replay;

use sim_core::Registry;

/// Adds every device kind.
pub fn register(registry: &mut Registry) {
    ecg_patch::register(registry);
    pulse_oximeter::register(registry);
    bedside_monitor::register(registry);
    infusion_pump::register(registry);
    pulmonary_catheter::register(registry);
    replay::register(registry);
}

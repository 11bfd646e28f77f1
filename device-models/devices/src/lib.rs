//! The devices: one file each, with what it measures, how often, its alarms and its commands.
//!
//! [`sensors`] are their front ends, which see the truth of a patient with errors and faults of their own, and
//! [`device`] is what every device has.

pub mod alarm;
pub mod battery;
pub mod bedside_monitor;
pub mod blood_pressure_cuff;
pub mod cgm;
pub mod device;
pub mod ecg_patch;
pub mod glucose_meter;
pub mod heart_rate_belt;
pub mod infusion_pump;
pub mod insulin_pump;
pub mod optical_probe;
pub mod pacemaker;
pub mod pulmonary_catheter;
pub mod pulse_oximeter;
pub mod replay;
pub mod sensors;
pub mod spirometer;
pub mod thermometer;
pub mod urine_meter;
pub mod ventilator;
pub mod wearable;
pub mod weight_scale;

use sim_core::{Plugin, Registry};

/// Every device kind, and what can happen to sensors.
#[derive(Debug, Clone, Copy)]
pub struct Devices;

impl Plugin for Devices {
    fn name(&self) -> &'static str {
        "devices"
    }

    fn register(&self, registry: &mut Registry) {
        ecg_patch::register(registry);
        pulse_oximeter::register(registry);
        bedside_monitor::register(registry);
        infusion_pump::register(registry);
        cgm::register(registry);
        insulin_pump::register(registry);
        glucose_meter::register(registry);
        pulmonary_catheter::register(registry);
        replay::register(registry);
        heart_rate_belt::register(registry);
        blood_pressure_cuff::register(registry);
        thermometer::register(registry);
        weight_scale::register(registry);
        wearable::register(registry);
        spirometer::register(registry);
        urine_meter::register(registry);
        ventilator::register(registry);
        pacemaker::register(registry);
        optical_probe::register(registry);
        sensors::register(registry);
    }
}

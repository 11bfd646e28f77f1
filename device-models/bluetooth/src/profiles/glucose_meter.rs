//! Glucose meter: Glucose service, whose records a gateway asks for.

use ble::services::RecordAccess;
use ble::services::glucose::{self, Measurement, Sample};
use sim_core::DevicePlan;
use vocabulary::{OwnedMessage, metrics};

use super::{Equipment, Manner, Part, Profile, Sender, number_or_nan};

/// Capillary whole blood from a finger.
const SAMPLE: Sample = Sample { kind: 1, location: 1 };

pub(super) const PROFILE: Profile = Profile {
    kind: "glucose_meter",
    appearance: 0x0400,
    service: glucose::SERVICE,
    // Meters on the market hold some hundred tests.
    history: 500,
    equip,
    parts,
};

fn equip(_: &DevicePlan) -> Equipment {
    Equipment { services: vec![glucose::service(0)], control_points: vec![(glucose::SERVICE, Box::new(RecordAccess))] }
}

fn parts(said: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let Some(glucose_mg_dl) = number_or_nan(said, metrics::GLUCOSE_CAP) else { return Vec::new() };
    let measurement = Measurement {
        sequence: said.sequence as u16,
        base_time: sender.date_time(),
        offset_min: None,
        glucose_mg_dl: Some((glucose_mg_dl, SAMPLE)),
        status: None,
        carbohydrate: None,
        meal: None,
    };
    vec![Part {
        service: glucose::SERVICE,
        characteristic: glucose::MEASUREMENT,
        value: measurement.encode(),
        manner: Manner::Recorded { key: u32::from(measurement.sequence), live: false },
    }]
}

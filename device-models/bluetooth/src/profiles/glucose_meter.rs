//! Glucose meter: Glucose service, whose records a gateway asks for.

use ble::services::RecordAccess;
use ble::services::glucose::{self, Measurement, Sample};
use sim_core::DevicePlan;
use vocabulary::{OwnedMessage, metrics};

use crate::profile::{Equipment, Manner, Part, Profile, Received, Reception, Sender, number_or_nan, reading_of};

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
    read,
};

fn equip(_: &DevicePlan) -> Equipment {
    Equipment { services: vec![glucose::service(0)], control_points: vec![(glucose::SERVICE, Box::new(RecordAccess))] }
}

fn parts(message: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let Some(glucose_mg_dl) = number_or_nan(message, metrics::GLUCOSE_CAP) else { return Vec::new() };
    let measurement = Measurement {
        sequence: message.sequence as u16,
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

fn read(received: &Received<'_>) -> Option<Reception> {
    let measurement = Measurement::decode(received.only(glucose::MEASUREMENT)?)?;
    let glucose_mg_dl = measurement.glucose_mg_dl.map_or(f64::NAN, |(glucose_mg_dl, _)| glucose_mg_dl);
    Some(vec![reading_of(metrics::GLUCOSE_CAP, glucose_mg_dl)].into())
}

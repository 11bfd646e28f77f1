//! Glucose meter: Glucose service, whose records a gateway asks for.

use ble::services::RecordAccess;
use ble::services::device_information::DeviceInformation;
use ble::services::glucose::{self, Measurement, Sample};
use sim_core::DevicePlan;
use vocabulary::{OwnedMessage, Reading, metrics};

use crate::profile::{Equipment, Manner, Part, Profile, Received, Reception, Sender, number_or_nan, reading_of};

/// Capillary whole blood from a finger.
const SAMPLE: Sample = Sample { kind: 1, location: 1 };

/// Bit of the features: results that are too high or too low are told as such.
const LIMITS_FEATURE: u16 = 1 << 5;

/// What a meter says instead of a number outside its range, with the bit of the status and the number that stand for it.
const LIMITS: [(&str, u16, f64); 2] = [("high", 1 << 5, f64::INFINITY), ("low", 1 << 6, f64::NEG_INFINITY)];

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
    Equipment {
        services: vec![glucose::service(LIMITS_FEATURE)],
        control_points: vec![(glucose::SERVICE, Box::new(RecordAccess))],
        information: DeviceInformation::default(),
    }
}

fn parts(message: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let Some(glucose_mg_dl) = number_or_nan(message, metrics::GLUCOSE_CAP) else { return Vec::new() };
    let limit = message.code(metrics::GLUCOSE_CAP).and_then(|code| LIMITS.into_iter().find(|(word, ..)| *word == code));
    let (status, glucose_mg_dl) = limit.map_or((None, glucose_mg_dl), |(_, bit, value)| (Some(bit), value));
    let measurement = Measurement {
        sequence: message.sequence as u16,
        base_time: sender.date_time(),
        offset_min: None,
        glucose_mg_dl: Some((glucose_mg_dl, SAMPLE)),
        status,
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
    let limit = LIMITS.into_iter().find(|(_, bit, _)| measurement.status.unwrap_or_default() & bit != 0);
    let number = || reading_of(metrics::GLUCOSE_CAP, glucose_mg_dl);
    Some(vec![limit.map_or_else(number, |(word, ..)| Reading::code(metrics::GLUCOSE_CAP, word))].into())
}

#[cfg(test)]
mod tests {
    use vocabulary::{Reading, metrics};

    use super::PROFILE;
    use crate::tests::assert_read_back;

    #[test]
    fn a_glucose_is_read_back() {
        let readings = [Reading::number(metrics::GLUCOSE_CAP, 105.0)];
        assert_read_back(PROFILE.kind, &readings, r#""m":{"glucose_cap":105}"#);
    }
}

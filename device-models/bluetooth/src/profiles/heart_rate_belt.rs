//! Heart rate belt: Heart Rate service with the intervals between beats.

use ble::services::heart_rate::{self, BodySensorLocation, Measurement};
use vocabulary::{OwnedMessage, OwnedValue, Quality, metrics};

use super::{Manner, Part, Profile, Sender, number_or_nan, quality};

pub(super) const PROFILE: Profile = Profile {
    kind: "heart_rate_belt",
    // Heart rate sensor, belt.
    appearance: 0x0341,
    service: heart_rate::SERVICE,
    history: 0,
    equip: |_| heart_rate::service(BodySensorLocation::Chest, false).into(),
    parts,
};

fn parts(said: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let Some(rate) = number_or_nan(said, metrics::HR) else { return Vec::new() };
    let rr_interval = metrics::RR_INTERVAL;
    let intervals = said.readings.iter().filter(|reading| reading.metric == rr_interval);
    let rr_s = intervals
        .filter_map(|reading| if let OwnedValue::Number(rr_ms) = reading.value { Some(rr_ms / 1000.0) } else { None })
        .collect();
    let is_worn = rate.is_finite() && quality(said, metrics::HR) != Quality::Invalid;
    let rate_per_min = if rate.is_finite() { libm::round(rate).clamp(0.0, 65_535.0) as u16 } else { 0 };
    let measurement = Measurement { rate_per_min, contact: Some(is_worn), energy_kj: None, rr_s };
    vec![Part {
        service: heart_rate::SERVICE,
        characteristic: heart_rate::MEASUREMENT,
        value: measurement.encode(sender.room),
        manner: Manner::Notified,
    }]
}

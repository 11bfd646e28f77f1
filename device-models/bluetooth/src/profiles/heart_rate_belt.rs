//! Heart rate belt: Heart Rate service with the intervals between beats.

use ble::services::heart_rate::{self, BodySensorLocation, Measurement};
use vocabulary::{MetricId, OwnedMessage, Quality, Reading, metrics};

use crate::profile::{Manner, Part, Profile, Received, Reception, Sender, number_or_nan, reading_of};

/// The intervals of a message, oldest first: a message carries each metric once.
const INTERVALS: [MetricId; 4] =
    [metrics::RR_INTERVAL, metrics::RR_INTERVAL_2, metrics::RR_INTERVAL_3, metrics::RR_INTERVAL_4];

pub(super) const PROFILE: Profile = Profile {
    kind: "heart_rate_belt",
    // Heart rate sensor, belt.
    appearance: 0x0341,
    service: heart_rate::SERVICE,
    history: 0,
    equip: |_| heart_rate::service(BodySensorLocation::Chest, false).into(),
    parts,
    read,
};

fn parts(message: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let Some(rate) = number_or_nan(message, metrics::HR) else { return Vec::new() };
    let rr_s = INTERVALS.into_iter().filter_map(|metric| Some(message.number(metric)? / 1000.0)).collect();
    let is_worn = rate.is_finite() && message.quality(metrics::HR) != Quality::Invalid;
    let rate_per_min = if rate.is_finite() { libm::round(rate).clamp(0.0, 65_535.0) as u16 } else { 0 };
    let measurement = Measurement { rate_per_min, contact: Some(is_worn), energy_kj: None, rr_s };
    vec![Part {
        service: heart_rate::SERVICE,
        characteristic: heart_rate::MEASUREMENT,
        value: measurement.encode(sender.room),
        manner: Manner::Notified,
    }]
}

fn read(received: &Received<'_>) -> Option<Reception> {
    let measurement = Measurement::decode(received.only(heart_rate::MEASUREMENT)?)?;
    let rate = metrics::HR;
    let is_off = measurement.contact == Some(false);
    let reading = if is_off && measurement.rate_per_min == 0 {
        Reading::missing(rate, Quality::NotAvailable)
    } else {
        let quality = if is_off { Quality::Invalid } else { Quality::Ok };
        Reading::number(rate, f64::from(measurement.rate_per_min)).with_quality(quality)
    };
    let mut readings = vec![reading];
    let intervals_ms = measurement.rr_s.iter().map(|rr_s| libm::round(rr_s * 1000.0));
    readings.extend(INTERVALS.into_iter().zip(intervals_ms).map(|(metric, ms)| reading_of(metric, ms)));
    Some(readings.into())
}

#[cfg(test)]
mod tests {
    use vocabulary::{Reading, metrics};

    use super::PROFILE;
    use crate::tests::assert_read_back;

    #[test]
    fn a_rate_and_its_intervals_are_read_back() {
        let readings = [
            Reading::number(metrics::HR, 72.0),
            Reading::number(metrics::RR_INTERVAL, 830.0),
            Reading::number(metrics::RR_INTERVAL_2, 841.0),
        ];
        assert_read_back(PROFILE.kind, &readings, r#""m":{"hr":72,"rr_interval":830,"rr_interval_2":841}"#);
    }
}

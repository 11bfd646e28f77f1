//! Pulse oximeter: continuous measurements of the Pulse Oximeter service. The pleth has no characteristic there.

use ble::services::pulse_oximeter::{self, Features, Saturation};
use sim_core::DevicePlan;
use vocabulary::{OwnedMessage, Quality, metrics};

use crate::profile::{Equipment, Manner, Part, Profile, Received, Reception, Sender, number_or_nan, reading_of};

/// Bits of the measurement status that say how far to trust a measurement.
const TRUST: [(Quality, u16); 6] = [
    (Quality::Demo, 1 << 10),
    (Quality::Test, 1 << 11),
    (Quality::Calibrating, 1 << 12),
    (Quality::NotAvailable, 1 << 13),
    (Quality::Questionable, 1 << 14),
    (Quality::Invalid, 1 << 15),
];

pub(super) const PROFILE: Profile = Profile {
    kind: "pulse_oximeter",
    // Pulse oximeter, fingertip.
    appearance: 0x0C41,
    service: pulse_oximeter::SERVICE,
    history: 0,
    equip,
    parts,
    read,
};

fn equip(_: &DevicePlan) -> Equipment {
    let features = Features {
        measurement_status: Some(TRUST.iter().fold(0, |bits, (_, bit)| bits | bit)),
        device_status: None,
        stores: false,
        amplitude: true,
    };
    pulse_oximeter::service(features).into()
}

fn parts(message: &OwnedMessage, _: &mut Sender<'_>) -> Vec<Part> {
    let Some(spo2_percent) = number_or_nan(message, metrics::SPO2) else { return Vec::new() };
    let saturation =
        Saturation { spo2_percent, pulse_per_min: number_or_nan(message, metrics::PR).unwrap_or(f64::NAN) };
    let quality = pulse_oximeter::Quality {
        measurement_status: status_bits(message.quality(metrics::SPO2)),
        device_status: None,
        amplitude_percent: message.number(metrics::PERF_IDX),
    };
    vec![Part {
        service: pulse_oximeter::SERVICE,
        characteristic: pulse_oximeter::CONTINUOUS,
        value: pulse_oximeter::encode_continuous(saturation, None, None, quality),
        manner: Manner::Notified,
    }]
}

fn read(received: &Received<'_>) -> Option<Reception> {
    let measurement = pulse_oximeter::decode_continuous(received.only(pulse_oximeter::CONTINUOUS)?)?;
    let trust = quality_of(measurement.quality.measurement_status);
    let trusted = |metric, value: f64| {
        let reading = reading_of(metric, value);
        if value.is_finite() && trust != Quality::Ok { reading.with_quality(trust) } else { reading }
    };
    let Saturation { spo2_percent, pulse_per_min } = measurement.normal;
    let mut readings = vec![trusted(metrics::SPO2, spo2_percent), trusted(metrics::PR, pulse_per_min)];
    readings.extend(measurement.quality.amplitude_percent.map(|index| trusted(metrics::PERF_IDX, index)));
    Some(readings.into())
}

/// The bits that say a quality; none for a good one.
fn status_bits(quality: Quality) -> Option<u16> {
    TRUST.into_iter().find(|(known, _)| *known == quality).map(|(_, bit)| bit)
}

/// The quality that the bits say.
fn quality_of(bits: Option<u16>) -> Quality {
    let bits = bits.unwrap_or_default();
    TRUST.into_iter().rev().find(|(_, bit)| bits & bit != 0).map_or(Quality::Ok, |(quality, _)| quality)
}

#[cfg(test)]
mod tests {
    use vocabulary::{Reading, metrics};

    use super::PROFILE;
    use crate::tests::assert_read_back;

    #[test]
    fn a_saturation_is_read_back() {
        let readings = [
            Reading::number(metrics::SPO2, 97.0),
            Reading::number(metrics::PR, 64.0),
            Reading::number(metrics::PERF_IDX, 1.5),
        ];
        assert_read_back(PROFILE.kind, &readings, r#""m":{"spo2":97,"pr":64,"perf_idx":1.5}"#);
    }
}

//! Continuous glucose monitor: CGM service; measurements are notified and stored, filed by minutes since the start of
//! the session, which is that of the scenario.

use ble::services::continuous_glucose::{self, Control, Measurement, Sensor, Status};
use ble::services::device_information::DeviceInformation;
use sim_core::DevicePlan;
use vocabulary::{OwnedMessage, Quality, Reading, metrics};

use crate::profile::{Equipment, Manner, Part, Profile, Received, Reception, Sender, number_or_nan, reading_of};

/// Interstitial fluid from subcutaneous tissue, for ten days; limits of results, general faults, checksums and trend.
const SENSOR: Sensor =
    Sensor { features: 1 << 8 | 1 << 11 | 1 << 12 | 1 << 15, sample_kind: 9, sample_location: 5, run_time_h: 240 };

/// Minutes between measurements of the usual sensors.
const INTERVAL_MIN: u8 = 5;

/// Bit of the calibration octet: calibration not allowed, which sensors set while they warm up.
const WARMING_UP: u8 = 1 << 1;
/// Bit of the status octet: general fault.
const FAULT: u8 = 1 << 5;
/// Bit of the warning octet: the result is lower than the device can tell.
const BELOW_LIMIT: u8 = 1 << 6;
/// Bit of the warning octet: the result is higher than the device can tell.
const ABOVE_LIMIT: u8 = 1 << 7;

/// What a sensor says instead of a number outside its range, with the bit and the number that stand for it.
const LIMITS: [(&str, u8, f64); 2] = [("low", BELOW_LIMIT, f64::NEG_INFINITY), ("high", ABOVE_LIMIT, f64::INFINITY)];

pub(super) const PROFILE: Profile = Profile {
    kind: "cgm",
    appearance: 0x0D00,
    service: continuous_glucose::SERVICE,
    // A day of measurements every five minutes.
    history: 288,
    equip,
    parts,
    read,
};

fn equip(_: &DevicePlan) -> Equipment {
    Equipment {
        services: vec![SENSOR.service()],
        control_points: vec![(continuous_glucose::SERVICE, Box::new(Control::new(SENSOR, INTERVAL_MIN)))],
        information: DeviceInformation::default(),
    }
}

fn parts(message: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let Some(glucose_mg_dl) = number_or_nan(message, metrics::GLUCOSE_ISF) else { return Vec::new() };
    let quality = message.quality(metrics::GLUCOSE_ISF);
    let limit = message.code(metrics::GLUCOSE_ISF).and_then(|code| LIMITS.into_iter().find(|(word, ..)| *word == code));
    let (warning, glucose_mg_dl) = limit.map_or((0, glucose_mg_dl), |(_, bit, value)| (bit, value));
    let status = Status {
        status: if quality == Quality::Invalid { FAULT } else { 0 },
        calibration: if quality == Quality::Calibrating { WARMING_UP } else { 0 },
        warning,
    };
    let measurement = Measurement {
        glucose_mg_dl,
        offset_min: (sender.since_start_ms / 60_000) as u16,
        status,
        trend_mg_dl_min: message.number(metrics::GLUCOSE_TREND),
        quality_percent: None,
    };
    vec![Part {
        service: continuous_glucose::SERVICE,
        characteristic: continuous_glucose::MEASUREMENT,
        value: measurement.encode(SENSOR),
        manner: Manner::Recorded { key: u32::from(measurement.offset_min), live: true },
    }]
}

fn read(received: &Received<'_>) -> Option<Reception> {
    let octets = received.only(continuous_glucose::MEASUREMENT)?;
    let measurement = Measurement::decode(octets, SENSOR.has_checksums())?;
    let quality = quality_of(measurement.status);
    let limit = LIMITS.into_iter().find(|(_, bit, _)| measurement.status.warning & bit != 0);
    let number = || reading_of(metrics::GLUCOSE_ISF, measurement.glucose_mg_dl);
    let glucose = limit.map_or_else(number, |(word, ..)| Reading::code(metrics::GLUCOSE_ISF, word));
    let mut readings = vec![if quality == Quality::Ok { glucose } else { glucose.with_quality(quality) }];
    readings.extend(measurement.trend_mg_dl_min.map(|trend| reading_of(metrics::GLUCOSE_TREND, trend)));
    Some(readings.into())
}

/// The quality that a status says.
fn quality_of(status: Status) -> Quality {
    if status.status & FAULT != 0 {
        Quality::Invalid
    } else if status.calibration & WARMING_UP != 0 {
        Quality::Calibrating
    } else {
        Quality::Ok
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::{Reading, metrics};

    use super::PROFILE;
    use crate::tests::assert_read_back;

    #[test]
    fn a_glucose_and_its_trend_are_read_back() {
        let readings = [Reading::number(metrics::GLUCOSE_ISF, 104.0), Reading::number(metrics::GLUCOSE_TREND, -1.2)];
        assert_read_back(PROFILE.kind, &readings, r#""m":{"glucose_isf":104,"glucose_trend":-1.2}"#);
    }
}

//! Blood pressure cuff: Blood Pressure service; a measurement is kept until it was confirmed.

use ble::services::blood_pressure::{self, Measurement, status};
use vocabulary::{OwnedMessage, Reading, metrics};

use crate::profile::{Manner, Part, Profile, Received, Reception, Sender, number_or_nan, reading_of};

/// How a measurement failed, as the device and the service call it.
const OUTCOMES: [(&str, u16); 2] = [("motion", status::BODY_MOVED), ("irregular_pulse", status::IRREGULAR_PULSE)];

pub(super) const PROFILE: Profile = Profile {
    kind: "blood_pressure_cuff",
    // Blood pressure, arm.
    appearance: 0x0381,
    service: blood_pressure::SERVICE,
    history: 100,
    equip: |_| blood_pressure::service(status::BODY_MOVED | status::IRREGULAR_PULSE).into(),
    parts,
    read,
};

fn parts(message: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let pressures =
        [metrics::NIBP_SYS, metrics::NIBP_DIA, metrics::NIBP_MEAN].map(|metric| number_or_nan(message, metric));
    if pressures.iter().all(Option::is_none) {
        return Vec::new();
    }
    let [systolic_mmhg, diastolic_mmhg, mean_mmhg] = pressures.map(|pressure| pressure.unwrap_or(f64::NAN));
    let measurement = Measurement {
        systolic_mmhg,
        diastolic_mmhg,
        mean_mmhg,
        time: Some(sender.date_time()),
        pulse_per_min: message.number(metrics::PR_NIBP).or_else(|| message.number(metrics::PR)),
        user: None,
        status: message.code(metrics::DEVICE_STATUS).map(bits_of),
    };
    vec![Part {
        service: blood_pressure::SERVICE,
        characteristic: blood_pressure::MEASUREMENT,
        value: measurement.encode(),
        manner: Manner::Confirmed,
    }]
}

/// The bits that say how a measurement ended; none for a success, nor for a failure that the service has no bit for.
fn bits_of(outcome: &str) -> u16 {
    OUTCOMES.into_iter().find(|(word, _)| *word == outcome).map_or(0, |(_, bit)| bit)
}

fn read(received: &Received<'_>) -> Option<Reception> {
    let measurement = Measurement::decode(received.only(blood_pressure::MEASUREMENT)?)?;
    let mut readings = vec![
        reading_of(metrics::NIBP_SYS, measurement.systolic_mmhg),
        reading_of(metrics::NIBP_DIA, measurement.diastolic_mmhg),
        reading_of(metrics::NIBP_MEAN, measurement.mean_mmhg),
    ];
    readings.extend(measurement.pulse_per_min.map(|pulse| reading_of(metrics::PR_NIBP, pulse)));
    if let Some(bits) = measurement.status {
        let outcome = OUTCOMES.into_iter().find(|(_, bit)| bits & bit != 0).map(|(word, _)| word);
        let success = measurement.systolic_mmhg.is_finite().then_some("operating");
        readings.extend(outcome.or(success).map(|word| Reading::code(metrics::DEVICE_STATUS, word)));
    }
    Some(readings.into())
}

#[cfg(test)]
mod tests {
    use vocabulary::{Reading, metrics};

    use super::PROFILE;
    use crate::tests::assert_read_back;

    #[test]
    fn a_pressure_is_read_back() {
        let readings = [
            Reading::number(metrics::NIBP_SYS, 121.0),
            Reading::number(metrics::NIBP_DIA, 79.0),
            Reading::number(metrics::NIBP_MEAN, 93.0),
            Reading::number(metrics::PR_NIBP, 70.0),
        ];
        assert_read_back(PROFILE.kind, &readings, r#""m":{"nibp_sys":121,"nibp_dia":79,"nibp_mean":93,"pr_nibp":70}"#);
    }
}

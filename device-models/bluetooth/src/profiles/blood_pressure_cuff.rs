//! Blood pressure cuff: Blood Pressure service; a measurement is kept until it was confirmed.

use ble::services::blood_pressure::{self, Measurement, status};
use vocabulary::{MetricId, OwnedMessage};

use crate::profile::{Manner, Part, Profile, Received, Reception, Sender, number_or_nan, reading_of};

pub(super) const PROFILE: Profile = Profile {
    kind: "blood_pressure_cuff",
    // Blood pressure, arm.
    appearance: 0x0381,
    service: blood_pressure::SERVICE,
    history: 100,
    equip: |_| blood_pressure::service(status::IRREGULAR_PULSE).into(),
    parts,
    read,
};

fn parts(message: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let pressures = ["nibp_sys", "nibp_dia", "nibp_mean"].map(|metric| number_or_nan(message, MetricId::named(metric)));
    if pressures.iter().all(Option::is_none) {
        return Vec::new();
    }
    let [systolic_mmhg, diastolic_mmhg, mean_mmhg] = pressures.map(|pressure| pressure.unwrap_or(f64::NAN));
    let measurement = Measurement {
        systolic_mmhg,
        diastolic_mmhg,
        mean_mmhg,
        time: Some(sender.date_time()),
        pulse_per_min: message.number(MetricId::named("pr_nibp")).or_else(|| message.number(MetricId::named("pr"))),
        user: None,
        status: None,
    };
    vec![Part {
        service: blood_pressure::SERVICE,
        characteristic: blood_pressure::MEASUREMENT,
        value: measurement.encode(),
        manner: Manner::Confirmed,
    }]
}

fn read(received: &Received<'_>) -> Option<Reception> {
    let measurement = Measurement::decode(received.only(blood_pressure::MEASUREMENT)?)?;
    let mut readings = vec![
        reading_of(MetricId::named("nibp_sys"), measurement.systolic_mmhg),
        reading_of(MetricId::named("nibp_dia"), measurement.diastolic_mmhg),
        reading_of(MetricId::named("nibp_mean"), measurement.mean_mmhg),
    ];
    readings.extend(measurement.pulse_per_min.map(|pulse| reading_of(MetricId::named("pr_nibp"), pulse)));
    Some(readings.into())
}

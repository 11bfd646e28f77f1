//! Weight scale: Weight Scale service; a measurement is kept until it was confirmed.

use ble::services::weight_scale::{self, Measurement};
use vocabulary::{OwnedMessage, metrics};

use crate::profile::{Manner, Part, Profile, Received, Reception, Sender, number_or_nan, reading_of};

/// Features: time, body mass index, resolutions of 0.005 kg and 1 mm.
const FEATURES: u32 = 1 | 1 << 2 | 7 << 3 | 3 << 7;

pub(super) const PROFILE: Profile = Profile {
    kind: "weight_scale",
    appearance: 0x0C80,
    service: weight_scale::SERVICE,
    history: 100,
    equip: |_| weight_scale::service(FEATURES).into(),
    parts,
    read,
};

fn parts(message: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let Some(weight) = number_or_nan(message, metrics::WEIGHT) else { return Vec::new() };
    let height_m = message.number(metrics::HEIGHT).map(|height_cm| height_cm / 100.0);
    let measurement = Measurement {
        weight_kg: Some(weight).filter(|weight| weight.is_finite()),
        time: Some(sender.date_time()),
        user: None,
        index_and_height: message.number(metrics::BMI).zip(height_m),
    };
    vec![Part {
        service: weight_scale::SERVICE,
        characteristic: weight_scale::MEASUREMENT,
        value: measurement.encode(),
        manner: Manner::Confirmed,
    }]
}

fn read(received: &Received<'_>) -> Option<Reception> {
    let measurement = Measurement::decode(received.only(weight_scale::MEASUREMENT)?)?;
    let mut readings = vec![reading_of(metrics::WEIGHT, measurement.weight_kg.unwrap_or(f64::NAN))];
    if let Some((index, height_m)) = measurement.index_and_height {
        readings.extend([reading_of(metrics::BMI, index), reading_of(metrics::HEIGHT, height_m * 100.0)]);
    }
    Some(readings.into())
}

#[cfg(test)]
mod tests {
    use vocabulary::{Reading, metrics};

    use super::PROFILE;
    use crate::tests::assert_read_back;

    #[test]
    fn a_weighing_is_read_back() {
        let readings = [
            Reading::number(metrics::WEIGHT, 72.5),
            Reading::number(metrics::BMI, 22.4),
            Reading::number(metrics::HEIGHT, 180.0),
        ];
        assert_read_back(PROFILE.kind, &readings, r#""m":{"weight":72.5,"bmi":22.4,"height":180}"#);
    }
}

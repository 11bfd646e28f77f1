//! Weight Scale service 0x181D.

use crate::pdu::att::Uuid;

use super::DateTime;
use super::octets::Octets;
use crate::gatt::{Characteristic, Properties, Service};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x181D);
/// Weight Measurement, indicated.
pub const MEASUREMENT: Uuid = Uuid::Short(0x2A9D);
/// Weight Scale Feature.
pub const FEATURE: Uuid = Uuid::Short(0x2A9E);

/// Resolution of weights \[kg\].
const WEIGHT_RESOLUTION_KG: f64 = 0.005;
/// Value that says that no weight could be measured.
const NO_WEIGHT: u16 = 0xFFFF;

/// 0.01 lb \[kg\] (international avoirdupois pound).
const IMPERIAL_RESOLUTION_KG: f64 = 0.004_535_923_7;
/// 0.1 in \[m\].
const IMPERIAL_RESOLUTION_M: f64 = 0.002_54;

/// The service of a scale; bits of the feature: 0 time, 1 several users, 2 body mass index, 3-6 resolution of weights,
/// 7-9 resolution of heights.
pub fn service(features: u32) -> Service {
    Service {
        uuid: SERVICE,
        characteristics: vec![
            Characteristic::new(FEATURE, Properties::READ).with_value(features.to_le_bytes()),
            Characteristic::new(MEASUREMENT, Properties::INDICATE),
        ],
    }
}

/// A measurement in SI units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// \[kg\]; none when it could not be measured.
    pub weight_kg: Option<f64>,
    /// When it was taken.
    pub time: Option<DateTime>,
    /// Number of the user; 255 for unknown.
    pub user: Option<u8>,
    /// Body mass index \[kg/m2\] and height \[m\].
    pub index_and_height: Option<(f64, f64)>,
}

impl Measurement {
    /// The value of the characteristic.
    pub fn encode(&self) -> Vec<u8> {
        let flags = u8::from(self.time.is_some()) << 1
            | u8::from(self.user.is_some()) << 2
            | u8::from(self.index_and_height.is_some()) << 3;
        let mut value = vec![flags];
        let weight = self.weight_kg.map_or(NO_WEIGHT, |weight_kg| {
            (weight_kg / WEIGHT_RESOLUTION_KG).round().clamp(0.0, f64::from(NO_WEIGHT - 1)) as u16
        });
        value.extend_from_slice(&weight.to_le_bytes());
        value.extend(self.time.into_iter().flat_map(DateTime::to_bytes));
        value.extend(self.user);
        if let Some((index, height_m)) = self.index_and_height {
            // Resolutions 0.1 kg/m2 and 1 mm.
            value.extend_from_slice(&((index * 10.0).round() as u16).to_le_bytes());
            value.extend_from_slice(&((height_m * 1000.0).round() as u16).to_le_bytes());
        }
        value
    }

    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let mut octets = Octets(octets);
        let flags = octets.u8()?;
        let (weight_step_kg, height_step_m) = if flags & 1 == 0 {
            (WEIGHT_RESOLUTION_KG, 0.001)
        } else {
            (IMPERIAL_RESOLUTION_KG, IMPERIAL_RESOLUTION_M)
        };
        let weight = octets.u16()?;
        let time = octets.when(flags & 1 << 1 != 0, Octets::date_time)?;
        let user = octets.when(flags & 1 << 2 != 0, Octets::u8)?;
        let index_and_height = octets.when(flags & 1 << 3 != 0, |octets| {
            Some((f64::from(octets.u16()?) / 10.0, f64::from(octets.u16()?) * height_step_m))
        })?;
        let weight_kg = (weight != NO_WEIGHT).then_some(f64::from(weight) * weight_step_kg);
        octets.end(Self { weight_kg, time, user, index_and_height })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_octets() {
        let time = DateTime { year: 2026, month: 1, day: 15, hour: 8, minute: 30, second: 0 };
        let measurement =
            Measurement { weight_kg: Some(72.5), time: Some(time), user: Some(1), index_and_height: Some((22.4, 1.8)) };
        let expected = [0x0E, 0xA4, 0x38, 0xEA, 0x07, 0x01, 0x0F, 0x08, 0x1E, 0x00, 0x01, 0xE0, 0x00, 0x08, 0x07];
        assert_eq!(measurement.encode(), expected);
        let failed = Measurement { weight_kg: None, time: None, user: None, index_and_height: None };
        assert_eq!(failed.encode(), [0x00, 0xFF, 0xFF]);
        assert_eq!(Measurement::decode(&failed.encode()), Some(failed));
        // 160.00 lb.
        let read = Measurement::decode(&[0x01, 0x80, 0x3E]).expect("a measurement");
        assert!((read.weight_kg.expect("a weight") - 72.575).abs() < 0.001);
    }

    proptest! {
        #[test]
        fn there_and_back(steps in 0_u16..0xFFFF, seconds: Option<u32>, user: Option<u8>, body in prop::option::of((0_u16..500, 0_u16..2500))) {
            let measurement = Measurement {
                weight_kg: Some(f64::from(steps) * 0.005),
                time: seconds.map(|seconds| DateTime::from_unix_seconds(i64::from(seconds))),
                user,
                index_and_height: body.map(|(index, height)| (f64::from(index) / 10.0, f64::from(height) * 0.001)),
            };
            prop_assert_eq!(Measurement::decode(&measurement.encode()), Some(measurement));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..30)) {
            let _ = Measurement::decode(&octets);
        }
    }
}

//! Blood Pressure service 0x1810.

use crate::pdu::att::Uuid;
use crate::pdu::float11073::Sfloat;

use super::DateTime;
use super::octets::Octets;
use crate::gatt::{Characteristic, Properties, Service};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x1810);
/// Blood Pressure Measurement, indicated.
pub const MEASUREMENT: Uuid = Uuid::Short(0x2A35);
/// Intermediate Cuff Pressure, notified.
pub const INTERMEDIATE_CUFF_PRESSURE: Uuid = Uuid::Short(0x2A36);
/// Blood Pressure Feature.
pub const FEATURE: Uuid = Uuid::Short(0x2A49);

/// Bits of the measurement status.
pub mod status {
    /// The body moved.
    pub const BODY_MOVED: u16 = 1;
    /// The cuff is too loose.
    pub const CUFF_LOOSE: u16 = 1 << 1;
    /// The pulse is irregular.
    pub const IRREGULAR_PULSE: u16 = 1 << 2;
    /// The pulse rate is above the limit.
    pub const PULSE_TOO_FAST: u16 = 1 << 3;
    /// The pulse rate is below the limit.
    pub const PULSE_TOO_SLOW: u16 = 1 << 4;
    /// The position is wrong.
    pub const WRONG_POSITION: u16 = 1 << 5;
}

/// The service of a cuff; `features` has the bits of Blood Pressure Feature, of which 0 to 4 announce the status bits.
pub fn service(features: u16) -> Service {
    Service {
        uuid: SERVICE,
        characteristics: vec![
            Characteristic::new(MEASUREMENT, Properties::INDICATE),
            Characteristic::new(INTERMEDIATE_CUFF_PRESSURE, Properties::NOTIFY),
            Characteristic::new(FEATURE, Properties::READ).with_value(features.to_le_bytes()),
        ],
    }
}

/// 1 kPa \[mmHg\] (conventional millimetre of mercury, 133.322 Pa).
const MMHG_PER_KPA: f64 = 7.500_62;

/// A measurement. Pressures are sent as whole mmHg.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// \[mmHg\]
    pub systolic_mmhg: f64,
    /// \[mmHg\]
    pub diastolic_mmhg: f64,
    /// \[mmHg\]
    pub mean_mmhg: f64,
    /// When it was taken.
    pub time: Option<DateTime>,
    /// \[1/min\]
    pub pulse_per_min: Option<f64>,
    /// Number of the user; 255 for unknown.
    pub user: Option<u8>,
    /// Bits of [`status`].
    pub status: Option<u16>,
}

impl Measurement {
    /// The pressure in the cuff while it deflates: the other pressures are not numbers.
    pub fn cuff(pressure_mmhg: f64) -> Self {
        Self {
            systolic_mmhg: pressure_mmhg,
            diastolic_mmhg: f64::NAN,
            mean_mmhg: f64::NAN,
            time: None,
            pulse_per_min: None,
            user: None,
            status: None,
        }
    }

    /// The value of either characteristic.
    pub fn encode(&self) -> Vec<u8> {
        let present =
            [false, self.time.is_some(), self.pulse_per_min.is_some(), self.user.is_some(), self.status.is_some()];
        let mut value = vec![present.iter().rev().fold(0, |flags, bit| flags << 1 | u8::from(*bit))];
        for pressure in [self.systolic_mmhg, self.diastolic_mmhg, self.mean_mmhg] {
            value.extend_from_slice(&Sfloat::with_exponent(pressure, 0).to_le_bytes());
        }
        if let Some(time) = self.time {
            value.extend_from_slice(&time.to_bytes());
        }
        if let Some(pulse) = self.pulse_per_min {
            value.extend_from_slice(&Sfloat::with_exponent(pulse, 0).to_le_bytes());
        }
        value.extend(self.user);
        value.extend(self.status.into_iter().flat_map(u16::to_le_bytes));
        value
    }

    /// Reads the value of either characteristic; pressures that could not be measured are NaN.
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let mut octets = Octets(octets);
        let flags = octets.u8()?;
        let scale = if flags & 1 == 0 { 1.0 } else { MMHG_PER_KPA };
        let [systolic, diastolic, mean] = [octets.sfloat()?, octets.sfloat()?, octets.sfloat()?];
        let time = octets.when(flags & 1 << 1 != 0, Octets::date_time)?;
        let pulse_per_min = octets.when(flags & 1 << 2 != 0, Octets::sfloat)?;
        let user = octets.when(flags & 1 << 3 != 0, Octets::u8)?;
        let status = octets.when(flags & 1 << 4 != 0, Octets::u16)?;
        octets.end(Self {
            systolic_mmhg: systolic * scale,
            diastolic_mmhg: diastolic * scale,
            mean_mmhg: mean * scale,
            time,
            pulse_per_min,
            user,
            status,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_octets() {
        let time = DateTime { year: 2026, month: 1, day: 15, hour: 8, minute: 30, second: 0 };
        let measurement = Measurement {
            systolic_mmhg: 120.0,
            diastolic_mmhg: 80.0,
            mean_mmhg: 93.0,
            time: Some(time),
            pulse_per_min: Some(72.0),
            user: Some(1),
            status: Some(status::IRREGULAR_PULSE),
        };
        let expected = [
            0x1E, 0x78, 0x00, 0x50, 0x00, 0x5D, 0x00, 0xEA, 0x07, 0x01, 0x0F, 0x08, 0x1E, 0x00, 0x48, 0x00, 0x01, 0x04,
            0x00,
        ];
        assert_eq!(measurement.encode(), expected);
        assert_eq!(Measurement::decode(&expected), Some(measurement));
        assert_eq!(Measurement::decode(&expected[..18]), None);
    }

    #[test]
    fn a_cuff_has_one_pressure() {
        assert_eq!(Measurement::cuff(150.0).encode(), [0x00, 0x96, 0x00, 0xFF, 0x07, 0xFF, 0x07]);
    }

    #[test]
    fn kilopascals_are_turned_into_millimetres_of_mercury() {
        // 16.0, 10.7 and 12.4 kPa.
        let octets = [0x01, 0xA0, 0xF0, 0x6B, 0xF0, 0x7C, 0xF0];
        let read = Measurement::decode(&octets).expect("a measurement");
        assert!((read.systolic_mmhg - 120.0).abs() < 0.1, "{}", read.systolic_mmhg);
    }

    proptest! {
        #[test]
        fn there_and_back(
            pressures in (0_u16..300, 0_u16..300, 0_u16..300),
            seconds: Option<u32>,
            pulse in prop::option::of(0_u16..300),
            user: Option<u8>,
            status: Option<u16>,
        ) {
            let measurement = Measurement {
                systolic_mmhg: f64::from(pressures.0),
                diastolic_mmhg: f64::from(pressures.1),
                mean_mmhg: f64::from(pressures.2),
                time: seconds.map(|seconds| DateTime::from_unix_seconds(i64::from(seconds))),
                pulse_per_min: pulse.map(f64::from),
                user,
                status,
            };
            prop_assert_eq!(Measurement::decode(&measurement.encode()), Some(measurement));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..30)) {
            let _ = Measurement::decode(&octets);
        }
    }
}

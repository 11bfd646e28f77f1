//! Health Thermometer service 0x1809.

use crate::pdu::att::Uuid;
use crate::pdu::float11073::Float;

use super::DateTime;
use super::octets::Octets;
use crate::gatt::{Characteristic, Properties, Service, ValueLength};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x1809);
/// Temperature Measurement, indicated.
pub const MEASUREMENT: Uuid = Uuid::Short(0x2A1C);
/// Intermediate Temperature, notified.
pub const INTERMEDIATE: Uuid = Uuid::Short(0x2A1E);
/// Temperature Type.
pub const TEMPERATURE_TYPE: Uuid = Uuid::Short(0x2A1D);
/// Measurement Interval \[s\].
pub const MEASUREMENT_INTERVAL: Uuid = Uuid::Short(0x2A21);

/// Where the temperature is taken (values of Temperature Type).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants say what they are")]
pub enum Site {
    Armpit = 1,
    Body = 2,
    Ear = 3,
    Finger = 4,
    GastrointestinalTract = 5,
    Mouth = 6,
    Rectum = 7,
    Toe = 8,
    Tympanum = 9,
}

impl Site {
    const ALL: [Self; 9] = [
        Self::Armpit,
        Self::Body,
        Self::Ear,
        Self::Finger,
        Self::GastrointestinalTract,
        Self::Mouth,
        Self::Rectum,
        Self::Toe,
        Self::Tympanum,
    ];
}

/// The service of a thermometer that measures at one site with this interval \[s\].
pub fn service(site: Site, interval_s: u16) -> Service {
    let interval_properties = Properties::READ | Properties::WRITE | Properties::INDICATE;
    Service {
        uuid: SERVICE,
        characteristics: vec![
            Characteristic::new(MEASUREMENT, Properties::INDICATE),
            Characteristic::new(TEMPERATURE_TYPE, Properties::READ).with_value([site as u8]),
            Characteristic::new(INTERMEDIATE, Properties::NOTIFY),
            Characteristic::new(MEASUREMENT_INTERVAL, interval_properties)
                .with_value(interval_s.to_le_bytes())
                .accepting(ValueLength::exactly(2))
                // Valid Range: 1 s to 18 h 12 min.
                .with_descriptor(0x2906, [0x01, 0x00, 0xFF, 0xFF]),
        ],
    }
}

/// A measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// \[degrees Celsius\], sent with one decimal; NaN when nothing could be measured.
    pub temperature_celsius: f64,
    /// When it was taken.
    pub time: Option<DateTime>,
    /// Where, when the service does not say it once for all.
    pub site: Option<Site>,
}

impl Measurement {
    /// The value of either characteristic.
    pub fn encode(&self) -> Vec<u8> {
        let mut value = vec![u8::from(self.time.is_some()) << 1 | u8::from(self.site.is_some()) << 2];
        value.extend_from_slice(&Float::with_exponent(self.temperature_celsius, -1).to_le_bytes());
        if let Some(time) = self.time {
            value.extend_from_slice(&time.to_bytes());
        }
        if let Some(site) = self.site {
            value.push(site as u8);
        }
        value
    }

    /// Reads the value of either characteristic.
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let mut octets = Octets(octets);
        let flags = octets.u8()?;
        let temperature = octets.float()?;
        let temperature_celsius = if flags & 1 == 0 { temperature } else { (temperature - 32.0) / 1.8 };
        let time = octets.when(flags & 1 << 1 != 0, Octets::date_time)?;
        let site = octets.when(flags & 1 << 2 != 0, Octets::u8)?;
        let site = match site {
            Some(number) => Some(Site::ALL.into_iter().find(|site| *site as u8 == number)?),
            None => None,
        };
        octets.end(Self { temperature_celsius, time, site })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_octets() {
        let time = DateTime { year: 2026, month: 1, day: 15, hour: 8, minute: 30, second: 0 };
        let measurement = Measurement { temperature_celsius: 36.8, time: Some(time), site: Some(Site::Body) };
        assert_eq!(
            measurement.encode(),
            [0x06, 0x70, 0x01, 0x00, 0xFF, 0xEA, 0x07, 0x01, 0x0F, 0x08, 0x1E, 0x00, 0x02]
        );
        assert_eq!(Measurement::decode(&measurement.encode()), Some(measurement));
        // 98.2 degrees Fahrenheit.
        let read = Measurement::decode(&[0x01, 0xD6, 0x03, 0x00, 0xFF]).expect("a measurement");
        assert!((read.temperature_celsius - 36.78).abs() < 0.01, "{}", read.temperature_celsius);
    }

    proptest! {
        #[test]
        fn there_and_back(tenths in 0_u16..500, seconds: Option<u32>, site in 0_usize..10) {
            let measurement = Measurement {
                temperature_celsius: f64::from(tenths) / 10.0,
                time: seconds.map(|seconds| DateTime::from_unix_seconds(i64::from(seconds))),
                site: Site::ALL.get(site).copied(),
            };
            let read = Measurement::decode(&measurement.encode()).expect("a measurement");
            prop_assert!((read.temperature_celsius - measurement.temperature_celsius).abs() < 1e-9);
            prop_assert_eq!((read.time, read.site), (measurement.time, measurement.site));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..30)) {
            let _ = Measurement::decode(&octets);
        }
    }
}

//! Glucose service 0x1808: a meter whose history is read out.

use crate::pdu::att::Uuid;
use crate::pdu::float11073::Sfloat;

use super::DateTime;
use super::octets::Octets;
use super::record_access::RECORD_ACCESS;
use crate::gatt::{Characteristic, Properties, Service, ValueLength};
use crate::records::Record;

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x1808);
/// Glucose Measurement, notified.
pub const MEASUREMENT: Uuid = Uuid::Short(0x2A18);
/// Glucose Measurement Context, notified.
pub const CONTEXT: Uuid = Uuid::Short(0x2A34);
/// Glucose Feature.
pub const FEATURE: Uuid = Uuid::Short(0x2A51);
/// Record Access Control Point.
pub const RECORD_ACCESS_CONTROL_POINT: Uuid = RECORD_ACCESS;

/// The service of a meter; its behaviour is [`super::RecordAccess`].
pub fn service(features: u16) -> Service {
    Service {
        uuid: SERVICE,
        characteristics: vec![
            Characteristic::new(MEASUREMENT, Properties::NOTIFY),
            Characteristic::new(CONTEXT, Properties::NOTIFY),
            Characteristic::new(FEATURE, Properties::READ).with_value(features.to_le_bytes()),
            Characteristic::new(RECORD_ACCESS, Properties::WRITE | Properties::INDICATE)
                .accepting(ValueLength { min: 2, max: 20 }),
        ],
    }
}

/// 1 mol/L of glucose \[mg/dL\] (molar mass 180.16 g/mol).
const MG_DL_PER_MOL_L: f64 = 18_016.0;

/// What was measured (type, in the low half of the octet, and sample location, in the high one).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// 1 capillary whole blood, 2 capillary plasma, 9 interstitial fluid, 10 control solution, others as specified.
    pub kind: u8,
    /// 1 finger, 2 alternate site, 3 earlobe, 4 control solution, 15 not available.
    pub location: u8,
}

/// Something about a meal, for the context.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carbohydrate {
    /// 1 breakfast, 2 lunch, 3 dinner, 4 snack, 5 drink, 6 supper, 7 brunch.
    pub meal: u8,
    /// \[g\]
    pub mass_g: f64,
}

/// A measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Ascends from measurement to measurement.
    pub sequence: u16,
    /// The meter's base time.
    pub base_time: DateTime,
    /// User's time minus base time \[min\].
    pub offset_min: Option<i16>,
    /// \[mg/dL\]; sent in kg/L.
    pub glucose_mg_dl: Option<(f64, Sample)>,
    /// Bits: 0 battery low, 1 malfunction, 2 sample size, 3 strip insertion, 4 strip type, 5 too high, 6 too low, 7 too
    /// warm, 8 too cold, 9 strip pulled, 10 general fault, 11 time fault.
    pub status: Option<u16>,
    /// Carbohydrate that a context tells about.
    pub carbohydrate: Option<Carbohydrate>,
    /// Relation to a meal that a context tells about: 1 before, 2 after, 3 fasting, 4 casual, 5 bedtime.
    pub meal: Option<u8>,
}

impl Measurement {
    fn has_context(&self) -> bool {
        self.carbohydrate.is_some() || self.meal.is_some()
    }

    /// The value of the measurement.
    pub fn encode(&self) -> Vec<u8> {
        let flags = u8::from(self.offset_min.is_some())
            | u8::from(self.glucose_mg_dl.is_some()) << 1
            | u8::from(self.status.is_some()) << 3
            | u8::from(self.has_context()) << 4;
        let mut value = vec![flags];
        value.extend_from_slice(&self.sequence.to_le_bytes());
        value.extend_from_slice(&self.base_time.to_bytes());
        value.extend(self.offset_min.into_iter().flat_map(i16::to_le_bytes));
        if let Some((glucose_mg_dl, sample)) = self.glucose_mg_dl {
            // 1 mg/dL = 1e-5 kg/L, which is also the resolution.
            value.extend_from_slice(&Sfloat::with_exponent(glucose_mg_dl * 1e-5, -5).to_le_bytes());
            value.push(sample.kind & 0x0F | sample.location << 4);
        }
        value.extend(self.status.into_iter().flat_map(u16::to_le_bytes));
        value
    }

    /// Reads the value of a measurement; what a context would tell is not there.
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let mut octets = Octets(octets);
        let flags = octets.u8()?;
        let (sequence, base_time) = (octets.u16()?, octets.date_time()?);
        let offset_min = octets.when(flags & 1 != 0, Octets::i16)?;
        // 1 kg/L = 1e5 mg/dL.
        let scale = if flags & 1 << 2 == 0 { 1e5 } else { MG_DL_PER_MOL_L };
        let glucose_mg_dl = octets.when(flags & 1 << 1 != 0, |octets| {
            let (concentration, sample) = (octets.sfloat()?, octets.u8()?);
            Some((concentration * scale, Sample { kind: sample & 0x0F, location: sample >> 4 }))
        })?;
        let status = octets.when(flags & 1 << 3 != 0, Octets::u16)?;
        octets.end(Self { sequence, base_time, offset_min, glucose_mg_dl, status, carbohydrate: None, meal: None })
    }

    /// The value of the context, if there is any.
    pub fn encode_context(&self) -> Option<Vec<u8>> {
        if !self.has_context() {
            return None;
        }
        let mut value = vec![u8::from(self.carbohydrate.is_some()) | u8::from(self.meal.is_some()) << 1];
        value.extend_from_slice(&self.sequence.to_le_bytes());
        if let Some(carbohydrate) = self.carbohydrate {
            value.push(carbohydrate.meal);
            value.extend_from_slice(&Sfloat::with_exponent(carbohydrate.mass_g * 1e-3, -3).to_le_bytes());
        }
        value.extend(self.meal);
        Some(value)
    }

    /// The measurement as a record of the history.
    pub fn record(&self) -> Record {
        let mut parts = vec![(MEASUREMENT, self.encode())];
        parts.extend(self.encode_context().map(|value| (CONTEXT, value)));
        Record { key: u32::from(self.sequence), parts, tag: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn octets_of_a_measurement_with_context() {
        let measurement = Measurement {
            sequence: 7,
            base_time: DateTime { year: 2026, month: 1, day: 15, hour: 8, minute: 30, second: 0 },
            offset_min: Some(-60),
            glucose_mg_dl: Some((105.0, Sample { kind: 1, location: 1 })),
            status: Some(0),
            carbohydrate: Some(Carbohydrate { meal: 1, mass_g: 45.0 }),
            meal: Some(2),
        };
        let expected =
            [0x1B, 0x07, 0x00, 0xEA, 0x07, 0x01, 0x0F, 0x08, 0x1E, 0x00, 0xC4, 0xFF, 0x69, 0xB0, 0x11, 0x00, 0x00];
        assert_eq!(measurement.encode(), expected);
        assert_eq!(measurement.encode_context(), Some(vec![0x03, 0x07, 0x00, 0x01, 0x2D, 0xD0, 0x02]));
        assert_eq!(measurement.record().parts.len(), 2);
        let read = Measurement::decode(&expected).expect("a measurement");
        assert_eq!((read.sequence, read.base_time, read.offset_min), (7, measurement.base_time, Some(-60)));
        assert!((read.glucose_mg_dl.expect("a concentration").0 - 105.0).abs() < 1e-9);
        // 5.8 mmol/L.
        let molar = [0x06, 0x07, 0x00, 0xEA, 0x07, 0x01, 0x0F, 0x08, 0x1E, 0x00, 0x3A, 0xC0, 0x11];
        let read = Measurement::decode(&molar).expect("a measurement");
        assert!((read.glucose_mg_dl.expect("a concentration").0 - 104.5).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn there_and_back(sequence: u16, seconds: u32, offset_min: Option<i16>, glucose in prop::option::of(0_u16..1000), status: Option<u16>) {
            let measurement = Measurement {
                sequence,
                base_time: DateTime::from_unix_seconds(i64::from(seconds)),
                offset_min,
                glucose_mg_dl: glucose.map(|glucose| (f64::from(glucose), Sample { kind: 1, location: 2 })),
                status,
                carbohydrate: None,
                meal: None,
            };
            let read = Measurement::decode(&measurement.encode()).expect("a measurement");
            let rounded = read.glucose_mg_dl.map(|(glucose_mg_dl, sample)| (glucose_mg_dl.round(), sample));
            prop_assert_eq!(Measurement { glucose_mg_dl: rounded, ..read }, measurement);
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..30)) {
            let _ = Measurement::decode(&octets);
        }
    }
}

//! Pulse Oximeter service 0x1822 (Pulse Oximeter Service 1.0.1).

use crate::pdu::att::Uuid;
use crate::pdu::float11073::Sfloat;

use super::DateTime;
use super::octets::Octets;
use super::record_access::RECORD_ACCESS;
use crate::gatt::{Characteristic, Properties, Service, ValueLength};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x1822);
/// PLX Spot-Check Measurement, indicated.
pub const SPOT_CHECK: Uuid = Uuid::Short(0x2A5E);
/// PLX Continuous Measurement, notified.
pub const CONTINUOUS: Uuid = Uuid::Short(0x2A5F);
/// PLX Features.
pub const FEATURES: Uuid = Uuid::Short(0x2A60);
/// Record Access Control Point, for stored spot checks.
pub const RECORD_ACCESS_CONTROL_POINT: Uuid = RECORD_ACCESS;

/// Which status fields a sensor supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features {
    /// Supported bits of the measurement status.
    pub measurement_status: Option<u16>,
    /// Supported bits of the device and sensor status (24 bits).
    pub device_status: Option<u32>,
    /// Whether spot checks are stored; then the behaviour is [`super::RecordAccess`].
    pub stores: bool,
    /// Whether the pulse amplitude index is measured.
    pub amplitude: bool,
}

/// The service of a sensor.
pub fn service(features: Features) -> Service {
    let bits = u16::from(features.measurement_status.is_some())
        | u16::from(features.device_status.is_some()) << 1
        | u16::from(features.stores) << 2
        | u16::from(features.stores) << 3
        | u16::from(features.amplitude) << 6;
    let mut value = bits.to_le_bytes().to_vec();
    value.extend(features.measurement_status.into_iter().flat_map(u16::to_le_bytes));
    value.extend(features.device_status.into_iter().flat_map(|bits| bits.to_le_bytes().into_iter().take(3)));
    let mut characteristics = vec![
        Characteristic::new(SPOT_CHECK, Properties::INDICATE),
        Characteristic::new(CONTINUOUS, Properties::NOTIFY),
        Characteristic::new(FEATURES, Properties::READ).with_value(value),
    ];
    if features.stores {
        let control = Characteristic::new(RECORD_ACCESS, Properties::WRITE | Properties::INDICATE);
        characteristics.push(control.accepting(ValueLength { min: 2, max: 20 }));
    }
    Service { uuid: SERVICE, characteristics }
}

/// Saturation and pulse rate, NaN when not measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saturation {
    /// \[%\]
    pub spo2_percent: f64,
    /// \[1/min\]
    pub pulse_per_min: f64,
}

impl Saturation {
    fn read_from(octets: &mut Octets<'_>) -> Option<Self> {
        Some(Self { spo2_percent: octets.sfloat()?, pulse_per_min: octets.sfloat()? })
    }

    fn write_to(self, value: &mut Vec<u8>) {
        value.extend_from_slice(&Sfloat::with_exponent(self.spo2_percent, 0).to_le_bytes());
        value.extend_from_slice(&Sfloat::with_exponent(self.pulse_per_min, 0).to_le_bytes());
    }
}

/// What accompanies both kinds of measurement.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Quality {
    /// Bits: 5 ongoing, 6 early estimate, 7 validated, 8 fully qualified, 9 from storage, 10 demonstration, 11 test, 12
    /// calibration, 13 unavailable, 14 questionable, 15 invalid.
    pub measurement_status: Option<u16>,
    /// 24 bits: 1 malfunction, 2 irregular, 3 inadequate, 4 poor signal, 5 low perfusion, 11 off the patient, 13
    /// displaced, 15 disconnected, others as specified.
    pub device_status: Option<u32>,
    /// Pulse amplitude index \[%\].
    pub amplitude_percent: Option<f64>,
}

impl Quality {
    fn read_from(octets: &mut Octets<'_>, flags: u8) -> Option<Self> {
        Some(Self {
            measurement_status: octets.when(flags & 1 != 0, Octets::u16)?,
            device_status: octets.when(flags & 2 != 0, Octets::u24)?,
            amplitude_percent: octets.when(flags & 4 != 0, Octets::sfloat)?,
        })
    }

    fn write_to(self, value: &mut Vec<u8>) {
        value.extend(self.measurement_status.into_iter().flat_map(u16::to_le_bytes));
        value.extend(self.device_status.into_iter().flat_map(|bits| bits.to_le_bytes().into_iter().take(3)));
        value.extend(
            self.amplitude_percent.into_iter().flat_map(|index| Sfloat::with_exponent(index, -2).to_le_bytes()),
        );
    }
}

/// The value of a continuous measurement.
pub fn encode_continuous(
    normal: Saturation,
    fast: Option<Saturation>,
    slow: Option<Saturation>,
    quality: Quality,
) -> Vec<u8> {
    let flags = u8::from(fast.is_some())
        | u8::from(slow.is_some()) << 1
        | u8::from(quality.measurement_status.is_some()) << 2
        | u8::from(quality.device_status.is_some()) << 3
        | u8::from(quality.amplitude_percent.is_some()) << 4;
    let mut value = vec![flags];
    [Some(normal), fast, slow].into_iter().flatten().for_each(|saturation| saturation.write_to(&mut value));
    quality.write_to(&mut value);
    value
}

/// The value of a spot check; `clock_is_set` tells whether the time can be trusted.
pub fn encode_spot_check(
    saturation: Saturation,
    time: Option<DateTime>,
    quality: Quality,
    clock_is_set: bool,
) -> Vec<u8> {
    let flags = u8::from(time.is_some())
        | u8::from(quality.measurement_status.is_some()) << 1
        | u8::from(quality.device_status.is_some()) << 2
        | u8::from(quality.amplitude_percent.is_some()) << 3
        | u8::from(!clock_is_set) << 4;
    let mut value = vec![flags];
    saturation.write_to(&mut value);
    value.extend(time.into_iter().flat_map(DateTime::to_bytes));
    quality.write_to(&mut value);
    value
}

/// A continuous measurement as it was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Continuous {
    /// The measurement.
    pub normal: Saturation,
    /// The same, averaged over a short time.
    pub fast: Option<Saturation>,
    /// The same, averaged over a long time.
    pub slow: Option<Saturation>,
    /// What accompanies it.
    pub quality: Quality,
}

/// Reads the value of a continuous measurement.
pub fn decode_continuous(octets: &[u8]) -> Option<Continuous> {
    let mut octets = Octets(octets);
    let flags = octets.u8()?;
    let normal = Saturation::read_from(&mut octets)?;
    let fast = octets.when(flags & 1 != 0, Saturation::read_from)?;
    let slow = octets.when(flags & 2 != 0, Saturation::read_from)?;
    let quality = Quality::read_from(&mut octets, flags >> 2)?;
    octets.end(Continuous { normal, fast, slow, quality })
}

/// A spot check as it was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpotCheck {
    /// The measurement.
    pub saturation: Saturation,
    /// When it was taken.
    pub time: Option<DateTime>,
    /// What accompanies it.
    pub quality: Quality,
    /// Whether the time can be trusted.
    pub clock_is_set: bool,
}

/// Reads the value of a spot check.
pub fn decode_spot_check(octets: &[u8]) -> Option<SpotCheck> {
    let mut octets = Octets(octets);
    let flags = octets.u8()?;
    let saturation = Saturation::read_from(&mut octets)?;
    let time = octets.when(flags & 1 != 0, Octets::date_time)?;
    let quality = Quality::read_from(&mut octets, flags >> 1)?;
    octets.end(SpotCheck { saturation, time, quality, clock_is_set: flags & 1 << 4 == 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_octets() {
        let saturation = Saturation { spo2_percent: 97.0, pulse_per_min: 72.0 };
        let quality = Quality { amplitude_percent: Some(0.25), ..Quality::default() };
        let value = encode_continuous(saturation, None, None, quality);
        assert_eq!(value, [0x10, 0x61, 0x00, 0x48, 0x00, 0x19, 0xE0]);
        let read = Continuous { normal: saturation, fast: None, slow: None, quality };
        assert_eq!(decode_continuous(&value), Some(read));
        assert_eq!(decode_continuous(&value[..6]), None);
    }

    #[test]
    fn status_fields_have_two_and_three_octets() {
        let saturation = Saturation { spo2_percent: f64::NAN, pulse_per_min: 60.0 };
        let quality =
            Quality { measurement_status: Some(1 << 13), device_status: Some(1 << 15), amplitude_percent: None };
        let value = encode_spot_check(saturation, None, quality, true);
        assert_eq!(value, [0x06, 0xFF, 0x07, 0x3C, 0x00, 0x00, 0x20, 0x00, 0x80, 0x00]);
        let read = decode_spot_check(&value).expect("a spot check");
        assert!(read.saturation.spo2_percent.is_nan());
        assert_eq!((read.quality, read.clock_is_set), (quality, true));
    }

    proptest! {
        #[test]
        fn there_and_back(
            spo2 in 0_u8..=100,
            pulse in 0_u16..300,
            measurement_status: Option<u16>,
            device_status in prop::option::of(0_u32..1 << 24),
            time: Option<u32>,
            clock_is_set: bool,
        ) {
            let saturation = Saturation { spo2_percent: f64::from(spo2), pulse_per_min: f64::from(pulse) };
            let quality = Quality { measurement_status, device_status, amplitude_percent: Some(1.25) };
            let time = time.map(|seconds| DateTime::from_unix_seconds(i64::from(seconds)));
            let spot = encode_spot_check(saturation, time, quality, clock_is_set);
            prop_assert_eq!(decode_spot_check(&spot), Some(SpotCheck { saturation, time, quality, clock_is_set }));
            let continuous = encode_continuous(saturation, Some(saturation), None, quality);
            let read = Continuous { normal: saturation, fast: Some(saturation), slow: None, quality };
            prop_assert_eq!(decode_continuous(&continuous), Some(read));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..30)) {
            let _ = (decode_continuous(&octets), decode_spot_check(&octets));
        }
    }
}

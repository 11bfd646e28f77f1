//! Heart Rate service 0x180D.

use crate::pdu::att::{ErrorCode, Uuid};

use super::octets::Octets;
use crate::gatt::{Characteristic, Context, ControlPoint, Outgoing, Properties, Service, ValueLength};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x180D);
/// Heart Rate Measurement, notified about once a second.
pub const MEASUREMENT: Uuid = Uuid::Short(0x2A37);
/// Body Sensor Location.
pub const BODY_SENSOR_LOCATION: Uuid = Uuid::Short(0x2A38);
/// Heart Rate Control Point.
pub const CONTROL_POINT: Uuid = Uuid::Short(0x2A39);

/// Where the sensor is worn (values of Body Sensor Location).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodySensorLocation {
    /// Anywhere else.
    Other = 0,
    /// Chest.
    Chest = 1,
    /// Wrist.
    Wrist = 2,
    /// Finger.
    Finger = 3,
    /// Hand.
    Hand = 4,
    /// Ear lobe.
    EarLobe = 5,
    /// Foot.
    Foot = 6,
}

/// The service of a sensor; `counts_energy` adds the control point that resets the count.
pub fn service(location: BodySensorLocation, counts_energy: bool) -> Service {
    let mut characteristics = vec![
        Characteristic::new(MEASUREMENT, Properties::NOTIFY),
        Characteristic::new(BODY_SENSOR_LOCATION, Properties::READ).with_value([location as u8]),
    ];
    if counts_energy {
        characteristics.push(Characteristic::new(CONTROL_POINT, Properties::WRITE).accepting(ValueLength::exactly(1)));
    }
    Service { uuid: SERVICE, characteristics }
}

/// Takes the reset of the energy count; the device sees the write and begins anew.
#[derive(Debug, Clone, Copy, Default)]
pub struct EnergyReset;

impl ControlPoint for EnergyReset {
    fn characteristics(&self) -> &'static [Uuid] {
        &[CONTROL_POINT]
    }

    fn write(&mut self, _: Uuid, value: &[u8], _: &mut Context<'_>) -> Result<Vec<Outgoing>, ErrorCode> {
        // 0x80: control point not supported.
        if value == [0x01] { Ok(Vec::new()) } else { Err(ErrorCode::APPLICATION_0) }
    }
}

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// \[1/min\]; above 255 it takes two octets.
    pub rate_per_min: u16,
    /// Whether the sensor touches the skin, if it can tell.
    pub contact: Option<bool>,
    /// Energy since the last reset \[kJ\].
    pub energy_kj: Option<u16>,
    /// Intervals between beats since the last measurement, oldest first \[s\].
    pub rr_s: Vec<f64>,
}

impl Measurement {
    /// The value of the characteristic. Intervals that do not fit in `room` octets are left out, oldest first.
    pub fn encode(&self, room: usize) -> Vec<u8> {
        let is_wide = self.rate_per_min > 255;
        let contact = self.contact.map_or(0, |contact| 0b100 | u8::from(contact) << 1);
        let mut value = vec![u8::from(is_wide) | contact | u8::from(self.energy_kj.is_some()) << 3];
        let rate = self.rate_per_min.to_le_bytes();
        value.extend_from_slice(&rate[..if is_wide { 2 } else { 1 }]);
        if let Some(energy_kj) = self.energy_kj {
            value.extend_from_slice(&energy_kj.to_le_bytes());
        }
        let fitting = room.saturating_sub(value.len()) / 2;
        let intervals = &self.rr_s[self.rr_s.len().saturating_sub(fitting)..];
        if !intervals.is_empty() {
            value[0] |= 1 << 4;
        }
        for interval_s in intervals {
            // Resolution 1/1024 s.
            let ticks = (interval_s * 1024.0).round().clamp(0.0, 65_535.0) as u16;
            value.extend_from_slice(&ticks.to_le_bytes());
        }
        value
    }

    /// Reads a value.
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let mut octets = Octets(octets);
        let flags = octets.u8()?;
        let rate_per_min = if flags & 1 == 0 { u16::from(octets.u8()?) } else { octets.u16()? };
        let contact = (flags & 0b100 != 0).then_some(flags & 0b10 != 0);
        let energy_kj = octets.when(flags & 1 << 3 != 0, Octets::u16)?;
        let mut rr_s = Vec::new();
        while flags & 1 << 4 != 0 && !octets.0.is_empty() {
            rr_s.push(f64::from(octets.u16()?) / 1024.0);
        }
        octets.end(Self { rate_per_min, contact, energy_kj, rr_s })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_octets() {
        let measurement =
            Measurement { rate_per_min: 72, contact: Some(true), energy_kj: Some(5), rr_s: vec![1.0, 900.0 / 1024.0] };
        assert_eq!(measurement.encode(20), [0x1E, 0x48, 0x05, 0x00, 0x00, 0x04, 0x84, 0x03]);
        assert_eq!(Measurement::decode(&[0x1E, 0x48, 0x05, 0x00, 0x00, 0x04, 0x84, 0x03]), Some(measurement));
        assert_eq!(Measurement::decode(&[0x1E, 0x48, 0x05, 0x00, 0x00, 0x04, 0x84]), None, "half an interval");
    }

    #[test]
    fn the_newest_intervals_fit() {
        let measurement = Measurement { rate_per_min: 300, contact: None, energy_kj: None, rr_s: vec![0.2; 12] };
        let value = measurement.encode(20);
        assert_eq!(value[..3], [0x11, 0x2C, 0x01]);
        assert_eq!(value.len(), 3 + 2 * 8);
    }

    proptest! {
        #[test]
        fn there_and_back(
            rate_per_min: u16,
            contact: Option<bool>,
            energy_kj: Option<u16>,
            ticks in prop::collection::vec(any::<u16>(), 0..9),
        ) {
            let rr_s = ticks.iter().map(|ticks| f64::from(*ticks) / 1024.0).collect();
            let measurement = Measurement { rate_per_min, contact, energy_kj, rr_s };
            prop_assert_eq!(Measurement::decode(&measurement.encode(244)), Some(measurement));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..30)) {
            let _ = Measurement::decode(&octets);
        }
    }
}

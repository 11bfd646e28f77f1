//! Body Composition service 0x181B.

use crate::pdu::att::Uuid;

use super::DateTime;
use crate::gatt::{Characteristic, Properties, Service};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x181B);
/// Body Composition Measurement, indicated.
pub const MEASUREMENT: Uuid = Uuid::Short(0x2A9C);
/// Body Composition Feature.
pub const FEATURE: Uuid = Uuid::Short(0x2A9B);

/// Value that says that no fat could be measured.
const NO_FAT: u16 = 0xFFFF;
/// Resolution of masses \[kg\].
const MASS_RESOLUTION_KG: f64 = 0.005;

/// The service of an analyser.
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
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measurement {
    /// \[%\]; none when it could not be measured.
    pub fat_percent: Option<f64>,
    /// When it was taken.
    pub time: Option<DateTime>,
    /// Number of the user; 255 for unknown.
    pub user: Option<u8>,
    /// \[kJ\]
    pub basal_metabolism_kj: Option<u16>,
    /// \[%\]
    pub muscle_percent: Option<f64>,
    /// \[kg\]
    pub muscle_mass_kg: Option<f64>,
    /// \[kg\]
    pub fat_free_mass_kg: Option<f64>,
    /// \[kg\]
    pub soft_lean_mass_kg: Option<f64>,
    /// \[kg\]
    pub water_mass_kg: Option<f64>,
    /// \[ohm\]
    pub impedance_ohm: Option<f64>,
    /// \[kg\]
    pub weight_kg: Option<f64>,
    /// \[m\]
    pub height_m: Option<f64>,
}

fn scaled(value: f64, resolution: f64) -> u16 {
    (value / resolution).round().clamp(0.0, f64::from(u16::MAX - 1)) as u16
}

impl Measurement {
    /// The value of the characteristic.
    pub fn encode(&self) -> Vec<u8> {
        let masses = |mass: Option<f64>| mass.map(|mass| scaled(mass, MASS_RESOLUTION_KG));
        // In the order of their bits, from bit 3 on.
        let fields = [
            self.basal_metabolism_kj,
            self.muscle_percent.map(|percent| scaled(percent, 0.1)),
            masses(self.muscle_mass_kg),
            masses(self.fat_free_mass_kg),
            masses(self.soft_lean_mass_kg),
            masses(self.water_mass_kg),
            self.impedance_ohm.map(|impedance| scaled(impedance, 0.1)),
            masses(self.weight_kg),
            self.height_m.map(|height| scaled(height, 0.001)),
        ];
        let mut flags = u16::from(self.time.is_some()) << 1 | u16::from(self.user.is_some()) << 2;
        for (index, field) in fields.iter().enumerate() {
            flags |= u16::from(field.is_some()) << (3 + index);
        }
        let mut value = flags.to_le_bytes().to_vec();
        let fat = self.fat_percent.map_or(NO_FAT, |percent| scaled(percent, 0.1));
        value.extend_from_slice(&fat.to_le_bytes());
        value.extend(self.time.into_iter().flat_map(DateTime::to_bytes));
        value.extend(self.user);
        value.extend(fields.into_iter().flatten().flat_map(u16::to_le_bytes));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_in_the_order_of_their_bits() {
        let measurement = Measurement {
            fat_percent: Some(18.5),
            basal_metabolism_kj: Some(7000),
            impedance_ohm: Some(500.0),
            height_m: Some(1.8),
            ..Measurement::default()
        };
        assert_eq!(measurement.encode(), [0x08, 0x0A, 0xB9, 0x00, 0x58, 0x1B, 0x88, 0x13, 0x08, 0x07]);
        assert_eq!(Measurement::default().encode(), [0x00, 0x00, 0xFF, 0xFF]);
    }
}

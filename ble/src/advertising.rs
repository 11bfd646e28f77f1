//! What a peripheral sends while it waits for a connection.

use crate::pdu::att::Uuid;
use thiserror::Error;

/// Longest legacy advertising data and scan response \[octets\].
pub const DATA_LIMIT: usize = 31;

/// What may be done about an advertiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdvertisingKind {
    /// It can be connected to and asked for its scan response (`ADV_IND`).
    Connectable,
    /// It can be asked for its scan response (`ADV_SCAN_IND`).
    Scannable,
    /// It can only be heard (`ADV_NONCONN_IND`).
    Broadcast,
}

/// How a peripheral advertises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertising {
    /// What may be done about it.
    pub kind: AdvertisingKind,
    /// Interval \[us\], 20 ms to 10.24 s, before the random delay of 0 to 10 ms.
    pub interval_us: u32,
    /// Advertising data, up to 31 octets.
    pub data: Vec<u8>,
    /// Scan response, up to 31 octets.
    pub scan_response: Vec<u8>,
}

impl Advertising {
    /// Once a second, flags only.
    pub fn every_second(kind: AdvertisingKind) -> Self {
        Self { kind, interval_us: 1_000_000, data: vec![2, 1, 6], scan_response: Vec::new() }
    }
}

/// Why advertising data cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AdvertisingError {
    /// More than 31 octets.
    #[error("{length} octets of advertising data, {DATA_LIMIT} fit")]
    TooLong {
        /// Octets there would be.
        length: usize,
    },
}

/// Puts together the structures of advertising data (Core Specification Supplement, part A).
#[derive(Debug, Clone, Default)]
pub struct AdvertisingData {
    octets: Vec<u8>,
}

impl AdvertisingData {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// General discoverable, no BR/EDR.
    #[must_use]
    pub fn flags(self) -> Self {
        self.structure(0x01, &[0x06])
    }

    /// Complete list of 16-bit service UUIDs, or the 128-bit list when the first one is long.
    #[must_use]
    pub fn services(self, uuids: &[Uuid]) -> Self {
        let mut octets = Vec::new();
        for uuid in uuids {
            uuid.write_to(&mut octets);
        }
        match uuids.first() {
            None => self,
            Some(Uuid::Short(_)) => self.structure(0x03, &octets),
            Some(Uuid::Long(_)) => self.structure(0x07, &octets),
        }
    }

    /// Complete local name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.structure(0x09, name.as_bytes())
    }

    /// Appearance (assigned numbers).
    #[must_use]
    pub fn appearance(self, appearance: u16) -> Self {
        self.structure(0x19, &appearance.to_le_bytes())
    }

    /// Data of a service.
    #[must_use]
    pub fn service_data(self, service: u16, data: &[u8]) -> Self {
        self.structure(0x16, &[&service.to_le_bytes()[..], data].concat())
    }

    /// Data of a manufacturer.
    #[must_use]
    pub fn manufacturer(self, company: u16, data: &[u8]) -> Self {
        self.structure(0xFF, &[&company.to_le_bytes()[..], data].concat())
    }

    fn structure(mut self, kind: u8, data: &[u8]) -> Self {
        self.octets.push((data.len() + 1).min(255) as u8);
        self.octets.push(kind);
        self.octets.extend_from_slice(data);
        self
    }

    /// The octets.
    ///
    /// # Errors
    /// When they are more than 31.
    pub fn build(self) -> Result<Vec<u8>, AdvertisingError> {
        if self.octets.len() > DATA_LIMIT {
            return Err(AdvertisingError::TooLong { length: self.octets.len() });
        }
        Ok(self.octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_in_their_order() {
        let data = AdvertisingData::new().flags().services(&[Uuid::Short(0x180D)]).name("hr").build();
        assert_eq!(data, Ok(vec![2, 1, 6, 3, 3, 0x0D, 0x18, 3, 9, b'h', b'r']));
    }

    #[test]
    fn thirty_one_octets_fit() {
        assert!(AdvertisingData::new().name(&"x".repeat(29)).build().is_ok());
        let long = AdvertisingData::new().name(&"x".repeat(30)).build();
        assert_eq!(long, Err(AdvertisingError::TooLong { length: 32 }));
    }
}

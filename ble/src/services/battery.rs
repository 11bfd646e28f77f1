//! Battery service 0x180F.

use crate::pdu::att::Uuid;

use crate::gatt::{Characteristic, Properties, Service};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x180F);
/// Battery Level \[%\].
pub const LEVEL: Uuid = Uuid::Short(0x2A19);

/// Reads a level \[%\].
pub fn decode(octets: &[u8]) -> Option<u8> {
    match octets {
        [level @ 0..=100] => Some(*level),
        _ => None,
    }
}

/// The service with a first level \[%\].
pub fn service(level_percent: u8) -> Service {
    let level = Characteristic::new(LEVEL, Properties::READ | Properties::NOTIFY).with_value([level_percent.min(100)]);
    Service { uuid: SERVICE, characteristics: vec![level] }
}

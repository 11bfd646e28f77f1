//! The name of a device as OBX-18 and MSH-3 have it.

use sim_core::hash64;
use vocabulary::Message;

/// Marks an EUI-64 as given by whoever runs the network, and not bought from the registry of IEEE (IEEE 802, the bit of
/// local administration), for an individual device.
const LOCAL: u64 = 0x0200_0000_0000_0000;
const GROUP: u64 = 0x0100_0000_0000_0000;

/// The EUI-64 of a device: always the same for the same serial number.
pub(super) fn eui64(serial: &str) -> String {
    format!("{:016X}", (hash64(serial) | LOCAL) & !GROUP)
}

/// Serial number, maker and EUI-64.
pub(super) fn identifier<'m>(message: &Message<'m>, eui: &'m str) -> [&'m str; 4] {
    let maker = message.origin.device.map_or("", |label| label.manufacturer.as_str());
    [message.device_serial, maker, eui, "EUI-64"]
}

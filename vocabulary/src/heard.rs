//! A message of a device as a gateway has heard it.

use crate::Message;

/// A message, and what only the gateway between knows of it.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// What the gateway has read, under the name that the device gave it.
    pub message: Message<'a>,
    /// Path of the gateway.
    pub gateway: &'a str,
    /// Address of the device, such as `C1:02:03:04:05:06`.
    pub address: &'a str,
    /// The name that the device advertises.
    pub name: &'a str,
    /// Signal strength last measured \[dBm\]; 127 when unknown.
    pub rssi_dbm: i8,
    /// When the gateway had the message \[ms since the Unix epoch, by its own clock\].
    pub gateway_time_ms: i64,
    /// Whether it came later than it was measured: from a history, or kept by the device.
    pub is_backfill: bool,
    /// The octets that it came in, packet by packet.
    pub packets: &'a [&'a [u8]],
}

//! What a device wants delivered.

use bytes::Bytes;
use sim_core::RouteId;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Telemetry of one stream.
    Telemetry { route: RouteId, sequence: u64 },
    /// Answer to a command.
    Reply,
}

/// A message that a device wants delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) content: Content,
    pub(crate) payload: Bytes,
    /// Whether it was kept because there was no connection.
    pub(crate) waited: bool,
}

impl Message {
    /// Gives the payload memory of its own, so that keeping it does not keep a whole encoding arena.
    pub(crate) fn detach(&mut self) {
        self.payload = Bytes::copy_from_slice(&self.payload);
    }
}

/// Packet ids that messages use: 1 to 65 534; the last one belongs to the subscription.
pub(crate) const PACKET_IDS: u64 = 65_534;

/// Running number of a message above `QoS` 0 within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

impl Ticket {
    /// Its packet id.
    pub(crate) fn packet_id(self) -> u16 {
        (self.0 % PACKET_IDS) as u16 + 1
    }
}

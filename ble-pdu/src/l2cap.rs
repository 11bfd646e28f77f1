//! L2CAP of Bluetooth LE: basic frames, their fragments, and the signalling channel (Core Specification 5.4, volume 3, part A).

mod reassembly;
mod signal;

pub use reassembly::{FragmentError, Reassembler};
pub use signal::{Signal, SignalError};

/// Channel of the Attribute Protocol.
pub const ATT_CHANNEL: u16 = 0x0004;
/// Channel of LE signalling.
pub const SIGNALLING_CHANNEL: u16 = 0x0005;
/// Channel of the Security Manager.
pub const SMP_CHANNEL: u16 = 0x0006;

/// Octets before the payload: length and channel.
pub const HEADER_LENGTH: usize = 4;

/// A basic frame: one message on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Channel identifier.
    pub channel: u16,
    /// The message.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The octets of the frame: length, channel, payload. The payload is cut at 65 535 octets.
    pub fn to_bytes(&self) -> Vec<u8> {
        let payload = &self.payload[..self.payload.len().min(usize::from(u16::MAX))];
        let mut bytes = Vec::with_capacity(HEADER_LENGTH + payload.len());
        bytes.extend_from_slice(&(payload.len() as u16).to_le_bytes());
        bytes.extend_from_slice(&self.channel.to_le_bytes());
        bytes.extend_from_slice(payload);
        bytes
    }
}

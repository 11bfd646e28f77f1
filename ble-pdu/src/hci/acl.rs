//! Data packets between host and controller.

/// What part of an L2CAP frame a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketBoundary {
    /// 0b00: first fragment, not flushable (what hosts send).
    FirstNonFlushable,
    /// 0b01: continuation.
    Continuing,
    /// 0b10: first fragment, flushable (what controllers send).
    First,
    /// 0b11: a whole frame; not used on LE.
    Complete,
}

/// A data packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclPacket {
    /// Connection handle, 12 bits.
    pub handle: u16,
    /// What the packet carries.
    pub boundary: PacketBoundary,
    /// The fragment.
    pub data: Vec<u8>,
}

impl AclPacket {
    pub(super) fn from_parts(word: u16, data: &[u8]) -> Self {
        let boundary = match word >> 12 & 3 {
            0 => PacketBoundary::FirstNonFlushable,
            1 => PacketBoundary::Continuing,
            2 => PacketBoundary::First,
            _ => PacketBoundary::Complete,
        };
        Self { handle: word & 0x0FFF, boundary, data: data.to_vec() }
    }

    /// Appends the packet with its H4 indicator.
    pub fn write_h4(&self, out: &mut Vec<u8>) {
        let boundary = match self.boundary {
            PacketBoundary::FirstNonFlushable => 0,
            PacketBoundary::Continuing => 1,
            PacketBoundary::First => 2,
            PacketBoundary::Complete => 3,
        };
        out.push(0x02);
        out.extend_from_slice(&(self.handle & 0x0FFF | boundary << 12).to_le_bytes());
        out.extend_from_slice(&(self.data.len() as u16).to_le_bytes());
        out.extend_from_slice(&self.data);
    }
}

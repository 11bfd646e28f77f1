//! Universally unique identifiers of attributes, in their 16-bit and 128-bit forms.

use std::fmt;

/// The Bluetooth base UUID 00000000-0000-1000-8000-00805F9B34FB, little-endian.
const BASE: [u8; 16] = [0xFB, 0x34, 0x9B, 0x5F, 0x80, 0x00, 0x00, 0x80, 0x00, 0x10, 0, 0, 0, 0, 0, 0];

/// An attribute's type. A 128-bit UUID on the Bluetooth base is always held in its short form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Uuid {
    /// A number assigned by the Bluetooth SIG.
    Short(u16),
    /// A vendor's own, little-endian (as it travels).
    Long([u8; 16]),
}

impl Uuid {
    /// From the 128-bit number, most significant digits first as UUIDs are written.
    pub const fn from_u128(value: u128) -> Self {
        Self::Long(value.to_le_bytes())
    }

    /// From 2 or 16 octets in the order of the air.
    pub fn from_le_bytes(bytes: &[u8]) -> Option<Self> {
        if let Ok(short) = <[u8; 2]>::try_from(bytes) {
            return Some(Self::Short(u16::from_le_bytes(short)));
        }
        let long = <[u8; 16]>::try_from(bytes).ok()?;
        if long[..12] == BASE[..12] && long[14..] == [0, 0] {
            return Some(Self::Short(u16::from_le_bytes([long[12], long[13]])));
        }
        Some(Self::Long(long))
    }

    /// Appends the octets in the order of the air: 2 or 16.
    pub fn write_to(self, out: &mut Vec<u8>) {
        match self {
            Self::Short(short) => out.extend_from_slice(&short.to_le_bytes()),
            Self::Long(long) => out.extend_from_slice(&long),
        }
    }

    /// Octets on the air: 2 or 16.
    pub const fn length(self) -> usize {
        match self {
            Self::Short(_) => 2,
            Self::Long(_) => 16,
        }
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(short) => write!(formatter, "{short:04X}"),
            Self::Long(long) => {
                for (index, octet) in long.iter().rev().enumerate() {
                    if matches!(index, 4 | 6 | 8 | 10) {
                        formatter.write_str("-")?;
                    }
                    write!(formatter, "{octet:02X}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_shortens() {
        let mut octets = BASE;
        octets[12] = 0x0D;
        octets[13] = 0x18;
        assert_eq!(Uuid::from_le_bytes(&octets), Some(Uuid::Short(0x180D)));
        octets[14] = 1;
        assert_eq!(Uuid::from_le_bytes(&octets), Some(Uuid::Long(octets)));
        assert_eq!(Uuid::from_le_bytes(&octets[..3]), None);
    }

    #[test]
    fn shown_as_written() {
        let uuid = Uuid::from_u128(0x5E1F_0001_7EC6_4E0B_9D2A_1B0C_5D3A_8E10);
        assert_eq!(uuid.to_string(), "5E1F0001-7EC6-4E0B-9D2A-1B0C5D3A8E10");
        assert_eq!(Uuid::Short(0x180D).to_string(), "180D");
    }
}

//! Bluetooth device addresses (Core Specification 5.4, volume 6, part B, section 1.3).

use std::fmt;

use crate::pdu::hci::PeerAddress;

use crate::cipher::ah;

/// Whether an address is registered or made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddressKind {
    /// Registered with the IEEE (here: synthetic, see [`Address::synthetic_public`]).
    Public,
    /// Static, or private and changing.
    Random,
}

/// The address of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Public or random.
    pub kind: AddressKind,
    /// Octets, least significant first as on the air.
    pub octets: [u8; 6],
}

impl Address {
    /// A static random address: the two upper bits are set, the rest comes from `bits`.
    pub fn random_static(bits: u64) -> Self {
        let mut octets = [0; 6];
        octets.copy_from_slice(&bits.to_le_bytes()[..6]);
        octets[5] |= 0xC0;
        Self { kind: AddressKind::Random, octets }
    }

    /// A resolvable private address: `prand` (24 bits, its two upper bits are replaced by 01) and its hash under `key`.
    pub fn resolvable(identity_key: [u8; 16], prand: u32) -> Self {
        let mut random = [prand as u8, (prand >> 8) as u8, (prand >> 16) as u8];
        random[2] = random[2] & 0x3F | 0x40;
        let hash = ah(identity_key, random);
        Self { kind: AddressKind::Random, octets: [hash[0], hash[1], hash[2], random[0], random[1], random[2]] }
    }

    /// Whether this is a resolvable private address made with `identity_key`.
    pub fn resolves_with(self, identity_key: [u8; 16]) -> bool {
        let [hash0, hash1, hash2, random @ ..] = self.octets;
        self.kind == AddressKind::Random
            && random[2] & 0xC0 == 0x40
            && ah(identity_key, random) == [hash0, hash1, hash2]
    }

    /// The default public address of the controller number `index`: 00:1B:DC:51:xx:xx. It is synthetic: the block
    /// belongs to a maker of development adapters, and no such device is meant.
    pub fn synthetic_public(index: u16) -> Self {
        let [low, high] = index.to_le_bytes();
        Self { kind: AddressKind::Public, octets: [low, high, 0x51, 0xDC, 0x1B, 0x00] }
    }

    /// As HCI writes it.
    pub fn to_peer(self) -> PeerAddress {
        PeerAddress { kind: u8::from(self.kind == AddressKind::Random), octets: self.octets }
    }

    /// From HCI; the identity types 2 and 3 of resolving lists count as public and random.
    pub fn from_peer(peer: PeerAddress) -> Self {
        let kind = if peer.kind & 1 == 0 { AddressKind::Public } else { AddressKind::Random };
        Self { kind, octets: peer.octets }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.octets;
        write!(formatter, "{f:02X}:{e:02X}:{d:02X}:{c:02X}:{b:02X}:{a:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_address_resolves_with_its_own_key_only() {
        let address = Address::resolvable([7; 16], 0x0081_94AB);
        assert!(address.resolves_with([7; 16]));
        assert!(!address.resolves_with([8; 16]));
        assert!(!Address::random_static(0x1234_5678).resolves_with([7; 16]));
    }

    #[test]
    fn shown_most_significant_first() {
        assert_eq!(Address::synthetic_public(0x0201).to_string(), "00:1B:DC:51:02:01");
        assert_eq!(Address::random_static(0x0000_0102_0304_0506).to_string(), "C1:02:03:04:05:06");
    }
}

//! H4: packets in a byte stream, each after an indicator octet (Core Specification 5.4, volume 4, part A).

use thiserror::Error;

use super::acl::AclPacket;
use super::opcode::Opcode;

const COMMAND: u8 = 0x01;
const ACL: u8 = 0x02;
const SYNCHRONOUS: u8 = 0x03;
const EVENT: u8 = 0x04;
const ISOCHRONOUS: u8 = 0x05;

/// One packet of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// From the host.
    Command {
        /// Which.
        opcode: Opcode,
        /// Up to 255 octets.
        parameters: Vec<u8>,
    },
    /// Either way.
    Acl(AclPacket),
    /// From the controller.
    Event {
        /// Event code.
        code: u8,
        /// Up to 255 octets.
        parameters: Vec<u8>,
    },
    /// Synchronous or isochronous data, which an LE controller without these features discards.
    Ignored {
        /// The indicator.
        indicator: u8,
    },
}

/// Why a stream cannot be followed any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum H4Error {
    /// The octet where a packet should begin is no indicator.
    #[error("octet 0x{indicator:02x} at {position} begins no H4 packet")]
    UnknownIndicator {
        /// The octet.
        indicator: u8,
        /// Octets of the stream before it.
        position: u64,
    },
}

/// Cuts a byte stream into packets, however the stream was split on its way.
#[derive(Debug, Clone, Default)]
pub struct H4Decoder {
    buffer: Vec<u8>,
    start: usize,
    position: u64,
}

impl H4Decoder {
    /// Takes the next octets of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole packet, if there is one.
    ///
    /// # Errors
    /// When the stream has lost its framing; there is no way to find it again.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, H4Error> {
        let bytes = &self.buffer[self.start..];
        let Some(&indicator) = bytes.first() else { return Ok(None) };
        let header = match indicator {
            COMMAND | SYNCHRONOUS => 4,
            ACL | ISOCHRONOUS => 5,
            EVENT => 3,
            _ => return Err(H4Error::UnknownIndicator { indicator, position: self.position }),
        };
        if bytes.len() < header {
            return Ok(None);
        }
        let length = match indicator {
            COMMAND | SYNCHRONOUS => usize::from(bytes[3]),
            ACL => usize::from(u16::from_le_bytes([bytes[3], bytes[4]])),
            // The length of isochronous data has 14 bits.
            ISOCHRONOUS => usize::from(u16::from_le_bytes([bytes[3], bytes[4]]) & 0x3FFF),
            _ => usize::from(bytes[2]),
        };
        let Some(data) = bytes.get(header..header + length) else { return Ok(None) };
        let word = u16::from_le_bytes([bytes[1], bytes[2]]);
        let packet = match indicator {
            COMMAND => Packet::Command { opcode: Opcode(word), parameters: data.to_vec() },
            ACL => Packet::Acl(AclPacket::from_parts(word, data)),
            EVENT => Packet::Event { code: bytes[1], parameters: data.to_vec() },
            _ => Packet::Ignored { indicator },
        };
        self.start += header + length;
        self.position += (header + length) as u64;
        Ok(Some(packet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hci::PacketBoundary;
    use proptest::prelude::*;

    fn stream() -> (Vec<u8>, Vec<Packet>) {
        let acl = AclPacket { handle: 0x040, boundary: PacketBoundary::FirstNonFlushable, data: vec![7; 30] };
        let mut bytes = vec![0x01, 0x03, 0x0C, 0x00];
        acl.write_h4(&mut bytes);
        bytes.extend_from_slice(&[0x05, 0x01, 0x00, 0x02, 0x00, 9, 9]);
        bytes.extend_from_slice(&[0x01, 0x01, 0x20, 0x08, 1, 2, 3, 4, 5, 6, 7, 8]);
        let packets = vec![
            Packet::Command { opcode: Opcode::RESET, parameters: vec![] },
            Packet::Acl(acl),
            Packet::Ignored { indicator: 5 },
            Packet::Command { opcode: Opcode::LE_SET_EVENT_MASK, parameters: vec![1, 2, 3, 4, 5, 6, 7, 8] },
        ];
        (bytes, packets)
    }

    #[test]
    fn lost_framing_is_located() {
        let mut decoder = H4Decoder::default();
        decoder.push(&[0x01, 0x03, 0x0C, 0x00, 0x77]);
        assert!(matches!(decoder.next_packet(), Ok(Some(_))));
        assert_eq!(decoder.next_packet(), Err(H4Error::UnknownIndicator { indicator: 0x77, position: 4 }));
    }

    proptest! {
        /// Any split of the stream gives the same packets.
        #[test]
        fn splits_do_not_matter(piece in 1_usize..70) {
            let (bytes, expected) = stream();
            let mut decoder = H4Decoder::default();
            let mut packets = Vec::new();
            for part in bytes.chunks(piece) {
                decoder.push(part);
                while let Some(packet) = decoder.next_packet().expect("well formed") {
                    packets.push(packet);
                }
            }
            prop_assert_eq!(packets, expected);
        }

        #[test]
        fn any_octets_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut decoder = H4Decoder::default();
            decoder.push(&bytes);
            let mut packets = 0;
            while let Ok(Some(_)) = decoder.next_packet() {
                packets += 1;
            }
            prop_assert!(packets <= bytes.len() / 3);
        }
    }
}

//! A capture of what passes between a host and its controller, in the btsnoop format (RFC 1761 with the datalink types
//! of BlueZ): what Wireshark reads.

/// Datalink "HCI UART (H4)".
const DATALINK_H4: u32 = 1002;

/// Microseconds from the year 0 to 1970, the epoch of the format.
const EPOCH_US: u64 = 0x00DC_DDB3_0F2F_8000;

/// Which way a packet went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the host to the controller.
    Sent,
    /// From the controller to the host.
    Received,
}

/// Octets of a capture that have not been taken yet.
#[derive(Debug)]
pub(crate) struct Capture {
    octets: Vec<u8>,
    start_unix_us: u64,
}

impl Capture {
    /// A capture whose simulated time zero is this instant.
    pub(crate) fn new(start_unix_us: u64) -> Self {
        let mut octets = b"btsnoop\0".to_vec();
        octets.extend_from_slice(&1_u32.to_be_bytes());
        octets.extend_from_slice(&DATALINK_H4.to_be_bytes());
        Self { octets, start_unix_us }
    }

    /// Records a packet with its H4 indicator.
    pub(crate) fn record(&mut self, direction: Direction, packet: &[u8], now_ns: u64) {
        // Flags: bit 0 towards the host, bit 1 command or event (otherwise data).
        let control = matches!(packet.first(), Some(0x01 | 0x04));
        let flags = u32::from(direction == Direction::Received) | u32::from(control) << 1;
        let length = packet.len() as u32;
        for word in [length, length, flags, 0] {
            self.octets.extend_from_slice(&word.to_be_bytes());
        }
        let stamp = EPOCH_US + self.start_unix_us + now_ns / 1000;
        self.octets.extend_from_slice(&stamp.to_be_bytes());
        self.octets.extend_from_slice(packet);
    }

    /// Takes the octets to be appended to the file.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_and_a_record() {
        let mut capture = Capture::new(1_000_000);
        capture.record(Direction::Sent, &[0x01, 0x03, 0x0C, 0x00], 5_000);
        let octets = capture.take();
        assert_eq!(octets[..16], *b"btsnoop\0\0\0\0\x01\0\0\x03\xEA");
        assert_eq!(octets[16..32], [0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 0]);
        assert_eq!(octets[32..40], (EPOCH_US + 1_000_005).to_be_bytes());
        assert_eq!(octets[40..], [0x01, 0x03, 0x0C, 0x00]);
    }
}

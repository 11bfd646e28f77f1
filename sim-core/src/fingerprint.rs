//! The additive fingerprint of everything the devices say.

use sha2::{Digest, Sha256};

use crate::SimTime;

/// Sum of the SHA-256 digests of all messages, as 256-bit integers modulo 2^256.
///
/// Addition commutes, so the order of messages, the number of threads and the split into shards do not matter, and
/// the fingerprints of disjoint shards add up to the fingerprint of the whole. It covers what the devices say, not
/// packet ids or transport framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// Big-endian 256-bit sum.
    sum: [u8; 32],
    /// Messages covered.
    pub messages: u64,
    /// Payload bytes covered.
    pub bytes: u64,
}

/// The parts of one message that the fingerprint covers.
#[derive(Debug, Clone, Copy)]
pub struct FingerprintItem<'a> {
    /// Path of the device.
    pub path: &'a str,
    /// Stream id.
    pub stream: &'a str,
    /// Sequence number within device and stream.
    pub sequence: u64,
    /// Intended instant.
    pub intended: SimTime,
    /// Topic or its equivalent on other carriers.
    pub topic: &'a str,
    /// Delivery level, 0 to 2.
    pub qos: u8,
    /// Encoded payload.
    pub payload: &'a [u8],
}

impl Fingerprint {
    /// Adds one message.
    pub fn add(&mut self, item: &FingerprintItem<'_>) {
        let mut hasher = Sha256::new();
        for field in [
            item.path.as_bytes(),
            item.stream.as_bytes(),
            &item.sequence.to_le_bytes(),
            &item.intended.nanos().to_le_bytes(),
            item.topic.as_bytes(),
            &[item.qos],
            item.payload,
        ] {
            hasher.update((field.len() as u32).to_le_bytes());
            hasher.update(field);
        }
        self.add_digest(&hasher.finalize().into());
        self.messages += 1;
        self.bytes += item.payload.len() as u64;
    }

    /// Adds the fingerprint of a disjoint set of messages.
    pub fn merge(&mut self, other: &Self) {
        self.add_digest(&other.sum);
        self.messages += other.messages;
        self.bytes += other.bytes;
    }

    /// The sum as 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        self.sum.iter().fold(String::with_capacity(64), |mut text, byte| {
            text.push(hex_digit(byte >> 4));
            text.push(hex_digit(byte & 0xF));
            text
        })
    }

    fn add_digest(&mut self, digest: &[u8; 32]) {
        let mut carry = 0_u16;
        for (sum, byte) in self.sum.iter_mut().zip(digest).rev() {
            let total = u16::from(*sum) + u16::from(*byte) + carry;
            *sum = total as u8;
            carry = total >> 8;
        }
    }
}

/// One of `0-9a-f`.
fn hex_digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(sequences: &[u64]) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        for sequence in sequences {
            fingerprint.add(&FingerprintItem {
                path: "icu/1/mon",
                stream: "vitals",
                sequence: *sequence,
                intended: SimTime::ZERO,
                topic: "icu/1/mon/vitals",
                qos: 1,
                payload: b"{}",
            });
        }
        fingerprint
    }

    proptest! {
        #[test]
        fn order_and_split_do_not_matter(sequences in prop::collection::vec(any::<u64>(), 0..20), cut in 0_usize..20) {
            let whole = of(&sequences);
            let mut reversed = sequences.clone();
            reversed.reverse();
            prop_assert_eq!(whole, of(&reversed));
            let cut = cut.min(sequences.len());
            let mut parts = of(&sequences[..cut]);
            parts.merge(&of(&sequences[cut..]));
            prop_assert_eq!(whole, parts);
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let digest = |path, stream| {
            let mut fingerprint = Fingerprint::default();
            let item = FingerprintItem {
                path,
                stream,
                sequence: 0,
                intended: SimTime::ZERO,
                topic: "t",
                qos: 0,
                payload: b"",
            };
            fingerprint.add(&item);
            fingerprint.hex()
        };
        assert_ne!(digest("ab", "c"), digest("a", "bc"));
    }

    #[test]
    fn carry_runs_over_the_whole_number() {
        let mut fingerprint = Fingerprint { sum: [0xFF; 32], messages: 0, bytes: 0 };
        let mut one = [0; 32];
        one[31] = 1;
        fingerprint.add_digest(&one);
        assert_eq!(fingerprint.sum, [0; 32]);
    }
}

//! Which messages of `QoS` 2 a receiver has had: each is taken once, however often it comes.

use std::collections::BTreeSet;

/// Packet ids that were acknowledged as received and that the broker has not released (MQTT 5, section 4.3.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipts(BTreeSet<u16>);

/// What a receiver owes the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// PUBACK: the answer to a message of `QoS` 1.
    Taken(u16),
    /// PUBREC: the first answer to a message of `QoS` 2.
    Received(u16),
    /// PUBCOMP: the answer to a release.
    Completed(u16),
}

impl Receipts {
    /// A message has come with this delivery level and packet id; tells whether it is new, and what its answer is.
    pub fn take(&mut self, qos: u8, packet_id: u16) -> (bool, Option<Owed>) {
        match qos {
            0 => (true, None),
            1 => (true, Some(Owed::Taken(packet_id))),
            _ => (self.0.insert(packet_id), Some(Owed::Received(packet_id))),
        }
    }

    /// The broker releases a packet id, which the next message may have.
    pub fn release(&mut self, packet_id: u16) -> Owed {
        self.0.remove(&packet_id);
        Owed::Completed(packet_id)
    }

    /// The broker has forgotten the session, and with it what it would have repeated.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_qos_2_is_new_once_until_it_is_released() {
        let mut receipts = Receipts::default();
        assert_eq!(receipts.take(0, 0), (true, None));
        for _ in 0..2 {
            assert_eq!(receipts.take(1, 7), (true, Some(Owed::Taken(7))));
        }
        assert_eq!(receipts.take(2, 7), (true, Some(Owed::Received(7))));
        assert_eq!(receipts.take(2, 7), (false, Some(Owed::Received(7))));
        assert_eq!(receipts.release(7), Owed::Completed(7));
        assert_eq!(receipts.release(7), Owed::Completed(7));
        assert_eq!(receipts.take(2, 7), (true, Some(Owed::Received(7))));
        receipts.forget();
        assert_eq!(receipts.take(2, 7), (true, Some(Owed::Received(7))));
    }
}

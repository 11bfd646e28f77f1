//! What a broker keeps of a client: subscriptions, and messages that wait or are not acknowledged.

use std::collections::VecDeque;

use scenarios::Protocol;

use super::packet::Publication;
use crate::mqtt::frame::PublishHead;
use crate::transport::memory::LinkNumber;

/// The session of one client.
#[derive(Debug)]
pub(super) struct ClientSession {
    /// The connection it has.
    pub(super) link: Option<LinkNumber>,
    /// How long it outlives its connection [ns].
    pub(super) expiry_ns: i64,
    /// When it is forgotten, while it has no connection [ns].
    pub(super) forgotten_ns: i64,
    /// Filters with the granted level.
    pub(super) subscriptions: Vec<(String, u8)>,
    /// Sent at `QoS` 1 and not acknowledged.
    unacknowledged: VecDeque<(u16, Publication)>,
    /// For the time when it is back.
    waiting: VecDeque<Publication>,
    next_id: u16,
}

impl ClientSession {
    pub(super) fn new() -> Self {
        Self {
            link: None,
            expiry_ns: i64::MAX,
            forgotten_ns: i64::MAX,
            subscriptions: Vec::new(),
            unacknowledged: VecDeque::new(),
            waiting: VecDeque::new(),
            next_id: 0,
        }
    }

    /// The level at which it gets a topic; `None` when it does not want it.
    pub(super) fn level(&self, wants: impl Fn(&str) -> bool) -> Option<u8> {
        self.subscriptions.iter().filter(|(filter, _)| wants(filter)).map(|(_, qos)| *qos).max()
    }

    /// Takes a message for the client: bytes for its connection, or it waits. At `QoS` 0 nothing waits.
    pub(super) fn deliver(&mut self, protocol: Protocol, publication: Publication, output: &mut Vec<u8>) {
        if self.link.is_some() {
            self.send(protocol, publication, output);
        } else if publication.qos > 0 {
            self.waiting.push_back(publication);
        }
    }

    fn send(&mut self, protocol: Protocol, publication: Publication, output: &mut Vec<u8>) {
        let packet_id = (publication.qos > 0).then(|| {
            self.next_id = self.next_id.checked_add(1).unwrap_or(1);
            self.next_id
        });
        write(protocol, &publication, packet_id, false, output);
        if let Some(packet_id) = packet_id {
            self.unacknowledged.push_back((packet_id, publication));
        }
    }

    /// The client is back: what it did not acknowledge comes again, then what has waited.
    pub(super) fn resume(&mut self, protocol: Protocol, output: &mut Vec<u8>) {
        for (packet_id, publication) in &self.unacknowledged {
            write(protocol, publication, Some(*packet_id), true, output);
        }
        for publication in std::mem::take(&mut self.waiting) {
            self.send(protocol, publication, output);
        }
    }

    pub(super) fn acknowledged(&mut self, packet_id: u16) {
        self.unacknowledged.retain(|(other, _)| *other != packet_id);
    }
}

fn write(protocol: Protocol, publication: &Publication, packet_id: Option<u16>, dup: bool, output: &mut Vec<u8>) {
    let topic = std::str::from_utf8(&publication.topic).unwrap_or_default();
    let head = PublishHead { topic, retain: publication.retain, dup, packet_id };
    head.write(protocol, &publication.payload, output);
}

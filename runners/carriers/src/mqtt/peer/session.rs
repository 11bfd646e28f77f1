//! What a broker keeps of a client: subscriptions, and messages that wait or are not acknowledged.

use std::collections::VecDeque;

use scenarios::Protocol;

use super::packet::Publication;
use crate::mqtt::frame::{PublishHead, write_pubrel};
use crate::mqtt::receipts::Receipts;
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
    /// Messages of the client at `QoS` 2 that it has not released.
    pub(super) receipts: Receipts,
    /// Sent above `QoS` 0 and not settled.
    unsettled: VecDeque<Unsettled>,
    /// For the time when it is back.
    waiting: VecDeque<Publication>,
    next_id: u16,
}

/// A message that was sent and is not settled.
#[derive(Debug)]
struct Unsettled {
    packet_id: u16,
    /// `None` once the client has it (`QoS` 2) and is only to be told of its release.
    publication: Option<Publication>,
}

impl ClientSession {
    pub(super) fn new() -> Self {
        Self {
            link: None,
            expiry_ns: i64::MAX,
            forgotten_ns: i64::MAX,
            subscriptions: Vec::new(),
            receipts: Receipts::default(),
            unsettled: VecDeque::new(),
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
            self.unsettled.push_back(Unsettled { packet_id, publication: Some(publication) });
        }
    }

    /// The client is back: what it did not acknowledge comes again, then what has waited.
    pub(super) fn resume(&mut self, protocol: Protocol, output: &mut Vec<u8>) {
        for Unsettled { packet_id, publication } in &self.unsettled {
            match publication {
                Some(publication) => write(protocol, publication, Some(*packet_id), true, output),
                None => write_pubrel(*packet_id, output),
            }
        }
        for publication in std::mem::take(&mut self.waiting) {
            self.send(protocol, publication, output);
        }
    }

    /// PUBACK or PUBCOMP has come: the message is settled.
    pub(super) fn settled(&mut self, packet_id: u16) {
        self.unsettled.retain(|other| other.packet_id != packet_id);
    }

    /// PUBREC has come: the client has the message, and is told that it is released.
    pub(super) fn received(&mut self, packet_id: u16, output: &mut Vec<u8>) {
        for unsettled in self.unsettled.iter_mut().filter(|other| other.packet_id == packet_id) {
            unsettled.publication = None;
        }
        write_pubrel(packet_id, output);
    }
}

fn write(protocol: Protocol, publication: &Publication, packet_id: Option<u16>, dup: bool, output: &mut Vec<u8>) {
    let topic = std::str::from_utf8(&publication.topic).unwrap_or_default();
    let (qos, packet_id) = packet_id.map_or((0, 0), |packet_id| (publication.qos, packet_id));
    let head = PublishHead { topic, retain: publication.retain, dup, qos, packet_id, properties: &[] };
    head.write(protocol, &publication.payload, output);
}

//! The broker at the other end of a network in memory: what a run in virtual time speaks to.
//!
//! It takes everything at once, keeps sessions, retained messages and wills, delivers commands to devices, ends
//! connections that are silent for one and a half keep-alive intervals, and shows listeners what it accepted. It speaks
//! MQTT 3.1.1 and 5 at every `QoS`, refuses nobody and loses nothing.

mod packet;
mod session;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use scenarios::{Protocol, topic_matches};

use crate::mqtt::frame;
use crate::mqtt::receipts::Owed;
use crate::other_end::Heard;
use crate::transport::memory::{Arrival, Carried, LinkNumber, MemoryNetwork};
use crate::wakeups::agenda::Agenda;
use packet::{Connect, Packet, Publication};
use session::ClientSession;

/// The broker.
#[derive(Debug)]
pub(crate) struct Peer {
    network: MemoryNetwork,
    /// How long a listener takes to see what was accepted [ns].
    latency_ns: i64,
    /// Connections by link.
    callers: Vec<Option<Box<Caller>>>,
    deadlines: Agenda,
    sessions: Vec<ClientSession>,
    session_of: HashMap<String, usize>,
    /// Sessions that subscribed to exactly a topic, and those whose filters have wildcards.
    exact: HashMap<Vec<u8>, Vec<usize>>,
    wild: Vec<usize>,
    retained: BTreeMap<Vec<u8>, Publication>,
    /// Filters of the listeners.
    listeners: Vec<Vec<String>>,
    /// Listeners of a topic that has been seen before.
    known: HashMap<Vec<u8>, Rc<[usize]>>,
    heard: Vec<Heard>,
}

/// One connection.
#[derive(Debug, Default)]
struct Caller {
    /// Known after CONNECT.
    protocol: Option<Protocol>,
    session: usize,
    partial: BytesMut,
    will: Option<Publication>,
    /// 0 is off [ns].
    keep_alive_ns: i64,
    last_ns: i64,
}

impl Peer {
    pub(crate) fn new(network: MemoryNetwork, latency_ns: i64) -> Self {
        Self {
            network,
            latency_ns,
            callers: Vec::new(),
            deadlines: Agenda::default(),
            sessions: Vec::new(),
            session_of: HashMap::new(),
            exact: HashMap::new(),
            wild: Vec::new(),
            retained: BTreeMap::new(),
            listeners: Vec::new(),
            known: HashMap::new(),
            heard: Vec::new(),
        }
    }

    /// Shows everything that matches a filter from now on; returns the listener's number.
    pub(crate) fn listen(&mut self, filters: Vec<String>) -> usize {
        self.known.clear();
        self.listeners.push(filters);
        self.listeners.len() - 1
    }

    /// What listeners have been shown since the last call.
    pub(crate) fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    /// When it has something to do by itself [ns]; `i64::MAX` is never.
    pub(crate) fn next_ns(&self) -> i64 {
        self.deadlines.next_ns()
    }

    /// Publishes in the name of a client of its own.
    pub(crate) fn publish(&mut self, topic: String, payload: Bytes, qos: u8, now_ns: i64) {
        let publication = Publication { topic: Bytes::from(topic), payload, qos, retain: false, packet_id: 0 };
        self.route(publication, now_ns);
    }

    /// Ends connections that have been silent for too long.
    pub(crate) fn time_passed(&mut self, now_ns: i64) {
        while let Some(slot) = self.deadlines.pop(now_ns) {
            let Some(caller) = self.callers[slot as usize].as_deref() else { continue };
            let due_ns = caller.silent_until_ns();
            if due_ns > now_ns {
                self.deadlines.arm(slot, due_ns);
            } else {
                self.end(LinkNumber(slot), true, now_ns);
            }
        }
    }

    /// Something has arrived.
    pub(crate) fn take(&mut self, arrival: Arrival, now_ns: i64) {
        let Arrival { link, what } = arrival;
        match what {
            Carried::Open => {
                let slot = link.0 as usize;
                if self.callers.len() <= slot {
                    self.callers.resize_with(slot + 1, || None);
                    self.deadlines.extend(slot + 1);
                }
                self.callers[slot] = Some(Box::default());
                self.network.answer(link, Carried::Open);
            }
            Carried::Bytes(bytes) => self.receive(link, bytes, now_ns),
            Carried::Fin => self.end(link, true, now_ns),
            Carried::Rst => self.end(link, false, now_ns),
        }
    }

    fn receive(&mut self, link: LinkNumber, bytes: Bytes, now_ns: i64) {
        let Some(caller) = self.caller(link) else { return };
        caller.last_ns = now_ns;
        let mut rest = if caller.partial.is_empty() {
            bytes
        } else {
            caller.partial.extend_from_slice(&bytes);
            caller.partial.split().freeze()
        };
        loop {
            match frame::sent_length(&rest) {
                Ok(Some(length)) => {
                    let packet = rest.split_to(length);
                    let Some(caller) = self.caller(link) else { return };
                    let taken =
                        packet::read(caller.protocol, &packet).map(|packet| self.take_packet(link, packet, now_ns));
                    if taken.is_err() {
                        return self.end(link, true, now_ns);
                    }
                }
                Ok(None) => break,
                Err(_) => return self.end(link, true, now_ns),
            }
        }
        if let Some(caller) = self.caller(link) {
            caller.partial.extend_from_slice(&rest);
        }
    }

    fn take_packet(&mut self, link: LinkNumber, packet: Packet, now_ns: i64) {
        let Some(caller) = self.caller(link) else { return };
        let session = caller.session;
        match packet {
            Packet::Connect(connect) => self.connect(link, *connect, now_ns),
            Packet::Publish(publication) => {
                let receipts = &mut self.sessions[session].receipts;
                let (is_new, owed) = receipts.take(publication.qos, publication.packet_id);
                self.owe(link, owed);
                if is_new {
                    self.route(publication, now_ns);
                }
            }
            Packet::PubAck { packet_id } | Packet::PubComp { packet_id } => self.sessions[session].settled(packet_id),
            Packet::PubRec { packet_id } => {
                let mut output = Vec::with_capacity(4);
                self.sessions[session].received(packet_id, &mut output);
                self.send(link, output);
            }
            Packet::PubRel { packet_id } => {
                let owed = self.sessions[session].receipts.release(packet_id);
                self.owe(link, Some(owed));
            }
            Packet::Subscribe { packet_id, filters } => self.subscribe(link, packet_id, filters),
            Packet::PingReq => self.send(link, vec![0xD0, 0]),
            Packet::Disconnect { clean } => {
                if clean {
                    caller.will = None;
                }
                self.end(link, true, now_ns);
            }
        }
    }

    fn connect(&mut self, link: LinkNumber, connect: Connect, now_ns: i64) {
        let known = self.session_of.get(&connect.client_id).copied();
        // A client that connects again ends its older connection (MQTT-3.1.4-3).
        if let Some(older) = known.and_then(|session| self.sessions[session].link) {
            self.end(older, true, now_ns);
        }
        let kept = known.filter(|session| !connect.clean && self.sessions[*session].forgotten_ns > now_ns);
        let session = match (kept, known) {
            (Some(session), _) => session,
            (None, Some(session)) => {
                self.forget(session);
                session
            }
            (None, None) => {
                self.sessions.push(ClientSession::new());
                self.session_of.insert(connect.client_id, self.sessions.len() - 1);
                self.sessions.len() - 1
            }
        };
        let held = &mut self.sessions[session];
        held.link = Some(link);
        held.expiry_ns = connect.expiry_s.map_or(i64::MAX, |seconds| i64::from(seconds) * 1_000_000_000);
        let Some(caller) = self.callers[link.0 as usize].as_deref_mut() else { return };
        caller.protocol = Some(connect.protocol);
        caller.session = session;
        caller.will = connect.will;
        caller.keep_alive_ns = i64::from(connect.keep_alive_s) * 1_000_000_000;
        self.deadlines.arm(link.0, caller.silent_until_ns());
        let present = u8::from(kept.is_some());
        let mut output = match connect.protocol {
            Protocol::V311 => vec![0x20, 2, present, 0],
            Protocol::V5 => vec![0x20, 3, present, 0, 0],
        };
        held.resume(connect.protocol, &mut output);
        self.send(link, output);
    }

    fn subscribe(&mut self, link: LinkNumber, packet_id: u16, filters: Vec<(String, u8)>) {
        let Some(caller) = self.caller(link) else { return };
        let (session, protocol) = (caller.session, caller.protocol.unwrap_or(Protocol::V311));
        let [high, low] = packet_id.to_be_bytes();
        let properties: &[u8] = if protocol == Protocol::V5 { &[0] } else { &[] };
        let mut output = vec![0x90, (2 + properties.len() + filters.len()) as u8, high, low];
        output.extend_from_slice(properties);
        for (filter, qos) in filters {
            let qos = qos.min(2);
            output.push(qos);
            let has_wildcards = filter.contains(['+', '#']);
            let subscribed = &mut self.sessions[session].subscriptions;
            if let Some(known) = subscribed.iter_mut().find(|(other, _)| *other == filter) {
                known.1 = qos;
            } else {
                let interested = if has_wildcards {
                    &mut self.wild
                } else {
                    self.exact.entry(filter.clone().into_bytes()).or_default()
                };
                if !interested.contains(&session) {
                    interested.push(session);
                }
                subscribed.push((filter.clone(), qos));
            }
            for (topic, publication) in &self.retained {
                let topic = std::str::from_utf8(topic).unwrap_or_default();
                if topic_matches(&filter, topic) {
                    let publication = Publication { qos: publication.qos.min(qos), ..publication.clone() };
                    self.sessions[session].deliver(protocol, publication, &mut output);
                }
            }
        }
        self.send(link, output);
    }

    /// Gives a message to everybody who wants it.
    fn route(&mut self, publication: Publication, now_ns: i64) {
        if publication.retain {
            if publication.payload.is_empty() {
                self.retained.remove(publication.topic.as_ref());
            } else {
                let kept = Publication {
                    topic: Bytes::copy_from_slice(&publication.topic),
                    payload: Bytes::copy_from_slice(&publication.payload),
                    ..publication.clone()
                };
                self.retained.insert(kept.topic.to_vec(), kept);
            }
        }
        self.show(&publication, now_ns);
        let exact = self.exact.get(publication.topic.as_ref()).map_or(&[][..], Vec::as_slice);
        if exact.is_empty() && self.wild.is_empty() {
            return;
        }
        let mut interested: Vec<usize> = exact.iter().chain(&self.wild).copied().collect();
        interested.sort_unstable();
        interested.dedup();
        let topic = std::str::from_utf8(&publication.topic).unwrap_or_default().to_owned();
        for session in interested {
            let Some(level) = self.sessions[session].level(|filter| topic_matches(filter, &topic)) else { continue };
            let copy = Publication { qos: publication.qos.min(level), retain: false, ..publication.clone() };
            let link = self.sessions[session].link;
            let protocol = link.and_then(|link| self.caller(link)?.protocol).unwrap_or(Protocol::V311);
            let mut output = Vec::new();
            self.sessions[session].deliver(protocol, copy, &mut output);
            if let Some(link) = link {
                self.send(link, output);
            }
        }
    }

    fn show(&mut self, publication: &Publication, now_ns: i64) {
        let listeners = if let Some(listeners) = self.known.get(publication.topic.as_ref()) {
            Rc::clone(listeners)
        } else {
            let topic = std::str::from_utf8(&publication.topic).unwrap_or_default();
            let wants = |filters: &Vec<String>| filters.iter().any(|filter| topic_matches(filter, topic));
            let listeners = self.listeners.iter().enumerate().filter(|(_, filters)| wants(filters));
            let listeners: Rc<[usize]> = listeners.map(|(number, _)| number).collect();
            self.known.insert(publication.topic.to_vec(), Rc::clone(&listeners));
            listeners
        };
        for listener in listeners.iter() {
            self.heard.push(Heard {
                listener: *listener,
                topic: String::from_utf8_lossy(&publication.topic).into_owned(),
                payload: publication.payload.clone(),
                at: now_ns + self.latency_ns,
            });
        }
    }

    /// A connection is over; unless the device took leave, its will is published (MQTT-3.1.2-8).
    fn end(&mut self, link: LinkNumber, answers: bool, now_ns: i64) {
        let Some(caller) = self.callers.get_mut(link.0 as usize).and_then(Option::take) else { return };
        if answers {
            self.network.answer(link, Carried::Fin);
        }
        if caller.protocol.is_some() {
            let held = &mut self.sessions[caller.session];
            held.link = None;
            held.forgotten_ns = now_ns.saturating_add(held.expiry_ns);
            if held.expiry_ns == 0 {
                self.forget(caller.session);
            }
        }
        if let Some(will) = caller.will {
            self.route(will, now_ns);
        }
    }

    /// A session is gone, with its subscriptions and messages.
    fn forget(&mut self, session: usize) {
        for (filter, _) in std::mem::replace(&mut self.sessions[session], ClientSession::new()).subscriptions {
            if let Some(interested) = self.exact.get_mut(filter.as_bytes()) {
                interested.retain(|other| *other != session);
            }
        }
        self.wild.retain(|other| *other != session);
    }

    fn caller(&mut self, link: LinkNumber) -> Option<&mut Caller> {
        self.callers.get_mut(link.0 as usize)?.as_deref_mut()
    }

    fn owe(&self, link: LinkNumber, owed: Option<Owed>) {
        if let Some(owed) = owed {
            let mut output = Vec::with_capacity(4);
            frame::write_owed(owed, &mut output);
            self.send(link, output);
        }
    }

    fn send(&self, link: LinkNumber, output: Vec<u8>) {
        if !output.is_empty() {
            self.network.answer(link, Carried::Bytes(Bytes::from(output)));
        }
    }
}

impl Caller {
    /// Until when it may be silent [ns]: one and a half keep-alive intervals (MQTT-3.1.2-22).
    fn silent_until_ns(&self) -> i64 {
        if self.keep_alive_ns == 0 { i64::MAX } else { self.last_ns + self.keep_alive_ns + self.keep_alive_ns / 2 }
    }
}

#[cfg(test)]
mod tests;

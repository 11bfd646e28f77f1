//! The Bluetooth side of a gateway: a central in the simulation that finds devices, connects, subscribes and hands on
//! what they say.
//!
//! It is a host like the attached ones and goes through the same controller, only that it answers at once, in simulated
//! time.

mod client;
mod controller;
mod events;
mod options;
mod records;
mod security;

use std::collections::BTreeMap;

use crate::pdu::att::Uuid;
use crate::pdu::hci::{AclPacket, H4Decoder, Opcode, Packet, RawEvent};
use crate::pdu::l2cap::{ATT_CHANNEL, SIGNALLING_CHANNEL, SMP_CHANNEL, Signal};

use crate::address::{Address, AddressKind};
use client::{Client, Heard};
pub(crate) use controller::{Claims, Controller};
pub use events::{CentralEvent, CentralEventKind};
pub use options::{CentralMemory, CentralOptions, KnownDevice};
use records::Records;

/// Longest attribute PDU a gateway takes \[octets\].
const MTU: u16 = 247;

/// Scan interval and window \[0.625 ms\]: 60 ms, all the time.
const SCAN: u16 = 96;

/// A device heard as well as this is connected to at once \[dBm\]: a metre or two away.
const STRONG_DBM: f64 = -50.0;

/// An advertiser that was not heard for this time begins anew \[ns\].
const FORGOTTEN_NS: u64 = 10_000_000_000;

/// A device that was let go because it was weak, or could not be paired with, is left alone for this time \[ns\].
const LONG_BACKOFF_NS: u64 = 15_000_000_000;

/// Stored records are asked for at every so manieth look at the signal strength.
const POLLS_PER_RECORD_REQUEST: u64 = 12;

/// A client waits so long for an answer (Core Specification 5.4, volume 3, part F, section 3.3.3) \[ns\]; looked at with
/// the signal strength.
const ANSWER_TIMEOUT_NS: u64 = 30_000_000_000;

/// Reason of a disconnection that is wanted.
const REMOTE_USER: u8 = 0x13;

/// What is known of an advertiser.
#[derive(Debug, Clone)]
struct Advertiser {
    /// The address that the device is known by.
    identity: Address,
    name: Option<String>,
    services: Vec<Uuid>,
    /// Last heard \[dBm\].
    rssi_dbm: i8,
    /// Smoothed \[dBm\].
    mean_dbm: f64,
    /// Since when it is heard, without a long pause \[ns\].
    since_ns: u64,
    heard_ns: u64,
    discovered: bool,
}

/// A gateway's central.
#[derive(Debug)]
pub(crate) struct Central {
    options: CentralOptions,
    decoder: H4Decoder,
    advertisers: BTreeMap<Address, Advertiser>,
    /// Devices that are left alone, until this instant \[ns\].
    shunned: BTreeMap<Address, u64>,
    connecting: Option<(Address, u64)>,
    clients: BTreeMap<u16, Client>,
}

impl Central {
    /// Sets the controller up and begins to scan.
    pub(crate) fn start(options: CentralOptions, controller: &mut Controller<'_>) -> Self {
        let [low, high] = SCAN.to_le_bytes();
        controller.command(Opcode::SET_EVENT_MASK, &[0xFF; 8]);
        controller.command(Opcode::LE_SET_EVENT_MASK, &[0xFF; 8]);
        controller.command(Opcode::LE_SET_EXTENDED_SCAN_PARAMETERS, &[0, 0, 1, 1, low, high, low, high]);
        controller.command(Opcode::LE_SET_EXTENDED_SCAN_ENABLE, &[1, 0, 0, 0, 0, 0]);
        Self {
            options,
            decoder: H4Decoder::default(),
            advertisers: BTreeMap::new(),
            shunned: BTreeMap::new(),
            connecting: None,
            clients: BTreeMap::new(),
        }
    }

    /// What it keeps when it is switched off.
    pub(crate) fn into_memory(self) -> CentralMemory {
        self.options.memory
    }

    fn send(controller: &mut Controller<'_>, handle: u16, pdus: Vec<Vec<u8>>) {
        for payload in pdus {
            controller.send(handle, ATT_CHANNEL, payload);
        }
    }

    /// Takes what the controller has to say, until it says nothing more.
    pub(crate) fn take_output(&mut self, controller: &mut Controller<'_>) {
        loop {
            let octets = controller.take_output();
            if octets.is_empty() {
                break;
            }
            self.decoder.push(&octets);
            while let Ok(Some(packet)) = self.decoder.next_packet() {
                match packet {
                    Packet::Acl(packet) => self.take_data(controller, &packet),
                    Packet::Event { code, parameters } => {
                        if let Ok(event) = RawEvent::parse(code, &parameters) {
                            self.take_event(controller, &event);
                        }
                    }
                    Packet::Command { .. } | Packet::Ignored { .. } => {}
                }
            }
        }
    }

    /// The timer of a connection attempt, and of the looks at the links.
    pub(crate) fn tick(&mut self, controller: &mut Controller<'_>) {
        let now_ns = controller.now_ns();
        if self.connecting.is_some_and(|(_, until_ns)| until_ns <= now_ns) {
            controller.command(Opcode::LE_CREATE_CONNECTION_CANCEL, &[]);
        }
        if self.options.poll_ns == 0 {
            return;
        }
        let due: Vec<u16> =
            self.clients.iter().filter(|(_, client)| client.poll_at_ns <= now_ns).map(|(handle, _)| *handle).collect();
        for handle in due {
            controller.command(Opcode::READ_RSSI, &handle.to_le_bytes());
            self.poll_records(controller, handle);
            self.end_unanswered(controller, handle);
        }
    }

    fn poll_records(&mut self, controller: &mut Controller<'_>, handle: u16) {
        let Some(client) = self.clients.get_mut(&handle) else { return };
        client.polls += 1;
        client.poll_at_ns = controller.now_ns() + self.options.poll_ns;
        controller.wake_at(client.poll_at_ns);
        if client.polls.is_multiple_of(POLLS_PER_RECORD_REQUEST) && client.records.iter().all(Records::are_silent) {
            self.ask_for_records(controller, handle);
        }
    }

    /// A request that is not answered within 30 s ends the link: the bearer may not be used any more.
    fn end_unanswered(&mut self, controller: &mut Controller<'_>, handle: u16) {
        let now_ns = controller.now_ns();
        let Some(client) = self.clients.get_mut(&handle) else { return };
        if !client.is_waiting() {
            client.asked_ns = None;
        } else if now_ns >= *client.asked_ns.get_or_insert(now_ns) + ANSWER_TIMEOUT_NS {
            self.leave(controller, handle);
        }
    }

    fn ask_for_records(&mut self, controller: &mut Controller<'_>, handle: u16) {
        let Some(client) = self.clients.get_mut(&handle) else { return };
        let services: Vec<Uuid> = client.records.iter().map(|records| records.service).collect();
        let mut pdus = Vec::new();
        for service in services {
            let mark = self.options.memory.marks.get(&(client.identity, service)).copied();
            pdus.extend(client.ask_for_records(service, mark));
        }
        Self::send(controller, handle, pdus);
    }

    fn take_event(&mut self, controller: &mut Controller<'_>, event: &RawEvent) {
        match event {
            RawEvent::Le { subevent: 0x0D, parameters } => self.take_report(controller, parameters),
            RawEvent::Le { subevent: 0x0A, parameters } => self.take_connection(controller, parameters),
            RawEvent::Other { code: 0x05, parameters } => {
                let &[_, low, high, reason] = parameters.as_slice() else { return };
                let Some(client) = self.clients.remove(&u16::from_le_bytes([low, high])) else { return };
                self.shun(client.identity, controller.now_ns() + self.options.backoff_ns);
                if let Some(advertiser) = self.advertisers.get_mut(&client.address) {
                    advertiser.since_ns = controller.now_ns();
                }
                controller.note(client.identity, CentralEventKind::Disconnected { reason });
            }
            RawEvent::Other { code: 0x08, parameters } => {
                let &[status, low, high, enabled] = parameters.as_slice() else { return };
                self.take_encryption(controller, u16::from_le_bytes([low, high]), status == 0 && enabled != 0);
            }
            RawEvent::CommandComplete { opcode: Opcode::READ_RSSI, returned } => {
                let &[0, low, high, rssi_dbm] = returned.as_slice() else { return };
                self.take_signal(controller, u16::from_le_bytes([low, high]), rssi_dbm as i8);
            }
            _ => {}
        }
    }

    /// Leaves a device alone until an instant.
    fn shun(&mut self, identity: Address, until_ns: u64) {
        let known = self.shunned.entry(identity).or_default();
        *known = until_ns.max(*known);
    }

    /// The address that a device is known by, if it may be connected to.
    fn identify(&self, address: Address) -> Option<Address> {
        if self.options.allowed.is_empty() {
            return Some(address);
        }
        if let Some(known) = self.options.allowed.iter().find(|known| known.address == address) {
            return Some(known.address);
        }
        // Resolvable private addresses begin with 01.
        if address.kind == AddressKind::Public || address.octets[5] >> 6 != 1 {
            return None;
        }
        let resolves = |known: &&KnownDevice| known.identity_key.is_some_and(|key| address.resolves_with(key));
        self.options.allowed.iter().find(resolves).map(|known| known.address)
    }

    fn take_report(&mut self, controller: &mut Controller<'_>, parameters: &[u8]) {
        let now_ns = controller.now_ns();
        let Some(report) = events::Report::parse(parameters) else { return };
        if !self.advertisers.contains_key(&report.address) {
            let Some(identity) = self.identify(report.address) else { return };
            let unheard = Advertiser {
                identity,
                name: None,
                services: Vec::new(),
                rssi_dbm: report.rssi_dbm,
                mean_dbm: f64::from(report.rssi_dbm),
                since_ns: now_ns,
                heard_ns: now_ns,
                discovered: false,
            };
            self.advertisers.insert(report.address, unheard);
        }
        let Some(advertiser) = self.advertisers.get_mut(&report.address) else { return };
        if now_ns > advertiser.heard_ns + FORGOTTEN_NS {
            advertiser.since_ns = now_ns;
        }
        advertiser.heard_ns = now_ns;
        advertiser.rssi_dbm = report.rssi_dbm;
        advertiser.mean_dbm = 0.75 * advertiser.mean_dbm + 0.25 * f64::from(report.rssi_dbm);
        if let Some(name) = report.name {
            advertiser.name = Some(name);
        }
        if !report.services.is_empty() {
            advertiser.services = report.services;
        }
        // The scan response, which has the name, follows at once or is lost: the next one will do.
        let is_new = !advertiser.discovered && (report.is_response || advertiser.name.is_some());
        if is_new {
            advertiser.discovered = true;
            let (identity, name, services) =
                (advertiser.identity, advertiser.name.clone(), advertiser.services.clone());
            let rssi_dbm = report.rssi_dbm;
            controller.note(identity, CentralEventKind::Discovered { name, services, rssi_dbm });
        }
        if report.is_connectable {
            self.consider(controller, report.address);
        }
    }

    fn consider(&mut self, controller: &mut Controller<'_>, address: Address) {
        let now_ns = controller.now_ns();
        let Some(advertiser) = self.advertisers.get(&address) else { return };
        let identity = advertiser.identity;
        let busy = self.connecting.is_some() || self.clients.len() >= self.options.slots;
        let is_wanted = advertiser.services.iter().any(|service| self.options.services.contains(service));
        let is_shunned = self.shunned.get(&identity).is_some_and(|until_ns| now_ns < *until_ns);
        // Gateways that hear it better go first.
        let courtesy_ns = (STRONG_DBM - advertiser.mean_dbm).max(0.0) * self.options.courtesy_ns_per_db as f64;
        let is_too_early = now_ns < advertiser.since_ns + courtesy_ns as u64;
        if busy || !is_wanted || is_shunned || is_too_early {
            return;
        }
        // A device that takes several links goes on advertising; the gateways of a site know who has whom.
        if controller.is_taken(address) {
            return;
        }
        let peer = address.to_peer();
        let mut parameters = Vec::new();
        parameters.extend([SCAN, SCAN].into_iter().flat_map(u16::to_le_bytes));
        parameters.extend_from_slice(&[0, peer.kind]);
        parameters.extend_from_slice(&peer.octets);
        parameters.push(0);
        let CentralOptions { interval, timeout, .. } = self.options;
        parameters.extend([interval, interval, 0, timeout, 0, 0].into_iter().flat_map(u16::to_le_bytes));
        let until_ns = now_ns + self.options.connect_timeout_ns;
        self.connecting = Some((address, until_ns));
        controller.claim(Some(address));
        controller.wake_at(until_ns);
        controller.note(identity, CentralEventKind::Connecting);
        controller.command(Opcode::LE_CREATE_CONNECTION, &parameters);
    }

    fn take_connection(&mut self, controller: &mut Controller<'_>, parameters: &[u8]) {
        let Some((address, _)) = self.connecting.take() else { return };
        controller.claim(None);
        let &[status, low, high, ..] = parameters else { return };
        let Some(advertiser) = self.advertisers.get_mut(&address) else { return };
        if status != 0 {
            // Somebody else has taken it, or it is gone.
            advertiser.since_ns = controller.now_ns();
            return;
        }
        let handle = u16::from_le_bytes([low, high]);
        let mut client = Client::new(address, advertiser.identity, self.options.services.clone());
        client.rssi_dbm = advertiser.rssi_dbm;
        if self.options.poll_ns > 0 {
            client.poll_at_ns = controller.now_ns() + self.options.poll_ns;
            controller.wake_at(client.poll_at_ns);
        }
        controller.note(client.identity, CentralEventKind::Connected);
        self.clients.insert(handle, client);
        self.secure(controller, handle);
    }

    fn take_signal(&mut self, controller: &mut Controller<'_>, handle: u16, rssi_dbm: i8) {
        let Some(client) = self.clients.get_mut(&handle) else { return };
        client.rssi_dbm = rssi_dbm;
        let is_weak = self.options.leave_below_dbm.is_some_and(|limit_dbm| rssi_dbm < limit_dbm);
        client.weak = if is_weak { client.weak + 1 } else { 0 };
        // Twice in a row, so that a moment's shadow does not end a link.
        let leaves = client.weak == 2;
        let identity = client.identity;
        controller.note(identity, CentralEventKind::Signal { rssi_dbm });
        if leaves {
            self.leave(controller, handle);
        }
    }

    /// Ends a link and leaves the device to others for a while.
    fn leave(&mut self, controller: &mut Controller<'_>, handle: u16) {
        let Some(client) = self.clients.get(&handle) else { return };
        self.shun(client.identity, controller.now_ns() + LONG_BACKOFF_NS);
        let [low, high] = handle.to_le_bytes();
        controller.command(Opcode::DISCONNECT, &[low, high, REMOTE_USER]);
    }

    fn take_data(&mut self, controller: &mut Controller<'_>, packet: &AclPacket) {
        let Some(client) = self.clients.get_mut(&packet.handle) else { return };
        let Some(frame) = client.assemble(packet) else { return };
        match frame.channel {
            ATT_CHANNEL => self.take_attribute_pdu(controller, packet.handle, &frame.payload),
            SMP_CHANNEL => self.take_smp(controller, packet.handle, &frame.payload),
            SIGNALLING_CHANNEL => Self::take_signal_pdu(controller, packet.handle, &frame.payload),
            _ => {}
        }
    }

    fn take_attribute_pdu(&mut self, controller: &mut Controller<'_>, handle: u16, pdu: &[u8]) {
        let Some(client) = self.clients.get_mut(&handle) else { return };
        let mut heard = Vec::new();
        let pdus = client.receive(pdu, &mut heard);
        Self::send(controller, handle, pdus);
        for heard in heard {
            self.take_heard(controller, handle, heard);
        }
    }

    fn take_heard(&mut self, controller: &mut Controller<'_>, handle: u16, heard: Heard) {
        let Some(client) = self.clients.get_mut(&handle) else { return };
        let (identity, rssi_dbm) = (client.identity, client.rssi_dbm);
        match heard {
            Heard::Value { of: None, .. } => {
                let tag = controller.take_tag(handle);
                controller.note(identity, CentralEventKind::Unknown { tag });
            }
            Heard::Value { of: Some((service, characteristic)), value } => {
                let tag = controller.take_tag(handle);
                let key = records::key_of(service, characteristic, &value);
                let histories = client.records.iter_mut().find(|records| records.service == service);
                let is_gap = histories.zip(key).is_some_and(|(records, key)| records.take_key(key));
                self.remember(handle);
                let kind = CentralEventKind::Value { service, characteristic, value, rssi_dbm, tag };
                controller.note(identity, kind);
                if is_gap {
                    self.ask_for_records(controller, handle);
                }
            }
            Heard::Subscribed(characteristics) => {
                controller.note(identity, CentralEventKind::Subscribed { characteristics });
                self.ask_for_records(controller, handle);
            }
            Heard::Transferred { service, is_complete } => {
                self.remember(handle);
                controller.note(identity, CentralEventKind::Transferred { service, is_complete });
            }
        }
    }

    /// Writes down up to where the histories of a device are complete.
    fn remember(&mut self, handle: u16) {
        let Some(client) = self.clients.get(&handle) else { return };
        for records in &client.records {
            if let Some(mark) = records.mark() {
                self.options.memory.marks.insert((client.identity, records.service), mark);
            }
        }
    }

    /// A peripheral may have the parameters it asks for.
    fn take_signal_pdu(controller: &mut Controller<'_>, handle: u16, pdu: &[u8]) {
        let Ok(Signal::ParameterUpdateRequest { identifier, interval_min, interval_max, latency, timeout }) =
            Signal::parse(pdu)
        else {
            return;
        };
        let payload = Signal::ParameterUpdateResponse { identifier, accepted: true }.to_bytes();
        controller.send(handle, SIGNALLING_CHANNEL, payload);
        let words = [handle, interval_min, interval_max, latency, timeout, 0, 0];
        let parameters: Vec<u8> = words.into_iter().flat_map(u16::to_le_bytes).collect();
        controller.command(Opcode::LE_CONNECTION_UPDATE, &parameters);
    }
}

#[cfg(test)]
mod tests;

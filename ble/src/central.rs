//! The Bluetooth side of a gateway: a central in the simulation that finds devices, connects, subscribes and hands on
//! what they say.
//!
//! It is a host like the attached ones and goes through the same controller, only that it lives inside the [`Air`] and
//! answers at once, in simulated time. It does not pair: devices that demand encryption refuse it.

mod client;
mod events;

use std::collections::BTreeMap;

use wire::att::Uuid;
use wire::hci::{AclPacket, H4Decoder, Opcode, Packet, PacketBoundary, RawEvent};
use wire::l2cap::{ATT_CHANNEL, Frame};

use crate::address::Address;
use crate::air::{Air, HostId};
use client::Client;
pub use events::{CentralEvent, CentralEventKind};

/// Longest attribute PDU a gateway takes \[octets\].
const MTU: u16 = 247;

/// Scan interval and window \[0.625 ms\]: 60 ms, all the time.
const SCAN: u16 = 96;

/// A connection that has not begun after this time is given up \[ns\].
const CONNECT_TIMEOUT_NS: u64 = 10_000_000_000;

/// What a gateway looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CentralOptions {
    /// Most links at a time.
    pub slots: usize,
    /// Services of devices that it connects to; every characteristic of them that can be subscribed is.
    pub services: Vec<Uuid>,
    /// Devices that it connects to; all when empty.
    pub allowed: Vec<Address>,
    /// Connection interval \[1.25 ms\].
    pub interval: u16,
    /// Supervision timeout \[10 ms\].
    pub timeout: u16,
    /// After a link has ended, the device is left alone for this time \[ns\].
    pub backoff_ns: u64,
}

impl Default for CentralOptions {
    fn default() -> Self {
        Self {
            slots: 7,
            services: Vec::new(),
            allowed: Vec::new(),
            interval: 24,
            timeout: 400,
            backoff_ns: 1_000_000_000,
        }
    }
}

/// What is known of an advertiser.
#[derive(Debug, Clone, Default)]
struct Advertiser {
    name: Option<String>,
    services: Vec<Uuid>,
    rssi_dbm: i8,
    not_before_ns: u64,
    discovered: bool,
}

/// A gateway's central.
#[derive(Debug)]
pub(crate) struct Central {
    pub(crate) host: HostId,
    options: CentralOptions,
    decoder: H4Decoder,
    advertisers: BTreeMap<Address, Advertiser>,
    connecting: Option<(Address, u64)>,
    clients: BTreeMap<u16, Client>,
    pub(crate) events: Vec<CentralEvent>,
}

impl Central {
    /// Sets the controller up and begins to scan.
    pub(crate) fn start(air: &mut Air, host: HostId, options: CentralOptions) -> Self {
        let central = Self {
            host,
            options,
            decoder: H4Decoder::default(),
            advertisers: BTreeMap::new(),
            connecting: None,
            clients: BTreeMap::new(),
            events: Vec::new(),
        };
        let [low, high] = SCAN.to_le_bytes();
        central.command(air, Opcode::SET_EVENT_MASK, &[0xFF; 8]);
        central.command(air, Opcode::LE_SET_EVENT_MASK, &[0xFF; 8]);
        central.command(air, Opcode::LE_SET_EXTENDED_SCAN_PARAMETERS, &[0, 0, 1, 1, low, high, low, high]);
        central.command(air, Opcode::LE_SET_EXTENDED_SCAN_ENABLE, &[1, 0, 0, 0, 0, 0]);
        central
    }

    fn command(&self, air: &mut Air, opcode: Opcode, parameters: &[u8]) {
        let [low, high] = opcode.0.to_le_bytes();
        let octets = [&[0x01, low, high, parameters.len() as u8][..], parameters].concat();
        air.host_sent(self.host, &octets).expect("the central frames its packets itself");
    }

    fn send(&self, air: &mut Air, handle: u16, pdus: Vec<Vec<u8>>) {
        for payload in pdus {
            // A request of a client here is always shorter than a data packet.
            let data = Frame { channel: ATT_CHANNEL, payload }.to_bytes();
            let mut octets = Vec::new();
            AclPacket { handle, boundary: PacketBoundary::FirstNonFlushable, data }.write_h4(&mut octets);
            air.host_sent(self.host, &octets).expect("the central frames its packets itself");
        }
    }

    /// Takes what the controller has to say, until it says nothing more.
    pub(crate) fn step(&mut self, air: &mut Air) {
        loop {
            let octets = air.take_output(self.host, usize::MAX);
            if octets.is_empty() {
                break;
            }
            self.decoder.push(&octets);
            while let Ok(Some(packet)) = self.decoder.next_packet() {
                match packet {
                    Packet::Acl(packet) => self.take_data(air, &packet),
                    Packet::Event { code, parameters } => {
                        if let Ok(event) = RawEvent::parse(code, &parameters) {
                            self.take_event(air, &event);
                        }
                    }
                    Packet::Command { .. } | Packet::Ignored { .. } => {}
                }
            }
        }
    }

    /// The timer of a connection attempt.
    pub(crate) fn tick(&mut self, air: &mut Air) {
        if self.connecting.is_some_and(|(_, until_ns)| until_ns <= air.now_ns()) {
            self.command(air, Opcode::LE_CREATE_CONNECTION_CANCEL, &[]);
        }
    }

    fn note(&mut self, air: &Air, address: Address, kind: CentralEventKind) {
        self.events.push(CentralEvent { at_ns: air.now_ns(), address, kind });
    }

    fn take_event(&mut self, air: &mut Air, event: &RawEvent) {
        match event {
            RawEvent::Le { subevent: 0x0D, parameters } => self.take_report(air, parameters),
            RawEvent::Le { subevent: 0x0A, parameters } => self.take_connection(air, parameters),
            RawEvent::Other { code: 0x05, parameters } => {
                let &[_, low, high, reason] = parameters.as_slice() else { return };
                let Some(client) = self.clients.remove(&u16::from_le_bytes([low, high])) else { return };
                if let Some(advertiser) = self.advertisers.get_mut(&client.address) {
                    advertiser.not_before_ns = air.now_ns() + self.options.backoff_ns;
                }
                self.note(air, client.address, CentralEventKind::Disconnected { reason });
            }
            _ => {}
        }
    }

    fn take_report(&mut self, air: &mut Air, parameters: &[u8]) {
        let Some(report) = events::Report::parse(parameters) else { return };
        let advertiser = self.advertisers.entry(report.address).or_default();
        advertiser.rssi_dbm = report.rssi_dbm;
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
            let (name, services) = (advertiser.name.clone(), advertiser.services.clone());
            let rssi_dbm = report.rssi_dbm;
            self.note(air, report.address, CentralEventKind::Discovered { name, services, rssi_dbm });
        }
        if report.is_connectable {
            self.consider(air, report.address);
        }
    }

    fn consider(&mut self, air: &mut Air, address: Address) {
        let Some(advertiser) = self.advertisers.get(&address) else { return };
        let busy = self.connecting.is_some() || self.clients.len() >= self.options.slots;
        let allowed = self.options.allowed.is_empty() || self.options.allowed.contains(&address);
        let wanted = advertiser.services.iter().any(|service| self.options.services.contains(service));
        if busy || !allowed || !wanted || air.now_ns() < advertiser.not_before_ns {
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
        let until_ns = air.now_ns() + CONNECT_TIMEOUT_NS;
        self.connecting = Some((address, until_ns));
        air.call_central(self.host, until_ns);
        self.note(air, address, CentralEventKind::Connecting);
        self.command(air, Opcode::LE_CREATE_CONNECTION, &parameters);
    }

    fn take_connection(&mut self, air: &mut Air, parameters: &[u8]) {
        let Some((address, _)) = self.connecting.take() else { return };
        let &[status, low, high, ..] = parameters else { return };
        if status != 0 {
            return;
        }
        let handle = u16::from_le_bytes([low, high]);
        let mut client = Client::new(address, self.options.services.clone());
        let pdus = client.begin(MTU);
        self.clients.insert(handle, client);
        self.note(air, address, CentralEventKind::Connected);
        self.send(air, handle, pdus);
    }

    fn take_data(&mut self, air: &mut Air, packet: &AclPacket) {
        let Some(client) = self.clients.get_mut(&packet.handle) else { return };
        let address = client.address;
        let Some(pdu) = client.assemble(packet) else { return };
        let mut values = Vec::new();
        let pdus = client.receive(&pdu, &mut values);
        let rssi_dbm = self.advertisers.get(&address).map_or(127, |advertiser| advertiser.rssi_dbm);
        for kind in values {
            self.note(air, address, kind.with_rssi(rssi_dbm));
        }
        self.send(air, packet.handle, pdus);
    }
}

#[cfg(test)]
mod tests;

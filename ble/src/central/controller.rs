//! What a central reaches from where it is: its controller and alarm clock, and the other gateways of its site.

use std::collections::BTreeMap;

use sim_core::Key;

use super::events::{CentralEvent, CentralEventKind};
use crate::address::Address;
use crate::air::Air;
use crate::ids::HostId;
use crate::pdu::hci::{AclPacket, Opcode, PacketBoundary};
use crate::pdu::l2cap::Frame;

/// The gateways of a site, and the device that each of them is about to connect to.
pub(crate) type Claims = BTreeMap<HostId, Option<Address>>;

/// The controller of a central, for as long as the central is called.
#[derive(Debug)]
pub(crate) struct Controller<'a> {
    pub(crate) air: &'a mut Air,
    pub(crate) host: HostId,
    pub(crate) claims: &'a mut Claims,
    pub(crate) events: &'a mut Vec<(HostId, CentralEvent)>,
}

impl Controller<'_> {
    pub(super) fn now_ns(&self) -> u64 {
        self.air.now_ns()
    }

    pub(super) fn command(&mut self, opcode: Opcode, parameters: &[u8]) {
        let [low, high] = opcode.0.to_le_bytes();
        let octets = [&[0x01, low, high, parameters.len() as u8][..], parameters].concat();
        self.air.host_sent(self.host, &octets).expect("the central frames its packets itself");
    }

    /// Sends a frame, which is always shorter than a data packet.
    pub(super) fn send(&mut self, handle: u16, channel: u16, payload: Vec<u8>) {
        let data = Frame { channel, payload }.to_bytes();
        let mut octets = Vec::new();
        AclPacket { handle, boundary: PacketBoundary::FirstNonFlushable, data }.write_h4(&mut octets);
        self.air.host_sent(self.host, &octets).expect("the central frames its packets itself");
    }

    /// What the controller has to say.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        self.air.take_output(self.host, usize::MAX)
    }

    /// Calls the central at an instant \[ns\].
    pub(super) fn wake_at(&mut self, at_ns: u64) {
        self.air.wake_at(self.host, at_ns);
    }

    /// The name of the oldest value of a connection that was not asked for yet.
    pub(super) fn take_tag(&mut self, handle: u16) -> u64 {
        self.air.take_tag(self.host, handle)
    }

    /// The key of its draws, and its public address.
    pub(super) fn key_and_address(&self) -> Option<(Key, Address)> {
        self.air.key_and_address(self.host)
    }

    /// Tells the gateways of the site which device this one is about to connect to.
    pub(super) fn claim(&mut self, device: Option<Address>) {
        if let Some(claim) = self.claims.get_mut(&self.host) {
            *claim = device;
        }
    }

    /// Whether a gateway has a link to the device that goes by this address, or is about to.
    pub(super) fn is_taken(&self, device: Address) -> bool {
        self.claims.values().any(|claim| *claim == Some(device))
            || self.air.hosts_linked_to(device).any(|host| self.claims.contains_key(&host))
    }

    pub(super) fn note(&mut self, address: Address, kind: CentralEventKind) {
        let event = CentralEvent { at_ns: self.now_ns(), address, kind };
        self.events.push((self.host, event));
    }
}

//! Connections: making them, and what can be asked of them.

use crate::pdu::hci::{Command, ConnectionComplete, CreateConnection, Event, Opcode, PeerAddress, Status};

use crate::address::Address;
use crate::air::Air;
use crate::air::link_procedures::EXCHANGE_EVENTS;
use crate::host::Initiating;
use crate::ids::HostId;
use crate::link::{LONG_PAYLOAD, Procedure, SHORT_PAYLOAD};
use crate::propagation::reported_dbm;

/// Most links of a controller.
const LINK_LIMIT: usize = 64;

/// All 37 data channels are used.
const CHANNEL_MAP: [u8; 5] = [0xFF, 0xFF, 0xFF, 0xFF, 0x1F];

/// Transmit power of the controllers \[dBm\].
pub(super) const TRANSMIT_POWER_DBM: u8 = 0;

/// Authenticated payload timeout after a connection: 30 s \[10 ms\].
const PAYLOAD_TIMEOUT: u16 = 0x0BB8;

impl Air {
    pub(super) fn execute_connecting(&mut self, id: HostId, opcode: Opcode, command: Command) {
        match command {
            Command::LeCreateConnection(wish) => {
                let status = self.create_connection(id, wish);
                self.status(id, opcode, status);
            }
            Command::LeCreateConnectionCancel => self.cancel_connection(id, opcode),
            Command::LeSetDataLength { handle, octets, .. } => {
                let status = self.set_data_length(id, handle, octets);
                self.complete_with_handle(id, opcode, status, handle, &[]);
            }
            Command::LeReadPhy { handle } => {
                let phy = self.link_of(id, handle).and_then(|link| self.links.get(&link)).map(|link| link.phy.number());
                let status = if phy.is_some() { Status::SUCCESS } else { Status::UNKNOWN_CONNECTION };
                self.complete_with_handle(id, opcode, status, handle, &[phy.unwrap_or(1); 2]);
            }
            Command::LeReadChannelMap { handle } => self.answer_about_link(id, opcode, handle, &CHANNEL_MAP),
            Command::ReadTransmitPowerLevel { handle } => {
                self.answer_about_link(id, opcode, handle, &[TRANSMIT_POWER_DBM]);
            }
            Command::ReadRssi { handle } => {
                let peripheral =
                    self.link_of(id, handle).and_then(|link| self.links.get(&link)).map(|link| link.peripheral);
                let rssi_dbm =
                    peripheral.and_then(|peripheral| self.rssi_dbm(id, peripheral)).map_or(127, reported_dbm);
                self.answer_about_link(id, opcode, handle, &[rssi_dbm as u8]);
            }
            Command::ReadAuthenticatedPayloadTimeout { handle } => {
                self.answer_about_link(id, opcode, handle, &PAYLOAD_TIMEOUT.to_le_bytes());
            }
            Command::WriteAuthenticatedPayloadTimeout { handle, .. } => {
                self.answer_about_link(id, opcode, handle, &[]);
            }
            // No peripheral here uses the link-layer request, so there is never one to answer.
            Command::LeParameterRequestReply { handle, .. } | Command::LeParameterRequestRefusal { handle, .. } => {
                self.complete_with_handle(id, opcode, Status::COMMAND_DISALLOWED, handle, &[]);
            }
            _ => self.status(id, opcode, Status::UNKNOWN_COMMAND),
        }
    }

    fn create_connection(&mut self, id: HostId, wish: CreateConnection) -> Status {
        let links: Vec<Address> = self
            .links
            .values()
            .filter(|link| link.host == Some(id))
            .map(|link| self.peripheral(link.peripheral).address)
            .collect();
        let Some(host) = self.host_mut(id) else { return Status::COMMAND_DISALLOWED };
        if host.initiating.is_some() {
            return Status::COMMAND_DISALLOWED;
        }
        if !wish.parameters.are_valid() || wish.scan_window > wish.scan_interval || wish.scan_interval < 4 {
            return Status::INVALID_PARAMETERS;
        }
        if links.len() >= LINK_LIMIT {
            return Status::CONNECTION_LIMIT;
        }
        if !wish.use_accept_list && links.contains(&Address::from_peer(wish.peer)) {
            return Status::ALREADY_CONNECTED;
        }
        let Some(own) = host.own_address(wish.own_address_kind) else { return Status::INVALID_PARAMETERS };
        host.initiating = Some(Initiating { wish, own });
        Status::SUCCESS
    }

    fn cancel_connection(&mut self, id: HostId, opcode: Opcode) {
        let now_ns = self.now_ns;
        let Some(host) = self.host_mut(id) else { return };
        if host.initiating.take().is_none() {
            host.complete_with_status(opcode, Status::COMMAND_DISALLOWED, now_ns);
            return;
        }
        host.complete_with_status(opcode, Status::SUCCESS, now_ns);
        let cancelled = ConnectionComplete {
            status: Status::UNKNOWN_CONNECTION,
            handle: 0,
            peer: PeerAddress { kind: 0, octets: [0; 6] },
            interval: 0,
            latency: 0,
            timeout: 0,
        };
        let enhanced = Event::LeEnhancedConnectionComplete(cancelled);
        let event = if host.wants_le(0x0A) { enhanced } else { Event::LeConnectionComplete(cancelled) };
        host.send(&event, now_ns);
    }

    fn set_data_length(&mut self, id: HostId, handle: u16, octets: u16) -> Status {
        let Some(link) = self.link_of(id, handle) else { return Status::UNKNOWN_CONNECTION };
        if !(SHORT_PAYLOAD..=LONG_PAYLOAD).contains(&octets) {
            return Status::INVALID_PARAMETERS;
        }
        self.begin_procedure(link, Procedure::DataLength { octets }, EXCHANGE_EVENTS);
        Status::SUCCESS
    }

    fn answer_about_link(&mut self, id: HostId, opcode: Opcode, handle: u16, data: &[u8]) {
        let status = if self.link_of(id, handle).is_some() { Status::SUCCESS } else { Status::UNKNOWN_CONNECTION };
        self.complete_with_handle(id, opcode, status, handle, data);
    }

    fn complete_with_handle(&mut self, id: HostId, opcode: Opcode, status: Status, handle: u16, data: &[u8]) {
        let [low, high] = handle.to_le_bytes();
        self.complete(id, opcode, &[&[status.0, low, high][..], data].concat());
    }
}

//! Hosts come, speak, and go.

use crate::pdu::hci::{AclPacket, Command, CommandError, Event, H4Error, Packet, PacketBoundary, Status};

use super::Air;
use crate::capture::Direction;
use crate::host::{Host, HostOptions, OutputCounters};
use crate::ids::HostId;
use crate::link::CentralPacket;

/// Data packets a host may have under way.
pub(super) const DATA_CREDITS: usize = 16;

/// Hardware Error code for a byte stream that has lost its framing.
const LOST_FRAMING: u8 = 0x01;

impl Air {
    /// Attaches a host: a fresh controller.
    pub fn attach_host(&mut self, options: HostOptions) -> HostId {
        let id = HostId(self.hosts.len() as u32);
        self.hosts.push(Some(Host::new(options, self.seed)));
        id
    }

    /// The host is gone. Its peripherals notice after the supervision timeout.
    pub fn detach_host(&mut self, id: HostId) {
        self.abandon_links(id);
        self.residents.retain(|resident| *resident != id);
        if let Some(host) = self.hosts.get_mut(id.0 as usize) {
            *host = None;
        }
    }

    /// Takes octets that the host has sent; they take effect at the present instant.
    ///
    /// # Errors
    /// When the stream has lost its framing: the host is told by a Hardware Error and should be cut off.
    pub fn host_sent(&mut self, id: HostId, octets: &[u8]) -> Result<(), H4Error> {
        match self.host_mut(id) {
            Some(host) if !host.failed => host.decoder.push(octets),
            _ => return Ok(()),
        }
        loop {
            let now_ns = self.now_ns;
            let Some(host) = self.host_mut(id) else { return Ok(()) };
            match host.decoder.next_packet() {
                Ok(None) => return Ok(()),
                Ok(Some(packet)) => self.take_packet(id, packet),
                Err(error) => {
                    host.failed = true;
                    host.send(&Event::HardwareError { code: LOST_FRAMING }, now_ns);
                    return Err(error);
                }
            }
        }
    }

    /// Takes octets for the host, whole packets up to `limit` octets (at least one packet when any waits).
    pub fn take_output(&mut self, id: HostId, limit: usize) -> Vec<u8> {
        let Some(host) = self.host_mut(id) else { return Vec::new() };
        let was_congested = host.is_congested();
        let taken = host.take_output(limit);
        if was_congested && !host.is_congested() {
            self.wake_links_of(id);
        }
        taken
    }

    /// Octets that wait for the host in its controller.
    pub fn waiting_output(&self, id: HostId) -> usize {
        let host = self.hosts.get(id.0 as usize).and_then(Option::as_ref);
        host.map_or(0, crate::host::Host::waiting_output)
    }

    /// Takes what has been captured of a host since the last call.
    pub fn take_capture(&mut self, id: HostId) -> Vec<u8> {
        let capture = self.host_mut(id).and_then(|host| host.capture.as_mut());
        capture.map(crate::capture::Capture::take).unwrap_or_default()
    }

    /// What became of the output for a host.
    pub fn output_counters(&self, id: HostId) -> Option<OutputCounters> {
        Some(self.hosts.get(id.0 as usize)?.as_ref()?.counters)
    }

    fn take_packet(&mut self, id: HostId, packet: Packet) {
        let now_ns = self.now_ns;
        let Some(host) = self.host_mut(id) else { return };
        match packet {
            Packet::Command { opcode, parameters } => {
                if let Some(capture) = &mut host.capture {
                    let [low, high] = opcode.0.to_le_bytes();
                    let octets = [&[0x01, low, high, parameters.len() as u8][..], &parameters].concat();
                    capture.record(Direction::Sent, &octets, now_ns);
                }
                match Command::parse(opcode, &parameters) {
                    Ok(command) => self.execute(id, opcode, command),
                    Err(CommandError::Unknown { opcode }) => host.status(opcode, Status::UNKNOWN_COMMAND, now_ns),
                    Err(CommandError::Malformed { opcode, .. }) => {
                        host.status(opcode, Status::INVALID_PARAMETERS, now_ns);
                    }
                }
            }
            Packet::Acl(packet) => {
                if let Some(capture) = &mut host.capture {
                    let mut octets = Vec::with_capacity(5 + packet.data.len());
                    packet.write_h4(&mut octets);
                    capture.record(Direction::Sent, &octets, now_ns);
                }
                self.take_data(id, packet);
            }
            Packet::Event { .. } | Packet::Ignored { .. } => {}
        }
    }

    fn take_data(&mut self, id: HostId, packet: AclPacket) {
        let Some(host) = self.hosts.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        let under_way: usize = host
            .handles
            .values()
            .filter_map(|link| self.links.get(link))
            .map(|connection| connection.from_central.len())
            .sum();
        let link = host.handles.get(&packet.handle).copied();
        let is_start = match packet.boundary {
            PacketBoundary::Continuing => Some(false),
            PacketBoundary::FirstNonFlushable | PacketBoundary::First => Some(true),
            PacketBoundary::Complete => None,
        };
        let (Some(link), Some(first)) = (link, is_start) else {
            host.counters.stray_data += 1;
            return;
        };
        // An empty packet or one that the controller has no buffer for is the host's mistake.
        if packet.data.is_empty() || under_way >= DATA_CREDITS {
            host.counters.stray_data += 1;
            return;
        }
        if let Some(connection) = self.links.get_mut(&link) {
            let queued = CentralPacket { data: packet.data, first, sent: 0, arrived: false };
            connection.from_central.push_back(queued);
            self.wake(link);
        }
    }
}

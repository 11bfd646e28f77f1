//! A host for tests: it speaks H4 and keeps what it hears.

use std::collections::BTreeSet;

use crate::pdu::hci::{AclPacket, H4Decoder, Opcode, Packet, PacketBoundary, RawEvent};
use crate::pdu::l2cap::{Frame, Reassembler};

use crate::address::Address;
use crate::air::{Air, HostId, PeripheralId};
use crate::host::HostOptions;
use crate::propagation::Position;

/// What a host has heard.
pub(super) struct TestHost {
    pub(super) id: HostId,
    decoder: H4Decoder,
    reassembler: Reassembler,
    pub(super) handles: BTreeSet<u16>,
    pub(super) reports: Vec<Vec<u8>>,
    pub(super) frames: Vec<Frame>,
    pub(super) others: Vec<RawEvent>,
    pub(super) disconnections: Vec<u8>,
    pub(super) credits: u32,
    pub(super) seen: Vec<u8>,
}

impl TestHost {
    pub(super) fn attach(air: &mut Air) -> Self {
        Self::attach_at(air, "hci/test", Position { x_m: 1.0, y_m: 0.0, z_m: 0.0 })
    }

    pub(super) fn attach_at(air: &mut Air, path: &str, position: Position) -> Self {
        let options = HostOptions {
            path: path.to_owned(),
            address: Address::synthetic_public(1),
            position,
            capture_start_unix_us: None,
            strict: false,
        };
        let mut host = Self {
            id: air.attach_host(options),
            decoder: H4Decoder::default(),
            reassembler: Reassembler::new(600),
            handles: BTreeSet::new(),
            reports: Vec::new(),
            frames: Vec::new(),
            others: Vec::new(),
            disconnections: Vec::new(),
            credits: 16,
            seen: Vec::new(),
        };
        host.command(air, 0x0C03, &[]);
        host.command(air, 0x0C01, &[0xFF; 8]);
        host.command(air, 0x2001, &[0xFF; 8]);
        host
    }

    /// Sends a command; gives its return parameters, or its status.
    pub(super) fn command(&mut self, air: &mut Air, opcode: u16, parameters: &[u8]) -> Vec<u8> {
        let [low, high] = opcode.to_le_bytes();
        let octets = [&[0x01, low, high, parameters.len() as u8][..], parameters].concat();
        air.host_sent(self.id, &octets).expect("framed");
        self.others.clear();
        self.poll(air);
        let answer = self.others.iter().find_map(|event| match event {
            RawEvent::CommandComplete { opcode: Opcode(of), returned } if *of == opcode => Some(returned.clone()),
            RawEvent::CommandStatus { opcode: Opcode(of), status } if *of == opcode => Some(vec![status.0]),
            _ => None,
        });
        answer.expect("every command is answered")
    }

    /// Reads what has come.
    pub(super) fn poll(&mut self, air: &mut Air) {
        let octets = air.take_output(self.id, usize::MAX);
        self.seen.extend_from_slice(&octets);
        self.decoder.push(&octets);
        while let Some(packet) = self.decoder.next_packet().expect("framed") {
            match packet {
                Packet::Acl(packet) => self.take_data(&packet),
                Packet::Event { code, parameters } => {
                    let event = RawEvent::parse(code, &parameters).expect("well formed");
                    self.take_event(event);
                }
                other => panic!("not from a controller: {other:?}"),
            }
        }
    }

    fn take_data(&mut self, packet: &AclPacket) {
        let taken = match packet.boundary {
            PacketBoundary::First => self.reassembler.start(&packet.data),
            PacketBoundary::Continuing => self.reassembler.proceed(&packet.data),
            other => panic!("not from a controller: {other:?}"),
        };
        self.frames.extend(taken.expect("in order"));
    }

    fn take_event(&mut self, event: RawEvent) {
        match &event {
            RawEvent::Le { subevent: 0x0A, parameters } if parameters[0] == 0 => {
                self.handles.insert(u16::from_le_bytes([parameters[1], parameters[2]]));
            }
            RawEvent::Le { subevent: 0x02 | 0x0D, parameters } => self.reports.push(parameters.clone()),
            RawEvent::Other { code: 0x05, parameters } => {
                self.handles.remove(&u16::from_le_bytes([parameters[1], parameters[2]]));
                self.disconnections.push(parameters[3]);
            }
            RawEvent::Other { code: 0x13, parameters } => self.credits += u32::from(parameters[3]),
            _ => {}
        }
        self.others.push(event);
    }

    /// Scans with the extended commands, window equal to interval.
    pub(super) fn scan(&mut self, air: &mut Air, active: bool) {
        let parameters = [0, 0, 1, u8::from(active), 0x60, 0, 0x60, 0];
        assert_eq!(self.command(air, 0x2041, &parameters), [0]);
        assert_eq!(self.command(air, 0x2042, &[1, 0, 0, 0, 0, 0]), [0]);
    }

    /// Asks for a connection with an interval of 30 ms and a supervision timeout of 2 s.
    pub(super) fn ask_for(&mut self, air: &mut Air, peripheral: PeripheralId) -> u8 {
        let peer = air.address_of(peripheral).to_peer();
        let mut parameters = vec![0x60, 0, 0x60, 0, 0, peer.kind];
        parameters.extend_from_slice(&peer.octets);
        parameters.extend_from_slice(&[0, 24, 0, 24, 0, 0, 0, 200, 0, 0, 0, 0, 0]);
        self.command(air, 0x200D, &parameters)[0]
    }

    /// Connects, which takes until the peripheral is heard; gives the handle.
    pub(super) fn connect(&mut self, air: &mut Air, peripheral: PeripheralId) -> u16 {
        assert_eq!(self.ask_for(air, peripheral), 0);
        let before = self.handles.clone();
        for _ in 0..100 {
            air.advance_to(air.now_ns() + 200_000_000);
            self.poll(air);
            if let Some(handle) = self.handles.difference(&before).next() {
                return *handle;
            }
        }
        panic!("not connected within 20 s");
    }

    /// Sends a frame in packets of 27 octets, as far as the credits go.
    pub(super) fn send_frame(&mut self, air: &mut Air, handle: u16, channel: u16, payload: &[u8]) {
        let octets = Frame { channel, payload: payload.to_vec() }.to_bytes();
        for (index, part) in octets.chunks(27).enumerate() {
            let boundary = if index == 0 { PacketBoundary::FirstNonFlushable } else { PacketBoundary::Continuing };
            let mut packet = Vec::new();
            AclPacket { handle, boundary, data: part.to_vec() }.write_h4(&mut packet);
            air.host_sent(self.id, &packet).expect("framed");
            self.credits -= 1;
        }
    }

    /// Sends an attribute request; gives the response that comes within a second.
    pub(super) fn request(&mut self, air: &mut Air, handle: u16, request: &[u8]) -> Option<Vec<u8>> {
        self.frames.clear();
        self.send_frame(air, handle, 4, request);
        for _ in 0..20 {
            air.advance_to(air.now_ns() + 50_000_000);
            self.poll(air);
            let response = self
                .frames
                .iter()
                .find(|frame| frame.channel == 4 && frame.payload[0] & 1 == 1 && frame.payload[0] < 0x1B);
            if let Some(response) = response {
                return Some(response.payload.clone());
            }
        }
        None
    }
}

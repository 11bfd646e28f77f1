//! The attribute client of one link: finds the wanted services, subscribes to what they offer, takes their values.

use std::collections::{BTreeMap, VecDeque};

use wire::att::{Request, Uuid};
use wire::hci::{AclPacket, PacketBoundary};
use wire::l2cap::{ATT_CHANNEL, Reassembler};

use super::events::CentralEventKind;
use crate::address::Address;
use crate::gatt::Properties;

const PRIMARY_SERVICE: Uuid = Uuid::Short(0x2800);
const DECLARATION: Uuid = Uuid::Short(0x2803);
const CLIENT_CONFIGURATION: u16 = 0x2902;

/// Longest frame \[octets\].
const FRAME_LIMIT: usize = 600;

/// A request that is to be made.
#[derive(Debug, Clone)]
enum Task {
    Mtu(u16),
    Services { start: u16 },
    Characteristics { service: Uuid, start: u16, end: u16 },
    Descriptors { value_handle: u16, end: u16, bits: u16 },
    Configure { configuration: u16, value_handle: u16, bits: u16 },
}

/// One link's client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) address: Address,
    wanted: Vec<Uuid>,
    reassembler: Reassembler,
    tasks: VecDeque<Task>,
    current: Option<Task>,
    /// Service and characteristic by the handle of the value.
    known: BTreeMap<u16, (Uuid, Uuid)>,
    subscribed: Vec<Uuid>,
    announced: bool,
}

impl Client {
    pub(super) fn new(address: Address, wanted: Vec<Uuid>) -> Self {
        Self {
            address,
            wanted,
            reassembler: Reassembler::new(FRAME_LIMIT),
            tasks: VecDeque::new(),
            current: None,
            known: BTreeMap::new(),
            subscribed: Vec::new(),
            announced: false,
        }
    }

    /// The first request.
    pub(super) fn begin(&mut self, mtu: u16) -> Vec<Vec<u8>> {
        self.tasks.extend([Task::Mtu(mtu), Task::Services { start: 1 }]);
        self.next_request().into_iter().collect()
    }

    /// Puts fragments together; gives a whole attribute PDU. Other channels are of no interest to a gateway.
    pub(super) fn assemble(&mut self, packet: &AclPacket) -> Option<Vec<u8>> {
        let taken = match packet.boundary {
            PacketBoundary::Continuing => self.reassembler.proceed(&packet.data),
            _ => self.reassembler.start(&packet.data),
        };
        let frame = taken.ok().flatten()?;
        (frame.channel == ATT_CHANNEL).then_some(frame.payload)
    }

    fn next_request(&mut self) -> Option<Vec<u8>> {
        self.current = self.tasks.pop_front();
        let request = match self.current.as_ref()? {
            Task::Mtu(client_mtu) => Request::ExchangeMtu { client_mtu: *client_mtu },
            Task::Services { start } => {
                Request::ReadByGroupType { start: *start, end: 0xFFFF, group_type: PRIMARY_SERVICE }
            }
            Task::Characteristics { start, end, .. } => {
                Request::ReadByType { start: *start, end: *end, attribute_type: DECLARATION }
            }
            Task::Descriptors { value_handle, end, .. } => {
                Request::FindInformation { start: value_handle + 1, end: *end }
            }
            Task::Configure { configuration, bits, .. } => {
                Request::Write { handle: *configuration, value: bits.to_le_bytes().to_vec(), acknowledged: true }
            }
        };
        Some(request.to_bytes())
    }

    /// Takes a PDU of the server; gives what is sent for it. What happened is appended to `events`.
    pub(super) fn receive(&mut self, pdu: &[u8], events: &mut Vec<CentralEventKind>) -> Vec<Vec<u8>> {
        match pdu {
            [opcode @ (0x1B | 0x1D), low, high, value @ ..] => {
                let handle = u16::from_le_bytes([*low, *high]);
                if let Some(&(service, characteristic)) = self.known.get(&handle) {
                    let value = value.to_vec();
                    events.push(CentralEventKind::Value { service, characteristic, value, rssi_dbm: 127 });
                }
                if *opcode == 0x1D { vec![Request::Confirm.to_bytes()] } else { Vec::new() }
            }
            [opcode, parameters @ ..] => {
                let Some(task) = self.current.take() else { return Vec::new() };
                self.finish(task, *opcode, parameters);
                let next = self.next_request();
                if next.is_none() && !self.announced {
                    self.announced = true;
                    let characteristics = self.subscribed.clone();
                    events.push(CentralEventKind::Subscribed { characteristics });
                }
                next.into_iter().collect()
            }
            [] => Vec::new(),
        }
    }

    /// Takes the answer to a request. An error ends what the request was for; discovery ends by "not found".
    fn finish(&mut self, task: Task, opcode: u8, parameters: &[u8]) {
        match (task, opcode) {
            (Task::Services { .. }, 0x11) => self.take_services(parameters),
            (Task::Characteristics { service, end, .. }, 0x09) => self.take_characteristics(service, end, parameters),
            (Task::Descriptors { value_handle, bits, .. }, 0x05) => {
                // Format 1: 16-bit types.
                let [1, pairs @ ..] = parameters else { return };
                let is_configuration = |pair: &&[u8]| u16::from_le_bytes([pair[2], pair[3]]) == CLIENT_CONFIGURATION;
                if let Some(pair) = pairs.chunks_exact(4).find(is_configuration) {
                    let configuration = u16::from_le_bytes([pair[0], pair[1]]);
                    self.tasks.push_back(Task::Configure { configuration, value_handle, bits });
                }
            }
            (Task::Configure { value_handle, .. }, 0x13) => {
                self.subscribed.extend(self.known.get(&value_handle).map(|(_, characteristic)| *characteristic));
            }
            _ => {}
        }
    }

    fn take_services(&mut self, parameters: &[u8]) {
        let Some((&length, entries)) = parameters.split_first() else { return };
        let mut last = 0xFFFF;
        for entry in entries.chunks_exact(usize::from(length).max(5)) {
            let (start, end) = (u16::from_le_bytes([entry[0], entry[1]]), u16::from_le_bytes([entry[2], entry[3]]));
            last = end;
            if let Some(service) = Uuid::from_le_bytes(&entry[4..]).filter(|service| self.wanted.contains(service)) {
                self.tasks.push_back(Task::Characteristics { service, start, end });
            }
        }
        if last < 0xFFFF {
            self.tasks.push_front(Task::Services { start: last + 1 });
        }
    }

    fn take_characteristics(&mut self, service: Uuid, end: u16, parameters: &[u8]) {
        let Some((&length, entries)) = parameters.split_first() else { return };
        let entries: Vec<&[u8]> = entries.chunks_exact(usize::from(length).max(7)).collect();
        let declaration = |entry: &[u8]| u16::from_le_bytes([entry[0], entry[1]]);
        for (index, entry) in entries.iter().enumerate() {
            let properties = Properties(entry[2]);
            let value_handle = u16::from_le_bytes([entry[3], entry[4]]);
            let Some(characteristic) = Uuid::from_le_bytes(&entry[5..]) else { continue };
            self.known.insert(value_handle, (service, characteristic));
            let descriptors_end = entries.get(index + 1).map_or(end, |next| declaration(next).saturating_sub(1));
            if properties.subscribable() && value_handle < descriptors_end {
                let bits = if properties.has(Properties::NOTIFY) { 1 } else { 2 };
                self.tasks.push_back(Task::Descriptors { value_handle, end: descriptors_end, bits });
            }
        }
        if let Some(entry) = entries.last().filter(|entry| declaration(entry) < end) {
            self.tasks.push_front(Task::Characteristics { service, start: declaration(entry) + 1, end });
        }
    }
}

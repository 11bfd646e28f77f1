//! The attribute client of one link: finds the wanted services, subscribes to what they offer, takes their values.

use std::collections::{BTreeMap, VecDeque};

use crate::pdu::att::{Request, Uuid};
use crate::pdu::hci::{AclPacket, PacketBoundary};
use crate::pdu::l2cap::{Frame, Reassembler};

use super::records::{Answer, Records};
use crate::address::Address;
use crate::gatt::Properties;
use crate::pairing::Initiator;

const PRIMARY_SERVICE: Uuid = Uuid::Short(0x2800);
const DECLARATION: Uuid = Uuid::Short(0x2803);
const CLIENT_CONFIGURATION: u16 = 0x2902;
const SERVICE_CHANGED: Uuid = Uuid::Short(0x2A05);
const RECORD_ACCESS: Uuid = crate::services::glucose::RECORD_ACCESS_CONTROL_POINT;

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
    Write { handle: u16, value: Vec<u8> },
}

/// What a PDU of the server meant.
#[derive(Debug)]
pub(super) enum Heard {
    /// A notification or indication; no characteristic when its handle is unknown.
    Value { of: Option<(Uuid, Uuid)>, value: Vec<u8> },
    /// Everything that is wanted has been subscribed to.
    Subscribed(Vec<Uuid>),
    /// A transfer of records has ended.
    Transferred { service: Uuid, is_complete: bool },
}

/// One link's client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) address: Address,
    /// The address that the device is known by.
    pub(super) identity: Address,
    /// Last known \[dBm\].
    pub(super) rssi_dbm: i8,
    /// How often in a row it was too weak.
    pub(super) weak: u8,
    pub(super) polls: u64,
    pub(super) poll_at_ns: u64,
    /// The pairing that is under way.
    pub(super) pairing: Option<Initiator>,
    /// When it was first seen that a request waits for its answer \[ns\].
    pub(super) asked_ns: Option<u64>,
    /// Whether the first request has been made.
    pub(super) has_begun: bool,
    /// Histories of the device.
    pub(super) records: Vec<Records>,
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
    pub(super) fn new(address: Address, identity: Address, wanted: Vec<Uuid>) -> Self {
        Self {
            address,
            identity,
            rssi_dbm: 127,
            weak: 0,
            polls: 0,
            poll_at_ns: 0,
            pairing: None,
            asked_ns: None,
            has_begun: false,
            records: Vec::new(),
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
        self.has_begun = true;
        self.tasks.extend([Task::Mtu(mtu), Task::Services { start: 1 }]);
        self.next_request().into_iter().collect()
    }

    /// Puts fragments together; gives a whole frame.
    pub(super) fn assemble(&mut self, packet: &AclPacket) -> Option<Frame> {
        let taken = match packet.boundary {
            PacketBoundary::Continuing => self.reassembler.proceed(&packet.data),
            _ => self.reassembler.start(&packet.data),
        };
        taken.ok().flatten()
    }

    /// Asks for the records of a service that come after `mark`.
    pub(super) fn ask_for_records(&mut self, service: Uuid, mark: Option<u32>) -> Vec<Vec<u8>> {
        let records = self.records.iter_mut().find(|records| records.service == service);
        let Some((handle, value)) = records.and_then(|records| Some((records.handle, records.request(mark)?))) else {
            return Vec::new();
        };
        self.write(handle, value)
    }

    /// Writes a value as soon as the requests before it are answered.
    fn write(&mut self, handle: u16, value: Vec<u8>) -> Vec<Vec<u8>> {
        self.tasks.push_back(Task::Write { handle, value });
        if self.current.is_some() { Vec::new() } else { self.next_request().into_iter().collect() }
    }

    /// Whether a request waits for its answer.
    pub(super) fn is_waiting(&self) -> bool {
        self.current.is_some()
    }

    /// Finds everything anew: the server has said that its handles have changed.
    fn discover_again(&mut self) -> Vec<Vec<u8>> {
        self.known.clear();
        self.subscribed.clear();
        self.records.clear();
        self.announced = false;
        self.tasks.clear();
        self.tasks.push_back(Task::Services { start: 1 });
        if self.current.is_some() { Vec::new() } else { self.next_request().into_iter().collect() }
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
            Task::Write { handle, value } => {
                Request::Write { handle: *handle, value: value.clone(), acknowledged: true }
            }
        };
        Some(request.to_bytes())
    }

    /// Takes a PDU of the server; gives what is sent for it. What happened is appended to `heard`.
    pub(super) fn receive(&mut self, pdu: &[u8], heard: &mut Vec<Heard>) -> Vec<Vec<u8>> {
        match pdu {
            [opcode @ (0x1B | 0x1D), low, high, value @ ..] => {
                let handle = u16::from_le_bytes([*low, *high]);
                let mut pdus = if *opcode == 0x1D { vec![Request::Confirm.to_bytes()] } else { Vec::new() };
                let of = self.known.get(&handle).copied();
                heard.push(Heard::Value { of, value: value.to_vec() });
                match of {
                    Some((_, SERVICE_CHANGED)) => pdus.extend(self.discover_again()),
                    Some((_, RECORD_ACCESS)) => self.take_records_answer(handle, value, heard),
                    _ => {}
                }
                pdus
            }
            [opcode, parameters @ ..] => {
                let Some(task) = self.current.take() else { return Vec::new() };
                self.asked_ns = None;
                self.finish(task, *opcode, parameters);
                let next = self.next_request();
                if next.is_none() && !self.announced {
                    self.announced = true;
                    let characteristics = self.subscribed.clone();
                    heard.push(Heard::Subscribed(characteristics));
                }
                next.into_iter().collect()
            }
            [] => Vec::new(),
        }
    }

    fn take_records_answer(&mut self, handle: u16, value: &[u8], heard: &mut Vec<Heard>) {
        let Some(records) = self.records.iter_mut().find(|records| records.handle == handle) else { return };
        let service = records.service;
        let answer = records.take_answer(value);
        if answer != Answer::Other {
            heard.push(Heard::Transferred { service, is_complete: answer != Answer::Failed });
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
            (Task::Write { handle, .. }, 0x01) => {
                if let Some(records) = self.records.iter_mut().find(|records| records.handle == handle) {
                    records.refused();
                }
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
            if characteristic == RECORD_ACCESS && Records::are_kept_by(service) {
                self.records.push(Records::new(service, value_handle));
            }
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

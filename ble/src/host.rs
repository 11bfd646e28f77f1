//! The controller of an attached host: what the host has set, and what waits to be read by it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::pdu::hci::{
    AcceptListEntry, AclPacket, CreateConnection, Event, H4Decoder, Opcode, PeerAddress, ScanParameters, Status,
};
use sim_core::Key;

use crate::address::Address;
use crate::capture::{Capture, Direction};
use crate::ids::LinkId;
use crate::propagation::Position;

/// Octets that may wait for a host; reports are dropped from half of it on, data stays at the peripheral.
const OUTPUT_LIMIT: usize = 1 << 20;

/// The event mask after a reset (Core Specification 5.4, volume 4, part E, section 7.3.1).
const DEFAULT_EVENT_MASK: u64 = 0x1FFF_FFFF_FFFF;
/// The LE event mask after a reset (section 7.8.1).
const DEFAULT_LE_EVENT_MASK: u64 = 0x1F;
/// Bit of the event mask that lets LE events through.
const LE_META_BIT: u32 = 61;

/// A controller to be.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// Path of the attachment in the scenario: the key of its draws.
    pub path: String,
    /// Public address.
    pub address: Address,
    /// Where its antenna is.
    pub position: Position,
    /// Instant of simulated time zero \[us since 1970\] for the capture; no capture without.
    pub capture_start_unix_us: Option<u64>,
    /// Refuses to mix legacy and extended commands, as some controllers do.
    pub strict: bool,
}

/// What became of the output for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutputCounters {
    /// Advertising reports queued.
    pub reports: u64,
    /// Advertising reports dropped because the host does not read.
    pub reports_dropped: u64,
    /// Commands answered.
    pub commands: u64,
    /// Data packets that the host sent without a credit, or for no connection.
    pub stray_data: u64,
}

/// A wish to connect that waits for its advertiser.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Initiating {
    pub(crate) wish: CreateConnection,
    pub(crate) own: Address,
}

/// How a host scans.
#[derive(Debug)]
pub(crate) struct Scanning {
    pub(crate) parameters: ScanParameters,
    pub(crate) enabled: bool,
    pub(crate) extended: bool,
    pub(crate) filter_duplicates: bool,
    pub(crate) seen: BTreeSet<(PeerAddress, u16, Vec<u8>)>,
    pub(crate) epoch: u32,
}

/// What is known about the path to a peripheral.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathState {
    pub(crate) key: Key,
    pub(crate) geometry: u64,
    pub(crate) mean_dbm: f64,
    pub(crate) step: u64,
    pub(crate) rssi_dbm: f64,
}

/// Which generation of commands a host has used since the reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandFamily {
    Legacy,
    Extended,
}

/// A controller.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) options: HostOptions,
    pub(crate) key: Key,
    pub(crate) decoder: H4Decoder,
    pub(crate) failed: bool,
    output: VecDeque<Vec<u8>>,
    queued: usize,
    /// Names of the values that have arrived, by connection handle: only for a host that lives in the air.
    tags: Option<VecDeque<(u16, u64)>>,
    pub(crate) counters: OutputCounters,
    pub(crate) capture: Option<Capture>,
    pub(crate) event_mask: u64,
    pub(crate) le_event_mask: u64,
    pub(crate) random_address: Option<Address>,
    pub(crate) scanning: Scanning,
    pub(crate) initiating: Option<Initiating>,
    pub(crate) accept_list: BTreeSet<AcceptListEntry>,
    pub(crate) handles: BTreeMap<u16, LinkId>,
    pub(crate) next_handle: u16,
    pub(crate) default_octets: u16,
    pub(crate) le_host_support: bool,
    pub(crate) family: Option<CommandFamily>,
    /// Data packets the host can still take, when it has asked for flow control.
    pub(crate) data_credits: Option<u32>,
    pub(crate) data_buffers: u16,
    pub(crate) randoms: u64,
    pub(crate) paths: Vec<Option<PathState>>,
    /// Instant and value of the last estimate of the load on the advertising channels.
    pub(crate) load: Option<(u64, f64)>,
}

impl Host {
    pub(crate) fn new(options: HostOptions, seed: u64) -> Self {
        let mut host = Self {
            key: Key::new(seed, &options.path),
            capture: options.capture_start_unix_us.map(Capture::new),
            options,
            decoder: H4Decoder::default(),
            failed: false,
            output: VecDeque::new(),
            queued: 0,
            tags: None,
            counters: OutputCounters::default(),
            event_mask: 0,
            le_event_mask: 0,
            random_address: None,
            scanning: Scanning {
                parameters: ScanParameters { active: false, interval: 16, window: 16, own_address_kind: 0, filter: 0 },
                enabled: false,
                extended: false,
                filter_duplicates: false,
                seen: BTreeSet::new(),
                epoch: 0,
            },
            initiating: None,
            accept_list: BTreeSet::new(),
            handles: BTreeMap::new(),
            next_handle: 0,
            default_octets: 0,
            le_host_support: false,
            family: None,
            data_credits: None,
            data_buffers: 0,
            randoms: 0,
            paths: Vec::new(),
            load: None,
        };
        host.reset();
        host
    }

    /// Everything a host can set goes back to its first value; links are the caller's business.
    pub(crate) fn reset(&mut self) {
        self.event_mask = DEFAULT_EVENT_MASK;
        self.le_event_mask = DEFAULT_LE_EVENT_MASK;
        self.random_address = None;
        self.scanning.parameters =
            ScanParameters { active: false, interval: 16, window: 16, own_address_kind: 0, filter: 0 };
        self.scanning.enabled = false;
        self.scanning.extended = false;
        self.scanning.seen.clear();
        self.scanning.epoch += 1;
        self.initiating = None;
        self.accept_list.clear();
        self.handles.clear();
        self.next_handle = 0;
        self.default_octets = crate::link::LONG_PAYLOAD;
        self.le_host_support = false;
        self.family = None;
        self.data_credits = None;
        self.data_buffers = 0;
    }

    /// A free connection handle; handles go round before they are used again.
    pub(crate) fn allocate_handle(&mut self) -> u16 {
        loop {
            self.next_handle = self.next_handle % 0x0EFF + 1;
            if !self.handles.contains_key(&self.next_handle) {
                return self.next_handle;
            }
        }
    }

    /// The address the host goes by, or nothing when it has not set the random one.
    pub(crate) fn own_address(&self, kind: u8) -> Option<Address> {
        if kind & 1 == 0 { Some(self.options.address) } else { self.random_address }
    }

    /// Whether data for the host has to wait at the peripherals.
    pub(crate) fn is_congested(&self) -> bool {
        self.queued >= OUTPUT_LIMIT || self.data_credits == Some(0)
    }

    pub(crate) fn complete(&mut self, opcode: Opcode, returned: &[u8], now_ns: u64) {
        self.counters.commands += 1;
        let event = Event::CommandComplete { opcode, returned: returned.to_vec() };
        self.send(&event, now_ns);
    }

    pub(crate) fn complete_with_status(&mut self, opcode: Opcode, status: Status, now_ns: u64) {
        self.complete(opcode, &[status.0], now_ns);
    }

    pub(crate) fn status(&mut self, opcode: Opcode, status: Status, now_ns: u64) {
        self.counters.commands += 1;
        self.send(&Event::CommandStatus { status, opcode }, now_ns);
    }

    /// Whether the masks let an LE event through.
    pub(crate) fn wants_le(&self, subevent: u8) -> bool {
        self.event_mask >> LE_META_BIT & 1 != 0 && self.le_event_mask >> (subevent - 1) & 1 != 0
    }

    /// Queues an event, if the masks let it through.
    pub(crate) fn send(&mut self, event: &Event, now_ns: u64) {
        let passes = match (event.subevent(), event.code()) {
            (Some(subevent), _) => self.wants_le(subevent),
            // Command Complete, Command Status and Number Of Completed Packets cannot be masked.
            (None, 0x0E | 0x0F | 0x13) => true,
            // Bit n stands for event code n + 1.
            (None, code) => self.event_mask >> (code - 1) & 1 != 0,
        };
        if !passes {
            return;
        }
        let is_report = matches!(event, Event::LeAdvertisingReport(_) | Event::LeExtendedAdvertisingReport(_));
        if is_report {
            if self.queued >= OUTPUT_LIMIT / 2 {
                self.counters.reports_dropped += 1;
                return;
            }
            self.counters.reports += 1;
        }
        let mut octets = Vec::with_capacity(64);
        event.write_h4(&mut octets);
        self.queue(octets, now_ns);
    }

    pub(crate) fn send_data(&mut self, packet: &AclPacket, now_ns: u64) {
        if let Some(credits) = &mut self.data_credits {
            *credits = credits.saturating_sub(1);
        }
        let mut octets = Vec::with_capacity(5 + packet.data.len());
        packet.write_h4(&mut octets);
        self.queue(octets, now_ns);
    }

    fn queue(&mut self, octets: Vec<u8>, now_ns: u64) {
        if let Some(capture) = &mut self.capture {
            capture.record(Direction::Received, &octets, now_ns);
        }
        self.queued += octets.len();
        self.output.push_back(octets);
    }

    /// From now on the names of values are kept for [`Self::take_tag`].
    pub(crate) fn keep_tags(&mut self) {
        self.tags = Some(VecDeque::new());
    }

    /// The last fragment of a value with this name has been given to the host. Gives whether the host keeps names.
    pub(crate) fn note_tag(&mut self, handle: u16, tag: u64) -> bool {
        if let Some(tags) = &mut self.tags {
            tags.push_back((handle, tag));
        }
        self.tags.is_some()
    }

    /// The name of the oldest value of a connection that has not been asked for.
    pub(crate) fn take_tag(&mut self, handle: u16) -> u64 {
        let Some(tags) = &mut self.tags else { return 0 };
        let position = tags.iter().position(|(of, _)| *of == handle);
        position.and_then(|position| tags.remove(position)).map_or(0, |(_, tag)| tag)
    }

    /// Whether anything waits for the host.
    pub(crate) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Octets that wait for the host.
    pub(crate) fn waiting_output(&self) -> usize {
        self.queued
    }

    /// Takes whole packets, as many as fit in `limit` octets but at least one.
    pub(crate) fn take_output(&mut self, limit: usize) -> Vec<u8> {
        let mut taken = Vec::new();
        while let Some(octets) = self.output.front() {
            if !taken.is_empty() && taken.len() + octets.len() > limit {
                break;
            }
            taken.extend_from_slice(octets);
            self.queued -= octets.len();
            self.output.pop_front();
        }
        taken
    }
}

//! A peripheral: what it says about itself, its attribute table, its bonds.

use crate::pdu::att::Uuid;
use crate::pdu::hci::ConnectionParameters;
use sim_core::{Key, Purpose};

use crate::address::Address;
use crate::advertising::{Advertising, AdvertisingKind};
use crate::cipher::Block;
use crate::fault::{FaultCounters, FaultState};
use crate::gatt::{Characteristic, ControlPoint, Database, Properties, Server, Service, ServiceError};
use crate::ids::LinkId;
use crate::pairing::{Bond, SecurityPolicy};
use crate::propagation::{Position, advertising_airtime_us};

const ADDRESS: Purpose = Purpose::new("ble.address");
const IDENTITY_KEY: Purpose = Purpose::new("ble.identity");
const PRIVATE_ADDRESS: Purpose = Purpose::new("ble.private_address");

/// Shortest advertising interval (Core Specification 5.4, volume 6, part B, section 4.4.2.2.1) \[us\].
const FLOOD_INTERVAL_US: u32 = 20_000;

/// What happens to a notification when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationOverflow {
    /// It is dropped.
    DropNewest,
    /// The oldest one that is not being sent is dropped.
    DropOldest,
}

/// What a peripheral does with its links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkPolicy {
    /// Most links at a time.
    pub max_links: usize,
    /// Octets of the longest attribute PDU (23 to 517).
    pub max_mtu: u16,
    /// Whether link-layer packets may be longer than 27 octets.
    pub data_length_extension: bool,
    /// Whether it can change to 2 Mbit/s.
    pub two_megabit: bool,
    /// Most packets of a connection event.
    pub packets_per_event: u8,
    /// Notifications that may wait.
    pub notification_queue: usize,
    /// What happens to one more.
    pub overflow: NotificationOverflow,
    /// Connection parameters it asks for, one to five seconds after the connection.
    pub preferred: Option<ConnectionParameters>,
}

impl Default for LinkPolicy {
    fn default() -> Self {
        Self {
            max_links: 1,
            max_mtu: 247,
            data_length_extension: true,
            two_megabit: true,
            packets_per_event: 6,
            notification_queue: 20,
            overflow: NotificationOverflow::DropOldest,
            preferred: None,
        }
    }
}

/// A peripheral to be.
#[derive(Debug)]
pub struct PeripheralOptions {
    /// Path of the device in the scenario: the key of all its draws.
    pub path: String,
    /// Name and appearance of the Generic Access service.
    pub name: String,
    /// Appearance (assigned numbers).
    pub appearance: u16,
    /// Identity address; drawn from the path when none is given.
    pub address: Option<Address>,
    /// Where it is.
    pub position: Position,
    /// Transmit power \[dBm\].
    pub transmit_power_dbm: f64,
    /// How it advertises.
    pub advertising: Advertising,
    /// Its services; Generic Access and Generic Attribute come by themselves.
    pub services: Vec<Service>,
    /// Behaviour of services with control points.
    pub control_points: Vec<(Uuid, Box<dyn ControlPoint>)>,
    /// What it demands of those who pair.
    pub security: SecurityPolicy,
    /// What it does with its links.
    pub links: LinkPolicy,
}

impl PeripheralOptions {
    /// A connectable peripheral with defaults for all the rest: advertises every second, stands at the origin, 0 dBm.
    pub fn new(path: impl Into<String>, name: impl Into<String>, services: Vec<Service>) -> Self {
        Self {
            path: path.into(),
            name: name.into(),
            appearance: 0,
            address: None,
            position: Position::default(),
            transmit_power_dbm: 0.0,
            advertising: Advertising::every_second(AdvertisingKind::Connectable),
            services,
            control_points: Vec::new(),
            security: SecurityPolicy::default(),
            links: LinkPolicy::default(),
        }
    }
}

/// A peripheral in the air.
#[derive(Debug)]
pub(crate) struct Peripheral {
    pub(crate) path: String,
    pub(crate) key: Key,
    pub(crate) address: Address,
    pub(crate) identity: Address,
    pub(crate) identity_key: Block,
    pub(crate) rotations: u64,
    pub(crate) position: Position,
    pub(crate) transmit_power_dbm: f64,
    pub(crate) advertising: Advertising,
    pub(crate) advertising_index: u64,
    pub(crate) advertising_epoch: u32,
    pub(crate) services: Vec<Service>,
    pub(crate) server: Server,
    pub(crate) security: SecurityPolicy,
    pub(crate) policy: LinkPolicy,
    pub(crate) bonds: Vec<Bond>,
    pub(crate) links: Vec<LinkId>,
    pub(crate) connections: u64,
    pub(crate) faults: FaultState,
    pub(crate) fault_counters: FaultCounters,
    pub(crate) held_back: Option<(Uuid, Uuid, Vec<u8>, u64)>,
}

impl Peripheral {
    pub(crate) fn new(options: PeripheralOptions, seed: u64) -> Result<Self, ServiceError> {
        let key = Key::new(seed, &options.path);
        let identity = options.address.unwrap_or_else(|| Address::random_static(key.bits(ADDRESS, 0)));
        let mut identity_key = [0; 16];
        for (octets, word) in identity_key.chunks_exact_mut(4).zip(key.block(IDENTITY_KEY, 0)) {
            octets.copy_from_slice(&word.to_le_bytes());
        }
        let mut services = vec![generic_access(&options), generic_attribute()];
        services.extend(options.services);
        let database = Database::new(&services, 1)?;
        let server = Server {
            database,
            control_points: options.control_points.into_iter().collect(),
            records: std::collections::BTreeMap::new(),
            max_mtu: options.links.max_mtu.clamp(23, 517),
        };
        Ok(Self {
            path: options.path,
            key,
            address: identity,
            identity,
            identity_key,
            rotations: 0,
            position: options.position,
            transmit_power_dbm: options.transmit_power_dbm,
            advertising: options.advertising,
            advertising_index: 0,
            advertising_epoch: 0,
            services,
            server,
            security: options.security,
            policy: options.links,
            bonds: Vec::new(),
            links: Vec::new(),
            connections: 0,
            faults: FaultState::default(),
            fault_counters: FaultCounters::default(),
            held_back: None,
        })
    }

    /// Whether it sends advertising packets at present.
    pub(crate) fn is_advertising(&self) -> bool {
        self.wants_to_advertise() && !self.faults.silent && !self.faults.power_off
    }

    /// Whether it would send advertising packets if nothing were wrong with it.
    pub(crate) fn wants_to_advertise(&self) -> bool {
        self.advertising.kind != AdvertisingKind::Connectable || self.links.len() < self.policy.max_links
    }

    /// Its advertising interval at present \[us\].
    pub(crate) fn advertising_interval_us(&self) -> u32 {
        if self.faults.flood { FLOOD_INTERVAL_US } else { self.advertising.interval_us.max(1) }
    }

    /// Share of the time that its advertising packets take on one channel.
    pub(crate) fn offered_load(&self) -> f64 {
        f64::from(advertising_airtime_us(self.advertising.data.len())) / f64::from(self.advertising_interval_us())
    }

    /// Takes a new resolvable private address.
    pub(crate) fn rotate_address(&mut self) {
        self.rotations += 1;
        let prand = self.key.bits(PRIVATE_ADDRESS, self.rotations) as u32;
        self.address = Address::resolvable(self.identity_key, prand);
    }

    /// Lays the attribute table out anew, `by` handles further up; values stay.
    pub(crate) fn shift_handles(&mut self, by: u16) -> Result<(), ServiceError> {
        let (first, last) = self.server.database.bounds();
        let mut database = Database::new(&self.services, first.saturating_add(by))?;
        let values = (first..=last).filter_map(|handle| {
            self.server.database.by_value_handle(handle)?;
            Some((handle + by, self.server.database.value(handle)?.to_vec()))
        });
        let hash = Uuid::Short(0x2B2A);
        for (handle, value) in values {
            if database.by_value_handle(handle).is_some_and(|entry| entry.uuid != hash) {
                database.set_value(handle, &value);
            }
        }
        self.server.database = database;
        Ok(())
    }
}

/// The Generic Access service, which every device has.
fn generic_access(options: &PeripheralOptions) -> Service {
    let mut characteristics = vec![
        Characteristic::new(Uuid::Short(0x2A00), Properties::READ).with_value(options.name.as_bytes()),
        Characteristic::new(Uuid::Short(0x2A01), Properties::READ).with_value(options.appearance.to_le_bytes()),
    ];
    if let Some(preferred) = options.links.preferred {
        let words = [preferred.interval_min, preferred.interval_max, preferred.latency, preferred.timeout];
        let value: Vec<u8> = words.into_iter().flat_map(u16::to_le_bytes).collect();
        characteristics.push(Characteristic::new(Uuid::Short(0x2A04), Properties::READ).with_value(value));
    }
    Service { uuid: Uuid::Short(0x1800), characteristics }
}

/// The Generic Attribute service with Service Changed, the client's features and the database hash.
fn generic_attribute() -> Service {
    Service {
        uuid: Uuid::Short(0x1801),
        characteristics: vec![
            Characteristic::new(Uuid::Short(0x2A05), Properties::INDICATE),
            Characteristic::new(Uuid::Short(0x2B29), Properties::READ | Properties::WRITE).with_value([0]),
            Characteristic::new(Uuid::Short(0x2B2A), Properties::READ).with_value([0; 16]),
        ],
    }
}

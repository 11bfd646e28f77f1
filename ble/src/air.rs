//! The shared medium of a site, and the clock that everything in it goes by.

mod advertise;
mod attachment;
mod commands;
mod connection;
mod faults;
mod link_procedures;
mod pairing;
mod reception;
mod upper_layers;
mod values;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::central::{Central, CentralEvent, CentralMemory, CentralOptions};
use crate::gatt::{ServiceError, Write};
use crate::host::{Host, HostOptions};
use crate::link::Link;
use crate::peripheral::{Peripheral, PeripheralOptions};
use crate::propagation::{Environment, Position};
use crate::timing_wheel::TimingWheel;

pub use values::{Delivery, ValueLoss};

use crate::address::Address;

/// A peripheral of an [`Air`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeripheralId(pub(crate) u32);

impl PeripheralId {
    /// Its position among the peripherals of the air, in the order in which they were added.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An attached host of an [`Air`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId(pub(crate) u32);

/// A link of an [`Air`]; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId(pub(crate) u32);

/// What an air is like.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AirOptions {
    /// Seed of the run.
    pub seed: u64,
    /// The channel.
    pub environment: Environment,
}

/// Why a peripheral cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PeripheralError {
    /// The attribute table cannot be built.
    #[error("peripheral {path}: {source}")]
    Services {
        /// Path of the peripheral.
        path: String,
        /// Why.
        source: ServiceError,
    },
    /// Advertising data or scan response is longer than 31 octets.
    #[error("peripheral {path}: {length} octets of advertising data, 31 fit")]
    AdvertisingTooLong {
        /// Path of the peripheral.
        path: String,
        /// Octets.
        length: usize,
    },
    /// The advertising interval is out of its range.
    #[error("peripheral {path}: advertising every {interval_us} us, 20 ms to 10.24 s are allowed")]
    AdvertisingInterval {
        /// Path of the peripheral.
        path: String,
        /// The interval \[us\].
        interval_us: u32,
    },
}

/// Something that happened to a peripheral, for the device behind it and for reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AirEvent {
    /// A central has connected.
    Connected {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// Address the central goes by.
        central: Address,
    },
    /// A link has ended.
    Disconnected {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// Reason as the peripheral sees it.
        reason: u8,
    },
    /// A client has written a value or a client configuration.
    Written {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// What was written.
        write: Write,
    },
    /// A client has confirmed an indication.
    Confirmed {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// The name of what was indicated; 0 for none.
        tag: u64,
    },
    /// The digits that have to be typed at the central.
    PasskeyShown {
        /// The peripheral.
        peripheral: PeripheralId,
        /// Six digits.
        passkey: u32,
    },
    /// A pairing has succeeded.
    Paired {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// Whether the key is kept.
        bonded: bool,
        /// Whether the key is authenticated.
        authenticated: bool,
    },
    /// A pairing has failed, on either side.
    PairingFailed {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// Reason (Core Specification 5.4, volume 3, part H, section 3.5.5).
        reason: u8,
    },
    /// The link is encrypted.
    Encrypted {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
    },
    /// A value with a name has been given to an attached host, from where on nothing is known of it.
    ValueTaken {
        /// The peripheral.
        peripheral: PeripheralId,
        /// The name.
        tag: u64,
    },
    /// A value with a name is lost: one queued copy of it, or all when nobody wanted it.
    ValueLost {
        /// The peripheral.
        peripheral: PeripheralId,
        /// The name.
        tag: u64,
        /// Why.
        loss: ValueLoss,
    },
    /// The connection parameters have changed.
    ParametersChanged {
        /// The link.
        link: LinkId,
        /// The peripheral.
        peripheral: PeripheralId,
        /// Interval \[us\].
        interval_us: u32,
    },
}

/// What the clock wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    Advertise { peripheral: PeripheralId, epoch: u32 },
    Connection { link: LinkId },
    Audit { link: LinkId },
    Procedure { link: LinkId, number: u32 },
    PreferParameters { link: LinkId },
    IndicationTimeout { link: LinkId, serial: u32 },
    PairingTimeout { link: LinkId, serial: u32 },
    ScanEnd { host: HostId, epoch: u32 },
    Central { host: HostId },
}

/// The medium.
#[derive(Debug)]
pub struct Air {
    seed: u64,
    environment: Environment,
    now_ns: u64,
    timers: TimingWheel<Timer>,
    peripherals: Vec<Peripheral>,
    hosts: Vec<Option<Host>>,
    links: BTreeMap<LinkId, Link>,
    next_link: u32,
    /// Counts changes of place and power, which make known path losses void.
    geometry: u64,
    events: Vec<(u64, AirEvent)>,
    /// Foreign advertisers within hearing.
    crowd: u32,
    centrals: BTreeMap<HostId, Central>,
    /// Hosts that are gateways of the simulation, and the device that each of them is about to connect to.
    gateways: BTreeMap<HostId, Option<Address>>,
    central_events: Vec<(HostId, CentralEvent)>,
}

impl Air {
    /// An empty site at simulated time zero.
    pub fn new(options: AirOptions) -> Self {
        Self {
            seed: options.seed,
            environment: options.environment,
            now_ns: 0,
            timers: TimingWheel::default(),
            peripherals: Vec::new(),
            hosts: Vec::new(),
            links: BTreeMap::new(),
            next_link: 0,
            geometry: 0,
            events: Vec::new(),
            crowd: 0,
            centrals: BTreeMap::new(),
            gateways: BTreeMap::new(),
            central_events: Vec::new(),
        }
    }

    /// Simulated time \[ns\].
    pub const fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// The instant of the next thing that happens by itself \[ns\].
    pub fn next_event_at(&mut self) -> Option<u64> {
        self.timers.next_at()
    }

    /// Works off everything up to and including this instant \[ns\]; an instant that has passed changes nothing.
    pub fn advance_to(&mut self, until_ns: u64) {
        while let Some((at_ns, timer)) = self.timers.pop_until(until_ns) {
            self.now_ns = self.now_ns.max(at_ns);
            self.fire(timer);
        }
        self.now_ns = self.now_ns.max(until_ns);
    }

    fn fire(&mut self, timer: Timer) {
        match timer {
            Timer::Advertise { peripheral, epoch } => self.advertise(peripheral, epoch),
            Timer::Connection { link } => self.connection_event(link),
            Timer::Audit { link } => self.audit(link),
            Timer::Procedure { link, number } => self.run_procedure(link, number),
            Timer::PreferParameters { link } => self.ask_for_parameters(link),
            Timer::IndicationTimeout { link, serial } => self.end_unconfirmed(link, serial),
            Timer::PairingTimeout { link, serial } => self.end_silent_pairing(link, serial),
            Timer::ScanEnd { host, epoch } => self.end_scan(host, epoch),
            Timer::Central { host } => self.with_central(host, Central::tick),
        }
        self.step_centrals();
    }

    /// Adds a peripheral, which begins to advertise at once.
    ///
    /// # Errors
    /// When its attribute table or its advertising data cannot be built.
    pub fn add_peripheral(&mut self, options: PeripheralOptions) -> Result<PeripheralId, PeripheralError> {
        let path = options.path.clone();
        let length = options.advertising.data.len().max(options.advertising.scan_response.len());
        if length > crate::advertising::DATA_LIMIT {
            return Err(PeripheralError::AdvertisingTooLong { path, length });
        }
        let interval_us = options.advertising.interval_us;
        if !(20_000..=10_240_000).contains(&interval_us) {
            return Err(PeripheralError::AdvertisingInterval { path, interval_us });
        }
        let peripheral =
            Peripheral::new(options, self.seed).map_err(|source| PeripheralError::Services { path, source })?;
        let id = PeripheralId(self.peripherals.len() as u32);
        self.peripherals.push(peripheral);
        self.begin_advertising(id);
        Ok(id)
    }

    /// Adds the Bluetooth side of a gateway, which begins to scan at once.
    pub fn add_central(&mut self, host: HostOptions, options: CentralOptions) -> HostId {
        let id = self.attach_host(host);
        self.gateways.insert(id, None);
        if let Some(host) = self.host_mut(id) {
            host.keep_tags();
        }
        let central = Central::start(self, id, options);
        self.centrals.insert(id, central);
        self.step_centrals();
        id
    }

    /// Switches a gateway off without a word: its peripherals notice after the supervision timeout. Gives what it
    /// remembers.
    pub fn remove_central(&mut self, host: HostId) -> Option<CentralMemory> {
        self.detach_host(host);
        self.gateways.remove(&host);
        self.centrals.remove(&host).map(Central::into_memory)
    }

    /// Whether a gateway has a link to the device that goes by this address, or is about to.
    pub(crate) fn is_held_by_gateway(&self, address: Address) -> bool {
        if self.gateways.values().any(|claim| *claim == Some(address)) {
            return true;
        }
        let Some(device) = self.peripherals.iter().find(|peripheral| peripheral.address == address) else {
            return false;
        };
        let mut hosts = device.links.iter().filter_map(|link| self.links.get(link)?.host);
        hosts.any(|host| self.gateways.contains_key(&host))
    }

    /// Tells the gateways of the site which device this one is about to connect to.
    pub(crate) fn claim(&mut self, host: HostId, device: Option<Address>) {
        if let Some(claim) = self.gateways.get_mut(&host) {
            *claim = device;
        }
    }

    /// What has happened at a gateway since the last call.
    pub fn take_central_events(&mut self, host: HostId) -> Vec<CentralEvent> {
        let of_host = |entry: &mut (HostId, CentralEvent)| entry.0 == host;
        self.central_events.extract_if(.., of_host).map(|(_, event)| event).collect()
    }

    /// What has happened at all gateways since the last call, in the order of time.
    pub fn take_all_central_events(&mut self) -> Vec<(HostId, CentralEvent)> {
        std::mem::take(&mut self.central_events)
    }

    pub(crate) fn note_central(&mut self, host: HostId, event: CentralEvent) {
        self.central_events.push((host, event));
    }

    /// The name of the oldest value that has come over a connection of a gateway and was not asked for yet.
    pub(crate) fn take_tag(&mut self, host: HostId, handle: u16) -> u64 {
        self.host_mut(host).map_or(0, |host| host.take_tag(handle))
    }

    /// The key of a host's draws, and its public address.
    pub(crate) fn key_and_address(&self, host: HostId) -> Option<(sim_core::Key, Address)> {
        let host = self.hosts.get(host.0 as usize)?.as_ref()?;
        Some((host.key, host.options.address))
    }

    /// Lets every gateway answer what its controller has said, at the same instant.
    fn step_centrals(&mut self) {
        for host in (0..self.hosts.len() as u32).map(HostId) {
            if self.hosts[host.0 as usize].as_ref().is_some_and(Host::has_output) {
                self.with_central(host, Central::step);
            }
        }
    }

    /// Takes a gateway out for as long as it works on the air.
    fn with_central(&mut self, host: HostId, work: impl FnOnce(&mut Central, &mut Self)) {
        let Some(mut central) = self.centrals.remove(&host) else { return };
        work(&mut central, self);
        self.centrals.insert(host, central);
    }

    /// Wakes a gateway at an instant \[ns\].
    pub(crate) fn call_central(&mut self, host: HostId, at_ns: u64) {
        self.timers.insert(at_ns, Timer::Central { host });
    }

    /// What has happened since the last call, with instants \[ns\].
    pub fn take_events(&mut self) -> Vec<(u64, AirEvent)> {
        std::mem::take(&mut self.events)
    }

    /// The address a peripheral goes by at present.
    pub fn address_of(&self, peripheral: PeripheralId) -> Address {
        self.peripherals[peripheral.0 as usize].address
    }

    /// The address and the key by which a peripheral can be known whatever address it goes by.
    pub fn identity_of(&self, peripheral: PeripheralId) -> (Address, [u8; 16]) {
        let peripheral = self.peripheral(peripheral);
        (peripheral.identity, peripheral.identity_key)
    }

    /// The path a peripheral was added with.
    pub fn path_of(&self, peripheral: PeripheralId) -> &str {
        &self.peripherals[peripheral.0 as usize].path
    }

    /// The links of a peripheral.
    pub fn links_of(&self, peripheral: PeripheralId) -> &[LinkId] {
        &self.peripherals[peripheral.0 as usize].links
    }

    /// A look at a link, while it exists.
    pub fn link_state(&self, link: LinkId) -> Option<crate::link::LinkState> {
        self.links.get(&link).map(Link::state)
    }

    /// Moves a peripheral.
    pub fn move_peripheral(&mut self, peripheral: PeripheralId, position: Position) {
        self.peripherals[peripheral.0 as usize].position = position;
        self.geometry += 1;
    }

    /// Moves the antenna of a host.
    pub fn move_host(&mut self, host: HostId, position: Position) {
        if let Some(host) = self.host_mut(host) {
            host.options.position = position;
            self.geometry += 1;
        }
    }

    fn note(&mut self, event: AirEvent) {
        self.events.push((self.now_ns, event));
    }

    fn peripheral(&self, id: PeripheralId) -> &Peripheral {
        &self.peripherals[id.0 as usize]
    }

    fn peripheral_mut(&mut self, id: PeripheralId) -> &mut Peripheral {
        &mut self.peripherals[id.0 as usize]
    }

    fn host_mut(&mut self, id: HostId) -> Option<&mut Host> {
        self.hosts.get_mut(id.0 as usize)?.as_mut()
    }
}

#[cfg(test)]
mod tests;

//! The shared medium of a site, and the clock that everything in it goes by.

mod advertise;
mod attachment;
mod commands;
mod connection;
mod faults;
mod link_procedures;
mod pairing;
mod reception;
mod residents;
mod upper_layers;
mod values;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::address::Address;
use crate::air_event::AirEvent;
use crate::gatt::ServiceError;
use crate::host::Host;
use crate::ids::{HostId, LinkId, PeripheralId};
use crate::link::{Link, LinkState};
use crate::peripheral::{Peripheral, PeripheralOptions};
use crate::propagation::{Environment, Position};
use crate::timing_wheel::TimingWheel;

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
    Alarm { host: HostId },
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
    /// Hosts that live in the simulation, in the order in which they came.
    residents: Vec<HostId>,
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
            residents: Vec::new(),
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

    /// Works off everything up to and including this instant \[ns\]; an instant that has passed changes nothing. Gateways
    /// hear nothing meanwhile: [`Centrals::advance_to`](crate::Centrals::advance_to) lets them answer.
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
            // Nobody is there to hear it.
            Timer::Alarm { .. } => {}
        }
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
    pub fn link_state(&self, link: LinkId) -> Option<LinkState> {
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

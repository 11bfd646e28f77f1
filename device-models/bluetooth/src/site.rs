//! A site: one air with its devices and gateways, and the order in which things happen there.

use std::collections::BTreeMap;
use std::sync::Arc;

use ble::advertising::{Advertising, AdvertisingData, AdvertisingKind};
use ble::pairing::{SecureConnections, SecurityPolicy};
use ble::propagation::{Environment, Position};
use ble::services::battery;
use ble::services::device_information::DeviceInformation;
use ble::{Address, Air, AirOptions, Centrals, HostId, HostOptions, LinkId, LinkPolicy, PeripheralOptions};
use sim_core::{
    DevicePlan, Evidence, GatewayPlan, Occurrence, OccurrenceId, Outbound, Place, RadioPlan, Roster, RouteId, SimId,
    SimTime, SitePlan,
};

use super::act::{Act, Edge};
use super::gateway::{self, Gateway};
use super::gateway_payload::Format;
use super::profiles::{self, Profile};
use super::radio_error::RadioError;
use super::report::{GivenUp, LinkEvent, Reason, Taken};
use super::wearable::Wearable;

/// Charge that a device shows until it says another [%].
const FIRST_CHARGE_PERCENT: u8 = 100;

/// Octets of a name that fit in a scan response.
const NAME_LIMIT: usize = 29;

/// A site of the roster.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) roster: Arc<Roster>,
    pub(super) occurrences: Arc<Vec<Occurrence>>,
    pub(super) air: Air,
    /// The Bluetooth sides of its gateways.
    pub(super) centrals: Centrals,
    /// In the order of the air's peripherals.
    pub(super) wearables: Vec<Wearable>,
    pub(super) by_device: BTreeMap<SimId, usize>,
    pub(super) by_address: BTreeMap<Address, usize>,
    pub(super) gateways: Vec<Gateway>,
    pub(super) by_host: BTreeMap<HostId, usize>,
    /// Gateways of the links that there are; none for a link of an attached host.
    pub(super) gateway_of: BTreeMap<LinkId, Option<SimId>>,
    /// What devices have said and was not put into the air yet.
    pub(super) inbox: BTreeMap<(SimTime, RouteId, u64), Outbound>,
    /// What steps do, in the order of time; heals go before beginnings.
    pub(super) edges: BTreeMap<(SimTime, u8, u32), Edge>,
    pub(super) edge_count: u32,
    pub(super) acts: Vec<Act>,
    pub(super) forwarded: Vec<Outbound>,
    pub(super) given_up: Vec<GivenUp>,
    pub(super) taken: Vec<Taken>,
    pub(super) link_events: Vec<LinkEvent>,
    pub(super) evidence: Evidence,
}

impl Site {
    /// The site with its devices and gateways, as it is at the scenario's start.
    pub(super) fn new(
        roster: &Arc<Roster>,
        occurrences: &Arc<Vec<Occurrence>>,
        plan: &SitePlan,
        number: usize,
        gateways: &[usize],
        steps: &[(OccurrenceId, SimId)],
    ) -> Result<Self, RadioError> {
        let environment = Environment {
            exponent: plan.path_loss_exponent,
            shadow_sigma_db: plan.shadowing_db,
            ..Environment::default()
        };
        let mut site = Self {
            roster: Arc::clone(roster),
            occurrences: Arc::clone(occurrences),
            air: Air::new(AirOptions { seed: roster.seed, environment }),
            centrals: Centrals::default(),
            wearables: Vec::new(),
            by_device: BTreeMap::new(),
            by_address: BTreeMap::new(),
            gateways: Vec::new(),
            by_host: BTreeMap::new(),
            gateway_of: BTreeMap::new(),
            inbox: BTreeMap::new(),
            edges: BTreeMap::new(),
            edge_count: 0,
            acts: Vec::new(),
            forwarded: Vec::new(),
            given_up: Vec::new(),
            taken: Vec::new(),
            link_events: Vec::new(),
            evidence: Evidence::default(),
        };
        for patient in &roster.patients[plan.patients.clone()] {
            for index in patient.devices.clone() {
                let device = &roster.devices[index];
                if let Some(radio) = device.radio.as_ref().filter(|radio| radio.site == number) {
                    site.add_wearable(SimId(index as u32), device, radio)?;
                }
            }
        }
        for gateway in gateways {
            site.add_gateway(*gateway, &roster.gateways[*gateway], gateways.len() > 1)?;
        }
        site.plan_edges(steps);
        Ok(site)
    }

    fn add_wearable(&mut self, id: SimId, device: &DevicePlan, radio: &RadioPlan) -> Result<(), RadioError> {
        let profile = profiles::of(&device.kind)
            .ok_or_else(|| RadioError::NoProfile { path: device.path.clone(), kind: device.kind.clone() })?;
        let peripheral = self.air.add_peripheral(peripheral_options(profile, device, radio))?;
        if profile.history > 0 {
            self.air.keep_records(peripheral, profile.service, profile.history);
        }
        let (address, _) = self.air.identity_of(peripheral);
        self.by_device.insert(id, self.wearables.len());
        self.by_address.insert(address, self.wearables.len());
        self.wearables.push(Wearable::new(id, peripheral, address, profile));
        Ok(())
    }

    fn add_gateway(&mut self, number: usize, plan: &GatewayPlan, has_company: bool) -> Result<(), RadioError> {
        let roster = Arc::clone(&self.roster);
        let path = &roster.devices[plan.device.index()].path;
        let format = Format::of(&plan.format)
            .ok_or_else(|| RadioError::UnknownFormat { path: path.clone(), format: plan.format.clone() })?;
        let mut devices = Vec::new();
        let mut slowest_ns = 0;
        for device in &plan.devices {
            let wearable = self.by_device.get(device).map(|index| &self.wearables[*index]);
            let radio = roster.devices.get(device.index()).and_then(|device| device.radio.as_ref());
            let (Some(wearable), Some(radio)) = (wearable, radio) else {
                return Err(RadioError::ForeignDevice { path: path.clone(), device: device.0 });
            };
            let (address, identity_key) = self.air.identity_of(wearable.peripheral);
            devices.push(gateway::known(address, identity_key, radio.security));
            slowest_ns = slowest_ns.max(radio.advertising.nanos().max(0) as u64);
        }
        let services = gateway::wanted_services(self.wearables.iter().map(|wearable| wearable.profile.service));
        // A gateway that may connect to nobody must not connect to everybody.
        let slots = if devices.is_empty() { 0 } else { plan.slots };
        let options = gateway::central_options(slots, plan.interval, devices, services, slowest_ns, has_company);
        let host_options = HostOptions {
            path: path.clone(),
            address: Address::synthetic_public(number as u16),
            position: position(plan.place),
            capture_start_unix_us: None,
            strict: false,
        };
        self.gateways.push(Gateway::new(plan.device, path.clone(), format, host_options, options));
        self.switch_on(self.gateways.len() - 1);
        Ok(())
    }

    /// Puts the central of a gateway into the air, with what it remembers.
    pub(super) fn switch_on(&mut self, index: usize) {
        let gateway = &mut self.gateways[index];
        let mut options = gateway.options.clone();
        options.memory = std::mem::take(&mut gateway.memory);
        let host = self.centrals.add(&mut self.air, gateway.host_options.clone(), options);
        gateway.host = Some(host);
        gateway.down_since = None;
        self.by_host.insert(host, index);
    }

    /// Works off everything before `end`.
    pub(super) fn advance_to(&mut self, end: SimTime) {
        loop {
            let value_at = self.inbox.first_key_value().map(|((at, _, _), _)| *at);
            let edge_at = self.edges.first_key_value().map(|((at, _, _), _)| *at);
            let next = [value_at, edge_at].into_iter().flatten().min().filter(|at| *at < end);
            let Some(at) = next else { break };
            self.run_air(at.nanos());
            while let Some(entry) = self.edges.first_entry().filter(|entry| entry.key().0 <= at) {
                let edge = entry.remove();
                self.take_edge(edge);
                self.react();
            }
            while let Some(entry) = self.inbox.first_entry().filter(|entry| entry.key().0 <= at) {
                let outbound = entry.remove();
                self.say(&outbound);
                self.react();
            }
        }
        self.run_air(end.nanos() - 1);
        self.count_evidence();
    }

    /// Lets the air go on up to and including an instant [ns]; whatever happens there is reacted to at its own instant.
    fn run_air(&mut self, until_ns: i64) {
        let Ok(until_ns) = u64::try_from(until_ns) else { return };
        while let Some(at_ns) = self.air.next_event_at().filter(|at_ns| *at_ns <= until_ns) {
            self.centrals.advance_to(&mut self.air, at_ns);
            self.react();
        }
        self.centrals.advance_to(&mut self.air, until_ns);
    }

    /// The present instant.
    pub(super) fn now(&self) -> SimTime {
        SimTime::from_nanos(self.air.now_ns() as i64)
    }

    /// A time of the air as it would stand on a right clock [ms since the Unix epoch].
    pub(super) fn epoch_ms(&self, at: SimTime) -> i64 {
        (self.roster.start_epoch_ns + at.nanos()).div_euclid(1_000_000)
    }

    /// Writes a message off.
    pub(super) fn give_up(&mut self, route: RouteId, sequence: u64, reason: Reason) {
        let at = self.now();
        self.given_up.push(GivenUp { route, sequence, at, reason });
    }

    /// Forgets a message that can reach nobody any more, and gives it up if it has reached nobody.
    pub(super) fn settle(&mut self, index: usize, parcel: u64) {
        let wearable = &mut self.wearables[index];
        let Some(known) = wearable.parcels.get(&parcel) else { return };
        if known.copies > 0 || known.is_kept {
            return;
        }
        let Some(gone) = wearable.parcels.remove(&parcel) else { return };
        if gone.forwarded == 0 {
            self.give_up(gone.route, gone.sequence, gone.loss);
        }
    }
}

pub(super) fn position([x_m, y_m, z_m]: Place) -> Position {
    Position { x_m, y_m, z_m }
}

fn peripheral_options(profile: &Profile, device: &DevicePlan, radio: &RadioPlan) -> PeripheralOptions {
    let equipment = (profile.equip)(device);
    let information = DeviceInformation { serial_number: Some(device.serial.clone()), ..DeviceInformation::default() };
    let mut services = equipment.services;
    services.extend([battery::service(FIRST_CHARGE_PERCENT), information.service()]);
    let name = name_of(device);
    let mut options = PeripheralOptions::new(&*device.path, name, gateway::protected(services, radio.security));
    options.appearance = profile.appearance;
    options.position = position(radio.place);
    options.transmit_power_dbm = radio.power_dbm;
    options.control_points = equipment.control_points;
    options.security = SecurityPolicy {
        association: gateway::association(radio.security),
        secure_connections: if radio.secure_connections {
            SecureConnections::Preferred
        } else {
            SecureConnections::Unsupported
        },
        ..SecurityPolicy::default()
    };
    options.links = LinkPolicy { max_links: radio.links as usize, ..LinkPolicy::default() };
    options.advertising = Advertising {
        kind: AdvertisingKind::Connectable,
        interval_us: (radio.advertising.nanos() / 1000).clamp(20_000, 10_240_000) as u32,
        data: AdvertisingData::new().flags().services(&[profile.service]).build().expect("one service fits"),
        scan_response: AdvertisingData::new().name(name).build().expect("the name was cut to fit"),
    };
    options
}

/// The name a device advertises: its serial number, as far as it fits.
pub(super) fn name_of(device: &DevicePlan) -> &str {
    let mut end = device.serial.len().min(NAME_LIMIT);
    while !device.serial.is_char_boundary(end) {
        end -= 1;
    }
    &device.serial[..end]
}

//! A site: one air with its devices and gateways, and the order in which things happen there.

use std::collections::BTreeMap;
use std::sync::Arc;

use ble::propagation::Environment;
use ble::{Address, Air, AirOptions, Centrals, HostId, HostOptions, LinkId};
use radio_plan::{AirPlan, RadioPlan};
use sim_core::{DevicePlan, Evidence, OccurrenceId, Outbound, Roster, RouteId, SimId, SimTime};

use crate::active_step::{ActiveStep, StepEvent};
use crate::gateway::{self, Gateway};
use crate::peripheral::{peripheral_options, position};
use crate::radio_device::RadioDevice;
use crate::radio_error::RadioError;
use crate::radio_rows::RadioRows;
use crate::report::{GivenUp, LinkEvent, Reason, Taken};
use crate::step_plan::StepPlan;

/// What belongs to a site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SiteMembers<'a> {
    pub(crate) plan: &'a AirPlan,
    /// Its number in the plan.
    pub(crate) number: usize,
    /// Its gateways in the plan.
    pub(crate) gateways: &'a [usize],
    /// The steps on its devices and gateways.
    pub(crate) steps: &'a [(OccurrenceId, SimId)],
}

/// A site of the plan.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) roster: Arc<Roster>,
    /// All steps of the timeline.
    pub(crate) steps: Arc<StepPlan>,
    pub(crate) air: Air,
    /// The Bluetooth sides of its gateways.
    pub(crate) centrals: Centrals,
    /// In the order of the air's peripherals.
    pub(crate) devices: Vec<RadioDevice>,
    pub(crate) by_device: BTreeMap<SimId, usize>,
    pub(crate) by_address: BTreeMap<Address, usize>,
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) by_host: BTreeMap<HostId, usize>,
    /// Gateways of the links that there are; none for a link of an attached host.
    pub(crate) gateway_of: BTreeMap<LinkId, Option<SimId>>,
    /// What devices have said and was not put into the air yet.
    pub(crate) inbox: BTreeMap<(SimTime, RouteId, u64), Outbound>,
    /// What steps do, in the order of time; heals go before beginnings.
    pub(crate) step_events: BTreeMap<(SimTime, u8, u32), StepEvent>,
    pub(crate) planned_events: u32,
    pub(crate) active_steps: Vec<ActiveStep>,
    pub(crate) forwarded: Vec<Outbound>,
    pub(crate) given_up: Vec<GivenUp>,
    pub(crate) taken: Vec<Taken>,
    pub(crate) link_events: Vec<LinkEvent>,
    pub(crate) evidence: Evidence,
}

impl Site {
    /// The site with its devices and gateways, as it is at the scenario's start.
    pub(crate) fn new(
        roster: &Arc<Roster>,
        rows: &RadioRows,
        steps: &Arc<StepPlan>,
        members: SiteMembers<'_>,
    ) -> Result<Self, RadioError> {
        let SiteMembers { plan, number, gateways, .. } = members;
        let own = &plan.sites[number];
        let environment = Environment {
            exponent: own.path_loss_exponent,
            shadow_sigma_db: own.shadowing_db,
            ..Environment::default()
        };
        let mut site = Self {
            roster: Arc::clone(roster),
            steps: Arc::clone(steps),
            air: Air::new(AirOptions { seed: roster.seed, environment }),
            centrals: Centrals::default(),
            devices: Vec::new(),
            by_device: BTreeMap::new(),
            by_address: BTreeMap::new(),
            gateways: Vec::new(),
            by_host: BTreeMap::new(),
            gateway_of: BTreeMap::new(),
            inbox: BTreeMap::new(),
            step_events: BTreeMap::new(),
            planned_events: 0,
            active_steps: Vec::new(),
            forwarded: Vec::new(),
            given_up: Vec::new(),
            taken: Vec::new(),
            link_events: Vec::new(),
            evidence: Evidence::default(),
        };
        for patient in &roster.patients[own.patients.clone()] {
            for index in patient.devices.clone() {
                let id = SimId(index as u32);
                if let Some(radio) = plan.radios.get(&id).filter(|radio| radio.site == number) {
                    site.add_device(id, &roster.devices[index], radio, rows)?;
                }
            }
        }
        for gateway in gateways {
            site.add_gateway(*gateway, plan, gateways.len() > 1, rows)?;
        }
        site.plan_steps(members.steps);
        Ok(site)
    }

    fn add_device(
        &mut self,
        id: SimId,
        device: &DevicePlan,
        radio: &RadioPlan,
        rows: &RadioRows,
    ) -> Result<(), RadioError> {
        let profile = rows.profile(device)?;
        let peripheral = self.air.add_peripheral(peripheral_options(&profile, device, radio))?;
        if profile.history > 0 {
            self.air.keep_records(peripheral, profile.service, profile.history);
        }
        let (address, _) = self.air.identity_of(peripheral);
        self.by_device.insert(id, self.devices.len());
        self.by_address.insert(address, self.devices.len());
        self.devices.push(RadioDevice::new(id, peripheral, address, profile));
        Ok(())
    }

    fn add_gateway(
        &mut self,
        number: usize,
        air_plan: &AirPlan,
        has_company: bool,
        rows: &RadioRows,
    ) -> Result<(), RadioError> {
        let plan = &air_plan.gateways[number];
        let roster = Arc::clone(&self.roster);
        let path = &roster.devices[plan.device.index()].path;
        let format = rows.gateway_format(path, plan)?;
        let mut devices = Vec::new();
        let mut slowest_ns = 0;
        for device in &plan.devices {
            let known = self.by_device.get(device).map(|index| &self.devices[*index]);
            let radio = air_plan.radios.get(device);
            let (Some(known), Some(radio)) = (known, radio) else {
                return Err(RadioError::ForeignDevice { path: path.clone(), device: device.0 });
            };
            let (address, identity_key) = self.air.identity_of(known.peripheral);
            devices.push(gateway::known(address, identity_key, radio.security));
            slowest_ns = slowest_ns.max(radio.advertising.nanos().max(0) as u64);
        }
        let services = gateway::wanted_services(self.devices.iter().map(|device| device.profile.service));
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
    pub(crate) fn switch_on(&mut self, index: usize) {
        let gateway = &mut self.gateways[index];
        let mut options = gateway.options.clone();
        options.memory = std::mem::take(&mut gateway.memory);
        let host = self.centrals.add(&mut self.air, gateway.host_options.clone(), options);
        gateway.host = Some(host);
        self.by_host.insert(host, index);
    }

    /// Works off everything before `end`.
    pub(crate) fn advance_to(&mut self, end: SimTime) {
        loop {
            let value_at = self.inbox.first_key_value().map(|((at, _, _), _)| *at);
            let step_at = self.step_events.first_key_value().map(|((at, _, _), _)| *at);
            let next = [value_at, step_at].into_iter().flatten().min().filter(|at| *at < end);
            let Some(at) = next else { break };
            self.run_air(at.nanos());
            while let Some(entry) = self.step_events.first_entry().filter(|entry| entry.key().0 <= at) {
                let event = entry.remove();
                self.take_step_event(event);
                self.react();
            }
            while let Some(entry) = self.inbox.first_entry().filter(|entry| entry.key().0 <= at) {
                let outbound = entry.remove();
                self.transmit(&outbound);
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
    pub(crate) fn now(&self) -> SimTime {
        SimTime::from_nanos(self.air.now_ns() as i64)
    }

    /// A time of the air as it would stand on a right clock [ms since the Unix epoch].
    pub(crate) fn epoch_ms(&self, at: SimTime) -> i64 {
        (self.roster.start_epoch_ns + at.nanos()).div_euclid(1_000_000)
    }

    /// Writes a message off.
    pub(crate) fn give_up(&mut self, route: RouteId, sequence: u64, reason: Reason) {
        let at = self.now();
        self.given_up.push(GivenUp { route, sequence, at, reason });
    }

    /// Forgets a message that can reach nobody any more, and gives it up if it has reached nobody.
    pub(crate) fn settle(&mut self, index: usize, parcel: u64) {
        let device = &mut self.devices[index];
        let Some(known) = device.parcels.get(&parcel) else { return };
        if known.copies > 0 || known.is_kept {
            return;
        }
        let Some(gone) = device.parcels.remove(&parcel) else { return };
        if gone.forwarded == 0 {
            self.give_up(gone.route, gone.sequence, gone.loss);
        }
    }
}

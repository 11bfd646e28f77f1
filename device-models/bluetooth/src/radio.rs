//! The radio of a run: the sites of some patients, side by side.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use ble::Air;
use radio_plan::{AirPlan, Place, RadioSecurity};
use sim_core::{Evidence, Occurrence, OccurrenceId, Outbound, Registry, Roster, RouteId, SimId, SimTime, Subject};

use crate::peripheral::{name_of, position};
use crate::radio_device::RadioDevice;
use crate::radio_error::RadioError;
use crate::radio_rows::RadioRows;
use crate::report::{GatewayReport, GivenUp, LinkEvent, PeripheralReport, Taken};
use crate::site::{Site, SiteMembers};
use crate::step_plan::StepPlan;

/// All sites of some patients.
///
/// It is a function of what it was built with and of what [`Radio::say`] was given: neither the calls to
/// [`Radio::advance_to`] in between nor the other sites change what comes out of a site.
#[derive(Debug)]
pub struct Radio {
    roster: Arc<Roster>,
    plan: Arc<AirPlan>,
    sites: Vec<Site>,
    /// Positions in `sites` by number in the plan.
    by_number: BTreeMap<usize, usize>,
    evidence: Evidence,
}

impl Radio {
    /// The sites of the patients in `patients`; the timeline's steps on the radio act on them. Profiles, gateway
    /// formats and actions are those of the registry.
    ///
    /// # Errors
    /// [`RadioError`] when a device has no Bluetooth services or cannot be put on the air, or a gateway's plan does not
    /// fit its site.
    pub fn new(
        registry: &Registry,
        roster: &Arc<Roster>,
        plan: &Arc<AirPlan>,
        occurrences: &Arc<Vec<Occurrence>>,
        patients: Range<usize>,
    ) -> Result<Self, RadioError> {
        let mut gateways: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, gateway) in plan.gateways.iter().enumerate() {
            gateways.entry(gateway.site).or_default().push(number);
        }
        let steps = steps_by_site(plan, occurrences);
        let (rows, step_plan) = (RadioRows(registry), Arc::new(StepPlan::new(registry, occurrences)?));
        let (mut sites, mut by_number) = (Vec::new(), BTreeMap::new());
        for (number, site) in plan.sites.iter().enumerate() {
            if !patients.contains(&site.patients.start) {
                continue;
            }
            let gateways = gateways.get(&number).map(Vec::as_slice).unwrap_or_default();
            by_number.insert(number, sites.len());
            let steps = steps.get(&number).map(Vec::as_slice).unwrap_or_default();
            let members = SiteMembers { plan, number, gateways, steps };
            sites.push(Site::new(roster, &rows, &step_plan, members)?);
        }
        Ok(Self { roster: Arc::clone(roster), plan: Arc::clone(plan), sites, by_number, evidence: Evidence::default() })
    }

    /// Takes what a device says, to be put on the air at its intended instant. Messages of devices without a Bluetooth
    /// side in these sites are ignored.
    pub fn say(&mut self, outbound: Outbound) {
        let radio = self.plan.radios.get(&outbound.device);
        let Some(position) = radio.and_then(|radio| self.by_number.get(&radio.site)) else { return };
        let key = (outbound.intended, outbound.route, outbound.sequence);
        self.sites[*position].inbox.insert(key, outbound);
    }

    /// Works off everything that happens before `end`. All that devices say before `end` must have been given.
    pub fn advance_to(&mut self, end: SimTime) {
        for site in &mut self.sites {
            site.advance_to(end);
            self.evidence.merge(&std::mem::take(&mut site.evidence));
        }
    }

    /// What gateways hand on since the last call, by instant; what arrives in one instant stays in the order of its
    /// arrival. The payload is the gateway's own.
    pub fn take_forwarded(&mut self) -> Vec<Outbound> {
        let mut forwarded: Vec<Outbound> =
            self.sites.iter_mut().flat_map(|site| std::mem::take(&mut site.forwarded)).collect();
        forwarded.sort_by_key(Outbound::due);
        forwarded
    }

    /// Messages that can reach nobody any more, since the last call, by instant and route.
    pub fn take_given_up(&mut self) -> Vec<GivenUp> {
        let mut given_up: Vec<GivenUp> =
            self.sites.iter_mut().flat_map(|site| std::mem::take(&mut site.given_up)).collect();
        given_up.sort_by_key(|message| (message.at, message.route, message.sequence));
        given_up
    }

    /// Messages that attached hosts have taken since the last call, by instant and route.
    pub fn take_taken(&mut self) -> Vec<Taken> {
        let mut taken: Vec<Taken> = self.sites.iter_mut().flat_map(|site| std::mem::take(&mut site.taken)).collect();
        taken.sort_by_key(|message| (message.at, message.route, message.sequence));
        taken
    }

    /// Moves a device to another place of its site, at the instant that the site has come to.
    pub fn move_device(&mut self, device: SimId, place: Place) {
        for site in &mut self.sites {
            if let Some(&index) = site.by_device.get(&device) {
                site.air.move_peripheral(site.devices[index].peripheral, position(place));
            }
        }
    }

    /// What has happened to links since the last call, by instant and device.
    pub fn take_link_events(&mut self) -> Vec<LinkEvent> {
        let mut events: Vec<LinkEvent> =
            self.sites.iter_mut().flat_map(|site| std::mem::take(&mut site.link_events)).collect();
        events.sort_by_key(|event| (event.at, event.device));
        events
    }

    /// Messages that no gateway has handed on yet and that may still come: under way, kept or in a history.
    pub fn pending(&self) -> Vec<(RouteId, u64)> {
        let of_site = |site: &Site| {
            let waiting = site.inbox.values().map(|outbound| (outbound.route, outbound.sequence));
            let parcels = site.devices.iter().flat_map(|device| device.parcels.values());
            let unheard = parcels.filter(|parcel| parcel.forwarded == 0);
            waiting.chain(unheard.map(|parcel| (parcel.route, parcel.sequence))).collect::<Vec<_>>()
        };
        let mut pending: Vec<(RouteId, u64)> = self.sites.iter().flat_map(of_site).collect();
        pending.sort_unstable();
        pending
    }

    /// What the steps have changed so far.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What every gateway has done so far, in their order.
    pub fn gateways(&self) -> Vec<GatewayReport> {
        let gateways = self.sites.iter().flat_map(|site| &site.gateways);
        let mut reports: Vec<GatewayReport> = gateways
            .map(|gateway| GatewayReport {
                gateway: gateway.device,
                forwarded: gateway.forwarded,
                backfilled: gateway.backfilled,
                duplicates: gateway.duplicates,
                unreadable: gateway.unreadable,
                links: gateway.links,
                failed_pairings: gateway.failed_pairings,
                rssi_mean_dbm: (gateway.rssi_count > 0)
                    .then(|| gateway.rssi_sum_dbm as f64 / gateway.rssi_count as f64),
            })
            .collect();
        reports.sort_by_key(|report| report.gateway);
        reports
    }

    /// What somebody outside has to know of every device to connect to it.
    pub fn peripherals(&self) -> Vec<PeripheralReport> {
        let of_site = |site: &Site| {
            let report = |known: &RadioDevice| {
                let device = &self.roster.devices[known.id.index()];
                let passkey = match self.plan.radios.get(&known.id).map(|radio| radio.security) {
                    Some(RadioSecurity::Passkey(digits)) => Some(digits),
                    _ => None,
                };
                let name = name_of(device).to_owned();
                PeripheralReport { device: known.id, address: known.address, name, passkey }
            };
            site.devices.iter().map(report).collect::<Vec<_>>()
        };
        self.sites.iter().flat_map(of_site).collect()
    }

    /// The air of the site with this number in the plan.
    pub fn air(&self, site: usize) -> Option<&Air> {
        Some(&self.sites[*self.by_number.get(&site)?].air)
    }

    /// The air of the site with this number in the plan, to attach real hosts to it.
    pub fn air_mut(&mut self, site: usize) -> Option<&mut Air> {
        let position = *self.by_number.get(&site)?;
        Some(&mut self.sites[position].air)
    }
}

/// The steps on the devices and gateways of each site, in the order of the timeline.
fn steps_by_site(plan: &AirPlan, occurrences: &[Occurrence]) -> BTreeMap<usize, Vec<(OccurrenceId, SimId)>> {
    let gateways: BTreeMap<SimId, usize> = plan.gateways.iter().map(|gateway| (gateway.device, gateway.site)).collect();
    let site_of =
        |device: SimId| plan.radios.get(&device).map(|radio| radio.site).or_else(|| gateways.get(&device).copied());
    let mut steps: BTreeMap<usize, Vec<(OccurrenceId, SimId)>> = BTreeMap::new();
    for (number, occurrence) in occurrences.iter().enumerate() {
        for subject in &occurrence.subjects {
            let Subject::Device(device) = subject else { continue };
            if let Some(site) = site_of(*device) {
                steps.entry(site).or_default().push((OccurrenceId(number as u32), *device));
            }
        }
    }
    steps
}

//! Makes the plan of the air: sites, the radios of devices, gateways and places for hosts.

use radio_plan::{AirPlan, GatewayPlan, Place as Position, RadioPlan, RadioSecurity, SitePlan};
use sim_core::{Arguments, DevicePlan, Key, Purpose, Roster, SimId};

use crate::language::diagnostic::Notes;
use crate::language::limits::MOST_REACHES;
use crate::language::template::Names;
use crate::network::connection::LinkBody;
use crate::network::gateway::{GatewayBody, GatewayDraft, Spread};
use crate::network::link::LinkDraft;
use crate::network::radio::{Peer, RadioDraft, Security};
use crate::network::site::{HostSite, Sites};
use crate::network::target::TargetDraft;
use crate::people::cohort::CohortDraft;
use crate::people::identity::device_identity;
use crate::people::placement::{Ward, home};
use crate::people::population::endpoint;
use crate::plan::{Endpoint, HostPlan};

/// Kind of the devices that are gateways.
const GATEWAY_KIND: &str = "gateway";
/// First part of the paths of gateways.
pub(crate) const GATEWAYS: &str = "gw";

/// Six digits for a device whose link demands a passkey and gives none.
const PASSKEY: Purpose = Purpose::new("passkey");
/// Passkeys are 000000 to 999999 (Bluetooth Core 5.4, volume 3, part H, 2.3.5.1).
const PASSKEYS: u64 = 1_000_000;

/// What the Bluetooth side is made of.
#[derive(Debug)]
pub(crate) struct Air<'a> {
    pub(crate) notes: &'a Notes,
    pub(crate) cohorts: &'a [CohortDraft],
    pub(crate) links: &'a [LinkDraft],
    pub(crate) targets: &'a [TargetDraft],
    pub(crate) gateways: &'a [GatewayDraft],
    pub(crate) sites: &'a Sites,
}

/// What there is so far: patients and devices, how these connect, and the plan that is being made.
struct Inventory<'a> {
    roster: &'a mut Roster,
    endpoints: &'a mut Vec<Endpoint>,
    plan: AirPlan,
}

/// The sites of a plan while it is being made.
#[derive(Debug, Default)]
struct Map {
    /// Site of each patient.
    of_patient: Vec<Option<usize>>,
    /// Where the beds are; `None` in a home. One for each site.
    wards: Vec<Option<Ward>>,
}

impl Air<'_> {
    /// The plan, and where hosts can attach. A roster that has its patients and devices gets the gateways, and who is
    /// never split because of the air.
    pub(crate) fn plan(&self, roster: &mut Roster, endpoints: &mut Vec<Endpoint>) -> (AirPlan, Vec<HostPlan>) {
        let cohort_sites = self.sites.of_cohorts(self.notes, self.cohorts, self.links);
        self.sites.check_inhabited(self.notes, &cohort_sites);
        let mut inventory = Inventory { roster, endpoints, plan: AirPlan::default() };
        let map = self.add_sites(&mut inventory, &cohort_sites);
        self.add_radios(&mut inventory, &map);
        for index in 0..self.gateways.len() {
            self.add_gateways(index, &mut inventory, &map);
        }
        let Inventory { roster, plan, .. } = inventory;
        roster.components = plan.sites.iter().map(|site| site.patients.clone()).collect();
        let hosts = self.hosts(&plan, &map);
        (plan, hosts)
    }

    fn add_sites(&self, inventory: &mut Inventory<'_>, cohort_sites: &[Option<usize>]) -> Map {
        let Inventory { roster, plan: AirPlan { sites, .. }, .. } = inventory;
        let mut map = Map::default();
        let mut previous = None;
        for (cohort, draft) in self.cohorts.iter().zip(cohort_sites) {
            let first = map.of_patient.len();
            let end = first + cohort.count as usize;
            let Some((index, site)) = draft.map(|index| (index, &self.sites.drafts[index])) else {
                map.of_patient.resize(end, None);
                previous = None;
                continue;
            };
            let plan = |id: String, patients| SitePlan {
                id,
                patients,
                path_loss_exponent: site.path_loss_exponent(),
                shadowing_db: site.shadowing_db,
            };
            if site.per_patient {
                for patient in first..end {
                    let id = format!("{}/{}", site.name, roster.patients[patient].path);
                    map.of_patient.push(Some(sites.len()));
                    map.wards.push(None);
                    sites.push(plan(id, patient..patient + 1));
                }
            } else {
                if previous != Some(index) {
                    sites.push(plan(site.name.clone(), first..first));
                    map.wards.push(Some(Ward::default()));
                }
                let last = sites.len() - 1;
                sites[last].patients.end = end;
                if let Some(ward) = &mut map.wards[last] {
                    ward.add(&cohort.layout, cohort.count);
                }
                map.of_patient.resize(end, Some(last));
            }
            previous = Some(index);
        }
        map
    }

    fn add_radios(&self, inventory: &mut Inventory<'_>, map: &Map) {
        let Inventory { roster, plan, .. } = inventory;
        let mut cohorts = self.cohorts.iter().flat_map(|cohort| (0..cohort.count).map(move |_| cohort));
        for patient in 0..roster.patients.len() {
            let Some(cohort) = cohorts.next() else { return };
            let Some(site) = map.of_patient[patient] else { continue };
            let position = patient - plan.sites[site].patients.start;
            let bed = map.wards[site].as_ref().map_or((0.0, 0.0), |ward| ward.bed(position));
            for index in roster.patients[patient].devices.clone() {
                let device = &roster.devices[index];
                let Some(radio) = self.body(device.link).and_then(|body| body.radio.as_ref()) else { continue };
                let own = RadioPlan {
                    site,
                    place: cohort.layout.device(bed, roster.seed, &device.path),
                    power_dbm: radio.power_dbm,
                    advertising: radio.advertising,
                    links: radio.links,
                    security: security(radio, roster.seed, &device.path),
                    secure_connections: radio.secure_connections,
                };
                plan.radios.insert(SimId(index as u32), own);
            }
        }
    }

    fn add_gateways(&self, index: usize, inventory: &mut Inventory<'_>, map: &Map) {
        let gateway = &self.gateways[index];
        let Ok(body) = &gateway.body else { return };
        let uses = |cohort: &CohortDraft| {
            cohort.devices.iter().any(|device| self.peer(device.link) == Some(Peer::Gateway(index)))
        };
        let mut patients: Vec<usize> = Vec::new();
        let mut first = 0;
        for cohort in self.cohorts {
            let end = first + cohort.count as usize;
            if uses(cohort) {
                patients.extend(first..end);
            }
            first = end;
        }
        let Some(site) = patients.first().and_then(|patient| map.of_patient[*patient]) else {
            let message = format!("no device's link leads to gateway `{}`, so there is none", gateway.id.value);
            self.notes.warning(gateway.id.place, message);
            return;
        };
        let heard = |patient: usize, roster: &Roster| -> Vec<SimId> {
            let devices = roster.patients[patient].devices.clone();
            let theirs = devices.filter(|device| self.peer(roster.devices[*device].link) == Some(Peer::Gateway(index)));
            theirs.map(|device| SimId(device as u32)).collect()
        };
        match (body.spread, &map.wards[site]) {
            (Spread::Ward(count), Some(ward)) => {
                let devices: Vec<SimId> =
                    patients.iter().flat_map(|patient| heard(*patient, inventory.roster)).collect();
                let reaches = u64::from(count) * devices.len() as u64;
                if reaches > MOST_REACHES {
                    let message =
                        format!("{count} gateways for {} devices; {MOST_REACHES} pairs are the most", devices.len());
                    self.notes.error(gateway.id.place, message);
                    return;
                }
                let first = SimId(inventory.plan.sites[site].patients.start as u32);
                for (number, place) in (1..).zip(ward.gateways(count)) {
                    let whom = Whom { number, patient: first, site, place, devices: devices.clone() };
                    self.add_gateway(gateway, body, whom, inventory);
                }
            }
            (Spread::Patient, None) => {
                for (number, patient) in (1..).zip(patients) {
                    let Some(site) = map.of_patient[patient] else { continue };
                    let devices = heard(patient, inventory.roster);
                    let whom = Whom { number, patient: SimId(patient as u32), site, place: home(), devices };
                    self.add_gateway(gateway, body, whom, inventory);
                }
            }
            // The site has been complained about.
            _ => {}
        }
    }

    fn add_gateway(&self, gateway: &GatewayDraft, body: &GatewayBody, whom: Whom, inventory: &mut Inventory<'_>) {
        let Inventory { roster, endpoints, plan } = inventory;
        let (Ok(link), id) = (gateway.link, &gateway.id.value) else { return };
        let Some(uplink) = self.body(link) else { return };
        let serial = format!("{GATEWAYS}-{id}-{:04}", whom.number);
        let names = Names {
            cohort: GATEWAYS,
            number: whom.number,
            patient_id: &serial,
            device: id,
            serial: &serial,
            stream: "",
            gateway: id,
        };
        endpoints.push(endpoint(uplink, &names));
        plan.gateways.push(GatewayPlan {
            device: SimId(roster.devices.len() as u32),
            site: whom.site,
            place: whom.place,
            slots: body.slots,
            interval: body.interval,
            format: body.format.clone(),
            devices: whom.devices,
        });
        let path = format!("{GATEWAYS}/{id}/{}", whom.number);
        roster.devices.push(DevicePlan {
            identity: device_identity(roster.seed, &path, GATEWAY_KIND),
            path,
            id: id.clone(),
            patient: whom.patient,
            kind: GATEWAY_KIND.to_owned(),
            serial,
            options: Arguments::default(),
            link,
            aligned: false,
            streams: Vec::new(),
        });
    }

    fn hosts(&self, plan: &AirPlan, map: &Map) -> Vec<HostPlan> {
        let mut hosts = Vec::new();
        for (target, draft) in self.targets.iter().enumerate() {
            let (Some(host), Some(own)) = (&draft.host, self.sites.of_host(target)) else { continue };
            let Some(site) = self.host_site(plan, own) else { continue };
            let middle = map.wards[site].as_ref().map_or_else(home, Ward::middle);
            let place = host.position.unwrap_or(middle);
            hosts.push(HostPlan { target, listen: host.listen.clone(), site, place });
        }
        hosts
    }

    /// The site that a host hears; complains where each patient has one and it is not clear which.
    fn host_site(&self, plan: &AirPlan, own: &HostSite) -> Option<usize> {
        let name = &self.sites.drafts[own.draft].name;
        if !self.sites.drafts[own.draft].per_patient {
            // Nobody on it has been complained about.
            return plan.sites.iter().position(|site| site.id == *name);
        }
        let prefix = format!("{name}/");
        let mut theirs = plan.sites.iter().enumerate().filter(|(_, site)| site.id.starts_with(&prefix));
        let (first, example) = theirs.next().map(|(index, site)| (index, site.id.as_str()))?;
        match &own.patient {
            None if theirs.next().is_none() => Some(first),
            None => {
                let message = format!("every patient has a site `{name}`; write which one, such as `{example}`");
                self.notes.error(own.place, message);
                None
            }
            Some(patient) => {
                let found = plan.sites.iter().position(|site| site.id.strip_prefix(&prefix) == Some(patient));
                if found.is_none() {
                    let message = format!("there is no site `{name}/{patient}`; write one such as `{example}`");
                    self.notes.error(own.place, message);
                }
                found
            }
        }
    }

    fn body(&self, link: usize) -> Option<&LinkBody> {
        self.links[link].body.as_ref().ok()
    }

    fn peer(&self, link: usize) -> Option<Peer> {
        Some(self.body(link)?.radio.as_ref()?.to)
    }
}

/// One gateway: its number, for whom and where it is, whom it may connect to.
struct Whom {
    number: u32,
    patient: SimId,
    site: usize,
    place: Position,
    devices: Vec<SimId>,
}

fn security(radio: &RadioDraft, seed: u64, path: &str) -> RadioSecurity {
    match radio.security {
        Security::Open => RadioSecurity::Open,
        Security::JustWorks => RadioSecurity::JustWorks,
        Security::Passkey(Some(passkey)) => RadioSecurity::Passkey(passkey),
        Security::Passkey(None) => RadioSecurity::Passkey((Key::new(seed, path).bits(PASSKEY, 0) % PASSKEYS) as u32),
    }
}

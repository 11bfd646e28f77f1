//! Reads sites, and finds out who is on which: gateways, hosts and cohorts.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::plain_value::check_id;
use crate::language::reader::Reader;
use crate::language::schema::TableSpec;
use crate::language::suggestion::hint;
use crate::network::gateway::{GatewayDraft, Spread};
use crate::network::host::HostDraft;
use crate::network::link::LinkDraft;
use crate::network::radio::Peer;
use crate::network::target::TargetDraft;
use crate::people::cohort::CohortDraft;

/// Path loss exponent of a ward: between line of sight (2.0) and rooms (3.3).
const WARD_PATH_LOSS: f64 = 2.7;
/// Path loss exponent of a home: 28 dB a decade (ITU-R P.1238, residential, 2.4 GHz).
const HOME_PATH_LOSS: f64 = 2.8;
/// Largest standard deviation of the shadowing [dB].
const MOST_SHADOWING_DB: f64 = 20.0;
/// Usual standard deviation of the shadowing [dB], as the radio has it.
const SHADOWING_DB: f64 = 4.0;

/// A site as declared, by a table or by whoever is there.
#[derive(Debug)]
pub(crate) struct SiteDraft {
    pub(crate) name: String,
    place: Place,
    /// One for each patient, rather than one for all.
    pub(crate) per_patient: bool,
    path_loss: Option<f64>,
    pub(crate) shadowing_db: f64,
}

/// All sites, and who is where.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    pub(crate) drafts: Vec<SiteDraft>,
    /// Of each gateway, by position.
    gateways: Vec<usize>,
    /// Of each target that is a host.
    hosts: Vec<Option<Checked<HostSite>>>,
}

/// The site of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostSite {
    pub(crate) draft: usize,
    /// `cohort/number` of the patient whose site it is, where each has one.
    pub(crate) patient: Option<String>,
    pub(crate) place: Place,
}

impl SiteDraft {
    fn named(name: &str, place: Place) -> Self {
        Self { name: name.to_owned(), place, per_patient: false, path_loss: None, shadowing_db: SHADOWING_DB }
    }

    /// The exponent of its path loss.
    pub(crate) fn path_loss_exponent(&self) -> f64 {
        self.path_loss.unwrap_or(if self.per_patient { HOME_PATH_LOSS } else { WARD_PATH_LOSS })
    }
}

/// Reads every `[site.ID]`, and adds those that gateways and hosts name.
pub(crate) fn read_sites(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    targets: &[TargetDraft],
    gateways: &[GatewayDraft],
) -> Sites {
    let mut sites = Sites { hosts: vec![None; targets.len()], ..Sites::default() };
    for gateway in gateways {
        sites.add_gateway(root.notes, gateway);
    }
    let spec = spec.below("site");
    let tables = if root.has("site") { root.named_below("site") } else { Vec::new() };
    for (id, table) in tables {
        let reader = Reader::new(root.notes, table, spec, format!("[site.{}]", id.value), None);
        let index = sites.named(&id.value).unwrap_or_else(|| sites.push(SiteDraft::named(&id.value, id.place)));
        let path_loss = reader.optional("path_loss", Reader::number).ok().flatten();
        sites.drafts[index].path_loss = path_loss.map(|exponent| exponent.value);
        if let Ok(shadowing) = reader.quantity("shadowing", 0.0, MOST_SHADOWING_DB) {
            sites.drafts[index].shadowing_db = shadowing.value;
        }
    }
    let says = |target: &TargetDraft| target.host.as_ref().is_some_and(|host| host.site.is_some());
    let (clear, silent): (Vec<usize>, Vec<usize>) =
        (0..targets.len()).filter(|target| targets[*target].host.is_some()).partition(|target| says(&targets[*target]));
    for target in clear.into_iter().chain(silent) {
        if let Some(host) = &targets[target].host {
            sites.hosts[target] = Some(sites.host_site(root.notes, &targets[target], host));
        }
    }
    sites
}

impl Sites {
    fn named(&self, name: &str) -> Option<usize> {
        self.drafts.iter().position(|site| site.name == name)
    }

    fn push(&mut self, site: SiteDraft) -> usize {
        self.drafts.push(site);
        self.drafts.len() - 1
    }

    fn add_gateway(&mut self, notes: &Notes, gateway: &GatewayDraft) {
        let per_patient = gateway.body.as_ref().ok().map(|body| body.spread == Spread::Patient);
        let index = self.named(&gateway.site).unwrap_or_else(|| {
            let site = SiteDraft::named(&gateway.site, gateway.site_place);
            self.push(SiteDraft { per_patient: per_patient.unwrap_or_default(), ..site })
        });
        if per_patient.is_some_and(|per_patient| per_patient != self.drafts[index].per_patient) {
            let (one, other) = if per_patient == Some(true) { ("a ward", "each patient") } else { ("homes", "a ward") };
            let message =
                format!("site `{}` is {one}, but gateway `{}` is for {other}", gateway.site, gateway.id.value);
            notes.error(gateway.site_place, message);
        }
        self.gateways.push(index);
    }

    fn host_site(&mut self, notes: &Notes, target: &TargetDraft, host: &HostDraft) -> Checked<HostSite> {
        if let Some(site) = &host.site {
            if let Some(draft) = self.named(&site.value) {
                return Ok(HostSite { draft, patient: None, place: site.place });
            }
            if let Some((name, patient)) = site.value.split_once('/')
                && let Some(draft) = self.named(name).filter(|draft| self.drafts[*draft].per_patient)
            {
                return Ok(HostSite { draft, patient: Some(patient.to_owned()), place: site.place });
            }
            check_id(notes, &site.value, site.place)?;
            let draft = self.push(SiteDraft::named(&site.value, site.place));
            return Ok(HostSite { draft, patient: None, place: site.place });
        }
        let draft = match self.drafts.len() {
            0 => self.push(SiteDraft::named(&target.id.value, target.id.place)),
            1 => 0,
            _ => {
                let names: Vec<&str> = self.drafts.iter().map(|site| site.name.as_str()).collect();
                let message =
                    format!("host `{}` must say with `site` which it hears: {}", target.id.value, names.join(", "));
                return Err(notes.error(target.id.place, message));
            }
        };
        Ok(HostSite { draft, patient: None, place: target.id.place })
    }

    /// The site of the devices of a Bluetooth link.
    fn of(&self, peer: Peer) -> Option<usize> {
        match peer {
            Peer::Gateway(gateway) => self.gateways.get(gateway).copied(),
            Peer::Host(target) => Some(self.of_host(target)?.draft),
        }
    }

    /// The site of a host.
    pub(crate) fn of_host(&self, target: usize) -> Option<&HostSite> {
        self.hosts[target].as_ref()?.as_ref().ok()
    }

    /// The site of each cohort, by position; complains where one would be on two, or a site's cohorts are not
    /// neighbours in the file.
    pub(crate) fn of_cohorts(&self, notes: &Notes, cohorts: &[CohortDraft], links: &[LinkDraft]) -> Vec<Option<usize>> {
        let mut sites: Vec<Option<usize>> = Vec::new();
        let mut first_of = BTreeMap::new();
        for (index, cohort) in cohorts.iter().enumerate() {
            let site = self.of_cohort(notes, cohort, links);
            if let Some(draft) = site.filter(|draft| !self.drafts[*draft].per_patient)
                && let Some(first) = first_of.insert(draft, index)
                && sites[index - 1] != site
            {
                let message = format!(
                    "cohort `{}` is on site `{}` with `{}`, but `{}` stands between; put them beside each other",
                    cohort.id,
                    self.drafts[draft].name,
                    cohorts[first].id,
                    cohorts[index - 1].id
                );
                notes.error(cohort.place, message);
            }
            sites.push(site);
        }
        sites
    }

    fn of_cohort(&self, notes: &Notes, cohort: &CohortDraft, links: &[LinkDraft]) -> Option<usize> {
        let mut found: Option<usize> = None;
        for device in &cohort.devices {
            let radio = links[device.link].body.as_ref().ok().and_then(|body| body.radio.as_ref());
            let Some(site) = radio.and_then(|radio| self.of(radio.to)) else { continue };
            match found {
                Some(other) if other != site => {
                    let (one, two) = (&self.drafts[other].name, &self.drafts[site].name);
                    let message = format!(
                        "device `{}` would be on site `{two}`, but the cohort is on `{one}`; give both the same `site`",
                        device.id
                    );
                    notes.error(device.link_place, message);
                }
                _ => found = Some(site),
            }
        }
        found
    }

    /// Complains about sites on which nobody is, unless gateways made them.
    pub(crate) fn check_inhabited(&self, notes: &Notes, inhabited: &[Option<usize>]) {
        let inhabited: BTreeSet<usize> = inhabited.iter().copied().flatten().collect();
        let gateways: BTreeSet<usize> = self.gateways.iter().copied().collect();
        for (index, site) in self.drafts.iter().enumerate() {
            if inhabited.contains(&index) || gateways.contains(&index) {
                continue;
            }
            let others = self.drafts.iter().enumerate().filter(|(other, _)| *other != index);
            let names: Vec<&str> = others.map(|(_, site)| site.name.as_str()).collect();
            let message = format!("no device is on site `{}`{}", site.name, hint(&site.name, "other sites", names));
            notes.error(site.place, message);
        }
    }
}

//! The ledger's counts by stream, by device and by probe.

use std::collections::BTreeMap;

use sim_core::SimId;

use super::Ledger;
use super::account::Account;
use crate::Counts;
use crate::report::{ProbeReport, StreamReport, WorstDevice};

/// Most worst devices reported.
const WORST_DEVICES: usize = 10;

impl Ledger {
    pub(super) fn streams(&self) -> Vec<StreamReport> {
        let roster = &self.plan.roster;
        let mut groups: BTreeMap<(&str, &str, &str), StreamReport> = BTreeMap::new();
        for (route, account) in roster.routes.iter().zip(self.accounts.first()) {
            let device = &roster.devices[route.device.index()];
            let cohort = roster.patients[device.patient.index()].cohort.as_str();
            let stream = device.streams[usize::from(route.stream)].id.as_str();
            let group = groups.entry((cohort, device.id.as_str(), stream)).or_insert_with(|| StreamReport {
                path: format!("{cohort}/*/{}/{stream}", device.id),
                routes: 0,
                counts: Counts::default(),
            });
            group.routes += 1;
            group.counts.add(&account.counts);
        }
        groups.into_values().collect()
    }

    pub(super) fn worst_devices(&self) -> Vec<WorstDevice> {
        let mut by_device: BTreeMap<SimId, (Counts, i64)> = BTreeMap::new();
        for (route, account) in self.plan.roster.routes.iter().zip(self.accounts.first()) {
            let (counts, longest) = by_device.entry(route.device).or_default();
            counts.add(&account.counts);
            *longest = (*longest).max(account.longest);
        }
        // What may have been shown to a blind probe blames nobody.
        let never = |counts: &Counts| counts.altered + counts.lost + counts.dropped_declared + counts.pending;
        let mut ranked: Vec<(SimId, (Counts, i64))> =
            by_device.into_iter().filter(|(_, (counts, longest))| never(counts) > 0 || *longest > 0).collect();
        ranked.sort_by_key(|(device, (counts, longest))| (std::cmp::Reverse((never(counts), *longest)), *device));
        let kept = ranked.into_iter().take(WORST_DEVICES);
        kept.map(|(device, (counts, longest))| WorstDevice {
            path: self.plan.roster.devices[device.index()].path.clone(),
            generated: counts.generated,
            altered: counts.altered,
            lost: counts.lost,
            unjudged: counts.unjudged,
            dropped_declared: counts.dropped_declared,
            pending: counts.pending,
            latency_max_s: (counts.delivered > 0 || longest > 0).then_some(longest as f64 / 1e9),
        })
        .collect()
    }

    pub(super) fn probes(&self) -> Vec<ProbeReport> {
        let probes = self.plan.probes.iter().enumerate();
        probes
            .map(|(index, probe)| {
                let accounts = || {
                    let at_probe = |account: &&Account| account.probe.map(usize::from) == Some(index);
                    self.accounts.all.iter().filter(at_probe)
                };
                let mut counts = Counts::default();
                accounts().for_each(|account| counts.add(&account.counts));
                ProbeReport {
                    id: probe.id.clone(),
                    filters: probe.filters.clone(),
                    observed: self.probe_counts[index],
                    matched_by: self.matched_by(index),
                    routes: accounts().filter(|account| account.is_first).count() as u64,
                    watched: accounts().count() as u64,
                    counts,
                    latency: self.to_probes[index].report(),
                    session_messages: self.sessions[index].messages.clone(),
                    session_flaws: self.sessions[index].flaws(),
                    redelivered: self.eyes[index].redelivered,
                    blind: self.eyes[index].report(),
                }
            })
            .collect()
    }

    /// How often each rule matched a probe's sightings, without those that never did.
    fn matched_by(&self, probe: usize) -> BTreeMap<String, u64> {
        let rules = self.matchers.iter().zip(&self.matched[probe]).filter(|(_, times)| **times > 0);
        rules.map(|(rule, times)| (rule.name.to_owned(), *times)).collect()
    }
}

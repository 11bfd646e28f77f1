//! What Bluetooth hosts take of devices that nobody else listens to: an account with the host in the place of a probe.

use sim_core::RouteId;

use super::Ledger;
use super::account::Account;
use crate::delay_buckets::DelayBuckets;
use crate::fate::{Delay, Fate, Incident};
use crate::radio_report::HostStreamReport;

/// Where a message ended that nobody took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// On a link that had taken it over.
    FromLink,
    /// In the device: nobody wanted it, or it is not carried.
    AtDevice,
}

/// What hosts have had of one stream.
#[derive(Debug, Default)]
pub(super) struct AtHost {
    /// From the intended instant until it was taken.
    delays: DelayBuckets,
    /// Copies beyond the first: taken by another host, or fetched again out of a history.
    again: u64,
}

impl AtHost {
    /// A message is settled.
    pub(super) fn settled(&mut self, fate: &Fate) {
        if let Delay::After(nanos) = fate.end_to_end() {
            self.delays.record(nanos);
        }
    }
}

impl Ledger {
    /// A host has a message.
    pub(super) fn taken(&mut self, route: RouteId, sequence: u64, at: i64) {
        let Some(index) = self.accounts.of_route(route).next() else { return };
        if self.accounts.all[index].at_host.is_none() {
            return;
        }
        if !self.note_sent(index, sequence, at) {
            if let Some(at_host) = &mut self.accounts.all[index].at_host {
                at_host.again += 1;
            }
            return;
        }
        let is_late = self.accounts.all[index].record.see(sequence, at);
        self.series.delivered(at);
        self.note_pause(index, sequence, at);
        if is_late {
            self.incident(index, Some(sequence), at, (Incident::OutOfOrder, Incident::OutOfOrder.words()));
        }
        self.settle(index, sequence);
    }

    /// What hosts had, by device and stream.
    pub(super) fn hosts(&self) -> Vec<HostStreamReport> {
        let of_hosts = self.accounts.all.iter().filter_map(|account| Some((account, account.at_host.as_ref()?)));
        of_hosts.map(|(account, at_host)| self.host_stream(account, at_host)).collect()
    }

    fn host_stream(&self, account: &Account, at_host: &AtHost) -> HostStreamReport {
        let (counts, delays) = (&account.counts, &at_host.delays);
        let seconds = |nanos: i64| nanos as f64 / 1e9;
        let device = self.plan.roster.routes[account.route.index()].device;
        HostStreamReport {
            target: self.plan.targets[self.plan.link_of(device).target].id.clone(),
            path: self.plan.route_path(account.route.index()),
            said: counts.generated,
            received: counts.delivered,
            again: at_host.again,
            lost: counts.lost,
            dropped_declared: counts.dropped_declared,
            kept: counts.pending,
            delay_p50_s: delays.percentile(0.5, 0).map(seconds),
            delay_p99_s: delays.percentile(0.99, 0).map(seconds),
            delay_max_s: (!delays.is_empty()).then(|| seconds(delays.largest())),
            longest_pause_s: account.pauses.longest().map(seconds),
        }
    }
}

//! The truth ledger: every message the devices said, joined with what the fleet reports and the probes see.

mod closing;
mod conservation;
mod intake;
mod observing;
mod summary;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use scenarios::{Plan, topic_matches};
use sim_core::{Registry, RouteId, SimId, SimTime};
use xxhash_rust::xxh3::xxh3_64;

use crate::delays::Delays;
use crate::expectation::Expectations;
use crate::fate::{Delay, LinkFate};
use crate::matcher::MatcherSpec;
use crate::route_formats::{Naming, RouteFormats};
use crate::route_record::{Entry, LedgerError, RouteRecord};
use crate::series::Series;
use crate::topics::Topics;
use crate::{Counts, Totals};

/// How much the ledger may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerLimits {
    /// Most messages under way on one route.
    pub per_route: usize,
    /// Most messages under way over all routes, about 80 bytes each.
    pub total: usize,
}

impl Default for LedgerLimits {
    fn default() -> Self {
        Self { per_route: 65_536, total: 8_000_000 }
    }
}

/// One route and everything counted on it.
#[derive(Debug, Default)]
struct Account {
    record: RouteRecord,
    counts: Counts,
    longest: i64,
    /// The probe whose observations count: the first one of the route's target with a matching filter.
    probe: Option<u16>,
    wants_ack: bool,
    /// Whether gateways hand its messages on.
    relayed: bool,
    /// What its messages are known by, once the first has been seen.
    naming: Option<Naming>,
    /// Sightings on its topic that no rule could match; with one of them nobody can tell what was lost.
    unmatched: u64,
}

/// The ledger of one run. Instants `at` are nanoseconds of wall clock since the run's origin, in virtual mode
/// simulated nanoseconds since the scenario's start.
///
/// Events of one message may come in any order, except that [`Ledger::generated`] comes first: a probe's batch may
/// well overtake the batch of the connection that wrote the message.
#[derive(Debug)]
pub struct Ledger {
    plan: Arc<Plan>,
    limits: LedgerLimits,
    accounts: Vec<Account>,
    device_by_serial: HashMap<Box<str>, SimId>,
    topics: Topics,
    formats: RouteFormats,
    matchers: Vec<MatcherSpec>,
    /// How often each probe's sightings were matched by each rule.
    matched: Vec<Vec<u64>>,
    unmatched: u64,
    expectations: Expectations,
    series: Series,
    end_to_end: Delays,
    to_sent: Delays,
    to_acked: Delays,
    totals: Totals,
    unresolved: usize,
    probe_counts: Vec<u64>,
    peak_connections: u64,
    /// Devices online now.
    online: u64,
    /// Bluetooth devices that have lost their last link, and when.
    unlinked: BTreeMap<SimId, SimTime>,
}

impl Ledger {
    /// A ledger for a plan whose topics are final (`${run}` filled in), with the formats, rules of matching and
    /// expectation metrics of a registry.
    pub fn new(plan: Arc<Plan>, registry: &Registry, limits: LedgerLimits) -> Self {
        let accounts = (0..plan.roster.routes.len())
            .map(|route| Account {
                probe: probe_of(&plan, route),
                wants_ack: plan.deliveries[route].qos > 0,
                ..Account::default()
            })
            .collect();
        let devices = plan.roster.devices.iter().enumerate();
        let matchers = registry.all::<MatcherSpec>().to_vec();
        Self {
            limits,
            accounts,
            device_by_serial: devices
                .map(|(index, device)| (device.serial.as_str().into(), SimId(index as u32)))
                .collect(),
            topics: Topics::of(&plan),
            formats: RouteFormats::of(&plan, registry),
            matched: vec![vec![0; matchers.len()]; plan.probes.len()],
            matchers,
            unmatched: 0,
            expectations: Expectations::of(&plan, registry),
            series: Series::new(plan.time.length.nanos()),
            end_to_end: Delays::new(),
            to_sent: Delays::new(),
            to_acked: Delays::new(),
            totals: Totals::default(),
            unresolved: 0,
            probe_counts: vec![0; plan.probes.len()],
            peak_connections: 0,
            online: 0,
            unlinked: BTreeMap::new(),
            plan,
        }
    }

    /// Counts so far; messages under way are in none of delivered, lost, dropped and pending.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Messages generated of which not everything is known yet; zero ends a drain early.
    pub fn under_way(&self) -> usize {
        self.unresolved
    }

    /// The probe whose observations of a route count, as an index into [`Plan::probes`]; `None` when none watches it.
    pub fn probe_of(&self, route: RouteId) -> Option<usize> {
        self.accounts.get(route.index())?.probe.map(usize::from)
    }

    /// A device said a message, meant for `intended`, which is `intended_wall` on the wall clock of the run.
    ///
    /// # Errors
    /// [`LedgerError`] when the route is unknown or its sequence numbers do not ascend.
    pub fn generated(
        &mut self,
        route: RouteId,
        sequence: u64,
        intended: SimTime,
        intended_wall: i64,
        payload: &[u8],
    ) -> Result<(), LedgerError> {
        let digest = xxh3_64(payload);
        self.add(route, sequence, intended, intended_wall, Some(digest))?;
        self.name(route, sequence, payload, digest);
        Ok(())
    }

    /// A device said a message over the radio: how it reads at the target is up to the gateways that hand it on
    /// ([`Ledger::handed_on`]).
    ///
    /// # Errors
    /// As [`Ledger::generated`].
    pub fn said(
        &mut self,
        route: RouteId,
        sequence: u64,
        intended: SimTime,
        intended_wall: i64,
    ) -> Result<(), LedgerError> {
        self.add(route, sequence, intended, intended_wall, None)
    }

    /// A gateway hands a message on in these words; several gateways may do so.
    pub fn handed_on(&mut self, route: RouteId, sequence: u64, payload: &[u8]) {
        if let Some(account) = self.accounts.get_mut(route.index()) {
            let digest = xxh3_64(payload);
            account.relayed = true;
            account.record.worded(sequence, digest);
            self.name(route, sequence, payload, digest);
        }
    }

    /// A message said over the radio will not reach anybody any more. One that a gateway has handed on is on its way.
    pub fn given_up(&mut self, route: RouteId, sequence: u64, at: i64) {
        let Some(account) = self.accounts.get_mut(route.index()) else { return };
        if !account.record.is_worded(sequence) && account.record.dropped(sequence) {
            self.series.dropped(at);
            self.settle(route, sequence);
        }
    }

    /// A device that had no Bluetooth link has one.
    pub fn linked(&mut self, device: SimId, at: SimTime) {
        if let Some(lost_at) = self.unlinked.remove(&device) {
            let change = LinkFate::Back(Delay::After((at - lost_at).nanos()));
            self.expectations.link(&self.plan, &self.plan.roster.devices[device.index()], lost_at, change);
        }
    }

    /// A Bluetooth link of a device has ended that had another one already.
    pub fn handed_over(&mut self, device: SimId, at: SimTime) {
        for change in [LinkFate::Lost, LinkFate::Back(Delay::After(0))] {
            self.expectations.link(&self.plan, &self.plan.roster.devices[device.index()], at, change);
        }
    }

    /// A gateway heard a value of a device, this strong [dBm].
    pub fn heard(&mut self, device: SimId, at: SimTime, rssi_dbm: f64) {
        let change = LinkFate::Heard(rssi_dbm);
        self.expectations.link(&self.plan, &self.plan.roster.devices[device.index()], at, change);
    }

    /// The last Bluetooth link of a device has ended.
    pub fn unlinked(&mut self, device: SimId, at: SimTime) {
        self.unlinked.insert(device, at);
        self.expectations.link(&self.plan, &self.plan.roster.devices[device.index()], at, LinkFate::Lost);
    }

    fn add(
        &mut self,
        route: RouteId,
        sequence: u64,
        intended: SimTime,
        intended_wall: i64,
        digest: Option<u64>,
    ) -> Result<(), LedgerError> {
        let routes = self.accounts.len();
        let segment = self.expectations.segment(intended);
        let Some(account) = self.accounts.get_mut(route.index()) else {
            return Err(LedgerError::UnknownRoute { route: route.0, routes });
        };
        let entry = Entry::new(sequence, digest, intended, intended_wall);
        account.record.generated(entry, segment).map_err(|previous| LedgerError::SequenceNotAscending {
            route: route.0,
            sequence,
            previous,
        })?;
        account.counts.generated += 1;
        self.totals.counts.generated += 1;
        self.unresolved += 1;
        self.series.generated(intended_wall);
        if account.record.unresolved() > self.limits.per_route || self.unresolved > self.limits.total {
            self.forget_oldest(route);
        }
        Ok(())
    }

    /// Notes what a message can be known by, where its format gives it no sequence number.
    fn name(&mut self, route: RouteId, sequence: u64, payload: &[u8], digest: u64) {
        let account = &mut self.accounts[route.index()];
        match *account.naming.get_or_insert_with(|| self.formats.naming(route, payload)) {
            Naming::Sequence => {}
            Naming::Bytes => account.record.name(digest, sequence),
            Naming::DeviceTime => {
                let time = self.formats.read(route, payload).ok().and_then(|key| key.device_time_ms);
                if let Some(time) = time {
                    account.record.name(time.cast_unsigned(), sequence);
                }
            }
        }
    }

    /// The message's bytes went into a connection; later writes of the same message change nothing.
    pub fn sent(&mut self, route: RouteId, sequence: u64, at: i64) {
        let Some(account) = self.accounts.get_mut(route.index()) else { return };
        if account.record.sent(sequence, at) {
            account.counts.sent += 1;
            self.totals.counts.sent += 1;
            self.series.sent(at);
            self.settle(route, sequence);
        }
    }

    /// The target acknowledged the message.
    pub fn acked(&mut self, route: RouteId, sequence: u64, at: i64) {
        let Some(account) = self.accounts.get_mut(route.index()) else { return };
        if account.record.acked(sequence, at) {
            account.counts.acked += 1;
            self.totals.counts.acked += 1;
            self.series.acked(at);
            self.settle(route, sequence);
        }
    }

    /// The sender's outbox dropped the message and declares it. Of a message that gateways hand on another copy may
    /// still come, so that it is not settled before the end.
    pub fn dropped(&mut self, route: RouteId, sequence: u64, at: i64) {
        let Some(account) = self.accounts.get_mut(route.index()) else { return };
        if account.record.dropped(sequence) {
            self.series.dropped(at);
            if !account.relayed {
                self.settle(route, sequence);
            }
        }
    }

    /// The target acknowledged the message with an error.
    pub fn refused(&mut self, route: RouteId, sequence: u64) {
        let Some(account) = self.accounts.get_mut(route.index()) else { return };
        if account.record.refused(sequence) {
            account.counts.refused += 1;
            self.totals.counts.refused += 1;
            self.settle(route, sequence);
        }
    }

    /// So many devices are online.
    pub fn connections(&mut self, at: i64, online: u64) {
        self.peak_connections = self.peak_connections.max(online);
        self.series.connections(at, online);
    }

    fn forget_oldest(&mut self, route: RouteId) {
        let account = &mut self.accounts[route.index()];
        if account.record.forget_oldest().is_some() {
            self.unresolved -= 1;
            account.counts.pending += 1;
            self.totals.counts.pending += 1;
            self.totals.forgot += 1;
        }
    }
}

fn probe_of(plan: &Plan, route: usize) -> Option<u16> {
    let topic = &plan.deliveries[route].topic;
    let target = plan.link_of(plan.roster.routes[route].device).target;
    let watches = |filters: &[String]| filters.iter().any(|filter| topic_matches(filter, topic));
    let position = plan.probes.iter().position(|probe| probe.target == target && watches(&probe.filters))?;
    u16::try_from(position).ok()
}

#[cfg(test)]
mod matching_tests;
#[cfg(test)]
mod tests;

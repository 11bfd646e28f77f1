//! The truth ledger: every message the devices said, joined with what the fleet reports and the probes see.

mod conservation;
mod intake;
mod summary;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use formats::vendor_json;
use hdrhistogram::Histogram;
use scenarios::Plan;
use sim_core::{RouteId, SimId, SimTime};
use xxhash_rust::xxh3::xxh3_64;

use crate::book::{Entry, LedgerError, RouteBook, Settling, Sighting};
use crate::delays::Delays;
use crate::expectation::{Expectations, Place};
use crate::fate::{Delay, End, Fate, Incident, LinkChange};
use crate::report::{ExpectReport, LatencyReport, ProbeReport, SeriesReport, StreamReport, WorstDevice};
use crate::series::Series;
use crate::topics::Topics;
use crate::{Counts, Totals, topic_filter};

/// Most lost messages listed one by one.
const LOST_LISTED: usize = 100_000;

/// How much the ledger may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most messages under way on one route.
    pub per_route: usize,
    /// Most messages under way over all routes, about 80 bytes each.
    pub total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_route: 65_536, total: 8_000_000 }
    }
}

/// What the run amounts to, before what only the runner knows is added.
#[derive(Debug)]
pub struct Judgement {
    /// Counts of the whole run.
    pub totals: Totals,
    /// The messages that were lost, one by one.
    pub lost: LostMessages,
    pub(crate) expect: Vec<ExpectReport>,
    pub(crate) latency: LatencyReport,
    pub(crate) streams: Vec<StreamReport>,
    pub(crate) worst_devices: Vec<WorstDevice>,
    pub(crate) probes: Vec<ProbeReport>,
    pub(crate) unwatched_routes: u64,
    pub(crate) peak_connections: u64,
    pub(crate) series: SeriesReport,
    pub(crate) lag: Delays,
}

/// Lost messages in order of route and sequence, cut at 100 000.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LostMessages {
    /// The first of them.
    pub rows: Vec<LostMessage>,
    /// How many there were.
    pub total: u64,
}

/// A message that was written and not observed by the end of the drain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostMessage {
    /// Path of the stream.
    pub path: String,
    /// Sequence number within the stream.
    pub sequence: u64,
    /// When the device meant to say it.
    pub intended: SimTime,
    /// When it was first written [ns of wall clock since the run's origin].
    pub sent_at: i64,
    /// When it was acknowledged; `None` when it was not.
    pub acked_at: Option<i64>,
}

/// One route and everything counted on it.
#[derive(Debug, Default)]
struct Account {
    book: RouteBook,
    counts: Counts,
    longest: i64,
    /// The probe whose observations count: the first one of the route's target with a matching filter.
    probe: Option<u16>,
    wants_ack: bool,
    /// Whether gateways hand its messages on.
    relayed: bool,
}

/// The ledger of one run. Instants `at` are nanoseconds of wall clock since the run's origin, in virtual mode
/// simulated nanoseconds since the scenario's start.
///
/// Events of one message may come in any order, except that [`Ledger::generated`] comes first: a probe's batch may
/// well overtake the batch of the connection that wrote the message.
#[derive(Debug)]
pub struct Ledger {
    plan: Arc<Plan>,
    limits: Limits,
    accounts: Vec<Account>,
    device_by_serial: HashMap<Box<str>, SimId>,
    topics: Topics,
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
    /// A ledger for a plan whose topics are final (`${run}` filled in).
    pub fn new(plan: Arc<Plan>, limits: Limits) -> Self {
        let accounts = (0..plan.roster.routes.len())
            .map(|route| Account {
                probe: probe_of(&plan, route),
                wants_ack: plan.roster.routes[route].qos > 0,
                ..Account::default()
            })
            .collect();
        let devices = plan.roster.devices.iter().enumerate();
        Self {
            limits,
            accounts,
            device_by_serial: devices
                .map(|(index, device)| (device.serial.as_str().into(), SimId(index as u32)))
                .collect(),
            topics: Topics::of(&plan),
            expectations: Expectations::of(&plan),
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
        self.add(route, sequence, intended, intended_wall, Some(xxh3_64(payload)))
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
            account.relayed = true;
            account.book.worded(sequence, xxh3_64(payload));
        }
    }

    /// A message said over the radio will not reach anybody any more. One that a gateway has handed on is on its way.
    pub fn given_up(&mut self, route: RouteId, sequence: u64, at: i64) {
        let Some(account) = self.accounts.get_mut(route.index()) else { return };
        if !account.book.is_worded(sequence) && account.book.dropped(sequence) {
            self.series.dropped(at);
            self.settle(route, sequence);
        }
    }

    /// A device that had no Bluetooth link has one.
    pub fn linked(&mut self, device: SimId, at: SimTime) {
        if let Some(lost_at) = self.unlinked.remove(&device) {
            let change = LinkChange::Back(Delay::After((at - lost_at).nanos()));
            self.expectations.link(&self.plan, &self.plan.roster.devices[device.index()], lost_at, change);
        }
    }

    /// A Bluetooth link of a device has ended that had another one already.
    pub fn handed_over(&mut self, device: SimId, at: SimTime) {
        for change in [LinkChange::Lost, LinkChange::Back(Delay::After(0))] {
            self.expectations.link(&self.plan, &self.plan.roster.devices[device.index()], at, change);
        }
    }

    /// A gateway heard a value of a device, this strong [dBm].
    pub fn heard(&mut self, device: SimId, at: SimTime, rssi_dbm: f64) {
        let change = LinkChange::Heard(rssi_dbm);
        self.expectations.link(&self.plan, &self.plan.roster.devices[device.index()], at, change);
    }

    /// The last Bluetooth link of a device has ended.
    pub fn unlinked(&mut self, device: SimId, at: SimTime) {
        self.unlinked.insert(device, at);
        self.expectations.link(&self.plan, &self.plan.roster.devices[device.index()], at, LinkChange::Lost);
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
        account.book.generated(entry, segment).map_err(|previous| LedgerError::SequenceNotAscending {
            route: route.0,
            sequence,
            previous,
        })?;
        account.counts.generated += 1;
        self.totals.counts.generated += 1;
        self.unresolved += 1;
        self.series.generated(intended_wall);
        if account.book.unresolved() > self.limits.per_route || self.unresolved > self.limits.total {
            self.forget_oldest(route);
        }
        Ok(())
    }

    /// The message's bytes went into a connection; later writes of the same message change nothing.
    pub fn sent(&mut self, route: RouteId, sequence: u64, at: i64) {
        let Some(account) = self.accounts.get_mut(route.index()) else { return };
        if account.book.sent(sequence, at) {
            account.counts.sent += 1;
            self.totals.counts.sent += 1;
            self.series.sent(at);
            self.settle(route, sequence);
        }
    }

    /// The target acknowledged the message.
    pub fn acked(&mut self, route: RouteId, sequence: u64, at: i64) {
        let Some(account) = self.accounts.get_mut(route.index()) else { return };
        if account.book.acked(sequence, at) {
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
        if account.book.dropped(sequence) {
            self.series.dropped(at);
            if !account.relayed {
                self.settle(route, sequence);
            }
        }
    }

    /// The target acknowledged the message with an error.
    pub fn refused(&mut self, route: RouteId, sequence: u64) {
        let Some(account) = self.accounts.get_mut(route.index()) else { return };
        if account.book.refused(sequence) {
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

    /// A probe (index into [`Plan::probes`]) received a message; `retained` is the flag of the PUBLISH.
    pub fn observed(&mut self, probe: usize, topic: &str, payload: &[u8], at: i64, retained: bool) {
        if let Some(count) = self.probe_counts.get_mut(probe) {
            *count += 1;
        }
        if (topic.ends_with("/cmd") || topic.ends_with("/ack")) && self.topics.route(&self.plan, topic).is_none() {
            self.totals.command_traffic += 1;
            return;
        }
        let key = vendor_json::peek(payload).ok();
        let Some((key, sequence)) = key.and_then(|key| key.sequence.map(|sequence| (key, sequence))) else {
            let what = "observed unreadable on this topic";
            self.observed_stranger(probe, topic, payload, retained, (Incident::Corrupted, what));
            return;
        };
        let Some(device) = self.device_by_serial.get(&*key.device_serial).copied() else {
            let what = "observed on this topic with the serial of an unknown device";
            self.observed_stranger(probe, topic, payload, retained, (Incident::IdentityMismatch, what));
            return;
        };
        let streams = &self.plan.roster.devices[device.index()].streams;
        let Some(route) = streams.iter().find(|stream| stream.id == key.stream).map(|stream| stream.route) else {
            let what = "observed on this topic with a stream that the device does not have";
            self.observed_stranger(probe, topic, payload, retained, (Incident::Invented, what));
            return;
        };
        let digest = xxh3_64(payload);
        if retained && !self.accounts[route.index()].book.expects(sequence, digest) {
            self.totals.retained += 1;
        } else if self.plan.roster.routes[route.index()].topic != topic {
            self.observed_astray(probe, topic, route, sequence);
        } else if self.accounts[route.index()].probe.map(usize::from) != Some(probe) {
            self.totals.elsewhere += 1;
        } else {
            self.observed_at_home(route, sequence, digest, at);
        }
    }

    /// Settles everything and judges. `lag` holds the generator's lags [ns], one per message; it is empty when none
    /// was measured.
    pub fn finish(mut self, lag: &Histogram<u64>) -> Judgement {
        let mut lost = LostMessages::default();
        for index in 0..self.accounts.len() {
            let route = RouteId(index as u32);
            for entry in self.accounts[index].book.take_unresolved() {
                let end = self.close(route, &entry);
                if end == End::Lost {
                    lost.total += 1;
                    if lost.rows.len() < LOST_LISTED
                        && let Some(sent_at) = entry.sent_at()
                    {
                        lost.rows.push(LostMessage {
                            path: self.plan.route_path(index),
                            sequence: entry.sequence,
                            intended: entry.intended,
                            sent_at,
                            acked_at: entry.acked_at(),
                        });
                    }
                }
            }
        }
        self.assert_conservation();
        for (device, lost_at) in std::mem::take(&mut self.unlinked) {
            let device = &self.plan.roster.devices[device.index()];
            self.expectations.link(&self.plan, device, lost_at, LinkChange::Back(Delay::Never));
        }
        Judgement {
            lost,
            latency: LatencyReport {
                e2e: self.end_to_end.report(),
                send: self.to_sent.report(),
                ack: self.to_acked.report(),
            },
            streams: self.streams(),
            worst_devices: self.worst_devices(),
            probes: self.probes(),
            unwatched_routes: self.accounts.iter().filter(|account| account.probe.is_none()).count() as u64,
            peak_connections: self.peak_connections,
            series: self.series.report(),
            lag: Delays::from_histogram(lag),
            totals: self.totals,
            expect: self.expectations.judge(&self.plan, lag),
        }
    }

    /// A message of ours on the topic where it belongs, at the probe that judges it.
    fn observed_at_home(&mut self, route: RouteId, sequence: u64, digest: u64, at: i64) {
        let what = |incident: Incident| (incident, incident.words());
        match self.accounts[route.index()].book.observed(sequence, digest, at) {
            Sighting::First { out_of_order } => {
                self.series.delivered(at);
                if out_of_order {
                    self.incident(route, Some(sequence), what(Incident::OutOfOrder));
                }
                self.settle(route, sequence);
            }
            Sighting::Duplicate => self.incident(route, Some(sequence), what(Incident::Duplicate)),
            Sighting::Corrupted => self.incident(route, Some(sequence), what(Incident::Corrupted)),
            Sighting::Invented => self.incident(route, Some(sequence), what(Incident::Invented)),
            Sighting::Forgotten => {}
        }
    }

    /// A message of ours on a topic that is not its own.
    fn observed_astray(&mut self, probe: usize, topic: &str, route: RouteId, sequence: u64) {
        let Some(other) = self.topics.route(&self.plan, topic) else {
            self.totals.foreign += 1;
            return;
        };
        if self.accounts[other as usize].probe.map(usize::from) != Some(probe) {
            self.totals.elsewhere += 1;
            return;
        }
        let routes = &self.plan.roster.routes;
        let same_device = routes[other as usize].device == routes[route.index()].device;
        let incident = if same_device { Incident::Corrupted } else { Incident::IdentityMismatch };
        let what = format!("observed on the topic of {}", self.plan.route_path(other as usize));
        self.incident(route, Some(sequence), (incident, &what));
    }

    /// A message that is none of ours; on a topic of ours it is an incident.
    fn observed_stranger(
        &mut self,
        probe: usize,
        topic: &str,
        payload: &[u8],
        retained: bool,
        incident: (Incident, &str),
    ) {
        if self.topics.is_will(&self.plan, topic, payload) {
            self.totals.wills += 1;
            return;
        }
        let Some(route) = self.topics.route(&self.plan, topic) else {
            self.totals.foreign += 1;
            return;
        };
        if retained || payload.is_empty() {
            self.totals.retained += 1;
        } else if self.accounts[route as usize].probe.map(usize::from) != Some(probe) {
            self.totals.elsewhere += 1;
        } else {
            self.incident(RouteId(route), None, incident);
        }
    }

    fn incident(&mut self, route: RouteId, sequence: Option<u64>, (incident, what): (Incident, &str)) {
        let account = &mut self.accounts[route.index()];
        let segment = account.book.segment_of(sequence.unwrap_or(u64::MAX));
        for counts in [&mut account.counts, &mut self.totals.counts] {
            match incident {
                Incident::Duplicate => counts.duplicates += 1,
                Incident::OutOfOrder => counts.out_of_order += 1,
                Incident::Corrupted => counts.corrupted += 1,
                Incident::Invented => counts.invented += 1,
                Incident::IdentityMismatch => counts.identity_mismatch += 1,
            }
        }
        self.expectations.incident(Place { plan: &self.plan, route: route.0, segment }, incident, sequence, what);
    }

    fn settle(&mut self, route: RouteId, sequence: u64) {
        let account = &mut self.accounts[route.index()];
        let settling = Settling { wants_ack: account.wants_ack, watched: account.probe.is_some() };
        if let Some(entry) = account.book.settle(sequence, settling) {
            self.unresolved -= 1;
            self.close(route, &entry);
        }
    }

    /// Adds the final facts of a message everywhere.
    fn close(&mut self, route: RouteId, entry: &Entry) -> End {
        let account = &mut self.accounts[route.index()];
        let written = entry.sent_at().is_some();
        let observed = entry.observed_at().is_some();
        let end = match (written && observed, entry.dropped, account.probe.is_some()) {
            (true, ..) => End::Delivered,
            (false, true, _) => End::Dropped,
            (false, false, false) => End::Unwatched,
            (false, false, true) if written => End::Lost,
            (false, false, true) => End::Pending,
        };
        let fate = Fate {
            sequence: entry.sequence,
            intended: entry.intended,
            intended_wall: entry.intended_wall,
            sent_at: entry.sent_at(),
            acked_at: entry.acked_at(),
            observed_at: entry.observed_at().filter(|_| written),
            wants_ack: account.wants_ack,
            end,
        };
        for counts in [&mut account.counts, &mut self.totals.counts] {
            match end {
                End::Delivered => counts.delivered += 1,
                End::Dropped => counts.dropped_declared += 1,
                End::Pending | End::Unwatched => counts.pending += 1,
                End::Lost => {
                    counts.lost += 1;
                    counts.lost_acked += u64::from(fate.acked_at.is_some());
                }
            }
        }
        if let Delay::After(nanos) = fate.end_to_end() {
            account.longest = account.longest.max(nanos);
        }
        if end != End::Unwatched {
            self.end_to_end.record(fate.end_to_end());
            self.series.delay(fate.intended_wall, fate.end_to_end());
        }
        self.to_sent.record(fate.until_sent());
        if let Some(delay) = fate.until_acked() {
            self.to_acked.record(delay);
        }
        let segment = account.book.segment_of(entry.sequence);
        self.expectations.settle(Place { plan: &self.plan, route: route.0, segment }, &fate);
        // Nobody can observe what was never written, unless somebody else wrote it.
        if observed && !written {
            self.incident(route, Some(entry.sequence), (Incident::Invented, "observed although it was never written"));
        }
        end
    }

    fn forget_oldest(&mut self, route: RouteId) {
        let account = &mut self.accounts[route.index()];
        if account.book.forget_oldest().is_some() {
            self.unresolved -= 1;
            account.counts.pending += 1;
            self.totals.counts.pending += 1;
            self.totals.forgot += 1;
        }
    }
}

fn probe_of(plan: &Plan, route: usize) -> Option<u16> {
    let route = &plan.roster.routes[route];
    let target = plan.link_of(route.device).target;
    let watches = |filters: &[String]| filters.iter().any(|filter| topic_filter::matches(filter, &route.topic));
    let position = plan.probes.iter().position(|probe| probe.target == target && watches(&probe.filters))?;
    u16::try_from(position).ok()
}

#[cfg(test)]
mod tests;

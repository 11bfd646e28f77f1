//! The truth ledger: every message the devices said, joined with what the fleet reports and the probes see.

mod account;
mod closing;
mod conservation;
mod hosts;
mod intake;
mod observing;
mod pauses;
mod summary;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use scenarios::Plan;
use sim_core::{Registry, RouteId, SimId, SimTime};

use crate::connection_times::ConnectionTimes;
use crate::delays::Delays;
use crate::entry::Entry;
use crate::expectation::Expectations;
use crate::eyesight::{Blindness, Eyesight};
use crate::fate::{Delay, LinkFate};
use crate::imprint::Imprint;
use crate::matcher::MatcherSpec;
use crate::recent_payloads::RecentPayloads;
use crate::route_formats::{Naming, RouteFormats};
use crate::route_record::LedgerError;
use crate::series::Series;
use crate::sessions::SessionsSeen;
use crate::settled_wordings::SettledWordings;
use crate::topics::Topics;
use crate::{Counts, Totals};
use account::Accounts;
use hosts::Lost;

/// How much the ledger may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerLimits {
    /// Most messages under way on one route.
    pub per_route: usize,
    /// Most messages under way over all routes, about 100 bytes each.
    pub total: usize,
    /// Most settled messages of one route that are remembered, to compare late copies with them.
    pub remembered_per_route: usize,
    /// Most settled messages that are remembered over all routes, 32 bytes each, but at least [`LEAST_REMEMBERED`] a
    /// route.
    pub remembered: usize,
}

/// Settled messages remembered of each route, however many routes there are.
pub const LEAST_REMEMBERED: usize = 16;

impl Default for LedgerLimits {
    fn default() -> Self {
        Self { per_route: 65_536, total: 8_000_000, remembered_per_route: 65_536, remembered: 4_000_000 }
    }
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
    accounts: Accounts,
    /// Wordings of settled messages that each account remembers.
    room: usize,
    device_by_serial: HashMap<Box<str>, SimId>,
    /// Whether each device takes part; empty when all do.
    takes_part: Vec<bool>,
    topics: Topics,
    formats: RouteFormats,
    matchers: Vec<MatcherSpec>,
    /// How often each probe's sightings were matched by each rule.
    matched: Vec<Vec<u64>>,
    eyes: Vec<Eyesight>,
    sessions: Vec<SessionsSeen>,
    /// What was said last, to be shown beside what was seen.
    recent: RecentPayloads,
    /// Sightings of which it was told where they differ.
    differences_told: u32,
    /// Routes on whose topics a target has given what it keeps.
    kept_topics: HashSet<RouteId>,
    connection_times: ConnectionTimes,
    unmatched: u64,
    expectations: Expectations,
    series: Series,
    end_to_end: Delays,
    /// From the intended instant to each probe, of everything that it watches.
    to_probes: Vec<Delays>,
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
        let accounts = Accounts::of(&plan);
        let devices = plan.roster.devices.iter().enumerate();
        let matchers = registry.all::<MatcherSpec>().to_vec();
        let formats = RouteFormats::of(&plan, registry);
        let share = limits.remembered / accounts.all.len().max(1);
        Self {
            limits,
            room: share.max(LEAST_REMEMBERED).min(limits.remembered_per_route),
            accounts,
            device_by_serial: devices
                .map(|(index, device)| (device.serial.as_str().into(), SimId(index as u32)))
                .collect(),
            takes_part: Vec::new(),
            topics: Topics::of(&plan),
            sessions: SessionsSeen::of(&plan, registry, &formats),
            formats,
            matched: vec![vec![0; matchers.len()]; plan.probes.len()],
            matchers,
            eyes: plan.probes.iter().map(|_| Eyesight::new()).collect(),
            recent: RecentPayloads::default(),
            differences_told: 0,
            kept_topics: HashSet::new(),
            connection_times: ConnectionTimes::default(),
            unmatched: 0,
            expectations: Expectations::of(&plan, registry),
            series: Series::new(plan.time.length.nanos()),
            end_to_end: Delays::new(),
            to_probes: plan.probes.iter().map(|_| Delays::new()).collect(),
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

    /// The ledger of a run in which only these devices take part: what others of the plan say is another run's.
    #[must_use]
    pub fn of_part(mut self, members: &[SimId]) -> Self {
        self.takes_part = vec![false; self.plan.roster.devices.len()];
        for member in members {
            if let Some(takes_part) = self.takes_part.get_mut(member.index()) {
                *takes_part = true;
            }
        }
        self
    }

    /// Counts so far; messages under way are in none of delivered, lost, unjudged, dropped and pending.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Messages generated of which not everything is known yet, at each probe that watches them; zero ends a drain early.
    pub fn under_way(&self) -> usize {
        self.unresolved
    }

    /// The probe whose observations of a route count, where an expectation names no other, as an index into
    /// [`Plan::probes`]; `None` when none watches it.
    pub fn probe_of(&self, route: RouteId) -> Option<usize> {
        let first = self.accounts.of_route(route).next()?;
        self.accounts.all[first].probe.map(usize::from)
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
        if self.accounts.of_route(route).is_empty() {
            return Err(self.unknown(route));
        }
        let wording = self.imprint(route, payload);
        self.add(Entry::new(sequence, Some(wording), intended, intended_wall), route)?;
        self.name(route, sequence, payload, wording);
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
        self.add(Entry::new(sequence, None, intended, intended_wall), route)
    }

    /// A gateway hands a message on in these words; several gateways may do so.
    pub fn handed_on(&mut self, route: RouteId, sequence: u64, payload: &[u8]) {
        if self.accounts.of_route(route).is_empty() {
            return;
        }
        let wording = self.imprint(route, payload);
        for index in self.accounts.of_route(route) {
            let account = &mut self.accounts.all[index];
            account.relayed = true;
            account.record.worded(sequence, wording, self.room);
        }
        self.name(route, sequence, payload, wording);
    }

    /// A message said over the radio will not reach anybody any more. One that a gateway has handed on is on its way; one
    /// that a link to a host has lost was sent.
    fn given_up(&mut self, route: RouteId, sequence: u64, at: i64, lost: Lost) {
        for index in self.accounts.of_route(route) {
            if self.accounts.all[index].at_host.is_some() && lost == Lost::FromLink {
                self.note_sent(index, sequence, at);
                continue;
            }
            let account = &mut self.accounts.all[index];
            if !account.record.is_worded(sequence) && account.record.dropped(sequence) {
                if account.is_first {
                    self.series.dropped(at);
                }
                self.settle(index, sequence);
            }
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

    fn add(&mut self, entry: Entry, route: RouteId) -> Result<(), LedgerError> {
        let accounts = self.accounts.of_route(route);
        if accounts.is_empty() {
            return Err(self.unknown(route));
        }
        let segment = self.expectations.segment(entry.intended);
        for index in accounts {
            let account = &mut self.accounts.all[index];
            account.record.generated(entry, segment).map_err(|previous| LedgerError::SequenceNotAscending {
                route: route.0,
                sequence: entry.sequence,
                previous,
            })?;
            account.pauses.said(entry.intended_wall);
            if account.is_first {
                self.series.generated(entry.intended_wall);
            }
            self.count(index, |counts| counts.generated += 1);
            self.unresolved += 1;
            if self.accounts.all[index].record.unresolved() > self.limits.per_route
                || self.unresolved > self.limits.total
            {
                self.forget_oldest(index);
            }
        }
        Ok(())
    }

    /// Whether the device of a route takes part.
    fn is_of_part(&self, route: RouteId) -> bool {
        let device = self.plan.roster.routes[route.index()].device;
        self.takes_part.get(device.index()).is_none_or(|takes_part| *takes_part)
    }

    fn unknown(&self, route: RouteId) -> LedgerError {
        LedgerError::UnknownRoute { route: route.0, routes: self.plan.roster.routes.len() }
    }

    /// Counts something at an account, and for the first account of a route in the totals of the run.
    fn count(&mut self, index: usize, add: impl Fn(&mut Counts)) {
        let account = &mut self.accounts.all[index];
        add(&mut account.counts);
        if account.is_first {
            add(&mut self.totals.counts);
        }
    }

    /// Whether a probe watches a route.
    fn is_watched(&self, route: RouteId) -> bool {
        self.accounts.of_route(route).any(|index| self.accounts.all[index].probe.is_some())
    }

    /// What is kept of a payload of a route. What it means is only read where somebody may see another spelling of it.
    fn imprint(&self, route: RouteId, payload: &[u8]) -> Imprint {
        if self.is_watched(route) { self.formats.imprint(route, payload) } else { Imprint::new(payload, None, None) }
    }

    /// Notes what a message can be known by, where its format gives it no sequence number.
    fn name(&mut self, route: RouteId, sequence: u64, payload: &[u8], wording: Imprint) {
        if self.is_watched(route) {
            self.recent.keep(route, sequence, payload);
        }
        for index in self.accounts.of_route(route) {
            let account = &mut self.accounts.all[index];
            let name = match *account.naming.get_or_insert_with(|| self.formats.naming(route, payload)) {
                Naming::Sequence => None,
                Naming::Bytes => Some(wording.meaning()),
                Naming::DeviceTime => wording.device_time_ms().map(i64::cast_unsigned),
            };
            if let Some(name) = name {
                account.record.name(name, sequence);
            }
        }
    }

    /// The message's bytes went into a connection; later writes of the same message change nothing.
    pub fn sent(&mut self, route: RouteId, sequence: u64, at: i64) {
        for index in self.accounts.of_route(route) {
            if self.note_sent(index, sequence, at) {
                self.settle(index, sequence);
            }
        }
    }

    /// Notes the first write of a message; tells whether it was the first.
    fn note_sent(&mut self, index: usize, sequence: u64, at: i64) -> bool {
        let account = &mut self.accounts.all[index];
        let is_first_write = account.record.sent(sequence, at);
        if is_first_write {
            if account.is_first {
                self.series.sent(at);
            }
            self.count(index, |counts| counts.sent += 1);
        }
        is_first_write
    }

    /// The target acknowledged the message.
    pub fn acked(&mut self, route: RouteId, sequence: u64, at: i64) {
        for index in self.accounts.of_route(route) {
            let account = &mut self.accounts.all[index];
            if account.record.acked(sequence, at) {
                if account.is_first {
                    self.series.acked(at);
                }
                self.count(index, |counts| counts.acked += 1);
                self.settle(index, sequence);
            }
        }
    }

    /// The sender's outbox dropped the message and declares it. Of a message that gateways hand on another copy may
    /// still come, so that it is not settled before the end.
    pub fn dropped(&mut self, route: RouteId, sequence: u64, at: i64) {
        for index in self.accounts.of_route(route) {
            let account = &mut self.accounts.all[index];
            if account.record.dropped(sequence) {
                if account.is_first {
                    self.series.dropped(at);
                }
                if !account.relayed {
                    self.settle(index, sequence);
                }
            }
        }
    }

    /// The target acknowledged the message with an error.
    pub fn refused(&mut self, route: RouteId, sequence: u64) {
        for index in self.accounts.of_route(route) {
            if self.accounts.all[index].record.refused(sequence) {
                self.count(index, |counts| counts.refused += 1);
                self.settle(index, sequence);
            }
        }
    }

    /// A probe (index into [`Plan::probes`]) has not seen anything since an instant, until another one or until further
    /// notice ([`Ledger::sees`]). Its target may have ended the connection, owing it what was taken until then.
    pub fn blind(&mut self, probe: usize, since: i64, until: Option<i64>, ended_owing: Option<i64>, reason: &str) {
        if let Some(eyes) = self.eyes.get_mut(probe) {
            eyes.blind(Blindness { since, until, ended_owing, resumed: false, reason: reason.to_owned() });
        }
        if let Some(sessions) = self.sessions.get_mut(probe) {
            sessions.lost_sight();
        }
    }

    /// A probe that was blind sees from an instant on; its target may have kept what it took meanwhile.
    pub fn sees(&mut self, probe: usize, at: i64, resumed: bool) {
        if let Some(eyes) = self.eyes.get_mut(probe) {
            eyes.sees(at, resumed);
        }
        if let Some(sessions) = self.sessions.get_mut(probe) {
            sessions.lost_sight();
        }
    }

    /// So many devices are online.
    pub fn connections(&mut self, at: i64, online: u64) {
        self.peak_connections = self.peak_connections.max(online);
        self.series.connections(at, online);
    }

    fn forget_oldest(&mut self, index: usize) {
        if self.accounts.all[index].record.forget_oldest().is_some() {
            self.unresolved -= 1;
            self.count(index, |counts| counts.pending += 1);
            self.totals.forgot += u64::from(self.accounts.all[index].is_judged);
        }
    }

    /// Most bytes that the memory of settled messages can take.
    fn memory_bytes(&self) -> u64 {
        (self.room * self.accounts.all.len() * SettledWordings::WORDING_BYTES) as u64
    }
}

#[cfg(test)]
mod host_tests;
#[cfg(test)]
mod matching_tests;
#[cfg(test)]
mod probe_tests;
#[cfg(test)]
mod tests;

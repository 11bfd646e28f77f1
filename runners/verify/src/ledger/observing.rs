//! What the ledger makes of sightings.

use std::borrow::Cow;

use sim_core::{RouteId, SimId, SimTime};
use vocabulary::{KeyError, MessageKey, Sighting};

use super::Ledger;
use crate::difference::difference;
use crate::fate::Incident;
use crate::figures;
use crate::imprint::{Imprint, SeenPayload};
use crate::matcher::{Claim, Finding, Known, Recall};
use crate::measure::Origin;
use crate::route_formats::Naming;
use crate::route_record::Standing;
use crate::topics::topic_of;

/// Most sightings of which it is told where they differ from what was said: no expectation lists more.
const MOST_DIFFERENCES: u32 = 1_000;

/// A sighting that is no message of ours; on a topic of ours it needs an explanation.
#[derive(Debug, Clone, Copy)]
enum Stranger<'w> {
    /// It should not be there, and these words say why.
    Incident(Incident, &'w str),
    /// No format reads it.
    Unread,
    /// It may well be a message of ours: its format does not say which.
    Unmatched,
}

impl Ledger {
    /// A probe (index into [`scenarios::Plan::probes`]) saw something.
    pub fn sighted(&mut self, probe: usize, sighting: &Sighting) {
        let topic = sighting.topic.as_str();
        if let Some(count) = self.probe_counts.get_mut(probe) {
            *count += 1;
        }
        if let Some(eyes) = self.eyes.get_mut(probe) {
            eyes.saw(sighting.observed_at);
        }
        if self.sessions.get_mut(probe).is_some_and(|sessions| sessions.see(topic, &sighting.raw)) {
            return;
        }
        let routes = self.topics.routes(&self.plan, probe, topic);
        if routes.is_empty() && (topic.ends_with("/cmd") || topic.ends_with("/ack")) {
            self.totals.command_traffic += 1;
            return;
        }
        let is_nobodys = routes.is_empty();
        if is_nobodys && self.topics.are_of_probe(probe) && self.topics.is_of_devices(&self.plan, topic) {
            // What devices publish themselves is seen beside what the stack makes of it.
            self.totals.elsewhere += 1;
            return;
        }
        let target = self.plan.probes.get(probe).map_or(usize::MAX, |probe| probe.target);
        let (claim, error) = claim(sighting, || self.formats.find(routes, target, &sighting.raw));
        let (rule, finding) = self.find(probe, sighting, &claim);
        if self.is_anothers(routes, finding) {
            self.totals.foreign += 1;
            return;
        }
        match finding {
            Finding::Message { route, sequence } => {
                if let (Some(rule), Some(matched)) = (rule, self.matched.get_mut(probe)) {
                    matched[rule] += 1;
                }
                if let Some(eyes) = self.eyes.get_mut(probe).filter(|_| is_nobodys) {
                    eyes.unread.note_read(topic, self.plan.roster.routes[route.index()].device);
                }
                self.sighted_message(probe, sighting, &claim, (route, sequence));
            }
            Finding::NeverSaid { route } if topic_of(&self.plan, probe, route) != topic => {
                self.sighted_astray(probe, sighting, route, None);
            }
            Finding::NeverSaid { route } => {
                self.totals.unfamiliar += 1;
                let (incident, what) = self.fault(route, &claim, Standing::NeverSaid);
                self.sighted_stranger(probe, sighting, &claim, &[route], Stranger::Incident(incident, &what));
            }
            Finding::UnknownDevice => {
                let what = "observed on this topic with the serial of an unknown device";
                self.sighted_on_topic(probe, sighting, &claim, Stranger::Incident(Incident::IdentityMismatch, what));
            }
            Finding::UnknownStream => {
                let what = "observed on this topic with a stream that the device does not have";
                self.sighted_on_topic(probe, sighting, &claim, Stranger::Incident(Incident::Invented, what));
            }
            Finding::NotApplicable if matches!(error, Some(KeyError::Unreadable { .. })) => {
                self.sighted_on_topic(probe, sighting, &claim, Stranger::Unread);
            }
            Finding::NotApplicable => self.sighted_on_topic(probe, sighting, &claim, Stranger::Unmatched),
        }
    }

    /// Whether a sighting is of devices that take part in another run only, on topics of such devices or of nobody.
    fn is_anothers(&self, routes: &[RouteId], finding: Finding) -> bool {
        let is_of_part = |route: &RouteId| self.is_of_part(*route);
        match finding {
            Finding::Message { route, .. } | Finding::NeverSaid { route } => {
                !is_of_part(&route) && !routes.iter().any(is_of_part)
            }
            Finding::UnknownDevice | Finding::UnknownStream | Finding::NotApplicable => {
                !routes.is_empty() && !routes.iter().any(is_of_part)
            }
        }
    }

    /// Asks the rules in turn; gives the one that knew.
    fn find(&self, probe: usize, sighting: &Sighting, claim: &Claim<'_>) -> (Option<usize>, Finding) {
        let known = KnownAt { ledger: self, probe };
        for (rule, row) in self.matchers.iter().enumerate() {
            match row.matcher.find(sighting, claim, &known) {
                Finding::NotApplicable => {}
                Finding::Message { route, .. } | Finding::NeverSaid { route }
                    if self.accounts.of_route(route).is_empty() => {}
                finding => return (Some(rule), finding),
            }
        }
        (None, Finding::NotApplicable)
    }

    fn sighted_message(
        &mut self,
        probe: usize,
        sighting: &Sighting,
        claim: &Claim<'_>,
        (route, sequence): (RouteId, u64),
    ) {
        let topic = sighting.topic.as_str();
        let here = self.accounts.at(route, probe);
        let Some(index) = here.or_else(|| self.accounts.of_route(route).next()) else { return };
        let account = &self.accounts.all[index];
        let meaning = || self.formats.meaning(route, &sighting.raw);
        let standing = account.record.standing(sequence, &SeenPayload::new(&sighting.raw, &meaning));
        let is_free = || account.is_behind && !self.topics.are_of_probe(probe);
        let on_foreign_topic = || is_free() && self.topics.routes(&self.plan, probe, topic).is_empty();
        // Whoever sees a message beside any topic says nothing about where it belongs.
        let is_home = topic.is_empty() || topic_of(&self.plan, probe, route) == topic || on_foreign_topic();
        if self.is_of_the_past(probe, sighting, claim, standing) {
            self.totals.retained += 1;
            self.kept_topics.insert(route);
            if let (Some(index), Standing::Altered(_) | Standing::NeverSaid) = (here, standing) {
                let stale = (Incident::Stale, Incident::Stale.words());
                self.incident(index, Some(sequence), sighting.observed_at, stale);
            }
        } else if !is_home {
            if standing == Standing::Unseen
                && let Some(index) = here
            {
                self.accounts.all[index].record.see_astray(sequence);
            }
            self.sighted_astray(probe, sighting, route, Some(sequence));
        } else if here.is_none() {
            self.totals.elsewhere += 1;
        } else {
            self.sighted_at_home(index, sighting, claim, (sequence, standing));
        }
    }

    /// A message of ours on a topic where it belongs, at a probe that watches its route.
    fn sighted_at_home(
        &mut self,
        index: usize,
        sighting: &Sighting,
        claim: &Claim<'_>,
        (sequence, standing): (u64, Standing),
    ) {
        let account = &mut self.accounts.all[index];
        let at = sighting.observed_at;
        let what = |incident: Incident| (incident, incident.words());
        match standing {
            Standing::Unseen => {
                let is_late = account.record.see(sequence, at);
                if account.is_first {
                    self.series.delivered(at);
                }
                self.note_pause(index, sequence, at);
                if is_late {
                    self.incident(index, Some(sequence), at, what(Incident::OutOfOrder));
                }
                self.settle(index, sequence);
            }
            Standing::Seen => {
                let eyes = account.probe.map(|probe| &mut self.eyes[usize::from(probe)]);
                match eyes.filter(|eyes| sighting.redelivered && eyes.was_away()) {
                    // The probe had been away before it could say that it has it.
                    Some(eyes) => eyes.redelivered += 1,
                    None => self.incident(index, Some(sequence), at, what(Incident::Duplicate)),
                }
            }
            Standing::Altered(_) | Standing::NeverSaid | Standing::TooOld => {
                let route = account.route;
                self.totals.unfamiliar += u64::from(standing == Standing::NeverSaid);
                let (incident, what) = self.fault(route, claim, standing);
                let what = self.told_with_difference(what, (incident, standing), (route, sequence), sighting);
                if let Standing::Altered(said) = standing
                    && self.note_altered(index, (sequence, at), incident, said, claim)
                {
                    self.note_pause(index, sequence, at);
                }
                self.incident(index, Some(sequence), at, (incident, &what));
            }
        }
    }

    /// Notes what an altered sighting says about the fate of the message whose name it has. Words of another message under
    /// that name say nothing. Tells whether that message came by it, and had not been seen before.
    fn note_altered(
        &mut self,
        index: usize,
        (sequence, at): (u64, i64),
        incident: Incident,
        said: Option<Imprint>,
        claim: &Claim<'_>,
    ) -> bool {
        let record = &mut self.accounts.all[index].record;
        match claim.device_time_ms {
            _ if is_of_same_time(said, claim) => record.see_altered(sequence, at),
            _ if incident != Incident::Corrupted => false,
            None => record.see_altered(sequence, at),
            Some(time) if record.has_said_at(time) => false,
            // Whether another device has said it at that time is known at the end.
            Some(time) => {
                record.see_strange(sequence, time, at);
                self.totals.unfamiliar += 1;
                false
            }
        }
    }

    /// Adds where what was seen differs from what was said, while that is known.
    fn told_with_difference<'w>(
        &mut self,
        what: Cow<'w, str>,
        (incident, standing): (Incident, Standing),
        (route, sequence): (RouteId, u64),
        sighting: &Sighting,
    ) -> Cow<'w, str> {
        let is_told = incident == Incident::Corrupted && what == incident.words();
        if !is_told || !matches!(standing, Standing::Altered(_)) || self.differences_told >= MOST_DIFFERENCES {
            return what;
        }
        let Some(said) = self.recent.of(route, sequence) else { return what };
        // Spelling is not what differs, where the format knows what a payload means.
        let meanings = self.formats.meaning(route, said).zip(self.formats.meaning(route, &sighting.raw));
        let told = match &meanings {
            Some((said, seen)) => difference(said, seen),
            None => difference(said, &sighting.raw),
        };
        let Some(told) = told else { return what };
        self.differences_told += 1;
        format!("{what}: {told}").into()
    }

    /// What is wrong with a sighting that is not what was said.
    fn fault(&self, route: RouteId, claim: &Claim<'_>, standing: Standing) -> (Incident, Cow<'static, str>) {
        let roster = &self.plan.roster;
        let wearer = &roster.patients[roster.devices[roster.routes[route.index()].device.index()].patient.index()];
        if let Some(patient) = claim.patient_id.as_deref()
            && patient != wearer.patient_id
        {
            let what = format!("observed as data of patient `{patient}`, and `{}` wears the device", wearer.patient_id);
            return (Incident::IdentityMismatch, what.into());
        }
        let incident = match standing {
            Standing::TooOld => Incident::TooOld,
            Standing::NeverSaid => Incident::Invented,
            Standing::Altered(_) | Standing::Unseen | Standing::Seen => Incident::Corrupted,
        };
        if let Standing::Altered(Some(said)) = standing
            && let (Some(said_ms), Some(seen_ms)) = (said.device_time_ms(), claim.device_time_ms)
            && said_ms != seen_ms
        {
            let apart = figures::duration(seen_ms.abs_diff(said_ms) as f64 * 1e6);
            let direction = if seen_ms < said_ms { "earlier" } else { "later" };
            return (incident, format!("observed with a device time {apart} {direction} than was said").into());
        }
        (incident, incident.words().into())
    }

    /// Whether a store of the past has given what was there before the run, or what has been seen already. A broker marks
    /// so what it gives to whoever has just subscribed; whoever marks more hides nothing by it.
    fn is_of_the_past(&self, probe: usize, sighting: &Sighting, claim: &Claim<'_>, standing: Standing) -> bool {
        sighting.retained
            && match standing {
                Standing::Unseen => false,
                Standing::Seen | Standing::TooOld | Standing::Altered(_) | Standing::NeverSaid => {
                    self.may_be_of_the_past(probe, sighting, claim)
                }
            }
    }

    fn may_be_of_the_past(&self, probe: usize, sighting: &Sighting, claim: &Claim<'_>) -> bool {
        let start_ms = self.plan.roster.start_epoch_ns.div_euclid(1_000_000);
        claim.device_time_ms.is_some_and(|time| time < start_ms)
            || self.eyes.get(probe).is_none_or(|eyes| eyes.has_just_subscribed(sighting.observed_at))
    }

    /// A message of ours on a topic that is not its own.
    fn sighted_astray(&mut self, probe: usize, sighting: &Sighting, route: RouteId, sequence: Option<u64>) {
        let Some(other) = self.topics.routes(&self.plan, probe, &sighting.topic).last().copied() else {
            self.sighted_nowhere(probe, sighting, route, sequence);
            return;
        };
        let of_route = self.accounts.at(route, probe).or_else(|| self.accounts.of_route(route).next());
        let Some(index) = of_route.filter(|_| self.accounts.at(other, probe).is_some()) else {
            self.totals.elsewhere += 1;
            return;
        };
        let routes = &self.plan.roster.routes;
        let same_device = routes[other.index()].device == routes[route.index()].device;
        let incident = if same_device { Incident::Corrupted } else { Incident::IdentityMismatch };
        let what = format!("observed on the topic of {}", self.plan.route_path(other.index()));
        self.incident(index, sequence, sighting.observed_at, (incident, &what));
    }

    /// A message of ours on a topic that is nobody's. Where a probe knows on which topics to see whom, that is a name which
    /// nobody has.
    fn sighted_nowhere(&mut self, probe: usize, sighting: &Sighting, route: RouteId, sequence: Option<u64>) {
        match self.accounts.at(route, probe).filter(|_| self.topics.are_of_probe(probe)) {
            Some(index) => {
                let what = format!("observed on `{}`, which is the topic of nobody here", sighting.topic);
                self.incident(index, sequence, sighting.observed_at, (Incident::IdentityMismatch, &what));
            }
            None => self.totals.foreign += 1,
        }
    }

    fn sighted_on_topic(&mut self, probe: usize, sighting: &Sighting, claim: &Claim<'_>, stranger: Stranger<'_>) {
        let routes = self.topics.routes(&self.plan, probe, &sighting.topic).to_vec();
        self.sighted_stranger(probe, sighting, claim, &routes, stranger);
    }

    /// A sighting that is none of the messages of these routes.
    fn sighted_stranger(
        &mut self,
        probe: usize,
        sighting: &Sighting,
        claim: &Claim<'_>,
        routes: &[RouteId],
        stranger: Stranger<'_>,
    ) {
        if self.topics.is_will(&self.plan, &sighting.topic, &sighting.raw) {
            self.totals.wills += 1;
            return;
        }
        let Some(route) = routes.last().copied() else {
            self.totals.foreign += 1;
            if let (Some(eyes), Stranger::Unread | Stranger::Unmatched) = (self.eyes.get_mut(probe), stranger) {
                eyes.unread.note_unread(&sighting.topic, sighting.observed_at);
                eyes.has_unread_beside_topics |= sighting.topic.is_empty();
            }
            return;
        };
        let at = sighting.observed_at;
        let is_clearing = sighting.raw.is_empty() && self.is_kept_on(route);
        if is_clearing || sighting.retained && self.may_be_of_the_past(probe, sighting, claim) {
            self.totals.retained += 1;
            self.kept_topics.insert(route);
            if let Some(index) = self.accounts.at(route, probe).filter(|_| !sighting.raw.is_empty()) {
                self.incident(index, None, at, (Incident::Stale, Incident::Stale.words()));
            }
        } else if let Some(index) = self.accounts.at(route, probe) {
            match stranger {
                Stranger::Incident(incident, what) => self.incident(index, None, at, (incident, what)),
                Stranger::Unread | Stranger::Unmatched if sighting.raw.is_empty() => {
                    self.incident(index, None, at, (Incident::Corrupted, "observed empty on this topic"));
                }
                Stranger::Unread => {
                    self.incident(index, None, at, (Incident::Corrupted, "observed unreadable on this topic"));
                }
                Stranger::Unmatched => self.unmatched(probe, routes),
            }
        } else {
            self.totals.elsewhere += 1;
        }
    }

    /// Whether a target may keep something on the topic of a route, which an empty message then clears.
    fn is_kept_on(&self, route: RouteId) -> bool {
        self.plan.deliveries[route.index()].retain || self.kept_topics.contains(&route)
    }

    /// Nobody can tell which message of these routes it is.
    fn unmatched(&mut self, probe: usize, routes: &[RouteId]) {
        let mut concerns_judged = false;
        for route in routes {
            if let Some(index) = self.accounts.at(*route, probe) {
                let account = &mut self.accounts.all[index];
                account.unmatched += 1;
                concerns_judged |= account.is_judged;
            }
        }
        self.unmatched += u64::from(concerns_judged);
    }

    /// Something is wrong with what was seen at an instant.
    pub(super) fn incident(
        &mut self,
        index: usize,
        sequence: Option<u64>,
        at: i64,
        (incident, what): (Incident, &str),
    ) {
        self.count(index, |counts| match incident {
            Incident::Duplicate => counts.duplicates += 1,
            Incident::OutOfOrder => counts.out_of_order += 1,
            Incident::Corrupted => counts.corrupted += 1,
            Incident::Invented => counts.invented += 1,
            Incident::IdentityMismatch => counts.identity_mismatch += 1,
            Incident::Stale => counts.stale += 1,
            Incident::TooOld => counts.too_old += 1,
        });
        let account = &self.accounts.all[index];
        let origin = Origin {
            plan: &self.plan,
            route: account.route.0,
            segment: account.record.segment_of(sequence.unwrap_or(u64::MAX)),
            probe: account.probe,
            is_first: account.is_first,
        };
        // What comes in the drain is the last that the run brings about.
        let last = SimTime::from_nanos(self.plan.time.length.nanos() - 1);
        let seen_in = self.expectations.segment(self.simulated(at).min(last));
        self.expectations.incident(origin, seen_in, incident, sequence, what);
    }
}

/// Whether data under a wrong name are those of the message that was said: the device's clock is not another one's.
fn is_of_same_time(said: Option<Imprint>, claim: &Claim<'_>) -> bool {
    said.is_some_and(|said| said.device_time_ms() == claim.device_time_ms)
}

/// What the judge knows of what was said, where a probe stands.
struct KnownAt<'l> {
    ledger: &'l Ledger,
    probe: usize,
}

impl Known for KnownAt<'_> {
    fn device(&self, serial: &str) -> Option<SimId> {
        self.ledger.device_by_serial.get(serial).copied()
    }

    fn route(&self, device: SimId, stream: &str) -> Option<RouteId> {
        let streams = &self.ledger.plan.roster.devices[device.index()].streams;
        streams.iter().find(|known| known.id == stream).map(|known| known.route)
    }

    fn routes_of(&self, device: SimId) -> Vec<RouteId> {
        let streams = &self.ledger.plan.roster.devices[device.index()].streams;
        streams.iter().map(|stream| stream.route).collect()
    }

    fn routes_on(&self, topic: &str) -> &[RouteId] {
        self.ledger.topics.routes(&self.ledger.plan, self.probe, topic)
    }

    fn names_of(&self, route: RouteId) -> (SimId, &str) {
        let roster = &self.ledger.plan.roster;
        let route = &roster.routes[route.index()];
        (route.device, &roster.devices[route.device.index()].streams[usize::from(route.stream)].id)
    }

    fn at_time(&self, route: RouteId, device_time_ms: i64) -> Recall {
        self.named(route, Naming::DeviceTime, device_time_ms.cast_unsigned())
    }

    fn with_bytes(&self, route: RouteId, bytes: &[u8]) -> Recall {
        self.named(route, Naming::Bytes, self.ledger.formats.imprint(route, bytes).meaning())
    }

    fn saying(&self, bytes: &[u8]) -> Vec<RouteId> {
        let accounts = self.ledger.accounts.all.iter();
        let nameless = accounts.filter(|account| {
            account.naming == Some(Naming::Bytes) && account.probe.map(usize::from) == Some(self.probe)
        });
        let says_so = |route: &RouteId| matches!(self.with_bytes(*route, bytes), Recall::Message(_));
        nameless.map(|account| account.route).filter(says_so).collect()
    }
}

impl KnownAt<'_> {
    fn named(&self, route: RouteId, naming: Naming, name: u64) -> Recall {
        let accounts = &self.ledger.accounts;
        let index = accounts.at(route, self.probe).or_else(|| accounts.of_route(route).next());
        match index.map(|index| &accounts.all[index]) {
            Some(account) if account.naming == Some(naming) => account.record.named(name),
            _ => Recall::Forgotten,
        }
    }
}
/// What a sighting says of itself, and why the payload does not say more, where it had to be asked.
fn claim<'s>(
    sighting: &'s Sighting,
    read: impl FnOnce() -> Result<MessageKey<'s>, KeyError>,
) -> (Claim<'s>, Option<KeyError>) {
    let mut claim = Claim {
        device_serial: sighting.who.as_deref().map(Cow::Borrowed),
        patient_id: None,
        stream: sighting.stream.as_deref().map(Cow::Borrowed),
        sequence: sighting.sequence,
        device_time_ms: sighting.device_time_ms,
    };
    if claim.device_serial.is_some() && claim.stream.is_some() && claim.sequence.is_some() {
        return (claim, None);
    }
    match read() {
        Ok(key) => {
            claim.device_serial = claim.device_serial.or_else(|| said(key.device_serial));
            claim.stream = claim.stream.or_else(|| said(key.stream));
            claim.patient_id = key.patient_id;
            claim.sequence = claim.sequence.or(key.sequence);
            claim.device_time_ms = claim.device_time_ms.or(key.device_time_ms);
            (claim, None)
        }
        Err(error) => (claim, Some(error)),
    }
}

/// A part of a key, unless the payload leaves it to its topic.
fn said(part: Cow<'_, str>) -> Option<Cow<'_, str>> {
    (!part.is_empty()).then_some(part)
}

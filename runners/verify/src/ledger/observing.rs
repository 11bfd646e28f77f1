//! What the ledger makes of sightings.

use std::borrow::Cow;

use sim_core::{RouteId, SimId};
use vocabulary::{KeyError, MessageKey, Sighting};
use xxhash_rust::xxh3::xxh3_64;

use super::Ledger;
use crate::fate::Incident;
use crate::matcher::{Claim, Finding, Known, Recall};
use crate::measure::Origin;
use crate::route_formats::Naming;
use crate::route_record::Observation;

/// A sighting that is no message of ours; on a topic of ours it needs an explanation.
#[derive(Debug, Clone, Copy)]
enum Stranger {
    /// It should not be there, and these words say why.
    Incident(Incident, &'static str),
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
        let routes = self.topics.routes(&self.plan, topic);
        if routes.is_empty() && (topic.ends_with("/cmd") || topic.ends_with("/ack")) {
            self.totals.command_traffic += 1;
            return;
        }
        let target = self.plan.probes.get(probe).map_or(usize::MAX, |probe| probe.target);
        let (claim, error) = claim(sighting, || self.formats.find(routes, target, &sighting.raw));
        let (rule, finding) = self.find(sighting, &claim);
        match finding {
            Finding::Message { route, sequence } => {
                if let (Some(rule), Some(matched)) = (rule, self.matched.get_mut(probe)) {
                    matched[rule] += 1;
                }
                self.sighted_message(probe, sighting, route, sequence);
            }
            Finding::NeverSaid { route } if self.plan.deliveries[route.index()].topic != topic => {
                self.sighted_astray(probe, topic, route, None);
            }
            Finding::NeverSaid { route } => {
                let what = "observed although no device had said it";
                self.sighted_stranger(probe, sighting, &[route], Stranger::Incident(Incident::Invented, what));
            }
            Finding::UnknownDevice => {
                let what = "observed on this topic with the serial of an unknown device";
                self.sighted_on_topic(probe, sighting, Stranger::Incident(Incident::IdentityMismatch, what));
            }
            Finding::UnknownStream => {
                let what = "observed on this topic with a stream that the device does not have";
                self.sighted_on_topic(probe, sighting, Stranger::Incident(Incident::Invented, what));
            }
            Finding::NotApplicable if matches!(error, Some(KeyError::Unreadable { .. })) => {
                let what = "observed unreadable on this topic";
                self.sighted_on_topic(probe, sighting, Stranger::Incident(Incident::Corrupted, what));
            }
            Finding::NotApplicable => self.sighted_on_topic(probe, sighting, Stranger::Unmatched),
        }
    }

    /// Asks the rules in turn; gives the one that knew.
    fn find(&self, sighting: &Sighting, claim: &Claim<'_>) -> (Option<usize>, Finding) {
        for (rule, row) in self.matchers.iter().enumerate() {
            match row.matcher.find(sighting, claim, self) {
                Finding::NotApplicable => {}
                Finding::Message { route, .. } | Finding::NeverSaid { route }
                    if route.index() >= self.accounts.len() => {}
                finding => return (Some(rule), finding),
            }
        }
        (None, Finding::NotApplicable)
    }

    fn sighted_message(&mut self, probe: usize, sighting: &Sighting, route: RouteId, sequence: u64) {
        let topic = sighting.topic.as_str();
        let digest = xxh3_64(&sighting.raw);
        if sighting.retained && !self.accounts[route.index()].record.expects(sequence, digest) {
            self.totals.retained += 1;
        } else if self.plan.deliveries[route.index()].topic != topic {
            self.sighted_astray(probe, topic, route, Some(sequence));
        } else if self.accounts[route.index()].probe.map(usize::from) != Some(probe) {
            self.totals.elsewhere += 1;
        } else {
            self.sighted_at_home(route, sequence, digest, sighting.observed_at);
        }
    }

    /// A message of ours on the topic where it belongs, at the probe that judges it.
    fn sighted_at_home(&mut self, route: RouteId, sequence: u64, digest: u64, at: i64) {
        let what = |incident: Incident| (incident, incident.words());
        match self.accounts[route.index()].record.observed(sequence, digest, at) {
            Observation::First { out_of_order } => {
                self.series.delivered(at);
                if out_of_order {
                    self.incident(route, Some(sequence), what(Incident::OutOfOrder));
                }
                self.settle(route, sequence);
            }
            Observation::Duplicate => self.incident(route, Some(sequence), what(Incident::Duplicate)),
            Observation::Corrupted => self.incident(route, Some(sequence), what(Incident::Corrupted)),
            Observation::Invented => self.incident(route, Some(sequence), what(Incident::Invented)),
            Observation::Forgotten => {}
        }
    }

    /// A message of ours on a topic that is not its own.
    fn sighted_astray(&mut self, probe: usize, topic: &str, route: RouteId, sequence: Option<u64>) {
        let Some(other) = self.topics.routes(&self.plan, topic).last().copied() else {
            self.totals.foreign += 1;
            return;
        };
        if self.accounts[other.index()].probe.map(usize::from) != Some(probe) {
            self.totals.elsewhere += 1;
            return;
        }
        let routes = &self.plan.roster.routes;
        let same_device = routes[other.index()].device == routes[route.index()].device;
        let incident = if same_device { Incident::Corrupted } else { Incident::IdentityMismatch };
        let what = format!("observed on the topic of {}", self.plan.route_path(other.index()));
        self.incident(route, sequence, (incident, &what));
    }

    fn sighted_on_topic(&mut self, probe: usize, sighting: &Sighting, stranger: Stranger) {
        let routes = self.topics.routes(&self.plan, &sighting.topic).to_vec();
        self.sighted_stranger(probe, sighting, &routes, stranger);
    }

    /// A sighting that is none of the messages of these routes.
    fn sighted_stranger(&mut self, probe: usize, sighting: &Sighting, routes: &[RouteId], stranger: Stranger) {
        if self.topics.is_will(&self.plan, &sighting.topic, &sighting.raw) {
            self.totals.wills += 1;
            return;
        }
        let Some(route) = routes.last().copied() else {
            self.totals.foreign += 1;
            return;
        };
        if sighting.retained || sighting.raw.is_empty() {
            self.totals.retained += 1;
        } else if self.accounts[route.index()].probe.map(usize::from) != Some(probe) {
            self.totals.elsewhere += 1;
        } else {
            match stranger {
                Stranger::Incident(incident, what) => self.incident(route, None, (incident, what)),
                Stranger::Unmatched => {
                    self.unmatched += 1;
                    for route in routes {
                        self.accounts[route.index()].unmatched += 1;
                    }
                }
            }
        }
    }

    pub(super) fn incident(&mut self, route: RouteId, sequence: Option<u64>, (incident, what): (Incident, &str)) {
        let account = &mut self.accounts[route.index()];
        let segment = account.record.segment_of(sequence.unwrap_or(u64::MAX));
        for counts in [&mut account.counts, &mut self.totals.counts] {
            match incident {
                Incident::Duplicate => counts.duplicates += 1,
                Incident::OutOfOrder => counts.out_of_order += 1,
                Incident::Corrupted => counts.corrupted += 1,
                Incident::Invented => counts.invented += 1,
                Incident::IdentityMismatch => counts.identity_mismatch += 1,
            }
        }
        self.expectations.incident(Origin { plan: &self.plan, route: route.0, segment }, incident, sequence, what);
    }
}

impl Known for Ledger {
    fn device(&self, serial: &str) -> Option<SimId> {
        self.device_by_serial.get(serial).copied()
    }

    fn route(&self, device: SimId, stream: &str) -> Option<RouteId> {
        let streams = &self.plan.roster.devices[device.index()].streams;
        streams.iter().find(|known| known.id == stream).map(|known| known.route)
    }

    fn routes_on(&self, topic: &str) -> &[RouteId] {
        self.topics.routes(&self.plan, topic)
    }

    fn at_time(&self, route: RouteId, device_time_ms: i64) -> Recall {
        self.named(route, Naming::DeviceTime, device_time_ms.cast_unsigned())
    }

    fn with_bytes(&self, route: RouteId, bytes: &[u8]) -> Recall {
        self.named(route, Naming::Bytes, xxh3_64(bytes))
    }
}

impl Ledger {
    fn named(&self, route: RouteId, naming: Naming, name: u64) -> Recall {
        match self.accounts.get(route.index()) {
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
        stream: sighting.stream.as_deref().map(Cow::Borrowed),
        sequence: sighting.sequence,
        device_time_ms: sighting.device_time_ms,
    };
    if claim.device_serial.is_some() && claim.stream.is_some() && claim.sequence.is_some() {
        return (claim, None);
    }
    match read() {
        Ok(key) => {
            claim.device_serial.get_or_insert(key.device_serial);
            claim.stream.get_or_insert(key.stream);
            claim.sequence = claim.sequence.or(key.sequence);
            claim.device_time_ms = claim.device_time_ms.or(key.device_time_ms);
            (claim, None)
        }
        Err(error) => (claim, Some(error)),
    }
}

//! Probes that see nothing of what devices say, and what devices say that no probe sees.

use std::collections::BTreeSet;

use sim_core::Route;
use vocabulary::Telling;

use crate::events::path::Cast;
use crate::language::diagnostic::{Notes, Place};
use crate::network::probe::Probes;
use crate::network::topic_filter::{matches_by, overlap};
use crate::plan::{Carrier, Delivery, Endpoint, ProbePlan};

/// Everything that is published, and who looks.
pub(crate) struct Publications<'a> {
    pub(crate) notes: &'a Notes,
    pub(crate) cast: &'a Cast<'a>,
    pub(crate) deliveries: &'a [Delivery],
    pub(crate) endpoints: &'a [Endpoint],
    pub(crate) probes: &'a Probes,
    /// The probes that expectations name.
    pub(crate) asked: &'a [usize],
    /// Whether every expectation names one.
    pub(crate) all_asked: bool,
}

impl Publications<'_> {
    /// Warns about filters that see nothing, and about streams that nobody sees.
    pub(crate) fn check(&self) {
        for (index, probe) in self.declared() {
            if let Some(place) = self.probes.topic_place(index) {
                self.check_topic(probe, place);
            }
            for (index, (filter, place)) in probe.filters.iter().zip(self.places_of(index)).enumerate() {
                if probe.topics.is_none() {
                    self.check_filter(probe, filter, *place);
                }
                if let Some(earlier) = probe.filters[..index].iter().find(|earlier| overlap(earlier, filter)) {
                    let message = format!(
                        "`{filter}` and `{earlier}` of this probe overlap: brokers may deliver a message once for each, and \
                         the copy would count as a duplicate of the stack"
                    );
                    self.notes.error(*place, message);
                }
            }
        }
        for (index, probe) in self.declared() {
            self.check_names_told(probe, self.places_of(index));
        }
        // A probe that was refused watches as well, once it is mended.
        if self.notes.failed() {
            return;
        }
        for target in 0..self.cast.targets.len() {
            self.check_watched(target);
            self.check_shared(target);
            self.check_downstream(target);
        }
    }

    /// The stack may publish something of its own, so it is not an error; and nothing to tell of where expectations ask
    /// what came there.
    fn check_filter(&self, probe: &ProbePlan, filter: &str, place: Place) {
        let mut streams = self.streams_to(probe.target).peekable();
        if streams.peek().is_none() || self.is_asked(probe) {
            return;
        }
        let of_streams = streams.any(|(_, topic)| takes_in(filter, topic));
        if !of_streams && !self.wills_to(probe.target).any(|topic| takes_in(filter, topic)) {
            let message = format!(
                "`{filter}` takes in no topic on which a device publishes to `{}`: unless the stack itself publishes there, \
                 the probe sees nothing; and what it sees is judged only by an expectation with `probe = \"{}\"`",
                self.cast.targets[probe.target].id.value, probe.id
            );
            self.notes.warning(place, message);
        }
    }

    /// Complains about topics of a probe's own that its filters do not take in, and tells where expectations speak of another
    /// probe.
    fn check_topic(&self, probe: &ProbePlan, place: Place) {
        let Some(topics) = &probe.topics else { return };
        let mut unseen = topics.of_routes.iter().filter(|topic| !sees(probe, topic));
        if let Some(topic) = unseen.next() {
            let count = 1 + unseen.count();
            let message = format!(
                "the filters of probe `{}` do not take in {count} of its {} topics, such as `{topic}`: leave `filter` out, or \
                 let it take them in",
                probe.id,
                topics.of_routes.len(),
            );
            self.notes.error(place, message);
        }
        let sees_devices = |other: &ProbePlan| self.streams_to(probe.target).any(|(_, topic)| sees(other, topic));
        let mut of_devices = self.watchers(probe.target).filter(|(other, _)| other.topics.is_none());
        let judge = of_devices.find(|(other, _)| sees_devices(other));
        if let Some((judge, _)) = judge.filter(|_| !self.is_asked(probe)) {
            let message = format!(
                "probe `{}` watches the topics of the devices, so expectations speak of what it sees; what `{1}` sees is \
                 counted, and judged by an expectation with `probe = \"{1}\"`",
                judge.id, probe.id
            );
            self.notes.warning(place, message);
        }
    }

    fn declared(&self) -> impl Iterator<Item = (usize, &ProbePlan)> {
        self.probes.plans.iter().take(self.probes.filter_places.len()).enumerate()
    }

    /// Where the filters of a probe stand; nowhere for one that nobody declared.
    fn places_of(&self, probe: usize) -> &[Place] {
        self.probes.filter_places.get(probe).map_or(&[][..], Vec::as_slice)
    }

    /// On topics of nobody only payloads that name their message themselves are sure to be known.
    fn check_names_told(&self, probe: &ProbePlan, places: &[Place]) {
        let Some(place) = places.first().filter(|_| probe.topics.is_none()) else { return };
        if self.deliveries.iter().any(|delivery| sees(probe, &delivery.topic)) {
            return;
        }
        let roster = self.cast.roster;
        let formats: BTreeSet<&str> = roster.routes.iter().map(|route| route.format.as_str()).collect();
        for name in formats {
            let Ok(format) = self.cast.registry.format_of(&roster.formats, name) else { continue };
            let what = match format.tells() {
                Telling::Message => continue,
                Telling::MessageOfTopic => {
                    "leave to their topic which device and stream they are of, so nobody can tell what is seen here, and \
                     what is missing stays unjudged"
                }
                Telling::Nothing => {
                    "do not say which message they are, so what is seen here is known only where one stream alone has said \
                     just that; with anything else, what is missing stays unjudged"
                }
            };
            let message =
                format!("no device publishes on the topics of probe `{}`, and payloads of `{name}` {what}", probe.id);
            self.notes.warning(*place, message);
        }
    }

    /// A run of which something is watched by nobody is inconclusive, unless every expectation asks what came elsewhere.
    fn check_watched(&self, target: usize) {
        if self.all_asked {
            return;
        }
        let watchers = || self.watchers(target);
        let is_watched = |topic: &str| watchers().any(|(probe, _)| probe.topics.is_some() || sees(probe, topic));
        let sees_nothing = !self.streams_to(target).any(|(_, topic)| is_watched(topic));
        if sees_nothing && watchers().next().is_some() {
            // That has been said of each filter.
            return;
        }
        let mut unwatched = self.streams_to(target).filter(|(_, topic)| !is_watched(topic));
        let Some((route, topic)) = unwatched.next() else { return };
        let count = 1 + unwatched.count();
        let device = &self.cast.roster.devices[route.device.index()];
        let stream = &device.streams[usize::from(route.stream)].id;
        let declared = &self.cast.targets[target].id;
        let place = watchers().find_map(|(_, places)| places.first()).unwrap_or(&declared.place);
        let message = format!(
            "no probe watches {count} of the streams that devices publish to `{}`, such as `{}/{stream}` on `{topic}`: nobody \
             can tell what becomes of them, so the run will be inconclusive",
            declared.value, device.path
        );
        self.notes.warning(*place, message);
    }

    /// Tells which of several probes expectations speak of, where none names another.
    fn check_shared(&self, target: usize) {
        let on_own_topics = self.watchers(target).filter(|(probe, _)| probe.topics.is_none());
        let watchers: Vec<(&ProbePlan, &[Place])> = on_own_topics.collect();
        for (index, (probe, places)) in watchers.iter().enumerate().filter(|(_, (probe, _))| !self.is_asked(probe)) {
            let shared = watchers[..index].iter().find_map(|(judge, _)| {
                let topic = self.streams_to(target).find(|(_, topic)| sees(probe, topic) && sees(judge, topic))?.1;
                Some((&judge.id, topic))
            });
            let place = places.first().unwrap_or(&self.cast.targets[target].id.place);
            if let Some((judge, topic)) = shared {
                let message = format!(
                    "probe `{judge}` watches `{topic}` as well and is declared first, so expectations speak of what it sees; \
                     what `{0}` sees is counted, and judged by an expectation with `probe = \"{0}\"`",
                    probe.id
                );
                self.notes.warning(*place, message);
            }
        }
    }

    /// Tells of probes behind the targets of devices of which no expectation speaks.
    fn check_downstream(&self, target: usize) {
        if self.streams_to(target).next().is_some() {
            return;
        }
        for (probe, places) in self.watchers(target).filter(|(probe, _)| !self.is_asked(probe)) {
            let declared = &self.cast.targets[target].id;
            let message = format!(
                "no device publishes to `{0}`, so probe `{1}` is a checkpoint behind the other targets; what it sees is \
                 counted, and judged by an expectation with `probe = \"{1}\"`",
                declared.value, probe.id
            );
            self.notes.warning(*places.first().unwrap_or(&declared.place), message);
        }
    }

    fn is_asked(&self, probe: &ProbePlan) -> bool {
        self.asked.iter().any(|asked| self.probes.plans.get(*asked).is_some_and(|asked| asked.id == probe.id))
    }

    /// The probes of a target, each with the places of its filters.
    fn watchers(&self, target: usize) -> impl Iterator<Item = (&ProbePlan, &[Place])> {
        let probes = self.probes.plans.iter().enumerate().filter(move |(_, probe)| probe.target == target);
        probes.map(|(index, probe)| (probe, self.places_of(index)))
    }

    /// The streams that go to a target, each with its topic.
    fn streams_to(&self, target: usize) -> impl Iterator<Item = (&Route, &str)> {
        let routes = self.cast.roster.routes.iter().zip(self.deliveries);
        let here = routes.filter(move |(route, _)| self.connects_to(route.device.index(), target));
        here.map(|(route, delivery)| (route, delivery.topic.as_str()))
    }

    /// Topics of the last wills of those who connect to a target.
    fn wills_to(&self, target: usize) -> impl Iterator<Item = &str> {
        let endpoints = self.endpoints.iter().enumerate().filter(move |(device, _)| self.connects_to(*device, target));
        endpoints.filter_map(|(_, endpoint)| endpoint.will.as_ref()).map(|will| will.topic.as_str())
    }

    fn connects_to(&self, device: usize, target: usize) -> bool {
        let link = self.cast.links[self.cast.roster.devices[device].link].body.as_ref();
        link.is_ok_and(|body| body.plan.target == target && body.plan.carrier != Carrier::Host)
    }
}

fn sees(probe: &ProbePlan, topic: &str) -> bool {
    probe.filters.iter().any(|filter| takes_in(filter, topic))
}

/// Whether a filter takes in a topic. `${run}`, which the runner fills in, may be any part of a level.
fn takes_in(filter: &str, topic: &str) -> bool {
    matches_by(filter, topic, |wanted, level| wanted == level || level.contains("${run}"))
}

#[cfg(test)]
mod tests {
    use super::takes_in;

    #[test]
    fn filters_take_in_what_mqtt_says() {
        let sees = |filter: &str, topic| takes_in(filter, topic);
        assert!(sees("a/+/c", "a/b/c") && sees("a/#", "a/b/c") && sees("a/#", "a") && sees("a/x-1", "a/${run}-1"));
        assert!(!sees("a/+", "a/b/c") && !sees("b/#", "a/b") && !sees("a/b/c", "a/b"));
    }
}

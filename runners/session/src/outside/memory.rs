//! Virtual time: connections, brokers, probes and the clock in memory; as fast as possible, and equal for equal runs.

use std::time::Instant;

use carriers::{Carrier, CarrierStats, Heard, Pace, Time};
use probes::Sighting;
use scenarios::Plan;
use sim_core::Span;
use verify::{Event, TargetReport};

use super::probing::{Looking, looking};
use super::{Beginning, Finished, Outside, Parties};
use crate::commander::Answers;
use crate::error::Error;
use crate::judge::Teller;
use crate::observer::{Note, Observer};
use crate::publication::Publication;

/// What the report says of a target to which no carrier leads.
const UNUSED: &str = "not used in virtual time";

/// The world in memory.
pub(crate) struct Memory {
    targets: Vec<Target>,
    now_ns: i64,
    teller: Teller,
    reports: Vec<TargetReport>,
}

/// A target with the connections of devices to it.
struct Target {
    /// None leads to a place for Bluetooth hosts.
    carrier: Option<Box<dyn Carrier>>,
    /// Who listens, by listener.
    listeners: Vec<Listener>,
    /// Probes that look by themselves, by number.
    looking: Vec<Looking>,
}

enum Listener {
    Probe(usize),
    Commander(Answers),
}

impl Memory {
    /// Begins, `lead` before simulated time does.
    ///
    /// # Errors
    /// [`Error::Resources`] when a plan asks for what a carrier cannot carry, [`Error::Unreachable`] when a target cannot
    /// be used.
    pub(crate) fn start(beginning: &Beginning<'_>, lead: Span) -> Result<Self, Error> {
        let Beginning { plan, registry, run, members, expected, teller } = beginning;
        let begin_ns = -lead.nanos();
        let time = Time::Virtual { pace: Pace::real(Instant::now()), begin_ns };
        let mut targets = Vec::new();
        let mut reports = Vec::new();
        for (index, target) in plan.targets.iter().enumerate() {
            let is_host = plan.host_of(index).is_some();
            let parties = Parties::at(plan, members, index);
            let carrier = (!is_host).then(|| beginning.open(index, &parties, None, time)).transpose()?;
            let identity = carrier.as_ref().map_or_else(|| UNUSED.to_owned(), |carrier| carrier.identity());
            reports.push(TargetReport { id: target.id.clone(), url: target.url.clone(), identity });
            let looking = looking(plan, registry, run, index)?;
            let looks = |probe: usize| looking.iter().any(|(other, _)| *other == probe);
            let here = plan.probes.iter().enumerate().filter(|(_, probe)| probe.target == index);
            let listening: Vec<_> = here.filter(|(probe, _)| !looks(*probe)).collect();
            let mut target = Target { carrier, listeners: Vec::new(), looking };
            for (probe, seen) in listening {
                target.listen(plan, index, seen.filters.clone(), Listener::Probe(probe))?;
            }
            if let Some(answers) = expected.0.get(&index) {
                target.listen(plan, index, answers.topics.clone(), Listener::Commander(answers.clone()))?;
            }
            targets.push(target);
        }
        Ok(Self { targets, now_ns: begin_ns, teller: teller.clone(), reports })
    }
}

impl Target {
    fn listen(&mut self, plan: &Plan, index: usize, filters: Vec<String>, listener: Listener) -> Result<(), Error> {
        let other_end = self.carrier.as_mut().and_then(|carrier| carrier.other_end());
        let other_end = other_end.ok_or_else(|| Error::Unreachable {
            target: plan.targets[index].id.clone(),
            reason: "in virtual time nobody can listen there".to_owned(),
        })?;
        other_end.listen(filters);
        self.listeners.push(listener);
        Ok(())
    }

    /// Lets time pass until an instant [ns], and probes look whenever something has happened.
    fn pass(&mut self, mut now_ns: i64, until_ns: i64, teller: &Teller) {
        if !self.looking.is_empty() {
            while let Some(carrier) = &mut self.carrier
                && (now_ns..until_ns).contains(&carrier.next_ns())
            {
                // At least a nanosecond passes, so that it ends whatever the carrier says.
                now_ns = carrier.next_ns().max(now_ns + 1);
                carrier.advance_to(now_ns);
                self.tell(now_ns, teller);
            }
        }
        if let Some(carrier) = &mut self.carrier {
            carrier.advance_to(until_ns);
        }
        self.tell(until_ns, teller);
    }

    /// Tells what probes see and listeners have been shown.
    fn tell(&mut self, now_ns: i64, teller: &Teller) {
        for (probe, look) in &mut self.looking {
            let sightings = look.look(now_ns).into_iter();
            teller.tell(sightings.map(|sighting| Event::Sighted { probe: *probe, sighting }).collect());
        }
        let Some(other_end) = self.carrier.as_mut().and_then(|carrier| carrier.other_end()) else { return };
        let mut seen = Vec::new();
        for heard in other_end.take_heard() {
            match &self.listeners[heard.listener] {
                Listener::Probe(probe) => {
                    let Heard { topic, payload, at, .. } = heard;
                    let sighting = Sighting::publication(topic, payload, at);
                    seen.push(Event::Sighted { probe: *probe, sighting });
                }
                Listener::Commander(answers) => seen.extend(answers.hear(&heard.topic, &heard.payload, heard.at)),
            }
        }
        teller.tell(seen);
    }
}

impl Outside for Memory {
    fn carrier(&mut self, target: usize) -> Option<&mut (dyn Carrier + 'static)> {
        self.targets.get_mut(target)?.carrier.as_deref_mut()
    }

    fn targets(&self) -> usize {
        self.targets.len()
    }

    fn now_ns(&self) -> i64 {
        self.now_ns
    }

    fn pass_until(&mut self, at_ns: i64) {
        for target in &mut self.targets {
            target.pass(self.now_ns, at_ns, &self.teller);
        }
        self.now_ns = self.now_ns.max(at_ns);
    }

    fn command(&mut self, at_ns: i64, command: Publication) {
        let Publication { target, topic, payload } = command;
        let carrier = self.targets[target].carrier.as_mut();
        if let Some(other_end) = carrier.and_then(|carrier| carrier.other_end()) {
            other_end.publish_at(at_ns, topic, payload.into());
        }
    }

    fn finish(&mut self, drain_ns: i64, _: bool, observer: &dyn Observer) -> Finished {
        let mut stats = CarrierStats::default();
        for target in &mut self.targets {
            let Some(carrier) = &mut target.carrier else { continue };
            match carrier.finish(Span::from_nanos(drain_ns)) {
                Ok(counts) => stats.merge(&counts),
                Err(error) => observer.note(Note::ConnectionsEnded { reason: error.to_string() }),
            }
            target.tell(self.now_ns, &self.teller);
        }
        Finished { stats, targets: std::mem::take(&mut self.reports), doubts: Vec::new() }
    }
}

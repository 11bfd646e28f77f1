//! Virtual time: connections, brokers, probes and the clock in memory; as fast as possible, and equal for equal runs.

use std::time::Instant;

use carriers::{Carrier, FleetStats, MEMORY_LATENCY, Pace, VirtualFleet};
use probes::Sighting;
use scenarios::Plan;
use sim_core::{Registry, SimId, Span};
use verify::{Event, TargetReport};

use super::{Finished, Outside, Publication, connections, routes};
use crate::commander::{Answers, Expected};
use crate::error::Error;
use crate::judge::Teller;
use crate::observer::Observer;

/// What the report says of every target.
const IDENTITY: &str = "broker in memory (virtual time)";

/// The world in memory.
pub(crate) struct Memory {
    fleets: Vec<Target>,
    now_ns: i64,
    teller: Teller,
    expected: Expected,
    targets: Vec<TargetReport>,
}

/// A broker in memory with the devices that connect to it.
struct Target {
    fleet: VirtualFleet,
    /// Who listens, by listener.
    listeners: Vec<Listener>,
}

enum Listener {
    Probe(usize),
    Commander(Answers),
}

impl Memory {
    /// Begins so much time before simulated time does.
    ///
    /// # Errors
    /// [`Error::Resources`] when a plan asks for what MQTT cannot carry.
    pub(crate) fn start(
        plan: &Plan,
        registry: &Registry,
        devices: &[SimId],
        lead: Span,
        expected: Expected,
        teller: Teller,
    ) -> Result<Self, Error> {
        let begin_ns = -lead.nanos();
        let pace = Pace::real(Instant::now());
        let routes = routes(plan);
        let mut fleets = Vec::new();
        for target in 0..plan.targets.len() {
            let connections = connections(plan, registry, devices, target);
            let mut fleet =
                VirtualFleet::new(connections, std::sync::Arc::clone(&routes), MEMORY_LATENCY, pace, begin_ns)
                    .map_err(|error| Error::Resources(error.to_string()))?;
            let mut listeners = Vec::new();
            for (probe, seen) in plan.probes.iter().enumerate().filter(|(_, probe)| probe.target == target) {
                fleet.listen(seen.filters.clone());
                listeners.push(Listener::Probe(probe));
            }
            if let Some(answers) = expected.0.get(&target) {
                fleet.listen(answers.topics.clone());
                listeners.push(Listener::Commander(answers.clone()));
            }
            fleets.push(Target { fleet, listeners });
        }
        let targets = plan.targets.iter().map(|target| TargetReport {
            id: target.id.clone(),
            url: target.url.clone(),
            identity: IDENTITY.to_owned(),
        });
        Ok(Self { fleets, now_ns: begin_ns, teller, expected, targets: targets.collect() })
    }

    /// Tells what has happened at the targets.
    fn tell(&mut self) {
        for Target { fleet, listeners } in &mut self.fleets {
            self.teller.tell_carried(fleet.take_events());
            let mut seen = Vec::new();
            for heard in fleet.take_heard() {
                match &listeners[heard.listener] {
                    Listener::Probe(probe) => {
                        let carriers::Heard { topic, payload, at, .. } = heard;
                        let sighting = Sighting::publication(topic, payload, at);
                        seen.push(Event::Sighted { probe: *probe, sighting });
                    }
                    Listener::Commander(answers) => seen.extend(answers.hear(&heard.payload, heard.at)),
                }
            }
            self.teller.tell(seen);
        }
    }
}

impl Outside for Memory {
    fn carrier(&mut self, target: usize) -> Option<&mut dyn Carrier> {
        self.fleets.get_mut(target).map(|target| &mut target.fleet as &mut dyn Carrier)
    }

    fn targets(&self) -> usize {
        self.fleets.len()
    }

    fn now_ns(&self) -> i64 {
        self.now_ns
    }

    fn pass_until(&mut self, at_ns: i64) {
        for target in &mut self.fleets {
            target.fleet.advance_to(at_ns);
        }
        self.now_ns = self.now_ns.max(at_ns);
        self.tell();
    }

    fn command(&mut self, at_ns: i64, command: Publication) {
        let Publication { target, topic, payload } = command;
        self.fleets[target].fleet.publish_at(at_ns, topic, payload.into());
    }

    fn finish(&mut self, drain_ns: i64, _: bool, _: &dyn Observer) -> Finished {
        let mut stats = FleetStats::default();
        for target in &mut self.fleets {
            stats.merge(&target.fleet.shut_down(Span::from_nanos(drain_ns)));
        }
        self.tell();
        Finished {
            stats,
            answers: self.expected.evidence(),
            targets: std::mem::take(&mut self.targets),
            doubts: Vec::new(),
        }
    }
}

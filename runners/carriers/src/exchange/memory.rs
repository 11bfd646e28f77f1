//! A carrier of requests in virtual time: the same lane, over a network in memory to a target in memory that takes
//! everything and shows it to whoever listens.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use sim_core::{OccurrenceId, Outbound, SimId, SimTime, Span};

use super::dialogue::{Answering, MakeAnswering};
use super::lane::{Lane, Slots, Step};
use super::line::LineConfig;
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::opening::Tell;
use crate::other_end::{Heard, OtherEnd};
use crate::pace::Pace;
use crate::rules::link_rule::LinkRule;
use crate::stats::CarrierStats;
use crate::transport::Destination;
use crate::transport::memory::{Arrival, Carried, LinkNumber, MEMORY_LATENCY, MemoryNetwork};

/// Longest step of time while the end is waited for [ns].
const STEP_NS: i64 = 1_000_000_000;

/// Connections to one target in virtual time.
pub(crate) struct InMemory {
    lane: Lane,
    slots: Slots,
    pace: Pace,
    now_ns: i64,
    network: MemoryNetwork,
    target: Target,
    arrivals: Vec<Arrival>,
    has_ended: bool,
    tell: Tell,
}

/// What stands at the other end.
struct Target {
    make: MakeAnswering,
    connections: BTreeMap<LinkNumber, Box<dyn Answering>>,
    listeners: usize,
    heard: Vec<Heard>,
}

impl InMemory {
    /// Begins to connect as soon as time passes.
    pub(crate) fn new(
        lines: Vec<LineConfig>,
        slots: Slots,
        make: MakeAnswering,
        pace: Pace,
        begin_ns: i64,
        tell: Tell,
    ) -> Self {
        let network = MemoryNetwork::new(MEMORY_LATENCY.nanos(), begin_ns);
        Self {
            lane: Lane::new(Destination::Memory(network.clone()), lines),
            slots,
            pace,
            now_ns: begin_ns,
            network,
            target: Target { make, connections: BTreeMap::new(), listeners: 0, heard: Vec::new() },
            arrivals: Vec::new(),
            has_ended: false,
            tell,
        }
    }

    /// Does what is due now.
    fn work(&mut self) {
        self.network.arrivals(self.now_ns, &mut self.arrivals);
        for arrival in self.arrivals.drain(..) {
            self.target.take(arrival, &self.network, self.now_ns);
        }
        self.has_ended = self.lane.turn(self.now_ns);
    }

    fn pass_until(&mut self, until_ns: i64) {
        // What was asked for since the last call is due now, whatever the clock says.
        self.work();
        while !self.has_ended {
            if !self.lane.is_busy() {
                let next_ns = self.lane.next_ns().min(self.network.next_ns()).max(self.now_ns);
                if next_ns > until_ns {
                    break;
                }
                self.now_ns = next_ns;
            }
            self.work();
        }
        self.now_ns = self.now_ns.max(until_ns);
    }
}

impl Target {
    fn take(&mut self, Arrival { link, what }: Arrival, network: &MemoryNetwork, now_ns: i64) {
        match what {
            Carried::Open => {
                self.connections.insert(link, (self.make)());
                network.answer(link, Carried::Open);
            }
            Carried::Bytes(bytes) => {
                let Some(connection) = self.connections.get_mut(&link) else { return };
                connection.hear(&bytes);
                for (topic, payload) in connection.take_heard() {
                    let heard =
                        |listener| Heard { listener, topic: topic.clone(), payload: payload.clone(), at: now_ns };
                    self.heard.extend((0..self.listeners).map(heard));
                }
                while let Some(bytes) = connection.next_bytes() {
                    network.answer(link, Carried::Bytes(bytes));
                }
            }
            Carried::Fin | Carried::Rst => {
                if self.connections.remove(&link).is_some() && what == Carried::Fin {
                    network.answer(link, Carried::Fin);
                }
            }
        }
    }
}

impl Carrier for InMemory {
    fn has(&self, device: SimId) -> bool {
        self.slots.of(device).is_ok()
    }

    fn submit(&mut self, batch: Vec<Outbound>) -> Result<(), CarrierError> {
        for (slot, due_ns, message) in self.slots.split(batch, self.pace)? {
            self.lane.add(slot, due_ns, message);
        }
        Ok(())
    }

    fn wait_online(&mut self, _: Duration) -> Result<usize, CarrierError> {
        Ok(self.slots.len())
    }

    fn next_ns(&self) -> i64 {
        self.lane.next_ns().min(self.network.next_ns())
    }

    fn advance_to(&mut self, until_ns: i64) {
        self.pass_until(until_ns);
        (self.tell)(self.lane.take_events());
    }

    fn finish(&mut self, patience: Span) -> Result<CarrierStats, CarrierError> {
        self.lane.shut_down(self.now_ns.saturating_add(patience.nanos()));
        while !self.has_ended {
            self.pass_until(self.now_ns.saturating_add(STEP_NS));
        }
        (self.tell)(self.lane.take_events());
        Ok(self.lane.stats())
    }

    fn identity(&self) -> String {
        "in memory (virtual time)".to_owned()
    }

    fn other_end(&mut self) -> Option<&mut dyn OtherEnd> {
        Some(&mut self.target)
    }

    fn begin(
        &mut self,
        rules: Vec<(SimId, Box<dyn LinkRule>)>,
        occurrence: OccurrenceId,
        at: SimTime,
    ) -> Result<(), CarrierError> {
        let rules = self.slots.share(rules)?;
        self.lane.step(self.pace.wall_ns(at), Step::Begin { rules, occurrence });
        Ok(())
    }

    fn heal(&mut self, occurrence: OccurrenceId, at: SimTime) -> Result<(), CarrierError> {
        self.lane.step(self.pace.wall_ns(at), Step::Heal { occurrence });
        Ok(())
    }
}

impl OtherEnd for Target {
    /// Everything is shown to everybody: kinds of probes that watch such targets have no filters.
    fn listen(&mut self, _: Vec<String>) -> usize {
        self.listeners += 1;
        self.listeners - 1
    }

    fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    /// Nobody can be told anything there.
    fn publish_at(&mut self, _: i64, _: String, _: Bytes) {}
}

//! A fleet in virtual time: the same lanes and sessions, over a network in memory to a broker in memory, driven by
//! whoever owns the time. Nothing sleeps, and equal runs are equal.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use sim_core::{OccurrenceId, Outbound, SimId, SimTime, Span};

use super::config::{ConnectionConfig, FleetConfig, RouteConfig};
use super::lane::{Lane, LinkStep, Shared};
use super::peer::Peer;
use super::places::{Places, check};
use super::turn::Limits;
use crate::error::CarrierError;
use crate::event::{CarrierEvent, CommandArrival};
use crate::other_end::Heard;
use crate::pace::Pace;
use crate::rules::link_rule::LinkRule;
use crate::stats::CarrierStats;
use crate::transport::Destination;
use crate::transport::memory::{Arrival, MemoryNetwork};

/// Devices connected to a broker in memory.
pub struct VirtualFleet {
    pace: Pace,
    now_ns: i64,
    lane: Lane,
    places: Places,
    routes: Arc<Vec<RouteConfig>>,
    network: MemoryNetwork,
    peer: Peer,
    /// What others publish, by instant.
    publications: VecDeque<(i64, String, Bytes)>,
    arrivals: Vec<Arrival>,
    ended: bool,
}

impl VirtualFleet {
    /// A fleet whose time begins at `begin_ns`; it begins to connect as soon as time passes.
    ///
    /// # Errors
    /// [`CarrierError`] when the configuration cannot work: a device with two connections, a `QoS` above 2, a
    /// string too long for MQTT.
    pub fn new(
        connections: Vec<ConnectionConfig>,
        routes: Arc<Vec<RouteConfig>>,
        latency: Span,
        pace: Pace,
        begin_ns: i64,
    ) -> Result<Self, CarrierError> {
        check(&connections, &routes)?;
        let network = MemoryNetwork::new(latency.nanos(), begin_ns);
        let shared = Shared {
            limits: Limits::new(FleetConfig::CONNECT_TIMEOUT, FleetConfig::PING_GRACE),
            routes: Arc::clone(&routes),
            destination: Destination::Memory(network.clone()),
        };
        let at_a_time = connections.len().max(1);
        let (places, mut shares) = Places::deal(connections, 1);
        Ok(Self {
            pace,
            now_ns: begin_ns,
            lane: Lane::new(shared, shares.pop().unwrap_or_default(), at_a_time),
            places,
            routes,
            peer: Peer::new(network.clone(), latency.nanos()),
            network,
            publications: VecDeque::new(),
            arrivals: Vec::new(),
            ended: false,
        })
    }

    /// Whether a device's connection belongs to this fleet.
    pub fn has(&self, device: SimId) -> bool {
        self.places.of(device).is_ok()
    }

    /// Hands over messages; each leaves over its sender's connection when it is due.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`] or [`CarrierError::UnknownRoute`], and then no message of the batch is taken.
    pub fn submit(&mut self, batch: Vec<Outbound>) -> Result<(), CarrierError> {
        for share in self.places.split(batch, &self.routes, self.pace)? {
            self.lane.add(share);
        }
        Ok(())
    }

    /// Commands that reached devices since the last call, in the order of each device.
    pub fn take_commands(&mut self) -> Vec<CommandArrival> {
        std::mem::take(self.lane.commands())
    }

    /// Answers a command, until the answer is acknowledged.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`].
    pub fn reply(&mut self, device: SimId, payload: Bytes) -> Result<(), CarrierError> {
        let (_, slot) = self.places.of(device)?;
        self.lane.reply(slot, payload, self.now_ns);
        Ok(())
    }

    /// Puts rules on the links of devices at an instant; evidence is counted for the occurrence.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`], and then nothing begins.
    pub fn begin(
        &mut self,
        rules: Vec<(SimId, Box<dyn LinkRule>)>,
        occurrence: OccurrenceId,
        at: SimTime,
    ) -> Result<(), CarrierError> {
        let at_ns = self.pace.wall_ns(at);
        for rules in self.places.share(rules)? {
            self.lane.step(at_ns, LinkStep::Begin { rules, occurrence });
        }
        Ok(())
    }

    /// Heals every link that the occurrence has a rule on, at an instant.
    pub fn heal(&mut self, occurrence: OccurrenceId, at: SimTime) {
        self.lane.step(self.pace.wall_ns(at), LinkStep::Heal { occurrence });
    }

    /// Listens at the broker for what matches a filter; returns the listener's number.
    pub fn listen(&mut self, filters: Vec<String>) -> usize {
        self.peer.listen(filters)
    }

    /// Publishes at `QoS` 2, which each subscription bounds, at an instant [ns], in the name of a client of its own. Instants ascend.
    pub fn publish_at(&mut self, at_ns: i64, topic: String, payload: Bytes) {
        self.publications.push_back((at_ns, topic, payload));
    }

    /// Lets time pass up to and with an instant [ns].
    pub fn advance_to(&mut self, until_ns: i64) {
        // What was asked for since the last call is due now, whatever the clock says.
        self.work();
        while !self.ended {
            let next_publication_ns = self.publications.front().map_or(i64::MAX, |(at_ns, ..)| *at_ns);
            let next_ns = self
                .lane
                .next_ns()
                .min(self.network.next_ns())
                .min(self.peer.next_ns())
                .min(next_publication_ns)
                .max(self.now_ns);
            let busy = self.lane.is_busy();
            if !busy && next_ns > until_ns {
                self.now_ns = self.now_ns.max(until_ns);
                return;
            }
            if !busy {
                self.now_ns = next_ns;
            }
            self.work();
        }
        self.now_ns = self.now_ns.max(until_ns);
    }

    /// Does what is due now.
    fn work(&mut self) {
        let now_ns = self.now_ns;
        self.network.arrivals(now_ns, &mut self.arrivals);
        while let Some((_, topic, payload)) = self.publications.pop_front_if(|(at_ns, ..)| *at_ns <= now_ns) {
            self.peer.publish(topic, payload, 2, now_ns);
        }
        for arrival in self.arrivals.drain(..) {
            self.peer.take(arrival, now_ns);
        }
        self.peer.time_passed(now_ns);
        self.ended = self.lane.turn(now_ns, false);
    }

    /// What has happened since the last call.
    pub fn take_events(&mut self) -> Vec<CarrierEvent> {
        self.lane.take_events()
    }

    /// What listeners have been shown since the last call.
    pub fn take_heard(&mut self) -> Vec<Heard> {
        self.peer.take_heard()
    }

    /// Ends the fleet: sends what is due, waits at most `drain` until everything is settled, disconnects cleanly, and
    /// declares the rest as [`CarrierEvent::Pending`].
    pub fn shut_down(&mut self, drain: Span) -> CarrierStats {
        self.lane.shut_down(self.now_ns.saturating_add(drain.nanos()));
        while !self.ended {
            self.advance_to(self.now_ns.saturating_add(1_000_000_000));
        }
        self.lane.report_pending();
        self.lane.stats()
    }
}

impl fmt::Debug for VirtualFleet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("VirtualFleet").field("now_ns", &self.now_ns).finish_non_exhaustive()
    }
}

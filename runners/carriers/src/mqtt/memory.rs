//! MQTT as a carrier in virtual time: a fleet over a network in memory, to a broker in memory.

use std::time::Duration;

use bytes::Bytes;
use sim_core::{OccurrenceId, Outbound, SimId, SimTime, Span};

use super::virtual_fleet::VirtualFleet;
use super::wiring::Wiring;
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::event::CommandArrival;
use crate::opening::Tell;
use crate::other_end::{Heard, OtherEnd};
use crate::pace::Pace;
use crate::rules::link_rule::LinkRule;
use crate::stats::CarrierStats;
use crate::transport::memory::MEMORY_LATENCY;

/// Connections to one broker in virtual time.
pub(crate) struct InMemory {
    fleet: VirtualFleet,
    planned: usize,
    tell: Tell,
}

impl InMemory {
    /// Begins to connect as soon as time passes.
    ///
    /// # Errors
    /// [`CarrierError`] as for [`VirtualFleet::new`].
    pub(crate) fn new(wiring: Wiring, pace: Pace, begin_ns: i64, tell: Tell) -> Result<Self, CarrierError> {
        let planned = wiring.connections.len();
        let fleet = VirtualFleet::new(wiring.connections, wiring.routes, MEMORY_LATENCY, pace, begin_ns)?;
        Ok(Self { fleet, planned, tell })
    }
}

impl Carrier for InMemory {
    fn has(&self, device: SimId) -> bool {
        self.fleet.has(device)
    }

    fn submit(&mut self, batch: Vec<Outbound>) -> Result<(), CarrierError> {
        self.fleet.submit(batch)
    }

    fn wait_online(&mut self, _: Duration) -> Result<usize, CarrierError> {
        Ok(self.planned)
    }

    fn advance_to(&mut self, until_ns: i64) {
        self.fleet.advance_to(until_ns);
        (self.tell)(self.fleet.take_events());
    }

    fn finish(&mut self, patience: Span) -> Result<CarrierStats, CarrierError> {
        let stats = self.fleet.shut_down(patience);
        (self.tell)(self.fleet.take_events());
        Ok(stats)
    }

    fn identity(&self) -> String {
        "broker in memory (virtual time)".to_owned()
    }

    fn other_end(&mut self) -> Option<&mut dyn OtherEnd> {
        Some(&mut self.fleet)
    }

    fn take_commands(&mut self) -> Vec<CommandArrival> {
        self.fleet.take_commands()
    }

    fn reply(&mut self, device: SimId, payload: Bytes) -> Result<(), CarrierError> {
        self.fleet.reply(device, payload)
    }

    fn begin(
        &mut self,
        rules: Vec<(SimId, Box<dyn LinkRule>)>,
        occurrence: OccurrenceId,
        at: SimTime,
    ) -> Result<(), CarrierError> {
        self.fleet.begin(rules, occurrence, at)
    }

    fn heal(&mut self, occurrence: OccurrenceId, at: SimTime) -> Result<(), CarrierError> {
        self.fleet.heal(occurrence, at);
        Ok(())
    }
}

impl OtherEnd for VirtualFleet {
    fn listen(&mut self, filters: Vec<String>) -> usize {
        Self::listen(self, filters)
    }

    fn take_heard(&mut self) -> Vec<Heard> {
        Self::take_heard(self)
    }

    fn publish_at(&mut self, at_ns: i64, topic: String, payload: Bytes) {
        Self::publish_at(self, at_ns, topic, payload);
    }
}

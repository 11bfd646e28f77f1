//! MQTT as a carrier on the wall clock: a fleet over TCP, and what it leaves at the broker.

use std::time::Duration;

use bytes::Bytes;
use sim_core::{OccurrenceId, Outbound, SimId, SimTime, Span};
use tokio::runtime::Handle;

use super::config::FleetConfig;
use super::fleet::{Fleet, FleetEvents};
use super::leftovers::{LeftSessions, clear_retained};
use super::visitor::Visitor;
use super::wiring::Wiring;
use crate::access::BrokerAccess;
use crate::carrier::{Carrier, Leftover};
use crate::error::CarrierError;
use crate::event::CommandArrival;
use crate::opening::Tell;
use crate::pace::Pace;
use crate::rules::link_rule::LinkRule;
use crate::stats::CarrierStats;

/// How much longer than planned the start waits for the first connection.
const CONNECT_GRACE: Duration = Duration::from_secs(10);
/// Longest time for removing sessions from the broker, and again for its retained messages.
const CLEAN_UP: Duration = Duration::from_secs(10);

/// Connections to one broker on the wall clock.
pub(crate) struct OnTheWall {
    runtime: Handle,
    /// `None` after its end.
    fleet: Option<Fleet>,
    planned: usize,
    access: BrokerAccess,
    visitor: Option<Visitor>,
    retained: Vec<String>,
    left: Option<LeftSessions>,
}

impl OnTheWall {
    /// Begins to connect.
    ///
    /// # Errors
    /// [`CarrierError`] as for [`Fleet::start`].
    pub(crate) fn start(
        wiring: Wiring,
        access: BrokerAccess,
        pace: Pace,
        runtime: &Handle,
        tell: Tell,
    ) -> Result<Self, CarrierError> {
        let Wiring { connections, routes, visitor, retained } = wiring;
        let planned = connections.len();
        let config = FleetConfig::new(&access.host, access.port, connections, routes);
        let config = FleetConfig { web_socket: access.web_socket.clone(), ..config };
        let (fleet, events) = Fleet::start(config, pace, runtime)?;
        runtime.spawn(forward(events, tell));
        Ok(Self { runtime: runtime.clone(), fleet: Some(fleet), planned, access, visitor, retained, left: None })
    }

    fn fleet(&self) -> Result<&Fleet, CarrierError> {
        self.fleet.as_ref().ok_or(CarrierError::Ended)
    }
}

async fn forward(mut events: FleetEvents, tell: Tell) {
    while let Some(batch) = events.recv().await {
        tell(batch);
    }
}

impl Carrier for OnTheWall {
    fn has(&self, device: SimId) -> bool {
        self.fleet.as_ref().is_some_and(|fleet| fleet.has(device))
    }

    fn submit(&mut self, batch: Vec<Outbound>) -> Result<(), CarrierError> {
        self.fleet()?.submit_blocking(batch)
    }

    /// Devices that are late send what they have to say when they get through.
    fn wait_online(&mut self, lead: Duration) -> Result<usize, CarrierError> {
        let fleet = self.fleet()?;
        let mut online = self.runtime.block_on(fleet.wait_online(self.planned, lead));
        if online == 0 {
            online = self.runtime.block_on(fleet.wait_online(1, CONNECT_GRACE));
        }
        if online > 0 {
            return Ok(online);
        }
        let stats = self.runtime.block_on(fleet.stats()).unwrap_or_default();
        let reason = stats.connect_failures.into_iter().max_by_key(|(_, count)| *count);
        Err(CarrierError::NobodyOnline { planned: self.planned, reason: reason.map(|(reason, _)| reason) })
    }

    fn advance_to(&mut self, _: i64) {}

    fn identity(&self) -> String {
        self.access.words().to_owned()
    }

    fn finish(&mut self, patience: Span) -> Result<CarrierStats, CarrierError> {
        let fleet = self.fleet.take().ok_or(CarrierError::Ended)?;
        let patience = Duration::from_nanos(patience.nanos().max(0).unsigned_abs());
        let end = self.runtime.block_on(fleet.shutdown(patience))?;
        self.left = Some(end.left_sessions);
        Ok(end.stats)
    }

    fn clean_up(&mut self) -> Vec<Leftover> {
        let mut leftovers = Vec::new();
        if let Some(left) = self.left.take().filter(|left| !left.is_empty()) {
            let outcome = self.runtime.block_on(left.remove(CLEAN_UP));
            leftovers.extend((outcome.failed > 0).then_some(Leftover::Sessions(outcome.failed)));
        }
        if let Some(visitor) = self.visitor.take().filter(|_| !self.retained.is_empty()) {
            let topics: Vec<&str> = self.retained.iter().map(String::as_str).collect();
            let clear = clear_retained(&self.access, &visitor, &topics, CLEAN_UP);
            if let Err(error) = self.runtime.block_on(clear) {
                leftovers.push(Leftover::Retained(error.to_string()));
            }
        }
        leftovers
    }

    fn take_commands(&mut self) -> Vec<CommandArrival> {
        self.fleet.as_ref().map(Fleet::take_commands).unwrap_or_default()
    }

    fn reply(&mut self, device: SimId, payload: Bytes) -> Result<(), CarrierError> {
        self.fleet()?.reply(device, payload)
    }

    fn begin(
        &mut self,
        rules: Vec<(SimId, Box<dyn LinkRule>)>,
        occurrence: OccurrenceId,
        at: SimTime,
    ) -> Result<(), CarrierError> {
        self.fleet()?.begin(rules, occurrence, at)
    }

    fn heal(&mut self, occurrence: OccurrenceId, at: SimTime) -> Result<(), CarrierError> {
        self.fleet()?.heal(occurrence, at)
    }
}

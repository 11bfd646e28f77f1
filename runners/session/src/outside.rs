//! What lies beyond the simulation: connections, probes, the user's stack, and the time in which all of it happens.
//!
//! There are two: the [`wall`] clock with real targets, and virtual time with everything in [`memory`]. A run is carried
//! out in the same way in both.

pub(crate) mod memory;
mod probing;
pub(crate) mod targets;
pub(crate) mod wall;

use std::sync::Arc;

use carriers::{BrokerAccess, Carrier, CarrierError, CarrierStats, Opening, Time};
use scenarios::Plan;
use sim_core::{Registry, SimId};
use verify::TargetReport;

use crate::commander::Expected;
use crate::error::Error;
use crate::judge::Teller;
use crate::observer::Observer;
use crate::publication::Publication;

/// The world of a run. Instants are nanoseconds since the run's origin, at which simulated time begins.
pub(crate) trait Outside {
    /// The connections to a target; none for a target that no device connects to.
    fn carrier(&mut self, target: usize) -> Option<&mut (dyn Carrier + 'static)>;

    /// How many targets there are.
    fn targets(&self) -> usize;

    /// The time [ns].
    fn now_ns(&self) -> i64;

    /// Lets time pass until an instant [ns]; what happens meanwhile is told to the judge.
    fn pass_until(&mut self, at_ns: i64);

    /// Gives a command at an instant [ns].
    fn command(&mut self, at_ns: i64, command: Publication);

    /// Ends the connections: waits at most `drain_ns` until everything is settled, and cleans up unless `keep`.
    fn finish(&mut self, drain_ns: i64, keep: bool, observer: &dyn Observer) -> Finished;
}

/// What the end of the connections brought.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Counts of all connections.
    pub(crate) stats: CarrierStats,
    /// What the report says of the targets.
    pub(crate) targets: Vec<TargetReport>,
    /// Reasons not to trust the run.
    pub(crate) doubts: Vec<String>,
}

/// What a world begins with, in whatever time.
pub(crate) struct Beginning<'a> {
    pub(crate) plan: &'a Arc<Plan>,
    pub(crate) registry: &'a Registry,
    /// Identity of the run.
    pub(crate) run: &'a str,
    /// Everybody who takes part, ascending.
    pub(crate) members: &'a [SimId],
    pub(crate) expected: &'a Expected,
    pub(crate) teller: Teller,
}

impl Beginning<'_> {
    /// Opens the connections to a target.
    ///
    /// # Errors
    /// As [`refused`].
    pub(crate) fn open(
        &self,
        target: usize,
        parties: &Parties,
        broker: Option<&BrokerAccess>,
        time: Time<'_>,
    ) -> Result<Box<dyn Carrier>, Error> {
        let teller = self.teller.clone();
        let opening = Opening {
            plan: self.plan,
            registry: self.registry,
            target,
            members: &parties.members,
            devices: &parties.devices,
            run: self.run,
            broker,
            time,
            tell: Arc::new(move |events| teller.tell_carried(events)),
        };
        opening.open().map_err(refused(&self.plan.targets[target].id))
    }
}

/// Who takes part at one target.
#[derive(Debug)]
pub(crate) struct Parties {
    /// Everybody whose messages go there, ascending.
    pub(crate) members: Vec<SimId>,
    /// Those of them with a connection of their own.
    pub(crate) devices: Vec<SimId>,
}

impl Parties {
    /// Those of all who take part.
    pub(crate) fn at(plan: &Plan, members: &[SimId], target: usize) -> Self {
        let here = members.iter().copied().filter(|device| plan.link_of(*device).target == target);
        let members: Vec<SimId> = here.collect();
        let connected = |device: &SimId| plan.link_of(*device).carrier == scenarios::Carrier::Connection;
        let devices = members.iter().copied().filter(connected).collect();
        Self { members, devices }
    }
}

/// A carrier that could not be opened, or whose devices could not connect, in words of a run.
pub(crate) fn refused(target: &str) -> impl Fn(CarrierError) -> Error {
    move |error| {
        let (target, reason) = (target.to_owned(), error.to_string());
        match error {
            error if error.blames_target() => Error::Unreachable { target, reason },
            CarrierError::Security { .. } => Error::Target { target, reason },
            _ => Error::Resources(reason),
        }
    }
}

//! What opens the connections to one target: the code of a carrier's row.

use std::fmt;
use std::sync::Arc;

use scenarios::Plan;
use sim_core::{CarrierKind, Executor, Registry, Seam, SimId};
use tokio::runtime::Handle;

use crate::access::BrokerAccess;
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::event::CarrierEvent;
use crate::pace::Pace;

/// Opens the connections to one target.
pub type Open = fn(opening: Opening<'_>) -> Result<Box<dyn Carrier>, CarrierError>;

/// The seam of carriers: what the row of one carries.
#[derive(Debug, Clone, Copy)]
pub struct Carry(pub Open);

impl Seam for Carry {
    const WORD: &'static str = "carrier";
}

/// What a carrier needs to open the connections to one target.
#[derive(Clone)]
pub struct Opening<'a> {
    /// What happens, with `${run}` filled in.
    pub plan: &'a Plan,
    /// What devices are.
    pub registry: &'a Registry,
    /// The target, among those of the plan.
    pub target: usize,
    /// Everybody who takes part and whose messages go there, ascending; over the radio some of them.
    pub members: &'a [SimId],
    /// Those of them who have a connection of their own, gateways among them.
    pub devices: &'a [SimId],
    /// Identity of the run.
    pub run: &'a str,
    /// How the target is reached, if it is a broker on the wall clock.
    pub broker: Option<&'a BrokerAccess>,
    /// The time in which messages are due.
    pub time: Time<'a>,
    /// Takes what becomes of messages and connections.
    pub tell: Tell,
}

/// The kind of time in which a carrier works, as nanoseconds since the run's origin.
#[derive(Debug, Clone, Copy)]
pub enum Time<'a> {
    /// The wall clock.
    Wall {
        /// The clock; the origin may lie ahead.
        pace: Pace,
        /// Where tasks of the carrier run.
        runtime: &'a Handle,
    },
    /// Time that only passes as it is told.
    Virtual {
        /// Simulated instants as nanoseconds; its clock is not the run's.
        pace: Pace,
        /// When it begins [ns].
        begin_ns: i64,
    },
}

/// Takes events in batches, from any thread.
pub type Tell = Arc<dyn Fn(Vec<CarrierEvent>) + Send + Sync>;

impl Opening<'_> {
    /// Opens the connections by the code of the target's carrier.
    ///
    /// # Errors
    /// [`CarrierError`] says what keeps them from being opened; nothing has been sent then.
    pub fn open(self) -> Result<Box<dyn Carrier>, CarrierError> {
        let carrier = &self.plan.targets[self.target].carrier;
        let row = self.registry.find::<CarrierKind>(carrier);
        let code = row.and_then(|row| Executor::code::<Carry>(&row.executor));
        let Carry(open) = *code.ok_or_else(|| CarrierError::NoCode { carrier: carrier.clone() })?;
        open(self)
    }
}

impl fmt::Debug for Opening<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Opening").field("target", &self.target).finish_non_exhaustive()
    }
}

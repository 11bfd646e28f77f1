//! What a kind of probe is made of.

use std::sync::Arc;

use carriers::{BrokerAccess, Pace, Visitor};
use sim_core::{Arguments, Seam};
use tokio::runtime::Handle;

use crate::{ProbeError, Sighting};

/// The seam of probes: starts one of a kind, and it sees from then on.
#[derive(Debug, Clone, Copy)]
pub struct Watch(pub fn(start: Start<'_>) -> Result<Box<dyn Probe>, ProbeError>);

impl Seam for Watch {
    const WORD: &'static str = "probe";
}

/// The seam of probes that look when they are asked to, and so see in any kind of time.
#[derive(Debug, Clone, Copy)]
pub struct Inspect(pub fn(inspection: &Inspection<'_>) -> Result<Box<dyn Look>, ProbeError>);

impl Seam for Inspect {
    const WORD: &'static str = "probe";
}

/// What a probe that looks when it is asked to needs to begin. What is there already when it begins is not of the run.
#[derive(Debug, Clone, Copy)]
pub struct Inspection<'a> {
    /// Id of the probe.
    pub id: &'a str,
    /// Its parameters, checked.
    pub arguments: &'a Arguments,
    /// Topic filters, for kinds that have them.
    pub filters: &'a [String],
    /// Address of the target that it watches, as the scenario writes it.
    pub url: &'a str,
    /// Identity of the run.
    pub run: &'a str,
}

/// A probe that looks when it is asked to.
pub trait Look: Send {
    /// What has come since the last look, seen at `now_ns` nanoseconds since the run's origin.
    fn look(&mut self, now_ns: i64) -> Vec<Sighting>;
}

/// What a probe needs to begin.
#[derive(Clone)]
pub struct Start<'a> {
    /// Id of the probe.
    pub id: &'a str,
    /// Its parameters, checked.
    pub arguments: &'a Arguments,
    /// Topic filters, for kinds that have them.
    pub filters: &'a [String],
    /// Delivery level asked for, for kinds that have one.
    pub qos: u8,
    /// Address of the target that it watches, as the scenario writes it.
    pub url: &'a str,
    /// How that target is reached, if it is a broker, and how somebody who is no device connects there.
    pub broker: Option<(&'a BrokerAccess, &'a Visitor)>,
    /// Identity of the run, for client ids and the like.
    pub run: &'a str,
    /// The clock of the run: a sighting is stamped with [`Pace::now_ns`].
    pub pace: Pace,
    /// Where tasks of the probe run.
    pub runtime: &'a Handle,
    /// Takes what it sees, from any thread.
    pub see: See,
    /// Takes word of when it cannot see, from any thread: what is not seen meanwhile proves nothing.
    pub tell_sight: TellSight,
}

impl std::fmt::Debug for Start<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Start").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Takes sightings.
pub type See = Arc<dyn Fn(Sighting) + Send + Sync>;

/// Takes word of when a probe can see.
pub type TellSight = Arc<dyn Fn(Sight) + Send + Sync>;

/// Whether a probe can see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// It cannot any more.
    Lost {
        /// The last instant at which it is known to have seen [ns since the run's origin].
        since: i64,
        /// When the target has ended the connection [ns since the run's origin], if it has, and if it owes the probe what
        /// it took until then, now or later; `None` when it was silent, or may forget.
        ended_owing: Option<i64>,
        /// Why.
        reason: String,
    },
    /// It sees whatever comes from an instant on.
    Back {
        /// When [ns since the run's origin].
        at: i64,
        /// Whether the target has kept for it what it took meanwhile.
        resumed: bool,
    },
}

/// A probe at work.
pub trait Probe: Send {
    /// Waits until it sees everything that is published from then on.
    ///
    /// # Errors
    /// [`ProbeError`] when the target does not let it, or not in time.
    fn wait_ready(&mut self, runtime: &Handle) -> Result<(), ProbeError>;

    /// Ends it, and takes away what it left at the target.
    fn stop(self: Box<Self>, runtime: &Handle);
}

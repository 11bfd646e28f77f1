//! A carrier of requests on the wall clock: a task that drives a lane over TCP.

use std::time::Duration;

use sim_core::{OccurrenceId, Outbound, SimId, SimTime, Span};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::lane::{Lane, Slots, Step};
use super::task::{LaneTask, Request, Standing};
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::opening::Tell;
use crate::pace::Pace;
use crate::rules::link_rule::LinkRule;
use crate::stats::CarrierStats;

/// How much longer than planned the start waits for the first connection.
const CONNECT_GRACE: Duration = Duration::from_secs(10);

/// Connections to one target on the wall clock.
pub(crate) struct OnTheWall {
    runtime: Handle,
    pace: Pace,
    slots: Slots,
    identity: String,
    requests: mpsc::UnboundedSender<Request>,
    standing: watch::Receiver<Standing>,
    /// `None` after its end.
    task: Option<JoinHandle<CarrierStats>>,
}

impl OnTheWall {
    /// Begins to connect.
    pub(crate) fn start(lane: Lane, slots: Slots, identity: String, pace: Pace, runtime: &Handle, tell: Tell) -> Self {
        let (requests, receiver) = mpsc::unbounded_channel();
        let (told, standing) = watch::channel(Standing::default());
        let _inside = runtime.enter();
        let task = Some(runtime.spawn(LaneTask::new(lane, pace, tell, receiver, told).run()));
        Self { runtime: runtime.clone(), pace, slots, identity, requests, standing, task }
    }

    fn ask(&self, request: Request) -> Result<(), CarrierError> {
        self.requests.send(request).map_err(|_| CarrierError::Ended)
    }

    fn wait_for(&mut self, count: usize, limit: Duration) -> usize {
        let waiting = self.standing.wait_for(|standing| standing.online >= count);
        // Too few in time is an answer, not an error.
        drop(self.runtime.block_on(async { tokio::time::timeout(limit, waiting).await }));
        self.standing.borrow().online
    }
}

impl Carrier for OnTheWall {
    fn has(&self, device: SimId) -> bool {
        self.slots.of(device).is_ok()
    }

    fn submit(&mut self, batch: Vec<Outbound>) -> Result<(), CarrierError> {
        self.ask(Request::Batch(self.slots.split(batch, self.pace)?))
    }

    fn wait_online(&mut self, lead: Duration) -> Result<usize, CarrierError> {
        let planned = self.slots.len();
        let mut online = self.wait_for(planned, lead);
        if online == 0 {
            online = self.wait_for(1, CONNECT_GRACE);
        }
        if online > 0 {
            return Ok(online);
        }
        Err(CarrierError::NobodyOnline { planned, reason: self.standing.borrow().reason.clone() })
    }

    fn advance_to(&mut self, _: i64) {}

    fn finish(&mut self, patience: Span) -> Result<CarrierStats, CarrierError> {
        let task = self.task.take().ok_or(CarrierError::Ended)?;
        self.ask(Request::End { until_ns: self.pace.now_ns().saturating_add(patience.nanos()) })?;
        self.runtime.block_on(task).map_err(|_| CarrierError::Ended)
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn begin(
        &mut self,
        rules: Vec<(SimId, Box<dyn LinkRule>)>,
        occurrence: OccurrenceId,
        at: SimTime,
    ) -> Result<(), CarrierError> {
        let rules = self.slots.share(rules)?;
        self.ask(Request::Step { at_ns: self.pace.wall_ns(at), step: Step::Begin { rules, occurrence } })
    }

    fn heal(&mut self, occurrence: OccurrenceId, at: SimTime) -> Result<(), CarrierError> {
        self.ask(Request::Step { at_ns: self.pace.wall_ns(at), step: Step::Heal { occurrence } })
    }
}

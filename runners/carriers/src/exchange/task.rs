//! A lane on the wall clock: one task that sleeps until a socket, a request or the clock has something to do.

use std::pin::Pin;
use std::task::{Context, Poll};

use sim_core::Outbound;
use tokio::sync::{mpsc, watch};
use tokio::time::Sleep;

use super::lane::{Lane, Step};
use crate::event::LossReason;
use crate::opening::Tell;
use crate::pace::Pace;
use crate::stats::CarrierStats;

/// Turns before the lane lets other tasks of the runtime run.
const TURNS: usize = 8;

/// What a lane is asked to do.
pub(crate) enum Request {
    /// Send these when they are due.
    Batch(Vec<(u32, i64, Outbound)>),
    /// Begin or heal at an instant.
    Step { at_ns: i64, step: Step },
    /// Settle what can be settled until this instant, then end.
    End { until_ns: i64 },
}

/// How far the connections are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// Most that were connected at a time.
    pub(crate) online: usize,
    /// Why most attempts have failed, if some have.
    pub(crate) reason: Option<String>,
}

/// A lane with everything that reaches it from other threads.
pub(crate) struct LaneTask {
    lane: Lane,
    pace: Pace,
    tell: Tell,
    requests: mpsc::UnboundedReceiver<Request>,
    standing: watch::Sender<Standing>,
    sleep: Pin<Box<Sleep>>,
}

impl LaneTask {
    /// Must be called inside a tokio runtime.
    pub(crate) fn new(
        lane: Lane,
        pace: Pace,
        tell: Tell,
        requests: mpsc::UnboundedReceiver<Request>,
        standing: watch::Sender<Standing>,
    ) -> Self {
        let sleep = Box::pin(tokio::time::sleep(std::time::Duration::ZERO));
        Self { lane, pace, tell, requests, standing, sleep }
    }

    /// Runs until it is ended or abandoned, and returns the final counts.
    pub(crate) async fn run(mut self) -> CarrierStats {
        // Tokio's cooperative budget is meant for one connection per task; the lane paces itself by strides.
        tokio::task::coop::unconstrained(std::future::poll_fn(|context| self.poll(context))).await;
        self.lane.stats()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.lane.watch(context.waker());
        for _ in 0..TURNS {
            while let Poll::Ready(request) = self.requests.poll_recv(context) {
                match request {
                    None => return Poll::Ready(()),
                    Some(Request::Batch(batch)) => {
                        for (slot, due_ns, message) in batch {
                            self.lane.add(slot, due_ns, message);
                        }
                    }
                    Some(Request::Step { at_ns, step }) => self.lane.step(at_ns, step),
                    Some(Request::End { until_ns }) => self.lane.shut_down(until_ns),
                }
            }
            let has_ended = self.lane.turn(self.pace.now_ns());
            self.tell();
            if has_ended {
                return Poll::Ready(());
            }
            if !self.lane.is_busy() && self.sleep_until_next(context).is_pending() {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn tell(&mut self) {
        let online = self.lane.online();
        self.standing.send_if_modified(|standing| {
            let is_news = online > standing.online;
            standing.online = standing.online.max(online);
            is_news
        });
        let events = self.lane.take_events();
        if events.is_empty() {
            return;
        }
        let failures = events.iter().filter_map(|event| match event {
            crate::event::CarrierEvent::ConnectFailed { reason, .. } => Some(reason),
            _ => None,
        });
        if let Some(reason) = failures.last().map(LossReason::words) {
            self.standing.send_modify(|standing| standing.reason = Some(reason));
        }
        (self.tell)(events);
    }

    /// Arms the sleep for the next thing that time brings.
    fn sleep_until_next(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let next_ns = self.lane.next_ns();
        if next_ns == i64::MAX {
            return Poll::Pending;
        }
        let instant = tokio::time::Instant::from_std(self.pace.instant(next_ns));
        if self.sleep.deadline() != instant {
            self.sleep.as_mut().reset(instant);
        }
        self.sleep.as_mut().poll(context)
    }
}

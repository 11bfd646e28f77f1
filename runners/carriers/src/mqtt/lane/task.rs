//! A lane on the wall clock: one task that sleeps until a socket, a request or the clock has something to do.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Sleep;

use super::{DueMessage, Lane, LaneEnd, LinkStep};
use crate::event::{CarrierEvent, CommandArrival};
use crate::pace::Pace;
use crate::stats::CarrierStats;

/// Turns before the lane lets other tasks of the runtime run.
const TURNS: usize = 8;

/// What a lane is asked to do, besides sending.
#[derive(Debug)]
pub(crate) enum Request {
    /// Begin or heal at an instant.
    Step { at_ns: i64, step: LinkStep },
    /// Answer a command.
    Reply { slot: u32, payload: Bytes },
    /// Tell the counts so far.
    Stats(oneshot::Sender<CarrierStats>),
    /// Settle what can be settled until this instant, then end.
    Shutdown { drain_until_ns: i64 },
}

/// Where a lane tells what happens.
#[derive(Debug, Clone)]
pub(crate) struct Outlets {
    pub(crate) events: mpsc::UnboundedSender<Vec<CarrierEvent>>,
    /// Commands that arrived and were not taken yet.
    pub(crate) inbox: Arc<Mutex<Vec<CommandArrival>>>,
    /// Connections online in all lanes.
    pub(crate) online: Arc<watch::Sender<usize>>,
}

/// A lane with everything that reaches it from other threads.
pub(crate) struct LaneTask {
    lane: Lane,
    pace: Pace,
    outlets: Outlets,
    batches: mpsc::Receiver<Vec<DueMessage>>,
    requests: mpsc::UnboundedReceiver<Request>,
    online: usize,
    sleep: Pin<Box<Sleep>>,
}

impl LaneTask {
    /// Must be called inside a tokio runtime.
    pub(crate) fn new(
        lane: Lane,
        pace: Pace,
        outlets: Outlets,
        batches: mpsc::Receiver<Vec<DueMessage>>,
        requests: mpsc::UnboundedReceiver<Request>,
    ) -> Self {
        let sleep = Box::pin(tokio::time::sleep(std::time::Duration::ZERO));
        Self { lane, pace, outlets, batches, requests, online: 0, sleep }
    }

    /// Runs until shut down or abandoned, and returns the final counts.
    pub(crate) async fn run(mut self) -> LaneEnd {
        // Tokio's cooperative budget is meant for one connection per task; the lane paces itself by strides.
        tokio::task::coop::unconstrained(std::future::poll_fn(|context| self.poll(context))).await;
        self.lane.into_end()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.lane.watch(context.waker());
        for _ in 0..TURNS {
            let now_ns = self.pace.now_ns();
            let abandoned = self.take_requests(now_ns, context).is_break();
            while let Poll::Ready(Some(batch)) = self.batches.poll_recv(context) {
                self.lane.add(batch);
            }
            let ended = self.lane.turn(now_ns, !self.batches.is_empty());
            if ended {
                self.batches.close();
                while let Ok(batch) = self.batches.try_recv() {
                    self.lane.add(batch);
                }
                self.lane.report_pending();
            }
            self.tell();
            if ended || abandoned {
                return Poll::Ready(());
            }
            if !self.lane.is_busy() && self.sleep_until_next(context).is_pending() {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn take_requests(&mut self, now_ns: i64, context: &mut Context<'_>) -> std::ops::ControlFlow<()> {
        while let Poll::Ready(request) = self.requests.poll_recv(context) {
            match request {
                None => return std::ops::ControlFlow::Break(()),
                Some(Request::Step { at_ns, step }) => self.lane.step(at_ns, step),
                Some(Request::Reply { slot, payload }) => self.lane.reply(slot, payload, now_ns),
                // Nobody waits for the answer any more: nothing to do.
                Some(Request::Stats(answer)) => drop(answer.send(self.lane.stats())),
                Some(Request::Shutdown { drain_until_ns }) => self.lane.shut_down(drain_until_ns),
            }
        }
        std::ops::ControlFlow::Continue(())
    }

    fn tell(&mut self) {
        let arrived = self.lane.commands();
        if !arrived.is_empty() {
            self.outlets.inbox.lock().unwrap_or_else(PoisonError::into_inner).append(arrived);
        }
        let online = self.lane.online();
        if online != self.online {
            self.outlets.online.send_modify(|count| *count = *count + online - self.online);
            self.online = online;
        }
        let events = self.lane.take_events();
        if !events.is_empty() {
            // A judge that went away does not stop the devices.
            drop(self.outlets.events.send(events));
        }
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

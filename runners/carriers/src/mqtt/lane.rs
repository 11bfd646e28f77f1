//! One task that owns hundreds or thousands of connections.
//!
//! There is no task, timer or idle buffer per connection: sockets report readiness through one waker each, deadlines
//! share one heap and one sleep, and what is written in one turn leaves in one system call per connection.

mod agenda;
mod connection;
mod due;
mod ready;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use sim_core::OccurrenceId;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Sleep;

use crate::mqtt::config::{ConnectionConfig, RouteConfig};
use crate::mqtt::event::{CommandArrival, FleetEvent};
use crate::mqtt::leftovers::persists;
use crate::mqtt::session::{Content, Phase, Session, SpareOutput};
use crate::mqtt::stats::{ConnectionCounts, FleetStats};
use crate::mqtt::turn::{Limits, Turn};
use crate::pace::Pace;
use crate::rules::net_cut::CutKind;
use agenda::Agenda;
use connection::{Connection, Link};
pub(crate) use due::DueMessage;
use due::DueMessages;
use ready::ReadyList;

/// Messages or connections handled between two readings of the clock, which keeps instants true to about a millisecond.
const STRIDE: usize = 64;

/// Strides before the lane lets other tasks of the runtime run.
const STRIDES_PER_TURN: usize = 8;

/// Bytes read at a time, one buffer for all connections of a lane.
const READ_BUFFER: usize = 64 * 1024;

/// How long a broker may take to close a connection after DISCONNECT [ns].
const FAREWELL_NS: i64 = 1_000_000_000;

/// What a lane is asked to do, besides sending.
#[derive(Debug)]
pub(crate) enum Request {
    /// Cut links at an instant.
    Cut { slots: Vec<u32>, how: CutKind, occurrence: OccurrenceId, at_ns: i64 },
    /// Heal all links that the occurrence cut, at an instant.
    Heal { occurrence: OccurrenceId, at_ns: i64 },
    /// Answer a command.
    Reply { slot: u32, payload: Bytes },
    /// Tell the counts so far.
    Stats(oneshot::Sender<FleetStats>),
    /// Settle what can be settled until this instant, then end.
    Shutdown { drain_until_ns: i64 },
}

/// A cut or heal that waits for its instant.
#[derive(Debug)]
enum LinkStep {
    Cut { slots: Vec<u32>, how: CutKind, occurrence: OccurrenceId },
    Heal { occurrence: OccurrenceId },
}

/// How far the end of a lane is.
#[derive(Debug, Clone, Copy)]
enum Ending {
    NotAsked,
    Draining { until_ns: i64 },
    Closing,
}

/// What all lanes of a fleet share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) pace: Pace,
    pub(crate) limits: Limits,
    pub(crate) routes: Arc<Vec<RouteConfig>>,
    pub(crate) addresses: Arc<[SocketAddr]>,
    pub(crate) events: mpsc::UnboundedSender<Vec<FleetEvent>>,
    /// Commands that arrived and were not taken yet.
    pub(crate) inbox: Arc<Mutex<Vec<CommandArrival>>>,
    /// Connections online in all lanes.
    pub(crate) online: Arc<watch::Sender<usize>>,
}

/// What a lane leaves behind.
#[derive(Debug)]
pub(crate) struct LaneEnd {
    /// Final counts.
    pub(crate) stats: FleetStats,
    /// Sessions that the broker keeps.
    pub(crate) left: Vec<ConnectionConfig>,
}

/// A lane.
pub(crate) struct Lane {
    shared: Shared,
    connections: Vec<Connection>,
    ready: Arc<ReadyList>,
    ready_slots: Vec<u32>,
    agenda: Agenda,
    due: DueMessages,
    /// Cuts and heals by instant, in the order they were asked for.
    link_steps: Vec<(i64, LinkStep)>,
    batches: mpsc::Receiver<Vec<DueMessage>>,
    requests: mpsc::UnboundedReceiver<Request>,
    /// Connections that wait for a place among the first connects.
    queue: VecDeque<u32>,
    places: usize,
    dirty: Vec<u32>,
    stats: FleetStats,
    events: Vec<FleetEvent>,
    commands: Vec<CommandArrival>,
    spare: SpareOutput,
    read_buffer: Vec<u8>,
    sleep: Pin<Box<Sleep>>,
    ending: Ending,
}

impl Lane {
    /// A lane with these connections, of which at most `places` make their first connect at a time. Must be called
    /// inside a tokio runtime.
    pub(crate) fn new(
        shared: Shared,
        connections: Vec<ConnectionConfig>,
        places: usize,
        batches: mpsc::Receiver<Vec<DueMessage>>,
        requests: mpsc::UnboundedReceiver<Request>,
    ) -> Self {
        let ready = Arc::new(ReadyList::default());
        let connections: Vec<Connection> = connections
            .into_iter()
            .enumerate()
            .map(|(slot, config)| {
                Connection::new(Session::new(config), ready.waker(slot as u32), Arc::clone(&shared.addresses))
            })
            .collect();
        Self {
            agenda: Agenda::new(connections.len()),
            queue: (0..connections.len() as u32).collect(),
            connections,
            shared,
            ready,
            ready_slots: Vec::new(),
            due: DueMessages::default(),
            link_steps: Vec::new(),
            batches,
            requests,
            places,
            dirty: Vec::new(),
            stats: FleetStats::default(),
            events: Vec::new(),
            commands: Vec::new(),
            spare: SpareOutput::default(),
            read_buffer: vec![0; READ_BUFFER],
            sleep: Box::pin(tokio::time::sleep(std::time::Duration::ZERO)),
            ending: Ending::NotAsked,
        }
    }

    /// Runs until shut down or abandoned, and returns the final counts.
    pub(crate) async fn run(mut self) -> LaneEnd {
        // Tokio's cooperative budget is meant for one connection per task; the lane paces itself by strides.
        tokio::task::coop::unconstrained(std::future::poll_fn(|context| self.poll(context))).await;
        self.stats.connections = self.connection_counts();
        let accepted = self.connections.into_iter().filter(|connection| connection.was_accepted);
        let left = accepted.map(|connection| connection.session.into_config()).filter(persists).collect();
        LaneEnd { stats: self.stats, left }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.ready.watch(context.waker());
        for _ in 0..STRIDES_PER_TURN {
            let now_ns = self.shared.pace.now_ns();
            let abandoned = self.take_requests(now_ns, context).is_break();
            self.take_batches(context);
            self.take_link_steps(now_ns);
            self.take_ready(now_ns);
            self.take_deadlines(now_ns);
            self.take_due(now_ns);
            self.start_connects(now_ns);
            self.flush_dirty(now_ns);
            let ended = abandoned || self.end(now_ns);
            self.tell_events();
            if ended {
                return Poll::Ready(());
            }
            if self.ready_slots.is_empty() && self.ready.is_empty() && self.sleep_until_next(context).is_pending() {
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
                Some(Request::Cut { slots, how, occurrence, at_ns }) => {
                    self.link_steps.push((at_ns, LinkStep::Cut { slots, how, occurrence }));
                }
                Some(Request::Heal { occurrence, at_ns }) => {
                    self.link_steps.push((at_ns, LinkStep::Heal { occurrence }));
                }
                Some(Request::Reply { slot, payload }) => {
                    self.with_connection(slot, now_ns, |connection, turn| connection.session.reply(payload, turn));
                }
                Some(Request::Stats(answer)) => {
                    let mut stats = self.stats.clone();
                    stats.connections = self.connection_counts();
                    // Nobody waits for the answer any more: nothing to do.
                    drop(answer.send(stats));
                }
                Some(Request::Shutdown { drain_until_ns }) => {
                    self.ending = Ending::Draining { until_ns: drain_until_ns }
                }
            }
        }
        std::ops::ControlFlow::Continue(())
    }

    fn take_batches(&mut self, context: &mut Context<'_>) {
        while let Poll::Ready(Some(batch)) = self.batches.poll_recv(context) {
            self.due.add(batch);
        }
    }

    fn take_link_steps(&mut self, now_ns: i64) {
        if self.link_steps.iter().all(|(at_ns, _)| *at_ns > now_ns) {
            return;
        }
        self.link_steps.sort_by_key(|(at_ns, _)| *at_ns);
        let due = self.link_steps.partition_point(|(at_ns, _)| *at_ns <= now_ns);
        for (_, step) in self.link_steps.drain(..due).collect::<Vec<_>>() {
            match step {
                LinkStep::Cut { slots, how, occurrence } => {
                    for slot in slots {
                        self.with_connection(slot, now_ns, |connection, turn| connection.cut(occurrence, how, turn));
                    }
                }
                LinkStep::Heal { occurrence } => {
                    let mut buffer = std::mem::take(&mut self.read_buffer);
                    for slot in 0..self.connections.len() as u32 {
                        self.with_connection(slot, now_ns, |connection, turn| {
                            connection.heal(occurrence, &mut buffer, turn);
                        });
                    }
                    self.read_buffer = buffer;
                }
            }
        }
    }

    fn take_ready(&mut self, now_ns: i64) {
        if self.ready_slots.is_empty() {
            self.ready.take(&mut self.ready_slots);
        }
        let mut buffer = std::mem::take(&mut self.read_buffer);
        for _ in 0..STRIDE {
            let Some(slot) = self.ready_slots.pop() else { break };
            self.with_connection(slot, now_ns, |connection, turn| connection.socket_ready(&mut buffer, turn));
        }
        self.read_buffer = buffer;
    }

    fn take_deadlines(&mut self, now_ns: i64) {
        for _ in 0..STRIDE {
            let Some(slot) = self.agenda.pop(now_ns) else { break };
            let connection = &mut self.connections[slot as usize];
            match connection.link {
                Link::Waiting { until_ns } if until_ns <= now_ns && connection.was_accepted => {
                    self.with_connection(slot, now_ns, Connection::connect);
                }
                Link::Waiting { until_ns } if until_ns <= now_ns => {
                    connection.link = Link::Queued;
                    self.queue.push_back(slot);
                }
                _ => self.with_connection(slot, now_ns, Connection::time_passed),
            }
        }
    }

    fn take_due(&mut self, now_ns: i64) {
        for _ in 0..STRIDE {
            let Some(due) = self.due.pop(now_ns) else { break };
            self.stats.counts.handled += 1;
            self.stats.lag_us.saturating_record(((now_ns - due.due_ns) / 1_000).max(0) as u64);
            self.with_connection(due.slot, now_ns, |connection, turn| connection.session.publish(due.message, turn));
        }
    }

    fn start_connects(&mut self, now_ns: i64) {
        while self.places > 0 {
            let Some(slot) = self.queue.pop_front() else { break };
            if !matches!(self.connections[slot as usize].link, Link::Queued) {
                continue;
            }
            self.places -= 1;
            self.connections[slot as usize].noted.place = true;
            self.with_connection(slot, now_ns, Connection::connect);
        }
    }

    fn flush_dirty(&mut self, now_ns: i64) {
        for slot in std::mem::take(&mut self.dirty) {
            self.connections[slot as usize].noted.dirty = false;
            self.with_connection(slot, now_ns, Connection::flush);
        }
    }

    /// Lets something happen to a connection and draws the lane's conclusions: when to look again, whether a place is
    /// free, who is online, whose bytes wait.
    fn with_connection(&mut self, slot: u32, now_ns: i64, happen: impl FnOnce(&mut Connection, &mut Turn<'_>)) {
        let connection = &mut self.connections[slot as usize];
        let output_before = connection.session.output().len();
        happen(
            connection,
            &mut Turn {
                now_ns,
                limits: self.shared.limits,
                routes: &self.shared.routes,
                stats: &mut self.stats,
                events: &mut self.events,
                commands: &mut self.commands,
                spare: &mut self.spare,
            },
        );
        self.agenda.arm(slot, connection.deadline_ns(self.shared.limits.connect_ns));
        if connection.noted.place && !connection.is_establishing() {
            connection.noted.place = false;
            self.places += 1;
        }
        let online = connection.session.phase() == Phase::Online;
        if online != connection.noted.online {
            connection.noted.online = online;
            self.shared.online.send_modify(|count| if online { *count += 1 } else { *count -= 1 });
        }
        if !connection.noted.dirty && connection.session.output().len() > output_before {
            connection.noted.dirty = true;
            self.dirty.push(slot);
        }
    }

    /// Ends the lane in steps; true when it has ended.
    fn end(&mut self, now_ns: i64) -> bool {
        match self.ending {
            Ending::NotAsked => false,
            Ending::Draining { until_ns } => {
                let settled = || self.connections.iter().all(|connection| connection.session.is_settled());
                if now_ns >= until_ns || (self.due.is_empty() && self.batches.is_empty() && settled()) {
                    self.ending = Ending::Closing;
                    for slot in 0..self.connections.len() as u32 {
                        self.with_connection(slot, now_ns, |connection, turn| {
                            connection.close(now_ns + FAREWELL_NS, turn);
                        });
                    }
                }
                false
            }
            Ending::Closing => {
                let ended = self.connections.iter().all(|connection| matches!(connection.link, Link::Closed));
                if ended {
                    self.report_pending();
                }
                ended
            }
        }
    }

    fn report_pending(&mut self) {
        for connection in &self.connections {
            connection.session.report_pending(&mut self.events);
        }
        self.batches.close();
        while let Ok(batch) = self.batches.try_recv() {
            self.due.add(batch);
        }
        for due in self.due.drain() {
            if let Content::Telemetry { route, sequence } = due.message.content {
                self.events.push(FleetEvent::Pending { route, sequence, sent: false });
            }
        }
    }

    fn tell_events(&mut self) {
        if !self.commands.is_empty() {
            self.shared.inbox.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.commands);
        }
        if !self.events.is_empty() {
            // A judge that went away does not stop the devices.
            drop(self.shared.events.send(std::mem::take(&mut self.events)));
        }
    }

    /// Arms the sleep for the next thing that time brings.
    fn sleep_until_next(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let next_step_ns = self.link_steps.iter().map(|(at_ns, _)| *at_ns).min().unwrap_or(i64::MAX);
        let drain_ns = if let Ending::Draining { until_ns } = self.ending { until_ns } else { i64::MAX };
        let next_ns = self.agenda.next_ns().min(self.due.next_ns()).min(next_step_ns).min(drain_ns);
        if next_ns == i64::MAX {
            return Poll::Pending;
        }
        let instant = tokio::time::Instant::from_std(self.shared.pace.instant(next_ns));
        if self.sleep.deadline() != instant {
            self.sleep.as_mut().reset(instant);
        }
        self.sleep.as_mut().poll(context)
    }

    fn connection_counts(&self) -> ConnectionCounts {
        let mut counts = ConnectionCounts::default();
        for connection in &self.connections {
            let count = match (&connection.link, connection.session.phase()) {
                (Link::Waiting { .. } | Link::Queued, _) => &mut counts.waiting,
                (Link::Dialling { .. } | Link::Hanging { .. }, _) => &mut counts.connecting,
                (Link::Open(_), Phase::Online) => &mut counts.online,
                (Link::Open(_), _) => &mut counts.greeting,
                (Link::Closed, _) => &mut counts.closed,
            };
            *count += 1;
        }
        counts
    }
}

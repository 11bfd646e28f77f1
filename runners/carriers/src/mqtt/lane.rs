//! Hundreds or thousands of connections that share a clock, without I/O of its own: a turn at an instant does what is
//! due, and tells when the next one is.
//!
//! There is no task, timer or idle buffer per connection: transports report readiness through one waker each, deadlines
//! share one heap, and what is written in one turn leaves in one write per connection. On the wall clock a task drives
//! a lane ([`task`]), in virtual time whoever owns the time.

mod connection;
mod due;
mod output_frames;
mod ruled;
pub(crate) mod short_lives;
pub(crate) mod task;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use sim_core::OccurrenceId;

use crate::event::{CarrierEvent, CommandArrival};
use crate::mqtt::config::{ConnectionConfig, RouteConfig};
use crate::mqtt::leftovers::persists;
use crate::mqtt::message::Content;
use crate::mqtt::outgoing::SpareOutput;
use crate::mqtt::session::{Phase, Session};
use crate::mqtt::turn::{Limits, Turn};
use crate::rules::link_rule::LinkRule;
use crate::stats::{CarrierStats, ConnectionCounts};
use crate::transport::Destination;
use crate::wakeups::agenda::Agenda;
use crate::wakeups::ready::ReadyList;
use connection::{Connection, Link};
pub(crate) use due::DueMessage;
use due::DueMessages;

/// Messages or connections handled between two readings of the clock, which keeps instants true to about a millisecond.
const STRIDE: usize = 64;

/// Bytes read at a time, one buffer for all connections of a lane.
const READ_BUFFER: usize = 64 * 1024;

/// How long a broker may take to close a connection after DISCONNECT [ns].
const FAREWELL_NS: i64 = 1_000_000_000;

/// A begin or heal that waits for its instant.
#[derive(Debug)]
pub(crate) enum LinkStep {
    /// Puts rules on links.
    Begin {
        /// One rule a link.
        rules: Vec<(u32, Box<dyn LinkRule>)>,
        /// Of which occurrence.
        occurrence: OccurrenceId,
    },
    /// Heals all links that the occurrence has a rule on.
    Heal {
        /// Which occurrence.
        occurrence: OccurrenceId,
    },
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
    pub(crate) limits: Limits,
    pub(crate) routes: Arc<Vec<RouteConfig>>,
    pub(crate) destination: Destination,
}

/// What a lane leaves behind.
#[derive(Debug)]
pub(crate) struct LaneEnd {
    /// Final counts.
    pub(crate) stats: CarrierStats,
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
    /// Begins and heals by instant, in the order they were asked for.
    link_steps: Vec<(i64, LinkStep)>,
    /// Connections that wait for a place among the first connects.
    queue: VecDeque<u32>,
    places: usize,
    dirty: Vec<u32>,
    online: usize,
    stats: CarrierStats,
    events: Vec<CarrierEvent>,
    commands: Vec<CommandArrival>,
    spare: SpareOutput,
    read_buffer: Vec<u8>,
    ending: Ending,
}

impl Lane {
    /// A lane with these connections, of which at most `places` make their first connect at a time.
    pub(crate) fn new(shared: Shared, connections: Vec<ConnectionConfig>, places: usize) -> Self {
        let ready = Arc::new(ReadyList::default());
        let connections: Vec<Connection> = connections
            .into_iter()
            .enumerate()
            .map(|(slot, config)| Connection::new(Session::new(config), ready.waker(slot as u32)))
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
            places,
            dirty: Vec::new(),
            online: 0,
            stats: CarrierStats::default(),
            events: Vec::new(),
            commands: Vec::new(),
            spare: SpareOutput::default(),
            read_buffer: vec![0; READ_BUFFER],
            ending: Ending::NotAsked,
        }
    }

    /// Whoever drives the lane is woken when a connection becomes ready.
    pub(crate) fn watch(&self, waker: &Waker) {
        self.ready.watch(waker);
    }

    /// Does what is due at `now_ns`, up to a stride of each kind; `more_to_come` while messages may still be added.
    /// True when the lane has ended.
    pub(crate) fn turn(&mut self, now_ns: i64, more_to_come: bool) -> bool {
        self.take_link_steps(now_ns);
        self.take_ready(now_ns);
        self.take_deadlines(now_ns);
        self.take_due(now_ns);
        self.start_connects(now_ns);
        self.flush_dirty(now_ns);
        self.end(now_ns, more_to_come)
    }

    /// Whether a connection has become ready, so that another turn is due at once.
    pub(crate) fn is_busy(&self) -> bool {
        !self.ready_slots.is_empty() || !self.ready.is_empty()
    }

    /// When the next turn is due by the clock [ns]; `i64::MAX` is never.
    pub(crate) fn next_ns(&self) -> i64 {
        let next_step_ns = self.link_steps.iter().map(|(at_ns, _)| *at_ns).min().unwrap_or(i64::MAX);
        let drain_ns = if let Ending::Draining { until_ns } = self.ending { until_ns } else { i64::MAX };
        self.agenda.next_ns().min(self.due.next_ns()).min(next_step_ns).min(drain_ns)
    }

    /// Adds messages, each for its instant.
    pub(crate) fn add(&mut self, batch: Vec<DueMessage>) {
        self.due.add(batch);
    }

    /// Adds a begin or heal for its instant.
    pub(crate) fn step(&mut self, at_ns: i64, step: LinkStep) {
        self.link_steps.push((at_ns, step));
    }

    /// Answers a command.
    pub(crate) fn reply(&mut self, slot: u32, payload: Bytes, now_ns: i64) {
        self.with_connection(slot, now_ns, |connection, turn| connection.session.reply(payload, turn));
    }

    /// Settles what can be settled until an instant, then ends.
    pub(crate) fn shut_down(&mut self, drain_until_ns: i64) {
        self.ending = Ending::Draining { until_ns: drain_until_ns };
    }

    /// Connections online now.
    pub(crate) fn online(&self) -> usize {
        self.online
    }

    /// Counts so far.
    pub(crate) fn stats(&self) -> CarrierStats {
        let mut stats = self.stats.clone();
        stats.connections = self.connection_counts();
        stats
    }

    /// What has happened since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<CarrierEvent> {
        std::mem::take(&mut self.events)
    }

    /// Commands that have arrived since the last call.
    pub(crate) fn commands(&mut self) -> &mut Vec<CommandArrival> {
        &mut self.commands
    }

    /// Ends the lane for good.
    pub(crate) fn into_end(self) -> LaneEnd {
        let stats = self.stats();
        let accepted = self.connections.into_iter().filter(|connection| connection.was_accepted);
        let left = accepted.map(|connection| connection.session.into_config()).filter(persists).collect();
        LaneEnd { stats, left }
    }

    fn take_link_steps(&mut self, now_ns: i64) {
        if self.link_steps.iter().all(|(at_ns, _)| *at_ns > now_ns) {
            return;
        }
        self.link_steps.sort_by_key(|(at_ns, _)| *at_ns);
        let due = self.link_steps.partition_point(|(at_ns, _)| *at_ns <= now_ns);
        for (_, step) in self.link_steps.drain(..due).collect::<Vec<_>>() {
            match step {
                LinkStep::Begin { rules, occurrence } => {
                    for (slot, rule) in rules {
                        self.with_connection(slot, now_ns, |connection, turn| {
                            connection.begin_rule(occurrence, rule, turn);
                        });
                    }
                }
                LinkStep::Heal { occurrence } => {
                    let mut buffer = std::mem::take(&mut self.read_buffer);
                    for slot in 0..self.connections.len() as u32 {
                        self.with_connection(slot, now_ns, |connection, turn| {
                            connection.heal_rule(occurrence, &mut buffer, turn);
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
                _ => {
                    let mut buffer = std::mem::take(&mut self.read_buffer);
                    self.with_connection(slot, now_ns, |connection, turn| connection.time_passed(&mut buffer, turn));
                    self.read_buffer = buffer;
                }
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
                destination: &self.shared.destination,
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
            if online {
                self.online += 1;
            } else {
                self.online -= 1;
            }
        }
        if !connection.noted.dirty && connection.session.output().len() > output_before {
            connection.noted.dirty = true;
            self.dirty.push(slot);
        }
    }

    /// Ends the lane in steps; true when it has ended.
    fn end(&mut self, now_ns: i64, more_to_come: bool) -> bool {
        match self.ending {
            Ending::NotAsked => false,
            Ending::Draining { until_ns } => {
                let settled = || self.connections.iter().all(|connection| connection.session.is_settled());
                if now_ns >= until_ns || (self.due.is_empty() && !more_to_come && settled()) {
                    self.ending = Ending::Closing;
                    for slot in 0..self.connections.len() as u32 {
                        self.with_connection(slot, now_ns, |connection, turn| {
                            connection.close(now_ns + FAREWELL_NS, turn);
                        });
                    }
                }
                false
            }
            Ending::Closing => self.connections.iter().all(|connection| matches!(connection.link, Link::Closed)),
        }
    }

    /// Declares what was not settled when the lane has ended.
    pub(crate) fn report_pending(&mut self) {
        for connection in &self.connections {
            connection.session.report_pending(&mut self.events);
        }
        for due in self.due.drain() {
            if let Content::Telemetry { route, sequence } = due.message.content {
                self.events.push(CarrierEvent::Pending { route, sequence, sent: false });
            }
        }
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

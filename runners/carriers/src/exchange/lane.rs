//! Lines that share a clock, without I/O of their own: a turn at an instant does what is due, and tells when the next is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use sim_core::{OccurrenceId, Outbound, RouteId, SimId};

use super::line::{Line, LineConfig};
use super::turn::Turn;
use crate::error::CarrierError;
use crate::event::CarrierEvent;
use crate::pace::Pace;
use crate::rules::link_rule::LinkRule;
use crate::stats::CarrierStats;
use crate::transport::Destination;
use crate::wakeups::agenda::Agenda;
use crate::wakeups::ready::ReadyList;

/// Lines looked at between two readings of the clock, which keeps instants true to about a millisecond.
const STRIDE: usize = 64;

/// Bytes read at a time, one buffer for all lines.
const READ_BUFFER: usize = 64 * 1024;

/// Most first connects at a time, as for brokers: a listener's backlog is often 128.
const PLACES: usize = 64;

/// Longest attempt to connect [ns].
const CONNECT_NS: i64 = 10_000_000_000;

/// A begin or heal that waits for its instant.
pub(crate) enum Step {
    Begin { rules: Vec<(u32, Box<dyn LinkRule>)>, occurrence: OccurrenceId },
    Heal { occurrence: OccurrenceId },
}

/// A message that waits for its instant.
struct Due {
    slot: u32,
    route: RouteId,
    sequence: u64,
    payload: Bytes,
}

/// How far the end of a lane is.
enum Ending {
    NotAsked,
    Draining { until_ns: i64 },
    Ended,
}

/// A lane.
pub(crate) struct Lane {
    destination: Destination,
    lines: Vec<Line>,
    ready: Arc<ReadyList>,
    ready_slots: Vec<u32>,
    agenda: Agenda,
    /// By instant [ns] and arrival.
    due: BTreeMap<(i64, u64), Due>,
    arrivals: u64,
    /// In the order in which they were asked for.
    steps: Vec<(i64, Step)>,
    /// Lines that wait for their first connect, and attempts in progress.
    queue: VecDeque<u32>,
    dialling: usize,
    online: usize,
    stats: CarrierStats,
    events: Vec<CarrierEvent>,
    buffer: Vec<u8>,
    ending: Ending,
}

impl Lane {
    pub(crate) fn new(destination: Destination, lines: Vec<LineConfig>) -> Self {
        let ready = Arc::new(ReadyList::default());
        let lines: Vec<Line> =
            lines.into_iter().enumerate().map(|(slot, config)| Line::new(config, ready.waker(slot as u32))).collect();
        Self {
            destination,
            ready_slots: Vec::new(),
            agenda: Agenda::new(lines.len()),
            due: BTreeMap::new(),
            arrivals: 0,
            steps: Vec::new(),
            queue: (0..lines.len() as u32).collect(),
            dialling: 0,
            online: 0,
            stats: CarrierStats::default(),
            events: Vec::new(),
            buffer: vec![0; READ_BUFFER],
            ending: Ending::NotAsked,
            lines,
            ready,
        }
    }

    /// Whoever drives the lane is woken when a line becomes ready.
    pub(crate) fn watch(&self, waker: &Waker) {
        self.ready.watch(waker);
    }

    /// Adds a message of a line for its instant.
    pub(crate) fn add(&mut self, slot: u32, due_ns: i64, message: Outbound) {
        let Outbound { route, sequence, payload, .. } = message;
        self.due.insert((due_ns, self.arrivals), Due { slot, route, sequence, payload });
        self.arrivals += 1;
    }

    /// Adds a begin or heal for its instant.
    pub(crate) fn step(&mut self, at_ns: i64, step: Step) {
        self.steps.push((at_ns, step));
    }

    /// Settles what can be settled until an instant, then ends.
    pub(crate) fn shut_down(&mut self, until_ns: i64) {
        self.ending = Ending::Draining { until_ns };
    }

    /// Does what is due at `now_ns`, up to a stride of each kind. True when the lane has ended.
    pub(crate) fn turn(&mut self, now_ns: i64) -> bool {
        self.take_steps(now_ns);
        self.take_ready(now_ns);
        for _ in 0..STRIDE {
            let Some(slot) = self.agenda.pop(now_ns) else { break };
            self.with_line(slot, now_ns, Line::work);
        }
        self.take_due(now_ns);
        while self.dialling < PLACES
            && let Some(slot) = self.queue.pop_front()
        {
            if self.lines[slot as usize].is_queued() {
                self.with_line(slot, now_ns, |line, turn| {
                    line.connect(turn);
                    line.work(turn);
                });
            }
        }
        self.end(now_ns)
    }

    fn take_steps(&mut self, now_ns: i64) {
        if self.steps.iter().all(|(at_ns, _)| *at_ns > now_ns) {
            return;
        }
        self.steps.sort_by_key(|(at_ns, _)| *at_ns);
        let due = self.steps.partition_point(|(at_ns, _)| *at_ns <= now_ns);
        for (_, step) in self.steps.drain(..due).collect::<Vec<_>>() {
            match step {
                Step::Begin { rules, occurrence } => {
                    for (slot, rule) in rules {
                        self.with_line(slot, now_ns, |line, turn| {
                            line.begin_rule(occurrence, rule, turn);
                            line.work(turn);
                        });
                    }
                }
                Step::Heal { occurrence } => {
                    for slot in 0..self.lines.len() as u32 {
                        self.with_line(slot, now_ns, |line, turn| {
                            line.heal_rule(occurrence, turn);
                            line.work(turn);
                        });
                    }
                }
            }
        }
    }

    fn take_ready(&mut self, now_ns: i64) {
        if self.ready_slots.is_empty() {
            self.ready.take(&mut self.ready_slots);
        }
        for _ in 0..STRIDE {
            let Some(slot) = self.ready_slots.pop() else { break };
            self.with_line(slot, now_ns, Line::work);
        }
    }

    fn take_due(&mut self, now_ns: i64) {
        for _ in 0..STRIDE {
            let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now_ns) else { break };
            let late_ns = now_ns - entry.key().0;
            let Due { slot, route, sequence, payload } = entry.remove();
            self.stats.counts.handled += 1;
            self.stats.lag_us.saturating_record((late_ns / 1_000).max(0).unsigned_abs());
            self.with_line(slot, now_ns, |line, turn| line.publish(route, sequence, &payload, turn));
        }
    }

    /// Lets something happen to a line, and draws the lane's conclusions.
    fn with_line(&mut self, slot: u32, now_ns: i64, happen: impl FnOnce(&mut Line, &mut Turn<'_>)) {
        let line = &mut self.lines[slot as usize];
        let before = (usize::from(line.is_dialling()), usize::from(line.is_online()));
        happen(
            line,
            &mut Turn {
                now_ns,
                connect_ns: CONNECT_NS,
                destination: &self.destination,
                stats: &mut self.stats,
                events: &mut self.events,
                buffer: &mut self.buffer,
            },
        );
        self.dialling = self.dialling + usize::from(line.is_dialling()) - before.0;
        self.online = self.online + usize::from(line.is_online()) - before.1;
        self.agenda.arm(slot, line.deadline_ns(CONNECT_NS));
    }

    fn end(&mut self, now_ns: i64) -> bool {
        match self.ending {
            Ending::Draining { until_ns } => {
                let is_settled = self.due.is_empty() && self.lines.iter().all(Line::is_settled);
                if !is_settled && now_ns < until_ns {
                    return false;
                }
                for slot in 0..self.lines.len() as u32 {
                    self.with_line(slot, now_ns, Line::close);
                }
                let never_due = std::mem::take(&mut self.due).into_values();
                self.events.extend(never_due.map(|Due { route, sequence, .. }| CarrierEvent::Pending {
                    route,
                    sequence,
                    sent: false,
                }));
                self.ending = Ending::Ended;
                true
            }
            Ending::NotAsked => false,
            Ending::Ended => true,
        }
    }

    /// Whether a line has become ready, so that another turn is due at once.
    pub(crate) fn is_busy(&self) -> bool {
        !self.ready_slots.is_empty() || !self.ready.is_empty()
    }

    /// When the next turn is due by the clock [ns]; `i64::MAX` is never.
    pub(crate) fn next_ns(&self) -> i64 {
        let due_ns = self.due.keys().next().map_or(i64::MAX, |(due_ns, _)| *due_ns);
        let step_ns = self.steps.iter().map(|(at_ns, _)| *at_ns).min().unwrap_or(i64::MAX);
        let drain_ns = match self.ending {
            Ending::Draining { until_ns } => until_ns,
            Ending::NotAsked | Ending::Ended => i64::MAX,
        };
        self.agenda.next_ns().min(due_ns).min(step_ns).min(drain_ns)
    }

    /// Lines that are connected now.
    pub(crate) fn online(&self) -> usize {
        self.online
    }

    /// What has happened since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<CarrierEvent> {
        std::mem::take(&mut self.events)
    }

    /// Counts so far.
    pub(crate) fn stats(&self) -> CarrierStats {
        let mut stats = self.stats.clone();
        stats.connections.online = self.online as u64;
        stats.connections.connecting = self.dialling as u64;
        stats.connections.closed = self.lines.iter().filter(|line| line.is_closed()).count() as u64;
        let known = stats.connections.online + stats.connections.connecting + stats.connections.closed;
        stats.connections.waiting = self.lines.len() as u64 - known;
        stats
    }
}

/// Which line is whose, and which routes there are.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    /// Ascending; the position is the slot.
    devices: Vec<SimId>,
    routes: usize,
}

impl Slots {
    /// Of devices, ascending.
    pub(crate) fn new(devices: Vec<SimId>, routes: usize) -> Self {
        Self { devices, routes }
    }

    pub(crate) fn len(&self) -> usize {
        self.devices.len()
    }

    /// The slot of a device.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`].
    pub(crate) fn of(&self, device: SimId) -> Result<u32, CarrierError> {
        let slot = self.devices.binary_search(&device);
        slot.map(|slot| slot as u32).map_err(|_| CarrierError::UnknownDevice { device })
    }

    /// Gives each message of a batch its slot and instant [ns].
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`] or [`CarrierError::UnknownRoute`].
    pub(crate) fn split(&self, batch: Vec<Outbound>, pace: Pace) -> Result<Vec<(u32, i64, Outbound)>, CarrierError> {
        let place = |message: Outbound| {
            if message.route.index() >= self.routes {
                return Err(CarrierError::UnknownRoute { route: message.route });
            }
            Ok((self.of(message.sender())?, pace.wall_ns(message.due()), message))
        };
        batch.into_iter().map(place).collect()
    }

    /// Gives rules their slots.
    ///
    /// # Errors
    /// [`CarrierError::UnknownDevice`].
    pub(crate) fn share<T>(&self, rules: Vec<(SimId, T)>) -> Result<Vec<(u32, T)>, CarrierError> {
        rules.into_iter().map(|(device, rule)| Ok((self.of(device)?, rule))).collect()
    }
}

//! One device's way to the target: what it has to send, its connection, and the rules that stand between.

use std::collections::{BTreeMap, VecDeque};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use scenarios::OutboxPlan;
use sim_core::{Key, OccurrenceId, RouteId, SimId};
use tokio::io::ReadBuf;

use super::dialogue::{Answer, Dialogue, Frame, Request};
use super::outbox::Outbox;
use super::pace_of_line::PaceOfLine;
use super::turn::Turn;
use crate::backoff::wait_ns;
use crate::event::{CarrierEvent, DropReason, LossReason};
use crate::rules::frame_queue::FrameQueue;
use crate::rules::link_rule::{Closing, Dial, Direction, LinkRule, LinkState, Onset};
use crate::rules::rule_set::{Passage, RuleSet};
use crate::transport::memory::MEMORY_LATENCY;
use crate::transport::tls::TlsClient;
use crate::transport::{Dialling, Transport};

/// Most reads in a row, so that one chatty target does not keep other lines waiting.
const READS_IN_A_ROW: usize = 16;

/// The quickest that an attempt can fail [ns]: a refusal takes a round trip. Without it virtual time would never leave the
/// instant at which a device without backoff is refused.
const QUICKEST_REFUSAL_NS: i64 = 2 * MEMORY_LATENCY.nanos();

/// How one device reaches the target.
pub(crate) struct LineConfig {
    pub(crate) device: SimId,
    pub(crate) tls: Option<TlsClient>,
    pub(crate) outbox: OutboxPlan,
    pub(crate) pace: PaceOfLine,
    /// Key of its draws (jitter of the backoff).
    pub(crate) key: Key,
    /// Whether it comes back at once when it has lost its connection, or only when it has something to send.
    pub(crate) stays_connected: bool,
    pub(crate) dialogue: Box<dyn Dialogue>,
}

/// What carries the dialogue at the moment.
enum Link {
    /// Nothing, until a place among the first connects is free.
    Queued,
    /// Nothing, until this instant [ns], or longer where nothing is to be sent.
    Resting { until_ns: i64 },
    /// A connection in progress.
    Dialling { attempt: Dialling, since_ns: i64 },
    /// An attempt that nobody answers, because a rule swallows it.
    Hanging { since_ns: i64 },
    /// A connected stream.
    Open(Transport),
    /// Nothing any more.
    Closed,
}

/// A request that waits for its answer.
struct Asked {
    request: Request,
    /// When the answer must be there [ns].
    due_ns: i64,
    /// Whether the connection has taken all of it.
    is_sent: bool,
}

/// What a connection has on its way.
#[derive(Default)]
struct UnderWay {
    /// Frames that rules have not seen.
    frames: VecDeque<Frame>,
    /// Frames that rules let pass, now or later.
    outgoing: FrameQueue,
    incoming: FrameQueue,
    /// Bytes given to `outgoing`, and of them taken by the transport.
    passed: u64,
    taken: u64,
    /// Requests that are out when so many bytes are taken.
    marks: VecDeque<(u64, u64)>,
    /// The transport takes no more at the moment; its waker tells when it does.
    is_blocked: bool,
}

/// A line.
pub(crate) struct Line {
    config: LineConfig,
    link: Link,
    waker: Waker,
    under_way: UnderWay,
    rules: RuleSet,
    /// Connections given up while rules held their bytes: the other side must not notice before they heal.
    parked: Vec<Transport>,
    outbox: Outbox,
    asked: BTreeMap<u64, Asked>,
    next_ticket: u64,
    /// Nothing is asked before this instant [ns].
    rests_until_ns: i64,
    /// Attempts in vain since the last answer, and waits in all.
    failures: u32,
    waits: u64,
    lost_ns: Option<i64>,
}

impl Line {
    pub(crate) fn new(config: LineConfig, waker: Waker) -> Self {
        let outbox = Outbox::new(config.outbox);
        Self {
            config,
            link: Link::Queued,
            waker,
            under_way: UnderWay::default(),
            rules: RuleSet::default(),
            parked: Vec::new(),
            outbox,
            asked: BTreeMap::new(),
            next_ticket: 0,
            rests_until_ns: i64::MIN,
            failures: 0,
            waits: 0,
            lost_ns: None,
        }
    }

    pub(crate) fn is_queued(&self) -> bool {
        matches!(self.link, Link::Queued)
    }

    pub(crate) fn is_dialling(&self) -> bool {
        matches!(self.link, Link::Dialling { .. })
    }

    pub(crate) fn is_online(&self) -> bool {
        matches!(self.link, Link::Open(_))
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.link, Link::Closed)
    }

    /// Whether every message is settled.
    pub(crate) fn is_settled(&self) -> bool {
        self.outbox.is_empty() && self.asked.is_empty()
    }

    /// When it must be looked at [ns]; `i64::MAX` is never.
    pub(crate) fn deadline_ns(&self, connect_ns: i64) -> i64 {
        match &self.link {
            Link::Resting { until_ns } if self.wants_connection() => *until_ns,
            Link::Dialling { since_ns, .. } | Link::Hanging { since_ns } => since_ns.saturating_add(connect_ns),
            Link::Open(_) => {
                let answer_ns = self.asked.values().map(|asked| asked.due_ns).min().unwrap_or(i64::MAX);
                let waits = !self.outbox.is_empty() && self.config.dialogue.has_room();
                let ask_ns = if waits { self.rests_until_ns } else { i64::MAX };
                let held = |direction, queue: &FrameQueue| {
                    if self.rules.holds(direction) { i64::MAX } else { queue.next_ns() }
                };
                let is_blocked = self.under_way.is_blocked;
                let outgoing_ns =
                    if is_blocked { i64::MAX } else { held(Direction::Outgoing, &self.under_way.outgoing) };
                answer_ns.min(ask_ns).min(outgoing_ns).min(held(Direction::Incoming, &self.under_way.incoming))
            }
            Link::Queued | Link::Resting { .. } | Link::Closed => i64::MAX,
        }
    }

    fn wants_connection(&self) -> bool {
        self.config.stays_connected || !self.is_settled()
    }

    /// A message whose instant has come.
    pub(crate) fn publish(&mut self, route: RouteId, sequence: u64, payload: &Bytes, turn: &mut Turn<'_>) {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        // Memory of its own, so that keeping it does not keep a whole encoding arena.
        let payload = Bytes::copy_from_slice(payload);
        self.outbox.push(Request { ticket, route, sequence, payload, attempts: 0 });
        self.work(turn);
        while let Some((request, reason)) = self.outbox.overflow() {
            turn.dropped(&request, reason);
        }
    }

    /// Does what can be done now.
    pub(crate) fn work(&mut self, turn: &mut Turn<'_>) {
        if let Link::Resting { until_ns } = self.link
            && until_ns <= turn.now_ns
            && self.wants_connection()
        {
            self.connect(turn);
        }
        self.poll_dialling(turn);
        self.read(turn);
        self.take_answers(turn);
        self.ask(turn);
        self.write(turn);
        // Some are answered before anything is written.
        self.take_answers(turn);
        self.look_at_clock(turn);
    }

    /// Begins an attempt to connect.
    pub(crate) fn connect(&mut self, turn: &mut Turn<'_>) {
        let since_ns = turn.now_ns;
        match self.rules.dial(since_ns, &mut turn.stats.evidence) {
            Dial::Refuse => self.lose(LossReason::LinkCut, turn),
            Dial::Hang => self.link = Link::Hanging { since_ns },
            Dial::Pass => {
                let attempt = turn.destination.dial(self.config.tls.as_ref());
                self.link = Link::Dialling { attempt, since_ns };
            }
        }
    }

    fn poll_dialling(&mut self, turn: &mut Turn<'_>) {
        let Link::Dialling { attempt, since_ns } = &mut self.link else { return };
        let since_ns = *since_ns;
        match attempt.poll(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => {}
            Poll::Ready(Ok(transport)) => {
                turn.stats.opened(&transport);
                self.link = Link::Open(transport);
                self.config.dialogue.open();
                turn.connected(self.config.device, since_ns);
            }
            Poll::Ready(Err(error)) => self.lose(error.into(), turn),
        }
    }

    fn read(&mut self, turn: &mut Turn<'_>) {
        if self.rules.holds(Direction::Incoming) {
            return;
        }
        for _ in 0..READS_IN_A_ROW {
            let Link::Open(transport) = &mut self.link else { return };
            let mut arrived = ReadBuf::new(turn.buffer);
            let outcome = transport.poll_read(&mut Context::from_waker(&self.waker), &mut arrived);
            let count = arrived.filled().len();
            match outcome {
                Poll::Pending => return self.take_passed(turn),
                Poll::Ready(Err(error)) => return self.lose(error.into(), turn),
                Poll::Ready(Ok(())) if count == 0 => return self.hear_end(turn),
                Poll::Ready(Ok(())) => {
                    turn.stats.counts.bytes_in += count as u64;
                    let bytes = Bytes::copy_from_slice(&turn.buffer[..count]);
                    self.receive(bytes, turn);
                }
            }
        }
        self.waker.wake_by_ref();
    }

    fn receive(&mut self, bytes: Bytes, turn: &mut Turn<'_>) {
        match self.rules.judge(Direction::Incoming, bytes, turn.now_ns, &mut turn.stats.evidence) {
            Passage::Passes { bytes, not_before_ns } => self.under_way.incoming.push(bytes, not_before_ns),
            Passage::Vanishes => {}
            Passage::Cut(closing) => return self.cut(closing, turn),
        }
        self.take_passed(turn);
    }

    /// The dialogue gets what rules let through.
    fn take_passed(&mut self, turn: &mut Turn<'_>) {
        while let Some(bytes) = self.under_way.incoming.pop(turn.now_ns) {
            if let Err(reason) = self.config.dialogue.hear(&bytes) {
                return self.lose(reason, turn);
            }
        }
    }

    /// The target has ended its direction. Where nothing is open that is its right.
    fn hear_end(&mut self, turn: &mut Turn<'_>) {
        self.take_passed(turn);
        self.config.dialogue.hear_end();
        self.take_answers(turn);
        if self.is_online() {
            self.end_politely(turn);
        }
    }

    /// The connection is used up.
    fn end_politely(&mut self, turn: &mut Turn<'_>) {
        if self.config.stays_connected || !self.asked.is_empty() {
            return self.lose(LossReason::Closed, turn);
        }
        if let Link::Open(transport) = &mut self.link {
            transport.finish(&mut Context::from_waker(&self.waker));
        }
        self.let_go();
        self.link = Link::Resting { until_ns: turn.now_ns };
    }

    fn take_answers(&mut self, turn: &mut Turn<'_>) {
        while let Some((ticket, answer)) = self.config.dialogue.next_answer() {
            let Some(asked) = ticket.and_then(|ticket| self.asked.remove(&ticket)) else {
                turn.stats.counts.stray_acks += 1;
                continue;
            };
            let Asked { mut request, is_sent, .. } = asked;
            if !is_sent {
                // A target may answer before it has read everything.
                request.attempts += 1;
                turn.sent(request.route, request.sequence, request.attempts);
            }
            match answer {
                Answer::Taken => {
                    turn.taken(&request);
                    self.works_again(turn);
                }
                Answer::Refused { code, words } => {
                    turn.refused(self.config.device, &request, code, words);
                    self.works_again(turn);
                }
                Answer::Later { words, after_ns } => {
                    turn.told(self.config.device, format!("{words}, to be sent again"));
                    let own_ns = self.next_wait_ns();
                    self.rests_until_ns = turn.now_ns.saturating_add(own_ns.max(after_ns.unwrap_or(0)));
                    self.keep(request, turn);
                }
            }
        }
        if self.is_online() && self.config.dialogue.is_over() {
            self.end_politely(turn);
        }
    }

    fn works_again(&mut self, turn: &mut Turn<'_>) {
        self.failures = 0;
        if let Some(lost_ns) = self.lost_ns.take() {
            turn.stats.reconnect_us.saturating_record(((turn.now_ns - lost_ns) / 1_000).max(0).unsigned_abs());
        }
    }

    /// Keeps a message to be sent again, unless it was sent often enough.
    fn keep(&mut self, request: Request, turn: &mut Turn<'_>) {
        if self.config.pace.attempts.is_some_and(|most| request.attempts >= most) {
            turn.dropped(&request, DropReason::AttemptsExhausted);
        } else {
            self.outbox.put_back(request);
        }
    }

    /// Asks what can be asked.
    fn ask(&mut self, turn: &mut Turn<'_>) {
        while self.is_online() && self.rests_until_ns <= turn.now_ns && self.config.dialogue.has_room() {
            let Some(request) = self.outbox.next() else { break };
            self.config.dialogue.ask(&request);
            let due_ns = turn.now_ns.saturating_add(self.config.pace.timeout_ns);
            self.asked.insert(request.ticket, Asked { request, due_ns, is_sent: false });
        }
    }

    /// Writes what waits, as far as rules and transport let it.
    fn write(&mut self, turn: &mut Turn<'_>) {
        if !self.is_online() {
            return;
        }
        while let Some(frame) = self.config.dialogue.next_frame() {
            self.under_way.frames.push_back(frame);
        }
        if self.rules.holds(Direction::Outgoing) {
            let waiting = self.under_way.frames.iter().map(|frame| frame.bytes.len()).sum();
            return self.rules.hold(waiting, &mut turn.stats.evidence);
        }
        while let Some(Frame { bytes, completes }) = self.under_way.frames.pop_front() {
            match self.rules.judge(Direction::Outgoing, bytes, turn.now_ns, &mut turn.stats.evidence) {
                Passage::Passes { bytes, not_before_ns } if !bytes.is_empty() => {
                    self.under_way.passed += bytes.len() as u64;
                    self.under_way.outgoing.push(bytes, not_before_ns);
                }
                Passage::Passes { .. } | Passage::Vanishes => {}
                Passage::Cut(closing) => return self.cut(closing, turn),
            }
            if let Some(ticket) = completes {
                self.under_way.marks.push_back((self.under_way.passed, ticket));
            }
        }
        self.write_passed(turn);
    }

    fn write_passed(&mut self, turn: &mut Turn<'_>) {
        self.under_way.is_blocked = false;
        while let Link::Open(transport) = &mut self.link
            && let Some(due) = self.under_way.outgoing.due(turn.now_ns)
        {
            match transport.poll_write(&mut Context::from_waker(&self.waker), due) {
                Poll::Pending => {
                    self.under_way.is_blocked = true;
                    break;
                }
                Poll::Ready(Ok(count)) => {
                    self.under_way.outgoing.advance(count);
                    self.under_way.taken += count as u64;
                    turn.stats.counts.bytes_out += count as u64;
                }
                Poll::Ready(Err(error)) => return self.lose(error.into(), turn),
            }
        }
        while let Some((_, ticket)) = self.under_way.marks.pop_front_if(|(end, _)| *end <= self.under_way.taken) {
            if let Some(asked) = self.asked.get_mut(&ticket) {
                asked.is_sent = true;
                asked.request.attempts += 1;
                turn.sent(asked.request.route, asked.request.sequence, asked.request.attempts);
            }
        }
        if let Link::Open(transport) = &mut self.link
            && let Poll::Ready(Err(error)) = transport.poll_flush(&mut Context::from_waker(&self.waker))
        {
            self.lose(error.into(), turn);
        }
    }

    fn look_at_clock(&mut self, turn: &mut Turn<'_>) {
        match &self.link {
            Link::Dialling { since_ns, .. } | Link::Hanging { since_ns }
                if turn.now_ns >= since_ns.saturating_add(turn.connect_ns) =>
            {
                let waiting_for = if self.config.tls.is_some() { "TLS connection" } else { "TCP connection" };
                self.lose(LossReason::TimedOut { waiting_for }, turn);
            }
            Link::Open(_) if self.asked.values().any(|asked| asked.due_ns <= turn.now_ns) => {
                let waiting_for = self.config.dialogue.missing();
                self.lose(LossReason::TimedOut { waiting_for }, turn);
            }
            _ => {}
        }
    }

    /// A step puts a rule on the line.
    pub(crate) fn begin_rule(&mut self, occurrence: OccurrenceId, rule: Box<dyn LinkRule>, turn: &mut Turn<'_>) {
        let state = match self.link {
            Link::Open(_) => LinkState::Open,
            Link::Dialling { .. } | Link::Hanging { .. } => LinkState::Connecting,
            Link::Resting { .. } | Link::Queued | Link::Closed => LinkState::Idle,
        };
        let (onset, dial) = self.rules.begin(occurrence, rule, state, turn.now_ns, &mut turn.stats.evidence);
        match (state, onset, dial) {
            (LinkState::Open, Onset::Cut(closing), _) => self.cut(closing, turn),
            (LinkState::Connecting, Onset::Cut(_), _) | (LinkState::Connecting, _, Dial::Refuse) => {
                self.lose(LossReason::LinkCut, turn);
            }
            (LinkState::Connecting, Onset::Stays, Dial::Hang) => {
                if let Link::Dialling { since_ns, .. } = self.link {
                    self.link = Link::Hanging { since_ns };
                }
            }
            (LinkState::Open | LinkState::Connecting, Onset::Stays, _) | (LinkState::Idle, ..) => {}
        }
    }

    /// The step heals: what was held flows again, what was delayed goes at once.
    pub(crate) fn heal_rule(&mut self, occurrence: OccurrenceId, turn: &mut Turn<'_>) {
        if !self.rules.heal(occurrence, &mut turn.stats.evidence) {
            return;
        }
        self.under_way.outgoing.release();
        self.under_way.incoming.release();
        if !self.rules.holds(Direction::Outgoing) {
            self.parked.clear();
        }
        if let Link::Hanging { .. } = self.link {
            self.link = Link::Resting { until_ns: turn.now_ns };
            self.connect(turn);
        }
    }

    /// A rule ends the connection.
    fn cut(&mut self, closing: Closing, turn: &mut Turn<'_>) {
        if let Link::Open(mut transport) = std::mem::replace(&mut self.link, Link::Closed) {
            match closing {
                Closing::Fin => {
                    let context = &mut Context::from_waker(&self.waker);
                    transport.discard_arrived(context);
                    transport.hang_up(context);
                }
                Closing::Rst => transport.reset(),
            }
        }
        self.lost(true, LossReason::LinkCut, turn);
    }

    fn lose(&mut self, reason: LossReason, turn: &mut Turn<'_>) {
        let was_open = self.is_online();
        self.lost(was_open, reason, turn);
    }

    /// The connection is gone, or did not come about; nothing is forgotten.
    fn lost(&mut self, was_open: bool, reason: LossReason, turn: &mut Turn<'_>) {
        self.let_go();
        for (_, asked) in std::mem::take(&mut self.asked) {
            self.keep(asked.request, turn);
        }
        if was_open {
            self.lost_ns.get_or_insert(turn.now_ns);
            turn.disconnected(self.config.device, reason);
        } else {
            turn.connect_failed(self.config.device, reason);
        }
        let wait_ns = self.next_wait_ns().max(QUICKEST_REFUSAL_NS);
        self.link = Link::Resting { until_ns: turn.now_ns.saturating_add(wait_ns) };
    }

    fn next_wait_ns(&mut self) -> i64 {
        let wait_ns = wait_ns(self.config.pace.backoff, self.failures, self.config.key, self.waits);
        self.failures = self.failures.saturating_add(1);
        self.waits += 1;
        wait_ns
    }

    /// Drops the connection without a word.
    fn let_go(&mut self) {
        if let Link::Open(transport) = std::mem::replace(&mut self.link, Link::Closed)
            && self.rules.holds(Direction::Outgoing)
        {
            self.parked.push(transport);
        }
        self.config.dialogue.close();
        self.under_way = UnderWay::default();
        self.rules.forget_held();
    }

    /// Ends the line, and declares what is not settled as pending.
    pub(crate) fn close(&mut self, turn: &mut Turn<'_>) {
        if let Link::Open(transport) = &mut self.link {
            transport.finish(&mut Context::from_waker(&self.waker));
        }
        self.let_go();
        let asked = std::mem::take(&mut self.asked).into_values();
        let pending = asked.map(|asked| asked.request).chain(self.outbox.drain());
        turn.events.extend(pending.map(|Request { route, sequence, attempts, .. }| CarrierEvent::Pending {
            route,
            sequence,
            sent: attempts > 0,
        }));
    }
}

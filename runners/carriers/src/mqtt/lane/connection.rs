//! One device's connection: its session, its socket, and what stands between them.

use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use sim_core::OccurrenceId;
use tokio::io::ReadBuf;

use super::output_frames::{frame_length, rest_of_frame};
use super::ruled::Ruled;
use super::short_lives::{ShortLives, Suspicion};
use crate::backoff::wait_ns;
use crate::event::{CarrierEvent, LossReason};
use crate::mqtt::session::{Phase, Session};
use crate::mqtt::turn::Turn;
use crate::rules::link_rule::{Closing, Dial, Direction, LinkRule, LinkState, Onset};
use crate::transport::memory::MEMORY_LATENCY;
use crate::transport::{Dialling, Transport};

/// Most reads of one connection in a row, so that one chatty peer does not keep the others waiting.
const READS_IN_A_ROW: usize = 16;

/// The quickest that an attempt can fail [ns]: a refusal takes a round trip, here that of the network in memory. Without
/// it a device that does not back off would be refused again and again at one instant, which virtual time never leaves.
const QUICKEST_REFUSAL_NS: i64 = 2 * MEMORY_LATENCY.nanos();

/// What carries the session at the moment.
pub(super) enum Link {
    /// Nothing, until this instant [ns].
    Waiting { until_ns: i64 },
    /// Nothing, until a place among the first connects is free.
    Queued,
    /// A connection in progress.
    Dialling { attempt: Dialling, since_ns: i64 },
    /// A connection attempt that nobody answers, because a rule swallows it.
    Hanging { since_ns: i64 },
    /// A connected stream.
    Open(Transport),
    /// Nothing any more.
    Closed,
}

/// A connection in its lane.
pub(super) struct Connection {
    pub(super) session: Session,
    pub(super) link: Link,
    waker: Waker,
    /// Only for devices that some step selects.
    ruled: Option<Box<Ruled>>,
    /// How much of the frame at the head of the output the transport has not taken, if it took a part of it [bytes].
    split: usize,
    /// Failed attempts since the last success.
    failures: u32,
    /// Waits so far.
    waits: u64,
    lives: ShortLives,
    /// Whether the broker ever accepted the session.
    pub(super) was_accepted: bool,
    pub(super) noted: Noted,
}

/// What the lane has noted about a connection.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// It holds one of the places for first connects.
    pub(super) place: bool,
    /// It counts as online.
    pub(super) online: bool,
    /// It will be flushed at the end of the turn.
    pub(super) dirty: bool,
}

impl Connection {
    pub(super) fn new(session: Session, waker: Waker) -> Self {
        Self {
            session,
            link: Link::Queued,
            waker,
            ruled: None,
            split: 0,
            failures: 0,
            waits: 0,
            lives: ShortLives::default(),
            was_accepted: false,
            noted: Noted::default(),
        }
    }

    /// When the lane must look at it [ns]; `i64::MAX` is never.
    pub(super) fn deadline_ns(&self, connect_timeout_ns: i64) -> i64 {
        match &self.link {
            Link::Waiting { until_ns } => *until_ns,
            Link::Dialling { since_ns, .. } | Link::Hanging { since_ns } => since_ns.saturating_add(connect_timeout_ns),
            Link::Open(_) => {
                self.session.deadline_ns().min(self.ruled.as_ref().map_or(i64::MAX, |ruled| ruled.next_ns()))
            }
            Link::Queued | Link::Closed => i64::MAX,
        }
    }

    /// Whether it occupies the broker's front door.
    pub(super) fn is_establishing(&self) -> bool {
        match &self.link {
            Link::Dialling { .. } => true,
            Link::Open(_) => self.session.phase() == Phase::Greeting,
            _ => false,
        }
    }

    /// Whether rules hold every byte of a direction.
    fn holds(&self, direction: Direction) -> bool {
        self.ruled.as_ref().is_some_and(|ruled| ruled.rules.holds(direction))
    }

    /// Begins an attempt to connect.
    pub(super) fn connect(&mut self, turn: &mut Turn<'_>) {
        let since_ns = turn.now_ns;
        let rules = self.ruled.as_mut().map(|ruled| &mut ruled.rules);
        match rules.map_or(Dial::Pass, |rules| rules.dial(since_ns, &mut turn.stats.evidence)) {
            Dial::Refuse => self.lose(LossReason::LinkCut, turn),
            Dial::Hang => self.link = Link::Hanging { since_ns },
            Dial::Pass => self.dial(since_ns, turn),
        }
    }

    fn dial(&mut self, since_ns: i64, turn: &mut Turn<'_>) {
        self.link = Link::Dialling { attempt: turn.destination.dial(self.session.config().tls.as_ref()), since_ns };
        self.poll_dialling(turn);
        if matches!(self.link, Link::Open(_)) {
            // Connected at once: nobody has asked the new socket for bytes yet, so it would never report any.
            self.waker.wake_by_ref();
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
                self.session.open(since_ns, turn);
                self.flush(turn);
            }
            Poll::Ready(Err(error)) => self.lose(error.into(), turn),
        }
    }

    /// The transport has news: finishes the attempt to connect, reads what arrived, writes what waits.
    pub(super) fn socket_ready(&mut self, buffer: &mut [u8], turn: &mut Turn<'_>) {
        match self.link {
            Link::Dialling { .. } => self.poll_dialling(turn),
            Link::Open(_) => {}
            _ => return,
        }
        if !self.holds(Direction::Incoming) {
            self.read(buffer, turn);
        }
        self.flush(turn);
    }

    fn read(&mut self, buffer: &mut [u8], turn: &mut Turn<'_>) {
        for _ in 0..READS_IN_A_ROW {
            let Link::Open(transport) = &mut self.link else { return };
            let mut arrived = ReadBuf::new(buffer);
            match transport.poll_read(&mut Context::from_waker(&self.waker), &mut arrived) {
                Poll::Pending => return,
                Poll::Ready(Err(error)) => return self.lose(error.into(), turn),
                Poll::Ready(Ok(())) if arrived.filled().is_empty() => return self.lose(LossReason::Closed, turn),
                Poll::Ready(Ok(())) => self.receive(arrived.filled(), turn),
            }
        }
        self.waker.wake_by_ref();
    }

    /// Bytes have arrived, for the session or for the rules before it.
    fn receive(&mut self, bytes: &[u8], turn: &mut Turn<'_>) {
        match &mut self.ruled {
            Some(ruled) if ruled.takes_frames() => {
                if let Some(closing) = ruled.arrive(bytes, turn) {
                    self.cut(closing, turn);
                } else {
                    self.take_passed(turn);
                }
            }
            _ => self.take_bytes(bytes, turn),
        }
    }

    /// The session gets the frames that rules let through.
    fn take_passed(&mut self, turn: &mut Turn<'_>) {
        while matches!(self.link, Link::Open(_))
            && !self.holds(Direction::Incoming)
            && let Some(frame) = self.ruled.as_mut().and_then(|ruled| ruled.incoming.pop(turn.now_ns))
        {
            self.take_bytes(&frame, turn);
        }
    }

    fn take_bytes(&mut self, bytes: &[u8], turn: &mut Turn<'_>) {
        if let Err(reason) = self.session.receive(bytes, turn) {
            return self.lose(reason, turn);
        }
        if matches!(self.session.phase(), Phase::Subscribing | Phase::Online) {
            self.was_accepted = true;
            self.failures = 0;
            self.lives.accepted(turn.now_ns);
        }
    }

    /// Writes what waits, as much as the transport takes.
    pub(super) fn flush(&mut self, turn: &mut Turn<'_>) {
        if self.ruled.is_some() && self.flush_by_rules(turn).is_break() {
            return;
        }
        while let Link::Open(transport) = &mut self.link {
            let output = self.session.output();
            if output.is_empty() {
                return self.push_out(turn);
            }
            match transport.poll_write(&mut Context::from_waker(&self.waker), output) {
                Poll::Pending => return,
                Poll::Ready(Ok(count)) => {
                    if count < output.len() || self.split > 0 {
                        self.split = rest_of_frame(output, self.split, count);
                    }
                    self.session.accepted(count, turn);
                }
                Poll::Ready(Err(error)) => self.lose(error.into(), turn),
            }
        }
    }

    /// Lets the socket take what the transport has taken already.
    fn push_out(&mut self, turn: &mut Turn<'_>) {
        if let Link::Open(transport) = &mut self.link
            && let Poll::Ready(Err(error)) = transport.poll_flush(&mut Context::from_waker(&self.waker))
        {
            self.lose(error.into(), turn);
        }
    }

    /// Writes what waits as far as rules let it; breaks when there is nothing to write past them.
    fn flush_by_rules(&mut self, turn: &mut Turn<'_>) -> ControlFlow<()> {
        let Some(ruled) = &mut self.ruled else { return ControlFlow::Continue(()) };
        if !matches!(self.link, Link::Open(_)) {
            return ControlFlow::Continue(());
        }
        if ruled.rules.holds(Direction::Outgoing) {
            ruled.rules.hold(self.session.output().len(), &mut turn.stats.evidence);
            return ControlFlow::Break(());
        }
        if !ruled.takes_frames() {
            return ControlFlow::Continue(());
        }
        self.write_passed(turn);
        while let Link::Open(_) = self.link
            && let Some(ruled) = self.ruled.as_mut().filter(|ruled| !ruled.blocked)
        {
            let output = self.session.output();
            if output.is_empty() {
                break;
            }
            let length = if self.split > 0 { self.split } else { frame_length(output) };
            let frame = Bytes::copy_from_slice(&output[..length]);
            let closing = if self.split > 0 {
                // The rest of a frame that was begun before there were rules.
                ruled.outgoing.push(frame, turn.now_ns);
                None
            } else {
                ruled.take(Direction::Outgoing, frame, turn)
            };
            self.split = 0;
            if let Some(closing) = closing {
                self.cut(closing, turn);
                return ControlFlow::Break(());
            }
            self.session.accepted(length, turn);
            self.write_passed(turn);
        }
        ControlFlow::Break(())
    }

    /// Writes the frames that rules let through.
    fn write_passed(&mut self, turn: &mut Turn<'_>) {
        let Some(ruled) = &mut self.ruled else { return };
        ruled.blocked = false;
        while let Link::Open(transport) = &mut self.link
            && let Some(due) = ruled.outgoing.due(turn.now_ns)
        {
            match transport.poll_write(&mut Context::from_waker(&self.waker), due) {
                Poll::Pending => {
                    ruled.blocked = true;
                    return;
                }
                Poll::Ready(Ok(count)) => ruled.outgoing.advance(count),
                Poll::Ready(Err(error)) => return self.lose(error.into(), turn),
            }
        }
        self.push_out(turn);
    }

    /// A deadline may have come.
    pub(super) fn time_passed(&mut self, buffer: &mut [u8], turn: &mut Turn<'_>) {
        let limit_ns = turn.limits.connect_ns;
        match &self.link {
            Link::Dialling { since_ns, .. } | Link::Hanging { since_ns }
                if turn.now_ns >= since_ns.saturating_add(limit_ns) =>
            {
                let secured = self.session.config().tls.is_some();
                let waiting_for = if secured { "TLS connection" } else { "TCP connection" };
                self.lose(LossReason::TimedOut { waiting_for }, turn);
            }
            Link::Open(_) => match self.session.time_passed(turn) {
                Ok(()) => {
                    if self.ruled.is_some() {
                        self.take_passed(turn);
                        self.retire_rules(buffer, turn);
                    }
                    self.flush(turn);
                }
                Err(reason) => self.lose(reason, turn),
            },
            _ => {}
        }
    }

    /// A step puts a rule on the link.
    pub(super) fn begin_rule(&mut self, occurrence: OccurrenceId, rule: Box<dyn LinkRule>, turn: &mut Turn<'_>) {
        let state = match self.link {
            Link::Open(_) => LinkState::Open,
            Link::Dialling { .. } | Link::Hanging { .. } => LinkState::Connecting,
            Link::Waiting { .. } | Link::Queued | Link::Closed => LinkState::Idle,
        };
        let ruled = self.ruled.get_or_insert_default();
        let took_frames = ruled.takes_frames();
        let (onset, dial) = ruled.rules.begin(occurrence, rule, state, turn.now_ns, &mut turn.stats.evidence);
        if ruled.takes_frames() && !took_frames {
            ruled.continue_from(&self.session.take_partial());
        }
        match (state, onset, dial) {
            (LinkState::Open, Onset::Cut(closing), _) => self.cut(closing, turn),
            (LinkState::Open, Onset::Stays, _) => self.flush(turn),
            (LinkState::Connecting, Onset::Cut(_), _) | (LinkState::Connecting, _, Dial::Refuse) => {
                self.lose(LossReason::LinkCut, turn);
            }
            (LinkState::Connecting, Onset::Stays, Dial::Hang) => {
                if let Link::Dialling { since_ns, .. } = self.link {
                    self.link = Link::Hanging { since_ns };
                }
            }
            (LinkState::Connecting, Onset::Stays, Dial::Pass) | (LinkState::Idle, ..) => {}
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
        self.lose(LossReason::LinkCut, turn);
    }

    /// The step heals. What was held flows again; a device that lost its connection comes back by its own backoff, which
    /// knows nothing of the heal.
    pub(super) fn heal_rule(&mut self, occurrence: OccurrenceId, buffer: &mut [u8], turn: &mut Turn<'_>) {
        let Some(ruled) = &mut self.ruled else { return };
        if !ruled.rules.heal(occurrence, &mut turn.stats.evidence) {
            return;
        }
        if !ruled.rules.sees_frames() {
            ruled.outgoing.release();
            ruled.incoming.release();
        }
        if !ruled.rules.holds(Direction::Outgoing) {
            ruled.parked.drain(..).for_each(Transport::reset);
        }
        self.take_passed(turn);
        self.flush(turn);
        self.retire_rules(buffer, turn);
        match self.link {
            // The next SYN of a hanging attempt gets through, unless another rule is there.
            Link::Hanging { since_ns } => {
                let rules = self.ruled.as_mut().map(|ruled| &mut ruled.rules);
                match rules.map_or(Dial::Pass, |rules| rules.dial(turn.now_ns, &mut turn.stats.evidence)) {
                    Dial::Pass => self.dial(since_ns, turn),
                    Dial::Hang => {}
                    Dial::Refuse => self.lose(LossReason::LinkCut, turn),
                }
            }
            Link::Open(_) => self.socket_ready(buffer, turn),
            _ => {}
        }
    }

    /// Once no rule is in force and nothing is on its way, bytes pass as if there had never been one.
    fn retire_rules(&mut self, buffer: &mut [u8], turn: &mut Turn<'_>) {
        if let Some(partial) = self.ruled.as_mut().and_then(|ruled| ruled.retire()) {
            self.ruled = None;
            if !partial.is_empty() && matches!(self.link, Link::Open(_)) {
                self.take_bytes(&partial, turn);
                self.socket_ready(buffer, turn);
            }
        }
    }

    /// The connection, or the attempt at one, is over: the device waits and tries again.
    fn lose(&mut self, reason: LossReason, turn: &mut Turn<'_>) {
        let phase = self.session.phase();
        self.let_go(turn);
        if phase == Phase::Closing {
            return;
        }
        let reason = if phase == Phase::Renewing { LossReason::Renewal } else { reason };
        let (device, at) = (self.session.config().device, turn.now_ns);
        let was_online = matches!(phase, Phase::Subscribing | Phase::Online | Phase::Renewing);
        let suspicion = self.lives.ended(&reason, at);
        turn.stats.counts.taken_over += u64::from(suspicion == Some(Suspicion::Told));
        turn.stats.counts.contested += u64::from(suspicion == Some(Suspicion::Repeated));
        let words = match suspicion {
            Some(suspicion) => turn.stats.words_of_rival(suspicion, &self.session.config().client_id),
            None => reason.words(),
        };
        if was_online {
            turn.stats.disconnected(device, words);
            turn.events.push(CarrierEvent::Disconnected { device, at, reason });
        } else {
            turn.stats.connect_failed(device, words);
            turn.events.push(CarrierEvent::ConnectFailed { device, at, reason });
        }
        if phase == Phase::Renewing {
            self.link = Link::Waiting { until_ns: turn.now_ns };
            return;
        }
        let config = self.session.config();
        let backoff_ns = wait_ns(config.session.backoff, self.failures, config.key, self.waits);
        let wait_ns = if was_online { backoff_ns } else { backoff_ns.max(QUICKEST_REFUSAL_NS) };
        self.link = Link::Waiting { until_ns: turn.now_ns.saturating_add(wait_ns) };
        self.failures = self.failures.saturating_add(1);
        self.waits += 1;
    }

    /// Begins a clean end: DISCONNECT where there is a session to end, otherwise nothing.
    pub(super) fn close(&mut self, answer_due_ns: i64, turn: &mut Turn<'_>) {
        let online = matches!(self.session.phase(), Phase::Subscribing | Phase::Online);
        if online && !self.holds(Direction::Outgoing) {
            self.session.close(answer_due_ns, turn);
            self.flush(turn);
            if let (Link::Open(transport), true) = (&mut self.link, self.session.output().is_empty()) {
                transport.finish(&mut Context::from_waker(&self.waker));
            }
        } else {
            self.let_go(turn);
        }
    }

    /// Drops the transport without a word.
    fn let_go(&mut self, turn: &mut Turn<'_>) {
        let link = std::mem::replace(&mut self.link, Link::Closed);
        if let Some(ruled) = &mut self.ruled {
            ruled.forget();
            if let (Link::Open(transport), true) = (link, ruled.rules.holds(Direction::Outgoing)) {
                ruled.parked.push(transport);
            }
        }
        self.split = 0;
        self.session.lost(turn);
    }
}

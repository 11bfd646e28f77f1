//! One device's connection: its session, its socket, and what stands between them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use sim_core::OccurrenceId;
use tokio::io::ReadBuf;

use crate::mqtt::backoff::wait_ns;
use crate::mqtt::event::{FleetEvent, LossReason};
use crate::mqtt::session::{Phase, Session};
use crate::mqtt::turn::Turn;
use crate::rules::net_cut::{ActiveCuts, CutKind, Obstacle};
use crate::transport::tcp::{Dialling, Transport};

/// Most reads of one connection in a row, so that one chatty peer does not keep the others waiting.
const READS_IN_A_ROW: usize = 16;

/// What carries the session at the moment.
pub(super) enum Link {
    /// Nothing, until this instant [ns].
    Waiting { until_ns: i64 },
    /// Nothing, until a place among the first connects is free.
    Queued,
    /// A connection in progress.
    Dialling { attempt: Dialling, since_ns: i64 },
    /// A connection attempt that a silent cut swallows.
    Hanging { since_ns: i64 },
    /// A connected stream.
    Open(Transport),
    /// Nothing any more.
    Closed,
}

/// A device that a step cut off.
#[derive(Default)]
struct Severed {
    cuts: ActiveCuts,
    /// Sockets that the device gave up during a silent cut: the other side must not notice before the link heals.
    parked: Vec<Transport>,
}

/// A connection in its lane.
pub(super) struct Connection {
    pub(super) session: Session,
    pub(super) link: Link,
    waker: Waker,
    addresses: Arc<[SocketAddr]>,
    /// Only for devices that some step selects.
    severed: Option<Box<Severed>>,
    /// Failed attempts since the last success.
    failures: u32,
    /// Waits so far.
    waits: u64,
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
    pub(super) fn new(session: Session, waker: Waker, addresses: Arc<[SocketAddr]>) -> Self {
        Self {
            session,
            link: Link::Queued,
            waker,
            addresses,
            severed: None,
            failures: 0,
            waits: 0,
            was_accepted: false,
            noted: Noted::default(),
        }
    }

    /// When the lane must look at it [ns]; `i64::MAX` is never.
    pub(super) fn deadline_ns(&self, connect_timeout_ns: i64) -> i64 {
        match &self.link {
            Link::Waiting { until_ns } => *until_ns,
            Link::Dialling { since_ns, .. } | Link::Hanging { since_ns } => since_ns.saturating_add(connect_timeout_ns),
            Link::Open(_) => self.session.deadline_ns(),
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

    /// Begins an attempt to connect.
    pub(super) fn connect(&mut self, turn: &mut Turn<'_>) {
        let obstacle = self.severed.as_ref().map(|severed| severed.cuts.obstacle());
        if let (Some(_), Some(severed)) = (obstacle, &self.severed) {
            severed.cuts.count("connects_blocked", 1, &mut turn.stats.evidence);
        }
        let since_ns = turn.now_ns;
        match obstacle {
            Some(Obstacle::Refuses) => self.lose(LossReason::LinkCut, turn),
            Some(Obstacle::Hangs) => self.link = Link::Hanging { since_ns },
            None => self.dial(since_ns, turn),
        }
    }

    fn dial(&mut self, since_ns: i64, turn: &mut Turn<'_>) {
        self.link = Link::Dialling { attempt: Transport::dial(Arc::clone(&self.addresses)), since_ns };
        self.poll_dialling(turn);
        if matches!(self.link, Link::Open(_)) {
            // Connected at once: nobody has asked the new socket for bytes yet, so it would never report any.
            self.waker.wake_by_ref();
        }
    }

    fn poll_dialling(&mut self, turn: &mut Turn<'_>) {
        let Link::Dialling { attempt, since_ns } = &mut self.link else { return };
        let since_ns = *since_ns;
        match attempt.as_mut().poll(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => {}
            Poll::Ready(Ok(transport)) => {
                self.link = Link::Open(transport);
                self.session.open(since_ns, turn);
                self.flush(turn);
            }
            Poll::Ready(Err(error)) => self.lose(LossReason::Io { kind: error.kind() }, turn),
        }
    }

    /// The socket has news: finishes the attempt to connect, reads what arrived, writes what waits.
    pub(super) fn socket_ready(&mut self, buffer: &mut [u8], turn: &mut Turn<'_>) {
        match self.link {
            Link::Dialling { .. } => self.poll_dialling(turn),
            Link::Open(_) if self.severed.is_none() => {}
            _ => return,
        }
        self.read(buffer, turn);
        self.flush(turn);
    }

    fn read(&mut self, buffer: &mut [u8], turn: &mut Turn<'_>) {
        for _ in 0..READS_IN_A_ROW {
            let Link::Open(transport) = &mut self.link else { return };
            let mut arrived = ReadBuf::new(buffer);
            match transport.poll_read(&mut Context::from_waker(&self.waker), &mut arrived) {
                Poll::Pending => return,
                Poll::Ready(Err(error)) => return self.lose(LossReason::Io { kind: error.kind() }, turn),
                Poll::Ready(Ok(())) if arrived.filled().is_empty() => return self.lose(LossReason::Closed, turn),
                Poll::Ready(Ok(())) => {
                    if let Err(reason) = self.session.receive(arrived.filled(), turn) {
                        return self.lose(reason, turn);
                    }
                    if matches!(self.session.phase(), Phase::Subscribing | Phase::Online) {
                        self.was_accepted = true;
                        self.failures = 0;
                    }
                }
            }
        }
        self.waker.wake_by_ref();
    }

    /// Writes what waits, as much as the socket takes.
    pub(super) fn flush(&mut self, turn: &mut Turn<'_>) {
        while let Link::Open(transport) = &mut self.link {
            let output = self.session.output();
            if output.is_empty() {
                return;
            }
            if let Some(severed) = &mut self.severed {
                severed.cuts.hold(output.len(), &mut turn.stats.evidence);
                return;
            }
            match transport.poll_write(&mut Context::from_waker(&self.waker), output) {
                Poll::Pending => return,
                Poll::Ready(Ok(count)) => self.session.accepted(count, turn),
                Poll::Ready(Err(error)) => self.lose(LossReason::Io { kind: error.kind() }, turn),
            }
        }
    }

    /// A deadline may have come.
    pub(super) fn time_passed(&mut self, turn: &mut Turn<'_>) {
        let limit_ns = turn.limits.connect_ns;
        match &self.link {
            Link::Dialling { since_ns, .. } | Link::Hanging { since_ns }
                if turn.now_ns >= since_ns.saturating_add(limit_ns) =>
            {
                self.lose(LossReason::TimedOut { waiting_for: "TCP connection" }, turn);
            }
            Link::Open(_) => match self.session.time_passed(turn) {
                Ok(()) => self.flush(turn),
                Err(reason) => self.lose(reason, turn),
            },
            _ => {}
        }
    }

    /// A step cuts the link.
    pub(super) fn cut(&mut self, occurrence: OccurrenceId, how: CutKind, turn: &mut Turn<'_>) {
        let severed = self.severed.get_or_insert_default();
        severed.cuts.begin(occurrence, how);
        match &mut self.link {
            Link::Open(transport) => {
                turn.stats.evidence.add(occurrence, "links_cut", 1);
                match how {
                    CutKind::Silent => self.flush(turn),
                    CutKind::Fin => {
                        let context = &mut Context::from_waker(&self.waker);
                        transport.discard_arrived(context);
                        transport.finish(context);
                        self.lose(LossReason::LinkCut, turn);
                    }
                    CutKind::Rst => {
                        if let Link::Open(transport) = std::mem::replace(&mut self.link, Link::Closed) {
                            transport.reset();
                        }
                        self.lose(LossReason::LinkCut, turn);
                    }
                }
            }
            Link::Dialling { since_ns, .. } | Link::Hanging { since_ns } => {
                let since_ns = *since_ns;
                turn.stats.evidence.add(occurrence, "connects_blocked", 1);
                match how {
                    CutKind::Silent => self.link = Link::Hanging { since_ns },
                    CutKind::Fin | CutKind::Rst => self.lose(LossReason::LinkCut, turn),
                }
            }
            Link::Waiting { .. } | Link::Queued | Link::Closed => {}
        }
    }

    /// The step heals. What a silent cut held flows again; a device that lost its connection comes back by its own
    /// backoff, which knows nothing of the heal.
    pub(super) fn heal(&mut self, occurrence: OccurrenceId, buffer: &mut [u8], turn: &mut Turn<'_>) {
        let Some(severed) = &mut self.severed else { return };
        if !severed.cuts.end(occurrence) {
            return;
        }
        if let Some(severed) = self.severed.take() {
            severed.parked.into_iter().for_each(Transport::reset);
        }
        match self.link {
            // The next SYN of a hanging attempt gets through.
            Link::Hanging { since_ns } => self.dial(since_ns, turn),
            Link::Open(_) => self.socket_ready(buffer, turn),
            _ => {}
        }
    }

    /// The connection, or the attempt at one, is over: the device waits and tries again.
    fn lose(&mut self, reason: LossReason, turn: &mut Turn<'_>) {
        let phase = self.session.phase();
        self.let_go(turn);
        if phase == Phase::Closing {
            return;
        }
        let (device, at) = (self.session.config().device, turn.now_ns);
        let words = reason.words();
        if matches!(phase, Phase::Subscribing | Phase::Online) {
            turn.stats.counts.disconnects += 1;
            *turn.stats.disconnects.entry(words).or_default() += 1;
            turn.events.push(FleetEvent::Disconnected { device, at, reason });
        } else {
            turn.stats.counts.connect_failures += 1;
            *turn.stats.connect_failures.entry(words).or_default() += 1;
            turn.events.push(FleetEvent::ConnectFailed { device, at, reason });
        }
        let config = self.session.config();
        let wait_ns = wait_ns(config.session.backoff, self.failures, config.key, self.waits);
        self.link = Link::Waiting { until_ns: turn.now_ns.saturating_add(wait_ns) };
        self.failures = self.failures.saturating_add(1);
        self.waits += 1;
    }

    /// Begins a clean end: DISCONNECT where there is a session to end, otherwise nothing.
    pub(super) fn close(&mut self, answer_due_ns: i64, turn: &mut Turn<'_>) {
        let online = matches!(self.session.phase(), Phase::Subscribing | Phase::Online);
        if online && self.severed.is_none() {
            self.session.close(answer_due_ns, turn);
            self.flush(turn);
            if let (Link::Open(transport), true) = (&mut self.link, self.session.output().is_empty()) {
                transport.finish(&mut Context::from_waker(&self.waker));
            }
        } else {
            self.let_go(turn);
        }
    }

    /// Drops the socket without a word.
    fn let_go(&mut self, turn: &mut Turn<'_>) {
        let link = std::mem::replace(&mut self.link, Link::Closed);
        if let Some(severed) = &mut self.severed {
            severed.cuts.forget_held();
            if let (Link::Open(transport), Obstacle::Hangs) = (link, severed.cuts.obstacle()) {
                severed.parked.push(transport);
            }
        }
        self.session.lost(turn);
    }
}

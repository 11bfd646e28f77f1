//! What a subscriber says and hears over one connection after the other.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use carriers::{KeptSession, LossReason, Pace, Received, Refusal, Visit};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{Sight, Sighting};

/// Silence after which a sign of life is asked for: so long, and the grace, is it in doubt whether anything could be seen when
/// a connection has ended without a word. Below the keep-alive of 30 s that a visitor announces.
const PING_AFTER: Duration = Duration::from_secs(5);
/// How long the sign of life may take, and so may the answer to a subscription.
const PING_GRACE: Duration = Duration::from_secs(10);
/// How long is read on what had arrived when the connection could not be written to any more.
const LAST_READING: Duration = Duration::from_millis(100);
/// Levels of granted subscriptions at which a broker owes what it took.
const OWED: std::ops::RangeInclusive<u8> = 1..=2;

/// Something to publish.
#[derive(Debug, Clone)]
pub(super) struct Publication {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
}

/// What goes on from one connection to the next.
pub(super) struct Conversation<S, T> {
    requests: mpsc::UnboundedReceiver<Publication>,
    /// Published and not acknowledged, with packet ids.
    unacknowledged: VecDeque<(u16, Publication)>,
    last_id: u16,
    pace: Pace,
    seen: S,
    sight: T,
    /// When the broker was last heard [ns since the run's origin], once every filter was granted.
    last_heard_ns: Option<i64>,
    /// Whether the broker keeps the session when the connection ends, and every filter was granted at a level at which it owes
    /// what it took.
    is_owed: bool,
    is_blind: bool,
}

/// What the subscriber has to do next.
enum Next {
    Received(Result<Received, Refusal>),
    Publish(Publication),
    Time,
}

impl<S: FnMut(Sighting), T: FnMut(Sight)> Conversation<S, T> {
    pub(super) fn new(requests: mpsc::UnboundedReceiver<Publication>, pace: Pace, seen: S, sight: T) -> Self {
        Self {
            requests,
            unacknowledged: VecDeque::new(),
            last_id: 0,
            pace,
            seen,
            sight,
            last_heard_ns: None,
            is_owed: false,
            is_blind: false,
        }
    }

    /// Subscribes, and goes on until the connection ends; tells why. `granted` is called when every filter was granted.
    pub(super) async fn hold(
        &mut self,
        mut visit: Visit,
        filters: &[String],
        qos: u8,
        mut granted: impl FnMut(),
    ) -> Refusal {
        let Err(refusal) = self.talk(&mut visit, filters, qos, &mut granted).await;
        let ended_ns = self.pace.now_ns();
        self.hear_the_rest(&mut visit, filters, &mut granted).await;
        if let Some(since) = self.last_heard_ns
            && !self.is_blind
        {
            self.is_blind = true;
            let ended_owing = (self.is_owed && refusal.is_word_of_other_side()).then_some(ended_ns);
            (self.sight)(Sight::Lost { since, ended_owing, reason: refusal.to_string() });
        }
        refusal
    }

    /// Reads what had arrived when a connection ended: whoever cannot be answered any more has been heard all the same.
    async fn hear_the_rest(&mut self, visit: &mut Visit, filters: &[String], granted: &mut impl FnMut()) {
        let deadline = Instant::now() + LAST_READING;
        while let Ok(Ok(packet)) = timeout_at(deadline, visit.next()).await {
            if self.hear(packet, visit.kept_session(), filters, &mut Vec::new(), granted).is_err() {
                return;
            }
        }
    }

    async fn talk(
        &mut self,
        visit: &mut Visit,
        filters: &[String],
        qos: u8,
        granted: &mut impl FnMut(),
    ) -> Result<Infallible, Refusal> {
        visit.subscribe(filters, qos).await?;
        for (packet_id, publication) in &self.unacknowledged {
            visit.publish(&publication.topic, &publication.payload, *packet_id, true).await?;
        }
        let mut awaits_answer = true;
        let mut deadline = Instant::now() + PING_GRACE;
        loop {
            let next = tokio::select! {
                received = visit.next() => Next::Received(received),
                Some(publication) = self.requests.recv() => Next::Publish(publication),
                () = sleep_until(deadline) => Next::Time,
            };
            match next {
                Next::Received(received) => {
                    (awaits_answer, deadline) = (false, Instant::now() + PING_AFTER);
                    let mut received = Some(received?);
                    let mut acknowledged = Vec::new();
                    while let Some(packet) = received {
                        self.hear(packet, visit.kept_session(), filters, &mut acknowledged, granted)?;
                        received = visit.next_arrived()?;
                    }
                    if !acknowledged.is_empty() {
                        visit.acknowledge(&acknowledged).await?;
                    }
                }
                Next::Publish(publication) => {
                    let packet_id = self.next_id();
                    visit.publish(&publication.topic, &publication.payload, packet_id, false).await?;
                    self.unacknowledged.push_back((packet_id, publication));
                }
                Next::Time if awaits_answer => return Err(LossReason::TimedOut { waiting_for: "PINGRESP" }.into()),
                Next::Time => {
                    visit.ping().await?;
                    (awaits_answer, deadline) = (true, Instant::now() + PING_GRACE);
                }
            }
        }
    }

    fn hear(
        &mut self,
        packet: Received,
        session: KeptSession,
        filters: &[String],
        acknowledged: &mut Vec<u16>,
        granted: &mut impl FnMut(),
    ) -> Result<(), Refusal> {
        self.last_heard_ns = self.last_heard_ns.map(|_| self.pace.now_ns());
        match packet {
            Received::Message { topic, payload, retained, redelivered, packet_id } => {
                // A topic is UTF-8 (MQTT-3.3.2-1); one that is not matches no topic of ours.
                let topic = String::from_utf8_lossy(&topic).into_owned();
                let sighting = Sighting::publication(topic, payload, self.pace.now_ns());
                (self.seen)(sighting.retained(retained).redelivered(redelivered));
                acknowledged.extend(packet_id);
            }
            Received::Granted { codes, said } => {
                if let Some(refusal) = Refusal::of_subscriptions(filters, &codes, said.as_deref()).next() {
                    return Err(refusal);
                }
                granted();
                self.is_owed = session.is_kept && codes.iter().all(|code| OWED.contains(code));
                let now_ns = self.pace.now_ns();
                self.last_heard_ns = Some(now_ns);
                if std::mem::take(&mut self.is_blind) {
                    (self.sight)(Sight::Back { at: now_ns, resumed: session.resumed });
                }
            }
            Received::Acknowledged { packet_id, .. } => self.unacknowledged.retain(|(other, _)| *other != packet_id),
            Received::Pong => {}
        }
        Ok(())
    }

    /// A packet id that is not in use; 0 is none, and the highest is that of the subscription.
    fn next_id(&mut self) -> u16 {
        loop {
            self.last_id = if self.last_id >= u16::MAX - 1 { 1 } else { self.last_id + 1 };
            if self.unacknowledged.iter().all(|(id, _)| *id != self.last_id) {
                return self.last_id;
            }
        }
    }
}

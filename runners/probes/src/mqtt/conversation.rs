//! What a subscriber says and hears over one connection after the other.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use carriers::{KeptSession, LossReason, Owed, Pace, Receipts, Received, Refusal, Visit};
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

/// Something published and not settled.
struct Unsettled {
    packet_id: u16,
    publication: Publication,
    /// `QoS` 2: the broker has it, so it must never be sent again, only released.
    is_accepted: bool,
}

/// What goes on from one connection to the next.
pub(super) struct Conversation<S, T> {
    requests: mpsc::UnboundedReceiver<Publication>,
    unsettled: VecDeque<Unsettled>,
    /// Messages at `QoS` 2 that the broker has not released.
    receipts: Receipts,
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

impl Publication {
    fn parts(&self) -> (&str, &[u8]) {
        (&self.topic, &self.payload)
    }
}

/// What the broker is owed after some packets.
#[derive(Debug, Default)]
struct Due {
    owed: Vec<Owed>,
    /// Publications that it has.
    releases: Vec<u16>,
}

/// The delivery level of what a subscriber of a level publishes: a command must not be lost without a word.
fn publishing_level(qos: u8) -> u8 {
    qos.max(1)
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
            unsettled: VecDeque::new(),
            receipts: Receipts::default(),
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
            if self.hear(packet, visit.kept_session(), filters, &mut Due::default(), granted).is_err() {
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
        if !visit.kept_session().resumed {
            self.receipts.forget();
        }
        let level = publishing_level(qos);
        for Unsettled { packet_id, publication, is_accepted } in &self.unsettled {
            if *is_accepted {
                visit.release(*packet_id).await?;
            } else {
                visit.publish(publication.parts(), level, *packet_id, true).await?;
            }
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
                    let mut due = Due::default();
                    while let Some(packet) = received {
                        self.hear(packet, visit.kept_session(), filters, &mut due, granted)?;
                        received = visit.next_arrived()?;
                    }
                    if !due.owed.is_empty() {
                        visit.answer(&due.owed).await?;
                    }
                    for packet_id in due.releases {
                        visit.release(packet_id).await?;
                    }
                }
                Next::Publish(publication) => {
                    let packet_id = self.next_id();
                    // Remembered first: if the connection ends meanwhile, the next one repeats it.
                    self.unsettled.push_back(Unsettled {
                        packet_id,
                        publication: publication.clone(),
                        is_accepted: false,
                    });
                    visit.publish(publication.parts(), level, packet_id, false).await?;
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
        due: &mut Due,
        granted: &mut impl FnMut(),
    ) -> Result<(), Refusal> {
        self.last_heard_ns = self.last_heard_ns.map(|_| self.pace.now_ns());
        match packet {
            Received::Message(delivered) => {
                let (is_new, owed) = self.receipts.take(delivered.qos, delivered.packet_id);
                due.owed.extend(owed);
                if is_new {
                    // A topic is UTF-8 (MQTT-3.3.2-1); one that is not matches no topic of ours.
                    let topic = String::from_utf8_lossy(&delivered.topic).into_owned();
                    let sighting = Sighting::publication(topic, delivered.payload, self.pace.now_ns());
                    let sighting = Sighting { properties: delivered.user_properties, ..sighting };
                    (self.seen)(sighting.retained(delivered.retained).redelivered(delivered.redelivered));
                }
            }
            Received::Released { packet_id } => due.owed.push(self.receipts.release(packet_id)),
            Received::Accepted { packet_id } => {
                for unsettled in self.unsettled.iter_mut().filter(|other| other.packet_id == packet_id) {
                    unsettled.is_accepted = true;
                }
                due.releases.push(packet_id);
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
            Received::Acknowledged { packet_id, .. } => self.unsettled.retain(|other| other.packet_id != packet_id),
            Received::Pong => {}
        }
        Ok(())
    }

    /// A packet id that is not in use; 0 is none, and the highest is that of the subscription.
    fn next_id(&mut self) -> u16 {
        loop {
            self.last_id = if self.last_id >= u16::MAX - 1 { 1 } else { self.last_id + 1 };
            if self.unsettled.iter().all(|other| other.packet_id != self.last_id) {
                return self.last_id;
            }
        }
    }
}

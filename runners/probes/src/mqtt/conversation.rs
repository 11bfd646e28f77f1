//! What a subscriber says and hears over one connection after the other.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use carriers::{LossReason, Pace, Received, Refusal, Visit};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::Sighting;

/// Silence after which a sign of life is asked for; below the keep-alive of 30 s that a visitor announces.
const PING_AFTER: Duration = Duration::from_secs(20);
/// How long the sign of life may take, and so may the answer to a subscription.
const PING_GRACE: Duration = Duration::from_secs(10);

/// Something to publish.
#[derive(Debug, Clone)]
pub(super) struct Publication {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
}

/// What goes on from one connection to the next.
pub(super) struct Conversation<S> {
    requests: mpsc::UnboundedReceiver<Publication>,
    /// Published and not acknowledged, with packet ids.
    unacknowledged: VecDeque<(u16, Publication)>,
    last_id: u16,
    pace: Pace,
    seen: S,
}

/// What the subscriber has to do next.
enum Next {
    Received(Result<Received, Refusal>),
    Publish(Publication),
    Time,
}

impl<S: FnMut(Sighting)> Conversation<S> {
    pub(super) fn new(requests: mpsc::UnboundedReceiver<Publication>, pace: Pace, seen: S) -> Self {
        Self { requests, unacknowledged: VecDeque::new(), last_id: 0, pace, seen }
    }

    /// Subscribes, and goes on until the connection ends; tells why. `granted` is called when every filter was granted.
    pub(super) async fn hold(&mut self, visit: Visit, filters: &[String], qos: u8, granted: impl FnMut()) -> Refusal {
        let Err(refusal) = self.talk(visit, filters, qos, granted).await;
        refusal
    }

    async fn talk(
        &mut self,
        mut visit: Visit,
        filters: &[String],
        qos: u8,
        mut granted: impl FnMut(),
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
                        self.hear(packet, filters, &mut acknowledged, &mut granted)?;
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
        filters: &[String],
        acknowledged: &mut Vec<u16>,
        granted: &mut impl FnMut(),
    ) -> Result<(), Refusal> {
        match packet {
            Received::Message { topic, payload, retained, packet_id } => {
                // A topic is UTF-8 (MQTT-3.3.2-1); one that is not matches no topic of ours.
                let topic = String::from_utf8_lossy(&topic).into_owned();
                let sighting = Sighting::publication(topic, payload, self.pace.now_ns());
                (self.seen)(sighting.retained(retained));
                acknowledged.extend(packet_id);
            }
            Received::Granted { codes, said } => {
                let refused = filters.iter().zip(&codes).find(|(_, code)| **code >= 0x80);
                if let Some((filter, code)) = refused {
                    return Err(Refusal::of_subscription(filter, *code, said));
                }
                granted();
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

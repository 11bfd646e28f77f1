//! An ordinary MQTT client that subscribes and stays subscribed.

#[cfg(test)]
mod tests;

use std::time::Duration;

use carriers::{BrokerAccess, Pace, Refusal, Visit, Visitor};
use sim_core::Span;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::conversation::{Conversation, Publication};
use crate::{ProbeError, Sight, Sighting};

/// First wait after a connection that was lost. Short, because what a broker without a session for the subscriber
/// receives meanwhile is gone.
const FIRST_RETRY: Duration = Duration::from_millis(20);

/// Longest wait while nobody answers: a broker that comes back must not be heard by its devices much before the probe.
const LONGEST_SILENT_RETRY: Duration = Duration::from_millis(40);

/// Longest wait when a broker says no: it would say the same at once, and counts such attempts against the client.
const LONGEST_REFUSED_RETRY: Duration = Duration::from_secs(5);

/// Longest wait for a broker to grant the subscriptions.
const PATIENCE: Duration = Duration::from_secs(8);

/// Longest attempt to connect.
const ATTEMPT: Duration = Duration::from_secs(5);

/// Longest time for removing a session; a broker that is gone keeps nothing that could be removed.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long a broker of MQTT 5 keeps the session of a subscriber that has gone without a word: longer than an outage
/// within a run, and no leftover for ever.
const SESSION: Span = Span::from_secs(3_600);

/// Where and how to subscribe.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Broker.
    pub access: BrokerAccess,
    /// Who connects; its session is kept while it is away.
    pub visitor: Visitor,
    /// Topic filters.
    pub filters: Vec<String>,
    /// Delivery level asked for, and that of what is published, which is at least 1.
    pub qos: u8,
}

/// How far a subscriber is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody has answered yet; what the last attempt was told, if there was one.
    Trying(Option<Refusal>),
    /// Every filter was granted.
    Granted,
    /// The broker has said no.
    Refused(Refusal),
}

/// A subscription being followed, with the session that it keeps at its broker.
#[derive(Debug)]
pub struct Subscriber {
    subscription: Subscription,
    publications: mpsc::UnboundedSender<Publication>,
    task: JoinHandle<()>,
    standing: watch::Receiver<Standing>,
}

impl Subscriber {
    /// Begins to follow; `seen` gets each message, `sight` word of when it cannot see.
    pub fn begin(
        mut subscription: Subscription,
        pace: Pace,
        runtime: &Handle,
        seen: impl FnMut(Sighting) + Send + 'static,
        sight: impl FnMut(Sight) + Send + 'static,
    ) -> Self {
        subscription.visitor.kept = SESSION;
        let (publications, requests) = mpsc::unbounded_channel();
        let (told, standing) = watch::channel(Standing::Trying(None));
        let conversation = Conversation::new(requests, pace, seen, sight);
        let task = runtime.spawn(follow(subscription.clone(), conversation, told));
        Self { subscription, publications, task, standing }
    }

    /// Waits until the broker granted every filter.
    ///
    /// # Errors
    /// [`ProbeError`] when it does not, or not in time, and what the attempts were told.
    pub fn wait_granted(&mut self, runtime: &Handle) -> Result<(), ProbeError> {
        let settled = self.standing.wait_for(|standing| !matches!(standing, Standing::Trying(_)));
        // Too late is an answer, too.
        drop(runtime.block_on(async { tokio::time::timeout(PATIENCE, settled).await }));
        match &*self.standing.borrow() {
            Standing::Granted => Ok(()),
            Standing::Refused(refusal) => Err(ProbeError::Refused { reason: refusal.to_string() }),
            Standing::Trying(refusal) => Err(ProbeError::TooLate {
                limit_s: PATIENCE.as_secs(),
                reason: refusal.as_ref().map(Refusal::to_string),
            }),
        }
    }

    /// Publishes through the same client.
    pub fn publisher(&self) -> Publisher {
        Publisher(self.publications.clone())
    }

    /// Ends the client and removes its session from the broker.
    pub fn stop(self, runtime: &Handle) {
        let Self { mut subscription, task, .. } = self;
        task.abort();
        subscription.visitor.kept = Span::ZERO;
        let Subscription { access, visitor, .. } = subscription;
        runtime.block_on(async {
            // The new connection takes over from the old one, and a clean session leaves nothing behind.
            if let Ok(visit) = Visit::begin(&access, &visitor, FAREWELL).await {
                // A broker that is gone keeps nothing.
                drop(tokio::time::timeout(FAREWELL, visit.leave()).await);
            }
        });
    }
}

/// Follows for ever: subscribes on every connection, and comes back when one is lost.
async fn follow(
    subscription: Subscription,
    mut conversation: Conversation<impl FnMut(Sighting), impl FnMut(Sight)>,
    told: watch::Sender<Standing>,
) {
    let Subscription { access, visitor, filters, qos } = subscription;
    let mut wait = FIRST_RETRY;
    loop {
        let refusal = match Visit::begin(&access, &visitor, ATTEMPT).await {
            Ok(visit) => {
                let granted = || {
                    told.send_replace(Standing::Granted);
                };
                let refusal = conversation.hold(visit, &filters, qos, granted).await;
                if *told.borrow() == Standing::Granted && !refusal.is_final() {
                    wait = FIRST_RETRY;
                }
                refusal
            }
            Err(refusal) => refusal,
        };
        let is_final = refusal.is_final();
        told.send_if_modified(|standing| {
            let is_news = *standing != Standing::Granted;
            if is_news {
                *standing = if is_final { Standing::Refused(refusal) } else { Standing::Trying(Some(refusal)) };
            }
            is_news
        });
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(if is_final { LONGEST_REFUSED_RETRY } else { LONGEST_SILENT_RETRY });
    }
}

/// Publishes through the client of a subscriber.
#[derive(Debug, Clone)]
pub struct Publisher(mpsc::UnboundedSender<Publication>);

impl Publisher {
    /// Publishes at the level of the subscription, at least at `QoS` 1, again after each lost connection until the broker
    /// has settled it.
    pub fn publish(&self, topic: String, payload: Vec<u8>) {
        // A client that was stopped has nothing more to say.
        drop(self.0.send(Publication { topic, payload }));
    }
}

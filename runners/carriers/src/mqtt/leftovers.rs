//! What a run leaves at the broker - sessions and retained messages - and its removal.

use std::time::Duration;

use scenarios::Protocol;
use sim_core::Span;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::access::BrokerAccess;
use crate::event::LossReason;
use crate::mqtt::config::ConnectionConfig;
use crate::mqtt::greeting::Greeting;
use crate::mqtt::visit::{Refusal, Visit};
use crate::mqtt::visitor::Visitor;
use crate::transport::Server;

/// Sessions that the broker keeps after the devices disconnected, with their subscriptions and queued commands.
#[derive(Debug)]
pub struct LeftSessions {
    pub(crate) server: Server,
    pub(crate) connects_in_flight: usize,
    pub(crate) sessions: Vec<ConnectionConfig>,
}

/// What became of the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovedSessions {
    /// Sessions that the broker no longer has.
    pub removed: usize,
    /// Sessions that may still be there: the broker did not answer in time or refused.
    pub failed: usize,
}

impl LeftSessions {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Removes them from the broker: each client id connects once more with a clean session and disconnects. Takes at
    /// most `limit` altogether.
    pub async fn remove(self, limit: Duration) -> RemovedSessions {
        let deadline = Instant::now() + limit;
        let mut outcome = RemovedSessions { removed: 0, failed: 0 };
        let mut waiting = self.sessions.into_iter();
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.connects_in_flight.max(1)
                && let Some(config) = waiting.next()
            {
                running.spawn(remove_session(self.server.clone(), config, deadline));
            }
            match running.join_next().await {
                Some(Ok(Ok(()))) => outcome.removed += 1,
                Some(_) => outcome.failed += 1,
                None => return outcome,
            }
        }
    }
}

/// Whether the broker keeps the session of a device that disconnected.
pub(crate) fn persists(config: &ConnectionConfig) -> bool {
    match config.protocol {
        Protocol::V311 => !config.session.clean,
        Protocol::V5 => config.session.expiry > Span::ZERO,
    }
}

async fn remove_session(server: Server, config: ConnectionConfig, deadline: Instant) -> Result<(), Refusal> {
    let login = config.login();
    let greeting = Greeting { will: None, expiry: Span::ZERO, clean: true, ..config.greeting(login.as_ref()) };
    let visit = Visit::begin_at(&server, config.tls.as_ref(), &greeting, deadline).await?;
    timeout_at(deadline, visit.leave()).await.map_err(|_| too_late())?
}

/// Removes the retained messages of these topics from a broker, over one connection. Takes at most `limit`.
///
/// # Errors
/// What the network or the broker said; some messages may be gone all the same.
pub async fn clear_retained(
    access: &BrokerAccess,
    visitor: &Visitor,
    topics: &[&str],
    limit: Duration,
) -> Result<(), Refusal> {
    let conversation = async {
        let mut visit = Visit::begin(access, visitor, limit).await?;
        visit.clear_retained(topics).await?;
        visit.leave().await
    };
    tokio::time::timeout(limit, conversation).await.map_err(|_| too_late())?
}

fn too_late() -> Refusal {
    LossReason::TimedOut { waiting_for: "end of the clean-up" }.into()
}

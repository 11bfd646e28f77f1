//! Sessions that a run leaves at the broker, and their removal.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use scenarios::Protocol;
use sim_core::Span;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::config::ConnectionConfig;
use crate::frame::{self, DISCONNECT_PACKET, Inbound};
use crate::greeting::write_connect;

/// Sessions that the broker keeps after the devices disconnected, with their subscriptions and queued commands.
#[derive(Debug)]
pub struct LeftSessions {
    pub(crate) addresses: Arc<[SocketAddr]>,
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
                running.spawn(remove_session(Arc::clone(&self.addresses), config, deadline));
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

async fn remove_session(
    addresses: Arc<[SocketAddr]>,
    mut config: ConnectionConfig,
    deadline: Instant,
) -> io::Result<()> {
    config.will = None;
    config.session.expiry = Span::ZERO;
    let conversation = async {
        let mut stream = TcpStream::connect(&addresses[..]).await?;
        let mut packets = Vec::new();
        write_connect(&config, true, &mut packets);
        stream.write_all(&packets).await?;
        let mut answer = Vec::new();
        let length = loop {
            match frame::packet_length(&answer).map_err(io::Error::other)? {
                Some(length) => break length,
                None if stream.read_buf(&mut answer).await? == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                None => {}
            }
        };
        match frame::decode(config.protocol, &answer[..length]).map_err(io::Error::other)? {
            Inbound::Accepted(_) => {}
            _ => return Err(io::ErrorKind::ConnectionRefused.into()),
        }
        stream.write_all(&DISCONNECT_PACKET).await?;
        stream.shutdown().await?;
        // The broker closes once it has handled DISCONNECT; whatever it still says does not matter.
        answer.clear();
        stream.read_to_end(&mut answer).await.map(|_| ())
    };
    timeout_at(deadline, conversation).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

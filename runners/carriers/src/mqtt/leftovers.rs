//! What a run leaves at the broker - sessions and retained messages - and its removal.

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

use crate::mqtt::config::ConnectionConfig;
use crate::mqtt::frame::{self, DISCONNECT_PACKET, Inbound, PINGREQ_PACKET, PublishHead};
use crate::mqtt::greeting::write_connect;

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
    config.session.clean = true;
    let conversation = async { Visit::begin(&addresses, &config).await?.leave().await };
    timeout_at(deadline, conversation).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Removes the retained messages of these topics from a broker, with one connection made as `visitor` says (client id,
/// protocol, credentials; its session is clean and its will is left out). Takes at most `limit`.
///
/// # Errors
/// What the network or the broker said; some messages may be gone all the same.
pub async fn clear_retained(
    host: &str,
    port: u16,
    mut visitor: ConnectionConfig,
    topics: &[&str],
    limit: Duration,
) -> io::Result<()> {
    visitor.will = None;
    visitor.session.expiry = Span::ZERO;
    visitor.session.clean = true;
    let conversation = async {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
        let mut visit = Visit::begin(&addresses, &visitor).await?;
        let mut packets = Vec::new();
        for topic in topics {
            // An empty retained message deletes the one before (MQTT-3.3.1-10).
            let head = PublishHead { topic, retain: true, dup: false, packet_id: None };
            head.write(visitor.protocol, &[], &mut packets);
        }
        // A broker handles the packets of a connection in order, so the answer to the ping comes after the deletions.
        packets.extend_from_slice(&PINGREQ_PACKET);
        visit.stream.write_all(&packets).await?;
        while visit.next_packet().await? != Inbound::PingResp {}
        visit.leave().await
    };
    tokio::time::timeout(limit, conversation).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// A short connection of its own, without the machinery of a device.
struct Visit {
    stream: TcpStream,
    protocol: Protocol,
    arrived: Vec<u8>,
}

impl Visit {
    /// Connects; a broker that refuses is an error.
    async fn begin(addresses: &[SocketAddr], config: &ConnectionConfig) -> io::Result<Self> {
        let stream = TcpStream::connect(addresses).await?;
        let mut visit = Self { stream, protocol: config.protocol, arrived: Vec::new() };
        let mut connect = Vec::new();
        write_connect(config, &mut connect);
        visit.stream.write_all(&connect).await?;
        match visit.next_packet().await? {
            Inbound::Accepted(_) => Ok(visit),
            _ => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }

    async fn next_packet(&mut self) -> io::Result<Inbound> {
        loop {
            if let Some(length) = frame::packet_length(&self.arrived).map_err(io::Error::other)? {
                let packet = frame::decode(self.protocol, &self.arrived[..length]).map_err(io::Error::other);
                self.arrived.drain(..length);
                return packet;
            }
            if self.stream.read_buf(&mut self.arrived).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Disconnects cleanly and waits until the broker has closed, which it does once it handled everything.
    async fn leave(mut self) -> io::Result<()> {
        self.stream.write_all(&DISCONNECT_PACKET).await?;
        self.stream.shutdown().await?;
        self.arrived.clear();
        self.stream.read_to_end(&mut self.arrived).await.map(|_| ())
    }
}

//! A connection of its own to a broker, without the machinery of a device: what is asked for is done at once, and what is
//! refused is told with everything that the broker said.

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use scenarios::Protocol;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::frame::{
    self, DISCONNECT_PACKET, Delivered, Inbound, LARGEST_PACKET, PINGREQ_PACKET, PublishHead, write_owed, write_pubrel,
};
use super::greeting::{Greeting, write_connect, write_subscribe_all};
use super::reason_code::reason_word;
use super::receipts::Owed;
use super::visitor::Visitor;
use crate::access::BrokerAccess;
use crate::event::LossReason;
use crate::transport::Server;
use crate::transport::socket::Socket;
use crate::transport::tcp;
use crate::transport::tls::TlsClient;
use crate::transport::tls_failure::TlsFailure;

/// Room made for arriving bytes [byte].
const READ: usize = 16 * 1024;

/// Codes of brokers that may think otherwise a moment later: server unavailable (of both versions), busy, shutting down,
/// connection rate exceeded.
const TEMPORARY: [u8; 5] = [0x03, 0x88, 0x89, 0x8B, 0x9F];

/// From here on codes are refusals, in both versions (MQTT 5, 2.4).
const REFUSED: u8 = 0x80;

/// Packet id of subscriptions.
const SUBSCRIPTION_ID: u16 = u16::MAX;

/// A connection that was accepted.
#[derive(Debug)]
pub struct Visit {
    socket: Socket,
    protocol: Protocol,
    arrived: BytesMut,
    kept_session: KeptSession,
}

/// What a broker says of the session of who has connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptSession {
    /// It had kept one from before.
    pub resumed: bool,
    /// It keeps this one when the connection ends.
    pub is_kept: bool,
}

/// Why a broker was not reached, or what it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was refused, and why.
    pub cause: RefusalCause,
    /// The reason in the broker's own words (MQTT 5), if it gave some.
    pub said: Option<String>,
}

/// What a visitor was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalCause {
    /// The broker's name has no address.
    NoAddress,
    /// The connection, or an attempt at one.
    Connection(LossReason),
    /// A subscription.
    Subscription {
        /// Its filter.
        filter: String,
        /// SUBACK return or reason code, 0x80 or above.
        code: u8,
    },
}

/// What a broker sends to a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A message; what is owed for it is sent by [`Visit::answer`].
    Message(Delivered),
    /// The broker releases a message of `QoS` 2 that it has sent, and is owed an answer.
    Released {
        /// Of which.
        packet_id: u16,
    },
    /// The answer to a subscription: a code for each filter, in their order; from 0x80 on a refusal.
    Granted {
        /// SUBACK return or reason codes.
        codes: Vec<u8>,
        /// The broker's own words (MQTT 5).
        said: Option<String>,
    },
    /// The broker has a publication of `QoS` 2, and waits for its release.
    Accepted {
        /// Of which.
        packet_id: u16,
    },
    /// The last answer to a publication.
    Acknowledged {
        /// Of which.
        packet_id: u16,
        /// MQTT 5 reason code; from 0x80 on it was not taken.
        code: u8,
    },
    /// The answer to a ping.
    Pong,
}

impl Visit {
    /// Connects and greets, within `limit` altogether; every address is tried.
    ///
    /// # Errors
    /// [`Refusal`] says what went wrong.
    pub async fn begin(access: &BrokerAccess, visitor: &Visitor, limit: Duration) -> Result<Self, Refusal> {
        let deadline = Instant::now() + limit;
        let resolving = tokio::net::lookup_host((access.host.as_str(), access.port));
        let addresses = match timeout_at(deadline, resolving).await {
            Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
            Ok(Err(_)) => return Err(Refusal { cause: RefusalCause::NoAddress, said: None }),
            Err(_) => return Err(LossReason::TimedOut { waiting_for: "answer of the resolver" }.into()),
        };
        let server = Server { addresses: addresses.into(), web_socket: access.web_socket.clone() };
        let login = visitor.login();
        Self::begin_at(&server, visitor.tls.as_ref(), &visitor.greeting(login.as_ref()), deadline).await
    }

    /// As [`Visit::begin`], at addresses that are known.
    pub(crate) async fn begin_at(
        server: &Server,
        tls: Option<&TlsClient>,
        greeting: &Greeting<'_>,
        deadline: Instant,
    ) -> Result<Self, Refusal> {
        let too_late = |waiting_for| Refusal::from(LossReason::TimedOut { waiting_for });
        let waiting_for = if tls.is_some() { "TLS connection" } else { "TCP connection" };
        let connected = timeout_at(deadline, tcp::connect(server, tls)).await;
        let socket = connected.map_err(|_| too_late(waiting_for))??;
        let kept_session = KeptSession { resumed: false, is_kept: !greeting.clean };
        let mut visit = Self { socket, protocol: greeting.protocol, arrived: BytesMut::new(), kept_session };
        timeout_at(deadline, visit.greet(greeting)).await.map_err(|_| too_late("CONNACK"))??;
        Ok(visit)
    }

    async fn greet(&mut self, greeting: &Greeting<'_>) -> Result<(), Refusal> {
        let mut connect = Vec::new();
        write_connect(greeting, &mut connect);
        self.write(&connect).await?;
        match self.next_packet().await? {
            Inbound::Accepted(terms) => {
                self.kept_session.resumed = terms.session_present;
                self.kept_session.is_kept &= terms.session_expiry_s != Some(0);
                Ok(())
            }
            Inbound::Refused { code, said } => Err(Refusal::by_broker(code, said)),
            _ => Err(malformed("a packet before CONNACK")),
        }
    }

    /// What the broker said of the session.
    pub fn kept_session(&self) -> KeptSession {
        self.kept_session
    }

    /// Asks for subscriptions; the answer comes as [`Received::Granted`].
    ///
    /// # Errors
    /// [`Refusal`] when the connection is gone.
    pub async fn subscribe(&mut self, filters: &[String], qos: u8) -> Result<(), Refusal> {
        let mut packet = Vec::new();
        write_subscribe_all(self.protocol, filters, qos, SUBSCRIPTION_ID, &mut packet);
        self.write(&packet).await
    }

    /// Publishes above `QoS` 0; `again` marks a repetition. The answer comes as [`Received::Acknowledged`], at `QoS` 2 after
    /// [`Received::Accepted`].
    ///
    /// # Errors
    /// [`Refusal`] when the connection is gone.
    pub async fn publish(
        &mut self,
        (topic, payload): (&str, &[u8]),
        qos: u8,
        packet_id: u16,
        again: bool,
    ) -> Result<(), Refusal> {
        let mut packet = Vec::new();
        let head = PublishHead { topic, dup: again, qos, packet_id, ..PublishHead::default() };
        head.write(self.protocol, payload, &mut packet);
        self.write(&packet).await
    }

    /// Releases a publication of `QoS` 2 that the broker has.
    ///
    /// # Errors
    /// [`Refusal`] when the connection is gone.
    pub async fn release(&mut self, packet_id: u16) -> Result<(), Refusal> {
        let mut packet = Vec::new();
        write_pubrel(packet_id, &mut packet);
        self.write(&packet).await
    }

    /// Removes the retained messages of topics, and waits until that is done.
    ///
    /// # Errors
    /// [`Refusal`] when the connection is gone.
    pub(crate) async fn clear_retained(&mut self, topics: &[&str]) -> Result<(), Refusal> {
        let mut packets = Vec::new();
        for topic in topics {
            // An empty retained message deletes the one before (MQTT-3.3.1-10).
            let head = PublishHead { topic, retain: true, ..PublishHead::default() };
            head.write(self.protocol, &[], &mut packets);
        }
        self.write(&packets).await?;
        // A broker handles the packets of a connection in order, so the answer to the ping comes after the deletions.
        self.ping().await?;
        while self.next().await? != Received::Pong {}
        Ok(())
    }

    /// Sends what is owed for messages.
    ///
    /// # Errors
    /// [`Refusal`] when the connection is gone.
    pub async fn answer(&mut self, owed: &[Owed]) -> Result<(), Refusal> {
        let mut packets = Vec::new();
        for owed in owed {
            write_owed(*owed, &mut packets);
        }
        self.write(&packets).await
    }

    /// Asks for a sign of life: [`Received::Pong`].
    ///
    /// # Errors
    /// [`Refusal`] when the connection is gone.
    pub async fn ping(&mut self) -> Result<(), Refusal> {
        self.write(&PINGREQ_PACKET).await
    }

    /// The next packet. Nothing is lost when the waiting is given up.
    ///
    /// # Errors
    /// [`Refusal`] when the connection has ended, and why.
    pub async fn next(&mut self) -> Result<Received, Refusal> {
        received(self.next_packet().await?)
    }

    /// The next packet that has arrived already.
    ///
    /// # Errors
    /// [`Refusal`] when the connection has ended, and why.
    pub fn next_arrived(&mut self) -> Result<Option<Received>, Refusal> {
        self.take_packet()?.map(received).transpose()
    }

    /// Disconnects cleanly and waits until the broker has closed, which it does once it handled everything.
    ///
    /// # Errors
    /// [`Refusal`] when the connection was gone.
    pub async fn leave(mut self) -> Result<(), Refusal> {
        self.write(&DISCONNECT_PACKET).await?;
        self.socket.shutdown().await?;
        let mut rest = Vec::new();
        match self.socket.read_to_end(&mut rest).await {
            Ok(_) => Ok(()),
            // Over TLS, an end that was not announced: it has closed.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.socket.write_all(bytes).await?;
        Ok(self.socket.flush().await?)
    }

    async fn next_packet(&mut self) -> Result<Inbound, Refusal> {
        loop {
            if let Some(packet) = self.take_packet()? {
                return Ok(packet);
            }
            self.arrived.reserve(READ);
            if self.socket.read_buf(&mut self.arrived).await? == 0 {
                return Err(LossReason::Closed.into());
            }
        }
    }

    fn take_packet(&mut self) -> Result<Option<Inbound>, Refusal> {
        if frame::is_tls_alert(&self.arrived) {
            return Err(LossReason::SpeaksTls.into());
        }
        let length = frame::packet_length_up_to(LARGEST_PACKET, &self.arrived).map_err(LossReason::from)?;
        let Some(length) = length else { return Ok(None) };
        let packet = frame::decode(self.protocol, &self.arrived[..length]).map_err(LossReason::from)?;
        self.arrived.advance(length);
        Ok(Some(packet))
    }
}

fn received(packet: Inbound) -> Result<Received, Refusal> {
    match packet {
        Inbound::Publish(delivered) => Ok(Received::Message(delivered)),
        Inbound::PubRel { packet_id } => Ok(Received::Released { packet_id }),
        Inbound::PubRec { packet_id, code } if code < REFUSED => Ok(Received::Accepted { packet_id }),
        Inbound::PubComp { packet_id } => Ok(Received::Acknowledged { packet_id, code: 0 }),
        Inbound::SubAck { codes, said, .. } => Ok(Received::Granted { codes, said }),
        Inbound::PubRec { packet_id, code } | Inbound::PubAck { packet_id, code } => {
            Ok(Received::Acknowledged { packet_id, code })
        }
        Inbound::PingResp => Ok(Received::Pong),
        Inbound::Disconnect { code, said } => Err(Refusal::by_broker(code, said)),
        Inbound::Accepted(_) | Inbound::Refused { .. } => Err(malformed("a second CONNACK")),
    }
}

fn malformed(what: &str) -> Refusal {
    LossReason::Malformed { what: what.to_owned() }.into()
}

impl Refusal {
    /// The subscriptions that were refused, by the codes that [`Received::Granted`] has for their filters.
    pub fn of_subscriptions(filters: &[String], codes: &[u8], said: Option<&str>) -> impl Iterator<Item = Self> {
        let refused = filters.iter().zip(codes).filter(|(_, code)| **code >= REFUSED);
        refused.map(move |(filter, code)| Self {
            cause: RefusalCause::Subscription { filter: filter.clone(), code: *code },
            said: said.map(str::to_owned),
        })
    }

    fn by_broker(code: u8, said: Option<String>) -> Self {
        Self { cause: RefusalCause::Connection(LossReason::Broker { code }), said }
    }

    /// Whether the other side has ended the connection, and not only kept silent.
    pub fn is_word_of_other_side(&self) -> bool {
        matches!(&self.cause, RefusalCause::Connection(reason) if reason.is_word_of_other_side())
    }

    /// Whether the broker, or TLS before it, has said no, so that another attempt is told the same.
    pub fn is_final(&self) -> bool {
        match &self.cause {
            RefusalCause::NoAddress => false,
            RefusalCause::Subscription { .. } => true,
            RefusalCause::Connection(reason) => match reason {
                LossReason::Broker { code } => !TEMPORARY.contains(code),
                LossReason::Tls { failure } => *failure != TlsFailure::Ended,
                LossReason::WebSocket { .. }
                | LossReason::SpeaksTls
                | LossReason::Unintelligible { .. }
                | LossReason::Malformed { .. } => true,
                LossReason::Closed
                | LossReason::Io { .. }
                | LossReason::TimedOut { .. }
                | LossReason::Renewal
                | LossReason::LinkCut => false,
            },
        }
    }
}

impl From<LossReason> for Refusal {
    fn from(reason: LossReason) -> Self {
        Self { cause: RefusalCause::Connection(reason), said: None }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        LossReason::from(error).into()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            RefusalCause::NoAddress => formatter.write_str("its name has no address")?,
            RefusalCause::Subscription { filter, code } => {
                write!(formatter, "subscription to `{filter}` refused: {code:#04x} ({})", reason_word(*code))?;
            }
            RefusalCause::Connection(reason @ LossReason::Malformed { what }) => {
                write!(formatter, "{}: {what}", reason.words())?;
            }
            RefusalCause::Connection(reason) => formatter.write_str(&reason.words())?,
        }
        match &self.said {
            Some(said) => write!(formatter, ": \"{said}\""),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

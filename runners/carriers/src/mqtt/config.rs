//! What a fleet is made of: one broker, its connections, and the routes their messages take.

use std::sync::Arc;
use std::time::Duration;

use scenarios::{AuthPlan, Mqtt5Plan, OutboxPlan, Protocol, SessionPlan, Will};
use sim_core::{Key, SimId};

use super::format_session::FormatTerms;
use super::frame::LARGEST_INBOUND;
use super::greeting::{Greeting, LastWill};
use super::properties::RouteProperties;
use super::token::TokenMaker;
use crate::transport::tls::TlsClient;
use crate::transport::web_socket::WebSocketTarget;

/// A fleet against one broker.
#[derive(Debug, Clone)]
pub struct FleetConfig {
    /// Name or address of the broker.
    pub host: String,
    /// TCP port of the broker.
    pub port: u16,
    /// WebSocket, if it is spoken there.
    pub web_socket: Option<WebSocketTarget>,
    /// Tasks that share the connections; `None` is the smaller of 2 and the number of cores.
    pub lanes: Option<usize>,
    /// Most first connects in progress at a time, all lanes together. Reconnects are not held back: a device in the
    /// field does not know of the others, and a storm is a storm.
    pub connects_in_flight: usize,
    /// Longest wait for the TCP connection, and again for the broker's answer to CONNECT and SUBSCRIBE.
    pub connect_timeout: Duration,
    /// A connection is dead when a PINGREQ went unanswered for this many keep-alive intervals (at least 5 s).
    pub ping_grace: f64,
    /// The devices that connect; each device at most once.
    pub connections: Vec<ConnectionConfig>,
    /// Where messages go, indexed by `RouteId`.
    pub routes: Arc<Vec<RouteConfig>>,
}

impl FleetConfig {
    /// First connects in progress by default. Mosquitto's listen backlog is 100; beyond it SYN retransmits turn
    /// 18 000 connects a second into 4 000 (measured).
    pub const CONNECTS_IN_FLIGHT: usize = 64;

    /// Longest wait for a connection, and for the broker's answers, by default.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// Keep-alive intervals that a PINGREQ may go unanswered, by default.
    pub const PING_GRACE: f64 = 1.0;

    /// Everything at its default for this broker.
    pub fn new(
        host: impl Into<String>,
        port: u16,
        connections: Vec<ConnectionConfig>,
        routes: Arc<Vec<RouteConfig>>,
    ) -> Self {
        Self {
            host: host.into(),
            port,
            web_socket: None,
            lanes: None,
            connects_in_flight: Self::CONNECTS_IN_FLIGHT,
            connect_timeout: Self::CONNECT_TIMEOUT,
            ping_grace: Self::PING_GRACE,
            connections,
            routes,
        }
    }
}

/// How one device connects. Durations of the session plan (keep-alive, backoff, expiry) are wall-clock time: they are
/// a contract with a real broker.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// Whose connection it is.
    pub device: SimId,
    /// MQTT client id; must be unique at the broker, or the broker closes the older connection.
    pub client_id: String,
    /// Protocol version.
    pub protocol: Protocol,
    /// What only MQTT 5 has; everything off in 3.1.1.
    pub mqtt5: Mqtt5Plan,
    /// Session behaviour.
    pub session: SessionPlan,
    /// Store and forward.
    pub outbox: OutboxPlan,
    /// Last will.
    pub will: Option<Will>,
    /// Name and password.
    pub auth: Option<AuthPlan>,
    /// Makes its password anew for each connection.
    pub token: Option<Arc<TokenMaker>>,
    /// TLS, over which it then speaks; in memory there is none.
    pub tls: Option<TlsClient>,
    /// Where it listens for commands.
    pub command_topic: Option<String>,
    /// Delivery level of commands and of their answers, 1 or 2.
    pub command_qos: u8,
    /// Where it answers commands.
    pub reply_topic: Option<String>,
    /// What the format of its messages demands of the connection.
    pub format_terms: Option<FormatTerms>,
    /// Key of its draws (jitter of the backoff).
    pub key: Key,
}

impl ConnectionConfig {
    /// What CONNECT says, with this name and password.
    pub(crate) fn greeting<'a>(&'a self, auth: Option<&'a AuthPlan>) -> Greeting<'a> {
        Greeting {
            client_id: &self.client_id,
            protocol: self.protocol,
            clean: self.session.clean,
            expiry: self.session.expiry,
            keep_alive: self.session.keep_alive,
            largest: Some(self.mqtt5.maximum_packet_size.unwrap_or(LARGEST_INBOUND as u32)),
            receive_maximum: self.mqtt5.receive_maximum,
            will: self.will.as_ref().map(LastWill::from),
            auth,
        }
    }

    /// Name and password for a connection that begins now.
    pub(crate) fn login(&self) -> Option<AuthPlan> {
        self.token.as_ref().map(|token| token.login()).or_else(|| self.auth.clone())
    }
}

/// Where the messages of one stream go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteConfig {
    /// Topic.
    pub topic: String,
    /// Delivery level, 0 to 2.
    pub qos: u8,
    /// Whether the broker keeps the last message.
    pub retain: bool,
    /// What messages say beside their payload (MQTT 5).
    pub properties: Option<Arc<RouteProperties>>,
}

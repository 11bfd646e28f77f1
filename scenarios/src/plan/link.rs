//! How devices reach a target.

use std::fmt;

use serde_json::{Value, json};
use sim_core::{Arguments, Span};

use super::arguments::arguments;
use super::fields::{Fields, View};
use super::target::TargetPlan;
use crate::language::word::BLUETOOTH;

/// What a link runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A connection of the device's own.
    Connection,
    /// Bluetooth to a gateway: target, format and all that belongs to the connection are those of the gateway's link.
    Gateway,
    /// Bluetooth to real hosts only; nothing is judged at a broker.
    Host,
}

/// How a device reaches a target.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkPlan {
    /// Link id.
    pub id: String,
    /// What it runs over.
    pub carrier: Carrier,
    /// Name of the carrier of the connection, which is the device's own or that of its gateway; empty for hosts.
    pub over: String,
    /// Index of its target.
    pub target: usize,
    /// Payload format.
    pub format: String,
    /// The carrier's own parameters, checked.
    pub arguments: Arguments,
    /// Delivery level, 0 to 2; above 0 the carrier acknowledges.
    pub qos: u8,
    /// Protocol version, if the carrier takes one.
    pub protocol: Option<Protocol>,
    /// What only MQTT 5 has, where that is spoken.
    pub mqtt5: Option<Mqtt5Plan>,
    /// Session behaviour, if the carrier takes it.
    pub session: Option<SessionPlan>,
    /// Store and forward, if the carrier takes it.
    pub outbox: Option<OutboxPlan>,
    /// Name and password.
    pub auth: Option<LinkAuth>,
}

/// MQTT protocol version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// 3.1.1.
    V311,
    /// 5.
    V5,
}

/// What only MQTT 5 has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mqtt5Plan {
    /// How long the broker may keep a message; zero is for ever.
    pub message_expiry: Span,
    /// Whether topics are sent once a connection, and then a number for each.
    pub topic_alias: bool,
    /// Names and values that every message carries beside its payload.
    pub user_properties: Vec<(String, String)>,
    /// Whether each message is named in a user property.
    pub message_property: bool,
    /// Whether each message has a trace of its own.
    pub traceparent: bool,
    /// Most messages that the broker may send ahead of their acknowledgement.
    pub receive_maximum: Option<u16>,
    /// Largest packet taken [bytes].
    pub maximum_packet_size: Option<u32>,
}

/// Session behaviour of a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionPlan {
    /// Start from nothing on each connect (clean session, clean start).
    pub clean: bool,
    /// How long the broker keeps the session after a disconnect (MQTT 5).
    pub expiry: Span,
    /// Keep-alive interval.
    pub keep_alive: Span,
    /// Waiting between connection attempts.
    pub backoff: Backoff,
    /// Most messages sent and not acknowledged at a time, at delivery levels 1 and 2.
    pub inflight: u16,
}

/// Waiting between connection attempts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// Rule.
    pub kind: BackoffKind,
    /// First wait.
    pub initial: Span,
    /// Longest wait.
    pub longest: Span,
}

/// Rule by which waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackoffKind {
    /// No wait.
    None,
    /// Always the first wait.
    Fixed,
    /// Doubling.
    Exponential,
    /// Doubling, each wait drawn uniformly between half and the whole of it.
    ExponentialJitter,
}

/// The device's own store and forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxPlan {
    /// Most messages kept.
    pub messages: u32,
    /// What is dropped when it is full; each drop is declared.
    pub full: OutboxFull,
}

/// What a full outbox drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxFull {
    /// The oldest message.
    DropOldest,
    /// The message that just came.
    DropNewest,
}

/// Name and password; only the name is ever told.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthPlan {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for AuthPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AuthPlan").field("user", &self.user).finish_non_exhaustive()
    }
}

/// How a device makes its password anew for each connection; the key is never told.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenPlan {
    /// What kind of token, and what it says.
    pub kind: TokenKind,
    /// The secret, or the file of the private key.
    pub key: String,
    /// How long a token is good.
    pub lifetime: Span,
}

/// What kind of token, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKind {
    /// A JSON Web Token (RFC 7519).
    Jwt {
        /// How it is signed.
        algorithm: Algorithm,
        /// Whose it is.
        subject: String,
        /// For whom it is, if it says so.
        audience: Option<String>,
    },
    /// A shared access signature, as Azure has them.
    Sas {
        /// What it gives access to.
        resource: String,
    },
}

/// How a JSON Web Token is signed (RFC 7518, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256; the key is a secret.
    Hs256,
    /// RSA with SHA-256; the key is a file.
    Rs256,
    /// ECDSA on P-256 with SHA-256; the key is a file.
    Es256,
}

impl Algorithm {
    /// Its name in tokens and scenarios.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl fmt::Debug for TokenPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenPlan").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What a link says of names and passwords; [`Endpoint`](crate::Endpoint) has those of each device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkAuth {
    /// User name as it is written, with what is filled in for each device.
    pub user: String,
    /// Those of everybody, if they are the same for all devices.
    pub shared: Option<AuthPlan>,
}

pub(super) fn tell_link(targets: &[TargetPlan], link: &LinkPlan, view: View) -> Value {
    let LinkPlan { id, carrier, over, target, format, arguments: with, qos, protocol, mqtt5, session, outbox, auth } =
        link;
    let user = auth.as_ref().map(|LinkAuth { user, shared: _ }| user.clone());
    let carrier_word = if *carrier == Carrier::Connection { over.as_str() } else { BLUETOOTH };
    let protocol = protocol.map(|protocol| if protocol == Protocol::V5 { "5" } else { "3.1.1" });
    Fields::new(view)
        .field("id", id.clone())
        .field("carrier", carrier_word)
        .tested("hosts_only", *carrier == Carrier::Host)
        .field("to", targets[*target].id.clone())
        .field("format", format.clone())
        .given("with", arguments(with))
        .field("qos", *qos)
        .field("protocol", protocol)
        .given("mqtt5", mqtt5.as_ref().map_or_else(|| json!({}), |mqtt5| tell_mqtt5(mqtt5, view)))
        .field("session", session.as_ref().map(|session| tell_session(session, view)))
        .field("outbox", outbox.map(|outbox| tell_outbox(outbox, view)))
        .tested("auth", user.is_some())
        .shown("user", user)
        .done()
}

fn tell_mqtt5(mqtt5: &Mqtt5Plan, view: View) -> Value {
    let Mqtt5Plan {
        message_expiry,
        topic_alias,
        user_properties,
        message_property,
        traceparent,
        receive_maximum,
        maximum_packet_size,
    } = mqtt5;
    let user_properties: Vec<String> = user_properties.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Fields::new(view)
        .field("message_expiry_s", message_expiry.seconds())
        .field("topic_alias", *topic_alias)
        .field("user_properties", user_properties)
        .field("message_property", *message_property)
        .field("traceparent", *traceparent)
        .field("receive_maximum", *receive_maximum)
        .field("maximum_packet_size", *maximum_packet_size)
        .done()
}

fn tell_session(session: &SessionPlan, view: View) -> Value {
    let SessionPlan { clean, expiry, keep_alive, backoff, inflight } = session;
    let Backoff { kind, initial, longest } = backoff;
    let kind = match kind {
        BackoffKind::None => "none",
        BackoffKind::Fixed => "fixed",
        BackoffKind::Exponential => "exp",
        BackoffKind::ExponentialJitter => "exp_jitter",
    };
    Fields::new(view)
        .field("clean", *clean)
        .field("expiry_s", expiry.seconds())
        .field("keep_alive_s", keep_alive.seconds())
        .field("backoff", kind)
        .field("backoff_initial_s", initial.seconds())
        .field("backoff_longest_s", longest.seconds())
        .field("inflight", *inflight)
        .done()
}

fn tell_outbox(outbox: OutboxPlan, view: View) -> Value {
    let OutboxPlan { messages, full } = outbox;
    let full = match full {
        OutboxFull::DropOldest => "drop_oldest",
        OutboxFull::DropNewest => "drop_newest",
    };
    Fields::new(view).field("messages", messages).field("full", full).done()
}

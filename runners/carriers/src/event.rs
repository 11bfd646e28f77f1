//! What a carrier tells its judge.

use std::io;

use bytes::Bytes;
use sim_core::{RouteId, SimId};

use crate::mqtt::reason_code::reason_word;
use crate::transport::tls_failure::TlsFailure;

/// Something that happened to a message or to a connection. Instants are wall-clock nanoseconds since the origin of
/// the [`Pace`](crate::Pace).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarrierEvent {
    /// A socket accepted the last byte of a message.
    Sent {
        /// Its route.
        route: RouteId,
        /// Its sequence number.
        sequence: u64,
        /// When [ns].
        at: i64,
        /// 1 for the first transmission; from 2 on the DUP flag was set.
        attempt: u32,
    },
    /// The broker acknowledged a QoS 1 message.
    Acked {
        /// Its route.
        route: RouteId,
        /// Its sequence number.
        sequence: u64,
        /// When [ns].
        at: i64,
    },
    /// The device gave a message up; it will never be sent (again).
    Dropped {
        /// Its route.
        route: RouteId,
        /// Its sequence number.
        sequence: u64,
        /// Why.
        reason: DropReason,
        /// When [ns].
        at: i64,
    },
    /// The broker acknowledged a message with an error (MQTT 5) and did not take it.
    Refused {
        /// Its route.
        route: RouteId,
        /// Its sequence number.
        sequence: u64,
        /// MQTT 5 reason code, 0x80 or above.
        code: u8,
        /// When [ns].
        at: i64,
    },
    /// The run ended before the message was settled: still waiting, or sent and not acknowledged.
    Pending {
        /// Its route.
        route: RouteId,
        /// Its sequence number.
        sequence: u64,
        /// Whether it was written to a connection at least once.
        sent: bool,
    },
    /// A command arrived; whoever obeys it gets it from [`Fleet::take_commands`](crate::Fleet::take_commands).
    Command {
        /// For whom.
        device: SimId,
        /// What was published on the command topic.
        payload: Bytes,
        /// When [ns].
        at: i64,
    },
    /// The broker refused the subscription of the command topic.
    SubscriptionRefused {
        /// Whose.
        device: SimId,
        /// SUBACK return or reason code, 0x80 or above.
        code: u8,
        /// When [ns].
        at: i64,
    },
    /// The broker accepted the session.
    Connected {
        /// Whose.
        device: SimId,
        /// When [ns].
        at: i64,
        /// From the start of the attempt to CONNACK [ns].
        took: i64,
        /// Whether the broker remembered an earlier session.
        session_present: bool,
    },
    /// An established session lost its connection.
    Disconnected {
        /// Whose.
        device: SimId,
        /// When [ns].
        at: i64,
        /// Why.
        reason: LossReason,
    },
    /// An attempt to connect ended before CONNACK accepted it.
    ConnectFailed {
        /// Whose.
        device: SimId,
        /// When [ns].
        at: i64,
        /// Why.
        reason: LossReason,
    },
}

/// A command that reached a device, for whoever obeys it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandArrival {
    /// For whom.
    pub device: SimId,
    /// What was published on the command topic.
    pub payload: Bytes,
    /// When [ns].
    pub at: i64,
}

/// Why a device gave a message up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// The outbox was full and keeps the newest messages.
    OutboxDroppedOldest,
    /// The outbox was full and keeps the oldest messages.
    OutboxDroppedNewest,
    /// The message exceeds the broker's Maximum Packet Size (MQTT 5).
    PacketTooLarge,
    /// The message asks for more than the broker's Maximum `QoS` (MQTT 5).
    QosNotSupported,
    /// The message is to be retained and the broker does not retain (MQTT 5).
    RetainNotSupported,
}

impl DropReason {
    /// The words in reports.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OutboxDroppedOldest => "outbox full, oldest dropped",
            Self::OutboxDroppedNewest => "outbox full, newest dropped",
            Self::PacketTooLarge => "larger than the broker's maximum packet size",
            Self::QosNotSupported => "QoS above the broker's maximum",
            Self::RetainNotSupported => "retained message at a broker that does not retain",
        }
    }
}

/// Why a connection, or an attempt at one, ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LossReason {
    /// The broker refused the session (CONNACK) or ended it (MQTT 5 DISCONNECT), with this return or reason code.
    Broker {
        /// Return code (3.1.1: 1 to 5) or reason code (5).
        code: u8,
    },
    /// The other side closed the connection without a word.
    Closed,
    /// The operating system reported an error (refused, reset, unreachable ...).
    Io {
        /// Kind of the error.
        kind: io::ErrorKind,
    },
    /// TLS did not come about, or ended with an error.
    Tls {
        /// Why.
        failure: TlsFailure,
    },
    /// The other side answered plain MQTT with TLS.
    SpeaksTls,
    /// The TCP connection or the broker's answer did not come in time.
    TimedOut {
        /// What was waited for.
        waiting_for: &'static str,
    },
    /// A step of the scenario cut the link.
    LinkCut,
    /// The broker sent something that is not MQTT, or not allowed there.
    Malformed {
        /// What is wrong with it.
        what: String,
    },
}

impl LossReason {
    /// Whether the other side, or its machine, has ended the connection: what it had sent before was not held up.
    pub fn is_word_of_other_side(&self) -> bool {
        match self {
            Self::Broker { .. } | Self::Closed => true,
            Self::Io { kind } => matches!(kind, io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted),
            Self::Tls { failure } => *failure == TlsFailure::Ended,
            Self::SpeaksTls | Self::TimedOut { .. } | Self::LinkCut | Self::Malformed { .. } => false,
        }
    }

    /// The words in reports; equal for equal causes, so they can be counted.
    pub fn words(&self) -> String {
        match self {
            Self::Broker { code } => format!("broker said {code:#04x} ({})", reason_word(*code)),
            Self::Closed => "closed by the other side".to_owned(),
            Self::Io { kind } => kind.to_string(),
            Self::Tls { failure } => format!("TLS: {failure}"),
            Self::SpeaksTls => {
                "the broker speaks TLS there, and the address is a plain one (write `mqtts://`)".to_owned()
            }
            Self::TimedOut { waiting_for } => format!("no {waiting_for} in time"),
            Self::LinkCut => "link cut by a step".to_owned(),
            Self::Malformed { .. } => "malformed packet from the broker".to_owned(),
        }
    }
}

impl From<io::Error> for LossReason {
    fn from(error: io::Error) -> Self {
        match TlsFailure::told_by(&error) {
            Some(failure) => Self::Tls { failure },
            // Over TLS, an end that was not announced.
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::Closed,
            None => Self::Io { kind: error.kind() },
        }
    }
}

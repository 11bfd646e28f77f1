//! What can keep a carrier from opening connections or from taking messages.

use std::io;

use sim_core::{RouteId, SimId};

/// Why connections could not be opened or do not take what they are given.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// The broker's name has no address.
    #[error("no address found for broker {host}:{port}")]
    Resolve {
        /// Name as given.
        host: String,
        /// Port as given.
        port: u16,
        /// What the resolver said, when it said something.
        #[source]
        source: Option<io::Error>,
    },
    /// More connections than this process may hold.
    #[error(
        "{connections} connections need {needed} file descriptors and this process may open {limit}; raise the limit \
         (`ulimit -n {needed}`) or spread the run over processes with `--partition`"
    )]
    Descriptors {
        /// Connections asked for.
        connections: usize,
        /// Descriptors they need, with a margin for everything else [count].
        needed: u64,
        /// Hard limit of the process [count].
        limit: u64,
    },
    /// Two connections for one device.
    #[error("device {} has two connections", device.0)]
    DuplicateDevice {
        /// The device.
        device: SimId,
    },
    /// A route with a delivery level that MQTT does not have.
    #[error("topic {topic:?} asks for QoS {qos}; MQTT has 0 to 2")]
    Qos {
        /// Topic of the route.
        topic: String,
        /// Level asked for.
        qos: u8,
    },
    /// A topic longer than MQTT can carry.
    #[error("a topic of {bytes} bytes is longer than 65535 bytes")]
    TopicTooLong {
        /// Its length [bytes].
        bytes: usize,
    },
    /// A client id, topic, will or password longer than MQTT can carry.
    #[error("device {}: {what} is longer than 65535 bytes", device.0)]
    TooLong {
        /// The device.
        device: SimId,
        /// What is too long.
        what: &'static str,
    },
    /// A message or command answer for a device without a connection.
    #[error("device {} has no connection in this fleet", device.0)]
    UnknownDevice {
        /// The device.
        device: SimId,
    },
    /// A message on a route that was not configured.
    #[error("route {} is not configured in this fleet", route.0)]
    UnknownRoute {
        /// The route.
        route: RouteId,
    },
    /// The target cannot be used as it is.
    #[error("{reason}")]
    Refused {
        /// What is wrong with it.
        reason: String,
    },
    /// Certificates or keys that cannot be used.
    #[error("{reason}")]
    Security {
        /// What is wrong with them.
        reason: String,
    },
    /// The system gives no thread.
    #[error("no thread for a carrier")]
    Threads {
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// Not one device could connect.
    #[error("none of {planned} devices could connect{}", .reason.as_ref().map_or_else(|| " in time".to_owned(), |reason| format!(": {reason}")))]
    NobodyOnline {
        /// How many were to.
        planned: usize,
        /// What most of them were told, if anything.
        reason: Option<String>,
    },
    /// The carrier cannot be opened by this program.
    #[error("the carrier `{carrier}` has no code that opens it")]
    NoCode {
        /// The carrier.
        carrier: String,
    },
    /// Nobody can answer commands over this carrier.
    #[error("device {} cannot be commanded over its carrier", device.0)]
    NoCommands {
        /// The device.
        device: SimId,
    },
    /// The connections have ended.
    #[error("the connections have ended")]
    Ended,
}

impl CarrierError {
    /// Whether the target is the reason, and not what was asked for.
    pub fn blames_target(&self) -> bool {
        matches!(self, Self::Resolve { .. } | Self::Refused { .. } | Self::NobodyOnline { .. })
    }
}

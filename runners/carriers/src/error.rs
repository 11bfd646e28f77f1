//! What can keep a fleet from starting or from taking messages.

use std::io;

use sim_core::{RouteId, SimId};

/// Why a fleet could not be started or does not take what it was given.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
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
    /// Nobody accepts TCP connections there.
    #[error("broker {host}:{port} cannot be reached")]
    Unreachable {
        /// Name as given.
        host: String,
        /// Port as given.
        port: u16,
        /// What the operating system said.
        #[source]
        source: io::Error,
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
    /// A route with a delivery level that the fleet does not speak.
    #[error("topic {topic:?} asks for QoS {qos}; a fleet delivers at QoS 0 or 1")]
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
    /// The lanes have ended.
    #[error("the fleet has ended")]
    Ended,
}

//! What a run does with a broker, whichever kind it is.

use std::fmt;

use crate::address::BrokerAddress;
use crate::choice::BrokerKind;
use crate::error::BrokerError;

/// Which broker serves a target; goes into every report, because results differ between brokers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerIdentity {
    /// The kind of broker.
    pub kind: BrokerKind,
    /// Product and version, such as `mqtt5 0.49.0` or `mosquitto 2.0.11`; the URL for an external broker.
    pub name: String,
}

/// What clients published to a broker, since the first start and across restarts. Wills and `$SYS` are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IngressCount {
    /// PUBLISH packets that arrived and were accepted, repeated ones (DUP) included.
    pub publishes: u64,
    /// Bytes of their payloads; topics and headers not included.
    pub payload_bytes: u64,
}

/// What a broker threw away although it had accepted it, since the first start and across restarts: a loss that must not
/// be blamed on a device or on the pipeline behind the broker. A message counts once for each subscriber that misses it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DroppedCount {
    /// QoS 0 messages for a connected subscriber that was [`crate::BrokerConfig::subscriber_lane`] messages behind.
    pub qos0: u64,
    /// QoS 1 and 2 messages for a session that was [`crate::BrokerConfig::session_queue`] messages behind.
    pub queued: u64,
}

/// A broker under the control of a run. Every call blocks until it has taken effect (milliseconds as a rule, 20 s at the
/// worst) and may be made from any thread, inside a tokio runtime too. Dropping a broker ends what was started for it.
pub trait Broker: Send + fmt::Debug {
    /// Where clients connect; the same for the broker's whole life, across stop, kill and restart.
    fn address(&self) -> &BrokerAddress;

    /// Kind, product and version.
    fn identity(&self) -> &BrokerIdentity;

    /// Ends the broker cleanly: it tells its clients and stores what [`crate::BrokerConfig::persistence`] keeps. Connections are
    /// refused until [`Broker::restart`]. No effect when it was stopped or killed already.
    ///
    /// # Errors
    /// [`BrokerError::NotOurs`] for an external broker; otherwise when the broker had ended by itself, or did not end in
    /// time (it is killed then).
    fn stop(&mut self) -> Result<(), BrokerError>;

    /// Ends the broker at once: connections break without a word, nothing is stored any more. Connections are refused
    /// until [`Broker::restart`]. No effect when it was stopped or killed already.
    ///
    /// # Errors
    /// As for [`Broker::stop`].
    fn kill(&mut self) -> Result<(), BrokerError>;

    /// Starts the broker again on the same port, after a clean stop if it still runs.
    ///
    /// # Errors
    /// As for [`Broker::stop`], and for starting a broker.
    fn restart(&mut self) -> Result<(), BrokerError>;

    /// What arrived from clients; `None` where it cannot be seen (Mosquitto, external).
    fn ingress(&self) -> Option<IngressCount>;

    /// What the broker threw away; `None` where it cannot be seen (Mosquitto, external).
    fn dropped(&self) -> Option<DroppedCount>;

    /// Process id of a running child process; `None` for a broker inside this process, elsewhere, or not running.
    fn process_id(&self) -> Option<u32>;
}

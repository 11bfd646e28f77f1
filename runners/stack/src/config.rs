//! How a broker that this process starts is set up.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// QoS 1 and 2 messages that a broker of ours sends to one subscriber ahead of its acknowledgements. Mosquitto's default,
/// 20, and mqtt5's, 64, cap a subscriber behind a link of 200 ms at 100 and 320 messages a second; this allows 5000.
pub(crate) const OUTBOUND_WINDOW: u16 = 1000;

/// Where the brokers of this process speak WebSocket: by custom the path of MQTT.
pub const WEB_PATH: &str = "/mqtt";

/// Settings of a broker that this process starts; an external broker ignores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerConfig {
    /// Where the broker writes (store, configuration, log); created when missing, one directory per broker. What an
    /// earlier broker stored there is taken up again. `None`: a private temporary directory that goes with the broker.
    pub directory: Option<PathBuf>,
    /// What survives a restart.
    pub persistence: Persistence,
    /// QoS 0 messages that the embedded broker holds for one connected subscriber that is behind; more are dropped and
    /// counted. Bounds memory; a subscriber costs nothing until it is behind. Mosquitto is told to hold all of them.
    pub subscriber_lane: usize,
    /// QoS 1 and 2 messages that the embedded broker holds for one session that is away or behind; beyond it the oldest
    /// are dropped and counted. Mosquitto is told to hold all of them.
    pub session_queue: usize,
    /// Whether the broker speaks WebSocket, at the path [`WEB_PATH`], instead of plain MQTT.
    pub web_socket: bool,
    /// What the broker shows of itself over TLS, and demands; `None` is plain TCP.
    pub tls: Option<ListenerTls>,
}

/// TLS of a broker that this process starts.
#[derive(Clone, PartialEq, Eq)]
pub struct ListenerTls {
    /// The broker's certificate, as PEM.
    pub certificate_pem: String,
    /// Its private key, as PEM; it lies in a file that only this user may read, as long as the broker exists.
    pub key_pem: String,
    /// Who issues the certificates that clients must show, as PEM; `None` when they need none. Mosquitto takes the common
    /// name of a certificate for the user name.
    pub client_ca_pem: Option<String>,
}

impl fmt::Debug for ListenerTls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ListenerTls").finish_non_exhaustive()
    }
}

/// What a broker keeps of sessions, queued and retained messages when it stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// Nothing: a stop and a kill both forget everything.
    Memory,
    /// A clean stop keeps everything. After a kill, messages that the broker had acknowledged may be gone: Mosquitto has
    /// what it saved last, the embedded broker sessions and retained messages but not what it had yet to write.
    Disk {
        /// How often Mosquitto saves \[whole seconds, at least 1; rounded up\]. The embedded broker writes as it goes.
        autosave_interval: Duration,
    },
}

impl Persistence {
    /// On disk, saved every 10 s (Mosquitto's own default, 1800 s, is longer than most runs).
    pub const DISK: Self = Self::Disk { autosave_interval: Duration::from_secs(10) };
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            directory: None,
            persistence: Persistence::Memory,
            subscriber_lane: 100_000,
            session_queue: 1_000_000,
            web_socket: false,
            tls: None,
        }
    }
}

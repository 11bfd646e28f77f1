//! What `mqtt5` is told, where its defaults do not suit a testbed.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mqtt5::broker::config::{AuthConfig, RateLimitConfig, StorageBackend, TlsConfig, WebSocketConfig};
use mqtt5::broker::{BrokerConfig as Mqtt5Config, ResourceLimits, StorageConfig};

use crate::config::{BrokerConfig, OUTBOUND_WINDOW, WEB_PATH};
use crate::embedded::ingress::{IngressTally, IngressTap};
use crate::tls_files::TlsFiles;

/// Beyond any number of connections that the descriptors of one process allow.
const MAX_CLIENTS: usize = 10_000_000;

/// A session whose queue is long because its messages are large ends here: 1 GiB, in bytes.
const SESSION_QUEUE_BYTES: usize = 1 << 30;

/// As Mosquitto's `sys_interval`, so that a stack that watches `$SYS` sees the same rhythm from both.
const SYS_TOPICS_INTERVAL: Duration = Duration::from_secs(10);

/// Everything needed to start the broker again as it was.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    port: u16,
    store: Option<PathBuf>,
    subscriber_lane: usize,
    session_queue: usize,
    web_socket: bool,
    tls: Option<TlsConfig>,
}

/// Largest packet announced and taken [byte]: the largest that MQTT can express. The crate's own default is one more,
/// which a strict client refuses as malformed.
const LARGEST_PACKET: usize = 268_435_455;

impl Settings {
    /// `store`: the directory to persist to, `None` for memory.
    pub(super) fn new(config: &BrokerConfig, port: u16, store: Option<&Path>, tls: Option<&TlsFiles>) -> Self {
        Self {
            tls: tls.map(|files| listener_tls(files, port)),
            port,
            web_socket: config.web_socket,
            store: store.map(Path::to_owned),
            // A lane without room is a panic in tokio's channel.
            subscriber_lane: config.subscriber_lane.max(1),
            session_queue: config.session_queue.max(1),
        }
    }

    pub(super) fn broker_config(&self, ingress: Arc<IngressTally>) -> Mqtt5Config {
        // mqtt5's own defaults: every interface, port 1883; a store in the working directory; a lock-out of five minutes
        // for an address with five failed logins, when here all devices share one address.
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let nowhere = || Mqtt5Config::default().with_bind_addresses(Vec::new());
        let web = || WebSocketConfig::new().with_bind_address(address).with_path(WEB_PATH);
        let listening = match (&self.tls, self.web_socket) {
            (None, false) => Mqtt5Config::default().with_bind_address(address),
            (Some(tls), false) => nowhere().with_tls(tls.clone()),
            (None, true) => nowhere().with_websocket(web()),
            (Some(tls), true) => {
                let tls = tls.clone().with_bind_addresses(Vec::new());
                nowhere().with_tls(tls).with_websocket_tls(web().with_tls(true))
            }
        };
        listening
            .with_max_clients(MAX_CLIENTS)
            .with_client_channel_capacity(self.subscriber_lane)
            .with_max_outbound_inflight(OUTBOUND_WINDOW)
            .with_max_packet_size(LARGEST_PACKET)
            .with_storage(self.storage())
            .with_auth(AuthConfig {
                rate_limit: RateLimitConfig { enabled: false, ..RateLimitConfig::default() },
                ..AuthConfig::default()
            })
            .with_sys_topics_interval(SYS_TOPICS_INTERVAL)
            .with_event_handler(Arc::new(IngressTap(ingress)))
    }

    fn storage(&self) -> StorageConfig {
        let limits = StorageConfig::default()
            .with_max_queued_messages_per_client(self.session_queue)
            .with_max_queued_bytes_per_client(SESSION_QUEUE_BYTES);
        match &self.store {
            Some(directory) => limits.with_backend(StorageBackend::File).with_base_dir(directory.clone()),
            None => limits.with_backend(StorageBackend::Memory),
        }
    }

    /// Set once the broker is bound: its configuration cannot lift the 10,000 connections from one address and the
    /// 10,000 new ones a second. A window of no length keeps the record of recent connects, which is searched at each
    /// connect, empty.
    pub(super) fn resource_limits() -> ResourceLimits {
        ResourceLimits {
            max_connections: MAX_CLIENTS,
            max_connections_per_ip: MAX_CLIENTS,
            max_connection_rate: u32::MAX,
            max_message_rate_per_client: 0,
            max_bandwidth_per_client: 0,
            rate_limit_window: Duration::ZERO,
        }
    }
}

fn listener_tls(TlsFiles { certificate, key, client_ca, .. }: &TlsFiles, port: u16) -> TlsConfig {
    let tls = TlsConfig::new(certificate.clone(), key.clone())
        .with_bind_address(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .with_require_client_cert(client_ca.is_some());
    match client_ca {
        Some(client_ca) => tls.with_ca_file(client_ca.clone()),
        None => tls,
    }
}

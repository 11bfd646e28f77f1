//! Where a broker listens: MQTT over TCP or WebSocket, plain or in TLS.

use std::fmt;
use std::net::Ipv4Addr;

/// Host and TCP port of a broker. [`fmt::Display`] writes it as a URL, `mqtt://host:port`, over TLS `mqtts`,
/// over WebSocket `ws` and `wss`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerAddress {
    /// A host name or an IP address, IPv6 without brackets.
    pub host: String,
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// Whether it speaks TLS.
    pub is_secured: bool,
    /// Whether it speaks WebSocket.
    pub is_web_socket: bool,
}

impl BrokerAddress {
    /// The port IANA registered for MQTT without TLS.
    pub const DEFAULT_PORT: u16 = 1883;
    /// The port IANA registered for MQTT over TLS.
    pub const DEFAULT_SECURE_PORT: u16 = 8883;
    /// The port of HTTP, and so of WebSocket without TLS.
    pub const DEFAULT_WEB_PORT: u16 = 80;
    /// The port of HTTPS, and so of WebSocket over TLS.
    pub const DEFAULT_SECURE_WEB_PORT: u16 = 443;

    /// The address of a broker on this machine, 127.0.0.1.
    pub fn loopback(port: u16) -> Self {
        Self { host: Ipv4Addr::LOCALHOST.to_string(), port, is_secured: false, is_web_socket: false }
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, is_secured, is_web_socket } = self;
        let scheme = scheme(*is_secured, *is_web_socket);
        if host.contains(':') {
            write!(formatter, "{scheme}://[{host}]:{port}")
        } else {
            write!(formatter, "{scheme}://{host}:{port}")
        }
    }
}

/// The scheme of a broker's URL.
pub(crate) fn scheme(is_secured: bool, is_web_socket: bool) -> &'static str {
    match (is_secured, is_web_socket) {
        (false, false) => "mqtt",
        (true, false) => "mqtts",
        (false, true) => "ws",
        (true, true) => "wss",
    }
}

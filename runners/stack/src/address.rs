//! Where a broker listens: MQTT over TCP, plain or in TLS.

use std::fmt;
use std::net::Ipv4Addr;

/// Host and TCP port of a broker. [`fmt::Display`] writes it as a URL, `mqtt://host:port` or `mqtts://host:port`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerAddress {
    /// A host name or an IP address, IPv6 without brackets.
    pub host: String,
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// Whether it speaks TLS.
    pub is_secured: bool,
}

impl BrokerAddress {
    /// The port IANA registered for MQTT without TLS.
    pub const DEFAULT_PORT: u16 = 1883;
    /// The port IANA registered for MQTT over TLS.
    pub const DEFAULT_SECURE_PORT: u16 = 8883;

    /// The address of a broker on this machine, 127.0.0.1.
    pub fn loopback(port: u16) -> Self {
        Self { host: Ipv4Addr::LOCALHOST.to_string(), port, is_secured: false }
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, is_secured } = self;
        let scheme = if *is_secured { "mqtts" } else { "mqtt" };
        if host.contains(':') {
            write!(formatter, "{scheme}://[{host}]:{port}")
        } else {
            write!(formatter, "{scheme}://{host}:{port}")
        }
    }
}

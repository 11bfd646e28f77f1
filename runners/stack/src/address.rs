//! Where a broker listens: plain MQTT over TCP.

use std::fmt;
use std::net::Ipv4Addr;

/// Host and TCP port of a broker that speaks plain MQTT. [`fmt::Display`] writes it as a URL, `mqtt://host:port`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerAddress {
    /// A host name or an IP address, IPv6 without brackets.
    pub host: String,
    /// TCP port, 1 to 65535.
    pub port: u16,
}

impl BrokerAddress {
    /// The port IANA registered for MQTT without TLS.
    pub const DEFAULT_PORT: u16 = 1883;

    /// The address of a broker on this machine, 127.0.0.1.
    pub fn loopback(port: u16) -> Self {
        Self { host: Ipv4Addr::LOCALHOST.to_string(), port }
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(formatter, "mqtt://[{host}]:{port}")
        } else {
            write!(formatter, "mqtt://{host}:{port}")
        }
    }
}

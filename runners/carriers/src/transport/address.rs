//! Where the broker is.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::error::CarrierError;

/// All addresses of the broker, in the order in which they are tried.
pub(crate) fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, CarrierError> {
    let unresolved = |source| CarrierError::Resolve { host: host.to_owned(), port, source };
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(|error| unresolved(Some(error)))?.collect();
    if addresses.is_empty() { Err(unresolved(None)) } else { Ok(addresses) }
}

//! Where the broker is, and whether somebody listens there.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::error::CarrierError;

/// All addresses of the broker, in the order in which they are tried.
pub(crate) fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, CarrierError> {
    let unresolved = |source| CarrierError::Resolve { host: host.to_owned(), port, source };
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(|error| unresolved(Some(error)))?.collect();
    if addresses.is_empty() { Err(unresolved(None)) } else { Ok(addresses) }
}

/// Checks that the broker accepts a TCP connection, and closes it again. Blocks for at most `timeout` per address.
///
/// # Errors
/// [`CarrierError::Resolve`] or [`CarrierError::Unreachable`].
pub fn check_reachable(host: &str, port: u16, timeout: Duration) -> Result<(), CarrierError> {
    let mut refusal = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in resolve(host, port)? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(_) => return Ok(()),
            Err(error) => refusal = error,
        }
    }
    Err(CarrierError::Unreachable { host: host.to_owned(), port, source: refusal })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_listener_is_reachable_and_a_closed_port_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(check_reachable("127.0.0.1", port, Duration::from_secs(5)).is_ok());
        drop(listener);
        let error = check_reachable("127.0.0.1", port, Duration::from_secs(5)).unwrap_err();
        assert_eq!(error.to_string(), format!("broker 127.0.0.1:{port} cannot be reached"));
    }
}

//! A port of 127.0.0.1 that stays a broker's own while the broker is down.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

use crate::error::BrokerError;

/// A free port of 127.0.0.1, kept by a socket that is bound to it but never listens.
///
/// The kernel hands such a port to nobody else: not to another program that asks for any free port, so that a child
/// process can be told the number without a race and the broker comes back after an outage of any length; and not as the
/// source port of an outgoing connection. A client that keeps trying to reach a dead ephemeral port of its own machine may
/// otherwise be given that very port as its source, connect to itself (TCP's simultaneous open) and hold the port. Both
/// sockets allow reuse of the address, so the broker can listen beside the reservation; until it does, connections are
/// refused.
#[derive(Debug)]
pub(crate) struct PortReservation {
    port: u16,
    _bound: Option<Socket>,
}

impl PortReservation {
    pub(crate) fn take() -> Result<Self, BrokerError> {
        let reserve = || -> io::Result<Self> {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.set_reuse_address(true)?;
            socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
            let bound = socket.local_addr()?.as_socket().map(|address| address.port());
            let port = bound.ok_or_else(|| io::Error::other("the socket has no IPv4 address"))?;
            // Only Linux lets a listener bind beside a bound socket; elsewhere the port is merely a likely free one.
            Ok(Self { port, _bound: cfg!(target_os = "linux").then_some(socket) })
        };
        reserve().map_err(|source| BrokerError::Port { source })
    }

    /// A likely free port, for a listener that binds beside no other socket.
    pub(crate) fn likely() -> Result<Self, BrokerError> {
        Ok(Self { _bound: None, ..Self::take()? })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_reserved_port_refuses_clients_and_strangers_but_lets_a_listener_in() {
        let reservation = PortReservation::take().unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, reservation.port()));
        assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);

        let stranger = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        assert_eq!(stranger.bind(&address.into()).unwrap_err().kind(), ErrorKind::AddrInUse);

        for _ in 0..2 {
            // std's listeners set SO_REUSEADDR on Unix, as tokio's and Mosquitto's do.
            let listener = TcpListener::bind(address).unwrap();
            TcpStream::connect(address).unwrap();
            drop(listener);
        }
        assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
}

//! A broker that somebody else runs: it can be reached, not controlled.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::address::BrokerAddress;
use crate::choice::BrokerKind;
use crate::control::{Broker, BrokerIdentity, DroppedCount, IngressCount};
use crate::error::BrokerError;

/// For the name and for all addresses behind it together. A broker worth testing answers in far less; a run that waits
/// longer than this without a word looks hung.
const REACH_TIMEOUT: Duration = Duration::from_secs(3);

/// A broker that answered once and that this process leaves alone.
#[derive(Debug)]
pub(crate) struct ExternalBroker {
    address: BrokerAddress,
    identity: BrokerIdentity,
}

impl ExternalBroker {
    pub(crate) fn reach(address: &BrokerAddress) -> Result<Self, BrokerError> {
        let deadline = Instant::now() + REACH_TIMEOUT;
        resolve(address, deadline)
            .and_then(|candidates| connect_any(&candidates, deadline))
            .map_err(|source| BrokerError::Unreachable { address: address.clone(), source })?;
        let identity = BrokerIdentity { kind: BrokerKind::External, name: address.to_string() };
        Ok(Self { address: address.clone(), identity })
    }

    fn refuse(&self, action: &'static str) -> Result<(), BrokerError> {
        Err(BrokerError::NotOurs { action, address: self.address.clone() })
    }
}

impl Broker for ExternalBroker {
    fn address(&self) -> &BrokerAddress {
        &self.address
    }

    fn identity(&self) -> &BrokerIdentity {
        &self.identity
    }

    fn stop(&mut self) -> Result<(), BrokerError> {
        self.refuse("stop")
    }

    fn kill(&mut self) -> Result<(), BrokerError> {
        self.refuse("kill")
    }

    fn restart(&mut self) -> Result<(), BrokerError> {
        self.refuse("restart")
    }

    fn ingress(&self) -> Option<IngressCount> {
        None
    }

    fn dropped(&self) -> Option<DroppedCount> {
        None
    }

    fn process_id(&self) -> Option<u32> {
        None
    }
}

/// Looks the host up on a thread of its own, because the system's resolver takes no deadline.
fn resolve(address: &BrokerAddress, deadline: Instant) -> io::Result<Vec<SocketAddr>> {
    let (answer, answered) = mpsc::channel();
    let (host, port) = (address.host.clone(), address.port);
    thread::spawn(move || {
        let found = (host.as_str(), port).to_socket_addrs().map(Vec::from_iter);
        // Nobody listens any more when the deadline has passed; the answer is of no use then.
        let _ = answer.send(found);
    });
    let found = answered.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    found.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "the name lookup took too long")))
}

/// Connects to the first address that answers, giving each an equal share of the time that is left, so that one that
/// swallows packets does not hide the next.
fn connect_any(candidates: &[SocketAddr], deadline: Instant) -> io::Result<()> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (index, candidate) in candidates.iter().enumerate() {
        let untried = candidates.len() - index;
        let share = deadline.saturating_duration_since(Instant::now()) / untried as u32;
        // A timeout of zero is an error of its own to `connect_timeout`.
        match TcpStream::connect_timeout(candidate, share.max(Duration::from_millis(1))) {
            Ok(_) => return Ok(()),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn a_listener_is_reached_by_name_and_cannot_be_controlled() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = BrokerAddress {
            host: "localhost".to_owned(),
            ..BrokerAddress::loopback(listener.local_addr().unwrap().port())
        };
        let mut broker = ExternalBroker::reach(&address).unwrap();
        assert_eq!(broker.identity().name, address.to_string());
        for refusal in [broker.stop(), broker.kill(), broker.restart()] {
            let message = refusal.unwrap_err().to_string();
            assert!(message.contains("it is not ours"), "{message}");
        }
        assert_eq!((broker.ingress(), broker.dropped(), broker.process_id()), (None, None, None));
    }

    #[test]
    fn a_closed_port_is_unreachable() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = BrokerAddress::loopback(listener.local_addr().unwrap().port());
        drop(listener);
        match ExternalBroker::reach(&address).unwrap_err() {
            BrokerError::Unreachable { address: tried, source } => {
                assert_eq!(tried, address);
                assert_eq!(source.kind(), io::ErrorKind::ConnectionRefused);
            }
            other => panic!("expected Unreachable, got {other}"),
        }
    }

    #[test]
    fn the_second_address_is_tried_when_the_first_refuses() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let open = listener.local_addr().unwrap();
        let refusing = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), open.port()));
        connect_any(&[refusing, open], Instant::now() + REACH_TIMEOUT).unwrap();
        assert!(connect_any(&[refusing], Instant::now() + REACH_TIMEOUT).is_err());
        assert!(connect_any(&[], Instant::now() + REACH_TIMEOUT).is_err());
    }
}

//! Makes sure that a broker that has ended is deaf too.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::address::BrokerAddress;
use crate::error::BrokerError;

/// A child needs about a millisecond from its fork to its exec, on a crowded machine many.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two looks at a port that still accepts.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

/// Waits until nobody listens at the address. A listener that this process has closed lives on in a child that is just
/// being started, from its fork to its exec: connections are still accepted there, and the port cannot be had again. Seen
/// in 1 of 10 runs of the tests, which start Mosquitto beside embedded brokers.
pub(super) fn await_silence(address: SocketAddr) -> Result<(), BrokerError> {
    let deadline = Instant::now() + SILENCE_TIMEOUT;
    while !is_refused(address) {
        if Instant::now() > deadline {
            return Err(BrokerError::StillListening { address: BrokerAddress::loopback(address.port()) });
        }
        thread::sleep(LOOK_INTERVAL);
    }
    Ok(())
}

fn is_refused(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, SILENCE_TIMEOUT)
        .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn it_lasts_until_the_last_copy_of_a_listener_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let copy = listener.try_clone().unwrap();
        drop(listener);
        let closing = thread::spawn(move || {
            let probe = copy.accept().unwrap();
            drop((copy, probe));
        });
        await_silence(address).unwrap();
        closing.join().unwrap();
        assert!(TcpListener::bind(address).is_ok());
    }
}

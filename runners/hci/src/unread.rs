//! What lies unread in the buffers of TCP connections, as Linux tells in `/proc/net/tcp` and `/proc/net/tcp6`: per
//! socket the local and the remote address, and the octets that wait to be acknowledged and to be read. Of a host on
//! another machine only what is not acknowledged is known; where the system tells nothing, nothing counts as unread.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::endpoint::Ends;

/// The buffers of all sockets, by local and remote address as the system writes them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TcpBuffers {
    sockets: BTreeMap<(String, String), Waiting>,
}

/// Octets that wait in one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    to_be_acknowledged: u64,
    to_be_read: u64,
}

impl TcpBuffers {
    /// As they are now.
    pub(crate) fn now() -> Self {
        let mut buffers = Self::default();
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            buffers.add(&std::fs::read_to_string(table).unwrap_or_default());
        }
        buffers
    }

    fn add(&mut self, table: &str) {
        for line in table.lines().skip(1) {
            let mut words = line.split_whitespace().skip(1);
            let (Some(local), Some(remote), Some(_), Some(queues)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            let Some((sent, received)) = queues.split_once(':') else { continue };
            let octets = |hexadecimal: &str| u64::from_str_radix(hexadecimal, 16).unwrap_or(0);
            let waiting = Waiting { to_be_acknowledged: octets(sent), to_be_read: octets(received) };
            self.sockets.insert((local.to_owned(), remote.to_owned()), waiting);
        }
    }

    /// Octets on their way from our end that the other end has not read.
    pub(crate) fn unread(&self, ends: Ends) -> u64 {
        let (ours, theirs) = (written(ends.ours), written(ends.theirs));
        let leaving = self.sockets.get(&(ours.clone(), theirs.clone()));
        let arrived = self.sockets.get(&(theirs, ours));
        leaving.map_or(0, |socket| socket.to_be_acknowledged) + arrived.map_or(0, |socket| socket.to_be_read)
    }
}

/// An address as the system writes it: words of 32 bits in its own order of octets.
fn written(address: SocketAddr) -> String {
    let word = |octets: &[u8; 4]| format!("{:08X}", u32::from_ne_bytes(*octets));
    let host = match address.ip() {
        IpAddr::V4(ip) => word(&ip.octets()),
        IpAddr::V6(ip) => ip.octets().as_chunks().0.iter().map(word).collect(),
    };
    format!("{host}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_table_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:1902 0100007F:D2A4 01 0000000A:00000000 00:00000000 00000000     0        0 1\n   \
                     1: 0100007F:D2A4 0100007F:1902 01 00000000:00000105 00:00000000 00000000     0        0 2\n   \
                     2: 0100007F:1902 00000000:0000 0A rubbish 00:00000000\n";
        let mut buffers = TcpBuffers::default();
        buffers.add(table);
        let ends = Ends { ours: "127.0.0.1:6402".parse().unwrap(), theirs: "127.0.0.1:53924".parse().unwrap() };
        assert_eq!(buffers.unread(ends), 10 + 0x105);
        let others = Ends { ours: ends.theirs, theirs: "127.0.0.1:1".parse().unwrap() };
        assert_eq!(buffers.unread(others), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_the_other_end_has_not_read_is_known() {
        for loopback in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(loopback) else { continue };
            let mut theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (mut ours, peer) = listener.accept().unwrap();
            let ends = Ends { ours: ours.local_addr().unwrap(), theirs: peer };
            ours.write_all(&[0; 300]).unwrap();
            let unread = || TcpBuffers::now().unread(ends);
            assert_eq!(unread(), 300, "{loopback}");
            theirs.read_exact(&mut [0; 100]).unwrap();
            assert_eq!(unread(), 200, "{loopback}");
        }
    }
}

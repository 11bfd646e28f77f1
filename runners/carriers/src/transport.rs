//! What carries the bytes of a session: dialled, read, written, finished, reset.

pub(crate) mod address;
pub(crate) mod descriptors;
pub(crate) mod memory;
pub(crate) mod tcp;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use memory::{MemoryNetwork, MemoryStream};

/// Most reads of bytes that nobody wants: a megabyte, beyond which a reset is the sender's own doing.
const DISCARD_READS: usize = 256;

/// Where connections lead to.
#[derive(Debug, Clone)]
pub(crate) enum Destination {
    /// The first of these addresses that accepts.
    Tcp(Arc<[SocketAddr]>),
    /// The other end of a network in memory.
    Memory(MemoryNetwork),
}

/// An attempt to connect.
pub(crate) enum Dialling {
    /// Over TCP.
    Tcp(tcp::Dialling),
    /// In memory.
    Memory(Option<MemoryStream>),
}

/// A connected byte stream.
#[derive(Debug)]
pub(crate) enum Transport {
    /// Plain TCP.
    Tcp(TcpStream),
    /// In memory.
    Memory(MemoryStream),
}

impl Destination {
    /// Begins to connect.
    pub(crate) fn dial(&self) -> Dialling {
        match self {
            Self::Tcp(addresses) => Dialling::Tcp(tcp::dial(Arc::clone(addresses))),
            Self::Memory(network) => Dialling::Memory(Some(network.dial())),
        }
    }
}

impl Dialling {
    /// Whether the attempt has come to an end.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Transport>> {
        match self {
            Self::Tcp(dialling) => dialling.as_mut().poll(context).map_ok(Transport::Tcp),
            Self::Memory(stream) => match stream {
                Some(waiting) if !waiting.poll_connected(context) => Poll::Pending,
                _ => Poll::Ready(match stream.take() {
                    Some(connected) => Ok(Transport::Memory(connected)),
                    None => Err(io::ErrorKind::NotConnected.into()),
                }),
            },
        }
    }
}

impl Transport {
    /// Reads what has arrived; 0 bytes is the end of the stream.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Memory(stream) => stream.poll_read(context, buffer),
        }
    }

    /// Writes as much as fits.
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Memory(stream) => Poll::Ready(stream.write(bytes)),
        }
    }

    /// Ends the sending direction: the other side sees the end of the stream (FIN).
    pub(crate) fn finish(&mut self, context: &mut Context<'_>) {
        match self {
            // Shutting a socket down takes effect at once; an error means that it is gone already.
            Self::Tcp(stream) => drop(Pin::new(stream).poll_shutdown(context)),
            Self::Memory(stream) => stream.finish(),
        }
    }

    /// Throws away what has arrived: closing a socket with unread bytes would send RST instead of FIN.
    pub(crate) fn discard_arrived(&mut self, context: &mut Context<'_>) {
        let mut scratch = [0; 4096];
        for _ in 0..DISCARD_READS {
            let mut arrived = ReadBuf::new(&mut scratch);
            match self.poll_read(context, &mut arrived) {
                Poll::Ready(Ok(())) if !arrived.filled().is_empty() => {}
                _ => return,
            }
        }
    }

    /// Ends both directions at once: the other side sees a reset (RST), and unsent bytes are discarded.
    pub(crate) fn reset(self) {
        match self {
            // An error means that the connection is gone already.
            Self::Tcp(stream) => drop(stream.set_zero_linger()),
            Self::Memory(stream) => stream.reset(),
        }
    }
}

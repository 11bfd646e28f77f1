//! What carries the bytes of a session: dialled, read, written, finished, reset.

pub(crate) mod address;
pub(crate) mod descriptors;
pub(crate) mod memory;
pub(crate) mod socket;
pub(crate) mod tcp;
pub(crate) mod tls;
pub(crate) mod tls_failure;
pub(crate) mod tls_sessions;
pub(crate) mod web_socket;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use memory::{MemoryNetwork, MemoryStream};
use socket::{Handshake, Socket};
use tls::TlsClient;
use web_socket::WebSocketTarget;

/// Most reads of bytes that nobody wants: a megabyte, beyond which a reset is the sender's own doing.
const DISCARD_READS: usize = 256;

/// Where connections lead to.
#[derive(Debug, Clone)]
pub(crate) enum Destination {
    /// A server.
    Tcp(Server),
    /// The other end of a network in memory.
    Memory(MemoryNetwork),
}

/// A server and what it speaks above TCP and TLS.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// The first of these that accepts.
    pub(crate) addresses: Arc<[SocketAddr]>,
    /// WebSocket, if it is spoken there.
    pub(crate) web_socket: Option<WebSocketTarget>,
}

/// An attempt to connect.
pub(crate) enum Dialling {
    /// Over TCP, with the handshakes of TLS and WebSocket if they are spoken.
    Tcp(tcp::Dialling),
    /// In memory.
    Memory(Option<MemoryStream>),
}

/// A connected byte stream.
#[derive(Debug)]
pub(crate) enum Transport {
    /// A socket.
    Socket(Socket),
    /// In memory.
    Memory(MemoryStream),
}

impl Destination {
    /// Begins to connect; in memory there is no TLS.
    pub(crate) fn dial(&self, tls: Option<&TlsClient>) -> Dialling {
        match self {
            Self::Tcp(server) => Dialling::Tcp(tcp::dial(server.clone(), tls.cloned())),
            Self::Memory(network) => Dialling::Memory(Some(network.dial())),
        }
    }
}

impl Dialling {
    /// Whether the attempt has come to an end.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Transport>> {
        match self {
            Self::Tcp(dialling) => dialling.as_mut().poll(context).map_ok(Transport::Socket),
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
    /// Which handshake of TLS it began with, where it speaks TLS.
    pub(crate) fn handshake(&self) -> Option<Handshake> {
        match self {
            Self::Socket(socket) => socket.handshake(),
            Self::Memory(_) => None,
        }
    }

    /// Reads what has arrived; 0 bytes is the end of the stream.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Socket(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Memory(stream) => stream.poll_read(context, buffer),
        }
    }

    /// Writes as much as fits; over TLS that may be more than the socket has taken ([`Transport::poll_flush`]).
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Socket(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Memory(stream) => Poll::Ready(stream.write(bytes)),
        }
    }

    /// Writes what was taken and has not left.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Socket(socket) => Pin::new(socket).poll_flush(context),
            Self::Memory(_) => Poll::Ready(Ok(())),
        }
    }

    /// Ends the sending direction cleanly: the other side sees the end of the stream, over TLS announced.
    pub(crate) fn finish(&mut self, context: &mut Context<'_>) {
        match self {
            Self::Socket(socket) => {
                if Pin::new(&mut *socket).poll_shutdown(context).is_pending() {
                    socket.hang_up(context);
                }
            }
            Self::Memory(stream) => stream.finish(),
        }
    }

    /// Ends the sending direction below everything: the other side sees a FIN.
    pub(crate) fn hang_up(&mut self, context: &mut Context<'_>) {
        match self {
            Self::Socket(socket) => socket.hang_up(context),
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
            Self::Socket(socket) => socket.reset(),
            Self::Memory(stream) => stream.reset(),
        }
    }
}

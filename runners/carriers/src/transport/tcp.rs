//! The byte stream under a session.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// An attempt to connect.
pub(crate) type Dialling = Pin<Box<dyn Future<Output = io::Result<Transport>> + Send>>;

/// Most reads of bytes that nobody wants: a megabyte, beyond which a reset is the sender's own doing.
const DISCARD_READS: usize = 256;

/// A connected byte stream.
#[derive(Debug)]
pub(crate) enum Transport {
    /// Plain TCP.
    Tcp(TcpStream),
}

impl Transport {
    /// Connects to the first address that accepts.
    pub(crate) fn dial(addresses: Arc<[SocketAddr]>) -> Dialling {
        Box::pin(async move {
            let mut refusal = io::Error::from(io::ErrorKind::AddrNotAvailable);
            for address in addresses.iter() {
                match TcpStream::connect(address).await {
                    Ok(stream) => {
                        // A device's message must not wait for the acknowledgement of the one before.
                        stream.set_nodelay(true)?;
                        return Ok(Self::Tcp(stream));
                    }
                    Err(error) => refusal = error,
                }
            }
            Err(refusal)
        })
    }

    /// Reads what has arrived; 0 bytes is the end of the stream.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }

    /// Writes as much as fits.
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    /// Ends the sending direction: the other side sees the end of the stream (FIN).
    pub(crate) fn finish(&mut self, context: &mut Context<'_>) {
        match self {
            // Shutting a socket down takes effect at once; an error means that it is gone already.
            Self::Tcp(stream) => drop(Pin::new(stream).poll_shutdown(context)),
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
        }
    }
}

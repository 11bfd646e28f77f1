//! A connected socket, with TLS and WebSocket above it or without.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::HandshakeKind;

use super::tls_failure::TlsFailure;
use super::web_socket::WebSocket;

/// A connected socket.
#[derive(Debug)]
pub(crate) enum Socket {
    /// Plain TCP.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
    /// WebSocket over one of them.
    Web(Box<WebSocket>),
}

/// A handshake of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// With certificates and signatures.
    Full,
    /// With what the session before it has left.
    Resumed,
}

impl Socket {
    /// Ends the sending direction of the socket below: the other side sees a FIN, and over TLS no farewell before it, as
    /// when a program crashes.
    pub(crate) fn hang_up(&mut self, context: &mut Context<'_>) {
        let tcp = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_mut().0,
            Self::Web(stream) => return stream.below_mut().hang_up(context),
        };
        // Shutting a socket down takes effect at once; an error means that it is gone already.
        drop(Pin::new(tcp).poll_shutdown(context));
    }

    /// Makes the end of the socket below a reset (RST).
    pub(crate) fn reset(self) {
        // An error means that the connection is gone already.
        drop(self.tcp().set_zero_linger());
    }

    /// Which handshake of TLS it began with, where it speaks TLS.
    pub(crate) fn handshake(&self) -> Option<Handshake> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => match stream.get_ref().1.handshake_kind() {
                Some(HandshakeKind::Resumed) => Some(Handshake::Resumed),
                _ => Some(Handshake::Full),
            },
            Self::Web(stream) => stream.below().handshake(),
        }
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
            Self::Web(stream) => stream.below().tcp(),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Web(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => match Pin::new(&mut **stream).poll_write(context, bytes) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(last_words(stream, context).unwrap_or(error))),
                outcome => outcome,
            },
            Self::Web(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Web(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Web(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// What the other side said before it closed a socket that takes no more: since TLS 1.3 a server refuses a client's
/// certificate after the client has begun to send.
fn last_words(stream: &mut TlsStream<TcpStream>, context: &mut Context<'_>) -> Option<io::Error> {
    let mut scratch = [0; 256];
    match Pin::new(stream).poll_read(context, &mut ReadBuf::new(&mut scratch)) {
        Poll::Ready(Err(error)) => TlsFailure::told_by(&error).map(|_| error),
        _ => None,
    }
}

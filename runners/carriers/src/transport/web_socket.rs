//! WebSocket above a socket, plain or in TLS: MQTT's bytes travel as the payload of binary frames (MQTT 5, section 6).

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, http};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::socket::Socket;
use crate::mqtt::frame::LARGEST_PACKET;

/// The name under which brokers know MQTT (MQTT 5, section 6).
const SUBPROTOCOL: &str = "mqtt";

/// Memory for arriving bytes of each connection [byte]: there are thousands, and what a broker sends them is small.
const READ_BUFFER: usize = 2 * 1024;

/// Where on a server MQTT is spoken over WebSocket. Clones share everything.
#[derive(Debug, Clone)]
pub struct WebSocketTarget(Arc<http::Uri>);

/// Why there is no WebSocket connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum WebSocketFailure {
    /// The server answered the request with something else.
    #[error("the server answered {status} instead of opening a WebSocket; is the path right?")]
    Refused {
        /// HTTP status with its words.
        status: String,
    },
    /// The server knows no MQTT there.
    #[error("the server does not speak `mqtt` there (subprotocol)")]
    NoMqtt,
    /// What came back is not HTTP.
    #[error("the other side does not speak WebSocket: {what}")]
    NotWebSocket {
        /// What the library said.
        what: String,
    },
    /// The other side sent text.
    #[error("the other side sent a text frame, which MQTT does not allow")]
    Text,
}

impl WebSocketTarget {
    /// The WebSocket at a path, with all that follows it, of the server `host:port`.
    ///
    /// # Errors
    /// Says why there can be no such address.
    pub fn new(is_secured: bool, authority: &str, path: &str) -> Result<Self, String> {
        let scheme = if is_secured { "wss" } else { "ws" };
        let uri = format!("{scheme}://{authority}{path}").parse::<http::Uri>();
        uri.map(|uri| Self(Arc::new(uri))).map_err(|error| format!("`{path}` is not a path of a WebSocket: {error}"))
    }

    /// Asks the server at the other end of a socket for a WebSocket.
    pub(crate) async fn open(&self, socket: Socket) -> io::Result<WebSocket> {
        let request = ClientRequestBuilder::new(http::Uri::clone(&self.0)).with_sub_protocol(SUBPROTOCOL);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(LARGEST_PACKET))
            .max_frame_size(Some(LARGEST_PACKET));
        let opened = client_async_with_config(request, socket, Some(config)).await;
        let (stream, _) = opened.map_err(into_io)?;
        Ok(WebSocket { stream, arrived: Bytes::new() })
    }
}

/// A byte stream over WebSocket.
pub(crate) struct WebSocket {
    stream: WebSocketStream<Socket>,
    /// Of the frame that came last, what has not been read.
    arrived: Bytes,
}

impl WebSocket {
    /// The socket below.
    pub(crate) fn below(&self) -> &Socket {
        self.stream.get_ref()
    }

    /// The socket below.
    pub(crate) fn below_mut(&mut self) -> &mut Socket {
        self.stream.get_mut()
    }
}

impl AsyncRead for WebSocket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.arrived.is_empty() {
            match ready!(Pin::new(&mut this.stream).poll_next(context)) {
                Some(Ok(Message::Binary(bytes))) => this.arrived = bytes,
                Some(Ok(Message::Text(_))) => return Poll::Ready(Err(io::Error::other(WebSocketFailure::Text))),
                // Pings are answered by the library, with what is written or flushed next.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed | Error::AlreadyClosed)) | None => {
                    return Poll::Ready(Ok(()));
                }
                Some(Err(error)) => return Poll::Ready(Err(into_io(error))),
            }
        }
        let count = this.arrived.len().min(buffer.remaining());
        buffer.put_slice(&this.arrived[..count]);
        this.arrived.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WebSocket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut stream = Pin::new(&mut self.get_mut().stream);
        ready!(stream.as_mut().poll_ready(context)).map_err(into_io)?;
        stream.start_send(Message::Binary(Bytes::copy_from_slice(bytes))).map_err(into_io)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context).map_err(into_io)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_close(context).map_err(into_io)
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebSocket").field("below", self.below()).finish_non_exhaustive()
    }
}

impl WebSocketFailure {
    /// What an input or output says of WebSocket, if it does.
    pub(crate) fn told_by(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Self>().cloned()
    }
}

fn into_io(error: Error) -> io::Error {
    let failure = match error {
        Error::Io(error) => return error,
        Error::ConnectionClosed | Error::AlreadyClosed => return io::ErrorKind::NotConnected.into(),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::HandshakeIncomplete) => {
            return io::ErrorKind::UnexpectedEof.into();
        }
        Error::Http(answer) => WebSocketFailure::Refused { status: answer.status().to_string() },
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => WebSocketFailure::NoMqtt,
        error => WebSocketFailure::NotWebSocket { what: error.to_string() },
    };
    io::Error::other(failure)
}

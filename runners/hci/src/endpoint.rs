//! Where hosts attach.

use std::net::SocketAddr;
use std::path::PathBuf;

use ble::Address;
use ble::propagation::Position;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

/// A socket to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// TCP; port 0 takes a free one.
    Tcp(SocketAddr),
    /// A Unix socket at a path that does not exist yet.
    Unix(PathBuf),
}

/// A place where hosts attach, and what their controllers are like.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Name: the first part of the path of its controllers.
    pub name: String,
    /// Socket.
    pub listen: Listen,
    /// Where the antenna of its controllers is.
    pub position: Position,
    /// Public address of the first controller; later ones count up. A synthetic one by default.
    pub address: Option<Address>,
    /// Folder that gets a btsnoop file for every attached host.
    pub capture: Option<PathBuf>,
    /// Whether controllers refuse to mix legacy and extended commands.
    pub strict: bool,
}

impl Endpoint {
    /// An endpoint at the origin, without captures.
    pub fn new(name: impl Into<String>, listen: Listen) -> Self {
        Self { name: name.into(), listen, position: Position::default(), address: None, capture: None, strict: false }
    }
}

/// Why hosts cannot attach.
#[derive(Debug, Error)]
pub enum HciError {
    /// The socket cannot be bound.
    #[error("endpoint {endpoint} cannot listen on {address}: {source}")]
    Bind {
        /// Name of the endpoint.
        endpoint: String,
        /// Address or path.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// A capture cannot be written.
    #[error("capture {} cannot be written: {source}", path.display())]
    Capture {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A bound socket.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

/// An accepted connection.
pub(crate) struct Accepted {
    pub(crate) read: Box<dyn AsyncRead + Send + Unpin>,
    pub(crate) write: Box<dyn AsyncWrite + Send + Unpin>,
    /// Both ends, for TCP.
    pub(crate) ends: Option<Ends>,
}

/// Both ends of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) ours: SocketAddr,
    pub(crate) theirs: SocketAddr,
}

impl Listener {
    pub(crate) async fn bind(endpoint: &Endpoint) -> Result<Self, HciError> {
        let failed = |address: String, source| HciError::Bind { endpoint: endpoint.name.clone(), address, source };
        match &endpoint.listen {
            Listen::Tcp(address) => {
                TcpListener::bind(address).await.map(Self::Tcp).map_err(|source| failed(address.to_string(), source))
            }
            Listen::Unix(path) => UnixListener::bind(path)
                .map(|listener| Self::Unix(listener, path.clone()))
                .map_err(|source| failed(path.display().to_string(), source)),
        }
    }

    /// The address that was bound, for a port that was left open.
    pub(crate) fn tcp_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }

    pub(crate) async fn accept(&self) -> std::io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, theirs) = listener.accept().await?;
                // Commands and their answers are small and wait for each other: no delay by Nagle's algorithm.
                stream.set_nodelay(true)?;
                let ends = stream.local_addr().ok().map(|ours| Ends { ours, theirs });
                let (read, write) = stream.into_split();
                Ok(Accepted { read: Box::new(read), write: Box::new(write), ends })
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                let (read, write) = stream.into_split();
                Ok(Accepted { read: Box::new(read), write: Box::new(write), ends: None })
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // The socket file is ours; when it is gone already there is nothing to do.
            let _ = std::fs::remove_file(path);
        }
    }
}

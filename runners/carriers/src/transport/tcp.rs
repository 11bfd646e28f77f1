//! TCP.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpStream;

/// An attempt to connect.
pub(crate) type Dialling = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// Connects to the first address that accepts.
pub(crate) fn dial(addresses: Arc<[SocketAddr]>) -> Dialling {
    Box::pin(async move {
        let mut refusal = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses.iter() {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // A device's message must not wait for the acknowledgement of the one before.
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    })
}

//! TCP, and TLS and WebSocket over it: to the first address that answers.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Server;
use super::socket::Socket;
use super::tls::TlsClient;

/// How long an address may keep silent before the next one is tried beside it (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// An attempt to connect.
pub(crate) type Dialling = Pin<Box<dyn Future<Output = io::Result<Socket>> + Send>>;

/// Connects to the first address that accepts, and shakes hands over TLS and WebSocket if that is asked for.
pub(crate) fn dial(server: Server, tls: Option<TlsClient>) -> Dialling {
    Box::pin(async move { connect(&server, tls.as_ref()).await })
}

/// As [`dial`], for who waits for it.
pub(crate) async fn connect(server: &Server, tls: Option<&TlsClient>) -> io::Result<Socket> {
    let stream = match server.addresses[..] {
        [address] => TcpStream::connect(address).await?,
        _ => first_to_accept(&server.addresses).await?,
    };
    // A device's message must not wait for the acknowledgement of the one before.
    stream.set_nodelay(true)?;
    let socket = match tls {
        None => Socket::Plain(stream),
        Some(tls) => Socket::Tls(Box::new(tls.shake_hands(stream).await?)),
    };
    match &server.web_socket {
        None => Ok(socket),
        Some(target) => Ok(Socket::Web(Box::new(target.open(socket).await?))),
    }
}

/// Tries one address after the other, without waiting for one that swallows packets.
async fn first_to_accept(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut refusal = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut attempts = JoinSet::new();
    let mut untried = addresses.iter();
    loop {
        if let Some(address) = untried.next() {
            attempts.spawn(TcpStream::connect(*address));
        }
        let ended = if untried.len() > 0 {
            tokio::time::timeout(HEAD_START, attempts.join_next()).await.ok().flatten()
        } else {
            match attempts.join_next().await {
                None => return Err(refusal),
                ended => ended,
            }
        };
        match ended {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => refusal = error,
            Some(Err(error)) => refusal = error.into(),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_address_that_refuses_or_swallows_does_not_hide_the_next() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let open = listener.local_addr().unwrap();
        let refusing = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), open.port()));
        // A listener whose backlog is full swallows further attempts.
        let swallowing = tokio::net::TcpSocket::new_v4().unwrap();
        swallowing.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, 3), 0))).unwrap();
        let swallowing = swallowing.listen(1).unwrap();
        let deaf = swallowing.local_addr().unwrap();
        let mut backlog = Vec::new();
        while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(deaf)).await {
            backlog.push(stream);
        }
        let server = |addresses: &[SocketAddr]| Server { addresses: addresses.into(), web_socket: None };
        let connected = connect(&server(&[refusing, deaf, open]), None).await.unwrap();
        assert!(matches!(&connected, Socket::Plain(stream) if stream.peer_addr().unwrap() == open));
        assert!(connect(&server(&[refusing, refusing]), None).await.is_err());
        assert!(connect(&server(&[]), None).await.is_err());
    }
}

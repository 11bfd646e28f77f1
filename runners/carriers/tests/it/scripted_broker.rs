//! A broker that does exactly what a test tells it, byte by byte.

use bytes::BytesMut;
use rumqttc::mqttbytes::v4;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::device::PATIENCE;

pub(crate) const WELCOME: [u8; 4] = [0x20, 2, 0, 0];
pub(crate) const WELCOME_BACK: [u8; 4] = [0x20, 2, 1, 0];

/// Listens on a free port of loopback.
pub(crate) struct ScriptedBroker {
    listener: TcpListener,
}

impl ScriptedBroker {
    pub(crate) async fn bind() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> Peer {
        let (stream, _) = timeout(PATIENCE, self.listener.accept()).await.expect("somebody connects").unwrap();
        Peer { stream, arrived: BytesMut::new() }
    }

    /// The next connection, answered with this CONNACK; also tells the client id.
    pub(crate) async fn welcome(&self, connack: &[u8]) -> (Peer, String) {
        let mut peer = self.accept().await;
        let v4::Packet::Connect(connect) = peer.packet().await else { panic!("the first packet is CONNECT") };
        peer.send(connack).await;
        (peer, connect.client_id)
    }

    /// Whether nobody waits to be accepted.
    pub(crate) async fn nobody_waits(&self) -> bool {
        timeout(std::time::Duration::from_millis(50), self.listener.accept()).await.is_err()
    }
}

/// One connection of a device.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    arrived: BytesMut,
}

impl Peer {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next packet of MQTT 3.1.1.
    pub(crate) async fn packet(&mut self) -> v4::Packet {
        loop {
            if let Ok(packet) = v4::Packet::read(&mut self.arrived, usize::MAX) {
                return packet;
            }
            let count =
                timeout(PATIENCE, self.stream.read_buf(&mut self.arrived)).await.expect("a packet comes").unwrap();
            assert_ne!(count, 0, "the device closed the connection");
        }
    }

    /// The next PUBLISH: packet id, DUP flag, payload.
    pub(crate) async fn publish(&mut self) -> (u16, bool, String) {
        let v4::Packet::Publish(publish) = self.packet().await else { panic!("the next packet is PUBLISH") };
        (publish.pkid, publish.dup, String::from_utf8(publish.payload.to_vec()).unwrap())
    }

    /// Exactly so many bytes, as they come.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.arrived.len() < count {
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.arrived)).await.expect("bytes come").unwrap();
            assert_ne!(read, 0, "the device closed the connection");
        }
        self.arrived.split_to(count).to_vec()
    }

    /// How the connection ends: 0 after FIN, an error after RST; what arrived before is skipped.
    pub(crate) async fn end(&mut self) -> std::io::Result<()> {
        loop {
            self.arrived.clear();
            if timeout(PATIENCE, self.stream.read_buf(&mut self.arrived)).await.expect("the connection ends")? == 0 {
                return Ok(());
            }
        }
    }

    /// Whether nothing arrives for a moment.
    pub(crate) async fn is_silent(&mut self) -> bool {
        timeout(std::time::Duration::from_millis(50), self.stream.read_buf(&mut self.arrived)).await.is_err()
    }
}

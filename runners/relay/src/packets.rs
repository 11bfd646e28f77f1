//! The packets of a connection, cut out of its bytes.

use std::io;

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::{self, QoS, v4};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Largest packet that MQTT can express [bytes]: a remaining length of four digits and the fixed header.
const LARGEST_PACKET: usize = 268_435_455 + 5;

/// Packet types (MQTT 3.1.1, section 2.2.1).
const CONNECT: u8 = 1;
const PUBLISH: u8 = 3;

/// Reads packets from a stream.
#[derive(Debug)]
pub(crate) struct Packets<R> {
    stream: R,
    arrived: BytesMut,
}

/// A packet, as far as a relay has to know it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Packet {
    /// Somebody connects.
    Connect { client_id: String },
    /// A message.
    Publish(v4::Publish),
    /// Anything else.
    Other,
}

impl<R: AsyncRead + Unpin> Packets<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self { stream, arrived: BytesMut::new() }
    }

    /// The next packet with its bytes; `None` at the end of the stream.
    ///
    /// # Errors
    /// The system's, or [`io::ErrorKind::InvalidData`] for what is no MQTT 3.1.1.
    pub(crate) async fn next(&mut self) -> io::Result<Option<(Packet, Bytes)>> {
        loop {
            match mqttbytes::check(self.arrived.iter(), LARGEST_PACKET) {
                Ok(header) => {
                    let bytes = self.arrived.split_to(header.frame_length()).freeze();
                    return Ok(Some((read(&bytes)?, bytes)));
                }
                Err(mqttbytes::Error::InsufficientBytes(_)) => {}
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
            }
            if self.stream.read_buf(&mut self.arrived).await? == 0 {
                return Ok(None);
            }
        }
    }
}

fn read(bytes: &Bytes) -> io::Result<Packet> {
    if !matches!(bytes[0] >> 4, CONNECT | PUBLISH) {
        return Ok(Packet::Other);
    }
    let read = v4::Packet::read(&mut BytesMut::from(&bytes[..]), LARGEST_PACKET);
    match read.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))? {
        v4::Packet::Connect(connect) => Ok(Packet::Connect { client_id: connect.client_id }),
        v4::Packet::Publish(publish) => Ok(Packet::Publish(publish)),
        _ => Ok(Packet::Other),
    }
}

/// A message on a topic, as a packet.
pub(crate) fn publish(like: &v4::Publish, topic: &str, payload: Vec<u8>) -> Bytes {
    let publish = v4::Publish { topic: topic.to_owned(), payload: payload.into(), ..like.clone() };
    let mut bytes = BytesMut::new();
    // What was read as a packet, and changed a little, can be written as one.
    drop(publish.write(&mut bytes));
    bytes.freeze()
}

/// A copy that asks for no acknowledgement.
pub(crate) fn copy(of: &v4::Publish, payload: Vec<u8>) -> Bytes {
    let unasked = v4::Publish { qos: QoS::AtMostOnce, pkid: 0, ..of.clone() };
    publish(&unasked, &of.topic, payload)
}

/// The acknowledgement of a message that asks for one.
pub(crate) fn acknowledgement(of: &v4::Publish) -> Option<Bytes> {
    let [high, low] = of.pkid.to_be_bytes();
    (of.qos != QoS::AtMostOnce).then(|| Bytes::copy_from_slice(&[0x40, 2, high, low]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn packets_are_cut_and_read_whatever_the_reads_bring() {
        let mut message = v4::Publish::new("ward/1", QoS::AtLeastOnce, b"abc".to_vec());
        message.pkid = 7;
        let bytes = publish(&message, "ward/2", b"abcd".to_vec());
        let mut stream = bytes.to_vec();
        stream.extend_from_slice(&[0xC0, 0]);
        stream.extend_from_slice(&copy(&message, b"x".to_vec()));
        let mut packets = Packets::new(&stream[..]);
        let Some((Packet::Publish(first), raw)) = packets.next().await.unwrap() else { panic!("a message") };
        assert_eq!((first.topic.as_str(), &first.payload[..], first.pkid, raw), ("ward/2", &b"abcd"[..], 7, bytes));
        assert_eq!(packets.next().await.unwrap(), Some((Packet::Other, Bytes::from_static(&[0xC0, 0]))));
        let Some((Packet::Publish(last), _)) = packets.next().await.unwrap() else { panic!("a message") };
        assert_eq!((last.topic.as_str(), last.qos), ("ward/1", QoS::AtMostOnce));
        assert_eq!(packets.next().await.unwrap(), None);
        assert_eq!(acknowledgement(&first), Some(Bytes::from_static(&[0x40, 2, 0, 7])));
        assert_eq!(acknowledgement(&last), None);
    }
}

//! What devices send to a broker. The codec reads what is rare; PUBLISH, PUBACK and PINGREQ, nearly everything, are read
//! here, without a copy of the payload.

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;
use scenarios::Protocol;

use crate::mqtt::frame::{LARGEST_PACKET, Malformed};

/// A packet from a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packet {
    Connect(Box<Connect>),
    Publish(Publication),
    PubAck {
        packet_id: u16,
    },
    PubRec {
        packet_id: u16,
    },
    PubRel {
        packet_id: u16,
    },
    PubComp {
        packet_id: u16,
    },
    /// Filters, each with the level asked for.
    Subscribe {
        packet_id: u16,
        filters: Vec<(String, u8)>,
    },
    PingReq,
    /// Whether the will is not to be published.
    Disconnect {
        clean: bool,
    },
}

/// Who connects, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Connect {
    pub(super) protocol: Protocol,
    pub(super) client_id: String,
    pub(super) clean: bool,
    pub(super) keep_alive_s: u16,
    /// How long the session outlives its connection; `None` is for ever.
    pub(super) expiry_s: Option<u32>,
    pub(super) will: Option<Publication>,
}

/// A message for whom it may concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Publication {
    pub(super) topic: Bytes,
    pub(super) payload: Bytes,
    pub(super) qos: u8,
    pub(super) retain: bool,
    /// 0 at `QoS` 0.
    pub(super) packet_id: u16,
}

/// Reads one whole packet; before CONNECT the protocol is not known.
pub(super) fn read(protocol: Option<Protocol>, packet: &Bytes) -> Result<Packet, Malformed> {
    let kind = packet[0] >> 4;
    let Some(protocol) = protocol else {
        return if kind == 1 { connect(packet) } else { Err(Malformed::new("a packet before CONNECT")) };
    };
    let body = packet.slice(body_start(packet)..);
    match kind {
        3 => publish(protocol, packet[0], &body),
        4..=7 if body.len() >= 2 => {
            let packet_id = u16::from_be_bytes([body[0], body[1]]);
            Ok(match kind {
                4 => Packet::PubAck { packet_id },
                5 => Packet::PubRec { packet_id },
                6 => Packet::PubRel { packet_id },
                _ => Packet::PubComp { packet_id },
            })
        }
        8 => subscribe(protocol, packet),
        12 => Ok(Packet::PingReq),
        // 0x04: the device asks for its will (MQTT 5 section 3.14.2.1).
        14 => Ok(Packet::Disconnect { clean: body.first() != Some(&0x04) }),
        _ => Err(Malformed::new(format!("unexpected packet with first byte {:#04x}", packet[0]))),
    }
}

fn body_start(packet: &[u8]) -> usize {
    2 + packet[1..].iter().take_while(|digit| **digit & 0x80 != 0).count()
}

fn publish(protocol: Protocol, first: u8, body: &Bytes) -> Result<Packet, Malformed> {
    let short = || Malformed::new("PUBLISH that ends early");
    let number = |at: usize| match body.get(at..at + 2) {
        Some([high, low]) => Ok(u16::from_be_bytes([*high, *low])),
        _ => Err(short()),
    };
    let qos = first >> 1 & 3;
    if qos > 2 {
        return Err(Malformed::new("PUBLISH above QoS 2"));
    }
    let mut at = 2 + usize::from(number(0)?);
    if at > body.len() {
        return Err(short());
    }
    let topic = body.slice(2..at);
    let mut packet_id = 0;
    if qos > 0 {
        packet_id = number(at)?;
        at += 2;
    }
    if protocol == Protocol::V5 {
        let (length, digits) = properties_length(&body[at..]).ok_or_else(short)?;
        at += digits + length;
    }
    if at > body.len() {
        return Err(short());
    }
    let publication = Publication { topic, payload: body.slice(at..), qos, retain: first & 1 == 1, packet_id };
    Ok(Packet::Publish(publication))
}

/// A variable byte integer and how many bytes it takes.
fn properties_length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (position, digit) in bytes.iter().take(4).enumerate() {
        length |= usize::from(digit & 0x7F) << (7 * position);
        if digit & 0x80 == 0 {
            return Some((length, position + 1));
        }
    }
    None
}

fn connect(packet: &Bytes) -> Result<Packet, Malformed> {
    // Both versions begin with the name of the protocol, and then its level.
    let level = packet.get(body_start(packet) + 6);
    if level == Some(&5) {
        let v5::Packet::Connect(connect, will, _) = read_v5(packet)? else {
            return Err(Malformed::new("CONNECT that is something else"));
        };
        let expiry_s = connect.properties.and_then(|properties| properties.session_expiry_interval).unwrap_or(0);
        let will = will.map(|will| Publication {
            topic: will.topic,
            payload: will.message,
            qos: will.qos as u8,
            retain: will.retain,
            packet_id: 0,
        });
        return Ok(Packet::Connect(Box::new(Connect {
            protocol: Protocol::V5,
            client_id: connect.client_id,
            clean: connect.clean_start,
            keep_alive_s: connect.keep_alive,
            expiry_s: (expiry_s < u32::MAX).then_some(expiry_s),
            will,
        })));
    }
    let v4::Packet::Connect(connect) = read_v4(packet)? else {
        return Err(Malformed::new("CONNECT that is something else"));
    };
    let will = connect.last_will.map(|will| Publication {
        topic: Bytes::from(will.topic),
        payload: will.message,
        qos: will.qos as u8,
        retain: will.retain,
        packet_id: 0,
    });
    Ok(Packet::Connect(Box::new(Connect {
        protocol: Protocol::V311,
        client_id: connect.client_id,
        clean: connect.clean_session,
        keep_alive_s: connect.keep_alive,
        expiry_s: connect.clean_session.then_some(0),
        will,
    })))
}

fn subscribe(protocol: Protocol, packet: &Bytes) -> Result<Packet, Malformed> {
    let (packet_id, filters): (u16, Vec<(String, u8)>) = match protocol {
        Protocol::V311 => match read_v4(packet)? {
            v4::Packet::Subscribe(subscribe) => {
                (subscribe.pkid, subscribe.filters.into_iter().map(|filter| (filter.path, filter.qos as u8)).collect())
            }
            _ => return Err(Malformed::new("SUBSCRIBE that is something else")),
        },
        Protocol::V5 => match read_v5(packet)? {
            v5::Packet::Subscribe(subscribe) => {
                (subscribe.pkid, subscribe.filters.into_iter().map(|filter| (filter.path, filter.qos as u8)).collect())
            }
            _ => return Err(Malformed::new("SUBSCRIBE that is something else")),
        },
    };
    Ok(Packet::Subscribe { packet_id, filters })
}

fn read_v4(packet: &[u8]) -> Result<v4::Packet, Malformed> {
    v4::Packet::read(&mut BytesMut::from(packet), LARGEST_PACKET).map_err(|error| Malformed::new(error.to_string()))
}

fn read_v5(packet: &[u8]) -> Result<v5::Packet, Malformed> {
    v5::Packet::read(&mut BytesMut::from(packet), None).map_err(|error| Malformed::new(error.to_string()))
}

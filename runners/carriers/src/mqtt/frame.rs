//! MQTT control packets of a device: the PUBLISH it writes and the packets it reads.
//!
//! The codec of `rumqttc` frames and decodes whatever is rare. PUBLISH is written here because the codec wants a
//! `String` per packet, and PUBACK and PINGRESP are read here because they make up nearly all that a broker sends.

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::{self, v4};
use rumqttc::v5::mqttbytes::v5;
use scenarios::Protocol;

/// Largest packet accepted from a broker [bytes]; announced to an MQTT 5 broker.
pub(crate) const LARGEST_INBOUND: usize = 1024 * 1024;

/// Largest packet that MQTT can express [bytes]: a remaining length of four digits and the fixed header.
pub(crate) const LARGEST_PACKET: usize = 268_435_455 + 5;

/// Packet type bytes (MQTT 3.1.1 section 2.2, MQTT 5 section 2.1) of what a device reads and writes itself.
const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const PUBACK: u8 = 0x40;
const SUBACK: u8 = 0x90;
const PINGRESP: u8 = 0xD0;
const DISCONNECT: u8 = 0xE0;

/// PINGREQ, whole.
pub(crate) const PINGREQ_PACKET: [u8; 2] = [0xC0, 0];
/// DISCONNECT, normal, whole (an MQTT 5 reason code of 0 may be left out).
pub(crate) const DISCONNECT_PACKET: [u8; 2] = [DISCONNECT, 0];

/// Header fields of a PUBLISH.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PublishHead<'a> {
    pub(crate) topic: &'a str,
    pub(crate) retain: bool,
    pub(crate) dup: bool,
    /// `None` is `QoS` 0.
    pub(crate) packet_id: Option<u16>,
}

impl PublishHead<'_> {
    fn remaining_length(&self, protocol: Protocol, payload: usize) -> usize {
        let packet_id = if self.packet_id.is_some() { 2 } else { 0 };
        let properties = usize::from(protocol == Protocol::V5);
        2 + self.topic.len() + packet_id + properties + payload
    }

    /// Length of the whole packet [bytes].
    pub(crate) fn packet_length(&self, protocol: Protocol, payload: usize) -> usize {
        let remaining = self.remaining_length(protocol, payload);
        let digits = match remaining {
            0..0x80 => 1,
            0x80..0x4000 => 2,
            0x4000..0x20_0000 => 3,
            _ => 4,
        };
        1 + digits + remaining
    }

    /// Appends the packet. The topic is at most 65 535 bytes, which [`Fleet::start`](crate::Fleet::start) checks.
    pub(crate) fn write(&self, protocol: Protocol, payload: &[u8], output: &mut Vec<u8>) {
        output.reserve(self.packet_length(protocol, payload.len()));
        let quality = u8::from(self.packet_id.is_some());
        output.push(PUBLISH | u8::from(self.dup) << 3 | quality << 1 | u8::from(self.retain));
        write_remaining_length(self.remaining_length(protocol, payload.len()), output);
        output.extend_from_slice(&(self.topic.len() as u16).to_be_bytes());
        output.extend_from_slice(self.topic.as_bytes());
        if let Some(packet_id) = self.packet_id {
            output.extend_from_slice(&packet_id.to_be_bytes());
        }
        if protocol == Protocol::V5 {
            output.push(0);
        }
        output.extend_from_slice(payload);
    }
}

/// The variable byte integer of MQTT: seven bits a byte, lowest first.
fn write_remaining_length(mut length: usize, output: &mut Vec<u8>) {
    loop {
        let digit = (length & 0x7F) as u8;
        length >>= 7;
        if length == 0 {
            output.push(digit);
            return;
        }
        output.push(digit | 0x80);
    }
}

/// Appends the acknowledgement of a `QoS` 1 PUBLISH.
pub(crate) fn write_puback(packet_id: u16, output: &mut Vec<u8>) {
    let [high, low] = packet_id.to_be_bytes();
    output.extend_from_slice(&[PUBACK, 2, high, low]);
}

/// A packet from the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inbound {
    /// The session is accepted, on these terms.
    Accepted(Terms),
    /// The session is refused; `said` is the broker's reason string (MQTT 5), here and below.
    Refused { code: u8, said: Option<String> },
    /// Answer to a `QoS` 1 PUBLISH.
    PubAck { packet_id: u16, code: u8 },
    /// Answer to a subscription, a code for each filter.
    SubAck { packet_id: u16, codes: Vec<u8>, said: Option<String> },
    /// A message for the subscriber; `packet_id` when it wants an acknowledgement.
    Publish { topic: Bytes, payload: Bytes, packet_id: Option<u16>, retained: bool, redelivered: bool },
    /// Answer to PINGREQ.
    PingResp,
    /// The broker ends the session (MQTT 5).
    Disconnect { code: u8, said: Option<String> },
}

/// What CONNACK says about the session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Terms {
    pub(crate) session_present: bool,
    pub(crate) receive_maximum: Option<u16>,
    pub(crate) maximum_packet_size: Option<u32>,
    pub(crate) maximum_qos: Option<u8>,
    pub(crate) retain_available: Option<bool>,
    pub(crate) server_keep_alive_s: Option<u16>,
    /// How long the broker keeps the session, where it is not as long as it was asked to [s].
    pub(crate) session_expiry_s: Option<u32>,
    pub(crate) assigned_client_id: Option<String>,
}

/// The broker sent something that is not MQTT, or not allowed there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Malformed {
    pub(crate) what: String,
}

impl Malformed {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

/// Whether bytes are the begin of a TLS alert (RFC 8446, section 5.1), which no packet of a broker begins like.
pub(crate) fn is_tls_alert(bytes: &[u8]) -> bool {
    bytes.starts_with(&[21, 3])
}

/// Length of the first packet in `bytes`, or `None` when more bytes are needed.
pub(crate) fn packet_length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    packet_length_up_to(LARGEST_INBOUND, bytes)
}

/// As [`packet_length`], for who takes packets of another size [bytes].
pub(crate) fn packet_length_up_to(largest: usize, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    match mqttbytes::check(bytes.iter(), largest) {
        Ok(header) => Ok(Some(header.frame_length())),
        Err(mqttbytes::Error::InsufficientBytes(_)) => Ok(None),
        Err(error) => Err(Malformed::new(error.to_string())),
    }
}

/// Length of the first packet in bytes that a device sends, or `None` when more bytes are needed.
pub(crate) fn sent_length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut remaining = 0;
    for (position, digit) in bytes.iter().skip(1).take(4).enumerate() {
        remaining |= usize::from(digit & 0x7F) << (7 * position);
        if digit & 0x80 == 0 {
            let length = position + 2 + remaining;
            return Ok((length <= bytes.len()).then_some(length));
        }
    }
    if bytes.len() > 4 { Err(Malformed::new("a remaining length of more than four digits")) } else { Ok(None) }
}

/// Decodes one whole packet, as [`packet_length`] delimits it.
pub(crate) fn decode(protocol: Protocol, packet: &[u8]) -> Result<Inbound, Malformed> {
    let first = packet[0];
    let body = body(packet);
    match (first & 0xF0, first & 0x0F) {
        (PUBACK, 0) => match *body {
            [high, low] => Ok(Inbound::PubAck { packet_id: u16::from_be_bytes([high, low]), code: 0 }),
            [high, low, code, ..] if protocol == Protocol::V5 => {
                Ok(Inbound::PubAck { packet_id: u16::from_be_bytes([high, low]), code })
            }
            _ => Err(Malformed::new(format!("PUBACK of {} bytes", body.len()))),
        },
        (PINGRESP, 0) if body.is_empty() => Ok(Inbound::PingResp),
        (DISCONNECT, 0) if protocol == Protocol::V5 => {
            let said = match read_v5(packet) {
                Ok(v5::Packet::Disconnect(end)) => end.properties.and_then(|properties| properties.reason_string),
                _ => None,
            };
            Ok(Inbound::Disconnect { code: body.first().copied().unwrap_or(0), said })
        }
        (CONNACK, 0) => connack(protocol, packet, body),
        (SUBACK, 0) => suback(protocol, packet),
        (PUBLISH, _) => publish(protocol, packet),
        _ => Err(Malformed::new(format!("unexpected packet with first byte {first:#04x}"))),
    }
}

fn body(packet: &[u8]) -> &[u8] {
    let continued = packet[1..].iter().take_while(|digit| **digit & 0x80 != 0).count();
    packet.get(continued + 2..).unwrap_or_default()
}

fn connack(protocol: Protocol, packet: &[u8], body: &[u8]) -> Result<Inbound, Malformed> {
    let &[flags, code, ..] = body else { return Err(Malformed::new("CONNACK without a return code")) };
    if code != 0 {
        let said = match protocol {
            Protocol::V311 => None,
            Protocol::V5 => match read_v5(packet) {
                Ok(v5::Packet::ConnAck(refusal)) => refusal.properties.and_then(|properties| properties.reason_string),
                _ => None,
            },
        };
        return Ok(Inbound::Refused { code, said });
    }
    if flags & 0xFE != 0 {
        return Err(Malformed::new(format!("CONNACK with flags {flags:#04x}")));
    }
    let session_present = flags == 1;
    let properties = match protocol {
        Protocol::V311 if body.len() != 2 => return Err(Malformed::new(format!("CONNACK of {} bytes", body.len()))),
        Protocol::V311 => None,
        Protocol::V5 => match read_v5(packet)? {
            v5::Packet::ConnAck(acknowledgement) => acknowledgement.properties,
            _ => None,
        },
    };
    let Some(properties) = properties else {
        return Ok(Inbound::Accepted(Terms { session_present, ..Terms::default() }));
    };
    if properties.receive_max == Some(0) || properties.max_packet_size == Some(0) {
        return Err(Malformed::new("CONNACK with a receive maximum or maximum packet size of 0"));
    }
    Ok(Inbound::Accepted(Terms {
        session_present,
        receive_maximum: properties.receive_max,
        maximum_packet_size: properties.max_packet_size,
        maximum_qos: properties.max_qos,
        retain_available: properties.retain_available.map(|available| available != 0),
        server_keep_alive_s: properties.server_keep_alive,
        session_expiry_s: properties.session_expiry_interval,
        assigned_client_id: properties.assigned_client_identifier,
    }))
}

fn suback(protocol: Protocol, packet: &[u8]) -> Result<Inbound, Malformed> {
    let (packet_id, answers, said) = match protocol {
        Protocol::V311 => match read_v4(packet)? {
            v4::Packet::SubAck(v4::SubAck { pkid, return_codes }) => (pkid, return_codes.len(), None),
            _ => return Err(Malformed::new("SUBACK that is something else")),
        },
        Protocol::V5 => match read_v5(packet)? {
            v5::Packet::SubAck(v5::SubAck { pkid, return_codes, properties }) => {
                (pkid, return_codes.len(), properties.and_then(|properties| properties.reason_string))
            }
            _ => return Err(Malformed::new("SUBACK that is something else")),
        },
    };
    // The codec turns codes into names that differ between versions; they are the last bytes.
    let codes = packet.len().checked_sub(answers).map(|begin| packet[begin..].to_vec()).unwrap_or_default();
    Ok(Inbound::SubAck { packet_id, codes, said })
}

fn publish(protocol: Protocol, packet: &[u8]) -> Result<Inbound, Malformed> {
    let (retained, redelivered) = (packet[0] & 1 != 0, packet[0] & 8 != 0);
    let (topic, payload, packet_id, quality) = match protocol {
        Protocol::V311 => match read_v4(packet)? {
            v4::Packet::Publish(publish) => {
                (Bytes::from(publish.topic.into_bytes()), publish.payload, publish.pkid, publish.qos as u8)
            }
            _ => return Err(Malformed::new("PUBLISH that is something else")),
        },
        Protocol::V5 => match read_v5(packet)? {
            v5::Packet::Publish(publish) => (publish.topic, publish.payload, publish.pkid, publish.qos as u8),
            _ => return Err(Malformed::new("PUBLISH that is something else")),
        },
    };
    match quality {
        0 => Ok(Inbound::Publish { topic, payload, packet_id: None, retained, redelivered }),
        1 => Ok(Inbound::Publish { topic, payload, packet_id: Some(packet_id), retained, redelivered }),
        _ => Err(Malformed::new("PUBLISH at QoS 2 on a subscription at QoS 1")),
    }
}

fn read_v4(packet: &[u8]) -> Result<v4::Packet, Malformed> {
    v4::Packet::read(&mut BytesMut::from(packet), packet.len()).map_err(|error| Malformed::new(error.to_string()))
}

fn read_v5(packet: &[u8]) -> Result<v5::Packet, Malformed> {
    v5::Packet::read(&mut BytesMut::from(packet), Some(packet.len() as u32))
        .map_err(|error| Malformed::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rumqttc::mqttbytes::QoS;
    use rumqttc::v5::mqttbytes::QoS as QoS5;

    use super::*;

    proptest! {
        /// Our PUBLISH is the codec's PUBLISH, byte for byte.
        #[test]
        fn publish_equals_the_codec(
            topic in "[a-z/]{1,200}",
            payload in proptest::collection::vec(any::<u8>(), 0..20_000),
            retain: bool,
            dup: bool,
            packet_id in proptest::option::of(1_u16..),
        ) {
            let head = PublishHead { topic: &topic, retain, dup, packet_id };
            for protocol in [Protocol::V311, Protocol::V5] {
                let mut ours = Vec::new();
                head.write(protocol, &payload, &mut ours);
                prop_assert_eq!(ours.len(), head.packet_length(protocol, payload.len()));
                let mut theirs = BytesMut::new();
                match protocol {
                    Protocol::V311 => {
                        let qos = if packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
                        let mut publish = v4::Publish::new(topic.as_str(), qos, payload.clone());
                        (publish.retain, publish.dup, publish.pkid) = (retain, dup, packet_id.unwrap_or(0));
                        publish.write(&mut theirs).unwrap();
                    }
                    Protocol::V5 => {
                        let qos = if packet_id.is_some() { QoS5::AtLeastOnce } else { QoS5::AtMostOnce };
                        let mut publish = v5::Publish::new(topic.as_str(), qos, payload.clone(), None);
                        (publish.retain, publish.dup, publish.pkid) = (retain, dup, packet_id.unwrap_or(0));
                        publish.write(&mut theirs).unwrap();
                    }
                }
                prop_assert_eq!(ours.as_slice(), theirs.as_ref());
            }
        }

        /// Any bytes are either a packet or an error; nothing panics.
        #[test]
        fn any_bytes_are_read(
            first in prop_oneof![Just(0x20_u8), Just(0x30), Just(0x32), Just(0x40), Just(0x90), Just(0xE0), any::<u8>()],
            rest in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut packet = vec![first, rest.len() as u8];
            packet.extend_from_slice(&rest);
            prop_assert_eq!(packet_length(&packet), Ok(Some(packet.len())));
            for protocol in [Protocol::V311, Protocol::V5] {
                if let Ok(Inbound::PubAck { packet_id, .. }) = decode(protocol, &packet) {
                    prop_assert_eq!(packet_id.to_be_bytes(), [rest[0], rest[1]]);
                }
            }
        }
    }

    #[test]
    fn terms_of_an_mqtt_5_session() {
        let mut bytes = BytesMut::new();
        v5::ConnAck {
            session_present: true,
            code: v5::ConnectReturnCode::Success,
            properties: Some(v5::ConnAckProperties {
                session_expiry_interval: Some(7),
                receive_max: Some(3),
                max_qos: Some(1),
                retain_available: Some(0),
                max_packet_size: Some(900),
                assigned_client_identifier: Some("given".to_owned()),
                topic_alias_max: None,
                reason_string: None,
                user_properties: Vec::new(),
                wildcard_subscription_available: None,
                subscription_identifiers_available: None,
                shared_subscription_available: None,
                server_keep_alive: Some(11),
                response_information: None,
                server_reference: None,
                authentication_method: None,
                authentication_data: None,
            }),
        }
        .write(&mut bytes)
        .unwrap();
        let expected = Terms {
            session_present: true,
            receive_maximum: Some(3),
            maximum_packet_size: Some(900),
            maximum_qos: Some(1),
            retain_available: Some(false),
            server_keep_alive_s: Some(11),
            session_expiry_s: Some(7),
            assigned_client_id: Some("given".to_owned()),
        };
        assert_eq!(decode(Protocol::V5, &bytes), Ok(Inbound::Accepted(expected)));
    }

    #[test]
    fn codes_are_kept() {
        assert_eq!(decode(Protocol::V311, &[0x20, 2, 0, 5]), Ok(Inbound::Refused { code: 5, said: None }));
        assert_eq!(decode(Protocol::V5, &[0x20, 3, 0, 0x87, 0]), Ok(Inbound::Refused { code: 0x87, said: None }));
        let reason = [0x20, 8, 0, 0x87, 5, 0x1F, 0, 2, b'n', b'o'];
        assert_eq!(decode(Protocol::V5, &reason), Ok(Inbound::Refused { code: 0x87, said: Some("no".to_owned()) }));
        assert_eq!(decode(Protocol::V5, &[0x40, 3, 0, 9, 0x97]), Ok(Inbound::PubAck { packet_id: 9, code: 0x97 }));
        assert_eq!(decode(Protocol::V5, &[0xE0, 1, 0x8E]), Ok(Inbound::Disconnect { code: 0x8E, said: None }));
        assert_eq!(decode(Protocol::V5, &[0xE0, 0]), Ok(Inbound::Disconnect { code: 0, said: None }));
        let answers = |packet_id, codes: &[u8]| Ok(Inbound::SubAck { packet_id, codes: codes.to_vec(), said: None });
        assert_eq!(decode(Protocol::V311, &[0x90, 3, 0, 1, 0x80]), answers(1, &[0x80]));
        assert_eq!(decode(Protocol::V5, &[0x90, 5, 0, 2, 0, 0x87, 1]), answers(2, &[0x87, 1]));
        assert!(decode(Protocol::V311, &[0xE0, 0]).is_err());
        assert!(decode(Protocol::V5, &[0x34, 4, 0, 1, b't', 0]).is_err());
    }
}

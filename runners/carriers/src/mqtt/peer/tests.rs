//! The broker in memory, packet by packet.

use rumqttc::mqttbytes::{QoS, v4};
use scenarios::Protocol;

use super::*;
use crate::mqtt::frame::PublishHead;

const SECOND_NS: i64 = 1_000_000_000;

/// A broker and what it answered.
struct Desk {
    peer: Peer,
    now_ns: i64,
}

impl Desk {
    fn new() -> Self {
        Self { peer: Peer::new(MemoryNetwork::new(0, 0), 1), now_ns: 0 }
    }

    fn arrives(&mut self, link: u32, what: Carried) {
        self.peer.take(Arrival { link: LinkNumber(link), what }, self.now_ns);
    }

    fn bytes(&mut self, link: u32, bytes: &[u8]) {
        self.arrives(link, Carried::Bytes(Bytes::copy_from_slice(bytes)));
    }

    fn connect(&mut self, link: u32, client_id: &str, clean: bool, will: Option<&str>) {
        let mut packet = BytesMut::new();
        let will = will.map(|body| v4::LastWill::new("will", body.as_bytes(), QoS::AtLeastOnce, false));
        v4::Connect {
            protocol: rumqttc::mqttbytes::Protocol::V4,
            keep_alive: 10,
            client_id: client_id.to_owned(),
            clean_session: clean,
            last_will: will,
            login: None,
        }
        .write(&mut packet)
        .unwrap();
        self.arrives(link, Carried::Open);
        self.bytes(link, &packet);
    }

    fn subscribe(&mut self, link: u32, filter: &str) {
        let mut packet = BytesMut::new();
        let mut subscribe = v4::Subscribe::new(filter, QoS::AtLeastOnce);
        subscribe.pkid = 7;
        subscribe.write(&mut packet).unwrap();
        self.bytes(link, &packet);
    }

    fn publish(&mut self, link: u32, topic: &str, payload: &[u8], packet_id: Option<u16>, retain: bool) {
        let mut packet = Vec::new();
        let (qos, packet_id) = packet_id.map_or((0, 0), |packet_id| (1, packet_id));
        PublishHead { topic, retain, qos, packet_id, ..PublishHead::default() }.write(
            Protocol::V311,
            payload,
            &mut packet,
        );
        self.bytes(link, &packet);
    }

    /// What was sent to a link since the last call.
    fn answers(&mut self) -> Vec<(u32, Vec<u8>)> {
        let sent = self.peer.network.sent_to_devices();
        sent.into_iter()
            .map(|arrival| match arrival.what {
                Carried::Bytes(bytes) => (arrival.link.0, bytes.to_vec()),
                Carried::Open => (arrival.link.0, b"open".to_vec()),
                Carried::Fin => (arrival.link.0, b"fin".to_vec()),
                Carried::Rst => (arrival.link.0, b"rst".to_vec()),
            })
            .collect()
    }

    fn heard(&mut self) -> Vec<(usize, String)> {
        self.peer.take_heard().into_iter().map(|heard| (heard.listener, heard.topic)).collect()
    }
}

/// How a connection ends.
type End = fn(&mut Desk);

const ACCEPTED: &[u8] = &[0x20, 2, 0, 0];
const RESUMED: &[u8] = &[0x20, 2, 1, 0];

#[test]
fn what_is_published_is_acknowledged_and_shown() {
    let mut desk = Desk::new();
    desk.peer.listen(vec!["ward/#".to_owned()]);
    desk.peer.listen(vec!["ward/1".to_owned(), "+/2".to_owned()]);
    desk.connect(0, "a", true, None);
    desk.publish(0, "ward/1", b"x", Some(9), false);
    desk.publish(0, "ward/2", b"y", None, false);
    desk.publish(0, "home/3", b"z", None, false);
    let expected = [(0, b"open".to_vec()), (0, ACCEPTED.to_vec()), (0, vec![0x40, 2, 0, 9])];
    assert_eq!(desk.answers(), expected);
    let ward = |number: usize, topic: &str| (number, topic.to_owned());
    assert_eq!(desk.heard(), [ward(0, "ward/1"), ward(1, "ward/1"), ward(0, "ward/2"), ward(1, "ward/2")]);
}

#[test]
fn a_kept_session_gets_what_it_missed_and_a_clean_one_does_not() {
    for (clean, missed) in [(false, true), (true, false)] {
        let mut desk = Desk::new();
        desk.connect(0, "a", clean, None);
        desk.subscribe(0, "a/cmd");
        desk.peer.publish("a/cmd".to_owned(), Bytes::from_static(b"1"), 1, 0);
        desk.arrives(0, Carried::Rst);
        desk.peer.publish("a/cmd".to_owned(), Bytes::from_static(b"2"), 1, 0);
        desk.answers();
        desk.connect(1, "a", clean, None);
        let first = b"\x3A\x0A\x00\x05a/cmd\x00\x011";
        let second = b"\x32\x0A\x00\x05a/cmd\x00\x022";
        let welcome = if missed { [RESUMED, first, second].concat() } else { ACCEPTED.to_vec() };
        assert_eq!(desk.answers(), [(1, b"open".to_vec()), (1, welcome)]);
        desk.bytes(1, &[0x40, 2, 0, 1, 0x40, 2, 0, 2]);
        desk.arrives(1, Carried::Fin);
        desk.answers();
        desk.connect(2, "a", clean, None);
        let welcome = if missed { RESUMED } else { ACCEPTED };
        assert_eq!(desk.answers(), [(2, b"open".to_vec()), (2, welcome.to_vec())], "nothing is sent again");
    }
}

#[test]
fn a_will_is_published_unless_the_device_takes_leave() {
    let ends: [(&str, End); 4] = [
        ("closed", |desk| desk.arrives(0, Carried::Fin)),
        ("reset", |desk| desk.arrives(0, Carried::Rst)),
        ("silent", |desk| {
            desk.now_ns = 15 * SECOND_NS - 1;
            desk.peer.time_passed(desk.now_ns);
            assert!(desk.heard().is_empty(), "one and a half keep-alive intervals are granted");
            desk.now_ns += 1;
            desk.peer.time_passed(desk.now_ns);
        }),
        ("took over", |desk| desk.connect(1, "a", true, None)),
    ];
    for (how, end) in ends {
        let mut desk = Desk::new();
        desk.peer.listen(vec!["#".to_owned()]);
        desk.connect(0, "a", true, Some("gone"));
        end(&mut desk);
        assert_eq!(desk.heard(), [(0, "will".to_owned())], "{how}");
    }
    let mut desk = Desk::new();
    desk.peer.listen(vec!["#".to_owned()]);
    desk.connect(0, "a", true, Some("gone"));
    desk.bytes(0, &[0xE0, 0]);
    assert!(desk.heard().is_empty());
}

#[test]
fn retained_messages_wait_for_subscribers_until_they_are_deleted() {
    let mut desk = Desk::new();
    desk.connect(0, "a", true, None);
    desk.publish(0, "a/status", b"on", None, true);
    desk.answers();
    desk.subscribe(0, "a/+");
    let shown = [&[0x90, 3, 0, 7, 1][..], b"\x31\x0C\x00\x08a/statuson"].concat();
    assert_eq!(desk.answers(), [(0, shown)]);
    desk.publish(0, "a/status", b"", None, true);
    desk.answers();
    desk.connect(1, "b", true, None);
    desk.answers();
    desk.subscribe(1, "a/+");
    assert_eq!(desk.answers(), [(1, vec![0x90, 3, 0, 7, 1])]);
}

#[test]
fn packets_may_come_in_pieces_and_nonsense_ends_the_connection() {
    let mut desk = Desk::new();
    desk.connect(0, "a", true, None);
    desk.answers();
    for byte in [0xC0, 0, 0xC0, 0] {
        desk.bytes(0, &[byte]);
    }
    assert_eq!(desk.answers(), [(0, vec![0xD0, 0]), (0, vec![0xD0, 0])]);
    desk.bytes(0, &[0xF0, 0]);
    assert_eq!(desk.answers(), [(0, b"fin".to_vec())]);
}

//! The session against a scripted broker, without sockets: exact packets, and invariants under any order of events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use rumqttc::mqttbytes::{QoS, v4};
use scenarios::{Backoff, BackoffKind, Mqtt5Plan, OutboxFull, OutboxPlan, Protocol, SessionPlan};
use sim_core::{Key, RouteId, SimId, Span};

use super::{Content, Message, Phase, Session};
use crate::event::{CarrierEvent, CommandArrival, DropReason, LossReason};
use crate::mqtt::config::{ConnectionConfig, RouteConfig};
use crate::mqtt::outgoing::SpareOutput;
use crate::mqtt::turn::{Limits, Turn};
use crate::stats::CarrierStats;
use crate::transport::{Destination, Server};

const SECOND_NS: i64 = 1_000_000_000;
const AT_MOST_ONCE: RouteId = RouteId(0);
const AT_LEAST_ONCE: RouteId = RouteId(1);
const RETAINED: RouteId = RouteId(2);
const EXACTLY_ONCE: RouteId = RouteId(3);

/// A session with everything around it.
struct Desk {
    session: Session,
    routes: Vec<RouteConfig>,
    stats: CarrierStats,
    events: Vec<CarrierEvent>,
    commands: Vec<CommandArrival>,
    spare: SpareOutput,
    now_ns: i64,
}

fn config(protocol: Protocol, inflight: u16, outbox: OutboxPlan) -> ConnectionConfig {
    ConnectionConfig {
        device: SimId(3),
        client_id: "monitor-3".to_owned(),
        protocol,
        mqtt5: Mqtt5Plan::default(),
        session: SessionPlan {
            clean: false,
            expiry: Span::from_secs(60),
            keep_alive: Span::from_secs(10),
            backoff: Backoff { kind: BackoffKind::None, initial: Span::ZERO, longest: Span::ZERO },
            inflight,
        },
        outbox,
        will: None,
        auth: None,
        token: None,
        tls: None,
        command_topic: None,
        command_qos: 1,
        reply_topic: Some("ward/ack".to_owned()),
        format_terms: None,
        key: Key::new(1, "ward/3/monitor"),
    }
}

const ROOMY: OutboxPlan = OutboxPlan { messages: 1_000, full: OutboxFull::DropOldest };

impl Desk {
    fn new(config: ConnectionConfig) -> Self {
        let route = |topic: &str, qos, retain| RouteConfig { topic: topic.to_owned(), qos, retain, properties: None };
        Self {
            session: Session::new(config),
            routes: vec![route("w/a", 0, false), route("w/b", 1, false), route("w/c", 1, true), route("w/d", 2, false)],
            stats: CarrierStats::default(),
            events: Vec::new(),
            commands: Vec::new(),
            spare: SpareOutput::default(),
            now_ns: 0,
        }
    }

    fn with<R>(&mut self, act: impl FnOnce(&mut Session, &mut Turn<'_>) -> R) -> R {
        let mut turn = Turn {
            now_ns: self.now_ns,
            limits: Limits { connect_ns: 10 * SECOND_NS, ping_grace: 1.0 },
            routes: &self.routes,
            destination: &Destination::Tcp(Server { addresses: Arc::from([]), web_socket: None }),
            stats: &mut self.stats,
            events: &mut self.events,
            commands: &mut self.commands,
            spare: &mut self.spare,
        };
        act(&mut self.session, &mut turn)
    }

    fn publish(&mut self, route: RouteId, sequence: u64) {
        let content = Content::Telemetry { route, sequence };
        let payload = Bytes::from(sequence.to_string());
        self.with(|session, turn| session.publish(Message { content, payload, waited: false }, turn));
    }

    fn receive(&mut self, bytes: &[u8]) -> Result<(), LossReason> {
        self.with(|session, turn| session.receive(bytes, turn))
    }

    /// The socket takes at most `most` bytes.
    fn flush(&mut self, most: usize) -> Vec<u8> {
        let taken: Vec<u8> = self.session.output().iter().copied().take(most).collect();
        if !taken.is_empty() {
            self.with(|session, turn| session.accepted(taken.len(), turn));
        }
        taken
    }

    /// Everything the session wants to say, to the end.
    fn flush_all(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while !self.session.output().is_empty() {
            all.extend(self.flush(usize::MAX));
        }
        all
    }

    /// Connects, and returns CONNECT and what follows CONNACK.
    fn connect(&mut self, connack: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let now_ns = self.now_ns;
        self.with(|session, turn| session.open(now_ns, turn));
        let connect = self.flush_all();
        self.receive(connack).unwrap();
        (connect, self.flush_all())
    }

    fn lose(&mut self) {
        self.with(Session::lost);
    }
}

const WELCOME: [u8; 4] = [0x20, 2, 0, 0];
const WELCOME_BACK: [u8; 4] = [0x20, 2, 1, 0];
const PUBREC: u8 = 0x50;
const PUBCOMP: u8 = 0x70;

/// PUBLISH of 3.1.1 as the specification lays it out.
fn publish_bytes(first: u8, topic: &str, packet_id: Option<u16>, payload: &str) -> Vec<u8> {
    let id = packet_id.map(u16::to_be_bytes);
    let id: &[u8] = id.as_ref().map_or(&[], |id| id);
    let length = 2 + topic.len() + id.len() + payload.len();
    [&[first, length as u8, 0, topic.len() as u8], topic.as_bytes(), id, payload.as_bytes()].concat()
}

#[test]
fn unacknowledged_messages_are_repeated_with_dup_in_order() {
    for connack in [WELCOME, WELCOME_BACK] {
        let mut desk = Desk::new(config(Protocol::V311, 10, ROOMY));
        desk.connect(&WELCOME);
        (0..3).for_each(|sequence| desk.publish(AT_LEAST_ONCE, sequence));
        let first: Vec<u8> = (0..3_u16).flat_map(|n| publish_bytes(0x32, "w/b", Some(n + 1), &n.to_string())).collect();
        assert_eq!(desk.flush_all(), first);
        desk.receive(&[0x40, 2, 0, 2]).unwrap();
        desk.lose();
        desk.publish(AT_LEAST_ONCE, 3);
        let (_, again) = desk.connect(&connack);
        let expected = [
            publish_bytes(0x3A, "w/b", Some(1), "0"),
            publish_bytes(0x3A, "w/b", Some(3), "2"),
            publish_bytes(0x32, "w/b", Some(4), "3"),
        ]
        .concat();
        assert_eq!(again, expected, "CONNACK {connack:?}");
        assert_eq!((desk.stats.counts.sent, desk.stats.counts.resent), (4, 2));
    }
}

#[test]
fn what_no_socket_accepted_was_not_sent() {
    let mut desk = Desk::new(config(Protocol::V311, 10, ROOMY));
    desk.connect(&WELCOME);
    desk.publish(AT_MOST_ONCE, 0);
    desk.publish(AT_LEAST_ONCE, 1);
    let whole = desk.session.output().len();
    desk.flush(whole - 1);
    assert_eq!(desk.events.iter().filter(|event| matches!(event, CarrierEvent::Sent { .. })).count(), 1);
    desk.lose();
    let (_, again) = desk.connect(&WELCOME_BACK);
    assert_eq!(again, publish_bytes(0x32, "w/b", Some(1), "1"), "the cut-off message goes out as a first attempt");
    desk.publish(AT_MOST_ONCE, 2);
    desk.lose();
    let (_, again) = desk.connect(&WELCOME_BACK);
    let expected = [publish_bytes(0x3A, "w/b", Some(1), "1"), publish_bytes(0x30, "w/a", None, "2")].concat();
    assert_eq!(again, expected);
}

#[test]
fn packets_may_arrive_byte_by_byte_or_all_at_once() {
    let config = || ConnectionConfig { command_topic: Some("w/cmd".to_owned()), ..config(Protocol::V311, 10, ROOMY) };
    let mut command = BytesMut::new();
    let mut publish = v4::Publish::new("w/cmd", QoS::AtLeastOnce, "{\"id\":\"1\"}");
    publish.pkid = 77;
    publish.write(&mut command).unwrap();
    let stream = [&WELCOME[..], &[0x90, 3, 0xFF, 0xFF, 1], &command, &[0xD0, 0], &command].concat();
    let mut outcomes = Vec::new();
    for piece in [1, 3, stream.len()] {
        let mut desk = Desk::new(config());
        desk.with(|session, turn| session.open(0, turn));
        desk.flush_all();
        for bytes in stream.chunks(piece) {
            desk.receive(bytes).unwrap();
        }
        assert_eq!(desk.session.phase(), Phase::Online);
        assert!(desk.session.partial.is_empty());
        let output = desk.flush_all();
        assert!(output.ends_with(&[0x40, 2, 0, 77, 0x40, 2, 0, 77]), "both commands are acknowledged: {output:?}");
        outcomes.push(desk.events);
    }
    assert_eq!(outcomes[0].len(), 3, "connected and two commands: {:?}", outcomes[0]);
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(outcomes[0], outcomes[2]);
}

#[test]
fn an_idle_connection_pings_and_a_silent_broker_is_given_up() {
    let mut desk = Desk::new(config(Protocol::V311, 10, ROOMY));
    desk.connect(&WELCOME);
    assert_eq!(desk.session.deadline_ns(), 10 * SECOND_NS);
    desk.now_ns = 4 * SECOND_NS;
    desk.publish(AT_LEAST_ONCE, 0);
    desk.flush_all();
    desk.receive(&[0x40, 2, 0, 1]).unwrap();
    desk.now_ns = 10 * SECOND_NS;
    desk.with(Session::time_passed).unwrap();
    assert!(desk.session.output().is_empty(), "something was sent and heard 6 s ago");
    desk.now_ns = 14 * SECOND_NS;
    desk.with(Session::time_passed).unwrap();
    assert_eq!(desk.flush_all(), [0xC0, 0]);
    desk.receive(&[0xD0, 0]).unwrap();
    assert_eq!(desk.session.deadline_ns(), 24 * SECOND_NS);
    desk.now_ns = 24 * SECOND_NS;
    desk.with(Session::time_passed).unwrap();
    desk.flush_all();
    assert_eq!(desk.session.deadline_ns(), 34 * SECOND_NS);
    desk.now_ns = 34 * SECOND_NS;
    let lost = desk.with(Session::time_passed).unwrap_err();
    assert_eq!(lost, LossReason::TimedOut { waiting_for: "PINGRESP" });
}

#[test]
fn a_device_that_speaks_all_the_time_notices_a_silent_broker_as_well() {
    let mut desk = Desk::new(config(Protocol::V311, 10, ROOMY));
    desk.connect(&WELCOME);
    let mut pings = Vec::new();
    let lost = (1..60).find_map(|second| {
        desk.now_ns = second * SECOND_NS;
        desk.publish(AT_MOST_ONCE, second.unsigned_abs());
        if desk.flush_all().windows(2).any(|bytes| bytes == [0xC0, 0]) {
            pings.push(second);
        }
        // The broker answers the first ping and none after it.
        if pings.len() == 1 && pings[0] == second {
            desk.receive(&[0xD0, 0]).unwrap();
        }
        desk.with(Session::time_passed).err().map(|reason| (second, reason))
    });
    assert_eq!(pings, [11, 22], "a second after they are due, with the next message");
    assert_eq!(lost, Some((31, LossReason::TimedOut { waiting_for: "PINGRESP" })));
}

/// A deadline in the past makes the lane look again at once, for ever.
#[test]
fn a_socket_that_takes_nothing_is_not_looked_at_in_a_loop() {
    let mut desk = Desk::new(config(Protocol::V311, 10, ROOMY));
    desk.connect(&WELCOME);
    desk.now_ns = 12 * SECOND_NS;
    desk.with(Session::time_passed).unwrap();
    assert!(!desk.session.output().is_empty(), "a PINGREQ waits for the socket");
    assert!(desk.session.deadline_ns() > desk.now_ns);
}

#[test]
fn mqtt_5_terms_are_kept() {
    let mut desk = Desk::new(ConnectionConfig { client_id: String::new(), ..config(Protocol::V5, 10, ROOMY) });
    // Receive maximum 2, maximum packet size 20, no retained messages, keep-alive 3 s, assigned client id "x".
    let connack = [0x20, 20, 0, 0, 17, 0x21, 0, 2, 0x27, 0, 0, 0, 20, 0x25, 0, 0x13, 0, 3, 0x12, 0, 1, b'x'];
    desk.connect(&connack);
    assert_eq!(desk.session.deadline_ns(), 3 * SECOND_NS);
    assert_eq!(desk.session.config().client_id, "x");
    desk.publish(AT_LEAST_ONCE, 1);
    desk.publish(AT_LEAST_ONCE, 2);
    desk.publish(RETAINED, 5);
    desk.publish(AT_LEAST_ONCE, 3);
    desk.publish(AT_LEAST_ONCE, 12_345_678_901_234);
    desk.flush_all();
    assert_eq!(desk.session.backlog.sizes(), (2, 3), "two in flight, the rest waits");
    for puback in [&[0x40, 3, 0, 1, 0x97][..], &[0x40, 2, 0, 2], &[0x40, 2, 0, 4]] {
        desk.receive(puback).unwrap();
        desk.flush_all();
    }
    let told: Vec<&CarrierEvent> = desk
        .events
        .iter()
        .filter(|event| !matches!(event, CarrierEvent::Sent { .. } | CarrierEvent::Connected { .. }))
        .collect();
    assert!(
        matches!(
            told[..],
            [
                CarrierEvent::Refused { sequence: 1, code: 0x97, .. },
                CarrierEvent::Dropped { sequence: 5, reason: DropReason::RetainNotSupported, .. },
                CarrierEvent::Acked { sequence: 2, .. },
                CarrierEvent::Dropped { sequence: 12_345_678_901_234, reason: DropReason::PacketTooLarge, .. },
                CarrierEvent::Acked { sequence: 3, .. },
            ]
        ),
        "{told:?}"
    );
    assert!(desk.session.is_settled());
}

#[test]
fn refusals_and_nonsense_end_the_connection_with_their_reason() {
    let refused = |connack: &[u8], protocol| {
        let mut desk = Desk::new(config(protocol, 10, ROOMY));
        desk.with(|session, turn| session.open(0, turn));
        desk.receive(connack).unwrap_err()
    };
    assert_eq!(refused(&[0x20, 2, 0, 5], Protocol::V311), LossReason::Broker { code: 5 });
    assert_eq!(refused(&[0x20, 3, 0, 0x8A, 0], Protocol::V5), LossReason::Broker { code: 0x8A });
    for nonsense in [&[0x40, 2, 0, 1][..], &[0xFF, 0], &[0x20, 0xFF, 0xFF, 0xFF, 0xFF, 1], &[0x20, 1, 0]] {
        assert!(matches!(refused(nonsense, Protocol::V311), LossReason::Malformed { .. }), "{nonsense:?}");
    }
    let mut desk = Desk::new(config(Protocol::V5, 10, ROOMY));
    desk.connect(&[0x20, 3, 0, 0, 0]);
    assert_eq!(desk.receive(&[0xE0, 1, 0x8E]).unwrap_err(), LossReason::Broker { code: 0x8E });
}

#[test]
fn answers_to_commands_are_repeated_until_acknowledged_and_are_not_telemetry() {
    let mut desk = Desk::new(config(Protocol::V311, 10, ROOMY));
    desk.with(|session, turn| session.reply(Bytes::from_static(b"ok"), turn));
    let (_, first) = desk.connect(&WELCOME);
    assert_eq!(first, publish_bytes(0x32, "ward/ack", Some(1), "ok"));
    desk.lose();
    let (_, again) = desk.connect(&WELCOME);
    assert_eq!(again, publish_bytes(0x3A, "ward/ack", Some(1), "ok"));
    desk.receive(&[0x40, 2, 0, 1]).unwrap();
    let counts = desk.stats.counts;
    assert_eq!((counts.sent, counts.acked, counts.replies_sent, counts.replies_acked), (0, 0, 1, 1));
    assert!(desk.session.is_settled());
}

#[test]
fn packet_ids_go_round_past_a_message_that_stays() {
    let mut desk = Desk::new(config(Protocol::V311, 2, ROOMY));
    desk.connect(&WELCOME);
    desk.publish(AT_LEAST_ONCE, 0);
    for sequence in 1..70_000_u64 {
        desk.publish(AT_LEAST_ONCE, sequence);
        let output = desk.flush_all();
        let before_payload = output.len() - sequence.to_string().len();
        let packet_id = u16::from_be_bytes([output[before_payload - 2], output[before_payload - 1]]);
        assert!(packet_id > 1 && packet_id < u16::MAX, "id {packet_id} of message {sequence} is taken");
        let [high, low] = packet_id.to_be_bytes();
        desk.receive(&[0x40, 2, high, low]).unwrap();
    }
    assert_eq!(desk.stats.counts.acked, 69_999);
}

#[test]
fn a_message_at_qos_2_is_released_once_received_and_not_published_again_in_that_session() {
    let mut desk = Desk::new(config(Protocol::V311, 10, ROOMY));
    desk.connect(&WELCOME);
    desk.publish(EXACTLY_ONCE, 0);
    assert_eq!(desk.flush_all(), publish_bytes(0x34, "w/d", Some(1), "0"));
    desk.lose();
    let (_, again) = desk.connect(&WELCOME_BACK);
    assert_eq!(again, publish_bytes(0x3C, "w/d", Some(1), "0"), "not received: published again");
    desk.receive(&[PUBREC, 2, 0, 1]).unwrap();
    assert_eq!(desk.flush_all(), [0x62, 2, 0, 1]);
    for _ in 0..2 {
        desk.lose();
        let (_, again) = desk.connect(&WELCOME_BACK);
        assert_eq!(again, [0x62, 2, 0, 1], "received: only released");
    }
    desk.lose();
    let (_, again) = desk.connect(&WELCOME);
    assert_eq!(again, publish_bytes(0x3C, "w/d", Some(1), "0"), "a new session: the broker has forgotten it");
    desk.receive(&[PUBREC, 2, 0, 1]).unwrap();
    assert_eq!(desk.flush_all(), [0x62, 2, 0, 1]);
    assert_eq!(desk.stats.counts.acked, 0);
    desk.receive(&[PUBCOMP, 2, 0, 1, PUBCOMP, 2, 0, 1]).unwrap();
    assert_eq!((desk.stats.counts.acked, desk.stats.counts.stray_acks), (1, 1));
    assert!(desk.session.is_settled());
}

#[test]
fn a_broker_that_takes_qos_2_for_1_and_one_that_refuses_are_told() {
    let mut desk = Desk::new(config(Protocol::V5, 10, ROOMY));
    desk.connect(&[0x20, 3, 0, 0, 0]);
    desk.publish(EXACTLY_ONCE, 0);
    desk.publish(EXACTLY_ONCE, 1);
    desk.flush_all();
    desk.receive(&[0x40, 2, 0, 1, PUBREC, 3, 0, 2, 0x87]).unwrap();
    assert!(desk.session.is_settled());
    let told: Vec<(&str, u64)> = desk.stats.refusals.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    assert_eq!(
        told,
        [
            ("QoS 2: the broker answers as at QoS 1 (PUBACK) and promises no more", 1),
            ("message: 0x87 (not authorized)", 1)
        ]
    );
}

#[test]
fn a_topic_is_sent_once_a_connection_and_then_its_number() {
    let mqtt5 = Mqtt5Plan { topic_alias: true, ..Mqtt5Plan::default() };
    let mut desk = Desk::new(ConnectionConfig { mqtt5, ..config(Protocol::V5, 10, ROOMY) });
    // Topic alias maximum 1.
    let connack = [0x20, 6, 0, 0, 3, 0x22, 0, 1];
    for _ in 0..2 {
        desk.connect(&connack);
        let mut said = Vec::new();
        for route in [AT_MOST_ONCE, AT_MOST_ONCE, AT_LEAST_ONCE] {
            desk.publish(route, 7);
            said.push(desk.flush_all());
        }
        assert_eq!(said[0], [&[0x30, 10, 0, 3][..], b"w/a", &[3, 0x23, 0, 1], b"7"].concat());
        assert_eq!(said[1], [&[0x30, 7, 0, 0, 3, 0x23, 0, 1][..], b"7"].concat());
        assert!(said[2].windows(3).any(|part| part == b"w/b"), "the broker takes no second alias");
        let id = said[2][7..9].to_vec();
        desk.receive(&[&[0x40, 2][..], &id].concat()).unwrap();
        desk.lose();
    }
}

#[test]
fn a_command_at_qos_2_is_taken_once_however_often_it_comes() {
    let mut desk = Desk::new(ConnectionConfig {
        command_topic: Some("w/cmd".to_owned()),
        command_qos: 2,
        ..config(Protocol::V311, 10, ROOMY)
    });
    let (_, subscription) = desk.connect(&WELCOME);
    assert_eq!(subscription.last(), Some(&2), "it asks for QoS 2");
    desk.receive(&[0x90, 3, 0xFF, 0xFF, 2]).unwrap();
    let command = |first| publish_bytes(first, "w/cmd", Some(9), "{}");
    desk.receive(&command(0x34)).unwrap();
    assert_eq!(desk.flush_all(), [PUBREC, 2, 0, 9]);
    desk.lose();
    desk.connect(&WELCOME_BACK);
    desk.receive(&[0x90, 3, 0xFF, 0xFF, 2]).unwrap();
    desk.receive(&command(0x3C)).unwrap();
    desk.receive(&[0x62, 2, 0, 9, 0x62, 2, 0, 9]).unwrap();
    assert_eq!(desk.flush_all(), [PUBREC, 2, 0, 9, PUBCOMP, 2, 0, 9, PUBCOMP, 2, 0, 9]);
    assert_eq!(desk.commands.len(), 1);
    desk.receive(&command(0x34)).unwrap();
    assert_eq!(desk.commands.len(), 2, "the packet id belongs to another message now");
}

/// What can happen to a session.
#[derive(Debug, Clone)]
enum Happening {
    Publish(RouteId),
    SocketTakes(usize),
    Acknowledge(usize),
    Lose,
    Connect { session_present: bool },
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => prop_oneof![Just(AT_MOST_ONCE), Just(AT_LEAST_ONCE), Just(EXACTLY_ONCE)].prop_map(Happening::Publish),
        6 => (1..40_usize).prop_map(Happening::SocketTakes),
        4 => (0..4_usize).prop_map(Happening::Acknowledge),
        1 => Just(Happening::Lose),
        2 => any::<bool>().prop_map(|session_present| Happening::Connect { session_present }),
    ]
}

proptest! {
    /// Whatever happens in whatever order: no message is forgotten or settled twice, the window holds, first attempts
    /// of each delivery level leave in order, and DUP is set exactly on what some socket had accepted before.
    #[test]
    fn every_message_is_in_exactly_one_place(
        happenings in proptest::collection::vec(happening(), 1..120),
        window in 1_u16..5,
        messages in 0_u32..6,
        drop_oldest: bool,
    ) {
        let full = if drop_oldest { OutboxFull::DropOldest } else { OutboxFull::DropNewest };
        let mut desk = Desk::new(config(Protocol::V311, window, OutboxPlan { messages, full }));
        let mut published = 0;
        let mut wire = BytesMut::new();
        let mut unacknowledged: Vec<(u8, u16)> = Vec::new();
        let mut received = BTreeSet::new();
        let mut accepted_before = BTreeSet::new();
        let mut first_attempts: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
        for happening in happenings {
            match happening {
                Happening::Publish(route) => {
                    desk.publish(route, published);
                    published += 1;
                }
                Happening::SocketTakes(most) => wire.extend_from_slice(&desk.flush(most)),
                Happening::Acknowledge(which) if which < unacknowledged.len() => {
                    let (first, packet_id) = unacknowledged.remove(which);
                    let [high, low] = packet_id.to_be_bytes();
                    desk.receive(&[first, 2, high, low]).unwrap();
                    if first == PUBREC {
                        received.insert(packet_id);
                    }
                    if first == PUBCOMP {
                        received.remove(&packet_id);
                    }
                }
                Happening::Lose => {
                    desk.lose();
                    wire.clear();
                    unacknowledged.clear();
                }
                Happening::Connect { session_present } if desk.session.phase() == Phase::Offline => {
                    desk.with(|session, turn| session.open(0, turn));
                    desk.flush_all();
                    desk.receive(if session_present { &WELCOME_BACK } else { &WELCOME }).unwrap();
                    if !session_present {
                        received.clear();
                    }
                }
                Happening::Acknowledge(_) | Happening::Connect { .. } => {}
            }
            while let Ok(packet) = v4::Packet::read(&mut wire, usize::MAX) {
                if let v4::Packet::PubRel(release) = &packet {
                    prop_assert!(received.contains(&release.pkid), "released before it was received");
                    unacknowledged.retain(|(_, other)| *other != release.pkid);
                    unacknowledged.push((PUBCOMP, release.pkid));
                }
                let v4::Packet::Publish(publish) = packet else { continue };
                let sequence: u64 = std::str::from_utf8(&publish.payload).unwrap().parse().unwrap();
                prop_assert_eq!(publish.dup, accepted_before.contains(&sequence));
                if accepted_before.insert(sequence) {
                    first_attempts.entry(publish.qos as u8).or_default().push(sequence);
                }
                if publish.qos != QoS::AtMostOnce {
                    prop_assert!(!received.contains(&publish.pkid), "published again after it was received");
                    let answer = if publish.qos == QoS::ExactlyOnce { PUBREC } else { 0x40 };
                    unacknowledged.push((answer, publish.pkid));
                    prop_assert!(unacknowledged.len() <= usize::from(window));
                }
            }
            prop_assert!(desk.session.backlog.sizes().1 <= messages as usize);
        }
        prop_assert!(first_attempts.values().all(|sequences| sequences.is_sorted()));
        desk.lose();
        desk.session.report_pending(&mut desk.events);
        let mut settled: Vec<u64> = desk.events.iter().filter_map(|event| match event {
            CarrierEvent::Sent { route: AT_MOST_ONCE, sequence, .. }
            | CarrierEvent::Acked { sequence, .. }
            | CarrierEvent::Dropped { sequence, .. }
            | CarrierEvent::Pending { sequence, .. } => Some(*sequence),
            _ => None,
        }).collect();
        settled.sort_unstable();
        prop_assert_eq!(settled, (0..published).collect::<Vec<_>>());
    }

    /// Any bytes from a broker are handled or refused, never a panic, and whole in one piece or in many.
    #[test]
    fn any_broker_is_survived(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        cut in 0..200_usize,
    ) {
        for protocol in [Protocol::V311, Protocol::V5] {
            let outcome = |pieces: [&[u8]; 2]| {
                let mut desk = Desk::new(config(protocol, 10, ROOMY));
                let welcome: &[u8] = if protocol == Protocol::V5 { &[0x20, 3, 0, 0, 0] } else { &WELCOME };
                desk.connect(welcome);
                let outcome = pieces.iter().try_for_each(|piece| desk.receive(piece));
                (outcome, desk.events)
            };
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(outcome([&bytes, &[]]), outcome([head, tail]));
        }
    }
}

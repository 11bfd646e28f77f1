//! `QoS` 2 while the connection is cut at each frame of the handshake, in both directions and both versions.

use std::time::Instant;

use bytes::Bytes;
use carriers::{
    BrokerAccess, CarrierEvent, Closing, Direction, LinkRule, MEMORY_LATENCY, Pace, Receipts, Received, Tally, Verdict,
    VirtualFleet, Visit, Visitor,
};
use scenarios::Protocol;
use sim_core::{OccurrenceId, SimId, SimTime, Span};
use stack::{BrokerChoice, BrokerConfig};

use crate::device::{PATIENCE, connection, events_until, message, routes, start};

const SECOND_NS: i64 = 1_000_000_000;

/// Cuts the connection instead of letting every `nth` frame pass.
#[derive(Debug)]
struct Shears {
    every: u32,
    passed: u32,
}

impl LinkRule for Shears {
    fn sees_frames(&self) -> bool {
        true
    }

    fn on_frame(&mut self, _: Direction, _: &[u8], _: i64, tally: &mut Tally<'_>) -> Verdict {
        self.passed += 1;
        if self.passed.is_multiple_of(self.every) {
            tally.add("frames", 1);
            return Verdict::Cut(Closing::Rst);
        }
        Verdict::Pass
    }
}

/// Messages heard and commands taken by a device whose connection is cut at every frame of that number.
fn outcome(protocol: Protocol, qos: u8, every: u32) -> (Vec<String>, usize, u64) {
    let mut device = connection(0, protocol);
    device.session.clean = false;
    device.session.expiry = Span::from_secs(3_600);
    device.command_topic = Some("w/0/cmd".to_owned());
    device.command_qos = qos;
    let pace = Pace::real(Instant::now());
    let mut fleet = VirtualFleet::new(vec![device], routes(1, qos), MEMORY_LATENCY, pace, -SECOND_NS).unwrap();
    fleet.listen(vec!["w/0".to_owned()]);
    fleet.advance_to(-SECOND_NS / 2);
    let rule: Box<dyn LinkRule> = Box::new(Shears { every, passed: 0 });
    fleet.begin(vec![(SimId(0), rule)], OccurrenceId(0), SimTime::ZERO).unwrap();
    fleet.heal(OccurrenceId(0), SimTime::ZERO + Span::from_secs(8));
    let say = |n: i64| message(0, n as u64, SimTime::ZERO + Span::from_millis(400 * n), Bytes::from(n.to_string()));
    fleet.submit((1..16).map(say).collect()).unwrap();
    for n in 1..16 {
        fleet.publish_at(n * 400_000_000 + 3_000_000, "w/0/cmd".to_owned(), Bytes::from(n.to_string()));
    }
    fleet.advance_to(12 * SECOND_NS);
    let mut heard: Vec<String> =
        fleet.take_heard().iter().map(|heard| String::from_utf8_lossy(&heard.payload).into_owned()).collect();
    heard.sort_by_key(|text| text.parse::<u32>().unwrap());
    let commands = fleet.take_commands().len();
    let counts = fleet.shut_down(Span::from_secs(1)).counts;
    assert_eq!(counts.acked, 15, "cut at every frame {every}: {counts:?}");
    (heard, commands, counts.resent)
}

#[test]
fn at_qos_2_everything_arrives_once_wherever_the_connection_is_cut() {
    let once: Vec<String> = (1..16).map(|n| n.to_string()).collect();
    let mut resent = 0;
    for protocol in [Protocol::V311, Protocol::V5] {
        // CONNECT, CONNACK, SUBSCRIBE and SUBACK must pass for anything to come through.
        for every in 5..24 {
            let (heard, commands, again) = outcome(protocol, 2, every);
            assert_eq!((heard, commands), (once.clone(), 15), "{protocol:?}, cut at every frame {every}");
            resent += again;
        }
    }
    assert!(resent > 0, "the cuts made nothing be sent again");
}

#[test]
fn at_qos_1_the_same_cuts_double_messages() {
    let doubled = (5..24).any(|every| outcome(Protocol::V311, 1, every).0.len() > 15);
    assert!(doubled, "the cuts would not tell QoS 2 from 1");
}

/// What somebody who subscribed at `QoS` 2 hears until `end`.
async fn heard_by(mut watcher: Visit) -> Vec<String> {
    let (mut heard, mut receipts) = (Vec::new(), Receipts::default());
    loop {
        let owed = match watcher.next().await.unwrap() {
            Received::Message(delivered) => {
                let (is_new, owed) = receipts.take(delivered.qos, delivered.packet_id);
                heard.extend(is_new.then(|| String::from_utf8_lossy(&delivered.payload).into_owned()));
                owed
            }
            Received::Released { packet_id } => Some(receipts.release(packet_id)),
            _ => None,
        };
        watcher.answer(owed.as_slice()).await.unwrap();
        if heard.last().is_some_and(|last| last == "end") {
            return heard;
        }
    }
}

#[tokio::test]
async fn the_embedded_broker_hands_on_once_what_was_cut_and_repeated() {
    const MESSAGES: u64 = 40;
    let broker = stack::start(&BrokerChoice::Embedded, &BrokerConfig::default()).unwrap();
    let port = broker.address().port;
    let access = BrokerAccess { host: "127.0.0.1".to_owned(), port, tls: None, web_socket: None };
    for protocol in [Protocol::V311, Protocol::V5] {
        let client_id = format!("watcher-{protocol:?}");
        let visitor = Visitor { client_id, protocol: Protocol::V5, auth: None, tls: None, kept: Span::ZERO };
        let mut watcher = Visit::begin(&access, &visitor, PATIENCE).await.unwrap();
        watcher.subscribe(&["w/0".to_owned()], 2).await.unwrap();
        assert!(matches!(watcher.next().await.unwrap(), Received::Granted { .. }));
        let mut device = connection(0, protocol);
        device.client_id = format!("device-{protocol:?}");
        device.session.clean = false;
        device.session.expiry = Span::from_secs(3_600);
        let (fleet, mut events, _) = start(port, vec![device], routes(1, 2));
        let rule: Box<dyn LinkRule> = Box::new(Shears { every: 7, passed: 0 });
        fleet.begin(vec![(SimId(0), rule)], OccurrenceId(0), SimTime::ZERO).unwrap();
        let text = |n: u64| if n == MESSAGES { "end".to_owned() } else { n.to_string() };
        let say = |n: u64| message(0, n, SimTime::ZERO + Span::from_millis(10 * n as i64), Bytes::from(text(n)));
        fleet.submit((0..=MESSAGES).map(say).collect()).await.unwrap();
        let heard = tokio::time::timeout(PATIENCE, heard_by(watcher)).await.unwrap();
        let mut expected: Vec<String> = (0..=MESSAGES).map(text).collect();
        let mut sorted = heard.clone();
        expected.sort();
        sorted.sort();
        assert_eq!(sorted, expected, "{protocol:?}");
        let settled =
            events_until(&mut events, |event| matches!(event, CarrierEvent::Acked { sequence: MESSAGES, .. })).await;
        assert!(settled.iter().any(|event| matches!(event, CarrierEvent::Disconnected { .. })), "nothing was cut");
        fleet.shutdown(PATIENCE).await.unwrap();
    }
}

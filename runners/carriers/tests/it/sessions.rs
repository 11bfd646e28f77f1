//! Sessions seen from the broker's side.

use std::time::Duration;

use bytes::Bytes;
use carriers::{
    CarrierError, CarrierEvent, CommandArrival, ConnectionConfig, Fleet, FleetConfig, LossReason, Pace, RouteConfig,
};
use rumqttc::mqttbytes::v4;
use scenarios::{OutboxFull, OutboxPlan, Protocol};
use sim_core::SimId;

use crate::device::{connection, events_until, message, message_now, remaining, routes, start};
use crate::scripted_broker::{ScriptedBroker, WELCOME, WELCOME_BACK};

#[tokio::test]
async fn withheld_acknowledgements_bring_the_message_back_with_dup() {
    let broker = ScriptedBroker::bind().await;
    let (fleet, mut events, _) = start(broker.port(), vec![connection(0, Protocol::V311)], routes(1, 1));
    let (mut peer, client_id) = broker.welcome(&WELCOME).await;
    assert_eq!(client_id, "device-0");
    fleet.submit((0..3).map(|sequence| message_now(0, sequence)).collect()).await.unwrap();
    let first = b"\x32\x08\x00\x03w/0\x00\x010\x32\x08\x00\x03w/0\x00\x021\x32\x08\x00\x03w/0\x00\x032";
    assert_eq!(peer.bytes(first.len()).await, first);
    peer.send(&[0x40, 2, 0, 2]).await;
    events_until(&mut events, |event| matches!(event, CarrierEvent::Acked { sequence: 1, .. })).await;
    drop(peer);
    let again = b"\x3A\x08\x00\x03w/0\x00\x010\x3A\x08\x00\x03w/0\x00\x032";
    for connack in [WELCOME_BACK, WELCOME] {
        let (mut peer, _) = broker.welcome(&connack).await;
        assert_eq!(peer.bytes(again.len()).await, again, "after CONNACK {connack:?}");
    }
    let (mut peer, _) = broker.welcome(&WELCOME_BACK).await;
    peer.bytes(again.len()).await;
    // Acknowledgements in pieces, merged with each other.
    for piece in [&[0x40][..], &[2, 0, 1, 0x40, 2], &[0, 3]] {
        peer.send(piece).await;
        tokio::task::yield_now().await;
    }
    events_until(&mut events, |event| matches!(event, CarrierEvent::Acked { sequence: 2, .. })).await;
    let end = fleet.shutdown(Duration::from_secs(10)).await.unwrap();
    assert_eq!((end.stats.counts.sent, end.stats.counts.acked), (3, 3));
    assert!(end.stats.counts.resent >= 4, "{:?}", end.stats.counts);
    assert!(!end.stats.reconnect_us.is_empty());
}

#[tokio::test]
async fn a_refused_session_is_told_and_tried_again() {
    let broker = ScriptedBroker::bind().await;
    let (fleet, mut events, _) = start(broker.port(), vec![connection(0, Protocol::V311)], routes(1, 1));
    let (_first, _) = broker.welcome(&[0x20, 2, 0, 5]).await;
    let told = events_until(&mut events, |event| matches!(event, CarrierEvent::ConnectFailed { .. })).await;
    let reason = LossReason::Broker { code: 5 };
    assert!(
        matches!(&told[0], CarrierEvent::ConnectFailed { device: SimId(0), reason: told, .. } if *told == reason),
        "{told:?}"
    );
    let (_second, _) = broker.welcome(&WELCOME).await;
    events_until(&mut events, |event| matches!(event, CarrierEvent::Connected { session_present: false, .. })).await;
    let stats = fleet.stats().await.unwrap();
    assert_eq!(stats.connect_failures.into_iter().collect::<Vec<_>>(), [(reason.words(), 1)]);
    assert_eq!(stats.connections.online, 1);
}

#[tokio::test]
async fn nonsense_from_the_broker_costs_one_connection_and_no_message() {
    let broker = ScriptedBroker::bind().await;
    let (fleet, mut events, _) = start(broker.port(), vec![connection(0, Protocol::V311)], routes(1, 1));
    let (mut peer, _) = broker.welcome(&WELCOME).await;
    fleet.submit(vec![message_now(0, 0)]).await.unwrap();
    assert_eq!(peer.publish().await, (1, false, "0".to_owned()));
    peer.send(&[0xFF; 16]).await;
    events_until(&mut events, |event| {
        matches!(event, CarrierEvent::Disconnected { reason: LossReason::Malformed { .. }, .. })
    })
    .await;
    let (mut peer, _) = broker.welcome(&WELCOME).await;
    assert_eq!(peer.publish().await, (1, true, "0".to_owned()));
}

#[tokio::test]
async fn commands_arrive_and_answers_leave() {
    let broker = ScriptedBroker::bind().await;
    let device = ConnectionConfig {
        command_topic: Some("w/cmd".to_owned()),
        reply_topic: Some("w/ack".to_owned()),
        ..connection(0, Protocol::V311)
    };
    let (fleet, mut events, _) = start(broker.port(), vec![device], routes(1, 0));
    let (mut peer, _) = broker.welcome(&WELCOME).await;
    let v4::Packet::Subscribe(subscribe) = peer.packet().await else { panic!("the device subscribes") };
    assert_eq!(subscribe.filters[0].path, "w/cmd");
    let [high, low] = subscribe.pkid.to_be_bytes();
    peer.send(&[0x90, 3, high, low, 1]).await;
    peer.send(b"\x32\x0B\x00\x05w/cmd\x00\x09{}").await;
    assert_eq!(peer.packet().await, v4::Packet::PubAck(v4::PubAck::new(9)));
    let told = events_until(&mut events, |event| matches!(event, CarrierEvent::Command { .. })).await;
    assert!(matches!(told.last(), Some(CarrierEvent::Command { device: SimId(0), payload, .. }) if payload == "{}"));
    let taken = fleet.take_commands();
    assert!(matches!(taken.as_slice(), [CommandArrival { device: SimId(0), payload, .. }] if payload == "{}"));
    assert!(fleet.take_commands().is_empty());
    fleet.reply(SimId(0), Bytes::from_static(b"done")).unwrap();
    let v4::Packet::Publish(reply) = peer.packet().await else { panic!("the device answers") };
    assert_eq!((reply.topic.as_str(), reply.qos as u8, &reply.payload[..]), ("w/ack", 1, &b"done"[..]));
}

#[tokio::test]
async fn a_reader_that_stalls_holds_up_nobody_else() {
    let broker = ScriptedBroker::bind().await;
    let mut stalled = connection(0, Protocol::V311);
    stalled.outbox = OutboxPlan { messages: 10, full: OutboxFull::DropOldest };
    let (fleet, events, _) = start(broker.port(), vec![stalled, connection(1, Protocol::V311)], routes(2, 0));
    let mut peers = Vec::new();
    for _ in 0..2 {
        peers.push(broker.welcome(&WELCOME).await);
    }
    peers.sort_by(|(_, one), (_, other)| one.cmp(other));
    // More than any socket buffer takes: 400 messages of 100 kB for a device whose broker does not read.
    let large = Bytes::from(vec![b'x'; 100_000]);
    fleet
        .submit((0..400).map(|sequence| message(0, sequence, sim_core::SimTime::ZERO, large.clone())).collect())
        .await
        .unwrap();
    fleet.submit((0..50).map(|sequence| message_now(1, sequence)).collect()).await.unwrap();
    for sequence in 0..50 {
        assert_eq!(peers[1].0.publish().await, (0, false, sequence.to_string()));
    }
    let end = fleet.shutdown(Duration::ZERO).await.unwrap();
    let told = remaining(events).await;
    let count = |wanted: fn(&CarrierEvent) -> bool| told.iter().filter(|event| wanted(event)).count();
    let sent = count(|event| matches!(event, CarrierEvent::Sent { .. }));
    let dropped = count(|event| matches!(event, CarrierEvent::Dropped { .. }));
    let pending = count(|event| matches!(event, CarrierEvent::Pending { .. }));
    assert_eq!(sent + dropped + pending, 450);
    assert!(dropped > 0, "400 messages do not fit");
    assert_eq!((end.stats.counts.sent, end.stats.counts.dropped), (sent as u64, dropped as u64));
}

#[tokio::test]
async fn the_end_is_clean_and_what_is_left_is_told() {
    let broker = ScriptedBroker::bind().await;
    let (fleet, events, _) = start(broker.port(), vec![connection(0, Protocol::V311)], routes(1, 1));
    let (mut peer, _) = broker.welcome(&WELCOME).await;
    let never = sim_core::SimTime::from_nanos(i64::MAX);
    fleet.submit(vec![message_now(0, 0), message(0, 1, never, Bytes::new())]).await.unwrap();
    peer.publish().await;
    let shutdown = tokio::spawn(fleet.shutdown(Duration::from_millis(50)));
    assert_eq!(peer.packet().await, v4::Packet::Disconnect);
    assert!(peer.end().await.is_ok());
    drop(peer);
    let end = shutdown.await.unwrap().unwrap();
    assert_eq!(end.stats.connections.closed, 1);
    let mut pending: Vec<CarrierEvent> = remaining(events).await;
    pending.retain(|event| matches!(event, CarrierEvent::Pending { .. } | CarrierEvent::Disconnected { .. }));
    assert!(
        matches!(
            pending[..],
            [
                CarrierEvent::Pending { sequence: 0, sent: true, .. },
                CarrierEvent::Pending { sequence: 1, sent: false, .. }
            ]
        ),
        "{pending:?}"
    );
}

#[tokio::test]
async fn a_broker_that_does_not_answer_connect_is_given_up() {
    let broker = ScriptedBroker::bind().await;
    let config = FleetConfig {
        connect_timeout: Duration::from_millis(30),
        ..FleetConfig::new("127.0.0.1", broker.port(), vec![connection(0, Protocol::V5)], routes(1, 0))
    };
    let pace = Pace::real(std::time::Instant::now());
    let (_fleet, mut events) = Fleet::start(config, pace, &tokio::runtime::Handle::current()).unwrap();
    let _mute = broker.accept().await;
    let told = events_until(&mut events, |event| matches!(event, CarrierEvent::ConnectFailed { .. })).await;
    let expected = LossReason::TimedOut { waiting_for: "CONNACK" };
    assert!(matches!(&told[0], CarrierEvent::ConnectFailed { reason, .. } if *reason == expected), "{told:?}");
}

#[tokio::test]
async fn impossible_fleets_do_not_start() {
    let runtime = tokio::runtime::Handle::current();
    let pace = Pace::real(std::time::Instant::now());
    let refuse = |config| Fleet::start(config, pace, &runtime).map(|_| ()).unwrap_err();
    let device = || connection(4, Protocol::V311);
    let twice = FleetConfig::new("127.0.0.1", 1, vec![device(), device()], routes(1, 0));
    assert!(matches!(refuse(twice), CarrierError::DuplicateDevice { device: SimId(4) }));
    let no_level = FleetConfig::new("127.0.0.1", 1, vec![device()], routes(1, 3));
    assert!(matches!(refuse(no_level), CarrierError::Qos { qos: 3, .. }));
    let long = RouteConfig { topic: "x".repeat(70_000), qos: 0, retain: false, properties: None };
    let long = FleetConfig::new("127.0.0.1", 1, vec![device()], vec![long].into());
    assert!(matches!(refuse(long), CarrierError::TopicTooLong { bytes: 70_000 }));
    let crowd = (0..1_000_000).map(|device| connection(device, Protocol::V311)).collect();
    let crowd = FleetConfig::new("127.0.0.1", 1, crowd, routes(1, 0));
    if carriers::descriptor_limit() < 1_000_000 {
        assert!(matches!(refuse(crowd), CarrierError::Descriptors { connections: 1_000_000, .. }));
    }
}

#[tokio::test]
async fn messages_for_strangers_are_refused_whole() {
    let broker = ScriptedBroker::bind().await;
    let (fleet, _events, _) = start(broker.port(), vec![connection(0, Protocol::V311)], routes(1, 0));
    let error = fleet.submit(vec![message_now(0, 0), message_now(8, 0)]).await.unwrap_err();
    assert!(matches!(error, CarrierError::UnknownDevice { device: SimId(8) }));
    assert_eq!(fleet.stats().await.unwrap().counts.handled, 0);
}

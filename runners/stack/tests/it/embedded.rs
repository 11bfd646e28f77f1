//! The broker inside the process.

#![expect(clippy::unwrap_used, reason = "a test reports by panicking")]

use std::io::{Read, Write};
use std::net::TcpStream;

use stack::{
    Broker, BrokerChoice, BrokerConfig, BrokerError, BrokerKind, DroppedCount, IngressCount, Persistence, start,
};

use crate::behaviour::{self, numbered, session_after, stop_and_restart};
use crate::client::{Client, Session, VERSIONS, Version};

fn embedded(config: &BrokerConfig) -> Box<dyn Broker> {
    start(&BrokerChoice::Embedded, config).unwrap()
}

fn in_memory() -> Box<dyn Broker> {
    embedded(&BrokerConfig::default())
}

fn on_disk() -> Box<dyn Broker> {
    embedded(&BrokerConfig { persistence: Persistence::DISK, ..BrokerConfig::default() })
}

#[test]
fn messages_pass_between_versions() {
    behaviour::messages_pass_between_versions(&*in_memory());
}

#[test]
fn outages_end_on_the_same_port() {
    behaviour::outages_end_on_the_same_port(&mut *in_memory());
    behaviour::outages_end_on_the_same_port(&mut *on_disk());
}

#[test]
fn a_session_on_disk_survives_a_stop() {
    for version in VERSIONS {
        assert_eq!(session_after(&mut *on_disk(), version, stop_and_restart), Some(numbered(5)), "{version:?}");
    }
}

#[test]
fn a_session_in_memory_ends_with_the_broker() {
    for version in VERSIONS {
        assert_eq!(session_after(&mut *in_memory(), version, stop_and_restart), None, "{version:?}");
    }
}

#[test]
fn a_session_on_disk_survives_the_handle_in_a_given_directory() {
    let directory = tempfile::tempdir().unwrap();
    let config = BrokerConfig {
        directory: Some(directory.path().join("run").join("broker")),
        persistence: Persistence::DISK,
        ..BrokerConfig::default()
    };
    let first = embedded(&config);
    Client::connect(Version::V5, first.address(), "owner", Session::Kept).leave();
    match start(&BrokerChoice::Embedded, &config) {
        Err(BrokerError::EmbeddedStart { reason }) => assert!(reason.contains("in use"), "{reason}"),
        other => panic!("two brokers in one directory: {other:?}"),
    }
    drop(first);
    let second = embedded(&config);
    assert!(Client::connect(Version::V5, second.address(), "owner", Session::Kept).session_present);
}

#[test]
fn a_long_queue_is_kept() {
    let mut broker = in_memory();
    behaviour::a_long_queue_is_kept(&mut *broker);
    assert_eq!(broker.dropped(), Some(DroppedCount::default()));
}

type Ending = fn(&mut (dyn Broker + 'static)) -> Result<(), BrokerError>;

/// Connects with MQTT 5 on a bare socket, lets `end` happen, and returns what the broker still said before it closed.
fn last_bytes(broker: &mut (dyn Broker + 'static), end: Ending) -> Vec<u8> {
    // CONNECT: protocol level 5, clean start, no keep-alive, no properties, client id "d".
    const CONNECT: [u8; 16] = [0x10, 14, 0, 4, b'M', b'Q', b'T', b'T', 5, 0x02, 0, 0, 0, 0, 1, b'd'];
    let mut stream = TcpStream::connect((broker.address().host.as_str(), broker.address().port)).unwrap();
    stream.write_all(&CONNECT).unwrap();
    let mut header = [0; 2];
    stream.read_exact(&mut header).unwrap();
    assert_eq!(header[0], 0x20, "a CONNACK comes first");
    stream.read_exact(&mut vec![0; header[1] as usize]).unwrap();
    end(broker).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    rest
}

#[test]
fn a_stop_says_goodbye_and_a_kill_does_not() {
    let mut broker = in_memory();
    let goodbye = last_bytes(&mut *broker, <dyn Broker>::stop);
    assert_eq!((goodbye[0], goodbye[2]), (0xE0, 0x8B), "DISCONNECT, server shutting down");
    for _ in 0..50 {
        broker.restart().unwrap();
        assert_eq!(last_bytes(&mut *broker, <dyn Broker>::kill), Vec::<u8>::new());
    }
}

#[test]
fn ingress_counts_what_clients_publish_across_restarts() {
    let mut broker = in_memory();
    assert_eq!(broker.ingress(), Some(IngressCount::default()));
    let mut expected = IngressCount::default();
    for version in VERSIONS {
        // A will, a subscription and a delivery are no ingress.
        let mut subscriber = Client::connect(version, broker.address(), "subscriber", Session::Clean);
        subscriber.subscribe("#", 1);
        let mut publisher = Client::connect(version, broker.address(), "publisher", Session::Clean);
        publisher.publish("vitals/ecg", 0, [[0_u8; 500]; 30]);
        publisher.publish("vitals/spo2", 1, [[0_u8; 20]; 7]);
        for _ in 0..37 {
            subscriber.message();
        }
        expected.publishes += 37;
        expected.payload_bytes += 30 * 500 + 7 * 20;
        assert_eq!(broker.ingress(), Some(expected));
        broker.kill().unwrap();
        assert_eq!(broker.ingress(), Some(expected), "a dead broker still tells what it had counted");
        broker.restart().unwrap();
    }
}

#[test]
fn a_full_lane_drops_qos_0_and_every_drop_is_counted() {
    const MESSAGES: usize = 4000;
    // 64 MiB in all, several times what the sockets of a client that does not read can hold.
    let payload = vec![0; 16 << 10];
    let broker = embedded(&BrokerConfig { subscriber_lane: 10, ..BrokerConfig::default() });
    let mut slow = Client::connect(Version::V4, broker.address(), "slow", Session::Clean);
    slow.subscribe("wave", 0);
    let mut publisher = Client::connect(Version::V4, broker.address(), "publisher", Session::Clean);
    publisher.publish("wave", 0, (0..MESSAGES).map(|_| &payload));
    publisher.publish("elsewhere", 1, ["flush"]);

    let dropped = broker.dropped().unwrap();
    assert_eq!(broker.ingress().unwrap().publishes, MESSAGES as u64 + 1);
    assert_eq!(dropped.queued, 0);
    assert!(dropped.qos0 > 0, "nothing was dropped, so nothing was tested");
    for _ in 0..MESSAGES as u64 - dropped.qos0 {
        assert_eq!(slow.message().1.len(), payload.len());
    }
    publisher.publish("wave", 0, ["the last"]);
    publisher.publish("elsewhere", 1, ["flush"]);
    assert_eq!(slow.payloads(1), ["the last"]);
    assert_eq!(broker.dropped(), Some(dropped));
}

#[test]
fn a_full_queue_drops_the_oldest_and_every_drop_is_counted() {
    let mut broker = embedded(&BrokerConfig { session_queue: 100, ..BrokerConfig::default() });
    let mut owner = Client::connect(Version::V5, broker.address(), "owner", Session::Kept);
    owner.subscribe("alarms", 1);
    owner.leave();
    let mut publisher = Client::connect(Version::V5, broker.address(), "publisher", Session::Clean);
    publisher.publish("alarms", 1, numbered(250));

    let expected = DroppedCount { qos0: 0, queued: 150 };
    assert_eq!(broker.dropped(), Some(expected));
    let mut owner = Client::connect(Version::V5, broker.address(), "owner", Session::Kept);
    assert_eq!(owner.payloads(100), numbered(250)[150..]);
    broker.stop().unwrap();
    assert_eq!(broker.dropped(), Some(expected));
}

#[test]
fn brokers_in_one_process_count_apart() {
    let (busy, idle) = (in_memory(), in_memory());
    assert_ne!(busy.address(), idle.address());
    Client::connect(Version::V4, busy.address(), "publisher", Session::Clean).publish("t", 1, numbered(3));
    assert_eq!((busy.ingress().unwrap().publishes, idle.ingress().unwrap().publishes), (3, 0));
}

#[test]
fn the_identity_is_what_the_broker_says_of_itself() {
    let broker = in_memory();
    let mut client = Client::connect(Version::V4, broker.address(), "curious", Session::Clean);
    client.subscribe("$SYS/broker/version", 0);
    let (_, version) = client.message();
    assert_eq!(broker.identity().kind, BrokerKind::Embedded);
    assert_eq!(broker.identity().name, format!("mqtt5 {}", String::from_utf8(version).unwrap()));
    assert_eq!(broker.process_id(), None);
}

#[tokio::test]
async fn every_call_works_inside_a_runtime() {
    let mut broker = on_disk();
    broker.kill().unwrap();
    broker.restart().unwrap();
    broker.stop().unwrap();
    broker.restart().unwrap();
    drop(broker);
}

//! Everything that devices say arrives once, at real brokers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use carriers::{BrokerAccess, CarrierEvent, ConnectionConfig, Fleet, FleetConfig, Pace, RouteConfig, Visitor};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use scenarios::Protocol;
use sim_core::{Outbound, RouteId, SimTime, Span};
use stack::{BrokerChoice, BrokerConfig};
use tokio::time::timeout;

use crate::device::{PATIENCE, connection, events_until, message, message_now, remaining, routes};

const DEVICES: u32 = 200;
const MESSAGES: u32 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_broker_gets_every_message_once() {
    everything_arrives_once(BrokerChoice::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mosquitto_gets_every_message_once() {
    if mosquitto_is_installed() {
        everything_arrives_once(BrokerChoice::Mosquitto).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_left_at_the_embedded_broker_are_removed() {
    left_sessions_are_removed(BrokerChoice::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_left_at_mosquitto_are_removed() {
    if mosquitto_is_installed() {
        left_sessions_are_removed(BrokerChoice::Mosquitto).await;
    }
}

#[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
fn mosquitto_is_installed() -> bool {
    let found = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"];
    let installed = found.iter().any(|path| std::path::Path::new(path).exists());
    if !installed {
        eprintln!("skipped: Mosquitto is not installed");
    }
    installed
}

async fn everything_arrives_once(choice: BrokerChoice) {
    let broker = stack::start(&choice, &BrokerConfig::default()).unwrap();
    let port = broker.address().port;
    for protocol in [Protocol::V311, Protocol::V5] {
        for qos in [0, 1] {
            let run = format!("{protocol:?}-{qos}");
            let total = u64::from(DEVICES * MESSAGES);
            let observed = tokio::spawn(observe(port, run.clone(), total));
            let devices = (0..DEVICES).map(|device| ConnectionConfig {
                client_id: format!("{run}-{device}"),
                command_topic: Some(format!("{run}/{device}/cmd")),
                ..connection(device, protocol)
            });
            let config = FleetConfig::new("127.0.0.1", port, devices.collect(), routes(DEVICES, qos));
            let pace = Pace::real(Instant::now());
            let (fleet, events) = Fleet::start(config, pace, &tokio::runtime::Handle::current()).unwrap();
            assert_eq!(fleet.wait_online(DEVICES as usize, PATIENCE).await, DEVICES as usize);
            let begin_ns = pace.now_ns() + 300_000_000;
            let batch = (0..MESSAGES).flat_map(|sequence| {
                (0..DEVICES).map(move |device| {
                    let intended = begin_ns + i64::from(sequence) * 20_000_000 + i64::from(device) * 100_000;
                    let payload = Bytes::from(format!("{device}/{sequence}"));
                    message(device, u64::from(sequence), SimTime::from_nanos(intended), payload)
                })
            });
            fleet.submit(batch.collect()).await.unwrap();
            let counts = timeout(PATIENCE, observed).await.expect("everything arrives").unwrap();
            assert_eq!(counts.len() as u64, total, "{run}");
            assert!(counts.values().all(|count| *count == 1), "{run}");
            let end = fleet.shutdown(PATIENCE).await.unwrap();
            assert_eq!((end.stats.counts.handled, end.stats.counts.sent), (total, total), "{run}");
            assert_eq!(end.stats.counts.acked, total * u64::from(qos), "{run}");
            assert_eq!(end.stats.lag_us.len(), total);
            assert!(end.left_sessions.is_empty());
            let told = remaining(events).await;
            assert!(
                !told.iter().any(|event| matches!(event, CarrierEvent::Pending { .. } | CarrierEvent::Dropped { .. }))
            );
        }
    }
}

/// Subscribes to all telemetry and counts payloads until `wanted` different ones have come.
async fn observe(port: u16, run: String, wanted: u64) -> BTreeMap<Bytes, u32> {
    let mut options = MqttOptions::new(format!("{run}-observer"), "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(30));
    let (client, mut connection) = AsyncClient::new(options, 100);
    client.subscribe("w/+", QoS::AtLeastOnce).await.unwrap();
    let mut seen = BTreeMap::new();
    while (seen.len() as u64) < wanted {
        if let Event::Incoming(Packet::Publish(publish)) = connection.poll().await.unwrap() {
            *seen.entry(publish.payload).or_default() += 1;
        }
    }
    seen
}

async fn left_sessions_are_removed(choice: BrokerChoice) {
    let broker = stack::start(&choice, &BrokerConfig::default()).unwrap();
    let port = broker.address().port;
    let devices = || {
        (0..4).map(|device| {
            let mut config = connection(device, if device % 2 == 0 { Protocol::V311 } else { Protocol::V5 });
            config.session.clean = false;
            config.session.expiry = Span::from_secs(3_600);
            config.command_topic = Some(format!("w/{device}/cmd"));
            config
        })
    };
    let run = async || {
        let config = FleetConfig::new("127.0.0.1", port, devices().collect(), routes(4, 1));
        let pace = Pace::real(Instant::now());
        let (fleet, mut events) = Fleet::start(config, pace, &tokio::runtime::Handle::current()).unwrap();
        let mut present = Vec::new();
        while present.len() < 4 {
            let told = events_until(&mut events, |event| matches!(event, CarrierEvent::Connected { .. })).await;
            present.extend(told.into_iter().filter_map(|event| match event {
                CarrierEvent::Connected { session_present, .. } => Some(session_present),
                _ => None,
            }));
        }
        assert_eq!(fleet.wait_online(4, PATIENCE).await, 4);
        (present, fleet.shutdown(PATIENCE).await.unwrap().left_sessions)
    };
    let (present, _) = run().await;
    assert_eq!(present, [false; 4]);
    let (present, left) = run().await;
    assert_eq!(present, [true; 4], "the broker kept the sessions");
    assert_eq!(left.len(), 4);
    let removed = left.remove(PATIENCE).await;
    assert_eq!((removed.removed, removed.failed), (4, 0));
    let (present, _) = run().await;
    assert_eq!(present, [false; 4], "and has forgotten them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retained_messages_are_cleared() {
    let broker = stack::start(&BrokerChoice::Embedded, &BrokerConfig::default()).unwrap();
    let port = broker.address().port;
    let topics = routes(3, 1).iter().map(|route| RouteConfig { retain: true, ..route.clone() }).collect::<Vec<_>>();
    let config = FleetConfig::new("127.0.0.1", port, vec![connection(0, Protocol::V5)], Arc::new(topics.clone()));
    let pace = Pace::real(Instant::now());
    let (fleet, mut events) = Fleet::start(config, pace, &tokio::runtime::Handle::current()).unwrap();
    let batch = (0..3).map(|route| Outbound { route: RouteId(route), ..message_now(0, 0) });
    fleet.submit(batch.collect()).await.unwrap();
    let mut acknowledged = 0;
    events_until(&mut events, |event| {
        acknowledged += u32::from(matches!(event, CarrierEvent::Acked { .. }));
        acknowledged == 3
    })
    .await;
    fleet.shutdown(PATIENCE).await.unwrap();
    assert_eq!(retained(port).await, 3);
    let topics: Vec<&str> = topics.iter().map(|route| route.topic.as_str()).collect();
    let access = BrokerAccess { host: "127.0.0.1".to_owned(), port, tls: None, web_socket: None };
    let visitor = Visitor {
        client_id: "cleaner".to_owned(),
        protocol: Protocol::V5,
        auth: None,
        token: None,
        tls: None,
        kept: Span::ZERO,
    };
    carriers::clear_retained(&access, &visitor, &topics, PATIENCE).await.unwrap();
    assert_eq!(retained(port).await, 0);
}

/// How many retained messages a new subscriber gets before a marker published after its subscription.
async fn retained(port: u16) -> usize {
    let (client, mut connection) = AsyncClient::new(MqttOptions::new("reader", "127.0.0.1", port), 100);
    client.subscribe("w/+", QoS::AtLeastOnce).await.unwrap();
    client.publish("w/marker", QoS::AtLeastOnce, false, "end").await.unwrap();
    let mut count = 0;
    loop {
        match timeout(PATIENCE, connection.poll()).await.expect("the marker comes").unwrap() {
            Event::Incoming(Packet::Publish(publish)) if publish.topic == "w/marker" => return count,
            Event::Incoming(Packet::Publish(_)) => count += 1,
            _ => {}
        }
    }
}

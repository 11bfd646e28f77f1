//! What a run expects of every broker that it starts, whichever it is.

use std::net::TcpStream;

use stack::Broker;

use crate::client::{Client, Session, VERSIONS, Version};

pub(crate) fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("message {number}")).collect()
}

/// Messages of QoS 0 and 1 pass from each protocol version to each other one, complete and in order, on one port.
pub(crate) fn messages_pass_between_versions(broker: &dyn Broker) {
    for publishing in VERSIONS {
        for subscribing in VERSIONS {
            for qos in [0, 1] {
                let id = |role: &str| format!("{role}-{publishing:?}-{subscribing:?}-{qos}");
                let topic = format!("ward/{}", id("bed"));
                let mut subscriber = Client::connect(subscribing, broker.address(), &id("sub"), Session::Clean);
                subscriber.subscribe(&topic, qos);
                let mut publisher = Client::connect(publishing, broker.address(), &id("pub"), Session::Clean);
                publisher.publish(&topic, qos, numbered(50));
                // QoS 0 leaves with the next round trip.
                publisher.publish("elsewhere", 1, ["flush"]);
                assert_eq!(subscriber.payloads(50), numbered(50), "{}", id("from"));
            }
        }
    }
}

/// A session with messages waiting for it, taken through `outage`; returns what its owner finds after the restart.
pub(crate) fn session_after(
    broker: &mut dyn Broker,
    version: Version,
    outage: fn(&mut dyn Broker),
) -> Option<Vec<String>> {
    let mut owner = Client::connect(version, broker.address(), "owner", Session::Kept);
    assert!(!owner.session_present, "nobody had a session before");
    owner.subscribe("alarms/#", 1);
    owner.leave();
    let mut publisher = Client::connect(version, broker.address(), "publisher", Session::Clean);
    publisher.publish("alarms/bed-1", 1, numbered(5));
    publisher.leave();

    outage(broker);

    let mut owner = Client::connect(version, broker.address(), "owner", Session::Kept);
    owner.session_present.then(|| owner.payloads(5))
}

pub(crate) fn stop_and_restart(broker: &mut dyn Broker) {
    broker.stop().expect("a running broker stops");
    broker.restart().expect("a stopped broker starts again");
}

/// Connections break on a stop and on a kill; the port is refused meanwhile and the same afterwards.
pub(crate) fn outages_end_on_the_same_port(broker: &mut dyn Broker) {
    let address = broker.address().clone();
    let reach = || TcpStream::connect((address.host.as_str(), address.port));
    for outage in [<dyn Broker>::stop, <dyn Broker>::kill] {
        let mut clients =
            VERSIONS.map(|version| Client::connect(version, &address, &format!("device-{version:?}"), Session::Clean));
        outage(broker).expect("a running broker can be ended");
        outage(broker).expect("ending it twice has no effect");
        assert_eq!(broker.process_id(), None);
        for client in &mut clients {
            client.await_close();
        }
        assert_eq!(reach().expect_err("nobody listens").kind(), std::io::ErrorKind::ConnectionRefused);

        broker.restart().expect("an ended broker starts again");
        assert_eq!(broker.address(), &address);
        messages_pass_between_versions(broker);
    }
    broker.restart().expect("a running broker restarts");
    messages_pass_between_versions(broker);
}

/// More messages than brokers hold by default (Mosquitto 1000, mqtt5 10,000) wait for a session, and none is lost.
pub(crate) fn a_long_queue_is_kept(broker: &mut dyn Broker) {
    const MESSAGES: usize = 12_000;
    let mut owner = Client::connect(Version::V4, broker.address(), "archive", Session::Kept);
    owner.subscribe("vitals", 1);
    owner.leave();
    let mut publisher = Client::connect(Version::V4, broker.address(), "publisher", Session::Clean);
    publisher.publish("vitals", 1, numbered(MESSAGES));
    let mut owner = Client::connect(Version::V4, broker.address(), "archive", Session::Kept);
    assert!(owner.session_present);
    assert_eq!(owner.payloads(MESSAGES), numbered(MESSAGES));
}

//! One small blocking client for both protocol versions, on rumqttc.

use std::time::{Duration, Instant};

use rumqttc::{mqttbytes, v5};
use stack::BrokerAddress;

/// A hang becomes a failure after this; nothing here takes more than a second on an idle machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Requests waiting for rumqttc's event loop; more than any test makes before it listens.
const REQUESTS: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V4,
    V5,
}

pub(crate) const VERSIONS: [Version; 2] = [Version::V4, Version::V5];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    Clean,
    Kept,
}

#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Connected { session_present: bool },
    Subscribed,
    Acknowledged,
    Message(String, Vec<u8>),
    Closed,
    Nothing,
}

enum Link {
    V4(rumqttc::Client, Box<rumqttc::Connection>),
    V5(v5::Client, Box<v5::Connection>),
}

pub(crate) struct Client {
    link: Link,
    pub(crate) session_present: bool,
}

impl Client {
    /// Connects and waits for the CONNACK.
    pub(crate) fn connect(version: Version, address: &BrokerAddress, id: &str, session: Session) -> Self {
        let kept = session == Session::Kept;
        let link = match version {
            Version::V4 => {
                let mut options = rumqttc::MqttOptions::new(id, &address.host, address.port);
                options.set_clean_session(!kept).set_max_packet_size(1 << 20, 1 << 20);
                let (client, connection) = rumqttc::Client::new(options, REQUESTS);
                Link::V4(client, Box::new(connection))
            }
            Version::V5 => {
                let mut options = v5::MqttOptions::new(id, &address.host, address.port);
                options.set_clean_start(!kept).set_session_expiry_interval(kept.then_some(3600));
                options.set_outgoing_inflight_upper_limit(100);
                let (client, connection) = v5::Client::new(options, REQUESTS);
                Link::V5(client, Box::new(connection))
            }
        };
        let mut client = Self { link, session_present: false };
        client.session_present = client.await_event("a CONNACK", |heard| match heard {
            Heard::Connected { session_present } => Some(session_present),
            _ => None,
        });
        client
    }

    /// Subscribes and waits for the SUBACK.
    pub(crate) fn subscribe(&mut self, filter: &str, qos: u8) {
        match &self.link {
            Link::V4(client, _) => client.subscribe(filter, qos_v4(qos)).expect("the request queue has room"),
            Link::V5(client, _) => client.subscribe(filter, qos_v5(qos)).expect("the request queue has room"),
        }
        self.await_event("a SUBACK", |heard| (heard == Heard::Subscribed).then_some(()));
    }

    /// Publishes; QoS 1 messages are acknowledged when this returns.
    pub(crate) fn publish<P: AsRef<[u8]>>(&mut self, topic: &str, qos: u8, payloads: impl IntoIterator<Item = P>) {
        let mut owed = 0;
        for payload in payloads {
            let payload = payload.as_ref().to_vec();
            match &self.link {
                Link::V4(client, _) => client.publish(topic, qos_v4(qos), false, payload),
                Link::V5(client, _) => client
                    .publish(topic, qos_v5(qos), false, payload)
                    .map_err(|_| rumqttc::ClientError::Request(rumqttc::Request::Disconnect(rumqttc::Disconnect))),
            }
            .expect("the request queue has room");
            owed += u32::from(qos > 0);
        }
        for _ in 0..owed {
            self.await_event("a PUBACK", |heard| (heard == Heard::Acknowledged).then_some(()));
        }
    }

    /// The next message: topic and payload.
    pub(crate) fn message(&mut self) -> (String, Vec<u8>) {
        self.await_event("a message", |heard| match heard {
            Heard::Message(topic, payload) => Some((topic, payload)),
            _ => None,
        })
    }

    /// The payloads of the next messages, as text.
    pub(crate) fn payloads(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| String::from_utf8(self.message().1).expect("the tests publish text")).collect()
    }

    /// Waits until the connection breaks.
    pub(crate) fn await_close(&mut self) {
        self.await_event("the end of the connection", |heard| (heard == Heard::Closed).then_some(()));
    }

    /// Leaves with a DISCONNECT and waits until the server has closed the connection.
    pub(crate) fn leave(mut self) {
        match &self.link {
            Link::V4(client, _) => client.disconnect().expect("the request queue has room"),
            Link::V5(client, _) => client.disconnect().expect("the request queue has room"),
        }
        self.await_close();
    }

    fn await_event<T>(&mut self, expected: &str, mut pick: impl FnMut(Heard) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let heard = self.hear(left).unwrap_or_else(|| panic!("{expected} did not come within {PATIENCE:?}"));
            let is_broken = heard == Heard::Closed;
            if let Some(found) = pick(heard) {
                return found;
            }
            assert!(!is_broken, "the connection broke while waiting for {expected}");
        }
    }

    fn hear(&mut self, timeout: Duration) -> Option<Heard> {
        match &mut self.link {
            Link::V4(_, connection) => connection.recv_timeout(timeout).ok().map(heard_v4),
            Link::V5(_, connection) => connection.recv_timeout(timeout).ok().map(heard_v5),
        }
    }
}

fn heard_v4(event: Result<rumqttc::Event, rumqttc::ConnectionError>) -> Heard {
    use rumqttc::{Event, Packet};
    match event {
        Ok(Event::Incoming(Packet::ConnAck(ack))) => Heard::Connected { session_present: ack.session_present },
        Ok(Event::Incoming(Packet::SubAck(_))) => Heard::Subscribed,
        Ok(Event::Incoming(Packet::PubAck(_))) => Heard::Acknowledged,
        Ok(Event::Incoming(Packet::Publish(publish))) => Heard::Message(publish.topic, publish.payload.to_vec()),
        Ok(_) => Heard::Nothing,
        Err(_) => Heard::Closed,
    }
}

fn heard_v5(event: Result<v5::Event, v5::ConnectionError>) -> Heard {
    use v5::mqttbytes::v5::Packet;
    match event {
        Ok(v5::Event::Incoming(Packet::ConnAck(ack))) => Heard::Connected { session_present: ack.session_present },
        Ok(v5::Event::Incoming(Packet::SubAck(_))) => Heard::Subscribed,
        Ok(v5::Event::Incoming(Packet::PubAck(_))) => Heard::Acknowledged,
        Ok(v5::Event::Incoming(Packet::Publish(publish))) => {
            Heard::Message(String::from_utf8_lossy(&publish.topic).into_owned(), publish.payload.to_vec())
        }
        Ok(_) => Heard::Nothing,
        Err(_) => Heard::Closed,
    }
}

fn qos_v4(qos: u8) -> mqttbytes::QoS {
    mqttbytes::qos(qos).expect("QoS is 0, 1 or 2")
}

fn qos_v5(qos: u8) -> v5::mqttbytes::QoS {
    v5::mqttbytes::qos(qos).expect("QoS is 0, 1 or 2")
}

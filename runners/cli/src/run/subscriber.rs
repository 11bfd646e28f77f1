//! An ordinary MQTT client that subscribes and stays subscribed: the eyes of probes and of the commander.

use std::time::Duration;

use fleet::Pace;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS, SubscribeReasonCode};
use tokio::sync::oneshot;

/// Wait before the next attempt after a lost connection. Short, because what a broker without a session for the
/// subscriber receives meanwhile is gone; a refused connection on loopback or in a site's network is cheap.
const RETRY: Duration = Duration::from_millis(20);

/// Largest packet taken [byte]; the protocol's own limit.
const LARGEST_PACKET: usize = 268_435_455;

/// Where and how to subscribe.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    /// Broker.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Client id.
    pub(crate) client_id: String,
    /// Name and password.
    pub(crate) auth: Option<(String, String)>,
    /// Topic filters.
    pub(crate) filters: Vec<String>,
    /// Delivery level asked for.
    pub(crate) qos: u8,
}

impl Subscription {
    /// The client and its event loop; the session outlives lost connections.
    pub(crate) fn client(&self) -> (AsyncClient, EventLoop) {
        let mut options = MqttOptions::new(&self.client_id, &self.host, self.port);
        options.set_clean_session(false);
        options.set_keep_alive(Duration::from_secs(30));
        options.set_max_packet_size(LARGEST_PACKET, LARGEST_PACKET);
        if let Some((user, password)) = &self.auth {
            options.set_credentials(user, password);
        }
        let (client, mut event_loop) = AsyncClient::new(options, 1024);
        let mut network = event_loop.network_options();
        network.set_connection_timeout(5);
        network.set_tcp_nodelay(true);
        event_loop.set_network_options(network);
        (client, event_loop)
    }

    /// Polls for ever: subscribes on every connection, calls `seen` with each message, tells `ready` once when the
    /// broker granted every filter for the first time, or why not.
    pub(crate) async fn follow(
        self,
        client: AsyncClient,
        mut event_loop: EventLoop,
        pace: Pace,
        ready: oneshot::Sender<Result<(), String>>,
        mut seen: impl FnMut(Publish, i64),
    ) {
        let mut ready = Some(ready);
        let mut granted = 0;
        loop {
            match event_loop.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    granted = 0;
                    let filters = self
                        .filters
                        .iter()
                        .map(|filter| rumqttc::SubscribeFilter::new(filter.clone(), quality(self.qos)));
                    // The queue of requests is empty right after a connect, and the loop is being polled.
                    if let Err(error) = client.try_subscribe_many(filters)
                        && let Some(ready) = ready.take()
                    {
                        let _ = ready.send(Err(error.to_string()));
                    }
                }
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    granted += answer.return_codes.len();
                    let refused = answer.return_codes.contains(&SubscribeReasonCode::Failure);
                    if (refused || granted >= self.filters.len())
                        && let Some(ready) = ready.take()
                    {
                        let outcome =
                            if refused { Err("the broker refused the subscription".to_owned()) } else { Ok(()) };
                        let _ = ready.send(outcome);
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => seen(publish, pace.now_ns()),
                Ok(_) => {}
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }
}

impl Subscription {
    /// Removes the session from the broker: connects once more with a clean session and disconnects.
    pub(crate) async fn forget(&self) {
        let mut options = MqttOptions::new(&self.client_id, &self.host, self.port);
        options.set_clean_session(true);
        if let Some((user, password)) = &self.auth {
            options.set_credentials(user, password);
        }
        let (client, mut event_loop) = AsyncClient::new(options, 4);
        while let Ok(event) = event_loop.poll().await {
            match event {
                Event::Incoming(Packet::ConnAck(_)) => drop(client.try_disconnect()),
                Event::Outgoing(rumqttc::Outgoing::Disconnect) => return,
                _ => {}
            }
        }
    }
}

/// The delivery level as the client library names it.
pub(crate) fn quality(qos: u8) -> QoS {
    match qos {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}

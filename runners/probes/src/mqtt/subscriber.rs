//! An ordinary MQTT client that subscribes and stays subscribed.

use std::time::Duration;

use carriers::Pace;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS, SubscribeReasonCode};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{ProbeError, Sight, Sighting};

/// Wait before the next attempt after a lost connection. Short, because what a broker without a session for the
/// subscriber receives meanwhile is gone; a refused connection on loopback or in a site's network is cheap.
const RETRY: Duration = Duration::from_millis(20);

/// Largest packet taken [byte]; the protocol's own limit.
const LARGEST_PACKET: usize = 268_435_455;

/// Longest wait for a broker to grant the subscriptions.
const PATIENCE: Duration = Duration::from_secs(8);

/// How often a quiet connection is tried: so long at most is it in doubt when a connection has ended without a word.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Longest time for removing a session; a broker that is gone keeps nothing that could be removed.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where and how to subscribe.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Broker.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Client id.
    pub client_id: String,
    /// Name and password.
    pub auth: Option<(String, String)>,
    /// Topic filters.
    pub filters: Vec<String>,
    /// Delivery level asked for.
    pub qos: u8,
}

impl Subscription {
    /// The client and its event loop; the session outlives lost connections.
    fn client(&self) -> (AsyncClient, EventLoop) {
        let mut options = MqttOptions::new(&self.client_id, &self.host, self.port);
        options.set_clean_session(false);
        options.set_keep_alive(KEEP_ALIVE);
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

    /// Polls for ever: subscribes on every connection, calls `seen` with each message and `sight` when it cannot see and
    /// when it can again, tells `ready` once when the broker granted every filter for the first time, or why not.
    async fn follow(
        self,
        client: AsyncClient,
        mut event_loop: EventLoop,
        pace: Pace,
        ready: oneshot::Sender<Result<(), String>>,
        mut seen: impl FnMut(Sighting),
        mut sight: impl FnMut(Sight),
    ) {
        let mut ready = Some(ready);
        let mut granted = 0;
        let mut last_heard = pace.now_ns();
        let mut is_blind = false;
        loop {
            let event = event_loop.poll().await;
            if let Err(error) = &event
                && ready.is_none()
                && !is_blind
            {
                is_blind = true;
                sight(Sight::Lost { since: last_heard, reason: error.to_string() });
            }
            if matches!(event, Ok(Event::Incoming(_))) {
                last_heard = pace.now_ns();
            }
            match event {
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
                    if is_blind && !refused && granted >= self.filters.len() {
                        is_blind = false;
                        sight(Sight::Back { at: pace.now_ns() });
                    }
                    if (refused || granted >= self.filters.len())
                        && let Some(ready) = ready.take()
                    {
                        let outcome =
                            if refused { Err("the broker refused the subscription".to_owned()) } else { Ok(()) };
                        let _ = ready.send(outcome);
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    let sighting = Sighting::publication(publish.topic, publish.payload, pace.now_ns());
                    seen(sighting.retained(publish.retain).redelivered(publish.dup));
                }
                // Its own wish: what follows is nothing that it could not see.
                Ok(Event::Outgoing(Outgoing::Disconnect)) => return,
                Ok(_) => {}
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }

    /// Removes the session from the broker: connects once more with a clean session and disconnects.
    async fn forget(&self) {
        let mut options = MqttOptions::new(&self.client_id, &self.host, self.port);
        options.set_clean_session(true);
        if let Some((user, password)) = &self.auth {
            options.set_credentials(user, password);
        }
        let (client, mut event_loop) = AsyncClient::new(options, 4);
        while let Ok(event) = event_loop.poll().await {
            match event {
                Event::Incoming(Packet::ConnAck(_)) => drop(client.try_disconnect()),
                Event::Outgoing(Outgoing::Disconnect) => return,
                _ => {}
            }
        }
    }
}

/// A subscription being followed, with the session that it keeps at its broker.
#[derive(Debug)]
pub struct Subscriber {
    subscription: Subscription,
    client: AsyncClient,
    task: JoinHandle<()>,
    granted: oneshot::Receiver<Result<(), String>>,
}

impl Subscriber {
    /// Begins to follow; `seen` gets each message, `sight` word of when it cannot see.
    pub fn begin(
        subscription: Subscription,
        pace: Pace,
        runtime: &Handle,
        seen: impl FnMut(Sighting) + Send + 'static,
        sight: impl FnMut(Sight) + Send + 'static,
    ) -> Self {
        let (client, event_loop) = subscription.client();
        let (ready, granted) = oneshot::channel();
        let task = runtime.spawn(subscription.clone().follow(client.clone(), event_loop, pace, ready, seen, sight));
        Self { subscription, client, task, granted }
    }

    /// Waits until the broker granted every filter.
    ///
    /// # Errors
    /// [`ProbeError`] when it does not, or not in time.
    pub fn wait_granted(&mut self, runtime: &Handle) -> Result<(), ProbeError> {
        let outcome = runtime.block_on(async { tokio::time::timeout(PATIENCE, &mut self.granted).await });
        match outcome {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(reason))) => Err(ProbeError::Refused { reason }),
            Ok(Err(_)) | Err(_) => Err(ProbeError::TooLate { limit_s: PATIENCE.as_secs() }),
        }
    }

    /// Publishes through the same client.
    pub fn publisher(&self) -> Publisher {
        Publisher(self.client.clone())
    }

    /// Ends the client and removes its session from the broker.
    pub fn stop(self, runtime: &Handle) {
        // The connection goes down with its task either way; the broker sees a clean end if there is time.
        let _ = self.client.try_disconnect();
        self.task.abort();
        runtime.block_on(async {
            let _ = tokio::time::timeout(FAREWELL, self.subscription.forget()).await;
        });
    }
}

/// Publishes through the client of a subscriber.
#[derive(Debug, Clone)]
pub struct Publisher(AsyncClient);

impl Publisher {
    /// Publishes at `QoS` 1. A client that was stopped has nothing more to say.
    pub async fn publish(&self, topic: String, payload: Vec<u8>) {
        let _ = self.0.publish(topic, quality(1), false, payload).await;
    }
}

/// The delivery level as the client library names it.
fn quality(qos: u8) -> QoS {
    match qos {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}

//! An ordinary MQTT client that subscribes and stays subscribed: the eyes of probes and of the commander.

use std::time::Duration;

use fleet::Pace;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS, SubscribeReasonCode};
use scenarios::Plan;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::stack::Stack;
use crate::failure::Failure;

/// Wait before the next attempt after a lost connection. Short, because what a broker without a session for the
/// subscriber receives meanwhile is gone; a refused connection on loopback or in a site's network is cheap.
const RETRY: Duration = Duration::from_millis(20);

/// Largest packet taken [byte]; the protocol's own limit.
const LARGEST_PACKET: usize = 268_435_455;

/// Longest wait for a broker to grant the subscriptions.
const PATIENCE: Duration = Duration::from_secs(8);

/// Longest time for removing a session; a broker that is gone keeps nothing that could be removed.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where and how to subscribe.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    /// Target id, for messages.
    target: String,
    /// Broker.
    host: String,
    /// Its port.
    port: u16,
    /// Client id.
    client_id: String,
    /// Name and password.
    auth: Option<(String, String)>,
    /// Topic filters.
    filters: Vec<String>,
    /// Delivery level asked for.
    qos: u8,
}

impl Subscription {
    /// A subscription at a target of the plan, with the name and password of the first link that goes there.
    pub(crate) fn at(
        plan: &Plan,
        stack: &Stack,
        target: usize,
        client_id: String,
        filters: Vec<String>,
        qos: u8,
    ) -> Self {
        let (host, port) = stack.address(target);
        let link = plan.links.iter().find(|link| link.target == target);
        let auth = link.and_then(|link| link.auth.as_ref());
        Self {
            target: plan.targets[target].id.clone(),
            host: host.to_owned(),
            port,
            client_id,
            auth: auth.map(|auth| (auth.user.clone(), auth.password.clone())),
            filters,
            qos,
        }
    }

    /// The client and its event loop; the session outlives lost connections.
    fn client(&self) -> (AsyncClient, EventLoop) {
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
    async fn follow(
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
                Event::Outgoing(rumqttc::Outgoing::Disconnect) => return,
                _ => {}
            }
        }
    }
}

/// A subscription being followed, with the session that it keeps at its broker.
#[derive(Debug)]
pub(crate) struct Watch {
    subscription: Subscription,
    client: AsyncClient,
    task: JoinHandle<()>,
    granted: oneshot::Receiver<Result<(), String>>,
}

impl Watch {
    /// Begins to follow; `seen` gets each message and when it was seen [ns of wall clock since the origin].
    pub(crate) fn begin(
        subscription: Subscription,
        pace: Pace,
        runtime: &Handle,
        seen: impl FnMut(Publish, i64) + Send + 'static,
    ) -> Self {
        let (client, event_loop) = subscription.client();
        let (ready, granted) = oneshot::channel();
        let task = runtime.spawn(subscription.clone().follow(client.clone(), event_loop, pace, ready, seen));
        Self { subscription, client, task, granted }
    }

    /// Waits until the broker granted every filter.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when it does not, or not in time.
    pub(crate) fn wait_granted(&mut self, runtime: &Handle) -> Result<(), Failure> {
        let outcome = runtime.block_on(async { tokio::time::timeout(PATIENCE, &mut self.granted).await });
        let reason = match outcome {
            Ok(Ok(Ok(()))) => return Ok(()),
            Ok(Ok(Err(reason))) => reason,
            Ok(Err(_)) | Err(_) => format!("no subscription within {} s", PATIENCE.as_secs()),
        };
        Err(Failure::Unreachable { target: self.subscription.target.clone(), reason })
    }

    /// The client, to publish with.
    pub(crate) fn client(&self) -> &AsyncClient {
        &self.client
    }

    /// Ends the client and removes its session from the broker.
    pub(crate) fn stop(self, runtime: &Handle) {
        // The connection goes down with its task either way; the broker sees a clean end if there is time.
        let _ = self.client.try_disconnect();
        self.task.abort();
        runtime.block_on(async {
            let _ = tokio::time::timeout(FAREWELL, self.subscription.forget()).await;
        });
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

//! Devices and fleets as the tests need them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use carriers::{CarrierEvent, ConnectionConfig, Fleet, FleetConfig, FleetEvents, Pace, RouteConfig};
use scenarios::{Backoff, BackoffKind, Mqtt5Plan, OutboxFull, OutboxPlan, Protocol, SessionPlan};
use sim_core::{Key, Outbound, RouteId, SimId, SimTime, Span};

/// Long enough for a loaded machine; nothing waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One device; route `n` belongs to device `n`.
pub(crate) fn connection(device: u32, protocol: Protocol) -> ConnectionConfig {
    ConnectionConfig {
        device: SimId(device),
        client_id: format!("device-{device}"),
        protocol,
        mqtt5: Mqtt5Plan::default(),
        session: SessionPlan {
            clean: true,
            expiry: Span::ZERO,
            keep_alive: Span::from_secs(30),
            backoff: Backoff { kind: BackoffKind::Fixed, initial: Span::from_millis(5), longest: Span::from_millis(5) },
            inflight: 20,
        },
        outbox: OutboxPlan { messages: 1_000, full: OutboxFull::DropOldest },
        will: None,
        auth: None,
        token: None,
        tls: None,
        command_topic: None,
        command_qos: 1,
        reply_topic: None,
        format_terms: None,
        key: Key::new(1, &format!("ward/{device}/monitor")),
    }
}

pub(crate) fn routes(count: u32, qos: u8) -> Arc<Vec<RouteConfig>> {
    Arc::new(
        (0..count)
            .map(|device| RouteConfig { topic: format!("w/{device}"), qos, retain: false, properties: None })
            .collect(),
    )
}

/// A fleet of one lane that started now.
pub(crate) fn start(
    port: u16,
    connections: Vec<ConnectionConfig>,
    routes: Arc<Vec<RouteConfig>>,
) -> (Fleet, FleetEvents, Pace) {
    let config = FleetConfig { lanes: Some(1), ..FleetConfig::new("127.0.0.1", port, connections, routes) };
    let pace = Pace::real(Instant::now());
    let (fleet, events) = Fleet::start(config, pace, &tokio::runtime::Handle::current()).unwrap();
    (fleet, events, pace)
}

pub(crate) fn message(device: u32, sequence: u64, intended: SimTime, payload: Bytes) -> Outbound {
    Outbound { device: SimId(device), route: RouteId(device), sequence, intended, payload, relay: None }
}

/// A message that is due at once; its payload is its sequence number.
pub(crate) fn message_now(device: u32, sequence: u64) -> Outbound {
    message(device, sequence, SimTime::ZERO, Bytes::from(sequence.to_string()))
}

/// Reads events until one is `wanted`, and returns all of them up to its batch.
pub(crate) async fn events_until(
    events: &mut FleetEvents,
    mut wanted: impl FnMut(&CarrierEvent) -> bool,
) -> Vec<CarrierEvent> {
    let mut seen: Vec<CarrierEvent> = Vec::new();
    loop {
        let next = tokio::time::timeout(PATIENCE, events.recv()).await;
        let batch = next.unwrap_or_else(|_| panic!("the event did not come; seen: {seen:?}"));
        let batch = batch.unwrap_or_else(|| panic!("the fleet ended; seen: {seen:?}"));
        let found = batch.iter().any(&mut wanted);
        seen.extend(batch);
        if found {
            return seen;
        }
    }
}

/// All remaining events of a fleet that has ended.
pub(crate) async fn remaining(mut events: FleetEvents) -> Vec<CarrierEvent> {
    let mut seen = Vec::new();
    while let Some(batch) = events.recv().await {
        seen.extend(batch);
    }
    seen
}

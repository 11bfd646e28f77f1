//! Counts what clients publish, in the broker's own path, before routing.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mqtt5::broker::{BrokerEventHandler, ClientPublishEvent, PublishAction};

use crate::control::IngressCount;

/// Running totals. They outlive the incarnations of a broker, which all count into the same.
#[derive(Debug, Default)]
pub(super) struct IngressTally {
    publishes: AtomicU64,
    payload_bytes: AtomicU64,
}

impl IngressTally {
    /// The two numbers are read one after the other: between messages they belong together, within one they may not.
    pub(super) fn count(&self) -> IngressCount {
        IngressCount {
            publishes: self.publishes.load(Ordering::Acquire),
            payload_bytes: self.payload_bytes.load(Ordering::Acquire),
        }
    }
}

/// Hears of every PUBLISH before it is routed and, for QoS 1, before it is acknowledged: a count read after the
/// acknowledgement contains the message.
pub(super) struct IngressTap(pub(super) Arc<IngressTally>);

impl BrokerEventHandler for IngressTap {
    fn on_client_publish<'a>(
        &'a self,
        event: ClientPublishEvent,
    ) -> Pin<Box<dyn Future<Output = PublishAction> + Send + 'a>> {
        self.0.payload_bytes.fetch_add(event.payload.len() as u64, Ordering::AcqRel);
        self.0.publishes.fetch_add(1, Ordering::AcqRel);
        Box::pin(ready(PublishAction::Continue))
    }
}

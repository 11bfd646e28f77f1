//! Counts what the broker throws away.
//!
//! `mqtt5` keeps no count of it: a QoS 0 message that finds a subscriber's lane full leaves a trace event in the router,
//! an evicted message of a session's queue a warning. Its threads are therefore given a listener for exactly these two
//! call sites, told apart by module, level and field names. All others are declined once, when they are first met, and
//! cost what they cost without a listener. The version is pinned, and tests fill a lane and a queue: an update that words
//! these events otherwise is noticed.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_core::dispatcher::{self, DefaultGuard};
use tracing_core::field::{Field, Visit};
use tracing_core::span;
use tracing_core::subscriber::Interest;
use tracing_core::{Dispatch, Event, Level, LevelFilter, Metadata, Subscriber};

use crate::control::DroppedCount;

/// Running totals. They outlive the incarnations of a broker, which all count into the same.
#[derive(Debug, Default)]
pub(super) struct DropTally {
    qos0: AtomicU64,
    queued: AtomicU64,
}

impl DropTally {
    pub(super) fn count(&self) -> DroppedCount {
        DroppedCount { qos0: self.qos0.load(Ordering::Acquire), queued: self.queued.load(Ordering::Acquire) }
    }
}

thread_local! {
    /// Keeps the listener of a broker's thread in place until the thread ends.
    static LISTENING: Cell<Option<DefaultGuard>> = const { Cell::new(None) };
}

/// What each thread of a broker's runtime has to call when it starts.
pub(super) fn listener(tally: Arc<DropTally>) -> impl Fn() + Send + Sync + 'static {
    let dispatch = Dispatch::new(DropListener(tally));
    move || LISTENING.set(Some(dispatcher::set_default(&dispatch)))
}

struct DropListener(Arc<DropTally>);

/// The two call sites that tell of a loss.
enum Loss {
    /// One QoS 0 message.
    Lane,
    /// As many queued messages as the field `dropped` says.
    Queue,
}

impl Loss {
    fn told_by(metadata: &Metadata<'_>) -> Option<Self> {
        let has_fields = |names: &[&str]| {
            let fields = metadata.fields();
            fields.len() == names.len() && names.iter().all(|name| fields.field(name).is_some())
        };
        match (metadata.target(), *metadata.level()) {
            ("mqtt5::broker::router", Level::TRACE) if has_fields(&["client_id", "message"]) => Some(Self::Lane),
            ("mqtt5::broker::storage::client_queue", Level::WARN)
                if has_fields(&["client_id", "dropped", "message"]) =>
            {
                Some(Self::Queue)
            }
            _ => None,
        }
    }
}

impl Subscriber for DropListener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Loss::told_by(metadata).is_some() { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        Loss::told_by(metadata).is_some()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event(&self, event: &Event<'_>) {
        match Loss::told_by(event.metadata()) {
            Some(Loss::Lane) => {
                self.0.qos0.fetch_add(1, Ordering::AcqRel);
            }
            Some(Loss::Queue) => {
                let mut evicted = Evicted::default();
                event.record(&mut evicted);
                self.0.queued.fetch_add(evicted.messages, Ordering::AcqRel);
            }
            None => {}
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        // No span is enabled here, so nobody tells ids apart.
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The field `dropped` of a queue's warning.
#[derive(Default)]
struct Evicted {
    messages: u64,
}

impl Visit for Evicted {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "dropped" {
            self.messages = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

//! Where the events of a run come together: the ledger and whoever else listens, in a thread of their own on the wall
//! clock, at once in virtual time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use carriers::CarrierEvent;
use scenarios::Plan;
use sim_core::{Registry, SimId, SimTime};
use verify::{Event, Ledger, LedgerLimits};

use crate::events::from_carrier;
use crate::observer::Progress;

/// Rest between two looks at what has come.
const REST: Duration = Duration::from_millis(5);

/// Reads the events of a run, in the order in which they come together: a probe's may overtake those of the connection
/// that wrote the message, but a message is always generated before anything else happens to it.
pub trait Consumer: Send {
    /// Takes the next event.
    fn take(&mut self, event: &Event);
}

/// Everybody who reads the events.
struct Consumers {
    ledger: Ledger,
    others: Vec<Box<dyn Consumer>>,
    live: Arc<LiveCounts>,
}

/// Live counts, for people and for the end of the drain.
#[derive(Debug, Default)]
struct LiveCounts {
    under_way: AtomicU64,
    generated: AtomicU64,
    sent: AtomicU64,
    delivered: AtomicU64,
    online: AtomicU64,
}

/// Some events, as they come.
enum Batch {
    Events(Vec<Event>),
    Carried(Vec<CarrierEvent>),
    Close,
}

/// Tells events; clones tell the same consumers.
#[derive(Clone)]
pub(crate) struct Teller(Way);

#[derive(Clone)]
enum Way {
    ToThread(Sender<Batch>),
    AtOnce(Arc<Mutex<Option<Consumers>>>),
}

impl Teller {
    /// Tells what happened.
    pub(crate) fn tell(&self, events: Vec<Event>) {
        if !events.is_empty() {
            self.pass(Batch::Events(events));
        }
    }

    /// Tells what a carrier reports.
    pub(crate) fn tell_carried(&self, events: Vec<CarrierEvent>) {
        if !events.is_empty() {
            self.pass(Batch::Carried(events));
        }
    }

    fn pass(&self, batch: Batch) {
        match &self.0 {
            // When nobody reads any more the run is over.
            Way::ToThread(sender) => drop(sender.send(batch)),
            Way::AtOnce(consumers) => {
                if let Some(consumers) = &mut *consumers.lock().unwrap_or_else(PoisonError::into_inner) {
                    consumers.take(batch);
                    consumers.refresh();
                }
            }
        }
    }
}

/// The consumers of a run and what others need of them.
pub(crate) struct Judge {
    teller: Teller,
    live: Arc<LiveCounts>,
    thread: Option<JoinHandle<Ledger>>,
}

impl Judge {
    /// Events are read in a thread of their own.
    ///
    /// # Errors
    /// The system's, when it has no thread left.
    pub(crate) fn in_thread(
        plan: Arc<Plan>,
        registry: &Registry,
        members: &[SimId],
        others: Vec<Box<dyn Consumer>>,
    ) -> std::io::Result<Self> {
        let consumers = Consumers::new(plan, registry, members, others);
        let live = Arc::clone(&consumers.live);
        let (sender, batches) = channel();
        let read = move || consumers.read(&batches);
        let thread = std::thread::Builder::new().name("judge".to_owned()).spawn(read)?;
        Ok(Self { teller: Teller(Way::ToThread(sender)), live, thread: Some(thread) })
    }

    /// Events are read as they are told.
    pub(crate) fn at_once(
        plan: Arc<Plan>,
        registry: &Registry,
        members: &[SimId],
        others: Vec<Box<dyn Consumer>>,
    ) -> Self {
        let consumers = Consumers::new(plan, registry, members, others);
        let live = Arc::clone(&consumers.live);
        Self { teller: Teller(Way::AtOnce(Arc::new(Mutex::new(Some(consumers))))), live, thread: None }
    }

    /// Tells the consumers what happened.
    pub(crate) fn tell(&self, events: Vec<Event>) {
        self.teller.tell(events);
    }

    /// Tells them from elsewhere.
    pub(crate) fn teller(&self) -> Teller {
        self.teller.clone()
    }

    /// Messages of which not everything is known yet.
    pub(crate) fn under_way(&self) -> u64 {
        self.live.under_way.load(Ordering::Relaxed)
    }

    /// How far the run is at a simulated instant.
    pub(crate) fn progress(&self, plan: &Plan, reached: SimTime) -> Progress {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Progress {
            reached,
            length: plan.time.length,
            under_way: self.under_way(),
            generated: read(&self.live.generated),
            sent: read(&self.live.sent),
            delivered: read(&self.live.delivered),
            online: read(&self.live.online),
        }
    }

    /// Ends the reading, once everything told so far is read, and gives the ledger back.
    pub(crate) fn close(self) -> Ledger {
        let Self { teller, thread, .. } = self;
        match (teller.0, thread) {
            (Way::ToThread(sender), Some(thread)) => {
                // The thread only ends after this batch, so the channel is open.
                let _ = sender.send(Batch::Close);
                match thread.join() {
                    Ok(ledger) => ledger,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            (Way::AtOnce(consumers), _) => {
                let consumers = consumers.lock().unwrap_or_else(PoisonError::into_inner).take();
                consumers.expect("a judge is closed once").ledger
            }
            (Way::ToThread(_), None) => unreachable!("a judge that is told through a channel has a thread"),
        }
    }
}

impl Consumers {
    fn new(plan: Arc<Plan>, registry: &Registry, members: &[SimId], others: Vec<Box<dyn Consumer>>) -> Self {
        let ledger = Ledger::new(plan, registry, LedgerLimits::default()).of_part(members);
        Self { ledger, others, live: Arc::default() }
    }

    /// Reads everything that has come, rests, and looks again. Events carry their own instants, so nothing depends on
    /// when they are read; a rest spares each teller the waking of a sleeping thread.
    fn read(mut self, batches: &Receiver<Batch>) -> Ledger {
        loop {
            while let Ok(batch) = batches.try_recv() {
                if matches!(batch, Batch::Close) {
                    return self.ledger;
                }
                self.take(batch);
            }
            self.refresh();
            std::thread::sleep(REST);
        }
    }

    fn take(&mut self, batch: Batch) {
        match batch {
            Batch::Events(events) => events.iter().for_each(|event| self.take_event(event)),
            Batch::Carried(events) => {
                for event in events {
                    self.take_event(&from_carrier(event));
                }
            }
            Batch::Close => {}
        }
    }

    fn take_event(&mut self, event: &Event) {
        self.ledger.take(event).expect("the simulation numbers messages of known routes in ascending order");
        for other in &mut self.others {
            other.take(event);
        }
    }

    fn refresh(&self) {
        let totals = self.ledger.totals();
        self.live.under_way.store(self.ledger.under_way() as u64, Ordering::Relaxed);
        self.live.generated.store(totals.counts.generated, Ordering::Relaxed);
        self.live.sent.store(totals.counts.sent, Ordering::Relaxed);
        self.live.delivered.store(totals.counts.delivered, Ordering::Relaxed);
        self.live.online.store(self.ledger.online(), Ordering::Relaxed);
    }
}

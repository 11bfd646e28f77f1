//! The judge: one thread that hears everybody and keeps the ledger.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use carriers::{FleetEvent, Pace};
use probes::Sighting;
use scenarios::Plan;
use sim_core::{Outbound, Registry, RouteId, SimTime};
use verify::{Ledger, Limits};

use crate::airwaves::{AirNews, tell_links};
use crate::observer::Progress;

/// Rest between two hearings.
const REST: Duration = Duration::from_millis(5);

/// Something the judge is told.
#[derive(Debug)]
pub(crate) enum Testimony {
    /// The devices said these messages.
    Generated(Vec<Outbound>),
    /// The devices said these messages over the radio.
    Said(Vec<Spoken>),
    /// What the air has brought.
    Air(AirNews),
    /// A fleet's report.
    Fleet(Vec<FleetEvent>),
    /// A probe, by its index, saw a message.
    Observed(usize, Sighting),
    /// The run is over.
    Close,
}

/// A message said over the radio, whose wording is the gateways' business.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spoken {
    /// Its route.
    pub(crate) route: RouteId,
    /// Its sequence number.
    pub(crate) sequence: u64,
    /// When the device meant to say it.
    pub(crate) intended: SimTime,
}

/// Live counts for people and for the end of the drain.
#[derive(Debug, Default)]
pub(crate) struct LiveCounts {
    /// Messages of which not everything is known yet.
    pub(crate) under_way: AtomicU64,
    /// Messages said.
    pub(crate) generated: AtomicU64,
    /// Messages written.
    pub(crate) sent: AtomicU64,
    /// Messages observed.
    pub(crate) delivered: AtomicU64,
    /// Devices online.
    pub(crate) online: AtomicU64,
}

/// The judge's thread and what others need of it.
#[derive(Debug)]
pub(crate) struct Judge {
    /// Tells it something.
    pub(crate) testimony: Sender<Testimony>,
    /// Live counts.
    pub(crate) live: Arc<LiveCounts>,
    thread: JoinHandle<Ledger>,
}

impl Judge {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's, when it has no thread left.
    pub(crate) fn start(plan: Arc<Plan>, registry: &Registry, pace: Pace) -> std::io::Result<Self> {
        let (testimony, hearing) = channel();
        let live = Arc::new(LiveCounts::default());
        let ledger = Ledger::new(plan, registry, Limits::default());
        let court = Court { ledger, pace, online: 0, live: Arc::clone(&live) };
        let thread = std::thread::Builder::new().name("judge".to_owned()).spawn(move || court.hear(&hearing))?;
        Ok(Self { testimony, live, thread })
    }

    /// How far the run is at a simulated instant.
    pub(crate) fn progress(&self, plan: &Plan, reached: SimTime) -> Progress {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Progress {
            reached,
            length: plan.time.length,
            under_way: read(&self.live.under_way),
            generated: read(&self.live.generated),
            sent: read(&self.live.sent),
            delivered: read(&self.live.delivered),
            online: read(&self.live.online),
        }
    }

    /// Ends the hearing and gives the ledger back.
    pub(crate) fn close(self) -> Ledger {
        // The thread only ends after this message, so the channel is open.
        let _ = self.testimony.send(Testimony::Close);
        match self.thread.join() {
            Ok(ledger) => ledger,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

struct Court {
    ledger: Ledger,
    pace: Pace,
    online: u64,
    live: Arc<LiveCounts>,
}

impl Court {
    /// Hears everything that has come, rests, and listens again. Testimony carries its own instants, so nothing depends
    /// on when it is heard; a rest spares each witness the waking of a sleeping thread.
    fn hear(mut self, hearing: &Receiver<Testimony>) -> Ledger {
        loop {
            while let Ok(testimony) = hearing.try_recv() {
                match testimony {
                    Testimony::Generated(messages) => self.generated(&messages),
                    Testimony::Said(messages) => self.said(&messages),
                    Testimony::Air(news) => self.heard(&news),
                    Testimony::Fleet(events) => events.into_iter().for_each(|event| self.reported(event)),
                    Testimony::Observed(probe, seen) => {
                        let sighting = verify::Sighting::publication(probe, seen.topic, seen.payload, seen.at);
                        self.ledger.sighted(&sighting.retained(seen.retained));
                    }
                    Testimony::Close => return self.ledger,
                }
            }
            self.refresh();
            std::thread::sleep(REST);
        }
    }

    fn generated(&mut self, messages: &[Outbound]) {
        for message in messages {
            let wall = self.pace.wall_ns(message.intended);
            self.ledger
                .generated(message.route, message.sequence, message.intended, wall, &message.payload)
                .expect("the simulation numbers messages of known routes in ascending order");
        }
    }

    fn said(&mut self, messages: &[Spoken]) {
        for message in messages {
            let wall = self.pace.wall_ns(message.intended);
            self.ledger
                .said(message.route, message.sequence, message.intended, wall)
                .expect("the simulation numbers messages of known routes in ascending order");
        }
    }

    fn heard(&mut self, news: &AirNews) {
        for message in &news.handed_on {
            self.ledger.handed_on(message.route, message.sequence, &message.payload);
        }
        for lost in &news.given_up {
            self.ledger.given_up(lost.route, lost.sequence, self.pace.wall_ns(lost.at));
        }
        for taken in &news.taken {
            self.ledger.given_up(taken.route, taken.sequence, self.pace.wall_ns(taken.at));
        }
        tell_links(&mut self.ledger, &news.links);
    }

    fn reported(&mut self, event: FleetEvent) {
        match event {
            FleetEvent::Sent { route, sequence, at, .. } => self.ledger.sent(route, sequence, at),
            FleetEvent::Acked { route, sequence, at } => self.ledger.acked(route, sequence, at),
            FleetEvent::Dropped { route, sequence, at, .. } => self.ledger.dropped(route, sequence, at),
            FleetEvent::Refused { route, sequence, .. } => self.ledger.refused(route, sequence),
            FleetEvent::Connected { at, .. } => {
                self.online += 1;
                self.ledger.connections(at, self.online);
            }
            FleetEvent::Disconnected { at, .. } => {
                self.online = self.online.saturating_sub(1);
                self.ledger.connections(at, self.online);
            }
            FleetEvent::Command { .. }
            | FleetEvent::Pending { .. }
            | FleetEvent::SubscriptionRefused { .. }
            | FleetEvent::ConnectFailed { .. } => {}
        }
    }

    fn refresh(&self) {
        let totals = self.ledger.totals();
        self.live.under_way.store(self.ledger.under_way() as u64, Ordering::Relaxed);
        self.live.generated.store(totals.counts.generated, Ordering::Relaxed);
        self.live.sent.store(totals.counts.sent, Ordering::Relaxed);
        self.live.delivered.store(totals.counts.delivered, Ordering::Relaxed);
        self.live.online.store(self.online, Ordering::Relaxed);
    }
}

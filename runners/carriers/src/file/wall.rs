//! A file as a carrier on the wall clock: a thread that sleeps until the next line is due.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sim_core::{Outbound, SimId, Span};

use super::log::{Log, check};
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::opening::Tell;
use crate::pace::Pace;
use crate::stats::CarrierStats;

/// Longest sleep.
const LONGEST: Duration = Duration::from_mins(1);

/// What the thread is asked to do.
enum Request {
    /// Write these when they are due.
    Batch(Vec<Outbound>),
    /// Write what is left until this instant [ns], then end.
    End { until_ns: i64 },
}

/// A file on the wall clock.
pub(crate) struct OnTheWall {
    pace: Pace,
    writers: Vec<SimId>,
    topics: Arc<[String]>,
    path: PathBuf,
    requests: Sender<Request>,
    thread: Option<JoinHandle<CarrierStats>>,
}

impl OnTheWall {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`CarrierError::Threads`] when the system has none left.
    pub(crate) fn start(log: Log, pace: Pace, tell: Tell) -> Result<Self, CarrierError> {
        let (writers, topics, path) = (log.writers().to_vec(), Arc::clone(log.topics()), log.path().to_owned());
        let (requests, receiver) = channel();
        let write = move || write(log, pace, &tell, &receiver);
        let thread = thread::Builder::new().name("file".to_owned()).spawn(write);
        let thread = thread.map_err(|source| CarrierError::Threads { source })?;
        Ok(Self { pace, writers, topics, path, requests, thread: Some(thread) })
    }
}

/// Writes until asked to end, or until nobody asks any more.
fn write(mut log: Log, pace: Pace, tell: &Tell, requests: &Receiver<Request>) -> CarrierStats {
    tell(log.greetings(pace.now_ns()));
    let mut until_ns = None;
    loop {
        let now_ns = pace.now_ns();
        tell(log.turn(now_ns, || pace.now_ns()));
        if until_ns.is_some_and(|until_ns| log.is_settled() || now_ns >= until_ns) {
            tell(log.pending());
            return log.stats().clone();
        }
        let next_ns = log.next_ns().min(until_ns.unwrap_or(i64::MAX));
        let sleep = Duration::from_nanos(next_ns.saturating_sub(pace.now_ns()).max(0).unsigned_abs()).min(LONGEST);
        match requests.recv_timeout(sleep) {
            Ok(Request::Batch(batch)) => log.add(batch),
            Ok(Request::End { until_ns: asked_ns }) => until_ns = Some(asked_ns),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => until_ns = Some(i64::MIN),
        }
    }
}

impl Carrier for OnTheWall {
    fn has(&self, device: SimId) -> bool {
        self.writers.binary_search(&device).is_ok()
    }

    fn submit(&mut self, batch: Vec<Outbound>) -> Result<(), CarrierError> {
        check(&batch, &self.writers, self.topics.len())?;
        self.requests.send(Request::Batch(batch)).map_err(|_| CarrierError::Ended)
    }

    fn wait_online(&mut self, _: Duration) -> Result<usize, CarrierError> {
        Ok(self.writers.len())
    }

    fn advance_to(&mut self, _: i64) {}

    fn finish(&mut self, patience: Span) -> Result<CarrierStats, CarrierError> {
        let until_ns = self.pace.now_ns().saturating_add(patience.nanos());
        let thread = self.thread.take().ok_or(CarrierError::Ended)?;
        self.requests.send(Request::End { until_ns }).map_err(|_| CarrierError::Ended)?;
        thread.join().map_err(|_| CarrierError::Ended)
    }

    fn identity(&self) -> String {
        format!("file {}", self.path.display())
    }
}

//! A file as a carrier in virtual time: each line is written at its virtual instant, and the file is as real as ever.

use std::time::Duration;

use sim_core::{Outbound, SimId, Span};

use super::log::{Log, check};
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::opening::Tell;
use crate::stats::CarrierStats;

/// A file in virtual time.
pub(crate) struct InMemory {
    log: Log,
    now_ns: i64,
    tell: Tell,
}

impl InMemory {
    /// A file whose time begins at `begin_ns`.
    pub(crate) fn new(log: Log, begin_ns: i64, tell: Tell) -> Self {
        tell(log.greetings(begin_ns));
        Self { log, now_ns: begin_ns, tell }
    }
}

impl Carrier for InMemory {
    fn has(&self, device: SimId) -> bool {
        self.log.writers().binary_search(&device).is_ok()
    }

    fn submit(&mut self, batch: Vec<Outbound>) -> Result<(), CarrierError> {
        check(&batch, self.log.writers(), self.log.topics().len())?;
        self.log.add(batch);
        Ok(())
    }

    fn wait_online(&mut self, _: Duration) -> Result<usize, CarrierError> {
        Ok(self.log.writers().len())
    }

    fn next_ns(&self) -> i64 {
        self.log.next_ns()
    }

    fn advance_to(&mut self, until_ns: i64) {
        loop {
            let next_ns = self.log.next_ns().max(self.now_ns);
            if next_ns > until_ns {
                break;
            }
            self.now_ns = next_ns;
            (self.tell)(self.log.turn(next_ns, || next_ns));
        }
        self.now_ns = self.now_ns.max(until_ns);
    }

    fn finish(&mut self, patience: Span) -> Result<CarrierStats, CarrierError> {
        self.advance_to(self.now_ns.saturating_add(patience.nanos()));
        (self.tell)(self.log.pending());
        Ok(self.log.stats().clone())
    }

    fn identity(&self) -> String {
        format!("file {}", self.log.path().display())
    }
}

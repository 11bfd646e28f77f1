//! A recording: the simulation alone, in virtual time and without a network, written to files.

use std::ops::Range;
use std::path::Path;

use recorder::{Manifest, Recorder};
use scenarios::Plan;
use sim_core::{GRID, Registry, SimTime, Span};

use crate::error::Error;
use crate::observer::{Interrupt, Observer};
use crate::offline::Offline;

/// Simulated time between two writes to disk.
const STRIDE: Span = Span::from_secs(1);

/// How a recording is made.
#[derive(Debug)]
pub struct Recording<'a> {
    /// What is simulated.
    pub plan: &'a Plan,
    /// Who is recorded.
    pub patients: Range<usize>,
    /// Whether EDF+ is written beside WFDB.
    pub with_edf: bool,
    /// Threads that simulate.
    pub threads: usize,
}

impl Recording<'_> {
    /// Simulates with whole waveforms and writes into a folder; an interruption ends the files where it came.
    ///
    /// # Errors
    /// [`Error`] when a model refuses its parameters or a file cannot be written.
    pub fn write(
        &self,
        out: &Path,
        registry: &Registry,
        interrupt: &Interrupt,
        observer: &dyn Observer,
    ) -> Result<Manifest, Error> {
        let plan = self.plan;
        let mut offline = Offline::of(plan, registry, self.threads, self.patients.clone())?;
        let mut recorder = Recorder::begin(plan, out)?;
        offline.shards.observe(|| recorder.capture());

        let end = SimTime::ZERO + plan.time.length;
        let mut reached = SimTime::ZERO;
        // A chunk that ends exactly at the end is due there, one grid step further.
        while reached < end + GRID && !interrupt.is_asked() {
            reached = (reached + STRIDE).min(end + GRID);
            offline.advance_to(reached)?;
            drop(offline.take_messages(plan));
            recorder.take(plan, offline.shards.take_truth(), end)?;
            observer.recorded(reached.min(end), plan.time.length);
        }
        observer.finished();
        Ok(recorder.finish(plan, registry, reached.min(end), self.with_edf)?)
    }
}

//! What is said and true in a run, recorded beside its reports. A disk that takes no more ends the recording, not the run.

use std::path::Path;

use recorder::Recorder;
use scenarios::Plan;
use sim_core::{Registry, Shards, SimTime, Truth};

/// A recording that goes on until it fails.
#[derive(Debug)]
pub(crate) struct TruthRecord {
    recorder: Recorder,
    failure: Option<recorder::Error>,
}

impl TruthRecord {
    /// Begins a recording of everything that the shards say from now on.
    ///
    /// # Errors
    /// [`recorder::Error`] when the folder cannot be made.
    pub(crate) fn begin(plan: &Plan, folder: &Path, shards: &mut Shards) -> Result<Self, recorder::Error> {
        let recorder = Recorder::begin(plan, folder)?;
        shards.observe(|| recorder.capture());
        Ok(Self { recorder, failure: None })
    }

    /// Writes what was said since the last call and what was noted in that time, up to an instant.
    pub(crate) fn take(&mut self, plan: &Plan, truth: Truth, end: SimTime) {
        if self.failure.is_none() {
            self.failure = self.recorder.take(plan, truth, end).err();
        }
    }

    /// Ends the files; tells why they are not whole, if they are not.
    pub(crate) fn finish(self, plan: &Plan, registry: &Registry, reached: SimTime) -> Option<recorder::Error> {
        let finished = self.recorder.finish(plan, registry, reached, false);
        self.failure.or(finished.err())
    }
}

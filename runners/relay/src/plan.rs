//! What a relay is to do.

use std::ops::Range;

use crate::fault::Fault;

/// What is planted, and into which messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayPlan {
    /// What is planted.
    pub fault: Fault,
    /// One of so many messages of each stream.
    pub every: u64,
    /// Sequence numbers that may be chosen: from 2 on, so that every device has spoken before, and not the last ones, so that
    /// everything has its time.
    pub sequences: Range<u64>,
    /// How client ids of those who watch begin; everybody else is a device.
    pub watchers: String,
}

impl RelayPlan {
    /// Whether the message of a number is chosen.
    pub(crate) fn chooses(&self, sequence: u64) -> bool {
        self.sequences.contains(&sequence) && (sequence - self.sequences.start).is_multiple_of(self.every)
    }
}

//! Cuts of the link between a connection and its socket, and what they really changed.

use sim_core::{Evidence, OccurrenceId};

/// How a link is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CutKind {
    /// The connection is closed without DISCONNECT (the broker publishes the will); new connections are refused.
    Fin,
    /// The connection is reset; new connections are refused.
    Rst,
    /// Nothing passes and nobody is told: bytes wait until the link heals, new connections hang. Bytes are never lost
    /// inside a connection: on TCP, loss is a stall.
    Silent,
}

/// The cuts that act on one connection.
#[derive(Debug, Default)]
pub(crate) struct ActiveCuts {
    cuts: Vec<(OccurrenceId, CutKind)>,
    /// Bytes already counted as held.
    held: usize,
}

/// What an attempt to connect meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    Refuses,
    Hangs,
}

impl ActiveCuts {
    pub(crate) fn begin(&mut self, occurrence: OccurrenceId, how: CutKind) {
        self.cuts.push((occurrence, how));
    }

    /// Ends a cut; true when no cut is left.
    pub(crate) fn end(&mut self, occurrence: OccurrenceId) -> bool {
        self.cuts.retain(|(other, _)| *other != occurrence);
        self.cuts.is_empty()
    }

    /// What a new connection meets: a refusal outweighs silence.
    pub(crate) fn obstacle(&self) -> Obstacle {
        if self.cuts.iter().all(|(_, how)| *how == CutKind::Silent) { Obstacle::Hangs } else { Obstacle::Refuses }
    }

    /// Counts one more of `what` for every cut.
    pub(crate) fn count(&self, what: &'static str, amount: u64, evidence: &mut Evidence) {
        for (occurrence, _) in &self.cuts {
            evidence.add(*occurrence, what, amount);
        }
    }

    /// Counts the bytes that wait for the link to heal, each once.
    pub(crate) fn hold(&mut self, waiting: usize, evidence: &mut Evidence) {
        let more = waiting.saturating_sub(self.held);
        self.held = waiting;
        self.count("bytes_held", more as u64, evidence);
    }

    /// The connection is gone and with it the bytes it held.
    pub(crate) fn forget_held(&mut self) {
        self.held = 0;
    }
}

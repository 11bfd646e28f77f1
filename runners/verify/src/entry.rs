//! A message under way.

use sim_core::SimTime;

use crate::imprint::Imprint;

/// An instant [ns of wall clock since the run's origin], or not yet; half the size of an `Option<i64>`, of which every
/// message under way needs some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(i64);

impl Mark {
    const NOT_YET: Self = Self(i64::MIN);

    pub(crate) fn get(self) -> Option<i64> {
        (self != Self::NOT_YET).then_some(self.0)
    }

    /// Sets the instant unless it is set already; tells whether it was not.
    pub(crate) fn set_once(&mut self, at: i64) -> bool {
        let first = *self == Self::NOT_YET;
        if first {
            self.0 = at;
        }
        first
    }
}

/// How a message was seen that was not seen as it was said and where it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misseen {
    /// Not at all.
    Never,
    /// On a topic that is not its own.
    Elsewhere,
    /// Where it belongs, otherwise than it was said: late or in time, it came.
    Otherwise,
}

/// A message under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) sequence: u64,
    /// Its wording; `None` while no gateway has put it into words yet.
    pub(crate) wording: Option<Imprint>,
    pub(crate) intended: SimTime,
    pub(crate) intended_wall: i64,
    pub(crate) sent: Mark,
    pub(crate) acked: Mark,
    pub(crate) observed: Mark,
    pub(crate) dropped: bool,
    pub(crate) misseen: Misseen,
    /// When it was first seen otherwise than it was said, or its name with a strange time.
    pub(crate) misseen_first: Mark,
    /// The device time [ms since the Unix epoch] with which its name was seen, if that is one of no message of its stream.
    pub(crate) strange_time: Mark,
    pub(crate) refused: bool,
}

impl Entry {
    pub(crate) fn new(sequence: u64, wording: Option<Imprint>, intended: SimTime, intended_wall: i64) -> Self {
        Self {
            sequence,
            wording,
            intended,
            intended_wall,
            sent: Mark::NOT_YET,
            acked: Mark::NOT_YET,
            observed: Mark::NOT_YET,
            dropped: false,
            misseen: Misseen::Never,
            misseen_first: Mark::NOT_YET,
            strange_time: Mark::NOT_YET,
            refused: false,
        }
    }

    /// Notes the first write; tells whether it was the first.
    pub(crate) fn note_sent(&mut self, at: i64) -> bool {
        self.sent.set_once(at)
    }

    /// Notes the acknowledgement; tells whether it was the first.
    pub(crate) fn note_acked(&mut self, at: i64) -> bool {
        self.acked.set_once(at)
    }

    pub(crate) fn sent_at(&self) -> Option<i64> {
        self.sent.get()
    }

    pub(crate) fn acked_at(&self) -> Option<i64> {
        self.acked.get()
    }

    pub(crate) fn observed_at(&self) -> Option<i64> {
        self.observed.get()
    }

    /// Notes a sighting where it belongs, otherwise than it was said; tells whether it is the first of it.
    pub(crate) fn note_altered(&mut self, at: i64) -> bool {
        let is_first = self.misseen != Misseen::Otherwise;
        if is_first {
            self.misseen = Misseen::Otherwise;
            self.misseen_first = Mark(at);
        }
        is_first && self.observed.get().is_none()
    }

    /// Notes a sighting on a topic that is not its own.
    pub(crate) fn note_astray(&mut self) {
        if self.misseen == Misseen::Never {
            self.misseen = Misseen::Elsewhere;
        }
    }

    /// Notes that its name was seen with the device time [ms since the Unix epoch] of no message of its stream.
    pub(crate) fn note_strange(&mut self, device_time_ms: i64, at: i64) {
        if self.strange_time.set_once(device_time_ms) && self.misseen != Misseen::Otherwise {
            self.misseen_first = Mark(at);
        }
    }

    /// The strange time with which its name was seen was no other message's: it was this one, altered.
    pub(crate) fn take_strange_for_altered(&mut self) {
        self.misseen = Misseen::Otherwise;
    }

    /// When it was first seen where it belongs, otherwise than it was said.
    pub(crate) fn altered_at(&self) -> Option<i64> {
        self.misseen_first.get().filter(|_| self.misseen == Misseen::Otherwise)
    }
}

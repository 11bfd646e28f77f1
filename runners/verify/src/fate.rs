//! What became of one message, and what can go wrong with what is seen of it.

use sim_core::SimTime;

/// A delay [ns], or none because the end never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Delay {
    /// It took this long.
    After(i64),
    /// It had not happened by the end of the drain.
    Never,
}

/// Where a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Observed.
    Delivered,
    /// Written to a connection and not observed by the end of the drain.
    Lost,
    /// The device's outbox dropped it and said so.
    Dropped,
    /// Never written, or given up.
    Pending,
    /// On a route that no probe watches, so nobody can tell.
    Unwatched,
}

/// The settled facts of one message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fate {
    pub(crate) sequence: u64,
    pub(crate) intended: SimTime,
    /// Intended instant [ns of wall clock since the run's origin].
    pub(crate) intended_wall: i64,
    pub(crate) sent_at: Option<i64>,
    pub(crate) acked_at: Option<i64>,
    pub(crate) observed_at: Option<i64>,
    /// Whether the message asked for an acknowledgement.
    pub(crate) wants_ack: bool,
    pub(crate) end: End,
}

impl Fate {
    /// From the intended instant to the first observation.
    pub(crate) fn end_to_end(&self) -> Delay {
        delay(self.intended_wall, self.observed_at)
    }

    /// From the intended instant to the first write.
    pub(crate) fn until_sent(&self) -> Delay {
        delay(self.intended_wall, self.sent_at)
    }

    /// From the first write to the acknowledgement, for written messages that ask for one.
    pub(crate) fn until_acked(&self) -> Option<Delay> {
        self.sent_at.filter(|_| self.wants_ack).map(|sent_at| delay(sent_at, self.acked_at))
    }
}

fn delay(from: i64, to: Option<i64>) -> Delay {
    to.map_or(Delay::Never, |to| Delay::After(to.saturating_sub(from).max(0)))
}

/// What happened to the Bluetooth link of a device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum LinkChange {
    /// Its last link ended.
    Lost,
    /// So long after it there was a link again.
    Back(Delay),
    /// A gateway heard a value this strong [dBm].
    Heard(f64),
}

/// Something seen that should not have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incident {
    /// A message seen once more.
    Duplicate,
    /// A message seen for the first time after a later one of its stream.
    OutOfOrder,
    /// Payload bytes differ from what was generated.
    Corrupted,
    /// A message of one of our streams that no device had said.
    Invented,
    /// Seen under another device's name.
    IdentityMismatch,
}

impl Incident {
    /// The words of a counterexample.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Duplicate => "observed again",
            Self::OutOfOrder => "observed after a later message of its stream",
            Self::Corrupted => "observed with other bytes than were generated",
            Self::Invented => "observed although no device had said it",
            Self::IdentityMismatch => "observed on the topic of another device",
        }
    }
}

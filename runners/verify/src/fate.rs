//! What became of one message, and what can go wrong with what is seen of it.

use sim_core::SimTime;

/// A delay [ns], or none because the end never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delay {
    /// It took this long.
    After(i64),
    /// It had not happened by the end of the drain.
    Never,
}

/// Where a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Observed.
    Delivered,
    /// Written to a connection and not observed by the end of the drain.
    Lost,
    /// Observed, and never as it was said or where it belongs.
    Altered,
    /// Written and not observed, but it could have been shown when the probe was blind.
    Unjudged,
    /// Written and not observed, but something was seen behind its target that no format reads.
    Unread,
    /// Written and not observed, but something was seen of which nobody can tell which message of its stream it is.
    Untold,
    /// The device's outbox dropped it and said so.
    Dropped,
    /// Never written, or given up.
    Pending,
    /// Nobody can tell: no probe watches its route.
    Unknown,
}

impl End {
    /// The words of a counterexample.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Delivered => "observed",
            Self::Lost => "written, never observed",
            Self::Altered => "observed, but never as it was said and where it belongs",
            Self::Unjudged => "written, and perhaps shown when the probe was blind",
            Self::Unread => "written, and perhaps shown in a shape that no format reads",
            Self::Untold => "written, and perhaps among what was seen without a name",
            Self::Dropped => "dropped, as declared",
            Self::Pending => "never written",
            Self::Unknown => "watched by no probe",
        }
    }
}

/// The settled facts of one message. Instants are nanoseconds of wall clock since the run's origin.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    /// Sequence number within its stream.
    pub sequence: u64,
    /// When the device meant to say it.
    pub intended: SimTime,
    /// The same instant on the wall clock.
    pub intended_wall: i64,
    /// When it was first written to a connection.
    pub sent_at: Option<i64>,
    /// When it was acknowledged.
    pub acked_at: Option<i64>,
    /// When it was first observed as it was said.
    pub observed_at: Option<i64>,
    /// When it was first observed where it belongs, otherwise than it was said.
    pub altered_at: Option<i64>,
    /// Whether the message asked for an acknowledgement.
    pub wants_ack: bool,
    /// Whether the probe was blind at some time between the first write and that observation, so that the delay may
    /// be its own.
    pub blind: bool,
    /// Where it ended.
    pub end: End,
}

impl Fate {
    /// From the intended instant to the first observation. What came altered came: when, and not how, is asked here.
    pub fn end_to_end(&self) -> Delay {
        delay(self.intended_wall, self.observed_at.or(self.altered_at))
    }

    /// From the intended instant to the first write.
    pub fn until_sent(&self) -> Delay {
        delay(self.intended_wall, self.sent_at)
    }

    /// From the first write to the acknowledgement, for written messages that ask for one.
    pub fn until_acked(&self) -> Option<Delay> {
        self.sent_at.filter(|_| self.wants_ack).map(|sent_at| delay(sent_at, self.acked_at))
    }
}

fn delay(from: i64, to: Option<i64>) -> Delay {
    to.map_or(Delay::Never, |to| Delay::After(to.saturating_sub(from).max(0)))
}

/// What became of the Bluetooth link of a device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LinkFate {
    /// Its last link ended.
    Lost,
    /// So long after it there was a link again.
    Back(Delay),
    /// A gateway heard a value this strong [dBm].
    Heard(f64),
}

impl LinkFate {
    /// The words of a counterexample.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Lost => "the link ended",
            Self::Back(Delay::After(_)) => "a link came again",
            Self::Back(Delay::Never) => "no link came again",
            Self::Heard(_) => "a value was heard",
        }
    }
}

/// Something seen that should not have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incident {
    /// A message seen once more.
    Duplicate,
    /// A message seen for the first time after a later one of its stream.
    OutOfOrder,
    /// Payload bytes differ from what was generated.
    Corrupted,
    /// A message of one of our streams that no device had said.
    Invented,
    /// Seen under another device's or another patient's name.
    IdentityMismatch,
    /// Kept by the target from before the run, and shown as if it were of now.
    Stale,
    /// Seen so long after it was said that nobody can tell whether it is what was said.
    TooOld,
}

impl Incident {
    /// The words of a counterexample.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Duplicate => "observed again",
            Self::OutOfOrder => "observed after a later message of its stream",
            Self::Corrupted => "observed with other bytes than were generated",
            Self::Invented => "observed although no device had said it",
            Self::IdentityMismatch => "observed on the topic of another device",
            Self::Stale => "observed as a value that the target had kept from before",
            Self::TooOld => "observed too late to be compared with what was said",
        }
    }
}

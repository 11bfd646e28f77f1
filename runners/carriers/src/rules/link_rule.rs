//! What a rule can do to one link: the seam for everything that steps do to connections.

use std::fmt;

use bytes::Bytes;
use sim_core::{Evidence, Key, Occurrence, OccurrenceId, Reach, Seam, SimId};

/// A rule in force on the link of one device, between its session and its transport. Every method has a default that
/// lets everything pass, so a rule says only what it changes. Rules of one link act in the order in which they began.
///
/// Instants are nanoseconds of wall clock since the run's origin, in virtual time simulated ones.
pub trait LinkRule: Send + fmt::Debug {
    /// The step begins on a link in this state.
    fn begin(&mut self, state: LinkState, tally: &mut Tally<'_>) -> Onset {
        let _ = (state, tally);
        Onset::Stays
    }

    /// The device tries to connect, or was trying when the step began. The strictest answer of all rules counts.
    fn on_connect(&mut self, now_ns: i64, tally: &mut Tally<'_>) -> Dial {
        let _ = (now_ns, tally);
        Dial::Pass
    }

    /// Whether every byte of a direction waits: the device's own on the device, those for it in the network.
    fn holds(&self, direction: Direction) -> bool {
        let _ = direction;
        false
    }

    /// So many more of the device's bytes wait because a rule of the link holds them.
    fn held(&mut self, bytes: u64, tally: &mut Tally<'_>) {
        let _ = (bytes, tally);
    }

    /// Whether [`LinkRule::on_frame`] is to be asked; a message then counts as written once the rules have it.
    fn sees_frames(&self) -> bool {
        false
    }

    /// A whole frame (MQTT: a control packet) passes.
    fn on_frame(&mut self, direction: Direction, frame: &[u8], now_ns: i64, tally: &mut Tally<'_>) -> Verdict {
        let _ = (direction, frame, now_ns, tally);
        Verdict::Pass
    }

    /// The step heals; the rule is not asked again.
    fn heal(&mut self, tally: &mut Tally<'_>) {
        let _ = tally;
    }
}

/// Makes the rule of one device's link when a step begins.
pub type MakeLinkRule = fn(order: &LinkRuleOrder<'_>) -> Box<dyn LinkRule>;

/// The seam between a connection and its transport: what an action's row carries to act there.
#[derive(Debug, Clone, Copy)]
pub struct LinkAction(pub MakeLinkRule);

impl Seam for LinkAction {
    const WORD: &'static str = "link";
    const REACH: Reach = Reach::Connection;
}

/// What a rule is made from.
#[derive(Debug, Clone, Copy)]
pub struct LinkRuleOrder<'a> {
    /// The step's occurrence with its parameters.
    pub occurrence: &'a Occurrence,
    /// Whose link.
    pub device: SimId,
    /// Key of the rule's draws: of this device, in this occurrence.
    pub key: Key,
}

/// What a link is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// No connection and no attempt.
    Idle,
    /// An attempt to connect is in progress.
    Connecting,
    /// Connected.
    Open,
}

/// What the begin of a step does at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onset {
    /// The link stays as it is.
    Stays,
    /// The connection ends.
    Cut(Closing),
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// Closed without a word of the session (FIN).
    Fin,
    /// Reset (RST).
    Rst,
}

/// What an attempt to connect meets, from lenient to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dial {
    /// It goes through.
    Pass,
    /// Nobody answers.
    Hang,
    /// It is refused.
    Refuse,
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the device.
    Outgoing,
    /// To the device.
    Incoming,
}

/// What becomes of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Pass,
    /// It vanishes.
    Drop,
    /// These bytes pass instead of it.
    Alter(Bytes),
    /// It passes at this instant [ns], and nothing overtakes it.
    Delay {
        /// When.
        until_ns: i64,
    },
    /// It vanishes, and the connection ends.
    Cut(Closing),
}

/// Counts what a step really changed.
#[derive(Debug)]
pub struct Tally<'a> {
    pub(crate) occurrence: OccurrenceId,
    pub(crate) evidence: &'a mut Evidence,
}

impl Tally<'_> {
    /// Counts `amount` more of `what`, one of the counters that the action's row names.
    pub fn add(&mut self, what: &'static str, amount: u64) {
        self.evidence.add(self.occurrence, what, amount);
    }
}

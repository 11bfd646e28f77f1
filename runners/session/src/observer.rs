//! What a run tells whoever watches it, and how it is stopped.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scenarios::Diagnostic;
use sim_core::{SimTime, Span};

/// Hears how a run goes. Called from the thread that drives the run.
pub trait Observer: Send + Sync {
    /// Something that a person should know.
    fn note(&self, note: Note) {
        let _ = note;
    }

    /// How far the run is; several times a second.
    fn progress(&self, progress: Progress) {
        let _ = progress;
    }

    /// How far a recording is, after every second of it.
    fn recorded(&self, reached: SimTime, length: Span) {
        let _ = (reached, length);
    }

    /// No progress will be told any more.
    fn finished(&self) {}
}

/// An observer that does not care.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Simulated time.
    pub reached: SimTime,
    /// Simulated time at the end.
    pub length: Span,
    /// Messages of which not everything is known yet.
    pub under_way: u64,
    /// Messages said.
    pub generated: u64,
    /// Messages written.
    pub sent: u64,
    /// Messages observed.
    pub delivered: u64,
    /// Devices online.
    pub online: u64,
}

/// Something that a person should know; displays as one line.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// The scenario is valid, and yet.
    Warning(Diagnostic),
    /// Real Bluetooth hosts can attach from now on.
    HostsAttach {
        /// Target id.
        target: String,
        /// Where.
        listen: String,
    },
    /// A Bluetooth host has attached.
    HostAttached {
        /// How.
        path: String,
    },
    /// A Bluetooth host has left, or was cut off for a reason.
    HostLeft {
        /// Target id.
        target: String,
        /// Why it was cut off.
        fault: Option<String>,
    },
    /// A capture of what Bluetooth hosts say ends before the run.
    CaptureEnds {
        /// Why.
        reason: String,
    },
    /// Not all devices are connected when the devices begin to speak.
    FewOnline {
        /// How many are.
        online: usize,
        /// Out of how many.
        planned: usize,
    },
    /// Sessions could not be removed from a broker.
    SessionsLeft {
        /// How many.
        count: usize,
    },
    /// Retained messages could not be removed from a broker.
    RetainedLeft {
        /// Target id.
        target: String,
        /// Why.
        reason: String,
    },
    /// The connections ended before the run.
    ConnectionsEnded {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Warning(diagnostic) => write!(formatter, "{diagnostic}"),
            Self::HostsAttach { target, listen } => {
                write!(formatter, "Bluetooth hosts attach to target `{target}` at {listen}")
            }
            Self::HostAttached { path } => write!(formatter, "a Bluetooth host has attached: {path}"),
            Self::HostLeft { target, fault: None } => write!(formatter, "a Bluetooth host has left `{target}`"),
            Self::HostLeft { target, fault: Some(fault) } => {
                write!(formatter, "a Bluetooth host of `{target}` was cut off: {fault}")
            }
            Self::CaptureEnds { reason } => write!(formatter, "a capture ends early: {reason}"),
            Self::FewOnline { online, planned } => {
                write!(formatter, "{online} of {planned} devices are online at the start; the others go on trying")
            }
            Self::SessionsLeft { count } => write!(formatter, "{count} sessions may be left on the broker"),
            Self::RetainedLeft { target, reason } => {
                write!(formatter, "retained messages may be left on `{target}`: {reason}")
            }
            Self::ConnectionsEnded { reason } => write!(formatter, "the connections ended early: {reason}"),
        }
    }
}

/// Stops a run from outside; clones stop the same run.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Asks the run to end with a partial report; true when somebody had asked before.
    pub fn ask(&self) -> bool {
        self.0.swap(true, Ordering::Relaxed)
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

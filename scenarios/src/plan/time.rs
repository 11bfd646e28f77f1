//! How time passes.

use std::sync::Arc;

use serde_json::Value;
use sim_core::{Span, Zone};

use super::fields::{Fields, View};

/// How time passes.
#[derive(Debug, Clone, PartialEq)]
pub struct TimePlan {
    /// Pacing.
    pub mode: TimeMode,
    /// What payload timestamps say at simulated time zero; `None` is the wall clock at the start of the run.
    pub start_epoch_ns: Option<i64>,
    /// By whose clocks patients live whose cohort does not say.
    pub zone: Arc<Zone>,
    /// Sent, not judged.
    pub warmup: Span,
    /// Whole simulated length, warm-up included.
    pub length: Span,
    /// How long to wait for stragglers afterwards, in wall-clock time.
    pub drain: Span,
}

/// Pacing of simulated against wall-clock time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeMode {
    /// One to one.
    Real,
    /// `speed` simulated seconds a second.
    Scaled {
        /// Simulated seconds per wall-clock second.
        speed: f64,
    },
    /// As fast as possible, no network; a perfect sink in the process stands for the stack.
    Virtual,
}

pub(super) fn tell_time(time: &TimePlan, view: View) -> Value {
    // Where patients live is told with each of them.
    let TimePlan { mode, start_epoch_ns, zone: _, warmup, length, drain } = time;
    let (mode, speed) = match mode {
        TimeMode::Real => ("real", Some(1.0)),
        TimeMode::Scaled { speed } => ("scaled", Some(*speed)),
        TimeMode::Virtual => ("virtual", None),
    };
    Fields::new(view)
        .field("mode", mode)
        .field("speed", speed)
        .field("start_epoch_ns", *start_epoch_ns)
        .field("warmup_s", warmup.seconds())
        .field("length_s", length.seconds())
        .field("drain_s", drain.seconds())
        .done()
}

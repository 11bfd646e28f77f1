//! What a fault makes of one value.

use std::fmt::Debug;

use sim_core::{Key, SimTime, Span};
use vocabulary::{MetricId, Quality};

/// Where and when a value was measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) metric: MetricId,
    /// Key of the fault's draws for this metric.
    pub(super) key: Key,
    pub(super) at: SimTime,
    /// Index of the sample, or of the message that carries a number.
    pub(super) index: u64,
    /// For a number: instant of the message before, or the fault's beginning.
    pub(super) after: Option<SimTime>,
    /// Since the fault began.
    pub(super) since: Span,
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Made {
    /// This value; the device notices nothing.
    Value(f64),
    /// This number of another unit than the metric's, to which the metric's range does not apply.
    OtherUnit(f64),
    /// This value, which the device marks as questionable.
    Doubtful(f64),
    /// No value, for this reason; a chunk of samples is lost as a whole.
    Nothing(Quality),
}

/// A fault at work on values in the units of their metrics.
pub(super) trait Effect: Debug + Send + Sync {
    /// What becomes of a value.
    fn make(&mut self, moment: &Moment, value: f64) -> Made;

    /// When the fault is over by itself.
    fn over_at(&self) -> Option<SimTime> {
        None
    }

    /// Two metrics whose values are exchanged, for a fault that does nothing else.
    fn exchanged(&self) -> Option<(MetricId, MetricId)> {
        None
    }
}

//! Values that are not there: gaps, warm-up, exchanged wires.

use vocabulary::{MetricId, Quality};

use super::effect::{Effect, Made, Moment};
use super::episodes::Episodes;

/// Gaps after Gilbert and Elliott: numbers are missing, and a chunk with a sample in a gap loses all its samples; the
/// message is said and tells by its quality that there is nothing.
#[derive(Debug)]
pub(super) struct Dropout {
    pub(super) gaps: Episodes,
}

impl Effect for Dropout {
    fn make(&mut self, moment: &Moment, value: f64) -> Made {
        if self.gaps.at(moment.at).is_some() { Made::Nothing(Quality::NotAvailable) } else { Made::Value(value) }
    }
}

/// The sensor is on, and has no valid value yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct WarmUp;

impl Effect for WarmUp {
    fn make(&mut self, _moment: &Moment, _value: f64) -> Made {
        Made::Nothing(Quality::Calibrating)
    }
}

/// Two channels of a device under each other's names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Swap {
    pub(super) pair: (MetricId, MetricId),
}

impl Effect for Swap {
    fn make(&mut self, _moment: &Moment, value: f64) -> Made {
        Made::Value(value)
    }

    fn exchanged(&self) -> Option<(MetricId, MetricId)> {
        Some(self.pair)
    }
}

//! A value that no longer changes.

use std::collections::BTreeMap;

use vocabulary::MetricId;

use super::effect::{Effect, Made, Moment};

/// Says the same over and over: a fixed value, or the first one of each metric under the fault.
#[derive(Debug, Default)]
pub(super) struct Stuck {
    fixed: Option<f64>,
    held: BTreeMap<MetricId, f64>,
}

impl Stuck {
    pub(super) fn new(fixed: Option<f64>) -> Self {
        Self { fixed, held: BTreeMap::new() }
    }
}

impl Effect for Stuck {
    fn make(&mut self, moment: &Moment, value: f64) -> Made {
        Made::Value(self.fixed.unwrap_or_else(|| *self.held.entry(moment.metric).or_insert(value)))
    }
}

//! Metrics that an expectation can speak about.

use vocabulary::Dimension;

use super::{Executor, Row};

/// What kind of number an expectation metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricShape {
    /// Whole number of events.
    Count,
    /// A share of a whole, written in percent.
    Share,
    /// Many values, to be reduced by a statistic such as `p99`.
    Distribution(Dimension),
}

/// What there must be for an expectation metric to have samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampled {
    /// Messages.
    Messages,
    /// Messages that ask for an acknowledgement.
    Acknowledgements,
    /// Devices with a Bluetooth side.
    RadioLinks,
    /// Steps of the seam of this name that act on one of the devices within the window ([`crate::Seam::WORD`]).
    Steps(&'static str),
}

/// A metric an expectation can speak about.
#[derive(Debug, Clone)]
pub struct ExpectMetricSpec {
    /// Name, such as `latency.e2e`.
    pub name: &'static str,
    /// Exact definition.
    pub about: &'static str,
    /// Kind of number.
    pub shape: MetricShape,
    /// Words accepted in parentheses, such as `acked` in `lost(acked)`.
    pub arguments: &'static [&'static str],
    /// What it has samples of, given the word in parentheses.
    pub sampled: fn(argument: Option<&str>) -> Sampled,
    /// The code that measures it, for whoever judges.
    pub executor: Executor,
}

impl Row for ExpectMetricSpec {
    const NOUN: &'static str = "expectation metric";

    fn name(&self) -> &str {
        self.name
    }
}

//! What must hold.

use std::ops::Range;

use serde_json::Value;
use sim_core::{MetricShape, SimTime};

use super::fields::{Fields, View, since_start};
use super::probe::ProbePlan;

/// Something that must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectPlan {
    /// Name in reports.
    pub id: String,
    /// The expression as written.
    pub that: String,
    /// Parsed expression.
    pub condition: Condition,
    /// Devices and streams it speaks about: indices into [`Roster::routes`], ascending.
    pub routes: Vec<u32>,
    /// Whose sightings count: an index into [`Plan::probes`](super::Plan::probes); `None` is the first probe of each
    /// route.
    pub probe: Option<usize>,
    /// Messages intended in `from..to` count.
    pub from: SimTime,
    /// End of the window.
    pub to: SimTime,
    /// A safety condition: holds over the whole run, faults and warm-up included.
    pub always: bool,
    /// Fewer samples than this is inconclusive.
    pub min_samples: u64,
    /// Whether a failure fails the run.
    pub severity: Severity,
    /// `file:line` of the expectation.
    pub location: String,
}

impl ExpectPlan {
    /// What fails the run unless it holds for these routes within a time, with everything else as the language has it by
    /// default. For whoever judges without a file.
    pub fn new(id: &str, that: &str, condition: Condition, routes: Vec<u32>, window: Range<SimTime>) -> Self {
        Self {
            id: id.to_owned(),
            that: that.to_owned(),
            condition,
            routes,
            probe: None,
            from: window.start,
            to: window.end,
            always: false,
            min_samples: 1,
            severity: Severity::Fail,
            location: String::new(),
        }
    }
}

/// `statistic(metric(argument)) comparison bound`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// How a distribution is reduced; `None` for counts and shares.
    pub statistic: Option<Statistic>,
    /// Metric name.
    pub metric: String,
    /// Word in parentheses.
    pub argument: Option<String>,
    /// Kind of number.
    pub shape: MetricShape,
    /// Comparison.
    pub comparison: Comparison,
    /// Right-hand side in the canonical unit (durations in ns, shares as 0..1).
    pub bound: f64,
}

/// How a distribution is reduced to one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Value below which this share (0..1) of samples lies.
    Percentile(f64),
    /// Largest.
    Max,
    /// Smallest.
    Min,
    /// Arithmetic mean.
    Mean,
    /// Sum.
    Sum,
}

/// Comparison of a value with a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    Greater,
}

/// Whether a failed expectation fails the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It does.
    Fail,
    /// It is told, no more.
    Info,
}

pub(super) fn tell_expect(probes: &[ProbePlan], expect: &ExpectPlan, view: View) -> Value {
    let ExpectPlan { id, that, condition, routes, probe, from, to, always, min_samples, severity, location } = expect;
    let told = Fields::new(view)
        .field("id", id.clone())
        .shown("that", that.clone())
        .tested("condition", tell_condition(condition, view))
        .field("from_s", since_start(*from))
        .field("to_s", since_start(*to))
        .field("always", *always)
        .field("min_samples", *min_samples)
        .field("severity", if *severity == Severity::Info { "info" } else { "fail" })
        .shown("streams", routes.len())
        .tested("routes", routes.clone())
        .shown("location", location.clone());
    match probe {
        Some(probe) => told.field("probe", probes[*probe].id.clone()).done(),
        None => told.done(),
    }
}

fn tell_condition(condition: &Condition, view: View) -> Value {
    let Condition { statistic, metric, argument, shape, comparison, bound } = condition;
    let (statistic, share) = match statistic {
        None => (None, None),
        Some(Statistic::Percentile(share)) => (Some("percentile"), Some(*share)),
        Some(Statistic::Max) => (Some("max"), None),
        Some(Statistic::Min) => (Some("min"), None),
        Some(Statistic::Mean) => (Some("mean"), None),
        Some(Statistic::Sum) => (Some("sum"), None),
    };
    let comparison = match comparison {
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::Equal => "==",
        Comparison::AtLeast => ">=",
        Comparison::Greater => ">",
    };
    let shape = match shape {
        MetricShape::Count => "count",
        MetricShape::Share => "share",
        MetricShape::Distribution(dimension) => dimension.word(),
    };
    Fields::new(view)
        .field("statistic", statistic)
        .field("share", share)
        .field("metric", metric.clone())
        .field("argument", argument.clone())
        .field("shape", shape)
        .field("comparison", comparison)
        .field("bound", *bound)
        .done()
}

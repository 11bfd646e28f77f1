//! Where the stack is watched.

use serde_json::Value;
use sim_core::Arguments;

use super::arguments::arguments;
use super::fields::{Fields, View};
use super::target::TargetPlan;

/// Where the stack is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbePlan {
    /// Probe id.
    pub id: String,
    /// Index of its target.
    pub target: usize,
    /// Kind, as registered.
    pub kind: String,
    /// Parameters of the kind, checked.
    pub arguments: Arguments,
    /// Whether the kind has topic filters and a delivery level.
    pub is_filtered: bool,
    /// Topic filters it subscribes to; `#` for a kind that has none.
    pub filters: Vec<String>,
    /// Delivery level asked for, 0 to 2.
    pub qos: u8,
}

pub(super) fn tell_probe(targets: &[TargetPlan], probe: &ProbePlan, view: View) -> Value {
    // Whether there are filters is the kind's.
    let ProbePlan { id, target, kind, arguments: with, is_filtered: _, filters, qos } = probe;
    Fields::new(view)
        .field("id", id.clone())
        .field("to", targets[*target].id.clone())
        .field("kind", kind.clone())
        .field("with", arguments(with))
        .field("filters", filters.clone())
        .field("qos", *qos)
        .done()
}

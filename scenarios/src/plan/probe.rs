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
    /// Topic filters it subscribes to; `#` for a kind that has none.
    pub filters: Vec<String>,
    /// Delivery level asked for, 0 to 2.
    pub qos: u8,
}

pub(super) fn tell_probe(targets: &[TargetPlan], probe: &ProbePlan, view: View) -> Value {
    let ProbePlan { id, target, kind, arguments: with, filters, qos } = probe;
    Fields::new(view)
        .field("id", id.clone())
        .field("to", targets[*target].id.clone())
        .field("kind", kind.clone())
        .field("with", arguments(with))
        .field("filters", filters.clone())
        .field("qos", *qos)
        .done()
}

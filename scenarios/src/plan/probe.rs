//! Where the stack is watched.

use serde_json::Value;

use super::fields::{Fields, View};
use super::target::TargetPlan;

/// Where the stack is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbePlan {
    /// Probe id.
    pub id: String,
    /// Index of its target.
    pub target: usize,
    /// Topic filters it subscribes to.
    pub filters: Vec<String>,
    /// Delivery level asked for, 0 to 2.
    pub qos: u8,
}

pub(super) fn tell_probe(targets: &[TargetPlan], probe: &ProbePlan, view: View) -> Value {
    let ProbePlan { id, target, filters, qos } = probe;
    Fields::new(view)
        .field("id", id.clone())
        .field("to", targets[*target].id.clone())
        .field("filters", filters.clone())
        .field("qos", *qos)
        .done()
}

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
    /// The topics on which it is to see what devices say, where those are others than the devices' own.
    pub topics: Option<ProbeTopics>,
}

/// The topics on which a stack shows what devices said.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeTopics {
    /// As declared.
    pub template: String,
    /// The topic of each route; may contain `${run}`, which the runner fills in.
    pub of_routes: Vec<String>,
}

impl ProbePlan {
    /// The topic on which this probe is to see a route (index into the roster's), which says `own` as its device publishes
    /// it.
    pub fn topic_of<'t>(&'t self, route: usize, own: &'t str) -> &'t str {
        self.topics.as_ref().and_then(|topics| topics.of_routes.get(route)).map_or(own, String::as_str)
    }
}

pub(super) fn tell_probe(targets: &[TargetPlan], probe: &ProbePlan, view: View) -> Value {
    // Whether there are filters is the kind's.
    let ProbePlan { id, target, kind, arguments: with, is_filtered: _, filters, qos, topics } = probe;
    let told = Fields::new(view)
        .field("id", id.clone())
        .field("to", targets[*target].id.clone())
        .field("kind", kind.clone())
        .field("with", arguments(with))
        .field("filters", filters.clone())
        .field("qos", *qos);
    match topics {
        Some(topics) => told.field("topic", topics.template.clone()).done(),
        None => told.done(),
    }
}

//! What steps of a scenario do to links: one rule a file, between session and transport.

pub(crate) mod frame_queue;
pub(crate) mod link_rule;
pub(crate) mod net_cut;
pub(crate) mod rule_set;

use sim_core::Registry;

/// Adds the actions whose rules these are.
pub(crate) fn register(registry: &mut Registry) {
    net_cut::register(registry);
}

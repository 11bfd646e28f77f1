//! Payload formats of the scenario's own.

use serde_json::Value;
use sim_core::FormatPlan;

use super::arguments::arguments;
use super::fields::{Fields, View};

pub(super) fn tell_payload(payload: &FormatPlan, view: View) -> Value {
    let FormatPlan { id, kind, arguments: own } = payload;
    Fields::new(view).field("id", id.clone()).field("kind", kind.clone()).field("parameters", arguments(own)).done()
}

//! What happens, and with which parameters.

use serde_json::Value;
use sim_core::Occurrence;

use crate::events::path::subject_path;
use crate::plan::Plan;
use crate::plan::arguments::arguments;
use crate::plan::fields::{Fields, View, since_start};

/// One occurrence of a step.
pub(super) fn step(plan: &Plan, occurrence: &Occurrence, view: View) -> Value {
    let Occurrence { step, repetition, action, start, end, arguments: with, subjects } = occurrence;
    let picked = subjects.iter().map(|subject| subject_path(&plan.roster, subject));
    Fields::new(view)
        .field("id", step.clone())
        .field("repetition", *repetition)
        .field("do", action.clone())
        .field("start_s", since_start(*start))
        .field("end_s", end.map(since_start))
        .field("with", arguments(with))
        .field("picked", picked.collect::<Vec<_>>())
        .done()
}

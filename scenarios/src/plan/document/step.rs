//! What happens, and with which parameters.

use serde_json::{Map, Value, json};
use sim_core::{Argument, Arguments, Change, Occurrence};

use super::fields::{Fields, View, since_start};
use crate::events::path::subject_path;
use crate::plan::Plan;

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

/// Checked parameters, in canonical units.
pub(super) fn arguments(arguments: &Arguments) -> Value {
    let Arguments(values) = arguments;
    Value::Object(values.iter().map(|(name, value)| (name.clone(), argument(value))).collect::<Map<_, _>>())
}

fn argument(argument: &Argument) -> Value {
    match argument {
        Argument::Number(number) => json!(number),
        Argument::Text(text) => json!(text),
        Argument::Flag(flag) => json!(flag),
        Argument::Texts(texts) => json!(texts),
        Argument::Table(table) => arguments(table),
        // The bounds are those of the model's parameter.
        Argument::Change(Change { times, plus, bounds: _ }) => json!({"times": times, "plus": plus}),
    }
}

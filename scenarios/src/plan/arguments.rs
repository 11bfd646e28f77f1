//! Checked parameters of steps, patients, devices and probes.

use serde_json::{Map, Value, json};
use sim_core::{Argument, Arguments, Change};

/// Checked parameters, in canonical units.
pub(in crate::plan) fn arguments(arguments: &Arguments) -> Value {
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

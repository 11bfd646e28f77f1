//! Checks the commands that steps send against what the devices obey.
//!
//! An unknown command is a warning, not an error: a scenario may want to see it refused.

use sim_core::{Argument, Arguments, CommandSpec, DeviceSpec, ParameterKind, Subject};
use vocabulary::Quantity;

use crate::diagnostic::Notes;
use crate::document::{Table, Value};
use crate::path::Cast;
use crate::reader::value_place;
use crate::step::StepDraft;
use crate::suggestion::hint;

/// Parameters of an action that sends a command.
const OPERATION: &str = "op";
const ARGUMENTS: &str = "args";

/// Checks a step whose action has the parameters `op` and `args`.
pub(crate) fn check_command(notes: &Notes, cast: &Cast<'_>, step: &StepDraft<'_>, subjects: &[Subject]) {
    let (Some(op), Some(with)) = (step.arguments.text(OPERATION), step.with) else { return };
    let Some((_, node)) = with.get(OPERATION) else { return };
    check_reach(notes, cast, step, subjects);
    for kind in kinds(cast, subjects) {
        let Some(command) = kind.commands.iter().find(|command| command.op == op) else {
            let names: Vec<&str> = kind.commands.iter().map(|command| command.op).collect();
            let hint = hint(op, "its commands", names);
            notes.warning(
                value_place(node),
                format!("device kind `{}` has no command `{op}` and refuses it{hint}", kind.kind),
            );
            continue;
        };
        if let Some((_, node)) = with.get(ARGUMENTS)
            && let Value::Table(table) = &node.value
        {
            check_arguments(notes, kind.kind, command, table);
        }
    }
}

/// The arguments of a command as the device reads them: quantities that the scenario writes with a unit become
/// numbers in the canonical unit.
pub(crate) fn canonical_arguments(cast: &Cast<'_>, arguments: &Arguments, subjects: &[Subject]) -> Arguments {
    let mut arguments = arguments.clone();
    let op = arguments.text(OPERATION).map(str::to_owned);
    let kinds = kinds(cast, subjects);
    let command = kinds.iter().find_map(|kind| kind.commands.iter().find(|command| Some(command.op) == op.as_deref()));
    if let (Some(command), Some(Argument::Table(table))) = (command, arguments.0.get_mut(ARGUMENTS)) {
        for spec in &command.parameters {
            if let ParameterKind::Quantity(dimension) = spec.kind
                && let Some(Argument::Text(text)) = table.0.get(spec.name)
                && let Ok(quantity) = Quantity::parse(text, dimension)
            {
                table.0.insert(spec.name.to_owned(), Argument::Number(quantity.value));
            }
        }
    }
    arguments
}

/// Complains about commands that cannot get to a device, because it has no connection.
fn check_reach(notes: &Notes, cast: &Cast<'_>, step: &StepDraft<'_>, subjects: &[Subject]) {
    let radio = subjects.iter().find(|subject| match subject {
        Subject::Device(id) => cast.roster.devices[id.index()].radio.is_some(),
        _ => false,
    });
    if let Some(radio) = radio {
        let path = cast.path(radio);
        let message = format!("`{path}` speaks Bluetooth and has no connection on which a command could reach it");
        notes.error(step.action_place, message);
    }
}

fn check_arguments(notes: &Notes, kind: &str, command: &CommandSpec, table: &Table) {
    for (key, node) in &table.entries {
        let Some(spec) = command.parameters.iter().find(|spec| spec.name == key.name) else {
            let names: Vec<&str> = command.parameters.iter().map(|spec| spec.name).collect();
            let hint = hint(&key.name, "its arguments", names);
            notes.warning(
                key.place,
                format!("command `{}` of `{kind}` has no argument `{}`{hint}", command.op, key.name),
            );
            continue;
        };
        if let (ParameterKind::Quantity(dimension), Value::Text(text)) = (&spec.kind, &node.value)
            && let Err(error) = Quantity::parse(&text.text, *dimension)
        {
            notes.error(text.start(), error.to_string());
        }
    }
    for spec in command.parameters.iter().filter(|spec| spec.required) {
        if table.get(spec.name).is_none() {
            let message =
                format!("command `{}` of `{kind}` needs `{}` and is refused without it", command.op, spec.name);
            notes.warning(table.place, message);
        }
    }
}

/// Kinds of the devices among the subjects, each once.
fn kinds<'a>(cast: &Cast<'a>, subjects: &[Subject]) -> Vec<&'a DeviceSpec> {
    let mut names: Vec<&str> = subjects
        .iter()
        .filter_map(|subject| match subject {
            Subject::Device(id) => Some(cast.roster.devices[id.index()].kind.as_str()),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter_map(|name| cast.registry.device(name)).collect()
}

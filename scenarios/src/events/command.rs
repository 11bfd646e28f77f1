//! Checks the commands that steps send against what the devices obey.
//!
//! An unknown command and a value that a device refuses are warnings, not errors: a scenario may want to see them
//! refused. What could be nothing but a slip (an argument that does not exist, or is missing, or of another kind) is an
//! error.

use sim_core::{Argument, Arguments, CommandAction, CommandSpec, DeviceSpec, ParameterKind, ParameterSpec, Subject};
use vocabulary::Quantity;

use crate::events::path::Cast;
use crate::events::step::StepDraft;
use crate::language::diagnostic::{Notes, Place};
use crate::language::document::{Key, Node, Table, Value};
use crate::language::parameter::of_wrong_kind;
use crate::language::plain_value::value_place;
use crate::language::suggestion::{closest, hint};

/// Where a step may write the operation and its arguments itself.
const OPERATION: &str = "op";
const ARGUMENTS: &str = "args";

/// Checks a step whose action gives a command to devices.
pub(crate) fn check_command(notes: &Notes, cast: &Cast<'_>, step: &StepDraft<'_>, subjects: &[Subject]) {
    let Ok(action) = step.action else { return };
    let Some(CommandAction(code)) = action.executor.code() else { return };
    check_reach(notes, cast, step, subjects);
    let order = code(&step.arguments);
    let op = order.op.as_str();
    let written = |name| step.with.and_then(|with| with.get(name)).map(|(_, node)| node);
    let place = written(OPERATION).map_or(step.action_place, value_place);
    let takes = |name: &str| action.parameters.iter().any(|parameter| parameter.name == name);
    if takes(OPERATION) && written(OPERATION).is_none() {
        // It was said to be missing, or cannot be read.
        return;
    }
    for kind in kinds(cast, subjects) {
        let Some(command) = kind.commands.iter().find(|command| command.op == op) else {
            let names: Vec<&str> = kind.commands.iter().map(|command| command.op).collect();
            let hint = hint(op, "its commands", names);
            notes.warning(
                place,
                if kind.commands.is_empty() {
                    format!("device kind `{}` obeys no commands and answers none", kind.kind)
                } else {
                    format!("device kind `{}` has no command `{op}` and refuses it{hint}", kind.kind)
                },
            );
            continue;
        };
        if !takes(ARGUMENTS) {
            check_made(notes, (action.name, step.action_place), kind.kind, command, &order.arguments);
            continue;
        }
        match written(ARGUMENTS).map(|node| &node.value) {
            Some(Value::Table(table)) => check_arguments(notes, kind.kind, command, table),
            Some(_) => {}
            None => {
                let place = step.with.map_or(step.action_place, |with| with.place);
                check_arguments(notes, kind.kind, command, &Table { place, entries: Vec::new() });
            }
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

/// Complains about commands that cannot get to a device, because it has no connection or one that brings none.
fn check_reach(notes: &Notes, cast: &Cast<'_>, step: &StepDraft<'_>, subjects: &[Subject]) {
    for subject in subjects {
        let Subject::Device(id) = subject else { continue };
        let path = cast.path(subject);
        let message = match cast.connection(*id) {
            _ if cast.has_radio(*id) => {
                format!("`{path}` speaks Bluetooth and has no connection on which a command could reach it")
            }
            Some(carrier) if !carrier.takes_commands => {
                format!("`{path}` speaks over carrier `{}`, and no command can reach it there", carrier.name)
            }
            _ => continue,
        };
        notes.error(step.action_place, message);
        return;
    }
}

fn check_arguments(notes: &Notes, kind: &str, command: &CommandSpec, table: &Table) {
    for (key, node) in &table.entries {
        let Some(spec) = command.parameters.iter().find(|spec| spec.name == key.name) else {
            let names: Vec<&str> = command.parameters.iter().map(|spec| spec.name).collect();
            let hint = hint(&key.name, "its arguments", names);
            let message = format!("command `{}` of `{kind}` has no argument `{}`{hint}", command.op, key.name);
            notes.error(key.place, message);
            continue;
        };
        check_argument(notes, kind, command, spec, node);
    }
    let given = command.alternatives.iter().filter(|name| table.get(name).is_some()).count();
    let misspelt = table.entries.iter().any(|(key, _)| !command.parameters.iter().any(|spec| spec.name == key.name));
    if !command.alternatives.is_empty() && given != 1 && !misspelt {
        let names = command.alternatives.join("`, `");
        let message =
            format!("command `{}` of `{kind}` takes exactly one of `{names}`, not {given} of them", command.op);
        notes.error(table.place, message);
    }
    for spec in command.parameters.iter().filter(|spec| spec.required) {
        let misspelt = |key: &Key| closest(&key.name, [spec.name]).is_some();
        if table.get(spec.name).is_none() && !table.entries.iter().any(|(key, _)| misspelt(key)) {
            notes.error(table.place, format!("command `{}` of `{kind}` needs `{}`", command.op, spec.name));
        }
    }
}

/// Complains about arguments that an action makes itself of its parameters.
fn check_made(notes: &Notes, (action, place): (&str, Place), kind: &str, command: &CommandSpec, made: &Arguments) {
    let op = command.op;
    let by = format!("the command that `{action}` gives");
    for (name, argument) in &made.0 {
        let Some(spec) = command.parameters.iter().find(|spec| spec.name == name.as_str()) else {
            let names: Vec<&str> = command.parameters.iter().map(|spec| spec.name).collect();
            let hint = hint(name, "its arguments", names);
            notes.error(place, format!("{by} has `{name}`, and `{op}` of `{kind}` has no such argument{hint}"));
            continue;
        };
        let fits = matches!(
            (&spec.kind, argument),
            (ParameterKind::Quantity(_) | ParameterKind::Number | ParameterKind::Count, Argument::Number(_))
                | (ParameterKind::Flag, Argument::Flag(_))
                | (ParameterKind::Text | ParameterKind::Choice(_), Argument::Text(_))
        );
        if !fits {
            let expected = spec.kind.word();
            notes.error(place, format!("{by} has a `{name}` that is not a {expected}, as `{op}` of `{kind}` takes"));
        } else if let (Argument::Number(number), Some((least, most))) = (argument, spec.range)
            && !(least..=most).contains(number)
        {
            let write = |number| spec.kind.written(number);
            let (least, most, number) = (write(least), write(most), write(*number));
            let message = format!("`{name}` of `{op}` is {least}..{most}, so `{kind}` refuses {number}");
            notes.warning(place, message);
        }
    }
    let missing = command.parameters.iter().filter(|spec| spec.required && !made.0.contains_key(spec.name));
    for spec in missing {
        notes.error(place, format!("{by} lacks `{}`, which `{op}` of `{kind}` needs", spec.name));
    }
    let given = command.alternatives.iter().filter(|name| made.0.contains_key(**name)).count();
    if !command.alternatives.is_empty() && given != 1 {
        let names = command.alternatives.join("`, `");
        let message = format!("{by} has {given} of `{names}`, and `{op}` of `{kind}` takes exactly one");
        notes.error(place, message);
    }
}

/// Complains about an argument of the wrong kind; one out of range may be there to see it refused.
fn check_argument(notes: &Notes, kind: &str, command: &CommandSpec, spec: &ParameterSpec, node: &Node) {
    let place = value_place(node);
    let number = match (&spec.kind, &node.value) {
        (ParameterKind::Quantity(dimension), Value::Text(text)) => match Quantity::parse(&text.text, *dimension) {
            Ok(quantity) => Some(quantity.value),
            Err(error) => {
                notes.error(place, error.to_string());
                return;
            }
        },
        (ParameterKind::Quantity(_) | ParameterKind::Number | ParameterKind::Count, Value::Integer(number)) => {
            Some(*number as f64)
        }
        (ParameterKind::Quantity(_) | ParameterKind::Number, Value::Float(number)) => Some(*number),
        (ParameterKind::Flag, Value::Flag(_)) | (ParameterKind::Text, Value::Text(_)) => None,
        (ParameterKind::Choice(words), Value::Text(text)) => {
            if !words.contains(&text.text.as_str()) {
                let hint = hint(&text.text, "choices", words.iter().copied());
                let message =
                    format!("`{}` cannot be `{}`, so `{kind}` refuses the command{hint}", spec.name, text.text);
                notes.warning(place, message);
            }
            None
        }
        (_, other) => {
            notes.error(place, of_wrong_kind(spec, other));
            None
        }
    };
    if let (Some(number), Some((least, most))) = (number, spec.range)
        && !(least..=most).contains(&number)
    {
        let write = |number| spec.kind.written(number);
        let (least, most, number) = (write(least), write(most), write(number));
        let (name, op) = (spec.name, command.op);
        notes.warning(place, format!("`{name}` of `{op}` is {least}..{most}, so `{kind}` refuses {number}"));
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

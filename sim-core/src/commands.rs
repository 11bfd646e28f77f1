//! How a device takes a command: once per id, checked against the kind's list, answered always.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bevy_ecs::prelude::*;

use crate::{
    Argument, Clock, Command, CommandInbox, CommandSpec, Entities, ParameterKind, ParameterSpec, Participants,
    Registry, Replies, Reply, ReplyStatus,
};

/// Carries out a checked command on a device.
#[derive(Clone)]
pub struct Obey(Arc<ObeyCode>);

/// The code of a command; an error is the reason for refusing it.
type ObeyCode = dyn Fn(&mut World, Entity, &Command) -> Result<(), String> + Send + Sync;

impl Obey {
    /// A command that this code carries out.
    pub fn new(code: impl Fn(&mut World, Entity, &Command) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(code))
    }
}

impl fmt::Debug for Obey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Obey").finish_non_exhaustive()
    }
}

/// The answers a device gave lately, so that a command that arrives twice is applied once and answered twice.
#[derive(Debug, Clone, Default, Component)]
pub(crate) struct Answered(VecDeque<(String, ReplyStatus, Option<String>)>);

impl Answered {
    /// Ids remembered per device; a sender that repeats itself does so within a few commands.
    const REMEMBERED: usize = 64;

    fn find(&self, id: &str) -> Option<(ReplyStatus, Option<String>)> {
        self.0.iter().find(|(known, ..)| known == id).map(|(_, status, reason)| (*status, reason.clone()))
    }

    fn remember(&mut self, id: &str, status: ReplyStatus, reason: Option<String>) {
        if self.0.len() == Self::REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((id.to_owned(), status, reason));
    }
}

/// Commands each device kind obeys.
#[derive(Debug, Resource)]
pub(crate) struct CommandTable(Vec<(&'static str, Vec<CommandSpec>)>);

impl CommandTable {
    pub(crate) fn new(registry: &Registry) -> Self {
        let obeying = registry.devices().iter().filter(|device| !device.commands.is_empty());
        Self(obeying.map(|device| (device.kind, device.commands.clone())).collect())
    }
}

/// Lets every device take the commands that arrived since the last grid step, in order of device and arrival.
pub(crate) fn obey_commands(world: &mut World) {
    let mut commands = std::mem::take(&mut world.resource_mut::<CommandInbox>().0);
    if commands.is_empty() {
        return;
    }
    commands.sort_by_key(|command| command.device);
    world.resource_scope(|world, table: Mut<CommandTable>| {
        for command in commands {
            let Some(entity) = world.resource::<Entities>().device(command.device) else { continue };
            let known = world.get::<Answered>(entity).and_then(|answered| answered.find(&command.id));
            let (status, reason) = known.unwrap_or_else(|| {
                let (status, reason) = match take(world, &table, entity, &command) {
                    Ok(()) => (ReplyStatus::Applied, None),
                    Err(reason) => (ReplyStatus::Refused, Some(reason)),
                };
                if let Some(mut answered) = world.get_mut::<Answered>(entity) {
                    answered.remember(&command.id, status, reason.clone());
                }
                (status, reason)
            });
            let at = world.resource::<Clock>().now;
            world.resource_mut::<Replies>().0.push(Reply {
                device: command.device,
                id: command.id,
                status,
                reason,
                at,
            });
        }
    });
}

fn take(world: &mut World, table: &CommandTable, entity: Entity, command: &Command) -> Result<(), String> {
    let kind = world.resource::<Participants>().0.devices[command.device.index()].kind.clone();
    let Some((_, specs)) = table.0.iter().find(|(known, ..)| *known == kind) else {
        return Err(format!("a {kind} takes no commands"));
    };
    let Some(spec) = specs.iter().find(|spec| spec.op == command.op) else {
        let known: Vec<_> = specs.iter().map(|spec| spec.op).collect();
        return Err(format!("unknown operation `{}`; known are {}", command.op, known.join(", ")));
    };
    check(spec, command)?;
    (spec.obey.0)(world, entity, command)
}

fn check(spec: &CommandSpec, command: &Command) -> Result<(), String> {
    for name in command.arguments.0.keys() {
        if !spec.parameters.iter().any(|parameter| parameter.name == name) {
            return Err(format!("`{}` has no argument `{name}`", spec.op));
        }
    }
    for parameter in &spec.parameters {
        match command.arguments.0.get(parameter.name) {
            Some(argument) => check_argument(parameter, argument)?,
            None if parameter.required => return Err(format!("`{}` needs `{}`", spec.op, parameter.name)),
            None => {}
        }
    }
    Ok(())
}

fn check_argument(parameter: &ParameterSpec, argument: &Argument) -> Result<(), String> {
    let fits = match (&parameter.kind, argument) {
        (ParameterKind::Number | ParameterKind::Quantity(_), Argument::Number(_))
        | (ParameterKind::Flag, Argument::Flag(_))
        | (ParameterKind::Text, Argument::Text(_)) => true,
        (ParameterKind::Count, Argument::Number(number)) => number.fract() == 0.0,
        (ParameterKind::Choice(words), Argument::Text(text)) => words.contains(&text.as_str()),
        _ => false,
    };
    if !fits {
        return Err(format!("`{}` must be a {}", parameter.name, parameter.kind.word()));
    }
    if let (Some((smallest, largest)), Argument::Number(number)) = (parameter.range, argument)
        && !(smallest..=largest).contains(number)
    {
        return Err(format!("`{}` must be {smallest} to {largest}, got {number}", parameter.name));
    }
    Ok(())
}

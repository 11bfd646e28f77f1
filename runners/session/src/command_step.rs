//! The commands that steps give to devices, through the stack in a real run, directly in an offline simulation; and
//! `cmd.send`, the step that gives any of them.

use sim_core::{
    ActionSpec, Arguments, Command, CommandAction, DurationRule, Executor, Level, Occurrence, ParameterKind,
    ParameterSpec, Registry, Request, SimId,
};

/// The command that an occurrence gives to a device; `None` for actions that give none.
pub(crate) fn step_command(registry: &Registry, occurrence: &Occurrence, device: SimId) -> Option<Command> {
    let CommandAction(code) = registry.action(&occurrence.action)?.executor.code()?;
    let Request { op, arguments } = code(&occurrence.arguments);
    Some(Command { device, id: format!("{}-{}-{}", occurrence.step, occurrence.repetition, device.0), op, arguments })
}

/// The evidence counter of an answer.
pub(crate) const fn evidence_of(applied: bool) -> &'static str {
    if applied { CommandAction::APPLIED } else { CommandAction::REFUSED }
}

/// What `cmd.send` says: the operation and arguments of the step.
fn as_written(arguments: &Arguments) -> Request {
    Request {
        op: arguments.text("op").unwrap_or_default().to_owned(),
        arguments: arguments.table("args").cloned().unwrap_or_else(Arguments::default),
    }
}

/// Adds the action.
pub(crate) fn register(registry: &mut Registry) {
    registry.add(ActionSpec {
        name: "cmd.send",
        about: "sends a command to a device through the stack and waits for its answer",
        level: Level::Device,
        executor: Executor::new(CommandAction(as_written)),
        parameters: vec![
            ParameterSpec::required("op", ParameterKind::Text, "operation, such as `set_rate` (see `iomt devices`)"),
            ParameterSpec::optional("args", ParameterKind::Table, "arguments of the operation"),
            ParameterSpec::optional(
                "through",
                ParameterKind::Target,
                "target that the command is given to, instead of the one the device is connected to",
            ),
        ],
        duration: DurationRule::Instant,
        evidence: CommandAction::EVIDENCE,
        heal: "nothing to heal",
        stack_should: "deliver it once, and the answer back",
    });
}

//! `cmd.send`: a command to a device, through the stack in a real run, directly in an offline simulation.

use sim_core::{
    ActionSpec, Arguments, Command, DurationRule, Executor, Level, Occurrence, ParameterKind, ParameterSpec, Registry,
    Seam, SimId,
};

/// The seam beside the devices: an additional client of the stack.
#[derive(Debug, Clone, Copy)]
struct ActorAction;

impl Seam for ActorAction {
    const WORD: &'static str = "actor";
}

/// Name of the action.
pub(crate) const ACTION: &str = "cmd.send";

/// The command that an occurrence of `cmd.send` gives to a device; `None` for other actions.
pub(crate) fn step_command(occurrence: &Occurrence, device: SimId) -> Option<Command> {
    if occurrence.action != ACTION {
        return None;
    }
    let arguments = occurrence.arguments.table("args").cloned().unwrap_or_else(Arguments::default);
    Some(Command {
        device,
        id: format!("{}-{}-{}", occurrence.step, occurrence.repetition, device.0),
        op: occurrence.arguments.text("op").unwrap_or_default().to_owned(),
        arguments,
    })
}

/// The evidence counter of an answer.
pub(crate) const fn evidence_of(applied: bool) -> &'static str {
    if applied { "answers_applied" } else { "answers_refused" }
}

/// Adds the action.
pub(crate) fn register(registry: &mut Registry) {
    registry.add(ActionSpec {
        name: ACTION,
        about: "sends a command to a device through the stack and waits for its answer",
        level: Level::Device,
        executor: Executor::new(ActorAction),
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
        evidence: &["answers_applied", "answers_refused"],
        heal: "nothing to heal",
        stack_should: "deliver it once, and the answer back",
    });
}

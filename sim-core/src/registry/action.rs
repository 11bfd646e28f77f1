//! Actions: what a step can do, and the code that does it.

use bevy_ecs::prelude::*;

use super::{Executor, Row, Seam};
use crate::{Arguments, Edge, Occurrence, OccurrenceId, ParameterSpec, Subject};

/// The level of path an action is matched at. The kernel does not match: the language does, and these are its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `cohort/patient`.
    Patient,
    /// `cohort/patient/device`.
    Device,
    /// `cohort/patient/device/stream`.
    Stream,
    /// The link of `cohort/patient/device`.
    Link,
    /// `target/id`.
    Target,
    /// `gw/id/number`.
    Gateway,
}

impl Level {
    /// The word for it in reference tables and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Device => "device",
            Self::Stream => "stream",
            Self::Link => "link",
            Self::Target => "target",
            Self::Gateway => "gateway",
        }
    }
}

/// Begins and heals an action on one subject inside the simulation.
pub type SignalCode = fn(world: &mut World, act: &SignalAct<'_>);

/// The seam inside the simulation: on patients, devices and samples.
#[derive(Debug, Clone, Copy)]
pub struct SignalAction(pub SignalCode);

impl Seam for SignalAction {
    const WORD: &'static str = "signal";
}

/// One edge of one occurrence on one subject.
#[derive(Debug, Clone, Copy)]
pub struct SignalAct<'a> {
    /// Which occurrence, for evidence.
    pub id: OccurrenceId,
    /// Its parameters and times.
    pub occurrence: &'a Occurrence,
    /// On whom.
    pub subject: &'a Subject,
    /// The entity of the subject's patient or device.
    pub entity: Entity,
    /// Begin or heal.
    pub edge: Edge,
}

/// What a command of an action says, from the parameters of its step.
pub type CommandCode = fn(arguments: &Arguments) -> Request;

/// The seam of clients beside the devices: at its instant, the action gives a command to each device it acts on. Whoever
/// runs it brings the command there: through the user's stack, or by hand where there is none. A parameter `through` names
/// another target than the device's own.
#[derive(Debug, Clone, Copy)]
pub struct CommandAction(pub CommandCode);

/// What a device is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Operation, one of the device's [`crate::CommandSpec`].
    pub op: String,
    /// Its arguments, numbers in the canonical unit.
    pub arguments: Arguments,
}

impl CommandAction {
    /// Counts the answers that a command was carried out.
    pub const APPLIED: &'static str = "answers_applied";
    /// Counts the answers that it was refused.
    pub const REFUSED: &'static str = "answers_refused";
    /// Evidence of every action of this seam.
    pub const EVIDENCE: &'static [&'static str] = &[Self::APPLIED, Self::REFUSED];
}

impl Seam for CommandAction {
    const WORD: &'static str = "command";
}

/// Whether a step of this action takes `for`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationRule {
    /// It must say how long.
    Required,
    /// Without `for` it lasts to the end of the run.
    Optional,
    /// It happens at an instant.
    Instant,
}

/// An action a step can do.
#[derive(Debug, Clone)]
pub struct ActionSpec {
    /// Name, such as `net.cut`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Level of path it acts on.
    pub level: Level,
    /// Where it acts, and the code that does it.
    pub executor: Executor,
    /// Its parameters.
    pub parameters: Vec<ParameterSpec>,
    /// Whether it takes `for`.
    pub duration: DurationRule,
    /// Names of its evidence counters; any of them above zero makes an occurrence effective.
    pub evidence: &'static [&'static str],
    /// How it is healed.
    pub heal: &'static str,
    /// What a good stack does about it.
    pub stack_should: &'static str,
}

impl Executor {
    /// Code that begins and heals the action on one subject inside the simulation.
    pub fn signal(code: SignalCode) -> Self {
        Self::new(SignalAction(code))
    }
}

impl Row for ActionSpec {
    const NOUN: &'static str = "action";

    fn name(&self) -> &str {
        self.name
    }
}

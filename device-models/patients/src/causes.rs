//! Steps that happen to a patient: each a cause acting on the model, never a value painted over the vitals.
//!
//! A cause sees the truth of the previous grid step and adds to the inputs of the core for the next one. What was
//! added is taken back at the beginning of every step, so a cause that is over has left nothing behind but what it did to
//! the body.

mod arrest;
mod bleeding;
mod breathing;
mod course;
mod desaturation;
mod drug;
mod exertion;
mod fluid;
mod hypotension;
mod illness;
mod raw_input;
mod rhythm;
mod seizure;

use std::fmt;

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, Arguments, Clock, DurationRule, Edge, Evidence, Executor, LabelEdge, Level, OccurrenceId,
    ParameterKind, ParameterSpec, Phase, Registry, SignalAct, SignalCode, SimId, SystemSpec, Truth,
};
use vocabulary::Dimension;

use crate::glycaemia::Glycaemia;
use crate::medication::Medication;
use crate::{Person, Physiology, can_act};
use physiology::pharmacology::Drugs;
use physiology::{Body, Inputs, Rhythm};

/// The evidence that a cause acted: grid steps in which it changed something.
const EVIDENCE: &str = "grid_steps_acted";

/// What a cause sees: the truth after the previous grid step.
#[derive(Debug, Clone, Copy)]
struct Seen<'a> {
    body: &'a Body,
    drugs: Option<&'a Drugs>,
    glycaemia: Option<&'a Glycaemia>,
}

impl Seen<'_> {
    /// Whether the patient can do anything by itself.
    fn can_act(&self) -> bool {
        can_act(Some(self.body), self.drugs, self.glycaemia)
    }
}

/// Something that happens to a patient from its step's begin until it has healed.
trait Cause: fmt::Debug + Send + Sync {
    /// Acts on the inputs of one grid step and tells whether it changed anything.
    fn step(&mut self, seen: &Seen<'_>, inputs: &mut Inputs) -> bool;

    /// Begins to heal.
    fn release(&mut self);

    /// Whether it has healed.
    fn is_over(&self) -> bool;

    /// Whether it acts after the others of a step, because it answers to what they do.
    fn answers(&self) -> bool {
        false
    }
}

/// A cause at work.
#[derive(Debug)]
struct AtWork {
    occurrence: OccurrenceId,
    /// Id of the step, and the name of its action.
    step: String,
    action: String,
    cause: Box<dyn Cause>,
    /// Whether it has acted.
    acted: bool,
}

/// What there is to note of a cause in a grid step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// It acts for the first time.
    Begins,
    /// It has acted for the last time, in this step.
    EndsWithStep,
    /// It no longer acted in this step.
    Ended,
}

/// Causes at work in a patient.
#[derive(Debug, Default, Component)]
pub struct Causes {
    /// Those that answer to others come last; otherwise in the order of their begin.
    at_work: Vec<AtWork>,
    /// Whether the inputs still hold what the last cause did.
    disturbed: bool,
    /// Rhythms that steps have begun; the latest one is in force.
    rhythms: Vec<(OccurrenceId, Rhythm)>,
    /// The rhythm to come back to.
    own_rhythm: Option<Box<Rhythm>>,
}

impl Causes {
    fn begin(&mut self, act: &SignalAct<'_>, cause: Box<dyn Cause>) {
        let (step, action) = (act.occurrence.step.clone(), act.occurrence.action.clone());
        self.insert(AtWork { occurrence: act.id, step, action, cause, acted: false });
    }

    fn insert(&mut self, at_work: AtWork) {
        let answers = at_work.cause.answers();
        let position = self.at_work.iter().take_while(|other| answers || !other.cause.answers()).count();
        self.at_work.insert(position, at_work);
    }

    /// Tells that something else has added to the inputs of this grid step, so that it is taken back.
    pub(crate) fn disturb(&mut self) {
        self.disturbed = true;
    }

    fn release(&mut self, occurrence: OccurrenceId) {
        for at_work in self.at_work.iter_mut().filter(|at_work| at_work.occurrence == occurrence) {
            at_work.cause.release();
        }
    }

    /// Lets every cause act for one grid step. `note` hears of those that begin to act, and of those that are over: at the
    /// begin of the step when they no longer acted in it, else at its end.
    fn act(
        &mut self,
        seen: &Seen<'_>,
        inputs: &mut Inputs,
        evidence: &mut Evidence,
        mut note: impl FnMut(&AtWork, Moment),
    ) {
        self.at_work.retain_mut(|at_work| {
            let acts = at_work.cause.step(seen, inputs);
            evidence.add(at_work.occurrence, EVIDENCE, u64::from(acts));
            if acts && !at_work.acted {
                at_work.acted = true;
                note(at_work, Moment::Begins);
            }
            let over = at_work.cause.is_over();
            if over && at_work.acted {
                note(at_work, if acts { Moment::EndsWithStep } else { Moment::Ended });
            }
            !over
        });
    }

    /// Ids of the steps that act, joined by `;`.
    pub(crate) fn acting(&self) -> String {
        let steps: Vec<&str> =
            self.at_work.iter().filter(|at_work| at_work.acted).map(|at_work| at_work.step.as_str()).collect();
        steps.join(";")
    }
}

/// Takes back what drugs, fluids and causes did to the inputs in the grid step before. Whoever else moves an input (a
/// device, a way of life) writes it anew in every step, between this and [`move_inputs`].
fn undo_inputs(mut patients: Query<(&mut Causes, &mut Physiology)>) {
    for (mut causes, mut physiology) in &mut patients {
        if causes.disturbed {
            causes.disturbed = false;
            let core = &mut physiology.0.core;
            *core.inputs = Inputs { sepsis: core.parameters().sepsis, ..core.inputs.undisturbed() };
        }
    }
}

/// Lets drugs, fluids and causes act on the inputs of one patient's core for a grid step.
pub(crate) fn move_inputs(
    patient: SimId,
    medication: &mut Medication,
    causes: &mut Causes,
    (body, glycaemia): (&mut Body, Option<&Glycaemia>),
    clock: &Clock,
    evidence: &mut Evidence,
    truth: &mut Truth,
) {
    if !medication.acts() && causes.at_work.is_empty() {
        return;
    }
    causes.disturbed = true;
    medication.act(&mut body.core);
    let mut inputs = *body.core.inputs;
    let seen = Seen { body, drugs: medication.drugs(), glycaemia };
    causes.act(&seen, &mut inputs, evidence, |at_work, moment| {
        if truth.wanted {
            let at = if moment == Moment::EndsWithStep { clock.end } else { clock.now };
            let (label, cause) = (at_work.action.clone(), at_work.step.clone());
            truth.labels.push(LabelEdge { patient, at, label, cause, begins: moment == Moment::Begins });
        }
    });
    *body.core.inputs = inputs;
}

/// Labels a step that acts otherwise than by a [`Cause`]; one of an `instant` begins and ends there.
pub(crate) fn label_step(world: &mut World, act: &SignalAct<'_>, instant: bool) {
    let Some(patient) = world.get::<Person>(act.entity).map(|person| person.id) else { return };
    let Some(at) = world.get_resource::<Clock>().map(|clock| clock.now) else { return };
    let Some(mut truth) = world.get_resource_mut::<Truth>().filter(|truth| truth.wanted) else { return };
    let (label, cause) = (&act.occurrence.action, &act.occurrence.step);
    let edge = |begins| LabelEdge { patient, at, label: label.clone(), cause: cause.clone(), begins };
    truth.labels.push(edge(act.edge == Edge::Begin));
    if instant && act.edge == Edge::Begin {
        truth.labels.push(edge(false));
    }
}

/// The causes and the body of a patient that a step acts on.
fn patient(world: &mut World, entity: Entity) -> Option<(Mut<'_, Causes>, Mut<'_, Physiology>)> {
    world.query::<(&mut Causes, &mut Physiology)>().get_mut(world, entity).ok()
}

/// Begins the cause that `make` builds from the step's arguments and the patient's truth, or lets it heal.
fn cause<C: Cause + 'static>(world: &mut World, act: &SignalAct<'_>, make: impl FnOnce(&Arguments, &Body) -> C) {
    let Some((mut causes, physiology)) = patient(world, act.entity) else { return };
    match act.edge {
        Edge::Begin => causes.begin(act, Box::new(make(&act.occurrence.arguments, &physiology.0))),
        Edge::Heal => causes.release(act.id),
    }
}

/// A duration among the arguments [s]; the registry's default is in place when the scenario is silent.
fn seconds(arguments: &Arguments, name: &str) -> f64 {
    arguments.number(name).unwrap_or_default() / 1e9
}

/// A `physio.*` action on a patient.
fn action(
    name: &'static str,
    about: &'static str,
    act: SignalCode,
    parameters: Vec<ParameterSpec>,
    heal: &'static str,
    stack_should: &'static str,
) -> ActionSpec {
    ActionSpec {
        name,
        about,
        level: Level::Patient,
        executor: Executor::signal(act),
        parameters,
        duration: DurationRule::Optional,
        evidence: &[EVIDENCE],
        heal,
        stack_should,
    }
}

/// An optional quantity.
fn quantity(name: &'static str, dimension: Dimension, about: &'static str) -> ParameterSpec {
    ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about)
}

/// An optional choice.
fn choice(name: &'static str, words: &'static [&'static str], about: &'static str) -> ParameterSpec {
    ParameterSpec::optional(name, ParameterKind::Choice(words), about)
}

/// How long the way to full strength takes.
fn ramp(about: &'static str, usual: &'static str) -> ParameterSpec {
    quantity("ramp", Dimension::Time, about).default(usual).range(1e9, 3.6e12)
}

/// Adds the `physio.*` actions and the system behind them.
pub fn register(registry: &mut Registry) {
    registry.extend(rhythm::actions());
    registry.extend([desaturation::action_spec(), hypotension::action_spec(), bleeding::action_spec()]);
    registry.extend([fluid::action_spec(), drug::action_spec(), seizure::action_spec()]);
    registry.extend(breathing::actions());
    registry.extend(exertion::actions());
    registry.extend(illness::actions());
    registry.add(raw_input::action_spec());
}

/// Adds the system that begins a grid step, before devices and ways of life move inputs.
pub(crate) fn register_begin(registry: &mut Registry) {
    registry.schedule(SystemSpec::new(Phase::Opening, undo_inputs).of::<Causes>());
}

pub(crate) use arrest::Collapse;

#[cfg(test)]
mod bench;

//! Steps that change what a person with diabetes does: boluses missed or miscounted, alcohol, days of illness.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, DurationRule, Edge, Evidence, Executor, Level, ParameterKind, ParameterSpec, Registry, SignalAct,
};
use vocabulary::Dimension;

use super::Glycaemia;
use crate::causes::label_step;

fn miss(world: &mut World, act: &SignalAct<'_>) {
    label_step(world, act, false);
    let Some(mut glycaemia) = world.get_mut::<Glycaemia>(act.entity) else { return };
    match act.edge {
        Edge::Begin => glycaemia.conduct.miss_from(act.id),
        Edge::Heal => glycaemia.conduct.recover_from(act.id),
    }
}

fn misjudge(world: &mut World, act: &SignalAct<'_>) {
    label_step(world, act, false);
    let factor = act.occurrence.arguments.number("believed").unwrap_or_default() / 100.0;
    let Some(mut glycaemia) = world.get_mut::<Glycaemia>(act.entity) else { return };
    match act.edge {
        Edge::Begin => glycaemia.conduct.misjudge_from(act.id, factor),
        Edge::Heal => glycaemia.conduct.recover_from(act.id),
    }
}

fn fall_ill(world: &mut World, act: &SignalAct<'_>) {
    label_step(world, act, false);
    let severity = act.occurrence.arguments.number("severity").unwrap_or_default();
    let Some(mut glycaemia) = world.get_mut::<Glycaemia>(act.entity) else { return };
    match act.edge {
        Edge::Begin => glycaemia.conduct.fall_ill(act.id, severity),
        Edge::Heal => glycaemia.conduct.recover_from(act.id),
    }
}

fn drink(world: &mut World, act: &SignalAct<'_>) {
    let alcohol_g = 1_000.0 * act.occurrence.arguments.number("alcohol").unwrap_or_default();
    let Some(mut glycaemia) = world.get_mut::<Glycaemia>(act.entity) else { return };
    if glycaemia.drink(alcohol_g) {
        label_step(world, act, true);
        world.resource_mut::<Evidence>().add(act.id, "drinks_taken", 1);
    }
}

/// A step on a person's conduct.
fn action(
    name: &'static str,
    about: &'static str,
    executor: Executor,
    parameters: Vec<ParameterSpec>,
    (duration, evidence): (DurationRule, &'static [&'static str]),
    (heal, stack_should): (&'static str, &'static str),
) -> ActionSpec {
    ActionSpec { name, about, level: Level::Patient, executor, parameters, duration, evidence, heal, stack_should }
}

/// Adds the steps.
pub(crate) fn register(registry: &mut Registry) {
    let all = ["person.missed_bolus", "person.miscount", "person.illness", "person.drink"];
    registry.extend(all.map(crate::needs_glucose));
    let quantity = |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about);
    registry.extend([
        action(
            "person.missed_bolus",
            "no meal is covered with a bolus while it lasts; basal insulin and corrections go on",
            Executor::signal(miss),
            Vec::new(),
            (DurationRule::Required, &["boluses_missed"]),
            ("the next meals are covered again", "show the rise after the meal, and that no bolus was given"),
        ),
        action(
            "person.miscount",
            "the person takes each meal for more or less than it is",
            Executor::signal(misjudge),
            vec![
                quantity("believed", Dimension::Percent, "what is believed to be in a meal, of what is in it")
                    .default("50 %")
                    .range(0.0, 300.0),
            ],
            (DurationRule::Required, &["meals_misjudged"]),
            ("the person counts as before", "show the high, or the low, of the hours after a meal"),
        ),
        action(
            "person.illness",
            "days of a feverish illness as glucose has them: insulin acts less, the liver makes more, ketones rise sooner",
            Executor::signal(fall_ill),
            vec![
                ParameterSpec::optional("severity", ParameterKind::Number, "severity, 1: as in a sepsis")
                    .default("0.6")
                    .range(0.1, 1.0),
            ],
            (DurationRule::Optional, &["minutes_ill"]),
            ("the illness is over", "raise the high alarm; advise to measure ketones"),
        ),
        action(
            "person.drink",
            "the person drinks alcohol: the liver makes less glucose until it is burnt; lows follow at night",
            Executor::signal(drink),
            vec![
                quantity("alcohol", Dimension::Mass, "pure alcohol, 12 to 14 g a drink")
                    .default("40 g")
                    .range(0.001, 0.3),
            ],
            (DurationRule::Instant, &["drinks_taken"]),
            ("nothing; it is burnt at 0.1 g/kg/h", "raise the low of the night or of the morning after"),
        ),
    ]);
}

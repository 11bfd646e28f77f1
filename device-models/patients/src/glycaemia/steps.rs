//! Steps that act on glucose: lows and highs of a wanted depth, meals, and a failing infusion site.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, DurationRule, Edge, Evidence, Executor, Level, OccurrenceId, ParameterKind, ParameterSpec, Registry,
    SignalAct,
};
use vocabulary::Dimension;

use super::Glycaemia;
use super::courses::{Course, FailingSite};
use crate::causes::label_step;
use physiology::glucose::GlucoseDrive;

impl Glycaemia {
    /// Begins a course to a glucose [mg/dL] within a ramp [min]; nothing happens to who is there or beyond already.
    pub(super) fn begin_course(&mut self, occurrence: OccurrenceId, target_mg_dl: f64, ramp_min: f64, is_low: bool) {
        let plasma_mg_dl = self.metabolism.plasma_mg_dl();
        if (plasma_mg_dl > target_mg_dl) == is_low {
            let drive = GlucoseDrive::begin(target_mg_dl, ramp_min, plasma_mg_dl);
            self.courses.push(Course::new(occurrence, drive, !is_low));
        }
    }

    fn end_course(&mut self, occurrence: OccurrenceId) {
        self.courses.retain(|course| course.occurrence() != occurrence);
    }
}

fn ramp_min(act: &SignalAct<'_>) -> f64 {
    act.occurrence.arguments.number("ramp").unwrap_or(60.0 * 60e9) / 60e9
}

fn hypoglycaemia(world: &mut World, act: &SignalAct<'_>) {
    label_step(world, act, false);
    let Some(mut glycaemia) = world.get_mut::<Glycaemia>(act.entity) else { return };
    match act.edge {
        Edge::Begin => {
            let nadir_mg_dl = act.occurrence.arguments.number("nadir").unwrap_or(48.0);
            glycaemia.begin_course(act.id, nadir_mg_dl, ramp_min(act), true);
        }
        Edge::Heal => glycaemia.end_course(act.id),
    }
}

fn hyperglycaemia(world: &mut World, act: &SignalAct<'_>) {
    label_step(world, act, true);
    let Some(mut glycaemia) = world.get_mut::<Glycaemia>(act.entity) else { return };
    let peak_mg_dl = act.occurrence.arguments.number("peak").unwrap_or(320.0);
    glycaemia.begin_course(act.id, peak_mg_dl, ramp_min(act), false);
}

fn meal(world: &mut World, act: &SignalAct<'_>) {
    let Some(mut glycaemia) = world.get_mut::<Glycaemia>(act.entity) else { return };
    let arguments = &act.occurrence.arguments;
    let carbohydrate_g = 1_000.0 * arguments.number("carbohydrate").unwrap_or_default();
    if !glycaemia.serve_extra(carbohydrate_g, arguments.flag("covered").unwrap_or(false)) {
        return;
    }
    label_step(world, act, true);
    world.resource_mut::<Evidence>().add(act.id, "meals_served", 1);
}

fn site_failure(world: &mut World, act: &SignalAct<'_>) {
    label_step(world, act, false);
    let Some(mut glycaemia) = world.get_mut::<Glycaemia>(act.entity) else { return };
    match act.edge {
        Edge::Begin => {
            let delivery = act.occurrence.arguments.number("delivery").unwrap_or_default() / 100.0;
            glycaemia.failing_sites.push(FailingSite { occurrence: act.id, delivery });
        }
        Edge::Heal => glycaemia.failing_sites.retain(|site| site.occurrence != act.id),
    }
}

/// Adds the steps.
pub(crate) fn register(registry: &mut Registry) {
    let quantity = |name, dimension, about| ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about);
    let ramp = |default| {
        quantity("ramp", Dimension::Time, "how long the way there takes").default(default).range(60e9, 24.0 * 3600e9)
    };
    let all = ["physio.hypoglycaemia", "physio.hyperglycaemia", "physio.meal", "physio.site_failure"];
    registry.extend(all.map(crate::needs_glucose));
    registry.extend([
        ActionSpec {
            name: "physio.hypoglycaemia",
            about: "plasma glucose falls to a nadir and stays there; tissue, sensors and counter-regulation follow",
            level: Level::Patient,
            executor: Executor::signal(hypoglycaemia),
            parameters: vec![
                quantity("nadir", Dimension::Glucose, "glucose reached").default("48 mg/dL").range(20.0, 110.0),
                ramp("40m"),
            ],
            duration: DurationRule::Optional,
            evidence: &["minutes_acted"],
            heal: "glucose returns as the body lets it",
            stack_should: "raise the urgent low before the low becomes dangerous; a compression low is not one",
        },
        ActionSpec {
            name: "physio.hyperglycaemia",
            about: "plasma glucose rises to a peak, as after a missed bolus, and passes by itself",
            level: Level::Patient,
            executor: Executor::signal(hyperglycaemia),
            parameters: vec![
                quantity("peak", Dimension::Glucose, "glucose reached").default("320 mg/dL").range(120.0, 600.0),
                ramp("2h"),
            ],
            duration: DurationRule::Instant,
            evidence: &["minutes_acted"],
            heal: "it ends at the peak; insulin and kidneys bring glucose down",
            stack_should: "raise the high alarm, without urgency",
        },
        ActionSpec {
            name: "physio.meal",
            about: "the person eats, beginning at the next whole minute",
            level: Level::Patient,
            executor: Executor::signal(meal),
            parameters: vec![
                ParameterSpec::required(
                    "carbohydrate",
                    ParameterKind::Quantity(Dimension::Mass),
                    "carbohydrate of the meal, such as `60 g`",
                )
                .range(0.001, 0.5),
                ParameterSpec::optional("covered", ParameterKind::Flag, "whether the person gives a bolus for it")
                    .default("false"),
            ],
            duration: DurationRule::Instant,
            evidence: &["meals_served"],
            heal: "nothing; the meal is digested",
            stack_should: "show the rise; advise no bolus for carbohydrate that is already covered",
        },
        ActionSpec {
            name: "physio.site_failure",
            about: "the infusion site lets only part of the insulin through; the pump does not notice",
            level: Level::Patient,
            executor: Executor::signal(site_failure),
            parameters: vec![
                quantity("delivery", Dimension::Percent, "part of the insulin that still arrives")
                    .default("0 %")
                    .range(0.0, 100.0),
            ],
            duration: DurationRule::Optional,
            evidence: &["doses_reduced"],
            heal: "a new site: all insulin arrives again",
            stack_should: "suspect the site when glucose keeps rising although insulin is delivered",
        },
    ]);
}

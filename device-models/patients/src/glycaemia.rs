//! Glucose and insulin of a living patient: meals, insulin that arrives, effort and illness, minute by minute.
//!
//! The model moves at the whole minutes of the scenario, so neither tick nor cadence can change it. In the grid step
//! that begins a minute the minute before is lived through with what arrived in it; then the person eats and asks for
//! a bolus; then pumps push the insulin of the new minute. A patient without this component costs nothing.

mod conduct;
pub(crate) mod conduct_steps;
mod courses;
mod effects;
mod living;
mod minute;
mod models;
pub(crate) mod steps;
mod truth;

pub(crate) use effects::act_on_body;
pub use minute::{LocalMinute, Minute};
pub(crate) use models::{has_glucose, models, of_plan, with_glucose};
pub(crate) use truth::{COLUMNS, note_glycaemia};

use bevy_ecs::prelude::*;
use sim_core::{Clock, Evidence, Phase, Registry, Rest, SystemSpec};

use self::conduct::Conduct;
use self::courses::{Course, FailingSite};
use self::living::Living;
use crate::{Physiology, WallClock};
use physiology::glucose::{
    Conditions, Counting, Ketones, MealPlan, Metabolism, Moment, PlannedMeal, Units, UnitsPerHour,
    circadian_sensitivity,
};

/// A low is treated with 15 g of fast carbohydrate, again after a quarter of an hour while it lasts ("Standards of Care
/// in Diabetes", Diabetes Care 2025;48 Suppl 1, section 6: below 70 mg/dL).
const LOW_MG_DL: f64 = 70.0;
const RESCUE_G: f64 = 15.0;
const RESCUE_WAIT_MIN: i64 = 15;

/// Where insulin comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Supply {
    /// From a pen: a long-acting insulin that holds the basal glucose, and injected boluses.
    Pen,
    /// From a pump, which is a device of its own.
    Pump,
}

/// The glucose and insulin of a patient, and how the person lives with them.
#[derive(Debug, Clone, Component)]
pub struct Glycaemia {
    metabolism: Metabolism,
    weight_kg: f64,
    meals: MealPlan,
    /// Carbohydrate that the person covers with one unit [g/U].
    ratio_g_u: f64,
    /// Relative amplitude of the daily swing of insulin sensitivity.
    dawn: f64,
    supply: Supply,
    today: Vec<PlannedMeal>,
    /// What steps put on the table, and whether the person covers it [g].
    extra_meals: Vec<(f64, bool)>,
    /// Carbohydrate whose boluses are still to be given [g], by the minute of the run.
    planned_boluses: Vec<(i64, f64)>,
    /// Minute of the run from which a low would be treated again.
    rescue_from: i64,
    /// What the person asks the pump for in this minute.
    wanted_bolus: Units,
    /// Insulin that reached the tissue since the last whole minute.
    arriving: Units,
    delivered: Units,
    courses: Vec<Course>,
    failing_sites: Vec<FailingSite>,
    conduct: Conduct,
    /// Habits and days of a person who lives as people do; without, care is exact or there is none.
    living: Option<Box<Living>>,
    ketones: Ketones,
    /// Glucose at which adrenaline comes [mg/dL].
    defended_below_mg_dl: f64,
}

impl Glycaemia {
    /// A person in the basal state who lives with a pen until a pump is attached.
    pub fn new(metabolism: Metabolism, weight_kg: f64, meals: MealPlan, ratio_g_u: f64, dawn: f64) -> Self {
        Self {
            metabolism,
            weight_kg,
            meals,
            ratio_g_u,
            dawn,
            supply: Supply::Pen,
            today: Vec::new(),
            extra_meals: Vec::new(),
            planned_boluses: Vec::new(),
            rescue_from: 0,
            wanted_bolus: Units(0.0),
            arriving: Units(0.0),
            delivered: Units(0.0),
            courses: Vec::new(),
            failing_sites: Vec::new(),
            conduct: Conduct::default(),
            living: None,
            ketones: Ketones::default(),
            defended_below_mg_dl: physiology::glucose::BEGINS_IN_HEALTH_MG_DL,
        }
    }

    /// Lets the person live as people do instead of caring exactly.
    fn live_as_people_do(&mut self, living: Living) {
        self.living = Some(Box::new(living));
    }

    /// Leaves basal insulin and boluses to a pump.
    pub fn attach_pump(&mut self) {
        self.supply = Supply::Pump;
    }

    /// Takes insulin that reaches the tissue in the present minute.
    pub fn receive(&mut self, insulin: Units) {
        self.arriving += insulin;
    }

    /// Takes the bolus that the person asks the pump for in this minute; nothing is 0.
    pub fn take_wanted_bolus(&mut self) -> Units {
        std::mem::take(&mut self.wanted_bolus)
    }

    /// Serves carbohydrate at the next whole minute [g], with a bolus if the person covers it.
    fn serve_extra(&mut self, carbohydrate_g: f64, covered: bool) {
        self.extra_meals.push((carbohydrate_g, covered));
    }

    /// Drinks alcohol [g]; whether it makes a difference, which it does only to who lives as people do.
    fn drink(&mut self, alcohol_g: f64) -> bool {
        if let Some(living) = &mut self.living {
            living.days.drink(alcohol_g);
        }
        self.living.is_some()
    }

    /// Lives through the minute that ends now, with the effort of the body if there is one, and its illness (0 to 1).
    fn end_minute(&mut self, minute: &LocalMinute, effort: Option<f64>, sepsis: f64, evidence: &mut Evidence) {
        let plasma_mg_dl = self.metabolism.plasma_mg_dl();
        let influx_mg_kg_min = self.courses.iter_mut().map(|course| course.advance(plasma_mg_dl, evidence)).sum();
        self.courses.retain(|course| !course.is_over());
        let site_delivery = self.failing_sites.iter().map(|site| site.delivery).fold(1.0, f64::min);
        let arriving = std::mem::take(&mut self.arriving);
        if arriving > Units(0.0) {
            evidence.add_all(self.failing_sites.iter().map(|site| site.occurrence), "doses_reduced", 1);
        }
        self.delivered += arriving * site_delivery;
        let calm = Moment { sensitivity: 1.0, effort: effort.unwrap_or(0.0), stress: 0.0, production: 1.0 };
        let moment = self.living.as_mut().map_or(calm, |living| living.moment(minute, effort));
        let stress = moment.stress.max(sepsis).max(self.conduct.illness(evidence));
        let conditions = Conditions {
            insulin_sensitivity: circadian_sensitivity(minute.hour(), self.dawn) * moment.sensitivity,
            effort: moment.effort,
            stress,
            production: moment.production,
            influx_mg_kg_min,
            site_delivery,
        };
        self.metabolism.advance_minute(arriving, &conditions);
        if let Metabolism::Type1(person) = &self.metabolism {
            self.ketones.advance_minute(person, stress);
        }
    }

    /// Eats and asks for insulin at the begin of a minute.
    fn begin_minute(&mut self, minute: &LocalMinute, evidence: &mut Evidence) {
        if self.today.is_empty() || minute.comes_to(0) {
            self.today = self.meals.meals_on(minute.day);
        }
        for (carbohydrate_g, covered) in std::mem::take(&mut self.extra_meals) {
            self.metabolism.serve(carbohydrate_g);
            if covered {
                self.plan_bolus(minute.index, carbohydrate_g, evidence);
            }
        }
        for meal in self.today.clone().iter().filter(|meal| minute.comes_to(meal.minute)) {
            self.metabolism.serve(meal.carbohydrate_g);
            if let Some(after_min) = meal.bolus_after_min {
                self.plan_bolus(minute.index + i64::from(after_min), meal.counted_g, evidence);
            }
        }
        let bolus = self.due_boluses(minute) + self.care(minute);
        match self.supply {
            Supply::Pen => self.receive(bolus + self.programmed_basal().over_minutes(1.0)),
            Supply::Pump => self.wanted_bolus = bolus,
        }
    }

    /// Insulin for the meals whose boluses are due.
    fn due_boluses(&mut self, minute: &LocalMinute) -> Units {
        let due = self.planned_boluses.iter().filter(|(at, _)| *at <= minute.index);
        let due_g: f64 = due.map(|(_, carbohydrate_g)| carbohydrate_g).sum();
        self.planned_boluses.retain(|(at, _)| *at > minute.index);
        let wanted = Units(due_g / self.ratio_g_u);
        match &self.living {
            Some(living) if due_g > 0.0 => living.meal_bolus(wanted, minute, &self.metabolism),
            _ => wanted,
        }
    }

    /// Eats against a low, snacks, and returns the insulin against a high. A low that a step holds is one that nobody
    /// notices, and who takes no boluses does not look after lows either.
    fn care(&mut self, minute: &LocalMinute) -> Units {
        if !self.courses.is_empty() {
            return Units(0.0);
        }
        if let Some(living) = &mut self.living {
            let deeds = living.act(minute, &self.metabolism);
            self.metabolism.serve(deeds.eats_g);
            return deeds.corrects;
        }
        if minute.index >= self.rescue_from
            && self.meals.counting != Counting::Never
            && matches!(self.metabolism, Metabolism::Type1(_))
            && self.metabolism.plasma_mg_dl() < LOW_MG_DL
        {
            self.metabolism.serve(RESCUE_G);
            self.rescue_from = minute.index + RESCUE_WAIT_MIN;
        }
        Units(0.0)
    }

    /// Plans the bolus for carbohydrate [g]; people who secrete insulin give themselves none.
    fn plan_bolus(&mut self, at_minute: i64, carbohydrate_g: f64, evidence: &mut Evidence) {
        if matches!(self.metabolism, Metabolism::Type1(_))
            && let Some(believed_g) = self.conduct.believed_g(carbohydrate_g, evidence)
        {
            self.planned_boluses.push((at_minute, believed_g));
        }
    }

    /// Whether the person eats in this minute of the day, today.
    pub fn eats_at(&self, minute_of_day: u32) -> bool {
        self.today.iter().any(|meal| meal.minute == minute_of_day)
    }

    /// Glucose and insulin.
    pub fn metabolism(&self) -> &Metabolism {
        &self.metabolism
    }

    /// Body weight [kg].
    pub fn weight_kg(&self) -> f64 {
        self.weight_kg
    }

    /// Insulin that reached the tissue so far.
    pub fn delivered(&self) -> Units {
        self.delivered
    }

    /// Basal rate that the person has programmed or injects: what holds the basal glucose, as well as it is known.
    pub fn programmed_basal(&self) -> UnitsPerHour {
        let setting = self.living.as_ref().map_or(1.0, |living| living.habits.basal_setting);
        UnitsPerHour(setting * self.metabolism.basal_need().0)
    }

    /// Ketones in the blood.
    pub fn ketones(&self) -> &Ketones {
        &self.ketones
    }

    /// Strength of the adrenaline that low glucose calls, 0 to 1.
    pub fn adrenaline(&self) -> f64 {
        physiology::glucose::adrenaline(self.metabolism.plasma_mg_dl(), self.defended_below_mg_dl)
    }
}

/// Ends a minute and begins the next for every patient with a glucose model.
fn live_minutes(
    clock: Res<Clock>,
    mut patients: Query<(&mut Glycaemia, &WallClock, Option<&Physiology>)>,
    mut evidence: ResMut<Evidence>,
    mut rest: ResMut<Rest>,
) {
    rest.until_at_most(Minute::next_begin(&clock));
    let Some(minute) = Minute::beginning(&clock) else { return };
    for (mut glycaemia, WallClock(clock), physiology) in &mut patients {
        let minute = minute.by(clock);
        // The core's state counts arousal as effort; muscles do not take up glucose for it.
        let aroused = effects::arousal(&glycaemia);
        let effort = physiology.map(|Physiology(body)| (body.core.state().exercise - aroused).clamp(0.0, 1.0));
        let sepsis = physiology.map_or(0.0, |Physiology(body)| body.core.state().sepsis.clamp(0.0, 1.0));
        if minute.index > 0 {
            glycaemia.end_minute(&minute, effort, sepsis, &mut evidence);
        }
        glycaemia.begin_minute(&minute, &mut evidence);
    }
}

/// Adds the minute-wise system. It comes before the devices: a minute ends before pumps push the insulin
/// of the next.
pub(crate) fn register(registry: &mut Registry) {
    registry.schedule(SystemSpec::new(Phase::Opening, live_minutes).of::<Glycaemia>().rests());
}

#[cfg(test)]
mod tests;

//! Glucose and insulin of a living patient: meals, insulin that arrives, effort and illness, minute by minute.
//!
//! The model moves at the whole minutes of the scenario, so neither tick nor cadence can change it. In the grid step
//! that begins a minute the minute before is lived through with what arrived in it; then the person eats and asks for
//! a bolus; then pumps push the insulin of the new minute. A patient without this component costs nothing.

mod conduct;
pub(crate) mod conduct_steps;
mod courses;
mod effects;
mod happenings;
mod living;
mod minute;
mod models;
mod neuroglycopenia;
mod reservoir;
pub(crate) mod steps;
mod truth;

pub(crate) use effects::act_on_body;
pub use minute::{LocalMinute, Minute};
pub(crate) use models::{has_glucose, models, of_plan, with_glucose};
pub use reservoir::Filling;
pub(crate) use truth::{COLUMNS, note_glycaemia};

use bevy_ecs::prelude::*;
use sim_core::{Clock, Evidence, LabelEdge, Phase, Registry, Rest, SystemSpec, Truth};

use self::conduct::Conduct;
use self::courses::{Course, FailingSite};
use self::happenings::{Happening, Happenings, MEAL_SHOWS_MIN};
use self::living::Living;
use self::neuroglycopenia::Neuroglycopenia;
use self::reservoir::Reservoir;
use crate::ability::helpless_by;
use crate::medication::Medication;
use crate::{Person, Physiology, WallClock};
use physiology::glucose::{
    Conditions, Counting, Ketones, MealPlan, Metabolism, Moment, PlannedMeal, Units, UnitsPerHour,
    circadian_sensitivity, is_asleep,
};
use physiology::scores::Consciousness;

/// A low is treated with 15 g of fast carbohydrate, again after a quarter of an hour while it lasts ("Standards of Care
/// in Diabetes", Diabetes Care 2025;48 Suppl 1, section 6: below 70 mg/dL).
const LOW_MG_DL: f64 = 70.0;
const RESCUE_G: f64 = 15.0;
const RESCUE_WAIT_MIN: i64 = 15;

/// A long-acting insulin that is not injected again lasts for a day [min].
const LONG_ACTING_MIN: i64 = 1_440;

/// Effort from which on it is labelled as exercise: a walk.
const EXERCISE: f64 = 0.15;

/// Who was helpless acts again when nothing has been in the way for so long [min] (reaction times are long for 20 to 75 min after
/// a low: Zammitt et al., Diabetes 2008;57:732, from memory; the shortest of them).
const COMES_TO_MIN: i64 = 20;

/// A meal is labelled as miscounted when what is believed to be in it is off by more than this part.
const MISCOUNTED: f64 = 0.33;

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
    neuroglycopenia: Neuroglycopenia,
    /// Glucose at which adrenaline comes [mg/dL].
    defended_below_mg_dl: f64,
    /// Whether the person can act in this minute, and the last one in which that was so.
    can_act: bool,
    could_act_at: i64,
    /// Minute until which a person who has been helpless comes to.
    comes_to_until: i64,
    /// Minutes in which glucose has been so low that the brain may convulse.
    convulsible_min: i64,
    reservoir: Reservoir,
    happenings: Happenings,
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
            neuroglycopenia: Neuroglycopenia::default(),
            defended_below_mg_dl: physiology::glucose::BEGINS_IN_HEALTH_MG_DL,
            can_act: true,
            could_act_at: 0,
            comes_to_until: 0,
            convulsible_min: 0,
            reservoir: Reservoir::default(),
            happenings: Happenings::default(),
        }
    }

    /// Lets the person live as people do instead of caring exactly.
    fn live_as_people_do(&mut self, living: Living) {
        self.living = Some(Box::new(living));
    }

    /// Leaves basal insulin and boluses to a pump whose set and reservoir are to be changed every so many minutes.
    pub fn attach_pump(&mut self, change_min: i64) {
        self.supply = Supply::Pump;
        self.reservoir = Reservoir::of_pump(change_min);
    }

    /// Hears how full the pump's reservoir is, and what it has pushed of boluses, in a minute of the run.
    pub fn hear_pump(&mut self, minute: Minute, filling: Filling, bolus: Units) {
        match &mut self.living {
            Some(living) => {
                living.count_bolus(minute.index, bolus);
                self.reservoir
                    .hear(filling, minute.index, |is_empty, number| living.refill_delay_min(is_empty, number));
            }
            None => self.reservoir.hear(filling, minute.index, |_, _| 0),
        }
    }

    /// Whether the wearer puts a fresh reservoir into the pump in this minute.
    pub fn take_change_of_reservoir(&mut self) -> bool {
        self.reservoir.take_change()
    }

    /// Takes insulin that reaches the tissue in the present minute.
    pub fn receive(&mut self, insulin: Units) {
        self.arriving += insulin;
    }

    /// Takes the bolus that the person asks the pump for in this minute; nothing is 0.
    pub fn take_wanted_bolus(&mut self) -> Units {
        std::mem::take(&mut self.wanted_bolus)
    }

    /// Serves carbohydrate at the next whole minute [g], with a bolus if the person covers it; whether there is anybody who eats.
    fn serve_extra(&mut self, carbohydrate_g: f64, covered: bool) -> bool {
        if self.can_act {
            self.extra_meals.push((carbohydrate_g, covered));
        }
        self.can_act
    }

    /// Drinks alcohol [g]; whether it makes a difference, which it does only to who lives as people do and can act.
    fn drink(&mut self, alcohol_g: f64) -> bool {
        match &mut self.living {
            Some(living) if self.can_act => {
                living.days.drink(alcohol_g);
                true
            }
            _ => false,
        }
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
        let can_act = self.can_act;
        let moment = self.living.as_mut().map_or(calm, |living| living.moment(minute, effort, can_act));
        self.note_days(&moment, minute.index);
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
        self.neuroglycopenia.advance_minute(self.metabolism.plasma_mg_dl());
        let is_convulsible = self.metabolism.plasma_mg_dl() < effects::CONVULSING_MG_DL;
        self.convulsible_min = if is_convulsible { self.convulsible_min + 1 } else { 0 };
        if let Metabolism::Type1(person) = &self.metabolism {
            self.ketones.advance_minute(person, stress);
        }
    }

    /// Labels what the days bring, until the end of the minute that begins.
    fn note_days(&mut self, moment: &Moment, minute: i64) {
        let going_on = [
            (Happening::Exercise, moment.effort > EXERCISE && self.living.is_some()),
            (Happening::Drink, moment.production < 1.0),
            (Happening::Illness, moment.stress > 0.0),
        ];
        for (happening, _) in going_on.into_iter().filter(|(_, holds)| *holds) {
            self.happenings.goes_on(happening, minute + 1);
        }
    }

    /// Eats and asks for insulin at the begin of a minute, if nothing makes the person helpless.
    fn begin_minute(&mut self, minute: &LocalMinute, helpless_by: Option<&'static str>, evidence: &mut Evidence) {
        if helpless_by.is_some() {
            self.comes_to_until = minute.index + COMES_TO_MIN;
        }
        let can_act = minute.index >= self.comes_to_until;
        if self.today.is_empty() || minute.comes_to(0) {
            self.today = self.meals.meals_on(minute.day);
        }
        self.can_act = can_act;
        let asleep = self.living.is_some() && is_asleep(minute.of_day);
        self.reservoir.decide(minute, can_act, asleep);
        if self.reservoir.filling() == Filling::Empty {
            self.happenings.goes_on(Happening::EmptyPump, minute.index + 1);
        }
        let bolus = if can_act {
            self.could_act_at = minute.index;
            self.eat_and_dose(minute, evidence)
        } else {
            self.happenings.helpless(minute.index + 1, helpless_by);
            self.planned_boluses.clear();
            Units(0.0)
        };
        match self.supply {
            Supply::Pen => {
                if let Some(living) = &mut self.living {
                    living.count_bolus(minute.index, bolus);
                }
                let lasts = minute.index - self.could_act_at < LONG_ACTING_MIN;
                let basal = if lasts { self.programmed_basal().over_minutes(1.0) } else { Units(0.0) };
                self.receive(bolus + basal);
            }
            Supply::Pump => self.wanted_bolus = bolus,
        }
    }

    /// Eats what is on the table and returns the insulin that is due.
    fn eat_and_dose(&mut self, minute: &LocalMinute, evidence: &mut Evidence) -> Units {
        for (carbohydrate_g, covered) in std::mem::take(&mut self.extra_meals) {
            self.metabolism.serve(carbohydrate_g);
            if covered {
                self.plan_bolus(minute.index, carbohydrate_g, evidence);
            }
        }
        for meal in self.today.clone().iter().filter(|meal| minute.comes_to(meal.minute)) {
            self.metabolism.serve(meal.carbohydrate_g);
            self.note_meal(meal, minute.index);
            if let Some(after_min) = meal.bolus_after_min {
                self.plan_bolus(minute.index + i64::from(after_min), meal.counted_g, evidence);
            }
        }
        self.due_boluses(minute) + self.care(minute)
    }

    /// Labels a meal that somebody who lives as people do does not cover as it should be.
    fn note_meal(&mut self, meal: &PlannedMeal, minute: i64) {
        if self.living.is_none() {
            return;
        }
        match meal.bolus_after_min {
            None => self.happenings.goes_on(Happening::MissedBolus, minute + MEAL_SHOWS_MIN),
            Some(after_min) => self.happenings.goes_on(Happening::LateBolus, minute + i64::from(after_min)),
        }
        let off = (meal.counted_g / meal.carbohydrate_g - 1.0).abs();
        if meal.bolus_after_min.is_some() && off > MISCOUNTED {
            self.happenings.goes_on(Happening::Miscount, minute + MEAL_SHOWS_MIN);
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

    /// What low glucose leaves of consciousness.
    pub(crate) fn neuroglycopenia(&self) -> Consciousness {
        self.neuroglycopenia.consciousness()
    }

    /// Whether the person comes to after having been helpless.
    pub(crate) fn comes_to(&self) -> bool {
        !self.can_act
    }

    /// Strength of the adrenaline that low glucose calls, 0 to 1.
    pub fn adrenaline(&self) -> f64 {
        physiology::glucose::adrenaline(self.metabolism.plasma_mg_dl(), self.defended_below_mg_dl)
    }
}

/// Somebody with a glucose model, and what tells whether that person can act.
type Patient<'a> = (&'a Person, &'a mut Glycaemia, &'a WallClock, Option<&'a Physiology>, Option<&'a Medication>);

/// Ends a minute and begins the next for every patient with a glucose model.
fn live_minutes(
    clock: Res<Clock>,
    mut patients: Query<Patient<'_>>,
    (mut evidence, mut truth): (ResMut<Evidence>, ResMut<Truth>),
    mut rest: ResMut<Rest>,
) {
    rest.until_at_most(Minute::next_begin(&clock));
    let Some(beginning) = Minute::beginning(&clock) else { return };
    for (person, mut glycaemia, WallClock(wall_clock), physiology, medication) in &mut patients {
        let minute = beginning.by(wall_clock);
        // The core's state counts arousal as effort; muscles do not take up glucose for it.
        let aroused = effects::arousal(&glycaemia);
        let effort = physiology.map(|Physiology(body)| (body.core.state().exercise - aroused).clamp(0.0, 1.0));
        let sepsis = physiology.map_or(0.0, |Physiology(body)| body.core.state().sepsis.clamp(0.0, 1.0));
        if minute.index > 0 {
            glycaemia.end_minute(&minute, effort, sepsis, &mut evidence);
        }
        let body = physiology.map(|Physiology(body)| body);
        let by = helpless_by(body, medication.and_then(Medication::drugs), Some(&glycaemia));
        glycaemia.begin_minute(&minute, by, &mut evidence);
        glycaemia.happenings.look(minute.index, |label, cause, begins| {
            if truth.wanted {
                let (label, cause) = (label.to_owned(), cause.to_owned());
                truth.labels.push(LabelEdge { patient: person.id, at: clock.now, label, cause, begins });
            }
        });
    }
}

/// Adds the minute-wise system. It comes before the devices: a minute ends before pumps push the insulin
/// of the next.
pub(crate) fn register(registry: &mut Registry) {
    registry.schedule(SystemSpec::new(Phase::Opening, live_minutes).of::<Glycaemia>().rests());
}

#[cfg(test)]
mod tests;

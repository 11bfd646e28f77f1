//! What a person with type 1 diabetes does between and around meals: looks, corrects, treats lows, snacks, sleeps.

use sim_core::{Key, Purpose};

use super::dose::Units;
use super::habits::Habits;
use super::on_board::InsulinOnBoard;

const LOOK: Purpose = Purpose::new("care.look");
const LOOK_ERROR: Purpose = Purpose::new("care.look.error");
const NOTICE: Purpose = Purpose::new("care.notice");
const SNACK: Purpose = Purpose::new("care.snack");
const SNACK_SIZE: Purpose = Purpose::new("care.snack.size");
const REFILL: Purpose = Purpose::new("care.refill");

/// Nights, by the clock [min after midnight].
const ASLEEP_BEFORE_MIN: u32 = 390;
const ASLEEP_FROM_MIN: u32 = 1_380;
const AWAKE_H: f64 = 16.5;
/// Looks are possible every so many minutes.
const LOOK_EVERY_MIN: i64 = 15;
/// What a look errs by (a meter within ISO 15197, a sensor of 10 % MARD).
const LOOK_ERROR_SIGMA: f64 = 0.08;
/// Glucose that corrections aim at, and from which on a meal's bolus is raised or lowered [mg/dL].
const TARGET_MG_DL: f64 = 140.0;
/// Nobody corrects more than this at once [mg/dL]; a meter shows little more than 400.
const MOST_CORRECTED_MG_DL: f64 = 200.0;
const RAISED_ABOVE_MG_DL: f64 = 180.0;
const LOWERED_BELOW_MG_DL: f64 = 100.0;
/// Below 70 mg/dL a look is followed by carbohydrate ("Standards of Care in Diabetes", Diabetes Care 2025;48 Suppl 1,
/// section 6), again after a quarter of an hour while the low lasts.
const LOW_MG_DL: f64 = 70.0;
const RESCUE_WAIT_MIN: i64 = 20;
/// Minutes in which a low that can be felt is noticed, on average, awake and asleep.
const NOTICED_WITHIN_MIN: f64 = 12.0;
const WOKEN_WITHIN_MIN: f64 = 30.0;
/// A snack of an adult of 70 kg [g], and its spread.
const SNACK_G: f64 = 18.0;
const SNACK_SIGMA: f64 = 0.4;
/// How much longer or shorter than usual it takes to see to a reservoir, as a standard deviation of the logarithm.
const REFILL_SIGMA: f64 = 0.9;

/// Whether people are in bed at a minute of the day.
pub fn is_asleep(of_day: u32) -> bool {
    !(ASLEEP_BEFORE_MIN..ASLEEP_FROM_MIN).contains(&of_day)
}

/// What the person knows when deciding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Situation<'a> {
    /// Minute of the run, and minute of the day.
    pub minute: i64,
    /// Minutes after midnight.
    pub of_day: u32,
    /// Plasma glucose [mg/dL].
    pub plasma_mg_dl: f64,
    /// Insulin of boluses as pump or diary count it: given, whether or not it arrived.
    pub on_board: &'a InsulinOnBoard,
}

/// What the person does in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Deeds {
    /// Carbohydrate eaten without a bolus [g].
    pub eats_g: f64,
    /// Insulin against a high.
    pub corrects: Units,
}

/// A person's care for itself.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfCare {
    key: Key,
    /// Size of snacks relative to those of 70 kg.
    size: f64,
    /// Fall of glucose that a unit brings [mg/dL/U].
    correction_mg_dl_u: f64,
    snacks: bool,
    /// Minute from which a low would be treated again.
    rescue_from: i64,
}

impl SelfCare {
    /// The care of the person of this key, whose glucose falls by so much a unit [mg/dL/U].
    pub fn of(key: Key, weight_kg: f64, correction_mg_dl_u: f64, snacks: bool) -> Self {
        let size = (weight_kg / 70.0).clamp(0.4, 1.2);
        Self { key, size, correction_mg_dl_u, snacks, rescue_from: 0 }
    }

    /// What the person does in this minute.
    pub fn act(&mut self, habits: &Habits, situation: &Situation<'_>) -> Deeds {
        let asleep = is_asleep(situation.of_day);
        let mut deeds = Deeds::default();
        let seen = (!asleep && self.looks(habits, situation.minute)).then(|| self.seen_mg_dl(situation));
        if situation.minute >= self.rescue_from
            && (seen.is_some_and(|seen| seen < LOW_MG_DL) || self.feels_low(habits, situation, asleep))
        {
            self.rescue_from = situation.minute + RESCUE_WAIT_MIN;
            deeds.eats_g += habits.rescue_g;
        }
        if let Some(seen_mg_dl) = seen.filter(|seen| *seen > habits.corrects_above_mg_dl) {
            deeds.corrects = self.correction(habits, seen_mg_dl, situation);
        }
        if !asleep && self.snacks && situation.minute % 60 == 30 {
            deeds.eats_g += self.snack_g(habits, situation.minute / 60);
        }
        deeds
    }

    /// The bolus for a meal that is believed to need so much insulin, after a look.
    pub fn meal_bolus(&self, habits: &Habits, wanted: Units, situation: &Situation<'_>) -> Units {
        let seen_mg_dl = self.seen_mg_dl(situation);
        let raised =
            if seen_mg_dl > RAISED_ABOVE_MG_DL { self.correction(habits, seen_mg_dl, situation) } else { Units(0.0) };
        let lowered_u =
            if seen_mg_dl < LOWERED_BELOW_MG_DL { (TARGET_MG_DL - seen_mg_dl) / self.correction_mg_dl_u } else { 0.0 };
        Units((wanted.0 * habits.bolus_setting + raised.0 - lowered_u).max(0.0))
    }

    /// Insulin that brings glucose back, less all that was given and still works, as the calculators of pumps propose it:
    /// however often somebody looks, corrections add up to no more than one.
    fn correction(&self, habits: &Habits, seen_mg_dl: f64, situation: &Situation<'_>) -> Units {
        let excess_mg_dl = (seen_mg_dl - TARGET_MG_DL).min(MOST_CORRECTED_MG_DL);
        let wanted_u = habits.correction_strength * excess_mg_dl / self.correction_mg_dl_u;
        Units((wanted_u - situation.on_board.at(situation.minute).0).max(0.0))
    }

    /// How long after the alarm of a low or an empty reservoir the person sees to it [min], for the time of this number.
    pub fn refill_delay_min(&self, habits: &Habits, is_empty: bool, number: u64) -> i64 {
        let (median_min, counter) = if is_empty {
            (habits.refills_empty_after_min, 2 * number + 1)
        } else {
            (habits.refills_low_after_min, 2 * number)
        };
        self.key.log_normal(REFILL, counter, median_min, REFILL_SIGMA) as i64
    }

    fn seen_mg_dl(&self, situation: &Situation<'_>) -> f64 {
        self.key.log_normal(LOOK_ERROR, situation.minute as u64, situation.plasma_mg_dl, LOOK_ERROR_SIGMA)
    }

    fn looks(&self, habits: &Habits, minute: i64) -> bool {
        let share = habits.looks_an_hour * LOOK_EVERY_MIN as f64 / 60.0;
        minute % LOOK_EVERY_MIN == 0 && self.key.uniform(LOOK, minute as u64) < share
    }

    fn feels_low(&self, habits: &Habits, situation: &Situation<'_>, asleep: bool) -> bool {
        let (felt_mg_dl, within_min) =
            if asleep { (habits.wakes_mg_dl, WOKEN_WITHIN_MIN) } else { (habits.notices_mg_dl, NOTICED_WITHIN_MIN) };
        situation.plasma_mg_dl < felt_mg_dl && self.key.uniform(NOTICE, situation.minute as u64) < 1.0 / within_min
    }

    fn snack_g(&self, habits: &Habits, hour: i64) -> f64 {
        if self.key.uniform(SNACK, hour as u64) >= habits.snacks_a_day / AWAKE_H {
            return 0.0;
        }
        self.key.log_normal(SNACK_SIZE, hour as u64, self.size * SNACK_G, SNACK_SIGMA)
    }
}

//! What the days of a person bring: sensitivity to insulin that is never the same, exercise, drinks, illness.
//!
//! All of it is drawn by day, part of a day or illness, so that a minute can be asked for by itself; only what exercise and
//! alcohol leave behind is integrated.

use sim_core::{Key, Purpose};

use super::habits::Habits;

const DAY_SENSITIVITY: Purpose = Purpose::new("living.sensitivity.day");
const HOUR_SENSITIVITY: Purpose = Purpose::new("living.sensitivity.hours");
const EXERCISE: Purpose = Purpose::new("living.exercise");
const DRINKS: Purpose = Purpose::new("living.drinks");
const ILLNESS: Purpose = Purpose::new("living.illness");

const MINUTES_PER_DAY: i64 = 1_440;
/// Length of a part of a day with a sensitivity of its own [min].
const PART_MIN: i64 = 240;
/// Nobody's sensitivity strays further than this many standard deviations.
const FURTHEST_SIGMAS: f64 = 2.5;

/// Exercise begins between these minutes of the day, lasts so long [min] at such an effort (0 to 1 of twelve times the
/// resting oxygen uptake): a walk to a run.
const EXERCISE_FROM_MIN: (f64, f64) = (480.0, 1_200.0);
const EXERCISE_LASTS_MIN: (f64, f64) = (25.0, 75.0);
const EXERCISE_EFFORT: (f64, f64) = (0.25, 0.55);
/// Insulin acts more for hours after exercise (`McMahon` et al., J Clin Endocrinol Metab 2007;92:963, not verified: glucose
/// needs are raised again 7 to 11 h later): the gain that an hour of hard effort leaves, and how it fades [min].
const AFTERMATH_GAIN: f64 = 0.35;
const AFTERMATH_FULL_MIN: f64 = 25.0;
const AFTERMATH_MIN: f64 = 600.0;

/// An evening with alcohol begins between these minutes of the day, with so many grams, drunk over two hours.
const DRINKS_FROM_MIN: (f64, f64) = (1_140.0, 1_320.0);
const DRINKS_G: (f64, f64) = (20.0, 70.0);
const DRINKING_MIN: f64 = 120.0;
/// Alcohol that the liver burns [g/kg/h], and the part of glucose production that is missing meanwhile: gluconeogenesis
/// falls by 45 %, production by 12 % in those who have eaten (Siler et al., Am J Physiol 1998;275:E897); lows follow in the
/// morning (Turner et al., Diabetes Care 2001;24:1888).
const BURNT_G_KG_H: f64 = 0.1;
const ALCOHOL_PRODUCTION_LOSS: f64 = 0.12;

/// Illness: days that it lasts, and its severity as a metabolic stress (0 to 1).
const ILLNESS_DAYS: (f64, f64) = (2.0, 5.0);
const ILLNESS_STRESS: (f64, f64) = (0.3, 0.8);
/// Illness is looked for in windows of so many days, at most one in each.
const ILLNESS_WINDOW_DAYS: i64 = 14;
/// How long it takes to come and to go [min].
const ILLNESS_EDGE_MIN: f64 = 480.0;

/// What of all that acts in a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Factor on the action of insulin.
    pub sensitivity: f64,
    /// Effort, 0 to 1.
    pub effort: f64,
    /// Metabolic stress of illness, 0 to 1.
    pub stress: f64,
    /// Factor on the liver's production of glucose.
    pub production: f64,
}

/// The days of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Circumstances {
    key: Key,
    weight_kg: f64,
    /// What the latest effort has left, 0 to 1.
    aftermath: f64,
    /// Alcohol in the body [g].
    alcohol_g: f64,
}

fn between((least, most): (f64, f64), part: f64) -> f64 {
    least + (most - least) * part
}

impl Circumstances {
    /// The days of the person of this key and weight [kg].
    pub fn of(key: Key, weight_kg: f64) -> Self {
        Self { key, weight_kg, aftermath: 0.0, alcohol_g: 0.0 }
    }

    /// Drinks alcohol [g].
    pub fn drink(&mut self, alcohol_g: f64) {
        self.alcohol_g += alcohol_g;
    }

    /// Lives through a minute of the run that is this one of that day, with this effort of the body where the person has
    /// one, else with an effort of its own. Who cannot act makes no effort and drinks nothing.
    pub fn advance(
        &mut self,
        habits: &Habits,
        minute: i64,
        (day, of_day): (u64, u32),
        (body_effort, can_act): (Option<f64>, bool),
    ) -> Moment {
        let own_effort = || if can_act { self.effort(habits, day, f64::from(of_day)) } else { 0.0 };
        let effort = body_effort.unwrap_or_else(own_effort);
        self.aftermath += (effort / AFTERMATH_FULL_MIN).min(1.0 - self.aftermath) - self.aftermath / AFTERMATH_MIN;
        if can_act {
            self.alcohol_g += self.drunk_g(habits, day, f64::from(of_day));
        }
        let drinking = self.alcohol_g > 0.0;
        self.alcohol_g = (self.alcohol_g - BURNT_G_KG_H * self.weight_kg / 60.0).max(0.0);
        Moment {
            sensitivity: self.sensitivity(habits, minute) * (1.0 + AFTERMATH_GAIN * self.aftermath),
            effort,
            stress: self.illness(habits, minute),
            production: if drinking { 1.0 - ALCOHOL_PRODUCTION_LOSS } else { 1.0 },
        }
    }

    /// Sensitivity to insulin: from part to part of the day, and from day to day.
    fn sensitivity(&self, habits: &Habits, minute: i64) -> f64 {
        let wander = |purpose, length_min: i64| {
            let at = |number: i64| self.key.normal(purpose, number as u64).clamp(-FURTHEST_SIGMAS, FURTHEST_SIGMAS);
            let (number, into) = (minute.div_euclid(length_min), minute.rem_euclid(length_min));
            let part = into as f64 / length_min as f64;
            // A mean of two independent draws varies less than either: undone, so that every minute has the same spread.
            let spread = libm::sqrt(part * part + (1.0 - part) * (1.0 - part));
            (at(number) * (1.0 - part) + at(number + 1) * part) / spread
        };
        libm::exp(
            habits.sensitivity_of_days * wander(DAY_SENSITIVITY, MINUTES_PER_DAY)
                + habits.sensitivity_of_hours * wander(HOUR_SENSITIVITY, PART_MIN),
        )
    }

    /// Whether an event of a day, drawn with four parts, takes place at all; then the three others.
    fn event(&self, purpose: Purpose, number: u64, probability: f64) -> Option<[f64; 3]> {
        let [chance, parts @ ..] = self.key.block(purpose, number).map(|bits| f64::from(bits) / 4_294_967_296.0);
        (chance < probability).then_some(parts)
    }

    fn effort(&self, habits: &Habits, day: u64, of_day: f64) -> f64 {
        let Some([begin, length, strength]) = self.event(EXERCISE, day, habits.exercise_a_day) else { return 0.0 };
        let begin_min = between(EXERCISE_FROM_MIN, begin);
        let inside = (begin_min..begin_min + between(EXERCISE_LASTS_MIN, length)).contains(&of_day);
        if inside { between(EXERCISE_EFFORT, strength) } else { 0.0 }
    }

    /// Alcohol drunk in this minute [g].
    fn drunk_g(&self, habits: &Habits, day: u64, of_day: f64) -> f64 {
        let Some([begin, amount, _]) = self.event(DRINKS, day, habits.drinking_evenings) else { return 0.0 };
        let begin_min = between(DRINKS_FROM_MIN, begin);
        let inside = (begin_min..begin_min + DRINKING_MIN).contains(&of_day);
        if inside { between(DRINKS_G, amount) / DRINKING_MIN } else { 0.0 }
    }

    /// Metabolic stress of an illness, which comes and goes within hours.
    fn illness(&self, habits: &Habits, minute: i64) -> f64 {
        let window_min = ILLNESS_WINDOW_DAYS * MINUTES_PER_DAY;
        let number = minute.div_euclid(window_min) as u64;
        let probability = habits.illnesses_a_year * ILLNESS_WINDOW_DAYS as f64 / 365.0;
        let Some([begin, length, severity]) = self.event(ILLNESS, number, probability) else { return 0.0 };
        let length_min = between(ILLNESS_DAYS, length) * MINUTES_PER_DAY as f64;
        let begin_min = begin * (window_min as f64 - length_min);
        let since_min = minute.rem_euclid(window_min) as f64 - begin_min;
        let edge = (since_min / ILLNESS_EDGE_MIN).min((length_min - since_min) / ILLNESS_EDGE_MIN).clamp(0.0, 1.0);
        between(ILLNESS_STRESS, severity) * edge
    }
}

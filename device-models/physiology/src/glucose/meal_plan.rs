//! What a person eats on a day, and when and how well it is covered with insulin.

use sim_core::{Key, Purpose};
use thiserror::Error;

use super::habits::Habits;

const TIME: Purpose = Purpose::new("meal.time");
const SIZE: Purpose = Purpose::new("meal.size");
const COUNTING: Purpose = Purpose::new("meal.counting");
const MISSED: Purpose = Purpose::new("meal.missed");
const LATE: Purpose = Purpose::new("meal.late");

/// Usual time [min after midnight] and carbohydrate [g] of an adult of 70 kg and more: the three meals of the reference
/// days, and a snack.
const USUAL: [Dish; 4] = [
    Dish { minute: 420, carbohydrate_g: 45.0 },
    Dish { minute: 720, carbohydrate_g: 70.0 },
    Dish { minute: 960, carbohydrate_g: 15.0 },
    Dish { minute: 1_110, carbohydrate_g: 80.0 },
];
/// Spread of the time [min] and of the size from day to day.
const TIME_MIN: f64 = 20.0;
const SIZE_SIGMA: f64 = 0.2;
/// No meal is further than this from its usual size: nobody eats five dinners at once.
const FURTHEST_SIGMAS: f64 = 1.6;
/// People misjudge carbohydrate by a fifth on average (Brazeau et al., Diabetes Res Clin Pract 2013;99:19).
const COUNTING_SIGMA: f64 = 0.2;
/// How late boluses come that come late [min].
const LATE_MIN: (f64, f64) = (15.0, 60.0);
/// Largest meal that a list may name [g].
const LARGEST_G: f64 = 500.0;

/// One entry of a menu.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Dish {
    /// Minutes after midnight.
    minute: u32,
    carbohydrate_g: f64,
}

/// How a person covers meals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// With the errors and delays of people.
    Usual,
    /// Exactly, with the first bite.
    Exact,
    /// Not at all.
    Never,
}

/// Eating habits of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct MealPlan {
    key: Key,
    menu: Vec<Dish>,
    /// Whether times and sizes differ from day to day.
    varied: bool,
    /// How meals are covered.
    pub counting: Counting,
    /// Share of boluses that are forgotten, 0 to 1.
    pub missed_share: f64,
    /// Share of those given that come late, 0 to 1.
    pub late_share: f64,
    /// What the person believes to be in a meal, relative to what is in it, on average.
    pub counting_bias: f64,
    /// How much more times and sizes differ from day to day than in an orderly life.
    pub irregularity: f64,
}

/// One meal of one day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlannedMeal {
    /// When it is eaten [min after midnight].
    pub minute: u32,
    /// What is in it [g of carbohydrate].
    pub carbohydrate_g: f64,
    /// What the person believes to be in it [g of carbohydrate].
    pub counted_g: f64,
    /// How long after the first bite the bolus is given [min]; never, if forgotten.
    pub bolus_after_min: Option<u32>,
}

/// Why a list of meals cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MenuError {
    /// An entry is not a time and an amount.
    #[error("`{entry}` is not a meal; write it like `07:00 45 g`")]
    NotAMeal {
        /// The entry.
        entry: String,
    },
    /// The meals do not follow the clock.
    #[error("`{entry}` is not later than the meal before it")]
    OutOfOrder {
        /// The entry.
        entry: String,
    },
}

impl Dish {
    /// Reads `07:00 45 g`.
    fn parse(entry: &str) -> Option<Self> {
        let (time, amount) = entry.split_once(' ')?;
        let (hour, minute) = time.split_once(':')?;
        let two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let (hour, minute) = (two_digits(hour).then_some(hour)?, two_digits(minute).then_some(minute)?);
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        let carbohydrate_g: f64 = amount.trim().strip_suffix('g')?.trim_end().parse().ok()?;
        let sound = hour < 24 && minute < 60 && carbohydrate_g > 0.0 && carbohydrate_g <= LARGEST_G;
        sound.then_some(Self { minute: 60 * hour + minute, carbohydrate_g })
    }
}

impl MealPlan {
    /// Usual meals of a person of this key and weight [kg], with one bolus of twenty forgotten.
    pub fn usual(key: Key, weight_kg: f64) -> Self {
        let size = (weight_kg / 70.0).clamp(0.3, 1.2);
        let menu = USUAL.map(|dish| Dish { carbohydrate_g: size * dish.carbohydrate_g, ..dish }).to_vec();
        Self { menu, varied: true, ..Self::fasting(key) }
    }

    /// No meals.
    pub fn fasting(key: Key) -> Self {
        Self {
            key,
            menu: Vec::new(),
            varied: false,
            counting: Counting::Usual,
            missed_share: 0.05,
            late_share: 0.15,
            counting_bias: 1.0,
            irregularity: 1.0,
        }
    }

    /// The same meals every day, as in `07:00 45 g, 12:00 70 g`.
    ///
    /// # Errors
    ///
    /// Says which entry is not a meal of the day, up to 500 g, or not later than the one before.
    pub fn listed(key: Key, list: &str) -> Result<Self, MenuError> {
        let mut menu: Vec<Dish> = Vec::new();
        for entry in list.split(',').map(str::trim) {
            let dish = Dish::parse(entry).ok_or_else(|| MenuError::NotAMeal { entry: entry.to_owned() })?;
            if menu.last().is_some_and(|last| last.minute >= dish.minute) {
                return Err(MenuError::OutOfOrder { entry: entry.to_owned() });
            }
            menu.push(dish);
        }
        Ok(Self { menu, ..Self::fasting(key) })
    }

    /// The same meals, eaten and covered as somebody with these habits does.
    #[must_use]
    pub fn lived(self, habits: &Habits) -> Self {
        Self {
            missed_share: habits.missed_share,
            late_share: habits.late_share,
            counting_bias: habits.counting_bias,
            irregularity: habits.irregularity,
            ..self
        }
    }

    /// Whether times and sizes differ from day to day.
    pub fn is_varied(&self) -> bool {
        self.varied
    }

    /// Meals of a day (0 is the first of the simulation), in the order of the clock.
    pub fn meals_on(&self, day: u64) -> Vec<PlannedMeal> {
        let counter = |number: usize| day * self.menu.len() as u64 + number as u64;
        self.menu.iter().enumerate().map(|(number, dish)| self.meal(*dish, counter(number))).collect()
    }

    /// One meal; `counter` numbers the meals of the person.
    fn meal(&self, dish: Dish, counter: u64) -> PlannedMeal {
        let (mut minute, mut carbohydrate_g) = (f64::from(dish.minute), dish.carbohydrate_g);
        if self.varied {
            minute += self.irregularity * TIME_MIN * self.key.normal(TIME, counter).clamp(-3.0, 3.0);
            let sigmas = self.key.normal(SIZE, counter).clamp(-FURTHEST_SIGMAS, FURTHEST_SIGMAS);
            carbohydrate_g *= libm::exp(self.irregularity * SIZE_SIGMA * sigmas);
        }
        let mut meal =
            PlannedMeal { minute: minute as u32, carbohydrate_g, counted_g: carbohydrate_g, bolus_after_min: None };
        if self.counting == Counting::Never || self.key.uniform(MISSED, counter) < self.missed_share {
            return meal;
        }
        meal.bolus_after_min = Some(0);
        if self.counting == Counting::Usual {
            let believed_g = self.counting_bias * carbohydrate_g;
            meal.counted_g = self.key.log_normal(COUNTING, counter, believed_g, COUNTING_SIGMA);
            if self.key.uniform(LATE, 2 * counter) < self.late_share {
                let late_min = LATE_MIN.0 + (LATE_MIN.1 - LATE_MIN.0) * self.key.uniform(LATE, 2 * counter + 1);
                meal.bolus_after_min = Some(late_min as u32);
            }
        }
        meal
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_alike_but_not_equal() {
        let plan = MealPlan::usual(Key::new(1, "t1d/1"), 70.0);
        assert_eq!(plan.meals_on(3), plan.meals_on(3));
        assert_ne!(plan.meals_on(3), plan.meals_on(4));
        for day in 0..365 {
            let meals = plan.meals_on(day);
            assert!(meals.windows(2).all(|pair| pair[0].minute < pair[1].minute), "day {day}");
            let total: f64 = meals.iter().map(|meal| meal.carbohydrate_g).sum();
            assert!((110.0..400.0).contains(&total), "day {day}: {total} g");
        }
    }

    #[test]
    fn some_boluses_are_forgotten_and_some_come_late() {
        let plan = MealPlan { missed_share: 0.25, late_share: 0.15, ..MealPlan::usual(Key::new(2, "t1d/2"), 70.0) };
        let meals: Vec<PlannedMeal> = (0..500).flat_map(|day| plan.meals_on(day)).collect();
        let missed = meals.iter().filter(|meal| meal.bolus_after_min.is_none()).count();
        assert!((420..580).contains(&missed), "{missed} of 2000");
        let late = meals.iter().filter(|meal| meal.bolus_after_min.is_some_and(|minutes| minutes >= 15)).count();
        assert!((170..280).contains(&late), "{late} of 1500");
        let exact = MealPlan { counting: Counting::Exact, missed_share: 0.0, ..plan.clone() };
        assert!(exact.meals_on(1).iter().all(|meal| meal.bolus_after_min == Some(0)));
        assert!(exact.meals_on(1).iter().all(|meal| meal.counted_g == meal.carbohydrate_g));
        let never = MealPlan { counting: Counting::Never, ..plan };
        assert!(never.meals_on(1).iter().all(|meal| meal.bolus_after_min.is_none()));
    }

    #[test]
    fn a_list_is_the_same_every_day() {
        let plan = MealPlan::listed(Key::new(1, "t1d/1"), "07:00 45 g,12:30 70g, 18:00 80.5 g").unwrap();
        for day in [0, 9] {
            let meals: Vec<_> = plan.meals_on(day).iter().map(|meal| (meal.minute, meal.carbohydrate_g)).collect();
            assert_eq!(meals, [(420, 45.0), (750, 70.0), (1_080, 80.5)]);
        }
        assert!(MealPlan::fasting(Key::new(1, "t1d/1")).meals_on(0).is_empty());
    }

    #[test]
    fn faults_in_a_list_are_named() {
        let fault = |list| MealPlan::listed(Key::new(1, "t1d/1"), list).unwrap_err().to_string();
        assert_eq!(fault("07:00 45 g, lunch"), "`lunch` is not a meal; write it like `07:00 45 g`");
        assert_eq!(fault("24:00 45 g"), "`24:00 45 g` is not a meal; write it like `07:00 45 g`");
        assert_eq!(fault("07:00 -5 g"), "`07:00 -5 g` is not a meal; write it like `07:00 45 g`");
        assert_eq!(fault("12:00 45 g, 07:00 5 g"), "`07:00 5 g` is not later than the meal before it");
    }

    proptest! {
        #[test]
        fn any_list_is_answered(list in ".{0,40}") {
            let _ = MealPlan::listed(Key::new(1, "t1d/1"), &list);
        }
    }
}

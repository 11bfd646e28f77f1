//! What a person eats on a day, and when and how well it is covered with insulin.

use sim_core::{Key, Purpose};

const TIME: Purpose = Purpose::new("meal.time");
const SIZE: Purpose = Purpose::new("meal.size");
const COUNTING: Purpose = Purpose::new("meal.counting");
const MISSED: Purpose = Purpose::new("meal.missed");
const LATE: Purpose = Purpose::new("meal.late");

/// Usual time [min after midnight] and carbohydrate [g] of an adult of 70 kg and more: the three meals of the reference
/// days, and a snack.
const MEALS: [(f64, f64); 4] = [(420.0, 45.0), (720.0, 70.0), (960.0, 15.0), (1_110.0, 80.0)];
/// Spread of the time [min] and of the size from day to day.
const TIME_MIN: f64 = 20.0;
const SIZE_SIGMA: f64 = 0.2;
/// People misjudge carbohydrate by a fifth on average (Brazeau et al., Diabetes Res Clin Pract 2013;99:19).
const COUNTING_SIGMA: f64 = 0.2;
/// Share of boluses that come late, and how late [min].
const LATE_SHARE: f64 = 0.15;
const LATE_MIN: (f64, f64) = (15.0, 60.0);

/// Eating habits of one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MealPlan {
    key: Key,
    /// Size of meals relative to those of an adult of 70 kg.
    pub size: f64,
    /// Share of boluses that are forgotten, 0 to 1.
    pub missed_share: f64,
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
    /// When the bolus is given [min after midnight]; never, if forgotten.
    pub bolus_minute: Option<u32>,
}

impl MealPlan {
    /// Usual meals of a person of this key and weight [kg], with one bolus of twenty forgotten.
    pub fn usual(key: Key, weight_kg: f64) -> Self {
        Self { key, size: (weight_kg / 70.0).clamp(0.3, 1.2), missed_share: 0.05 }
    }

    /// Meals of a day (0 is the first of the simulation), in the order of the clock.
    pub fn meals_on(&self, day: u64) -> [PlannedMeal; MEALS.len()] {
        std::array::from_fn(|number| {
            let (usual_min, usual_g) = MEALS[number];
            let counter = day * MEALS.len() as u64 + number as u64;
            let minute = usual_min + TIME_MIN * self.key.normal(TIME, counter).clamp(-3.0, 3.0);
            let carbohydrate_g = self.key.log_normal(SIZE, counter, usual_g * self.size, SIZE_SIGMA);
            let late_min = if self.key.uniform(LATE, 2 * counter) < LATE_SHARE {
                LATE_MIN.0 + (LATE_MIN.1 - LATE_MIN.0) * self.key.uniform(LATE, 2 * counter + 1)
            } else {
                0.0
            };
            let given = self.key.uniform(MISSED, counter) >= self.missed_share;
            PlannedMeal {
                minute: minute as u32,
                carbohydrate_g,
                counted_g: self.key.log_normal(COUNTING, counter, carbohydrate_g, COUNTING_SIGMA),
                bolus_minute: given.then_some((minute + late_min) as u32),
            }
        })
    }
}

#[cfg(test)]
mod tests {
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
            assert!(meals.iter().all(|meal| meal.bolus_minute.is_none_or(|bolus| bolus >= meal.minute)));
        }
    }

    #[test]
    fn some_boluses_are_forgotten() {
        let plan = MealPlan { missed_share: 0.25, ..MealPlan::usual(Key::new(2, "t1d/2"), 70.0) };
        let missed = (0..500).flat_map(|day| plan.meals_on(day)).filter(|meal| meal.bolus_minute.is_none()).count();
        assert!((420..580).contains(&missed), "{missed} of 2000");
    }
}

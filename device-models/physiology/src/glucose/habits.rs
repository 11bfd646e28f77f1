//! How people live with type 1 diabetes: what they forget, misjudge and notice, drawn for each person of a group.
//!
//! Medians and spreads are data (`data/glucose/habits.csv`, sources in `LICENCES.md` beside it). A spread is the standard
//! deviation of the logarithm; nobody lies further than two of them from the median.

use sim_core::{Key, Purpose};

use super::pack::{PackError, Table};
use super::population::Group;

const SHIPPED: &str = include_str!("../../data/glucose/habits.csv");

/// Glucose at which somebody without warning symptoms notices, awake and asleep [mg/dL]; round figures.
const UNAWARE_NOTICES_MG_DL: f64 = 47.0;
const UNAWARE_WAKES_MG_DL: f64 = 38.0;

/// The habits of one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Habits {
    /// Share of meals whose bolus is forgotten, 0 to 1.
    pub missed_share: f64,
    /// Share of boluses that come after the meal has begun, 0 to 1.
    pub late_share: f64,
    /// What the person believes to be in a meal, relative to what is in it, on average.
    pub counting_bias: f64,
    /// How much more times and sizes of meals differ from day to day than those of an orderly life.
    pub irregularity: f64,
    /// Snacks a day that no bolus covers.
    pub snacks_a_day: f64,
    /// Programmed or injected basal insulin, relative to what would hold the basal glucose.
    pub basal_setting: f64,
    /// Insulin given for carbohydrate, relative to what would cover it.
    pub bolus_setting: f64,
    /// Standard deviation of the logarithm of sensitivity to insulin, from day to day.
    pub sensitivity_of_days: f64,
    /// The same from one part of a day to another.
    pub sensitivity_of_hours: f64,
    /// How often an hour the person looks at meter or sensor while awake.
    pub looks_an_hour: f64,
    /// Glucose above which a look is followed by a bolus [mg/dL].
    pub corrects_above_mg_dl: f64,
    /// Size of such a bolus, relative to what would bring glucose back.
    pub correction_strength: f64,
    /// Glucose at which the person feels a low, awake [mg/dL].
    pub notices_mg_dl: f64,
    /// Glucose at which a low wakes the person [mg/dL].
    pub wakes_mg_dl: f64,
    /// Carbohydrate against a low [g].
    pub rescue_g: f64,
    /// Bouts of exercise a day.
    pub exercise_a_day: f64,
    /// Share of evenings with alcohol, 0 to 1.
    pub drinking_evenings: f64,
    /// Illnesses of some days in a year.
    pub illnesses_a_year: f64,
    /// How long after its alarm the person refills a pump whose reservoir is low [min].
    pub refills_low_after_min: f64,
    /// The same of a reservoir that is empty [min].
    pub refills_empty_after_min: f64,
}

/// Draws one habit after another.
struct Reader<'a> {
    table: Table<'a>,
    group: Group,
    key: Key,
}

impl Reader<'_> {
    fn draw(&self, habit: &'static str) -> Result<f64, PackError> {
        let row = self.table.rows().find(|row| row.text("habit") == Ok(habit));
        let row = row.ok_or(PackError::MissingRow { parameter: habit })?;
        let (median, spread) = self.group.habit_columns();
        let sigmas = self.key.normal(Purpose::new(habit), 0).clamp(-2.0, 2.0);
        Ok(row.positive(median)? * libm::exp(row.positive(spread)? * sigmas))
    }
}

impl Habits {
    /// The habits of the person of this key in a group.
    pub fn of(group: Group, key: Key) -> Self {
        Self::draw(SHIPPED, group, key).expect("the shipped table is read by a test")
    }

    /// Draws a person from a table with the columns of `habits.csv`.
    ///
    /// # Errors
    ///
    /// Says which row, line or column is missing or unreadable.
    pub fn draw(text: &str, group: Group, key: Key) -> Result<Self, PackError> {
        let reader = Reader { table: Table::parse(text)?, group, key };
        let share = |habit| reader.draw(habit).map(|share| share.min(1.0));
        Ok(Self {
            missed_share: share("missed_share")?,
            late_share: share("late_share")?,
            counting_bias: reader.draw("counting_bias")?,
            irregularity: reader.draw("irregularity")?,
            snacks_a_day: reader.draw("snacks_a_day")?,
            basal_setting: reader.draw("basal_setting")?,
            bolus_setting: reader.draw("bolus_setting")?,
            sensitivity_of_days: reader.draw("sensitivity_of_days")?,
            sensitivity_of_hours: reader.draw("sensitivity_of_hours")?,
            looks_an_hour: reader.draw("looks_an_hour")?,
            corrects_above_mg_dl: reader.draw("corrects_above_mg_dl")?,
            correction_strength: reader.draw("correction_strength")?,
            notices_mg_dl: reader.draw("notices_mg_dl")?,
            wakes_mg_dl: reader.draw("wakes_mg_dl")?,
            rescue_g: reader.draw("rescue_g")?,
            exercise_a_day: reader.draw("exercise_a_day")?,
            drinking_evenings: share("drinking_evenings")?,
            illnesses_a_year: reader.draw("illnesses_a_year")?,
            refills_low_after_min: reader.draw("refills_low_after_min")?,
            refills_empty_after_min: reader.draw("refills_empty_after_min")?,
        })
    }

    /// The same person who no longer feels lows: symptoms begin below 50 mg/dL, near where thinking fails (Gold et al., Diabetes
    /// Care 1994;17:697: six times as many severe lows).
    #[must_use]
    pub fn unaware(self) -> Self {
        Self {
            notices_mg_dl: self.notices_mg_dl.min(UNAWARE_NOTICES_MG_DL),
            wakes_mg_dl: self.wakes_mg_dl.min(UNAWARE_WAKES_MG_DL),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_of_a_group_differ_around_its_median() {
        let people: Vec<Habits> = (0..400).map(|seed| Habits::of(Group::Adult, Key::new(seed, "t1d/1"))).collect();
        let mut missed: Vec<f64> = people.iter().map(|person| person.missed_share).collect();
        missed.sort_by(f64::total_cmp);
        assert!((missed[200] / Habits::of(Group::Adult, Key::new(1, "x")).missed_share).is_finite());
        assert!(missed[40] < 0.7 * missed[200] && missed[360] > 1.4 * missed[200], "{missed:?}");
        assert!(missed.iter().all(|share| (0.0..=1.0).contains(share)));
        assert_ne!(people[0], people[1]);
        assert_eq!(people[0], Habits::of(Group::Adult, Key::new(0, "t1d/1")));
    }

    #[test]
    fn every_group_has_every_habit() {
        for group in [Group::Adult, Group::Adolescent, Group::Child] {
            assert!(Habits::draw(SHIPPED, group, Key::new(1, "t1d/1")).is_ok(), "{group:?}");
        }
        let missing = SHIPPED.replacen("rescue_g,", "rescue,", 1);
        assert_eq!(
            Habits::draw(&missing, Group::Child, Key::new(1, "x")),
            Err(PackError::MissingRow { parameter: "rescue_g" })
        );
    }
}

//! A person with type 1 diabetes who lives as people do: habits, self-care and what the days bring.

use physiology::glucose::{Circumstances, Deeds, Group, Habits, Metabolism, Moment, SelfCare, Situation, Units};
use sim_core::Key;

use super::minute::LocalMinute;

/// What a person does and what happens to it.
#[derive(Debug, Clone)]
pub(super) struct Living {
    pub(super) habits: Habits,
    care: SelfCare,
    pub(super) days: Circumstances,
    /// Insulin under the skin of the basal rate alone.
    basal_on_board: Units,
}

impl Living {
    /// The person of this key, of a group and weight [kg], whose glucose falls by so much a unit [mg/dL/U].
    pub(super) fn of(
        (group, key): (Group, Key),
        weight_kg: f64,
        correction_mg_dl_u: f64,
        metabolism: &Metabolism,
        snacks: bool,
    ) -> Self {
        let habits = Habits::of(group, key);
        Self {
            care: SelfCare::of(key, weight_kg, correction_mg_dl_u, snacks),
            days: Circumstances::of(key, weight_kg),
            basal_on_board: metabolism.insulin_on_board() * habits.basal_setting,
            habits,
        }
    }

    /// What the days bring in the minute that ends, with the effort of the body if there is one.
    pub(super) fn moment(&mut self, minute: &LocalMinute, effort: Option<f64>) -> Moment {
        self.days.advance(&self.habits, minute.index, (minute.day, minute.of_day), effort)
    }

    /// What the person does between meals.
    pub(super) fn act(&mut self, minute: &LocalMinute, metabolism: &Metabolism) -> Deeds {
        let situation = self.situation(minute, metabolism);
        self.care.act(&self.habits, &situation)
    }

    /// The bolus given for carbohydrate that is believed to need so much insulin.
    pub(super) fn meal_bolus(&self, wanted: Units, minute: &LocalMinute, metabolism: &Metabolism) -> Units {
        self.care.meal_bolus(&self.habits, wanted, &self.situation(minute, metabolism))
    }

    fn situation(&self, minute: &LocalMinute, metabolism: &Metabolism) -> Situation {
        Situation {
            minute: minute.index,
            of_day: minute.of_day,
            plasma_mg_dl: metabolism.plasma_mg_dl(),
            on_board: Units((metabolism.insulin_on_board().0 - self.basal_on_board.0).max(0.0)),
        }
    }
}

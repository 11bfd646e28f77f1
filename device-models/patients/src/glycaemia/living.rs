//! A person with type 1 diabetes who lives as people do: habits, self-care and what the days bring.

use physiology::glucose::{
    Circumstances, Deeds, Group, Habits, InsulinOnBoard, Metabolism, Moment, SelfCare, Situation, Units,
};
use sim_core::Key;

use super::minute::LocalMinute;

/// What a person does and what happens to it.
#[derive(Debug, Clone)]
pub(super) struct Living {
    pub(super) habits: Habits,
    care: SelfCare,
    pub(super) days: Circumstances,
    /// Boluses as pump or diary count them.
    on_board: InsulinOnBoard,
}

impl Living {
    /// The person of this key, of a group and weight [kg], whose glucose falls by so much a unit [mg/dL/U].
    pub(super) fn of((group, key): (Group, Key), weight_kg: f64, correction_mg_dl_u: f64, snacks: bool) -> Self {
        let habits = Habits::of(group, key);
        Self {
            care: SelfCare::of(key, weight_kg, correction_mg_dl_u, snacks),
            days: Circumstances::of(key, weight_kg),
            on_board: InsulinOnBoard::default(),
            habits,
        }
    }

    /// What the days bring in the minute that ends, with the effort of the body if there is one, to somebody who can act or not.
    pub(super) fn moment(&mut self, minute: &LocalMinute, effort: Option<f64>, can_act: bool) -> Moment {
        self.days.advance(&self.habits, minute.index, (minute.day, minute.of_day), (effort, can_act))
    }

    /// Counts insulin of a bolus that was given in a minute of the run.
    pub(super) fn count_bolus(&mut self, minute: i64, bolus: Units) {
        self.on_board.add(minute, bolus);
    }

    /// How long it takes to see to a reservoir after its alarm [min].
    pub(super) fn refill_delay_min(&self, is_empty: bool, number: u64) -> i64 {
        self.care.refill_delay_min(&self.habits, is_empty, number)
    }

    /// What the person does between meals.
    pub(super) fn act(&mut self, minute: &LocalMinute, metabolism: &Metabolism) -> Deeds {
        let situation = situation(&self.on_board, minute, metabolism);
        self.care.act(&self.habits, &situation)
    }

    /// The bolus given for carbohydrate that is believed to need so much insulin.
    pub(super) fn meal_bolus(&self, wanted: Units, minute: &LocalMinute, metabolism: &Metabolism) -> Units {
        self.care.meal_bolus(&self.habits, wanted, &situation(&self.on_board, minute, metabolism))
    }
}

fn situation<'a>(on_board: &'a InsulinOnBoard, minute: &LocalMinute, metabolism: &Metabolism) -> Situation<'a> {
    Situation { minute: minute.index, of_day: minute.of_day, plasma_mg_dl: metabolism.plasma_mg_dl(), on_board }
}

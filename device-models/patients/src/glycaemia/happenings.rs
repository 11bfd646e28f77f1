//! What habits and days bring to a person with diabetes, as stretches of time that are labelled.
//!
//! A high or a low of a person who lives as people do has a cause that nobody set down as a step. It is named here, from its begin
//! until it no longer shows in glucose.

/// Something that is labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happening {
    /// A meal whose bolus is forgotten.
    MissedBolus,
    /// A meal whose bolus comes after it.
    LateBolus,
    /// A meal that is taken for much more or less than it is.
    Miscount,
    /// Exercise.
    Exercise,
    /// Alcohol in the body.
    Drink,
    /// A feverish illness.
    Illness,
    /// A pump whose reservoir is empty.
    EmptyPump,
    /// Somebody who cannot act.
    Helpless,
}

/// Labels in the order of [`Happening`]; those that steps bring about as well are named as their actions.
const LABELS: [&str; 8] = [
    "person.missed_bolus",
    "person.late_bolus",
    "person.miscount",
    "person.exercise",
    "person.drink",
    "person.illness",
    "person.empty_pump",
    "person.helpless",
];

/// What labels name as the cause of all but helplessness, which has one of the body.
const HABITS: &str = "habits";

/// How long a meal shows that was not covered as it should be [min].
pub(super) const MEAL_SHOWS_MIN: i64 = 300;

/// What is going on in a person's life.
#[derive(Debug, Clone, Default)]
pub(super) struct Happenings {
    /// Minute of the run until which each of them goes on.
    until: [i64; LABELS.len()],
    labelled: [bool; LABELS.len()],
    helpless_by: &'static str,
}

impl Happenings {
    /// Something goes on until a minute of the run, or longer if it does so already.
    pub(super) fn goes_on(&mut self, happening: Happening, until: i64) {
        let known = &mut self.until[happening as usize];
        *known = (*known).max(until);
    }

    /// Somebody cannot act until a minute of the run; why is told by what makes helpless first, not by what the person comes to from.
    pub(super) fn helpless(&mut self, until: i64, by: Option<&'static str>) {
        if let (Some(by), false) = (by, self.labelled[Happening::Helpless as usize]) {
            self.helpless_by = by;
        }
        self.goes_on(Happening::Helpless, until);
    }

    /// Tells the labels that begin or end with a minute of the run, and their causes.
    pub(super) fn look(&mut self, minute: i64, mut note: impl FnMut(&'static str, &'static str, bool)) {
        for (index, (label, until)) in LABELS.iter().zip(self.until).enumerate() {
            let holds = until > minute;
            if std::mem::replace(&mut self.labelled[index], holds) != holds {
                let cause = if index == Happening::Helpless as usize { self.helpless_by } else { HABITS };
                note(label, cause, holds);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_one_label_however_often_it_is_extended() {
        let mut happenings = Happenings::default();
        let mut told = Vec::new();
        for minute in 0..20 {
            if (5..10).contains(&minute) {
                happenings.goes_on(Happening::Exercise, minute + 1);
            }
            happenings.look(minute, |label, cause, begins| told.push((minute, label, cause, begins)));
        }
        assert_eq!(told, [(5, "person.exercise", HABITS, true), (10, "person.exercise", HABITS, false)]);
    }
}

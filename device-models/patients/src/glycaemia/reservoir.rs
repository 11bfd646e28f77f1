//! The reservoir of a worn pump, as its wearer sees to it: on schedule, at the alarm of a low one, or late.
//!
//! Who lives as people do sleeps through a reservoir that is low and is woken by one that is empty; sometimes it takes hours.
//! That, with illness, is where ketoacidosis comes from: 3.3 in 100 years of people of 20 years, 0.4 at 80 (Diabetes Care
//! 2023;46:1897, Denmark), 0 to 5.6 over studies (Fazeli Farsani et al., BMJ Open 2017;7:e016587), in 5 to 7 % of the young a
//! year (Maahs et al., Diabetes Care 2015;38:1876).

use super::minute::LocalMinute;

/// How full a reservoir is, as its pump says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filling {
    /// No alarm.
    #[default]
    Enough,
    /// The pump warns.
    Low,
    /// Nothing comes.
    Empty,
}

/// What the wearer knows and means to do.
#[derive(Debug, Clone, Default)]
pub(super) struct Reservoir {
    /// Minutes between two changes on schedule; 0 without a pump.
    change_min: i64,
    filling: Filling,
    /// Minute of the run from which the wearer means to see to it.
    due: Option<i64>,
    /// Times that an alarm was heard.
    alarms: u64,
    /// Whether the pump gets a fresh reservoir now.
    changes: bool,
}

impl Reservoir {
    pub(super) fn of_pump(change_min: i64) -> Self {
        Self { change_min, ..Self::default() }
    }

    pub(super) fn filling(&self) -> Filling {
        self.filling
    }

    /// Hears what the pump says in a minute of the run; `delay_min` tells how long it takes to see to an empty one (or a low
    /// one), for the alarm of this number.
    pub(super) fn hear(&mut self, filling: Filling, minute: i64, delay_min: impl Fn(bool, u64) -> i64) {
        if std::mem::replace(&mut self.filling, filling) == filling || filling == Filling::Enough {
            return;
        }
        let heard = minute + delay_min(filling == Filling::Empty, self.alarms);
        self.due = Some(self.due.map_or(heard, |due| due.min(heard)));
        self.alarms += 1;
    }

    /// Decides in a minute: who cannot act does nothing, and who is asleep is woken by an empty reservoir only.
    pub(super) fn decide(&mut self, minute: &LocalMinute, can_act: bool, asleep: bool) {
        if self.change_min > 0 && minute.index > 0 && minute.index % self.change_min == 0 {
            self.due = Some(minute.index);
        }
        let awake = !asleep || self.filling == Filling::Empty;
        if can_act && awake && self.due.is_some_and(|due| due <= minute.index) {
            self.due = None;
            self.changes = true;
        }
    }

    /// Whether a fresh reservoir is put in now.
    pub(super) fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.changes)
    }
}

#[cfg(test)]
mod tests {
    use sim_core::LocalClock;

    use super::super::Minute;
    use super::*;

    /// Minutes of the run in which it is changed, with a reservoir that is low from one minute and empty from another.
    fn changes(low: i64, empty: i64, minutes: i64, (can_act, asleep_until): (bool, i64)) -> Vec<i64> {
        let mut reservoir = Reservoir::of_pump(4_320);
        (0..minutes)
            .filter(|index| {
                let filling = match *index {
                    index if index >= empty => Filling::Empty,
                    index if index >= low => Filling::Low,
                    _ => Filling::Enough,
                };
                reservoir.hear(filling, *index, |is_empty, _| if is_empty { 40 } else { 240 });
                let minute = Minute { index: *index }.by(&LocalClock::utc(0));
                reservoir.decide(&minute, can_act, *index < asleep_until);
                reservoir.take_change()
            })
            .collect()
    }

    #[test]
    fn a_low_one_is_changed_when_it_suits_and_an_empty_one_sooner() {
        assert_eq!(changes(100, 10_000, 1_000, (true, 0)), [340]);
        assert_eq!(changes(100, 10_000, 1_000, (true, 600)), [600]);
        assert_eq!(changes(100, 200, 1_000, (true, 600)), [240]);
        assert_eq!(changes(9_000, 9_000, 5_000, (true, 0)), [4_320]);
        assert_eq!(changes(9_000, 9_000, 5_000, (true, 4_400)), [4_400]);
    }

    #[test]
    fn who_cannot_act_changes_nothing() {
        assert_eq!(changes(100, 200, 5_000, (false, 0)), []);
    }
}

//! The whole minutes of a run, and what the clock on the wall shows then.

use sim_core::{Clock, LocalClock, SimTime, Span};

/// A minute [s].
const MINUTE_S: i64 = 60;
const MINUTE_NS: i64 = MINUTE_S * 1_000_000_000;

/// A minute that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// Minutes since the scenario's start.
    pub index: i64,
}

/// A minute that begins, by the clock of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalMinute {
    /// Minutes since the scenario's start.
    pub index: i64,
    /// Day of the run: 0 until the first midnight.
    pub day: u64,
    /// Minutes since midnight, 0 to 1439.
    pub of_day: u32,
    /// Minutes that are left out before it, because clocks are set forward.
    pub left_out: u32,
    /// Whether the clock has shown it before, because it has been set back.
    pub is_repeated: bool,
}

impl Minute {
    /// The minute of the run that begins with this grid step, if one does.
    pub fn beginning(clock: &Clock) -> Option<Self> {
        let now_ns = clock.now.nanos();
        (now_ns % MINUTE_NS == 0).then_some(Self { index: now_ns / MINUTE_NS })
    }

    /// When the next minute of the run begins after this grid step.
    pub fn next_begin(clock: &Clock) -> SimTime {
        clock.now + Span::from_nanos(MINUTE_NS - clock.now.nanos().rem_euclid(MINUTE_NS))
    }

    /// What a clock shows then.
    pub fn by(self, clock: &LocalClock) -> LocalMinute {
        let at = SimTime::ZERO + Span::from_secs(self.index * MINUTE_S);
        LocalMinute {
            index: self.index,
            day: (clock.day(at) - clock.day(SimTime::ZERO)).max(0) as u64,
            of_day: (clock.of_day_ns(at) / MINUTE_NS) as u32,
            left_out: (clock.leap_ns(at) / MINUTE_NS) as u32,
            is_repeated: clock.is_repeating(at),
        }
    }
}

impl LocalMinute {
    /// Hour of the day [h, 0 to 24].
    pub fn hour(&self) -> f64 {
        f64::from(self.of_day) / 60.0
    }

    /// Whether what is due at a minute of the day is due now: once, however clocks are set.
    pub fn comes_to(&self, minute_of_day: u32) -> bool {
        let from = self.of_day.saturating_sub(self.left_out);
        !self.is_repeated && (from..=self.of_day).contains(&minute_of_day)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sim_core::{Zone, ZoneChange};

    use super::*;

    fn after(seconds: i64) -> SimTime {
        SimTime::ZERO + Span::from_secs(seconds)
    }

    #[test]
    fn minutes_follow_the_clock_across_midnight() {
        let start_epoch_ns = 1_767_225_600_000_000_000 + 23 * 3_600_000_000_000 + 30_000_000_000;
        let at = |now: SimTime| Minute::beginning(&Clock { now, end: now, start_epoch_ns });
        let shown = |now: SimTime| {
            at(now).map(|minute| minute.by(&LocalClock::utc(start_epoch_ns))).map(|it| (it.index, it.day, it.of_day))
        };
        assert_eq!(shown(after(0)), Some((0, 0, 1_380)));
        assert_eq!(shown(after(3_600)), Some((60, 1, 0)));
        assert_eq!(at(after(61)), None);
        assert_eq!(at(SimTime::from_nanos(60_100_000_000)), None);
        let next = |now: SimTime| Minute::next_begin(&Clock { now, end: now, start_epoch_ns });
        assert_eq!((next(after(0)), next(after(119)), next(after(120))), (after(60), after(120), after(180)));
    }

    /// Each minute of the day comes once on days of 23, 24 and 25 hours.
    #[test]
    fn every_minute_of_a_day_comes_once() {
        const CHANGE_S: i64 = 1_774_746_000;
        for (before_s, after_s, length_h) in [(3_600, 7_200, 23), (7_200, 3_600, 25), (3_600, 3_600, 24)] {
            let changes = vec![ZoneChange { from_epoch_s: CHANGE_S, offset_s: after_s }];
            let zone = Zone { name: "there".to_owned(), first_offset_s: before_s, changes };
            // Midnight before the change.
            let start_s = (CHANGE_S + i64::from(before_s)).div_euclid(86_400) * 86_400 - i64::from(before_s);
            let clock = LocalClock::new(Arc::new(zone), start_s * 1_000_000_000);
            let minutes: Vec<LocalMinute> = (0..length_h * 60).map(|index| Minute { index }.by(&clock)).collect();
            assert!(minutes.iter().all(|minute| minute.day == 0), "{length_h} h");
            for of_day in 0..1_440 {
                let times = minutes.iter().filter(|minute| minute.comes_to(of_day)).count();
                assert_eq!(times, 1, "minute {of_day} in {length_h} h");
            }
            assert_eq!(Minute { index: length_h * 60 }.by(&clock).day, 1, "{length_h} h");
        }
    }
}

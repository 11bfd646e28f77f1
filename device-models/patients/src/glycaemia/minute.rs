//! The whole minutes of a run, and what the clock on the wall shows then.

use sim_core::{Clock, SimTime, Span};

/// A minute [ns].
const MINUTE_NS: i64 = 60_000_000_000;
const MINUTES_PER_DAY: i64 = 1_440;

/// A minute that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// Minutes since the scenario's start.
    pub index: i64,
    /// Day of the run by the clock: 0 until the first midnight (UTC).
    pub day: u64,
    /// Minutes since midnight (UTC), 0 to 1439.
    pub of_day: u32,
}

impl Minute {
    /// The minute of the run that begins with this grid step, if one does.
    pub fn beginning(clock: &Clock) -> Option<Self> {
        let now_ns = clock.now.nanos();
        if now_ns % MINUTE_NS != 0 {
            return None;
        }
        let start_min = clock.start_epoch_ns.div_euclid(MINUTE_NS);
        let shown_min = (clock.start_epoch_ns + now_ns).div_euclid(MINUTE_NS);
        let days = shown_min.div_euclid(MINUTES_PER_DAY) - start_min.div_euclid(MINUTES_PER_DAY);
        Some(Self {
            index: now_ns / MINUTE_NS,
            day: days.max(0) as u64,
            of_day: shown_min.rem_euclid(MINUTES_PER_DAY) as u32,
        })
    }

    /// When the next minute of the run begins after this grid step.
    pub fn next_begin(clock: &Clock) -> SimTime {
        clock.now + Span::from_nanos(MINUTE_NS - clock.now.nanos().rem_euclid(MINUTE_NS))
    }

    /// Hour of the day [h, 0 to 24].
    pub fn hour(&self) -> f64 {
        f64::from(self.of_day) / 60.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_follow_the_clock_across_midnight() {
        let start_epoch_ns = 1_767_225_600_000_000_000 + 23 * 3_600_000_000_000 + 30_000_000_000;
        let at = |now: SimTime| Minute::beginning(&Clock { now, end: now, start_epoch_ns });
        let after = |seconds| SimTime::ZERO + Span::from_secs(seconds);
        assert_eq!(at(after(0)), Some(Minute { index: 0, day: 0, of_day: 1_380 }));
        assert_eq!(at(after(3_600)), Some(Minute { index: 60, day: 1, of_day: 0 }));
        assert_eq!(at(after(61)), None);
        assert_eq!(at(SimTime::from_nanos(60_100_000_000)), None);
        let next = |now: SimTime| Minute::next_begin(&Clock { now, end: now, start_epoch_ns });
        assert_eq!((next(after(0)), next(after(119)), next(after(120))), (after(60), after(120), after(180)));
    }
}

//! What the clock on a person's wall shows: a time zone with its changes, and the instants of a run in it.

use std::sync::Arc;

use crate::SimTime;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_DAY: i64 = 86_400 * NANOS_PER_SECOND;

/// A time zone as plain data: how far its clocks are ahead of UTC, and when that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Name, such as `Europe/Berlin` or `+01:00`.
    pub name: String,
    /// How far clocks are ahead of UTC before the first change [s].
    pub first_offset_s: i32,
    /// Changes in order of time.
    pub changes: Vec<ZoneChange>,
}

/// From an instant on, clocks are ahead by another amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneChange {
    /// The instant [s since the Unix epoch].
    pub from_epoch_s: i64,
    /// How far clocks are ahead of UTC from then on [s].
    pub offset_s: i32,
}

impl Zone {
    /// A zone whose clocks are never changed.
    pub fn fixed(name: impl Into<String>, offset_s: i32) -> Self {
        Self { name: name.into(), first_offset_s: offset_s, changes: Vec::new() }
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self::fixed("UTC", 0)
    }

    /// How far clocks are ahead of UTC [s], and the latest change up to then with the offset before it.
    fn offset(&self, epoch_ns: i64) -> (i32, Option<(ZoneChange, i32)>) {
        let epoch_s = epoch_ns.div_euclid(NANOS_PER_SECOND);
        let past = self.changes.partition_point(|change| change.from_epoch_s <= epoch_s);
        let offset_after = |changes: usize| match changes.checked_sub(1) {
            Some(last) => self.changes[last].offset_s,
            None => self.first_offset_s,
        };
        let change = past.checked_sub(1).map(|last| (self.changes[last], offset_after(last)));
        (offset_after(past), change)
    }
}

/// The clock on a person's wall in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalClock {
    zone: Arc<Zone>,
    start_epoch_ns: i64,
}

impl LocalClock {
    /// The clock in a zone, in a run that starts at an instant [ns since the Unix epoch].
    pub const fn new(zone: Arc<Zone>, start_epoch_ns: i64) -> Self {
        Self { zone, start_epoch_ns }
    }

    /// A clock that shows UTC.
    pub fn utc(start_epoch_ns: i64) -> Self {
        Self::new(Arc::new(Zone::utc()), start_epoch_ns)
    }

    /// What it shows at an instant [ns since 1970-01-01T00:00 on this clock].
    pub fn shown_ns(&self, at: SimTime) -> i64 {
        self.epoch_ns(at) + self.ahead_ns(at)
    }

    /// How far it is ahead of UTC at an instant [ns].
    pub fn ahead_ns(&self, at: SimTime) -> i64 {
        i64::from(self.zone.offset(self.epoch_ns(at)).0) * NANOS_PER_SECOND
    }

    /// Time since midnight [ns].
    pub fn of_day_ns(&self, at: SimTime) -> i64 {
        self.shown_ns(at).rem_euclid(NANOS_PER_DAY)
    }

    /// Hour of the day [h, 0 to 24].
    pub fn hour(&self, at: SimTime) -> f64 {
        self.of_day_ns(at) as f64 / 3.6e12
    }

    /// Days since 1970-01-01.
    pub fn day(&self, at: SimTime) -> i64 {
        self.shown_ns(at).div_euclid(NANOS_PER_DAY)
    }

    /// An instant at which it shows this [ns since 1970-01-01T00:00 on this clock]: one of the two when the clock is
    /// set back over it, one within the leap when it is set forward over it.
    pub fn instant(&self, shown_ns: i64) -> SimTime {
        // The offset of a guess that is off by at most a day is right but next to a change; a second look mends that.
        let guess = SimTime::from_nanos(shown_ns - self.start_epoch_ns);
        let closer = SimTime::from_nanos(guess.nanos() - self.ahead_ns(guess));
        SimTime::from_nanos(guess.nanos() - self.ahead_ns(closer))
    }

    /// Whether it has shown this before, because it has been set back.
    pub fn is_repeating(&self, at: SimTime) -> bool {
        let (offset_s, change) = self.zone.offset(self.epoch_ns(at));
        change.is_some_and(|(change, before_s)| {
            let set_back_s = i64::from(before_s) - i64::from(offset_s);
            self.epoch_ns(at) < change.from_epoch_s.saturating_add(set_back_s).saturating_mul(NANOS_PER_SECOND)
        })
    }

    /// Time that it leaps over at an instant [ns]: it has been set forward in the minute that ends then.
    pub fn leap_ns(&self, at: SimTime) -> i64 {
        const MINUTE_NS: i64 = 60 * NANOS_PER_SECOND;
        let before = SimTime::from_nanos(at.nanos() - MINUTE_NS);
        (self.ahead_ns(at) - self.ahead_ns(before)).max(0)
    }

    const fn epoch_ns(&self, at: SimTime) -> i64 {
        self.start_epoch_ns + at.nanos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    /// 2026-03-29T01:00:00Z and 2026-10-25T01:00:00Z, when clocks in Berlin are set.
    const SPRING_S: i64 = 1_774_746_000;
    const AUTUMN_S: i64 = 1_792_890_000;

    fn berlin(start_epoch_s: i64) -> LocalClock {
        let changes = vec![
            ZoneChange { from_epoch_s: SPRING_S, offset_s: 7_200 },
            ZoneChange { from_epoch_s: AUTUMN_S, offset_s: 3_600 },
        ];
        let zone = Zone { name: "Europe/Berlin".to_owned(), first_offset_s: 3_600, changes };
        LocalClock::new(Arc::new(zone), start_epoch_s * NANOS_PER_SECOND)
    }

    fn after(minutes: i64) -> SimTime {
        SimTime::ZERO + Span::from_secs(60 * minutes)
    }

    #[test]
    fn in_spring_an_hour_is_left_out() {
        let clock = berlin(SPRING_S - 3_600);
        assert!((clock.hour(after(59)) - (1.0 + 59.0 / 60.0)).abs() < 1e-9);
        assert!((clock.hour(after(60)) - 3.0).abs() < 1e-9);
        assert_eq!(
            (clock.leap_ns(after(59)), clock.leap_ns(after(60)), clock.leap_ns(after(61))),
            (0, 3_600_000_000_000, 0)
        );
        assert!((0..180).all(|minute| !clock.is_repeating(after(minute))));
        // From midnight to midnight it is 23 hours.
        let midnight = clock.day(after(0)) * NANOS_PER_DAY;
        assert_eq!(clock.instant(midnight + NANOS_PER_DAY) - clock.instant(midnight), Span::from_secs(23 * 3_600));
    }

    #[test]
    fn in_autumn_an_hour_is_shown_twice() {
        let clock = berlin(AUTUMN_S - 3_600);
        assert_eq!(clock.shown_ns(after(0)), clock.shown_ns(after(60)));
        let repeating: Vec<i64> = (0..180).filter(|minute| clock.is_repeating(after(*minute))).collect();
        assert_eq!(repeating, (60..120).collect::<Vec<_>>());
        assert!((0..180).all(|minute| clock.leap_ns(after(minute)) == 0));
        let midnight = clock.day(after(0)) * NANOS_PER_DAY;
        assert_eq!(clock.instant(midnight + NANOS_PER_DAY) - clock.instant(midnight), Span::from_secs(25 * 3_600));
    }

    #[test]
    fn west_of_greenwich_it_is_yesterday() {
        let clock = LocalClock::new(Arc::new(Zone::fixed("-08:00", -8 * 3_600)), 3 * NANOS_PER_DAY);
        assert_eq!((clock.day(SimTime::ZERO), clock.hour(SimTime::ZERO)), (2, 16.0));
        assert_eq!(clock.instant(3 * NANOS_PER_DAY), after(8 * 60));
    }
}

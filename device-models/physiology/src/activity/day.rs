//! The chain of bouts that makes a day.
//!
//! At the end of a bout the next behaviour is drawn from a table of the hour, and its length from a log-normal
//! distribution. People who sleep wake now and then at night and fall asleep again.

use std::collections::VecDeque;

use sim_core::{Key, LocalClock, Purpose, SimTime, Span};

use super::behaviour::Behaviour;
use super::bout::Bout;

const NEXT: Purpose = Purpose::new("activity.next");
const LENGTH: Purpose = Purpose::new("activity.length");
const BEDTIME: Purpose = Purpose::new("activity.bedtime");
const RISING: Purpose = Purpose::new("activity.rising");

const SECONDS_PER_DAY: i64 = 86_400;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Shortest and longest bout [s].
const LENGTH_S: (f64, f64) = (5.0, 14_400.0);

/// Bouts that are remembered, so that a chunk of samples may reach back over their boundaries: at least
/// `REMEMBERED` times five seconds.
const REMEMBERED: usize = 8;

/// Spread of a person's bedtime and rising from day to day [h].
const DAILY_SPREAD_H: f64 = 0.5;

/// Share of bouts from which a sleeper wakes before going on.
const WAKING_SHARE: f64 = 0.15;

/// How a person lives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Habits {
    /// Usual bedtime, local hour [h, 18 to 30: 25 is one o'clock].
    pub bedtime_h: f64,
    /// Usual rising, local hour [h, 3 to 12].
    pub rising_h: f64,
    /// How much of the day is spent moving, relative to the usual, 0 (bedridden) to 3.
    pub liveliness: f64,
    /// Relative frequency of sports, 0 to 5.
    pub sports: f64,
}

impl Default for Habits {
    fn default() -> Self {
        Self { bedtime_h: 23.0, rising_h: 7.0, liveliness: 1.0, sports: 1.0 }
    }
}

/// One person's behaviour from the start of the simulation on.
#[derive(Debug, Clone)]
pub struct Day {
    key: Key,
    habits: Habits,
    clock: LocalClock,
    /// What the clock shows at simulation time zero [s since its midnight].
    midnight_offset_s: i64,
    /// The present bout and those before it, oldest first.
    bouts: VecDeque<Bout>,
}

impl Day {
    /// Begins with simulation time zero, by a clock.
    pub fn new(key: Key, habits: Habits, clock: LocalClock) -> Self {
        let mut day = Self {
            key,
            habits,
            midnight_offset_s: clock.of_day_ns(SimTime::ZERO).div_euclid(NANOS_PER_SECOND),
            clock,
            bouts: VecDeque::with_capacity(REMEMBERED + 1),
        };
        day.begin(0, SimTime::ZERO, Behaviour::Sit, 0);
        day
    }

    /// Extends the chain until it covers an instant; returns the bout at it.
    pub fn advance_to(&mut self, at: SimTime) -> &Bout {
        while self.present().end <= at {
            let last = *self.present();
            self.begin(last.index + 1, last.end, last.behaviour, last.steps(last.end));
        }
        self.bout_at(at)
    }

    /// The bout at an instant that the chain covers; the oldest that is remembered for earlier ones.
    pub fn bout_at(&self, at: SimTime) -> &Bout {
        self.bouts.iter().rev().find(|bout| bout.start <= at).unwrap_or(&self.bouts[0])
    }

    /// Lets the person fall at an instant in the present bout, and lie there for a while.
    ///
    /// An instant before the present bout counts as its beginning.
    pub fn fall(&mut self, at: SimTime, lies_for: Span) {
        self.advance_to(at);
        let last = self.bouts.len() - 1;
        let interrupted = &mut self.bouts[last];
        let instant = if at > interrupted.start { at } else { interrupted.start };
        interrupted.end = instant;
        let steps = interrupted.steps(instant);
        let index = interrupted.index + 1;
        let mut lying = Bout::new(self.key, index, Behaviour::Lie, (instant, instant + lies_for), steps);
        lying.falls = true;
        self.remember(lying);
    }

    /// Lets a person who cannot act lie from one instant to another: who is up falls, who sits slips down.
    pub fn lie_helpless(&mut self, at: SimTime, until: SimTime) {
        self.advance_to(at);
        let last = self.bouts.len() - 1;
        let present = &mut self.bouts[last];
        if present.behaviour == Behaviour::Lie {
            present.end = present.end.max(until);
            return;
        }
        let is_upright = present.behaviour.tilt() > 0.0 && present.behaviour != Behaviour::Sit;
        self.fall(at, until - at);
        if let Some(lying) = self.bouts.back_mut() {
            lying.falls = is_upright;
        }
    }

    /// Steps made up to an instant that the chain covers.
    pub fn steps(&self, at: SimTime) -> u64 {
        self.bout_at(at).steps(at)
    }

    fn present(&self) -> &Bout {
        &self.bouts[self.bouts.len() - 1]
    }

    fn begin(&mut self, index: u64, start: SimTime, previous: Behaviour, steps_before: u64) {
        let behaviour = self.next_behaviour(index, start, previous);
        let (median_s, sigma) = behaviour.length_s();
        let length_s = self.key.log_normal(LENGTH, index, median_s, sigma).clamp(LENGTH_S.0, LENGTH_S.1);
        let mut end = start + Span::from_secs(length_s as i64);
        // Nobody sits through the bedtime.
        if let Some(bedtime) = self.bedtime_after(start).filter(|bedtime| *bedtime < end) {
            end = bedtime;
        }
        self.remember(Bout::new(self.key, index, behaviour, (start, end), steps_before));
    }

    fn remember(&mut self, bout: Bout) {
        self.bouts.push_back(bout);
        if self.bouts.len() > REMEMBERED {
            self.bouts.pop_front();
        }
    }

    fn next_behaviour(&self, index: u64, at: SimTime, previous: Behaviour) -> Behaviour {
        let draw = self.key.uniform(NEXT, index);
        if self.is_night(at) {
            return match previous {
                Behaviour::Sleep if draw < 0.5 * WAKING_SHARE => Behaviour::Lie,
                Behaviour::Sleep if draw < WAKING_SHARE => Behaviour::Stand,
                Behaviour::Stand if draw < 0.3 => Behaviour::Walk,
                _ => Behaviour::Sleep,
            };
        }
        let weights = self.daytime_weights(at, previous);
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut left = draw * total;
        for (behaviour, weight) in weights {
            left -= weight;
            if left < 0.0 {
                return behaviour;
            }
        }
        Behaviour::Sit
    }

    /// Relative frequencies of the behaviours that follow another in the daytime. None follows itself.
    fn daytime_weights(&self, at: SimTime, previous: Behaviour) -> [(Behaviour, f64); 7] {
        let hour = (self.local_second(at) % SECONDS_PER_DAY) as f64 / 3_600.0;
        let lively = self.habits.liveliness;
        let evening = hour > 19.0;
        let sports = if (7.0..9.0).contains(&hour) || (17.0..20.0).contains(&hour) { self.habits.sports } else { 0.0 };
        let mut weights = [
            (Behaviour::Lie, if evening { 0.12 } else { 0.02 } + 0.5 * (1.0 - lively).max(0.0)),
            (Behaviour::Sit, 1.0),
            (Behaviour::Stand, 1.0 * lively),
            (Behaviour::Walk, if evening { 0.5 } else { 1.0 } * lively),
            (Behaviour::Stairs, 0.15 * lively),
            (Behaviour::Run, 0.02 * sports),
            (Behaviour::Cycle, 0.02 * sports),
        ];
        for (behaviour, weight) in &mut weights {
            if *behaviour == previous {
                *weight = 0.0;
            }
        }
        weights
    }

    /// Whether the person is in bed, by the bedtime and the rising of this very night.
    fn is_night(&self, at: SimTime) -> bool {
        let second = self.local_second(at);
        // A night belongs to the day on which it begins; after midnight it is that of the day before.
        let noon_day = (second - SECONDS_PER_DAY / 2).div_euclid(SECONDS_PER_DAY);
        let hour_since_noon = (second - SECONDS_PER_DAY / 2).rem_euclid(SECONDS_PER_DAY) as f64 / 3_600.0;
        let (asleep_from, asleep_until) = self.night(noon_day);
        (asleep_from..asleep_until).contains(&hour_since_noon)
    }

    /// Bedtime and rising of the night that begins on a day counted from noon to noon [h since noon].
    fn night(&self, noon_day: i64) -> (f64, f64) {
        let night = noon_day as u64;
        let spread = |purpose| DAILY_SPREAD_H * self.key.normal(purpose, night).clamp(-2.0, 2.0);
        (self.habits.bedtime_h - 12.0 + spread(BEDTIME), self.habits.rising_h + 12.0 + spread(RISING))
    }

    /// The bedtime that is still to come on the day, from noon to noon, of an instant.
    fn bedtime_after(&self, at: SimTime) -> Option<SimTime> {
        let noon_day = (self.local_second(at) - SECONDS_PER_DAY / 2).div_euclid(SECONDS_PER_DAY);
        let noon = noon_day * SECONDS_PER_DAY + SECONDS_PER_DAY / 2;
        let bedtime = noon + libm::ceil(self.night(noon_day).0 * 3_600.0) as i64;
        let unchanged = SimTime::from_nanos((bedtime - self.midnight_offset_s) * NANOS_PER_SECOND);
        let bedtime = unchanged - Span::from_secs(self.set_forward_s(unchanged));
        (bedtime > at).then_some(bedtime)
    }

    /// Local seconds since the midnight before the simulation began.
    fn local_second(&self, at: SimTime) -> i64 {
        self.midnight_offset_s + at.nanos().div_euclid(NANOS_PER_SECOND) + self.set_forward_s(at)
    }

    /// By how much the clock has been set forward since the simulation began [s].
    fn set_forward_s(&self, at: SimTime) -> i64 {
        (self.clock.ahead_ns(at) - self.clock.ahead_ns(SimTime::ZERO)) / NANOS_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Core, Parameters};

    /// A clock that shows so many seconds after midnight at the start.
    fn starting_at(second: i64) -> LocalClock {
        LocalClock::utc(second * NANOS_PER_SECOND)
    }

    fn seconds(seconds: i64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    /// Hours of each behaviour and steps per day, over some days from midnight.
    fn live(seed: u64, habits: Habits, days: i64) -> (Vec<(Behaviour, f64)>, f64) {
        let mut day = Day::new(Key::new(seed, "home/1"), habits, starting_at(0));
        let mut hours = Behaviour::ALL.map(|behaviour| (behaviour, 0.0)).to_vec();
        for minute in 0..days * 1_440 {
            let behaviour = day.advance_to(seconds(minute * 60)).behaviour;
            hours[behaviour as usize].1 += 1.0 / 60.0 / days as f64;
        }
        let end = seconds(days * SECONDS_PER_DAY);
        day.advance_to(end);
        (hours, day.steps(end) as f64 / days as f64)
    }

    #[test]
    fn who_cannot_act_lies_and_makes_no_step() {
        let mut day = Day::new(Key::new(3, "home/1"), Habits::default(), starting_at(10 * 3_600));
        let walks = (0..36_000).find(|second| day.advance_to(seconds(*second)).behaviour == Behaviour::Walk);
        let from = walks.expect("somebody who walks in ten hours") + 1;
        for second in from..from + 36_000 {
            day.lie_helpless(seconds(second), seconds(second + 30));
        }
        let before = day.steps(seconds(from));
        assert!(day.bout_at(seconds(from)).falls);
        assert_eq!(day.advance_to(seconds(from + 36_000)).behaviour, Behaviour::Lie);
        assert_eq!(day.steps(seconds(from + 36_000)), before);
        assert!((0..7_200).any(|second| day.advance_to(seconds(from + 36_030 + second)).behaviour != Behaviour::Lie));
    }

    #[test]
    fn days_have_their_sleep_and_their_steps() {
        let mut steps = 0.0;
        for seed in 0..20 {
            let (hours, daily_steps) = live(seed, Habits::default(), 7);
            let sleep = hours[Behaviour::Sleep as usize].1;
            assert!((6.0..9.5).contains(&sleep), "seed {seed}: {sleep} h of sleep");
            assert!((2_000.0..16_000.0).contains(&daily_steps), "seed {seed}: {daily_steps} steps");
            steps += daily_steps / 20.0;
        }
        assert!((5_000.0..10_000.0).contains(&steps), "{steps} steps a day");
    }

    #[test]
    fn habits_matter() {
        let (_, active) = live(3, Habits { liveliness: 2.0, sports: 5.0, ..Habits::default() }, 7);
        let (hours, frail) = live(3, Habits { liveliness: 0.1, sports: 0.0, ..Habits::default() }, 7);
        assert!(active > 2.0 * frail, "{active} and {frail}");
        assert_eq!(hours[Behaviour::Run as usize].1, 0.0);
    }

    #[test]
    fn people_sleep_at_night() {
        let mut day = Day::new(Key::new(9, "home/2"), Habits::default(), starting_at(18 * 3_600));
        let mut asleep = 0;
        for minute in 0..240 {
            let at = seconds(7 * 3_600 + minute * 60);
            asleep += u32::from(day.advance_to(at).behaviour == Behaviour::Sleep);
        }
        assert!(asleep > 200, "{asleep} of 240 minutes from one to five o'clock");
        let noon = day.advance_to(seconds(18 * 3_600));
        assert_ne!(noon.behaviour, Behaviour::Sleep);
    }

    #[test]
    fn the_chain_does_not_depend_on_how_it_is_followed() {
        let mut fine = Day::new(Key::new(5, "home/3"), Habits::default(), starting_at(0));
        let mut coarse = fine.clone();
        for second in 0..40_000 {
            fine.advance_to(seconds(second));
        }
        coarse.advance_to(seconds(39_999));
        assert_eq!(fine.bout_at(seconds(39_999)), coarse.bout_at(seconds(39_999)));
        assert_eq!(fine.steps(seconds(39_999)), coarse.steps(seconds(39_999)));
    }

    #[test]
    fn steps_never_decrease() {
        let mut day = Day::new(Key::new(6, "home/4"), Habits::default(), starting_at(8 * 3_600));
        let mut previous = 0;
        for second in 0..20_000 {
            let at = seconds(second);
            day.advance_to(at);
            let steps = day.steps(at);
            assert!(steps >= previous && steps <= previous + 4, "{second} s: {previous} to {steps}");
            previous = steps;
        }
        assert!(previous > 0);
    }

    #[test]
    fn walking_moves_the_heart() {
        let mut core = Core::new(Parameters::textbook());
        let mut day = Day::new(Key::new(8, "home/6"), Habits::default(), starting_at(9 * 3_600));
        let (mut resting, mut walking) = (Vec::new(), Vec::new());
        for second in 0..7_200 {
            let bout = *day.advance_to(seconds(second));
            bout.act_on(&mut core.inputs);
            for _ in 0..10 {
                core.step();
            }
            let settled = second - bout.start.nanos() / 1_000_000_000 > 60;
            match bout.behaviour {
                Behaviour::Walk if settled => walking.push(core.vitals().heart_rate_bpm),
                Behaviour::Sit if settled => resting.push(core.vitals().heart_rate_bpm),
                _ => {}
            }
        }
        let mean = |rates: &[f64]| rates.iter().sum::<f64>() / rates.len() as f64;
        assert!(mean(&walking) > mean(&resting) + 10.0, "{} and {}", mean(&walking), mean(&resting));
    }

    #[test]
    fn a_fall_ends_in_lying() {
        let mut day = Day::new(Key::new(7, "home/5"), Habits::default(), starting_at(10 * 3_600));
        let at = SimTime::from_nanos(3_600_400_000_000);
        day.advance_to(at);
        let steps = day.steps(at);
        day.fall(at, Span::from_secs(600));
        let lying = *day.advance_to(at + Span::from_secs(30));
        assert!(lying.falls && lying.behaviour == Behaviour::Lie && lying.start == at);
        assert_eq!(day.steps(at + Span::from_secs(30)), steps);
        let later = *day.advance_to(at + Span::from_secs(700));
        assert!(!later.falls && later.index > lying.index);
    }

    /// Bedtimes and risings stay at the same hours of the clock when it is set forward in the night between.
    #[test]
    fn sleep_follows_the_clock_that_is_set_forward() {
        // 2026-03-28T12:00 in Berlin, 14 hours before clocks are set from two to three.
        let (start_s, spring_s) = (1_774_695_600, 1_774_746_000);
        let changes = vec![sim_core::ZoneChange { from_epoch_s: spring_s, offset_s: 7_200 }];
        let berlin = sim_core::Zone { name: "Europe/Berlin".to_owned(), first_offset_s: 3_600, changes };
        let winter = sim_core::Zone::fixed("+01:00", 3_600);
        let risings = [berlin, winter].map(|zone| {
            let clock = LocalClock::new(std::sync::Arc::new(zone), start_s * NANOS_PER_SECOND);
            let day = Day::new(Key::new(11, "home/7"), Habits::default(), clock);
            let nights = (0..86_400).filter(|second| day.is_night(seconds(*second))).collect::<Vec<_>>();
            (nights[0], nights[nights.len() - 1])
        });
        let [(bedtime, rising), (winter_bedtime, winter_rising)] = risings;
        assert_eq!(bedtime, winter_bedtime);
        assert_eq!(rising, winter_rising - 3_600);
    }
}

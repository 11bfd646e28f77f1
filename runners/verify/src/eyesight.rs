//! When a probe could see, and when it could not: what fell into such a time proves nothing against the stack.

use scenarios::Statistic;

use crate::delays::{Delays, Reduced};
use crate::fate::Delay;
use crate::report::BlindTime;
use crate::route_record::Entry;

/// A message may be seen at least so long after it was taken [ns]: the way through a stack at rest.
const SHORTEST_REACH: i64 = 250_000_000;

/// Whoever subscribes anew is given what the broker has retained within so long [ns].
const RETAINED_WITHIN: i64 = 5_000_000_000;

/// One time in which a probe could not see [ns of wall clock since the run's origin].
#[derive(Debug, Clone)]
struct Blindness {
    since: i64,
    /// `None` while it lasts.
    until: Option<i64>,
    reason: String,
}

impl Blindness {
    fn overlaps(&self, from: i64, to: i64) -> bool {
        self.since <= to && self.until.is_none_or(|until| from <= until)
    }
}

/// The eyes of one probe.
#[derive(Debug)]
pub(crate) struct Eyesight {
    /// At most one of them lasts.
    blindness: Vec<Blindness>,
    /// From the first write of messages to their first sighting.
    until_seen: Delays,
    /// Copies of what it had seen, brought again because it had been away.
    pub(crate) redelivered: u64,
}

impl Eyesight {
    pub(crate) fn new() -> Self {
        Self { blindness: Vec::new(), until_seen: Delays::new(), redelivered: 0 }
    }

    /// It has not seen anything since an instant, until another one or until further notice.
    pub(crate) fn blind(&mut self, since: i64, until: Option<i64>, reason: &str) {
        if until.is_some() || self.blindness.iter().all(|blindness| blindness.until.is_some()) {
            self.blindness.push(Blindness { since, until, reason: reason.to_owned() });
        }
    }

    /// It sees from an instant on.
    pub(crate) fn sees(&mut self, at: i64) {
        if let Some(lasting) = self.blindness.iter_mut().find(|blindness| blindness.until.is_none()) {
            lasting.until = Some(at);
        }
    }

    /// A message was seen for the first time, so long after it was first written.
    pub(crate) fn saw_after(&mut self, nanos: i64) {
        self.until_seen.record(Delay::After(nanos));
    }

    /// Whether it was ever away, so that what it had may be brought again.
    pub(crate) fn was_away(&self) -> bool {
        !self.blindness.is_empty()
    }

    /// Whether a broker may be giving it what was retained before: it has just subscribed.
    pub(crate) fn has_just_subscribed(&self, at: i64) -> bool {
        at < 0
            || self.blindness.iter().any(|blindness| {
                blindness.since <= at && blindness.until.is_none_or(|until| at <= until.saturating_add(RETAINED_WITHIN))
            })
    }

    /// Whether it was blind at some time between two instants.
    pub(crate) fn was_blind_between(&self, from: i64, to: i64) -> bool {
        self.blindness.iter().any(|blindness| blindness.overlaps(from, to))
    }

    /// Whether the sighting of a message that it has not seen could have fallen into a time in which it was blind.
    ///
    /// The target may have taken the message at any time between its first write and its acknowledgement (without one,
    /// when it was due, between its first write and the end), and shown it as long after as it showed 99 of 100.
    pub(crate) fn may_have_missed(&self, entry: &Entry, wants_ack: bool) -> bool {
        let Some(sent_at) = entry.sent_at() else { return false };
        // The way through the stack is only worked out where there is something to miss.
        if !self.was_blind_between(sent_at, i64::MAX) {
            return false;
        }
        let taken_by = match entry.acked_at() {
            Some(acked_at) => acked_at,
            None if wants_ack => i64::MAX,
            None => sent_at,
        };
        self.was_blind_between(sent_at, taken_by.saturating_add(self.reach()))
    }

    fn reach(&self) -> i64 {
        match self.until_seen.reduce(Statistic::Percentile(0.99)) {
            Some(Reduced::Number(nanos)) => SHORTEST_REACH.max(nanos as i64),
            Some(Reduced::Never) | None => SHORTEST_REACH,
        }
    }

    pub(crate) fn report(&self) -> Vec<BlindTime> {
        let seconds = |nanos: i64| nanos as f64 / 1e9;
        let times = self.blindness.iter().map(|blindness| BlindTime {
            from_s: seconds(blindness.since),
            to_s: blindness.until.map(seconds),
            reason: blindness.reason.clone(),
        });
        times.collect()
    }
}

#[cfg(test)]
mod tests {
    use sim_core::SimTime;

    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn away(since: i64, until: i64) -> Eyesight {
        let mut eyes = Eyesight::new();
        eyes.blind(since, None, "cut");
        eyes.sees(until);
        eyes
    }

    fn entry(sent: i64, acked: Option<i64>) -> Entry {
        let mut entry = Entry::new(0, None, SimTime::ZERO, 0);
        entry.note_sent(sent);
        acked.map(|at| entry.note_acked(at));
        entry
    }

    #[test]
    fn what_was_taken_before_or_after_is_not_missed() {
        let eyes = away(10 * SECOND, 12 * SECOND);
        let missed = |sent, acked| eyes.may_have_missed(&entry(sent, acked), true);
        assert!(!missed(9 * SECOND, Some(9 * SECOND + 1)), "taken long before");
        assert!(missed(9 * SECOND, Some(9 * SECOND + 900_000_000)), "shown when nobody looked");
        assert!(missed(11 * SECOND, Some(11 * SECOND)));
        assert!(!missed(13 * SECOND, Some(13 * SECOND)));
        assert!(missed(SECOND, None), "it was written again and again");
        assert!(!eyes.may_have_missed(&entry(SECOND, None), false), "it was written once");
    }

    #[test]
    fn a_slow_stack_shows_late() {
        let mut eyes = away(10 * SECOND, 12 * SECOND);
        assert!(!eyes.may_have_missed(&entry(7 * SECOND, Some(7 * SECOND)), true));
        for _ in 0..10 {
            eyes.saw_after(4 * SECOND);
        }
        assert!(eyes.may_have_missed(&entry(7 * SECOND, Some(7 * SECOND)), true));
    }

    #[test]
    fn a_blindness_lasts_until_it_ends() {
        let mut eyes = Eyesight::new();
        assert!(!eyes.was_away());
        eyes.blind(5, None, "cut");
        eyes.blind(7, None, "cut again");
        eyes.blind(6, Some(8), "a pause of its own");
        assert!(eyes.was_blind_between(1_000, 2_000) && !eyes.was_blind_between(0, 4));
        eyes.sees(9);
        eyes.sees(11);
        assert!(!eyes.was_blind_between(10, 2_000));
        assert_eq!(eyes.report().len(), 2);
        assert!(eyes.has_just_subscribed(9 + SECOND) && !eyes.has_just_subscribed(9 + 6 * SECOND));
    }
}

//! When a probe could see, and when it could not: what fell into such a time proves nothing against the stack, but for what
//! the stack owed the probe before.

use scenarios::Statistic;
use sim_core::SimId;

use crate::connection_times::Connected;
use crate::delays::{Delays, Reduced};
use crate::entry::Entry;
use crate::fate::Delay;
use crate::report::BlindTime;
use crate::unread::Unread;

/// A message may be seen at least so long after it was taken [ns]: the way through a stack at rest.
const SHORTEST_REACH: i64 = 250_000_000;

/// The end of a connection is noticed within so long [ns]; a process that is not run for longer says so.
const NOTICED_WITHIN: i64 = 250_000_000;

/// Whoever subscribes anew is given what the broker has retained within so long [ns].
const RETAINED_WITHIN: i64 = 5_000_000_000;

/// One time in which a probe could not see [ns of wall clock since the run's origin].
#[derive(Debug, Clone)]
pub(crate) struct Blindness {
    /// The last instant at which it is known to have seen.
    pub(crate) since: i64,
    /// `None` while it lasts.
    pub(crate) until: Option<i64>,
    /// When its target ended the connection, owing the probe what it had taken until then; `None` when nobody can tell.
    pub(crate) ended_owing: Option<i64>,
    /// Whether the target still had the session when the probe came back.
    pub(crate) resumed: bool,
    pub(crate) reason: String,
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
    /// The last sighting.
    last_seen_at: i64,
    /// What it has seen on topics of no device, and could not be read.
    pub(crate) unread: Unread,
    /// Some of it came beside any topic: where messages come without one, it may be any of them.
    pub(crate) has_unread_beside_topics: bool,
    /// Copies of what it had seen, brought again because it had been away.
    pub(crate) redelivered: u64,
}

impl Eyesight {
    pub(crate) fn new() -> Self {
        Self {
            blindness: Vec::new(),
            until_seen: Delays::new(),
            last_seen_at: i64::MIN,
            unread: Unread::default(),
            has_unread_beside_topics: false,
            redelivered: 0,
        }
    }

    /// It has not seen anything since an instant, until another one or until further notice.
    pub(crate) fn blind(&mut self, blindness: Blindness) {
        if blindness.until.is_some() || self.blindness.iter().all(|known| known.until.is_some()) {
            self.blindness.push(blindness);
        }
    }

    /// It sees from an instant on, and its target may still have the session from before.
    pub(crate) fn sees(&mut self, at: i64, resumed: bool) {
        if let Some(lasting) = self.blindness.iter_mut().find(|blindness| blindness.until.is_none()) {
            (lasting.until, lasting.resumed) = (Some(at), resumed);
        }
    }

    /// It saw something, whatever it was.
    pub(crate) fn saw(&mut self, at: i64) {
        self.last_seen_at = self.last_seen_at.max(at);
    }

    /// A message was seen for the first time, so long after it was first written.
    pub(crate) fn saw_after(&mut self, nanos: i64) {
        self.until_seen.record(Delay::After(nanos));
    }

    /// Whether a message of a device that was written at an instant, and that it has not seen, may be what it could not
    /// read.
    pub(crate) fn could_not_read(&self, is_behind: bool, device: SimId, sent_at: i64) -> bool {
        (is_behind || self.has_unread_beside_topics) && self.unread.could_be(device, sent_at)
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
    /// when it was due, between its first write and the end), and shown it as long after as it showed 99 of 100. What the
    /// target owed the probe when it ended the connection was not missed. `carried` is the connection over which the
    /// target of the probe acknowledged the message, if that is known.
    pub(crate) fn may_have_missed(&self, entry: &Entry, wants_ack: bool, carried: Option<Connected>) -> bool {
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
        self.was_blind_between(sent_at, taken_by.saturating_add(self.reach())) && !self.is_owed(sent_at, entry, carried)
    }

    /// Whether the order of events proves that the probe's session was there when its target took a message, and that what
    /// was in the session did not come out of it.
    ///
    /// The target lived on from the device's connection to the probe's last word from it, or that word could not have come:
    /// so it took the message in the life in which the probe had subscribed. The message was acknowledged before the end
    /// of the probe's connection was noticed: by more than the noticing can take, or over a connection that ended in the
    /// same outage. And the probe came back: to a target that had forgotten the session, or to one that had it and has
    /// shown newer messages since.
    fn is_owed(&self, sent_at: i64, entry: &Entry, carried: Option<Connected>) -> bool {
        let (Some(acked_at), Some(carried)) = (entry.acked_at(), carried) else { return false };
        let later = self.blindness.iter().filter(|blindness| blindness.overlaps(sent_at, i64::MAX));
        let Some(first) = later.min_by_key(|blindness| blindness.since) else { return false };
        let (Some(ended_at), Some(until)) = (first.ended_owing, first.until) else { return false };
        let was_subscribed = carried.since <= first.since;
        let was_taken_before = acked_at <= ended_at
            && (acked_at.saturating_add(NOTICED_WITHIN) <= ended_at || carried.until.is_some_and(|end| end <= until));
        let shown_by = until.saturating_add(self.reach());
        let (horizon, has_shown) =
            if first.resumed { (shown_by, self.last_seen_at >= shown_by) } else { (ended_at, true) };
        let is_only_outage = self.blindness.iter().filter(|other| other.overlaps(sent_at, horizon)).count() == 1;
        was_subscribed && was_taken_before && has_shown && is_only_outage
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
        eyes.blind(cut(since, None));
        eyes.sees(until, false);
        eyes
    }

    fn cut(since: i64, until: Option<i64>) -> Blindness {
        Blindness { since, until, ended_owing: None, resumed: false, reason: "cut".to_owned() }
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
        let missed = |sent, acked| eyes.may_have_missed(&entry(sent, acked), true, None);
        assert!(!missed(9 * SECOND, Some(9 * SECOND + 1)), "taken long before");
        assert!(missed(9 * SECOND, Some(9 * SECOND + 900_000_000)), "shown when nobody looked");
        assert!(missed(11 * SECOND, Some(11 * SECOND)));
        assert!(!missed(13 * SECOND, Some(13 * SECOND)));
        assert!(missed(SECOND, None), "it was written again and again");
        assert!(!eyes.may_have_missed(&entry(SECOND, None), false, None), "it was written once");
    }

    #[test]
    fn a_slow_stack_shows_late() {
        let mut eyes = away(10 * SECOND, 12 * SECOND);
        assert!(!eyes.may_have_missed(&entry(7 * SECOND, Some(7 * SECOND)), true, None));
        for _ in 0..10 {
            eyes.saw_after(4 * SECOND);
        }
        assert!(eyes.may_have_missed(&entry(7 * SECOND, Some(7 * SECOND)), true, None));
    }

    #[test]
    fn a_blindness_lasts_until_it_ends() {
        let mut eyes = Eyesight::new();
        assert!(!eyes.was_away());
        eyes.blind(cut(5, None));
        eyes.blind(cut(7, None));
        eyes.blind(cut(6, Some(8)));
        assert!(eyes.was_blind_between(1_000, 2_000) && !eyes.was_blind_between(0, 4));
        eyes.sees(9, false);
        eyes.sees(11, false);
        assert!(!eyes.was_blind_between(10, 2_000));
        assert_eq!(eyes.report().len(), 2);
        assert!(eyes.has_just_subscribed(9 + SECOND) && !eyes.has_just_subscribed(9 + 6 * SECOND));
    }

    /// Subscribed long ago; last heard at 9.5 s, ended with a word at 10 s, back at 12 s.
    fn ended(resumed: bool) -> Eyesight {
        let mut eyes = Eyesight::new();
        eyes.blind(Blindness { ended_owing: Some(10 * SECOND), ..cut(9 * SECOND + SECOND / 2, None) });
        eyes.sees(12 * SECOND, resumed);
        eyes
    }

    const LASTING: Connected = Connected { since: 0, until: None };
    const ENDED: Connected = Connected { since: 0, until: Some(10 * SECOND) };

    fn is_lost(eyes: &Eyesight, acked: i64, carried: Connected) -> bool {
        !eyes.may_have_missed(&entry(9 * SECOND + SECOND / 4, Some(acked)), true, Some(carried))
    }

    #[test]
    fn what_was_acknowledged_before_the_end_and_forgotten_is_lost() {
        let eyes = ended(false);
        assert!(is_lost(&eyes, 9 * SECOND + SECOND / 2, LASTING), "long before the end was noticed");
        assert!(!is_lost(&eyes, 10 * SECOND - 1, LASTING), "the end may have come just before");
        assert!(is_lost(&eyes, 10 * SECOND - 1, ENDED), "and did not, for both connections ended");
        assert!(!is_lost(&eyes, 10 * SECOND + 1, ENDED), "after the end");
        let younger = Connected { since: 9 * SECOND + SECOND / 2 + 1, until: Some(10 * SECOND) };
        assert!(!is_lost(&eyes, 10 * SECOND - 1, younger), "perhaps to another life of the broker");
        assert!(
            eyes.may_have_missed(&entry(9 * SECOND, Some(9 * SECOND + SECOND / 2)), true, None),
            "nobody knows where"
        );
    }

    #[test]
    fn what_is_kept_may_still_come() {
        let mut eyes = ended(true);
        assert!(!is_lost(&eyes, 9 * SECOND + SECOND / 2, LASTING));
        eyes.saw(12 * SECOND);
        assert!(!is_lost(&eyes, 9 * SECOND + SECOND / 2, LASTING));
        eyes.saw(13 * SECOND);
        assert!(is_lost(&eyes, 9 * SECOND + SECOND / 2, LASTING));
    }

    #[test]
    fn a_pause_of_the_probe_itself_proves_nothing() {
        let mut eyes = ended(false);
        eyes.blind(cut(9 * SECOND + SECOND / 3, Some(9 * SECOND + SECOND / 2)));
        assert!(!is_lost(&eyes, 9 * SECOND + SECOND / 2, ENDED));
        // Nor does a probe that has not come back.
        let mut eyes = Eyesight::new();
        eyes.blind(Blindness { ended_owing: Some(10 * SECOND), ..cut(9 * SECOND, None) });
        assert!(!is_lost(&eyes, 9 * SECOND + SECOND / 2, ENDED));
    }
}

//! How long a stream was silent where it is watched: between two messages seen, and from the last one to the last said.

use super::Ledger;
use crate::fate::Delay;
use crate::measure::Origin;

/// The silences of one account [ns of wall clock since the run's origin].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pauses {
    last_said: Option<i64>,
    last_seen: Option<i64>,
    longest: i64,
}

impl Pauses {
    /// The device meant to say a message at this instant.
    pub(super) fn said(&mut self, at: i64) {
        self.last_said = Some(self.last_said.map_or(at, |last| last.max(at)));
    }

    /// A message was seen for the first time; gives when the silence began that this ends.
    fn seen(&mut self, at: i64) -> Option<i64> {
        let began = self.last_seen;
        self.last_seen = Some(began.map_or(at, |last| last.max(at)));
        if let Some(began) = began {
            self.longest = self.longest.max(at - began);
        }
        began
    }

    /// The silence that lasts when everything has been said: since when, until when.
    fn last(&mut self) -> Option<(i64, i64)> {
        let (began, ends) = (self.last_seen?, self.last_said?);
        self.longest = self.longest.max(ends - began);
        (ends > began).then_some((began, ends))
    }

    /// The longest [ns]; `None` when nothing was seen.
    pub(super) fn longest(&self) -> Option<i64> {
        self.last_seen.map(|_| self.longest)
    }
}

impl Ledger {
    /// A message was seen for the first time at an account.
    pub(super) fn note_pause(&mut self, index: usize, sequence: u64, at: i64) {
        if let Some(began) = self.accounts.all[index].pauses.seen(at) {
            self.tell_pause(index, sequence, began, Delay::After((at - began).max(0)));
        }
    }

    /// Everything has been said: the silences that last, and the streams of which nothing was ever seen.
    pub(super) fn close_pauses(&mut self) {
        for index in 0..self.accounts.all.len() {
            let account = &mut self.accounts.all[index];
            if !account.is_watched() || account.pauses.last_said.is_none() {
                continue;
            }
            let last = account.pauses.last();
            if let Some((began, ends)) = last {
                self.tell_pause(index, u64::MAX, began, Delay::After(ends - began));
            } else if account.pauses.last_seen.is_none() {
                self.tell_pause(index, u64::MAX, i64::MIN, Delay::Never);
            }
        }
    }

    fn tell_pause(&mut self, index: usize, sequence: u64, began: i64, pause: Delay) {
        let account = &self.accounts.all[index];
        let is_blind = account.probe.is_some_and(|probe| {
            let ends = match pause {
                Delay::After(nanos) => began.saturating_add(nanos),
                Delay::Never => i64::MAX,
            };
            self.eyes[usize::from(probe)].was_blind_between(began, ends)
        });
        let origin = Origin {
            plan: &self.plan,
            route: account.route.0,
            segment: account.record.segment_of(sequence.min(account.record.last())),
            probe: account.probe,
            is_first: account.is_first,
        };
        self.expectations.pause(origin, pause, is_blind);
    }
}

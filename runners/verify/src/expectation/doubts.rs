//! Samples of which nobody can tell whether they count.

use crate::figures;

/// So many, and why.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    counts: Vec<(&'static str, u64)>,
    /// Samples that may count or not.
    total: u64,
}

impl Doubts {
    /// Adds a sample that may count or not.
    pub(super) fn add(&mut self, why: &'static str) {
        self.total += 1;
        self.note(why);
    }

    /// Notes a reason for a doubt about a sample that counts.
    pub(super) fn note(&mut self, why: &'static str) {
        match self.counts.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((why, 1)),
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// `12 messages may have been shown when the probe was blind`.
    pub(super) fn reason(&self) -> String {
        let reasons: Vec<String> =
            self.counts.iter().map(|(why, count)| format!("{} {why}", figures::count(*count))).collect();
        reasons.join("; ")
    }
}

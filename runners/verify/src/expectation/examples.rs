//! Messages that speak against an expectation.

use crate::report::Counterexample;

/// Most worst devices and most counterexamples kept for one expectation.
pub(super) const KEPT: usize = 10;

/// The gravest counterexamples; among equally grave ones the first.
#[derive(Debug, Default)]
pub(super) struct Examples {
    kept: Vec<(i64, Counterexample)>,
    /// How many there were.
    total: u64,
}

impl Examples {
    pub(super) fn add(&mut self, gravity: i64, make: impl FnOnce() -> Counterexample) {
        self.total += 1;
        if self.kept.len() < KEPT {
            self.kept.push((gravity, make()));
            return;
        }
        let mildest = self.kept.iter().enumerate().rev().min_by_key(|(_, (gravity, _))| *gravity);
        if let Some((position, (least, _))) = mildest
            && *least < gravity
        {
            self.kept.remove(position);
            self.kept.push((gravity, make()));
        }
    }

    /// The kept ones, gravest first, and how many more there were.
    pub(super) fn into_sorted(mut self) -> (Vec<Counterexample>, u64) {
        let more = self.total - self.kept.len() as u64;
        self.kept.sort_by_key(|(gravity, _)| std::cmp::Reverse(*gravity));
        (self.kept.into_iter().map(|(_, example)| example).collect(), more)
    }
}

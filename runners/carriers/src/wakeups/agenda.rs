//! When which connection of a lane wants to be looked at: one heap and one sleep for all of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Deadlines of connections. A connection that moves its deadline later leaves its entry alone and is looked at too
/// early once; only an earlier deadline adds an entry. So sending a message never touches the heap.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BinaryHeap<Reverse<(i64, u32)>>,
    /// Earliest entry of each slot [ns].
    armed_ns: Vec<i64>,
}

impl Agenda {
    pub(crate) fn new(slots: usize) -> Self {
        Self { entries: BinaryHeap::new(), armed_ns: vec![i64::MAX; slots] }
    }

    /// Makes room for so many slots.
    pub(crate) fn extend(&mut self, slots: usize) {
        self.armed_ns.resize(slots.max(self.armed_ns.len()), i64::MAX);
    }

    /// Makes sure that the slot comes up at this instant or before.
    pub(crate) fn arm(&mut self, slot: u32, at_ns: i64) {
        let armed_ns = &mut self.armed_ns[slot as usize];
        if at_ns < *armed_ns {
            *armed_ns = at_ns;
            self.entries.push(Reverse((at_ns, slot)));
        }
    }

    /// The next instant [ns]; `i64::MAX` is never.
    pub(crate) fn next_ns(&self) -> i64 {
        self.entries.peek().map_or(i64::MAX, |Reverse((at_ns, _))| *at_ns)
    }

    /// The next slot that has come up.
    pub(crate) fn pop(&mut self, now_ns: i64) -> Option<u32> {
        while let Some(Reverse((at_ns, slot))) = self.entries.peek().copied() {
            if at_ns > now_ns {
                return None;
            }
            self.entries.pop();
            let armed_ns = &mut self.armed_ns[slot as usize];
            if *armed_ns == at_ns {
                *armed_ns = i64::MAX;
                return Some(slot);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_deadline_costs_no_entry_and_an_earlier_one_wins() {
        let mut agenda = Agenda::new(2);
        agenda.arm(0, 50);
        agenda.arm(0, 90);
        agenda.arm(1, 60);
        agenda.arm(1, 10);
        assert_eq!(agenda.entries.len(), 3);
        assert_eq!(agenda.pop(9), None);
        assert_eq!(agenda.pop(10), Some(1));
        assert_eq!(agenda.next_ns(), 50);
        assert_eq!(agenda.pop(100), Some(0));
        assert_eq!(agenda.pop(100), None, "the superseded entry of slot 1 is not due again");
    }
}

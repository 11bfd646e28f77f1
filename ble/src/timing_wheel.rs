//! The queue of coming events: a wheel of one-millisecond slots over two seconds, and a tree for what is later.
//!
//! Ten thousand advertisers cost constant work an event: an insertion appends to a slot, and only the events of the
//! current slot are ever compared with each other. Events of one instant leave in the order in which they were put in.
//!
//! A wheel of few events is a heap: ten thousand homes with a device each do not pay for slots they do not need.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Slots are 2^20 ns = 1.05 ms wide.
const SLOT_BITS: u32 = 20;
const SLOTS: usize = 2048;

/// More events than these are spread over slots.
const HEAP_LIMIT: usize = 512;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry<E> {
    at_ns: u64,
    order: u64,
    event: E,
}

/// Events ordered by time and then by insertion.
#[derive(Debug)]
pub(crate) struct TimingWheel<E> {
    current: BinaryHeap<Reverse<Entry<E>>>,
    current_slot: u64,
    /// Empty as long as all events are in `current`.
    slots: Vec<Vec<Entry<E>>>,
    in_slots: usize,
    later: BTreeMap<u64, Vec<Entry<E>>>,
    order: u64,
}

impl<E: Ord> Default for TimingWheel<E> {
    fn default() -> Self {
        Self {
            current: BinaryHeap::new(),
            current_slot: 0,
            slots: Vec::new(),
            in_slots: 0,
            later: BTreeMap::new(),
            order: 0,
        }
    }
}

impl<E: Ord> TimingWheel<E> {
    /// Puts an event in. An instant that has passed leaves at once.
    pub(crate) fn insert(&mut self, at_ns: u64, event: E) {
        let entry = Entry { at_ns, order: self.order, event };
        self.order += 1;
        if self.slots.is_empty() {
            self.current.push(Reverse(entry));
            if self.current.len() > HEAP_LIMIT {
                self.spread();
            }
        } else {
            self.file(entry);
        }
    }

    /// Spreads the events of the heap over slots, from now on.
    fn spread(&mut self) {
        self.slots.resize_with(SLOTS, Vec::new);
        self.current_slot = self.current.peek().map_or(0, |Reverse(entry)| entry.at_ns >> SLOT_BITS);
        for Reverse(entry) in std::mem::take(&mut self.current) {
            self.file(entry);
        }
    }

    fn file(&mut self, entry: Entry<E>) {
        let slot = entry.at_ns >> SLOT_BITS;
        if slot <= self.current_slot {
            self.current.push(Reverse(entry));
        } else if slot < self.current_slot + SLOTS as u64 {
            self.slots[slot as usize % SLOTS].push(entry);
            self.in_slots += 1;
        } else {
            self.later.entry(slot).or_default().push(entry);
        }
    }

    /// Takes out the next event that is due at `until_ns` or before, with its instant.
    pub(crate) fn pop_until(&mut self, until_ns: u64) -> Option<(u64, E)> {
        if self.next_at()? > until_ns {
            return None;
        }
        self.current.pop().map(|Reverse(entry)| (entry.at_ns, entry.event))
    }

    /// The instant of the next event \[ns\].
    pub(crate) fn next_at(&mut self) -> Option<u64> {
        while self.current.is_empty() {
            self.turn()?;
        }
        self.current.peek().map(|Reverse(entry)| entry.at_ns)
    }

    /// Moves on to the next slot that holds anything.
    fn turn(&mut self) -> Option<()> {
        if self.slots.is_empty() {
            return None;
        }
        let later = self.later.first_key_value().map(|(slot, _)| *slot);
        let next = if self.in_slots > 0 {
            let near = (1..SLOTS as u64).map(|step| self.current_slot + step);
            let near = near.into_iter().find(|slot| !self.slots[*slot as usize % SLOTS].is_empty());
            match (near, later) {
                (Some(near), Some(later)) => near.min(later),
                (Some(slot), None) | (None, Some(slot)) => slot,
                (None, None) => return None,
            }
        } else {
            later?
        };
        self.current_slot = next;
        let entries = &mut self.slots[next as usize % SLOTS];
        self.in_slots -= entries.len();
        self.current.extend(entries.drain(..).map(Reverse));
        if let Some(entries) = self.later.remove(&next) {
            self.current.extend(entries.into_iter().map(Reverse));
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_instant_keeps_the_order_of_insertion() {
        let mut wheel = TimingWheel::default();
        for event in [3, 1, 2] {
            wheel.insert(5, event);
        }
        let left: Vec<_> = std::iter::from_fn(|| wheel.pop_until(5)).collect();
        assert_eq!(left, [(5, 3), (5, 1), (5, 2)]);
    }

    proptest! {
        /// Any interleaving of insertions and removals leaves in order of time, then insertion.
        #[test]
        fn as_a_sorted_list(batches in prop::collection::vec((prop::collection::vec(0_u64..8_000_000_000, 0..200), 0_u64..3_000_000_000), 1..12)) {
            let mut wheel = TimingWheel::default();
            let mut list: Vec<(u64, u32)> = Vec::new();
            let mut serial = 0;
            let mut now = 0;
            for (delays, step) in batches {
                for delay in delays {
                    wheel.insert(now + delay, serial);
                    list.push((now + delay, serial));
                    serial += 1;
                }
                now += step;
                let mut due: Vec<_> = list.iter().copied().filter(|entry| entry.0 <= now).collect();
                due.sort_unstable();
                list.retain(|entry| entry.0 > now);
                let left: Vec<_> = std::iter::from_fn(|| wheel.pop_until(now)).collect();
                prop_assert_eq!(left, due);
            }
        }
    }
}

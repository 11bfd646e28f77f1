//! Messages of one route that are known by something else than their sequence number.

use std::collections::{HashMap, VecDeque};

/// Most names kept beyond those of messages under way, 40 bytes each; a copy that comes later finds nothing.
const KEPT: usize = 4096;

/// Sequence numbers by name: the device time, or a digest of the bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    sequences: HashMap<u64, VecDeque<u64>>,
    /// Names and sequences in order of sequence.
    order: VecDeque<(u64, u64)>,
    /// Whether names were given up.
    has_forgotten: bool,
}

impl Names {
    /// Adds a message, whose sequence number is above those before. Names of messages up to `settled` may be given up.
    pub(crate) fn add(&mut self, name: u64, sequence: u64, oldest_under_way: u64) {
        self.sequences.entry(name).or_default().push_back(sequence);
        self.order.push_back((name, sequence));
        while self.order.len() > KEPT
            && let Some((name, sequence)) = self.order.front().copied()
            && sequence < oldest_under_way
        {
            self.order.pop_front();
            self.has_forgotten = true;
            if let Some(sequences) = self.sequences.get_mut(&name) {
                sequences.pop_front();
                if sequences.is_empty() {
                    self.sequences.remove(&name);
                }
            }
        }
    }

    /// The messages of a name, ascending.
    pub(crate) fn of(&self, name: u64) -> impl Iterator<Item = u64> + '_ {
        self.sequences.get(&name).into_iter().flatten().copied()
    }

    /// Whether every name ever added is still there.
    pub(crate) fn is_complete(&self) -> bool {
        !self.has_forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_are_given_up_unless_under_way() {
        let mut names = Names::default();
        for sequence in 0..KEPT as u64 + 2 {
            names.add(sequence % 2, sequence, 1);
        }
        assert!(!names.is_complete());
        assert_eq!(names.of(0).next(), Some(2));
        assert_eq!(names.of(1).next(), Some(1));
        assert_eq!(names.of(7).next(), None);
    }

    #[test]
    fn nothing_is_forgotten_within_the_bound() {
        let mut names = Names::default();
        for sequence in 0..KEPT as u64 {
            names.add(sequence, sequence, u64::MAX);
        }
        assert!(names.is_complete());
        assert_eq!(names.of(0).collect::<Vec<_>>(), [0]);
    }
}

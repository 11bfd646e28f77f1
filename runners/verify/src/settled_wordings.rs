//! The memory of settled messages: what was said in them, so that a copy that comes late can be compared with it.

use std::collections::VecDeque;

use crate::imprint::{Imprint, SeenPayload};

/// Wordings of the settled messages of one route, as many as there is room for; the oldest are given up.
#[derive(Debug, Clone, Default)]
pub(crate) struct SettledWordings {
    /// Ascending by sequence number; several of a message that several gateways have worded.
    kept: VecDeque<(u64, Imprint)>,
    /// Of every sequence number below it something may have been given up.
    given_up_below: u64,
}

/// How something that was seen compares with what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// It says what was said.
    Same,
    /// It says something else; the wording that it should have had, where there was one.
    Altered(Option<Imprint>),
    /// What was said is not remembered any more.
    TooOld,
}

impl SettledWordings {
    /// Bytes that one wording takes.
    pub(crate) const WORDING_BYTES: usize = size_of::<(u64, Imprint)>();

    /// Remembers a wording, and gives up the oldest beyond so many.
    pub(crate) fn keep(&mut self, sequence: u64, wording: Imprint, room: usize) {
        let position = self.kept.partition_point(|(known, _)| *known <= sequence);
        self.kept.insert(position, (sequence, wording));
        while self.kept.len() > room
            && let Some((given_up, _)) = self.kept.pop_front()
        {
            self.given_up_below = self.given_up_below.max(given_up + 1);
        }
    }

    /// All that are remembered.
    pub(crate) fn wordings(&self) -> impl Iterator<Item = &Imprint> {
        self.kept.iter().map(|(_, wording)| wording)
    }

    /// Compares what was seen of a settled message with its wordings.
    pub(crate) fn compare(&self, sequence: u64, seen: &SeenPayload<'_>) -> Likeness {
        let first = self.kept.partition_point(|(known, _)| *known < sequence);
        let wordings = self.kept.range(first..).take_while(|(known, _)| *known == sequence).map(|(_, wording)| wording);
        if seen.is_one_of(wordings.clone()) {
            return Likeness::Same;
        }
        match wordings.last() {
            Some(wording) if sequence >= self.given_up_below => Likeness::Altered(Some(*wording)),
            _ => Likeness::TooOld,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imprint(payload: &str) -> Imprint {
        Imprint::new(payload.as_bytes(), Some(payload.to_ascii_lowercase().as_bytes()), None)
    }

    fn compare(memory: &SettledWordings, sequence: u64, payload: &str) -> Likeness {
        let meaning = || Some(payload.to_ascii_lowercase().into_bytes());
        memory.compare(sequence, &SeenPayload::new(payload.as_bytes(), &meaning))
    }

    #[test]
    fn what_is_remembered_is_compared_by_bytes_and_by_meaning() {
        let mut memory = SettledWordings::default();
        memory.keep(1, imprint("One"), 4);
        memory.keep(0, imprint("Nought"), 4);
        memory.keep(1, imprint("uno"), 4);
        assert_eq!(compare(&memory, 0, "Nought"), Likeness::Same);
        assert_eq!(compare(&memory, 1, "ONE"), Likeness::Same);
        assert_eq!(compare(&memory, 1, "uno"), Likeness::Same);
        assert_eq!(compare(&memory, 0, "One"), Likeness::Altered(Some(imprint("Nought"))));
        assert_eq!(compare(&memory, 2, "One"), Likeness::TooOld);
    }

    #[test]
    fn the_oldest_are_given_up_and_nothing_is_said_of_them() {
        let mut memory = SettledWordings::default();
        for sequence in 0..10 {
            memory.keep(sequence, imprint("same"), 3);
        }
        assert_eq!(compare(&memory, 6, "other"), Likeness::TooOld);
        assert_eq!(compare(&memory, 7, "other"), Likeness::Altered(Some(imprint("same"))));
        // One of two wordings has gone, so that what is not the other may have been the first.
        memory.keep(6, imprint("another"), 4);
        assert_eq!(compare(&memory, 6, "another"), Likeness::Same);
        assert_eq!(compare(&memory, 6, "other"), Likeness::TooOld);
    }
}

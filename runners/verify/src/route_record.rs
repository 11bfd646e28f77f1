//! The record of one route: what is under way, and in compact form what is settled.

use std::collections::VecDeque;
use std::ops::Range;

use crate::entry::Entry;
use crate::imprint::{Imprint, SeenPayload};
use crate::matcher::Recall;
use crate::names::Names;
use crate::settled_wordings::{Likeness, SettledWordings};

/// The ledger was told something that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The plan has no such route.
    #[error("route {route} does not exist: the plan has {routes} routes")]
    UnknownRoute {
        /// The route named.
        route: u32,
        /// Routes in the plan.
        routes: usize,
    },
    /// A device said a sequence number that is not above the one before.
    #[error("route {route}: sequence {sequence} was generated after sequence {previous}")]
    SequenceNotAscending {
        /// The route.
        route: u32,
        /// The sequence number said.
        sequence: u64,
        /// The one before it.
        previous: u64,
    },
}

/// What is known of a message that was seen, and how what was seen compares with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// As it was said, and not seen before.
    Unseen,
    /// As it was said, and seen before.
    Seen,
    /// It was said otherwise; the wording that it should have had, where there was one.
    Altered(Option<Imprint>),
    /// No device had said it.
    NeverSaid,
    /// Its record was given up, so that nobody can tell.
    TooOld,
}

/// What is needed to know before an entry may leave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settling {
    /// The message asks for an acknowledgement.
    pub(crate) wants_ack: bool,
    /// A probe watches the route.
    pub(crate) watched: bool,
    /// Wordings of settled messages to be remembered.
    pub(crate) room: usize,
}

/// The record of one route.
#[derive(Debug, Clone, Default)]
pub(crate) struct RouteRecord {
    /// Ascending by sequence.
    unresolved: VecDeque<Entry>,
    /// Every sequence below was generated, except the absent ones.
    next: u64,
    /// Sequences that were skipped, or dropped before they were ever written: nobody can have observed them.
    absent: Vec<Range<u64>>,
    /// Sequences whose record was given up.
    forgotten: Vec<Range<u64>>,
    /// Further wordings of messages under way, by other gateways.
    copies: Vec<(u64, Imprint)>,
    /// Wordings of settled messages.
    settled: SettledWordings,
    /// Highest sequence observed, plus one.
    seen_below: u64,
    /// Names of messages that are not known by their sequence number.
    names: Names,
    /// First sequence of each segment of simulated time after the first; see [`RouteRecord::segment_of`].
    segment_starts: Vec<u64>,
}

impl RouteRecord {
    /// Adds a message the device said in this segment of simulated time.
    ///
    /// # Errors
    /// The previous sequence number, when this one is not above it.
    pub(crate) fn generated(&mut self, entry: Entry, segment: usize) -> Result<(), u64> {
        let sequence = entry.sequence;
        if sequence < self.next {
            return Err(self.next - 1);
        }
        if sequence > self.next {
            insert_range(&mut self.absent, self.next..sequence);
        }
        self.next = sequence + 1;
        while self.segment_starts.len() < segment {
            self.segment_starts.push(sequence);
        }
        self.unresolved.push_back(entry);
        Ok(())
    }

    /// The segment of simulated time a sequence belongs to: as intended instants ascend with sequence numbers, it is
    /// known long after the entry has left.
    pub(crate) fn segment_of(&self, sequence: u64) -> usize {
        self.segment_starts.partition_point(|start| *start <= sequence)
    }

    /// Makes a message known by a name: its device time, or a digest of its bytes.
    pub(crate) fn name(&mut self, name: u64, sequence: u64) {
        let oldest = self.unresolved.front().map_or(u64::MAX, |entry| entry.sequence);
        self.names.add(name, sequence, oldest);
    }

    /// The message of a name; of several the first under way that was not seen yet, else the last.
    pub(crate) fn named(&self, name: u64) -> Recall {
        let is_unseen = |sequence: &u64| {
            self.position(*sequence).is_some_and(|position| self.unresolved[position].observed.get().is_none())
        };
        match self.names.of(name).find(is_unseen).or_else(|| self.names.of(name).last()) {
            Some(sequence) => Recall::Message(sequence),
            None if self.names.is_complete() => Recall::NoSuch,
            None => Recall::Forgotten,
        }
    }

    /// The newest sequence number said; 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// Messages under way.
    pub(crate) fn unresolved(&self) -> usize {
        self.unresolved.len()
    }

    /// Notes the first write; tells whether it was the first.
    pub(crate) fn sent(&mut self, sequence: u64, at: i64) -> bool {
        self.entry_mut(sequence).is_some_and(|entry| entry.note_sent(at))
    }

    /// Notes the acknowledgement; tells whether it was the first.
    pub(crate) fn acked(&mut self, sequence: u64, at: i64) -> bool {
        self.entry_mut(sequence).is_some_and(|entry| entry.note_acked(at))
    }

    /// Notes an acknowledgement with an error; tells whether it was the first.
    pub(crate) fn refused(&mut self, sequence: u64) -> bool {
        self.entry_mut(sequence).is_some_and(|entry| !std::mem::replace(&mut entry.refused, true))
    }

    /// Notes a declared drop; tells whether it was the first.
    pub(crate) fn dropped(&mut self, sequence: u64) -> bool {
        self.entry_mut(sequence).is_some_and(|entry| !std::mem::replace(&mut entry.dropped, true))
    }

    /// Notes how a gateway words a message that it hands on. One that hands on what others have brought home long ago
    /// gives a copy, in words that must be known.
    pub(crate) fn worded(&mut self, sequence: u64, wording: Imprint, room: usize) {
        let was_said = self.was_said(sequence);
        match self.entry_mut(sequence) {
            Some(entry) => match entry.wording {
                None => entry.wording = Some(wording),
                Some(known) if known != wording => self.copies.push((sequence, wording)),
                Some(_) => {}
            },
            None if was_said => self.settled.keep(sequence, wording, room),
            None => {}
        }
    }

    /// Whether a gateway has put a message under way into words.
    pub(crate) fn is_worded(&self, sequence: u64) -> bool {
        self.position(sequence).is_some_and(|position| self.unresolved[position].wording.is_some())
    }

    /// Compares what was seen of a message with what is known of it.
    pub(crate) fn standing(&self, sequence: u64, seen: &SeenPayload<'_>) -> Standing {
        let Some(position) = self.position(sequence) else {
            if contains(&self.forgotten, sequence) {
                return Standing::TooOld;
            }
            if !self.was_said(sequence) {
                return Standing::NeverSaid;
            }
            return match self.settled.compare(sequence, seen) {
                Likeness::Same => Standing::Seen,
                Likeness::Altered(wording) => Standing::Altered(wording),
                Likeness::TooOld => Standing::TooOld,
            };
        };
        let entry = &self.unresolved[position];
        let copies = self.copies.iter().filter(|(copy, _)| *copy == sequence).map(|(_, wording)| wording);
        if !seen.is_one_of(entry.wording.iter().chain(copies)) {
            return Standing::Altered(entry.wording);
        }
        if entry.observed.get().is_some() { Standing::Seen } else { Standing::Unseen }
    }

    /// Notes the first sighting of a message under way; tells whether a later one of the stream was seen before.
    pub(crate) fn see(&mut self, sequence: u64, at: i64) -> bool {
        let is_first = self.entry_mut(sequence).is_some_and(|entry| entry.observed.set_once(at));
        let is_late = is_first && sequence < self.seen_below;
        self.seen_below = self.seen_below.max(sequence + 1);
        is_late
    }

    /// Notes that a message under way was seen where it belongs, otherwise than it was said; tells whether that is the
    /// first that was seen of it there.
    pub(crate) fn see_altered(&mut self, sequence: u64, at: i64) -> bool {
        self.entry_mut(sequence).is_some_and(|entry| entry.note_altered(at))
    }

    /// Notes that a message under way was seen elsewhere than it belongs.
    pub(crate) fn see_astray(&mut self, sequence: u64) {
        if let Some(entry) = self.entry_mut(sequence) {
            entry.note_astray();
        }
    }

    /// Notes that the name of a message under way was seen with the device time of no message of its stream.
    pub(crate) fn see_strange(&mut self, sequence: u64, device_time_ms: i64, at: i64) {
        if let Some(entry) = self.entry_mut(sequence) {
            entry.note_strange(device_time_ms, at);
        }
    }

    /// Whether a name was seen with a strange time.
    pub(crate) fn has_strange(&self) -> bool {
        self.unresolved.iter().any(|entry| entry.strange_time.get().is_some())
    }

    /// Sequence numbers and device times of what was written and has not been seen as it was said.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (u64, i64)> {
        let missing =
            self.unresolved.iter().filter(|entry| entry.sent.get().is_some() && entry.observed.get().is_none());
        missing.filter_map(|entry| Some((entry.sequence, entry.wording?.device_time_ms()?)))
    }

    /// Takes messages whose name was seen with a strange time for altered, unless that is the time of another's message.
    pub(crate) fn judge_strange(&mut self, is_anothers: impl Fn(u64, i64) -> bool) {
        for entry in &mut self.unresolved {
            if entry.strange_time.get().is_some_and(|time| !is_anothers(entry.sequence, time)) {
                entry.take_strange_for_altered();
            }
        }
    }

    /// Whether a message that is remembered has this device time [ms since the Unix epoch].
    pub(crate) fn has_said_at(&self, device_time_ms: i64) -> bool {
        let is_of_then = |wording: &Imprint| wording.device_time_ms() == Some(device_time_ms);
        self.unresolved.iter().filter_map(|entry| entry.wording.as_ref()).any(is_of_then)
            || self.settled.wordings().any(is_of_then)
    }

    /// Whether a message has ever left its device, or may do so.
    fn was_said(&self, sequence: u64) -> bool {
        sequence < self.next && !contains(&self.absent, sequence)
    }

    /// Takes a message out once nothing more is to be learnt about it, and remembers its wordings.
    pub(crate) fn settle(&mut self, sequence: u64, settling: Settling) -> Option<Entry> {
        let position = self.position(sequence)?;
        let entry = &self.unresolved[position];
        if entry.sent.get().is_none() {
            if !entry.dropped || entry.observed.get().is_some() {
                return None;
            }
            insert_range(&mut self.absent, sequence..sequence + 1);
        } else {
            let seen = entry.observed.get().is_some() || !settling.watched;
            // A device that dropped a message does not send it again, so no acknowledgement will follow.
            let answered = entry.acked.get().is_some() || entry.refused || entry.dropped || !settling.wants_ack;
            if !(seen && answered) {
                return None;
            }
        }
        let entry = self.unresolved.remove(position)?;
        if settling.watched && entry.sent.get().is_some() {
            self.remember(&entry, settling.room);
        }
        Some(entry)
    }

    fn remember(&mut self, entry: &Entry, room: usize) {
        if let Some(wording) = entry.wording {
            self.settled.keep(entry.sequence, wording, room);
        }
        let Self { copies, settled, .. } = self;
        copies.retain(|(sequence, wording)| {
            let is_another = *sequence != entry.sequence;
            if !is_another {
                settled.keep(*sequence, *wording, room);
            }
            is_another
        });
    }

    /// Gives up the oldest message under way.
    pub(crate) fn forget_oldest(&mut self) -> Option<Entry> {
        let entry = self.unresolved.pop_front()?;
        insert_range(&mut self.forgotten, entry.sequence..entry.sequence + 1);
        self.copies.retain(|(copy, _)| *copy != entry.sequence);
        Some(entry)
    }

    /// Takes everything that is under way.
    pub(crate) fn take_unresolved(&mut self) -> VecDeque<Entry> {
        std::mem::take(&mut self.unresolved)
    }

    fn entry_mut(&mut self, sequence: u64) -> Option<&mut Entry> {
        let position = self.position(sequence)?;
        self.unresolved.get_mut(position)
    }

    fn position(&self, sequence: u64) -> Option<usize> {
        // Sequences are dense as a rule, so the distance to the newest entry is usually the answer.
        let newest = self.unresolved.back()?.sequence;
        let guess = usize::try_from(newest.checked_sub(sequence)?)
            .ok()
            .and_then(|distance| (self.unresolved.len() - 1).checked_sub(distance));
        match guess {
            Some(position) if self.unresolved[position].sequence == sequence => Some(position),
            _ => self.unresolved.binary_search_by_key(&sequence, |entry| entry.sequence).ok(),
        }
    }
}

/// Adds a range to ascending, disjoint ranges, joining neighbours. The new range overlaps none.
fn insert_range(ranges: &mut Vec<Range<u64>>, added: Range<u64>) {
    let position = ranges.partition_point(|range| range.start < added.start);
    let joins_before = position > 0 && ranges[position - 1].end == added.start;
    let joins_after = ranges.get(position).is_some_and(|range| range.start == added.end);
    match (joins_before, joins_after) {
        (true, true) => {
            ranges[position - 1].end = ranges[position].end;
            ranges.remove(position);
        }
        (true, false) => ranges[position - 1].end = added.end,
        (false, true) => ranges[position].start = added.start,
        (false, false) => ranges.insert(position, added),
    }
}

fn contains(ranges: &[Range<u64>], sequence: u64) -> bool {
    let position = ranges.partition_point(|range| range.end <= sequence);
    ranges.get(position).is_some_and(|range| range.contains(&sequence))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use sim_core::SimTime;

    use super::*;

    proptest! {
        #[test]
        fn ranges_hold_what_was_put_in(numbers in prop::collection::btree_set(0_u64..40, 0..40).prop_shuffle_set()) {
            let mut ranges = Vec::new();
            for number in &numbers {
                insert_range(&mut ranges, *number..*number + 1);
            }
            let all: BTreeSet<u64> = numbers.iter().copied().collect();
            for number in 0..41 {
                prop_assert_eq!(contains(&ranges, number), all.contains(&number));
            }
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start), "{:?}", ranges);
        }
    }

    trait ShuffleSet {
        fn prop_shuffle_set(self) -> BoxedStrategy<Vec<u64>>;
    }

    impl<S: Strategy<Value = BTreeSet<u64>> + 'static> ShuffleSet for S {
        fn prop_shuffle_set(self) -> BoxedStrategy<Vec<u64>> {
            self.prop_map(|set| set.into_iter().collect::<Vec<_>>()).prop_shuffle().boxed()
        }
    }

    fn imprint(sequence: u64) -> Imprint {
        Imprint::new(&sequence.to_be_bytes(), None, None)
    }

    fn entry(sequence: u64) -> Entry {
        Entry::new(sequence, Some(imprint(sequence)), SimTime::ZERO, 0)
    }

    fn standing(record: &RouteRecord, sequence: u64, said: u64) -> Standing {
        record.standing(sequence, &SeenPayload::new(&said.to_be_bytes(), &|| None))
    }

    #[test]
    fn a_gap_in_the_sequence_was_never_said() {
        let mut record = RouteRecord::default();
        record.generated(entry(0), 0).unwrap();
        record.generated(entry(3), 0).unwrap();
        assert_eq!(standing(&record, 1, 1), Standing::NeverSaid);
        assert_eq!(standing(&record, 3, 3), Standing::Unseen);
        assert!(!record.see(3, 0));
        assert_eq!(standing(&record, 3, 3), Standing::Seen);
        assert_eq!(standing(&record, 3, 0), Standing::Altered(Some(imprint(3))));
        assert!(record.see(0, 0), "a later one has been seen");
        assert_eq!(standing(&record, 4, 4), Standing::NeverSaid);
        assert_eq!(record.generated(entry(3), 0).unwrap_err(), 3);
    }

    #[test]
    fn a_wording_that_comes_after_the_settling_is_known_as_well() {
        let settling = Settling { wants_ack: false, watched: true, room: 8 };
        let mut record = RouteRecord::default();
        record.generated(entry(0), 0).unwrap();
        record.worded(0, imprint(10), 8);
        record.sent(0, 1);
        record.see(0, 2);
        assert!(record.settle(0, settling).is_some());
        record.worded(0, imprint(20), 8);
        record.worded(5, imprint(5), 8);
        for known in [0, 10, 20] {
            assert_eq!(standing(&record, 0, known), Standing::Seen, "{known}");
        }
        assert_eq!(standing(&record, 0, 30), Standing::Altered(Some(imprint(20))));
        assert_eq!(standing(&record, 5, 5), Standing::NeverSaid);
    }

    #[test]
    fn segments_are_known_after_the_entry_has_left() {
        let mut record = RouteRecord::default();
        for (sequence, segment) in [(0, 0), (1, 0), (2, 2), (3, 3)] {
            record.generated(entry(sequence), segment).unwrap();
        }
        assert_eq!((0..5).map(|sequence| record.segment_of(sequence)).collect::<Vec<_>>(), [0, 0, 2, 3, 3]);
    }
}

//! What a checkpoint saw that no format reads, and which messages it could have been.

use std::collections::{HashMap, HashSet};

use sim_core::SimId;
use xxhash_rust::xxh3::xxh3_64;

/// Most topics that are told apart; what comes on others could be anybody's.
const MOST_TOPICS: usize = 65_536;

/// Sightings of a probe, on topics of no device, that no format reads.
///
/// One of them can be no message that was written after it. On a topic that has only carried messages of one device, it can
/// be no message of another one that is known to come on another topic.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    /// By a digest of the topic.
    topics: HashMap<u64, Topic>,
    /// When something unreadable was last seen on topics that are not told apart.
    beyond: Option<i64>,
    /// Devices of which something was read.
    read: HashSet<SimId>,
    /// The last instant of what could be anybody's, or a device's; known at the end.
    last_of_anybody: Option<i64>,
    last_of_device: HashMap<SimId, i64>,
    last: Option<i64>,
}

/// What is known of one topic.
#[derive(Debug, Default)]
struct Topic {
    speakers: Speakers,
    /// When something unreadable was last seen on it.
    unread_at: Option<i64>,
}

/// Whose messages were read on a topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Speakers {
    #[default]
    Nobody,
    One(SimId),
    Several,
}

impl Unread {
    /// A message of a device was read on a topic.
    pub(crate) fn note_read(&mut self, topic: &str, device: SimId) {
        self.read.insert(device);
        if let Some(topic) = self.topic(topic) {
            topic.speakers = match topic.speakers {
                Speakers::Nobody => Speakers::One(device),
                Speakers::One(known) if known == device => topic.speakers,
                Speakers::One(_) | Speakers::Several => Speakers::Several,
            };
        }
    }

    /// Something unreadable was seen on a topic.
    pub(crate) fn note_unread(&mut self, topic: &str, at: i64) {
        let unread_at = match self.topic(topic) {
            Some(topic) => &mut topic.unread_at,
            None => &mut self.beyond,
        };
        *unread_at = (*unread_at).max(Some(at));
    }

    /// Nothing more is seen.
    pub(crate) fn close(&mut self) {
        let Self { topics, beyond, last_of_anybody, last_of_device, last, .. } = self;
        *last_of_anybody = *beyond;
        for topic in topics.values() {
            let Some(at) = topic.unread_at else { continue };
            match topic.speakers {
                Speakers::One(device) => {
                    let known = last_of_device.entry(device).or_insert(at);
                    *known = at.max(*known);
                }
                Speakers::Nobody | Speakers::Several => *last_of_anybody = (*last_of_anybody).max(Some(at)),
            }
        }
        *last = last_of_device.values().copied().max().max(*last_of_anybody);
    }

    /// Whether something unreadable could be a message of a device that was written at an instant.
    pub(crate) fn could_be(&self, device: SimId, sent_at: i64) -> bool {
        let last = if self.read.contains(&device) {
            self.last_of_anybody.max(self.last_of_device.get(&device).copied())
        } else {
            self.last
        };
        last.is_some_and(|last| sent_at <= last)
    }

    fn topic(&mut self, topic: &str) -> Option<&mut Topic> {
        let digest = xxh3_64(topic.as_bytes());
        let is_known = self.topics.contains_key(&digest);
        (is_known || self.topics.len() < MOST_TOPICS).then(|| self.topics.entry(digest).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SimId = SimId(1);
    const OTHER: SimId = SimId(2);
    const SILENT: SimId = SimId(3);

    fn after(note: impl FnOnce(&mut Unread)) -> Unread {
        let mut unread = Unread::default();
        note(&mut unread);
        unread.close();
        unread
    }

    #[test]
    fn what_was_written_later_is_not_it() {
        let unread = after(|unread| {
            unread.note_unread("clean/status", 10);
            unread.note_unread("clean/status", 7);
        });
        assert!(unread.could_be(ONE, 10) && !unread.could_be(ONE, 11));
        assert!(!after(|_| {}).could_be(ONE, 0));
    }

    #[test]
    fn a_topic_of_one_device_carries_nobody_elses() {
        let unread = after(|unread| {
            unread.note_read("clean/1", ONE);
            unread.note_read("clean/2", OTHER);
            unread.note_unread("clean/1", 10);
        });
        assert!(unread.could_be(ONE, 5) && !unread.could_be(OTHER, 5));
        assert!(unread.could_be(SILENT, 5), "nobody knows where it comes");
    }

    #[test]
    fn a_topic_of_several_carries_anybodys() {
        let unread = after(|unread| {
            unread.note_read("clean", ONE);
            unread.note_read("clean", OTHER);
            unread.note_read("clean", ONE);
            unread.note_unread("clean", 10);
        });
        assert!(unread.could_be(ONE, 5) && unread.could_be(OTHER, 5) && !unread.could_be(SILENT, 11));
    }

    #[test]
    fn beyond_so_many_topics_it_could_be_anybodys() {
        let unread = after(|unread| {
            for number in 0..MOST_TOPICS {
                unread.note_read(&format!("clean/{number}"), SimId(number as u32));
            }
            unread.note_unread("another", 10);
        });
        assert!(unread.could_be(ONE, 10) && !unread.could_be(ONE, 11));
    }
}

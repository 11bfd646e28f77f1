//! The recent past of an event series (beats, pulses, breaths), as long as a waveform still needs it.

/// Something that begins at an instant.
pub trait Event {
    /// When it begins [ns since the scenario's start].
    fn begins_ns(&self) -> i64;
}

/// Events in order of time. The newest event is never forgotten, however long ago it was.
#[derive(Debug, Clone)]
pub struct History<E> {
    events: Vec<E>,
    reach_ns: i64,
}

/// Expired events are dropped in groups of this many, so that a push moves memory only now and then.
const EXPIRED_GROUP: usize = 2;

impl<E: Event> History<E> {
    /// A history that keeps every event that began, or was still the latest one, within `reach_ns` before the newest.
    pub fn new(reach_ns: i64) -> Self {
        Self { events: Vec::new(), reach_ns }
    }

    /// Appends an event that begins after all others.
    pub fn push(&mut self, event: E) {
        let horizon_ns = event.begins_ns() - self.reach_ns;
        if self.events.len() == self.events.capacity() {
            // There is seldom more to come than what expires together.
            self.events.reserve_exact(EXPIRED_GROUP);
        }
        self.events.push(event);
        let expired = self.events.partition_point(|event| event.begins_ns() <= horizon_ns).saturating_sub(1);
        if expired >= EXPIRED_GROUP {
            self.events.drain(..expired);
        }
    }

    /// The events, oldest first.
    pub fn as_slice(&self) -> &[E] {
        &self.events
    }

    /// The newest event.
    pub fn newest(&self) -> Option<&E> {
        self.events.last()
    }

    /// The newest event, to be changed where nobody has looked yet.
    pub fn newest_mut(&mut self) -> Option<&mut E> {
        self.events.last_mut()
    }

    /// The event that had begun last at this instant.
    pub fn at(&self, time_ns: i64) -> Option<&E> {
        let begun = self.events.partition_point(|event| event.begins_ns() <= time_ns);
        self.events[..begun].last()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Tick(i64);

    impl Event for Tick {
        fn begins_ns(&self) -> i64 {
            self.0
        }
    }

    proptest! {
        /// Whatever began within the reach, and the one event running when the reach begins, can still be found.
        #[test]
        fn nothing_within_reach_is_forgotten(gaps in prop::collection::vec(1_i64..50, 1..200)) {
            let mut history = History::new(100);
            let mut all = Vec::new();
            let mut now = 0;
            for gap in gaps {
                now += gap;
                history.push(Tick(now));
                all.push(Tick(now));
                for back in 0..=100 {
                    let expected = all.iter().rev().find(|tick| tick.0 <= now - back);
                    prop_assert_eq!(history.at(now - back), expected);
                }
            }
            prop_assert!(history.as_slice().len() <= 100 + 2 + EXPIRED_GROUP);
        }
    }

    #[test]
    fn the_newest_stays_through_a_long_silence() {
        let mut history = History::new(100);
        history.push(Tick(5));
        assert_eq!(history.at(1_000_000), Some(&Tick(5)));
        assert_eq!(history.newest(), Some(&Tick(5)));
        assert_eq!(history.at(4), None);
    }
}

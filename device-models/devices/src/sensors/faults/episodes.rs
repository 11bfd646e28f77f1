//! Episodes that come and go: gaps, bursts, spikes.

use sim_core::{Key, Purpose, SimTime, Span};

const PAUSE: Purpose = Purpose::new("fault.pause");
const LENGTH: Purpose = Purpose::new("fault.length");

/// Episodes are remembered for so long after their end: longer than any chunk reaches back.
const MEMORY: Span = Span::from_secs(30);

/// Shortest pause and shortest episode.
const SHORTEST_S: f64 = 0.001;

/// How long episodes last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Length {
    /// All the same [s].
    Fixed(f64),
    /// Exponentially distributed around a mean [s]; with exponential pauses this is the model of Gilbert and Elliott.
    Exponential(f64),
}

/// A chain of pauses and episodes, each drawn by its number.
#[derive(Debug)]
pub(super) struct Episodes {
    key: Key,
    pause_s: f64,
    length: Length,
    /// Number, beginning and end of what is remembered, oldest first.
    known: Vec<(u64, SimTime, SimTime)>,
    /// End of the last episode known.
    reached: SimTime,
    count: u64,
}

impl Episodes {
    /// Episodes after pauses of this mean [s], from an instant on.
    pub(super) fn new(key: Key, from: SimTime, pause_s: f64, length: Length) -> Self {
        Self { key, pause_s, length, known: Vec::new(), reached: from, count: 0 }
    }

    /// Number and beginning of the episode at an instant.
    pub(super) fn at(&mut self, at: SimTime) -> Option<(u64, SimTime, SimTime)> {
        self.extend_to(at);
        self.known.iter().rev().find(|(_, begins, ends)| *begins <= at && at < *ends).copied()
    }

    /// Whether an episode begins after an instant and not later than another.
    pub(super) fn begins_within(&mut self, after: SimTime, until: SimTime) -> Option<u64> {
        self.extend_to(until);
        self.known.iter().find(|(_, begins, _)| after < *begins && *begins <= until).map(|(number, ..)| *number)
    }

    fn extend_to(&mut self, at: SimTime) {
        while self.reached <= at {
            let begins = self.reached + self.exponential(PAUSE, self.pause_s);
            let length = match self.length {
                Length::Fixed(seconds) => span(seconds),
                Length::Exponential(mean_s) => self.exponential(LENGTH, mean_s),
            };
            self.reached = begins + length;
            self.known.push((self.count, begins, self.reached));
            self.count += 1;
        }
        let oldest = at - MEMORY;
        self.known.retain(|(_, _, ends)| *ends > oldest);
    }

    fn exponential(&self, purpose: Purpose, mean_s: f64) -> Span {
        span(-mean_s * libm::log(1.0 - self.key.uniform(purpose, self.count)))
    }
}

fn span(seconds: f64) -> Span {
    Span::from_nanos((seconds.max(SHORTEST_S) * 1e9) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_have_the_share_and_the_length_asked_for() {
        let mut gaps = Episodes::new(Key::new(1, "ward/1/oxi/gap/0"), SimTime::ZERO, 90.0, Length::Exponential(10.0));
        let (mut inside, mut numbers) = (0, std::collections::BTreeSet::new());
        for second in 0..200_000 {
            if let Some((number, ..)) = gaps.at(SimTime::from_nanos(second * 1_000_000_000)) {
                inside += 1;
                numbers.insert(number);
            }
        }
        let share = f64::from(inside) / 200_000.0;
        assert!((share - 0.1).abs() < 0.01, "{share}");
        let mean_s = f64::from(inside) / numbers.len() as f64;
        assert!((9.0..12.0).contains(&mean_s), "{mean_s}");
        assert!(gaps.known.len() < 20);
    }

    #[test]
    fn looking_back_gives_the_same() {
        let episodes = || Episodes::new(Key::new(2, "x"), SimTime::ZERO, 1.0, Length::Fixed(0.5));
        let (mut forward, mut hopping) = (episodes(), episodes());
        let at = |tenth: i64| SimTime::from_nanos(tenth * 100_000_000);
        let expected: Vec<_> = (0..1_000).map(|tenth| forward.at(at(tenth))).collect();
        for begin in (0..1_000).step_by(100) {
            hopping.at(at(begin + 99));
            for tenth in begin..begin + 100 {
                assert_eq!(hopping.at(at(tenth)), expected[tenth as usize]);
            }
        }
    }
}

//! Convulsions, as far as electrodes pick them up: when the muscles of a patient cramp, and how hard.

use sim_core::SimTime;

use super::GRID_NS;
use super::elementary::{nearest_integer, sine_of_turns};

/// Length of the tonic phase [s]; jerks follow it.
pub const TONIC_S: f64 = 15.0;

/// Jerks per second of the clonic phase (2 to 3 Hz; they slow down towards the end, which is left out).
const CLONIC_HZ: f32 = 2.5;

/// How long a convulsion that has ended is remembered [ns]: longer than any chunk of samples.
const MEMORY_NS: i64 = 60_000_000_000;

/// One convulsion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convulsion {
    /// Its begin [ns].
    from_ns: i64,
    /// Its end, or the present while it lasts [ns].
    to_ns: i64,
}

impl Convulsion {
    /// How hard the muscles cramp at an instant, 0 to 1: steadily at first, then in jerks.
    pub fn strength(&self, at: SimTime) -> f32 {
        let since_ns = at.nanos() - self.from_ns;
        if since_ns < 0 || at.nanos() >= self.to_ns {
            return 0.0;
        }
        let clonic_s = since_ns as f64 * 1e-9 - TONIC_S;
        if clonic_s < 0.0 {
            return 1.0;
        }
        let turns = clonic_s as f32 * CLONIC_HZ;
        sine_of_turns(turns - nearest_integer(turns)).max(0.0)
    }
}

/// A patient's convulsions.
#[derive(Debug, Clone, Default)]
pub(super) struct Convulsions {
    now_ns: i64,
    convulsing: bool,
    latest: Vec<Convulsion>,
}

impl Convulsions {
    /// Advances by a grid step in which the patient convulses or not.
    pub(super) fn step(&mut self, convulsing: bool) {
        let from_ns = self.now_ns;
        self.now_ns += GRID_NS;
        if convulsing && !self.convulsing {
            self.latest.retain(|convulsion| convulsion.to_ns > from_ns - MEMORY_NS);
            self.latest.push(Convulsion { from_ns, to_ns: from_ns });
        }
        if let (true, Some(convulsion)) = (convulsing, self.latest.last_mut()) {
            convulsion.to_ns = self.now_ns;
        }
        self.convulsing = convulsing;
    }

    /// The latest ones.
    pub(super) fn latest(&self) -> &[Convulsion] {
        &self.latest
    }
}

#[cfg(test)]
mod tests {
    use sim_core::Span;

    use super::*;

    #[test]
    fn a_cramp_then_jerks_then_nothing() {
        let mut convulsions = Convulsions::default();
        for step in 0..600 {
            convulsions.step((100..500).contains(&step));
        }
        let [convulsion] = convulsions.latest() else { panic!("one convulsion") };
        let at = |milliseconds| convulsion.strength(SimTime::ZERO + Span::from_millis(milliseconds));
        assert_eq!((at(9_999), at(10_000), at(24_999)), (0.0, 1.0, 1.0));
        assert!(at(25_100) > 0.99, "the top of the first jerk: {}", at(25_100));
        assert_eq!(at(25_300), 0.0);
        assert!(at(49_900) > 0.99);
        assert_eq!(at(50_000), 0.0);
    }
}

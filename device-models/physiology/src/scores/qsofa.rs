//! Quick sequential organ failure assessment.
//!
//! Singer et al., "The third international consensus definitions for sepsis and septic shock", JAMA 2016;315:801.

use super::charted;
use super::consciousness::Consciousness;

/// Which of the three criteria are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Qsofa {
    /// Respiratory rate of 22 /min or more.
    pub fast_breathing: bool,
    /// Systolic pressure of 100 mmHg or less.
    pub low_pressure: bool,
    /// Glasgow coma score below 15.
    pub altered_mentation: bool,
}

impl Qsofa {
    /// Number of criteria, 0 to 3.
    pub fn total(self) -> u8 {
        u8::from(self.fast_breathing) + u8::from(self.low_pressure) + u8::from(self.altered_mentation)
    }

    /// Two or more: a poor outcome of an infection is likely.
    pub fn is_positive(self) -> bool {
        self.total() >= 2
    }
}

/// Scores respiratory rate [/min], systolic pressure [mmHg] and consciousness.
pub fn qsofa(respiratory_rate_bpm: f64, sbp_mmhg: f64, consciousness: Consciousness) -> Qsofa {
    Qsofa {
        fast_breathing: charted(respiratory_rate_bpm) >= 22,
        low_pressure: charted(sbp_mmhg) <= 100,
        altered_mentation: consciousness.glasgow() < 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge() {
        for (rate, expected) in [(20.0, 0), (21.0, 0), (22.0, 1), (23.0, 1)] {
            assert_eq!(qsofa(rate, 120.0, Consciousness::Alert).total(), expected, "{rate} /min");
        }
        for (pressure, expected) in [(99.0, 1), (100.0, 1), (101.0, 0), (102.0, 0)] {
            assert_eq!(qsofa(14.0, pressure, Consciousness::Alert).total(), expected, "{pressure} mmHg");
        }
        for level in Consciousness::ALL {
            assert_eq!(qsofa(14.0, 120.0, level).total(), u8::from(level != Consciousness::Alert));
        }
    }

    #[test]
    fn two_criteria_are_positive() {
        assert!(!qsofa(22.0, 120.0, Consciousness::Alert).is_positive());
        assert!(qsofa(22.0, 100.0, Consciousness::Alert).is_positive());
        assert!(qsofa(14.0, 100.0, Consciousness::Confused).is_positive());
    }
}

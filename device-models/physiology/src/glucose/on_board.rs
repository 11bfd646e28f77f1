//! Bolus insulin that pumps and people count as still acting.
//!
//! An exponential curve with a peak of action at 75 min and an end at 360 min, as open closed-loop systems count
//! rapid-acting insulin in adults; it is what was given and a belief of how it acts, not the patient's truth.

use std::collections::VecDeque;

use super::dose::Units;

/// End and peak of the action [min].
const END_MIN: f64 = 360.0;
const PEAK_MIN: f64 = 75.0;

/// Boluses of the last hours, by the minute in which they were given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InsulinOnBoard(VecDeque<(i64, Units)>);

impl InsulinOnBoard {
    /// Counts bolus insulin given in a minute.
    pub fn add(&mut self, minute: i64, bolus: Units) {
        if bolus > Units(0.0) {
            self.0.retain(|(given, _)| ((minute - given) as f64) < END_MIN);
            self.0.push_back((minute, bolus));
        }
    }

    /// What is still acting in a minute.
    pub fn at(&self, minute: i64) -> Units {
        let parts = self.0.iter().map(|(given, bolus)| *bolus * acting_part((minute - given) as f64));
        parts.fold(Units(0.0), |sum, part| sum + part)
    }
}

/// Part of a bolus that is still to act after some time [min]: 1 at once, 0 at the end.
fn acting_part(age_min: f64) -> f64 {
    if age_min <= 0.0 {
        return 1.0;
    }
    if age_min >= END_MIN {
        return 0.0;
    }
    let time = PEAK_MIN * (1.0 - PEAK_MIN / END_MIN) / (1.0 - 2.0 * PEAK_MIN / END_MIN);
    let rise = 2.0 * time / END_MIN;
    let scale = 1.0 / (1.0 - rise + (1.0 + rise) * libm::exp(-END_MIN / time));
    let polynomial = age_min * age_min / (time * END_MIN * (1.0 - rise)) - age_min / time - 1.0;
    1.0 - scale * (1.0 - rise) * (polynomial * libm::exp(-age_min / time) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bolus_fades_and_ends() {
        assert_eq!(acting_part(0.0), 1.0);
        assert!(acting_part(359.9) < 1e-3);
        let mut fastest = (0.0, 0.0);
        for minute in 1..360 {
            let fall = acting_part(f64::from(minute) - 1.0) - acting_part(f64::from(minute));
            assert!(fall > 0.0, "minute {minute}");
            if fall > fastest.1 {
                fastest = (f64::from(minute), fall);
            }
        }
        assert!((fastest.0 - PEAK_MIN).abs() <= 2.0, "fastest at {} min", fastest.0);
    }

    #[test]
    fn boluses_add_up() {
        let mut on_board = InsulinOnBoard::default();
        on_board.add(0, Units(2.0));
        on_board.add(10, Units(1.0));
        assert!((on_board.at(10).0 - 1.0 - 2.0 * acting_part(10.0)).abs() < 1e-12);
        on_board.add(1_000, Units(0.5));
        assert_eq!(on_board.0.len(), 1);
        assert_eq!(on_board.at(1_000), Units(0.5));
    }
}

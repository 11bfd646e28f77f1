//! Doses of insulin with their units.

use std::ops::{Add, AddAssign, Mul};

/// An amount of insulin [U].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Units(pub f64);

/// A rate of insulin [U/h].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct UnitsPerHour(pub f64);

impl UnitsPerHour {
    /// What arrives in this many minutes [min].
    pub fn over_minutes(self, minutes: f64) -> Units {
        Units(self.0 * minutes / 60.0)
    }
}

impl Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Mul<f64> for Units {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_per_hour() {
        assert_eq!(UnitsPerHour(1.2).over_minutes(5.0), Units(0.1));
        assert_eq!(Units(1.0) + Units(0.5) * 2.0, Units(2.0));
    }
}

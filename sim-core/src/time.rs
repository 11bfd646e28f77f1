//! Simulated time: integer nanoseconds since the scenario's start, and the grid on which state changes.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An instant of simulated time [ns since the scenario's start]. Negative before the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(i64);

/// A length of simulated time [ns].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

/// Period of the core grid. State that is integrated over time (circulation, drugs, timeline) moves from one grid
/// instant to the next, whatever the tick, so the tick cannot change a result.
pub const GRID: Span = Span::from_millis(100);

impl SimTime {
    /// The scenario's start.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds since the start.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds since the start [s].
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The first grid instant at or after this one.
    #[must_use]
    pub const fn ceil_to_grid(self) -> Self {
        Self((self.0 + GRID.0 - 1).div_euclid(GRID.0) * GRID.0)
    }
}

impl Span {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }

    /// From whole seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds * 1_000_000_000)
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Seconds [s].
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// How many whole grid steps it holds.
    pub const fn grid_steps(self) -> i64 {
        self.0 / GRID.0
    }
}

impl Add<Span> for SimTime {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0 + span.0)
    }
}

impl AddAssign<Span> for SimTime {
    fn add_assign(&mut self, span: Span) {
        self.0 += span.0;
    }
}

impl Sub<Span> for SimTime {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0 - span.0)
    }
}

impl Sub for SimTime {
    type Output = Span;

    fn sub(self, other: Self) -> Span {
        Span(self.0 - other.0)
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(formatter)
    }
}

/// Written as a scenario would write it: `1m 30s`, `250ms`, `0s`.
impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(i64, &str); 7] = [
            (86_400_000_000_000, "d"),
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        if self.0 == 0 {
            return formatter.write_str("0s");
        }
        if self.0 < 0 {
            formatter.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        let mut separator = "";
        for (size, name) in UNITS {
            let count = rest / size.unsigned_abs();
            if count > 0 {
                write!(formatter, "{separator}{count}{name}")?;
                separator = " ";
                rest %= size.unsigned_abs();
            }
        }
        Ok(())
    }
}

/// Instant of sample `index` of a channel sampled at `rate_mhz` whose sample 0 is at `first`.
///
/// Computed from the index alone, so it does not depend on how samples are grouped into chunks.
pub fn sample_instant(first: SimTime, index: u64, rate_mhz: u32) -> SimTime {
    let offset = u128::from(index) * 1_000_000_000_000 / u128::from(rate_mhz);
    SimTime(first.0 + offset as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_like_a_scenario() {
        assert_eq!(Span::from_millis(90_000).to_string(), "1m 30s");
        assert_eq!(Span::from_millis(250).to_string(), "250ms");
        assert_eq!(Span::from_millis(-250).to_string(), "-250ms");
        assert_eq!(Span::ZERO.to_string(), "0s");
    }

    #[test]
    fn grid_rounding_goes_up() {
        assert_eq!(SimTime(1).ceil_to_grid(), SimTime(GRID.0));
        assert_eq!(SimTime(GRID.0).ceil_to_grid(), SimTime(GRID.0));
        assert_eq!(SimTime(-1).ceil_to_grid(), SimTime(0));
    }

    #[test]
    fn a_rate_need_not_divide_a_second() {
        assert_eq!(sample_instant(SimTime::ZERO, 62_500, 62_500), SimTime(1_000_000_000_000));
        assert_eq!(sample_instant(SimTime::ZERO, 1, 360_000), SimTime(2_777_777));
        assert_eq!(sample_instant(SimTime::ZERO, 360, 360_000), SimTime(1_000_000_000));
    }
}

//! The unit a value is reported in.

use sim_core::MetricShape;
use vocabulary::Dimension;

use crate::delays::Reduced;
use crate::figures;

/// The unit a value is reported in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Delays, kept in nanoseconds.
    Seconds,
    /// Other distributions, kept in millionths of the canonical unit.
    Quantity(Dimension),
    Share,
    Count,
}

impl Unit {
    /// Parts of a canonical unit in which a number is kept, fine enough that the three digits of a histogram are all
    /// that is lost.
    pub(super) const PARTS: f64 = 1e6;

    pub(super) fn of(shape: MetricShape) -> Self {
        match shape {
            MetricShape::Count => Self::Count,
            MetricShape::Share => Self::Share,
            MetricShape::Distribution(Dimension::Time) => Self::Seconds,
            MetricShape::Distribution(dimension) => Self::Quantity(dimension),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Quantity(dimension) => match dimension.units()[0].name {
                "" => "1",
                name => name,
            },
            Self::Share | Self::Count => "1",
        }
    }

    /// What a bound is divided by to be told in this unit.
    pub(super) fn of_bound(self) -> f64 {
        match self {
            Self::Seconds => 1e9,
            Self::Quantity(_) | Self::Share | Self::Count => 1.0,
        }
    }

    /// A number as it is kept, in the unit of a bound.
    pub(super) fn like_bound(self, kept: f64) -> f64 {
        match self {
            Self::Quantity(_) => kept / Self::PARTS,
            Self::Seconds | Self::Share | Self::Count => kept,
        }
    }

    pub(super) fn number(self, value: Reduced) -> Option<f64> {
        match value {
            Reduced::Number(number) => Some(self.like_bound(number) / self.of_bound()),
            Reduced::Never => None,
        }
    }

    pub(super) fn reads(self, kept: f64) -> String {
        match self {
            Self::Seconds => figures::duration(kept),
            Self::Quantity(_) => format!("{:.1} {}", self.like_bound(kept), self.name()),
            Self::Share => figures::share(kept),
            Self::Count => figures::count(kept as u64),
        }
    }
}

//! A converter that is too narrow or too coarse.

use super::effect::{Effect, Made, Moment};

/// Clips at the rails of a converter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Saturation {
    pub(super) smallest: f64,
    pub(super) largest: f64,
}

impl Effect for Saturation {
    fn make(&mut self, _moment: &Moment, value: f64) -> Made {
        // Bounds the wrong way round clip to the upper one instead of being a panic.
        Made::Value(value.max(self.smallest).min(self.largest))
    }
}

/// Rounds to coarse steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantise {
    pub(super) step: f64,
}

impl Effect for Quantise {
    fn make(&mut self, _moment: &Moment, value: f64) -> Made {
        Made::Value(self.step * libm::round(value / self.step))
    }
}

//! Early-warning scores: pure functions of a set of observations.
//!
//! Observations are rounded as a nurse charts them - temperature to 0.1 Cel, everything else to whole numbers -
//! before they are scored, so that a value between two bands never falls through. Scores are for adults from 16 years
//! on who are not pregnant.

mod consciousness;
mod mews;
mod news2;
mod qsofa;

pub use consciousness::Consciousness;
pub use mews::{Mews, mews};
pub use news2::{News2, News2Observations, OxygenScale, Response, news2};
pub use qsofa::{Qsofa, qsofa};

/// A charted whole number; values far outside any chart are cut off.
fn charted(value: f64) -> i32 {
    libm::round(value).clamp(-10_000.0, 10_000.0) as i32
}

/// A charted temperature [tenths of Cel].
fn charted_tenths(temperature_c: f64) -> i32 {
    charted(temperature_c * 10.0)
}

/// Score of the first band whose upper end (inclusive) holds the value, or `above` beyond the last.
fn band(value: i32, bands: &[(i32, u8)], above: u8) -> u8 {
    bands.iter().find(|(upper, _)| value <= *upper).map_or(above, |(_, score)| *score)
}

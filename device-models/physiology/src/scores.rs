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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Core, Parameters};

    /// Sepsis shows in the scores before the mean pressure falls below 65 mmHg.
    #[test]
    fn scores_rise_before_shock() {
        let mut core = Core::new(Parameters::textbook());
        core.inputs.sepsis = 1.0;
        let mut first = [None; 3];
        for second in 0..6 * 3_600_u32 {
            for _ in 0..10 {
                core.step();
            }
            let vitals = core.vitals();
            let quick = qsofa(vitals.respiratory_rate_bpm, vitals.sbp_mmhg, Consciousness::Alert);
            let score = news2(&News2Observations {
                respiratory_rate_bpm: vitals.respiratory_rate_bpm,
                spo2_percent: 100.0 * vitals.sao2,
                oxygen_scale: OxygenScale::Usual,
                supplemental_oxygen: false,
                sbp_mmhg: vitals.sbp_mmhg,
                pulse_bpm: vitals.heart_rate_bpm,
                consciousness: Consciousness::Alert,
                temperature_c: vitals.temperature_c,
            });
            let signs = [quick.is_positive(), score.response() == Response::High, vitals.map_mmhg < 65.0];
            for (time, sign) in first.iter_mut().zip(signs) {
                if sign && time.is_none() {
                    *time = Some(second);
                }
            }
        }
        let [quick, score, shock] = first.map(|time| time.unwrap());
        assert!(quick < shock && score < shock, "qSOFA {quick} s, NEWS2 {score} s, shock {shock} s");
    }
}

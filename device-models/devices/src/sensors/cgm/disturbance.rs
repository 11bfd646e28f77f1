//! Noise of a glucose sensor: autoregressive disturbances from reading to reading.
//!
//! The published coefficients are of readings five minutes apart: `ReplayBG`, the open simulator of the models' authors, draws
//! once a reading. Stepped once a minute they would make a sensor whose changes jump back and forth (lag-one correlation
//! -0.25), where those of real sensors go on (+0.54 in the 19 people of Hall et al., `PLoS` Biol 2018;16:e2005143).

use sim_core::{Key, Purpose};

/// Minutes from one draw to the next.
const STEP_MIN: u64 = 5;

/// A disturbance `x = first x1 + second x2 + N(0, variance)`, one step per reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Autoregression {
    pub(super) first: f64,
    pub(super) second: f64,
    pub(super) deviation: f64,
}

impl Autoregression {
    /// Standard deviation and lag-one correlation once settled.
    pub(super) fn settled(&self) -> (f64, f64) {
        let correlation = self.first / (1.0 - self.second);
        let gain = (1.0 - self.second)
            / (1.0 + self.second)
            / ((1.0 - self.second) * (1.0 - self.second) - self.first * self.first);
        (self.deviation * libm::sqrt(gain), correlation)
    }
}

/// The disturbance of one sensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Disturbance {
    process: Autoregression,
    key: Key,
    purpose: Purpose,
    /// Its values at the latest instant and at the one before.
    last: f64,
    before: f64,
}

impl Disturbance {
    /// A disturbance as it has become after some minutes of wear, drawn from the settled distribution.
    pub(super) fn settled(process: Autoregression, key: Key, purpose: Purpose, age_min: u64) -> Self {
        let instant = age_min / STEP_MIN;
        let (deviation, correlation) = process.settled();
        // Counters from the top, where no minute of wear comes.
        let before = deviation * key.normal(purpose, u64::MAX - instant);
        let independent = deviation * libm::sqrt(1.0 - correlation * correlation);
        let last = correlation * before + independent * key.normal(purpose, instant);
        Self { process, key, purpose, last, before }
    }

    /// Advances to a minute of wear.
    pub(super) fn advance_to(&mut self, age_min: u64) {
        if age_min.is_multiple_of(STEP_MIN) && self.process.deviation > 0.0 {
            let drawn = self.process.deviation * self.key.normal(self.purpose, age_min / STEP_MIN);
            let next = self.process.first * self.last + self.process.second * self.before + drawn;
            (self.last, self.before) = (next, self.last);
        }
    }

    /// Its value since the latest instant.
    pub(super) fn value(&self) -> f64 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESS: Autoregression = Autoregression { first: 1.34, second: -0.492, deviation: 2.35 };
    const NOISE: Purpose = Purpose::new("test.disturbance");

    /// A settled start has the spread that the process keeps.
    #[test]
    fn it_begins_settled_and_stays_so() {
        let (deviation, _) = PROCESS.settled();
        let (mut first, mut later) = (0.0, 0.0);
        for number in 0..2_000 {
            let mut noise = Disturbance::settled(PROCESS, Key::new(5, &format!("home/{number}/cgm")), NOISE, 0);
            first += noise.value() * noise.value() / 2_000.0;
            (1..=200).for_each(|minute| noise.advance_to(minute));
            later += noise.value() * noise.value() / 2_000.0;
        }
        for variance in [first, later] {
            assert!((libm::sqrt(variance) / deviation - 1.0).abs() < 0.08, "{variance}");
        }
    }

    #[test]
    fn readings_apart_correlate_as_the_process_says() {
        let (deviation, correlation) = PROCESS.settled();
        let mut noise = Disturbance::settled(PROCESS, Key::new(6, "home/1/cgm"), NOISE, 0);
        // Two minutes after each instant: the phase of a reading does not matter.
        let readings: Vec<f64> = (0..40_000_u64)
            .map(|reading| {
                (5 * reading..5 * reading + 3).for_each(|minute| noise.advance_to(minute));
                noise.value()
            })
            .collect();
        let product = readings.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / (readings.len() - 1) as f64;
        assert!((product / (deviation * deviation) / correlation - 1.0).abs() < 0.05, "{product}");
    }
}

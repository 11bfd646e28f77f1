//! Heart rate variability: slow and vasomotor oscillations, and the respiratory one that breathing drives.
//!
//! Two unit-variance resonators on a 250 ms grid, each point drawn under its grid index: a slow one at 0.015 Hz and the
//! vasomotor one at 0.095 Hz. The respiratory one is not drawn at all but follows the lung ([`Breathing`]), so
//! respiratory sinus arrhythmia is coherent with the breaths. The slow one has little power below 0.005 Hz, so that
//! the mean rate of some minutes is the rate asked for.

use std::sync::LazyLock;

use sim_core::{Key, Purpose};

use super::WARM_UP_NS;
use super::breathing::Breathing;

/// Spacing of the drawn points [ns].
const POINT_NS: i64 = 250_000_000;
const POINT_S: f64 = 0.25;

/// Centre and bandwidth of the slow (thermoregulatory) oscillation [Hz].
const SLOW_HZ: f64 = 0.015;
const SLOW_BANDWIDTH_HZ: f64 = 0.008;

/// Centre and bandwidth of the vasomotor (Mayer) oscillation [Hz].
const VASOMOTOR_HZ: f64 = 0.095;
const VASOMOTOR_BANDWIDTH_HZ: f64 = 0.03;

/// Share of the variance below 0.04 Hz.
const SLOW_SHARE: f64 = 0.30;

/// How strongly a patient's heart rate varies at rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variability {
    /// Standard deviation of the intervals between normal beats over five minutes [s].
    pub sdnn_s: f64,
    /// Ratio of low-frequency (0.04 to 0.15 Hz) to high-frequency (0.15 to 0.4 Hz) power.
    pub lf_hf_ratio: f64,
}

impl Variability {
    /// An adult of this age [years]: variability falls with age (Nunan, Sandercock and Brodie, Pacing Clin
    /// Electrophysiol 2010: SDNN 50 +- 16 ms; Shaffer and Ginsberg, Front Public Health 2017, collect norms).
    pub fn adult(age_years: f64, key: Key) -> Self {
        let sdnn_s = key.log_normal(Purpose::new("patient.sdnn"), 0, 0.075 * libm::exp(-0.0105 * age_years), 0.30);
        let lf_hf_ratio = key.log_normal(Purpose::new("patient.lf_hf"), 0, 0.9 + 0.018 * age_years, 0.5);
        Self { sdnn_s: sdnn_s.clamp(0.008, 0.15), lf_hf_ratio: lf_hf_ratio.clamp(0.3, 8.0) }
    }
}

/// The drawn processes of one patient around the present.
#[derive(Debug, Clone)]
pub(crate) struct Oscillations {
    key: Key,
    slow: Points,
    vasomotor: Points,
    next_index: u64,
}

/// A second-order autoregression of unit variance.
#[derive(Debug)]
struct Resonator {
    purpose: Purpose,
    coefficients: [f64; 2],
    innovation: f64,
}

/// The resonators are those of everybody.
static SLOW: LazyLock<Resonator> =
    LazyLock::new(|| Resonator::new(Purpose::new("heart.rr.slow"), SLOW_HZ, SLOW_BANDWIDTH_HZ));
static VASOMOTOR: LazyLock<Resonator> =
    LazyLock::new(|| Resonator::new(Purpose::new("heart.rr.vasomotor"), VASOMOTOR_HZ, VASOMOTOR_BANDWIDTH_HZ));

/// The last four points of a resonator, by index modulo four.
#[derive(Debug, Clone, Default)]
struct Points([f64; 4]);

impl Resonator {
    fn new(purpose: Purpose, centre_hz: f64, bandwidth_hz: f64) -> Self {
        let radius = libm::exp(-std::f64::consts::PI * bandwidth_hz * POINT_S);
        let first = 2.0 * radius * libm::cos(std::f64::consts::TAU * centre_hz * POINT_S);
        let second = -radius * radius;
        // Variance under unit innovations (Box and Jenkins, "Time Series Analysis").
        let variance = (1.0 - second) / ((1.0 + second) * ((1.0 - second) * (1.0 - second) - first * first));
        Self { purpose, coefficients: [first, second], innovation: 1.0 / libm::sqrt(variance) }
    }

    /// Draws the point `index`, all points before it having been drawn. The first two begin in the steady state.
    fn draw(&self, key: Key, index: u64, Points(points): &mut Points) {
        let normal = key.normal(self.purpose, index);
        let [first, second] = self.coefficients;
        points[slot(index)] = match index {
            0 => normal,
            1 => {
                let correlation = first / (1.0 - second);
                correlation * points[slot(0)] + libm::sqrt(1.0 - correlation * correlation) * normal
            }
            _ => first * points[slot(index - 1)] + second * points[slot(index - 2)] + self.innovation * normal,
        };
    }
}

impl Points {
    /// Value between the points `index` and `index + 1`.
    fn between(&self, index: u64, share: f64) -> f64 {
        let (from, to) = (self.0[slot(index)], self.0[slot(index + 1)]);
        from + (to - from) * share
    }
}

impl Oscillations {
    pub(crate) fn new(key: Key) -> Self {
        Self { key, slow: Points::default(), vasomotor: Points::default(), next_index: 0 }
    }

    /// Draws all points up to and including the first one at or after `time_ns`.
    pub(crate) fn advance_to(&mut self, time_ns: i64) {
        while self.next_index == 0 || instant_ns(self.next_index - 1) < time_ns {
            SLOW.draw(self.key, self.next_index, &mut self.slow);
            VASOMOTOR.draw(self.key, self.next_index, &mut self.vasomotor);
            self.next_index += 1;
        }
    }

    /// Deviation of the interval between beats at `time_ns` in units of its standard deviation.
    ///
    /// `time_ns` lies within the last grid step advanced to. `respiratory_gain` scales respiratory sinus arrhythmia
    /// (1 at rest, 0 without vagal tone).
    pub(crate) fn deviation(
        &self,
        time_ns: i64,
        lf_hf_ratio: f64,
        respiratory_gain: f64,
        breathing: &Breathing,
    ) -> f64 {
        let position_ns = time_ns + WARM_UP_NS;
        let index = (position_ns / POINT_NS).max(0).unsigned_abs();
        let share = (position_ns % POINT_NS) as f64 / POINT_NS as f64;
        let fast_share = 1.0 - SLOW_SHARE;
        libm::sqrt(SLOW_SHARE) * self.slow.between(index, share)
            + libm::sqrt(fast_share * lf_hf_ratio / (1.0 + lf_hf_ratio)) * self.vasomotor.between(index, share)
            + libm::sqrt(fast_share / (1.0 + lf_hf_ratio)) * respiratory_gain * breathing.arrhythmia_drive(time_ns)
    }
}

/// Instant of a drawn point [ns].
fn instant_ns(index: u64) -> i64 {
    index.cast_signed() * POINT_NS - WARM_UP_NS
}

fn slot(index: u64) -> usize {
    (index % 4) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both drawn processes have unit variance from the first point on.
    #[test]
    fn processes_have_unit_variance() {
        let patients = 400;
        let (mut slow, mut vasomotor) = ([0.0; 400], [0.0; 400]);
        for seed in 0..patients {
            let mut oscillations = Oscillations::new(Key::new(seed, "icu/1"));
            for index in 0..400_u64 {
                oscillations.advance_to(instant_ns(index));
                slow[index as usize] += libm::pow(oscillations.slow.between(index, 0.0), 2.0) / patients as f64;
                vasomotor[index as usize] +=
                    libm::pow(oscillations.vasomotor.between(index, 0.0), 2.0) / patients as f64;
            }
        }
        for (name, variances) in [("slow", slow), ("vasomotor", vasomotor)] {
            let mean = variances.iter().sum::<f64>() / 400.0;
            assert!((mean - 1.0).abs() < 0.05, "{name}: {mean}");
            assert!(variances.iter().all(|variance| (0.7..1.35).contains(variance)), "{name}: {variances:?}");
        }
    }

    #[test]
    fn variability_falls_with_age() {
        let mean = |age: f64| {
            (0..500).map(|seed| Variability::adult(age, Key::new(seed, "icu/1")).sdnn_s).sum::<f64>() / 500.0
        };
        assert!((0.050..0.065).contains(&mean(30.0)), "{}", mean(30.0));
        assert!(mean(80.0) < 0.7 * mean(30.0));
    }
}

//! Heart rate variability: slow and vasomotor oscillations, and the respiratory one that breathing drives.
//!
//! Two unit-variance resonators, each point of their grids drawn under its index: a slow one at 0.015 Hz and the
//! vasomotor one at 0.095 Hz, with some thirty and twenty points an oscillation and straight lines between them. The respiratory one is not drawn at all but follows the lung ([`Breathing`]), so
//! respiratory sinus arrhythmia is coherent with the breaths. The slow one has little power below 0.005 Hz, so that
//! the mean rate of some minutes is the rate asked for.

use std::sync::LazyLock;

use sim_core::{Key, Purpose};

use super::WARM_UP_NS;
use super::breathing::Breathing;

/// Centre and bandwidth of the slow (thermoregulatory) oscillation [Hz], and spacing of its points [ns].
const SLOW_HZ: f64 = 0.015;
const SLOW_BANDWIDTH_HZ: f64 = 0.008;
const SLOW_POINT_NS: i64 = 2_000_000_000;

/// Centre and bandwidth of the vasomotor (Mayer) oscillation [Hz], and spacing of its points [ns].
const VASOMOTOR_HZ: f64 = 0.095;
const VASOMOTOR_BANDWIDTH_HZ: f64 = 0.03;
const VASOMOTOR_POINT_NS: i64 = 500_000_000;

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
}

/// A second-order autoregression of unit variance.
#[derive(Debug)]
struct Resonator {
    purpose: Purpose,
    /// Spacing of its points [ns].
    point_ns: i64,
    coefficients: [f64; 2],
    innovation: f64,
    /// Correlation of neighbouring points.
    correlation: f64,
    /// Makes up for the variance that straight lines between the points lack.
    gain: f64,
}

/// The resonators are those of everybody.
static SLOW: LazyLock<Resonator> =
    LazyLock::new(|| Resonator::new(Purpose::new("heart.rr.slow"), SLOW_POINT_NS, SLOW_HZ, SLOW_BANDWIDTH_HZ));
static VASOMOTOR: LazyLock<Resonator> = LazyLock::new(|| {
    Resonator::new(Purpose::new("heart.rr.vasomotor"), VASOMOTOR_POINT_NS, VASOMOTOR_HZ, VASOMOTOR_BANDWIDTH_HZ)
});

/// The last points of a resonator, by index modulo four.
#[derive(Debug, Clone, Default)]
struct Points {
    latest: [f64; 4],
    next_index: u64,
}

impl Resonator {
    fn new(purpose: Purpose, point_ns: i64, centre_hz: f64, bandwidth_hz: f64) -> Self {
        let point_s = point_ns as f64 * 1e-9;
        let radius = libm::exp(-std::f64::consts::PI * bandwidth_hz * point_s);
        let first = 2.0 * radius * libm::cos(std::f64::consts::TAU * centre_hz * point_s);
        let second = -radius * radius;
        // Variance under unit innovations (Box and Jenkins, "Time Series Analysis").
        let variance = (1.0 - second) / ((1.0 + second) * ((1.0 - second) * (1.0 - second) - first * first));
        let correlation = first / (1.0 - second);
        Self {
            purpose,
            point_ns,
            coefficients: [first, second],
            innovation: 1.0 / libm::sqrt(variance),
            correlation,
            // The mean variance along a line between two points of unit variance is (2 + correlation) / 3.
            gain: libm::sqrt(3.0 / (2.0 + correlation)),
        }
    }

    /// Draws all points up to and including the first one at or after `time_ns`.
    fn advance_to(&self, key: Key, time_ns: i64, points: &mut Points) {
        while points.next_index == 0 || self.instant_ns(points.next_index - 1) < time_ns {
            self.draw(key, points);
        }
    }

    /// Draws the next point. The first two begin in the steady state.
    fn draw(&self, key: Key, points: &mut Points) {
        let index = points.next_index;
        points.next_index += 1;
        let normal = key.normal(self.purpose, index);
        let [first, second] = self.coefficients;
        let latest = &mut points.latest;
        latest[slot(index)] = match index {
            0 => normal,
            1 => self.correlation * latest[slot(0)] + libm::sqrt(1.0 - self.correlation * self.correlation) * normal,
            _ => first * latest[slot(index - 1)] + second * latest[slot(index - 2)] + self.innovation * normal,
        };
    }

    /// Value at an instant between the latest points.
    fn at(&self, time_ns: i64, points: &Points) -> f64 {
        let position_ns = time_ns + WARM_UP_NS;
        let index = (position_ns / self.point_ns).max(0).unsigned_abs();
        let share = (position_ns % self.point_ns) as f64 / self.point_ns as f64;
        let (from, to) = (points.latest[slot(index)], points.latest[slot(index + 1)]);
        self.gain * (from + (to - from) * share)
    }

    /// Instant of a point [ns].
    fn instant_ns(&self, index: u64) -> i64 {
        index.cast_signed() * self.point_ns - WARM_UP_NS
    }
}

impl Oscillations {
    pub(crate) fn new(key: Key) -> Self {
        Self { key, slow: Points::default(), vasomotor: Points::default() }
    }

    /// Draws all points up to and including the first ones at or after `time_ns`.
    pub(crate) fn advance_to(&mut self, time_ns: i64) {
        SLOW.advance_to(self.key, time_ns, &mut self.slow);
        VASOMOTOR.advance_to(self.key, time_ns, &mut self.vasomotor);
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
        let fast_share = 1.0 - SLOW_SHARE;
        libm::sqrt(SLOW_SHARE) * SLOW.at(time_ns, &self.slow)
            + libm::sqrt(fast_share * lf_hf_ratio / (1.0 + lf_hf_ratio)) * VASOMOTOR.at(time_ns, &self.vasomotor)
            + libm::sqrt(fast_share / (1.0 + lf_hf_ratio)) * respiratory_gain * breathing.arrhythmia_drive(time_ns)
    }
}

fn slot(index: u64) -> usize {
    (index % 4) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both drawn processes have unit variance from the beginning on, whether at points or between them.
    #[test]
    fn processes_have_unit_variance() {
        for resonator in [&SLOW, &VASOMOTOR] {
            let mut sums = vec![0.0; 400];
            for seed in 0..400 {
                let (key, mut points) = (Key::new(seed, "icu/1"), Points::default());
                for (sum, step) in sums.iter_mut().zip(0_i64..) {
                    let time_ns = step * resonator.point_ns / 4 - WARM_UP_NS;
                    resonator.advance_to(key, time_ns, &mut points);
                    *sum += libm::pow(resonator.at(time_ns, &points), 2.0) / 400.0;
                }
            }
            let mean = sums.iter().sum::<f64>() / sums.len() as f64;
            assert!((mean - 1.0).abs() < 0.05, "{:?}: {mean}", resonator.purpose);
            assert!(sums.iter().all(|variance| (0.7..1.4).contains(variance)), "{:?}: {sums:?}", resonator.purpose);
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

//! A pulse oximeter: saturation as a finger probe shows it, late, averaged and a little wrong.

use sim_core::{Key, Purpose};

/// Stages of the delay between the lung and the finger: blood arrives dispersed, not as a step.
const STAGES: usize = 3;

/// Grid steps per second.
const STEPS_PER_SECOND: u32 = 10;
/// Length of a grid step [s].
const STEP_S: f64 = 0.1;

/// Seconds over which the device averages.
const AVERAGED_S: usize = 8;

/// Standard deviation of the error over many probes and moments, 0.8 %: a constant part of each probe and one that
/// drifts, with the memory of the drift [s].
const PROBE_ERROR: f64 = 0.0064;
const DRIFT_ERROR: f64 = 0.0048;
const DRIFT_S: f64 = 20.0;

/// The delay at rest, drawn between these bounds [s] (finger; an ear has 8 s).
const FINGER_LAG_S: (f64, f64) = (20.0, 30.0);

/// The delay never exceeds this multiple of that at rest, however low the flow.
const SLOWEST: f64 = 3.0;

/// A pulse oximeter on one patient. Advance it once per grid step.
#[derive(Debug, Clone)]
pub struct Oximeter {
    key: Key,
    lag_s: f64,
    probe_error: f64,
    drift: f64,
    stages: [f64; STAGES],
    seconds: [f64; AVERAGED_S],
    step: u64,
}

const DRIFT: Purpose = Purpose::new("oximeter.drift");

impl Oximeter {
    /// A probe that has been on the finger of a patient with this saturation (0 to 1) for a while.
    pub fn new(key: Key, sao2: f64) -> Self {
        let (shortest_s, longest_s) = FINGER_LAG_S;
        Self {
            key,
            lag_s: shortest_s + (longest_s - shortest_s) * key.uniform(Purpose::new("oximeter.lag"), 0),
            probe_error: PROBE_ERROR * key.normal(Purpose::new("oximeter.probe"), 0).clamp(-2.5, 2.5),
            drift: 0.0,
            stages: [sao2; STAGES],
            seconds: [sao2; AVERAGED_S],
            step: 0,
        }
    }

    /// Advances by one grid step with the arterial saturation (0 to 1) and cardiac output relative to rest.
    pub fn step(&mut self, sao2: f64, flow_ratio: f64) {
        // The averaging delays by half its span; the blood takes the rest, longer when it flows slowly.
        let averaging_s = 0.5 * AVERAGED_S as f64;
        let stage_s = (self.lag_s - averaging_s) / STAGES as f64 / flow_ratio.clamp(1.0 / SLOWEST, 2.0);
        let mut inflow = sao2;
        for stage in &mut self.stages {
            *stage += STEP_S / stage_s * (inflow - *stage);
            inflow = *stage;
        }
        self.step += 1;
        if self.step.is_multiple_of(u64::from(STEPS_PER_SECOND)) {
            self.close_second(self.step / u64::from(STEPS_PER_SECOND));
        }
    }

    fn close_second(&mut self, second: u64) {
        self.seconds[(second % AVERAGED_S as u64) as usize] = self.stages[STAGES - 1];
        let memory = libm::exp(-1.0 / DRIFT_S);
        self.drift = memory * self.drift
            + libm::sqrt(1.0 - memory * memory) * DRIFT_ERROR * self.key.normal(DRIFT, second).clamp(-3.0, 3.0);
    }

    /// Saturation shown [%], before the device rounds it.
    pub fn spo2_percent(&self) -> f64 {
        let averaged = self.seconds.iter().sum::<f64>() / AVERAGED_S as f64;
        (100.0 * (averaged + self.probe_error + self.drift)).clamp(0.0, 100.0)
    }
}

/// Ratio of the red to the infrared modulation at a saturation [%] (the common linear calibration).
pub fn ratio_of_ratios(spo2_percent: f64) -> f64 {
    (110.0 - spo2_percent) / 25.0
}

/// Saturation [%] that a device reads from the ratio of the red to the infrared modulation.
pub fn saturation_of_ratio(ratio: f64) -> f64 {
    110.0 - 25.0 * ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(oximeter: &mut Oximeter, sao2: f64, flow_ratio: f64, seconds: u32) {
        for _ in 0..seconds * STEPS_PER_SECOND {
            oximeter.step(sao2, flow_ratio);
        }
    }

    /// Seconds until half of a step from 97 % to 82 % shows.
    fn delay_s(seed: u64, flow_ratio: f64) -> u32 {
        let mut oximeter = Oximeter::new(Key::new(seed, "icu/1/monitor"), 0.97);
        let error = oximeter.probe_error;
        (0..300)
            .find(|_| {
                run(&mut oximeter, 0.82, flow_ratio, 1);
                oximeter.spo2_percent() - 100.0 * (error + oximeter.drift) < 89.5
            })
            .expect("the step arrives")
    }

    #[test]
    fn a_desaturation_shows_after_twenty_to_thirty_seconds() {
        for seed in 0..50 {
            assert!((16..=29).contains(&delay_s(seed, 1.0)), "{}", delay_s(seed, 1.0));
            assert!(delay_s(seed, 0.4) > delay_s(seed, 1.0) + 8);
        }
    }

    #[test]
    fn the_error_has_the_stated_spread() {
        let errors: Vec<f64> = (0..2_000)
            .map(|seed| {
                let mut oximeter = Oximeter::new(Key::new(seed, "icu/1/monitor"), 0.90);
                run(&mut oximeter, 0.90, 1.0, 60);
                oximeter.spo2_percent() - 90.0
            })
            .collect();
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let deviation = (errors.iter().map(|e| libm::pow(e - mean, 2.0)).sum::<f64>() / errors.len() as f64).sqrt();
        assert!(mean.abs() < 0.06, "{mean}");
        assert!((0.7..0.9).contains(&deviation), "{deviation}");
    }

    #[test]
    fn nothing_above_a_hundred_is_shown() {
        for seed in 0..50 {
            let mut oximeter = Oximeter::new(Key::new(seed, "icu/1/monitor"), 1.0);
            run(&mut oximeter, 1.0, 1.0, 30);
            assert!(oximeter.spo2_percent() <= 100.0);
        }
    }

    #[test]
    fn the_calibration_inverts() {
        for percent in 60..=100 {
            let percent = f64::from(percent);
            assert!((saturation_of_ratio(ratio_of_ratios(percent)) - percent).abs() < 1e-9);
        }
    }
}

//! Continuous glucose monitoring: what a sensor under the skin makes of interstitial glucose.
//!
//! Structure after Facchinetti et al., IEEE Trans Biomed Eng 2014;61:620: a calibration that drifts with the days of
//! wear, `a(d) IG + b(d)`, plus two autoregressive disturbances. Every sensor has its own calibration; the published means
//! alone would give sensors better than any on the market. The lag behind plasma lies in the interstitial glucose that the
//! sensor is given.

mod disturbance;

use sim_core::{Key, Purpose};
use thiserror::Error;

use self::disturbance::{Autoregression, Disturbance};
use physiology::glucose::{PackError, Table};

const SHIPPED: &str = include_str!("../../data/cgm_models.csv");

/// Names of the shipped models, the usual one first.
pub const CGM_MODELS: &[&str] = &["g6", "g7_class", "libre3", "g5", "seven_plus", "ideal"];

const CALIBRATION_GAIN: Purpose = Purpose::new("cgm.gain");
const CALIBRATION_OFFSET: Purpose = Purpose::new("cgm.offset");
const OWN_NOISE: Purpose = Purpose::new("cgm.own_noise");
const COMMON_NOISE: Purpose = Purpose::new("cgm.common_noise");
const DROPOUT: Purpose = Purpose::new("cgm.dropout");

/// What a reading can show [mg/dL].
const RANGE_MG_DL: (f64, f64) = (40.0, 400.0);

const MINUTES_PER_DAY: f64 = 1_440.0;

/// A fresh sensor errs more, fading with this time constant [min]: real-world G6 has a MARD of 13.6 % in the first
/// 12 h and of 10.1 % after the first day (PMC10771867), a mean factor of 1.35 over 12 h.
const SETTLING_MIN: f64 = 720.0;
const SETTLING_EXCESS: f64 = 0.55;

/// Time constant of a compression low, in and out [min].
const COMPRESSION_MIN: f64 = 10.0;

/// Gaps in the data: at most one in each window of this length [min], with this probability and length [min].
const DROPOUT_WINDOW_MIN: u64 = 360;
const DROPOUT_PROBABILITY: f64 = 0.08;
const DROPOUT_MIN: (f64, f64) = (10.0, 60.0);

/// Error model of a kind of sensor.
#[derive(Debug, Clone, PartialEq)]
pub struct CgmModel {
    /// Its name in scenarios.
    pub name: String,
    gain: [f64; 3],
    offset_mg_dl: [f64; 3],
    own: Autoregression,
    common: Autoregression,
    gain_deviation: f64,
    offset_deviation_mg_dl: f64,
    /// Days after which a calibration starts the drift anew.
    calibration_days: f64,
    /// Minutes before the first reading.
    pub warm_up_min: u64,
    /// Days before the sensor ends.
    pub life_days: f64,
}

/// Why a table of error models cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CgmModelError {
    /// The table cannot be read.
    #[error("{0}")]
    Table(#[from] PackError),
    /// A disturbance would grow without bound.
    #[error("model `{name}`: the autoregression {first}, {second} is not stable")]
    Unstable {
        /// Name of the model.
        name: String,
        /// First coefficient, as text.
        first: String,
        /// Second coefficient, as text.
        second: String,
    },
}

impl CgmModel {
    /// Reads a table of models with the columns of `cgm_models.csv`.
    ///
    /// # Errors
    ///
    /// Says which line and column is missing or unreadable, or which model is not stable.
    pub fn read_all(text: &str) -> Result<Vec<Self>, CgmModelError> {
        Table::parse(text)?
            .rows()
            .map(|row| {
                let name = row.text("name")?.to_owned();
                let stable = |first: f64, second: f64, variance: f64| {
                    if second.abs() < 1.0 && first.abs() < 1.0 - second && variance >= 0.0 {
                        Ok(Autoregression { first, second, deviation: libm::sqrt(variance) })
                    } else {
                        Err(CgmModelError::Unstable {
                            name: name.clone(),
                            first: first.to_string(),
                            second: second.to_string(),
                        })
                    }
                };
                Ok(Self {
                    gain: [row.number("a0")?, row.number("a1")?, row.number("a2")?],
                    offset_mg_dl: [row.number("b0")?, row.number("b1")?, row.number("b2")?],
                    own: stable(row.number("v1")?, row.number("v2")?, row.number("v_variance")?)?,
                    common: stable(row.number("c1")?, row.number("c2")?, row.number("c_variance")?)?,
                    gain_deviation: row.number("gain_sd")?,
                    offset_deviation_mg_dl: row.number("offset_sd")?,
                    calibration_days: row.positive("calibration_days")?,
                    warm_up_min: row.number("warm_up_min")?.max(0.0) as u64,
                    life_days: row.positive("life_days")?,
                    name,
                })
            })
            .collect()
    }

    /// The shipped models: those of [`CGM_MODELS`].
    pub fn shipped() -> Vec<Self> {
        Self::read_all(SHIPPED).expect("the shipped table is read by a test")
    }

    /// The shipped model of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::shipped().into_iter().find(|model| model.name == name)
    }
}

/// What a sensor shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CgmReading {
    /// Nothing yet: the sensor warms up.
    WarmUp,
    /// Glucose [mg/dL], 40 to 400.
    Value(u16),
    /// Below 40 mg/dL.
    Low,
    /// Above 400 mg/dL.
    High,
    /// Nothing for the moment: signal loss.
    Missing,
    /// Nothing any more: the sensor has reached its end.
    Ended,
}

/// One sensor, from its insertion on.
#[derive(Debug, Clone, PartialEq)]
pub struct Cgm {
    model: CgmModel,
    key: Key,
    /// Deviation of this sensor's calibration from the mean of its kind.
    gain_error: f64,
    offset_error_mg_dl: f64,
    /// Minutes of wear.
    age_min: u64,
    own: Disturbance,
    common: Disturbance,
    compression_mg_dl: f64,
    sensed_mg_dl: f64,
}

impl Cgm {
    /// A sensor of this key that has been worn for some minutes, with glucose at this level [mg/dL].
    pub fn worn(model: CgmModel, key: Key, age_min: u64, interstitial_mg_dl: f64) -> Self {
        let own = Disturbance::settled(model.own, key, OWN_NOISE, age_min);
        let common = Disturbance::settled(model.common, key, COMMON_NOISE, age_min);
        let mut sensor = Self {
            gain_error: model.gain_deviation * key.normal(CALIBRATION_GAIN, 0).clamp(-3.0, 3.0),
            offset_error_mg_dl: model.offset_deviation_mg_dl * key.normal(CALIBRATION_OFFSET, 0).clamp(-3.0, 3.0),
            model,
            key,
            age_min,
            own,
            common,
            compression_mg_dl: 0.0,
            sensed_mg_dl: interstitial_mg_dl,
        };
        sensor.sensed_mg_dl = sensor.sense(interstitial_mg_dl);
        sensor
    }

    /// Advances by one minute to an interstitial glucose [mg/dL], with the wearer lying on the sensor so that it will
    /// show this much less [mg/dL, usually 40], or not (0).
    pub fn advance_minute(&mut self, interstitial_mg_dl: f64, compression_mg_dl: f64) {
        self.age_min += 1;
        self.own.advance_to(self.age_min);
        self.common.advance_to(self.age_min);
        self.compression_mg_dl += (compression_mg_dl - self.compression_mg_dl) * -libm::expm1(-1.0 / COMPRESSION_MIN);
        self.sensed_mg_dl = self.sense(interstitial_mg_dl);
    }

    fn sense(&self, interstitial_mg_dl: f64) -> f64 {
        let days = libm::fmod(self.age_min as f64 / MINUTES_PER_DAY, self.model.calibration_days);
        let drift = |[start, slope, curve]: [f64; 3]| start + (slope + curve * days) * days;
        let settling = 1.0 + SETTLING_EXCESS * libm::exp(-(self.age_min as f64) / SETTLING_MIN);
        let gain = drift(self.model.gain) + settling * self.gain_error;
        let offset_mg_dl = drift(self.model.offset_mg_dl) + settling * self.offset_error_mg_dl;
        let noise_mg_dl = settling * (self.own.value() + self.common.value());
        gain * interstitial_mg_dl + offset_mg_dl + noise_mg_dl - self.compression_mg_dl
    }

    /// What it shows now.
    pub fn reading(&self) -> CgmReading {
        if self.age_min as f64 >= self.model.life_days * MINUTES_PER_DAY {
            return CgmReading::Ended;
        }
        if self.age_min < self.model.warm_up_min {
            return CgmReading::WarmUp;
        }
        if self.is_missing() {
            return CgmReading::Missing;
        }
        let shown = libm::round(self.sensed_mg_dl);
        if shown < RANGE_MG_DL.0 {
            CgmReading::Low
        } else if shown > RANGE_MG_DL.1 {
            CgmReading::High
        } else {
            CgmReading::Value(shown as u16)
        }
    }

    /// What it senses, before limits and rounding [mg/dL].
    pub fn sensed_mg_dl(&self) -> f64 {
        self.sensed_mg_dl
    }

    /// Minutes of wear.
    pub fn age_min(&self) -> u64 {
        self.age_min
    }

    /// Whether the present minute falls into a gap. The ideal sensor has none.
    fn is_missing(&self) -> bool {
        let window = self.age_min / DROPOUT_WINDOW_MIN;
        let [chance, start, length, _] = self.key.block(DROPOUT, window).map(|bits| f64::from(bits) / 4_294_967_296.0);
        let length_min = DROPOUT_MIN.0 + (DROPOUT_MIN.1 - DROPOUT_MIN.0) * length;
        let start_min = start * (DROPOUT_WINDOW_MIN as f64 - length_min);
        let minute = (self.age_min % DROPOUT_WINDOW_MIN) as f64;
        let noisy = self.model.own.deviation > 0.0;
        noisy && chance < DROPOUT_PROBABILITY && (start_min..start_min + length_min).contains(&minute)
    }
}

#[cfg(test)]
mod tests;

//! Motion of the patient: the same movement in every channel.
//!
//! Bursts of band-limited movement (0.8 to 8 Hz, where motion overlaps the pulse and the QRS complex) are drawn for the
//! patient, so that the channels of one device, and the devices that a step selects, are disturbed together.

use sim_core::{Key, Purpose, SimTime};
use vocabulary::{MetricId, Quality};

use super::effect::{Effect, Made, Moment};
use super::episodes::{Episodes, Length};
use physiology::elementary::{from_nearest_integer, sine_of_turns};

const TONE: Purpose = Purpose::new("fault.motion.tone");
const READING: Purpose = Purpose::new("fault.motion.reading");

/// Tones of a burst and their band [Hz].
const TONES: usize = 6;
const BAND_HZ: (f64, f64) = (0.8, 8.0);
/// A burst swells and fades in this time [s].
const SWELL_S: f64 = 0.3;

/// How a metric takes motion.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Response {
    /// Samples follow the movement: standard deviation at full severity, in the metric's unit.
    Wave(f64),
    /// A rate is counted wrong: standard deviation at full severity, in the metric's unit.
    Rate(f64),
    /// Reads low: greatest fall at full severity, in the metric's unit.
    Low(f64),
    /// Cannot be measured.
    Lost,
    /// Does not care.
    None,
}

/// Responses at full severity. Electrode motion reaches the height of the QRS complex (Webster, IEEE Trans Biomed Eng
/// 1984;31:823), motion in the pleth exceeds the pulse several times (Petterson et al., Anesth Analg 2007;105:S78).
fn response(metric: MetricId) -> Response {
    match metric.metric().id {
        id if id.starts_with("ecg_") => Response::Wave(0.8),
        id if id.starts_with("acc_") => Response::Wave(4.0),
        id if id.starts_with("nibp") => Response::Lost,
        id if id.starts_with("rr_interval") => Response::Rate(80.0),
        "pr_nibp" => Response::Lost,
        "pleth" => Response::Wave(900.0),
        "ppg_green" | "ppg_ir" => Response::Wave(2_000.0),
        "resp_wave" => Response::Wave(1.0),
        "abp_wave" => Response::Wave(8.0),
        "hr" | "pr" => Response::Rate(15.0),
        "resp_rate" => Response::Rate(8.0),
        "spo2" => Response::Low(12.0),
        _ => Response::None,
    }
}

/// When a patient moves.
#[derive(Debug)]
pub(super) enum Bursts {
    One { begins: SimTime, ends: SimTime },
    Many(Episodes),
}

impl Bursts {
    /// Bursts and pauses of these mean lengths [s], from an instant on.
    pub(super) fn many(key: Key, from: SimTime, burst_s: f64, pause_s: f64) -> Self {
        Self::Many(Episodes::new(key, from, pause_s, Length::Exponential(burst_s)))
    }

    /// Number, beginning and end of the burst at an instant.
    fn at(&mut self, at: SimTime) -> Option<(u64, SimTime, SimTime)> {
        match self {
            Self::One { begins, ends } => (*begins <= at && at < *ends).then_some((0, *begins, *ends)),
            Self::Many(episodes) => episodes.at(at),
        }
    }
}

/// Motion in bursts.
#[derive(Debug)]
pub(super) struct Motion {
    key: Key,
    severity: f64,
    /// Whether the device marks what it measures in a burst.
    noticed: bool,
    bursts: Bursts,
    /// Number of the burst whose tones are known: frequency [Hz] and phase [turns].
    tones: Option<(u64, [(f64, f64); TONES])>,
}

impl Motion {
    /// Motion of this severity in these bursts.
    pub(super) fn new(key: Key, bursts: Bursts, severity: f64, noticed: bool) -> Self {
        Self { key, severity, noticed, bursts, tones: None }
    }

    /// The movement at an instant of a burst, with a standard deviation of 1 in its middle.
    fn movement(&mut self, (burst, begins, ends): (u64, SimTime, SimTime), at: SimTime) -> f64 {
        let key = self.key;
        let tones = match self.tones {
            Some((known, tones)) if known == burst => tones,
            _ => std::array::from_fn(|tone| {
                let counter = 2 * (burst * TONES as u64 + tone as u64);
                let (low_hz, high_hz) = BAND_HZ;
                (low_hz + (high_hz - low_hz) * key.uniform(TONE, counter), key.uniform(TONE, counter + 1))
            }),
        };
        self.tones = Some((burst, tones));
        let (since_s, left_s) = ((at - begins).seconds(), (ends - at).seconds());
        let swell = (since_s.min(left_s) / SWELL_S).clamp(0.0, 1.0);
        let sum: f64 = tones
            .iter()
            .map(|(frequency_hz, phase)| {
                f64::from(sine_of_turns(from_nearest_integer(frequency_hz * since_s + phase) as f32))
            })
            .sum();
        swell * sum * libm::sqrt(2.0 / TONES as f64)
    }
}

impl Effect for Motion {
    fn over_at(&self) -> Option<SimTime> {
        match self.bursts {
            Bursts::One { ends, .. } => Some(ends),
            Bursts::Many(_) => None,
        }
    }

    fn make(&mut self, moment: &Moment, value: f64) -> Made {
        let Some(burst) = self.bursts.at(moment.at) else { return Made::Value(value) };
        let made = match response(moment.metric) {
            Response::None => return Made::Value(value),
            Response::Lost => return Made::Nothing(Quality::NotAvailable),
            Response::Wave(deviation) => value + self.severity * deviation * self.movement(burst, moment.at),
            Response::Rate(deviation) => {
                let error = self.severity * deviation * moment.key.normal(READING, moment.index).clamp(-3.0, 3.0);
                (value + error).max(0.0)
            }
            Response::Low(fall) => value - self.severity * fall * moment.key.uniform(READING, moment.index),
        };
        if self.noticed { Made::Doubtful(made) } else { Made::Value(made) }
    }
}

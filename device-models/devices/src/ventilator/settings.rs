//! What is set at a ventilator, and the limits within which it takes orders.

use sim_core::Arguments;

use super::mechanics::{Drive, Lung};
use physiology::{Build, INSPIRED_SHARE_MANDATORY};

/// How breaths are controlled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    VolumeControl,
    PressureControl,
    /// The patient triggers and draws, the ventilator helps.
    PressureSupport,
}

impl Mode {
    pub(super) const WORDS: &'static [&'static str] = &["vc", "pc", "psv"];

    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "pc" => Self::PressureControl,
            "psv" => Self::PressureSupport,
            _ => Self::VolumeControl,
        }
    }

    /// Its word in `vent_mode`.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::VolumeControl => "vc",
            Self::PressureControl => "pc",
            Self::PressureSupport => "psv",
        }
    }
}

/// Ranges of the settings of an adult ventilator.
pub(super) const RATE_MIN: (f64, f64) = (4.0, 60.0);
pub(super) const VOLUME_ML: (f64, f64) = (100.0, 1_500.0);
pub(super) const PEEP_CMH2O: (f64, f64) = (0.0, 24.0);
pub(super) const OXYGEN_PERCENT: (f64, f64) = (21.0, 100.0);
pub(super) const PRESSURE_CMH2O: (f64, f64) = (3.0, 50.0);

/// Tidal volume at the start [mL per kg of predicted body weight], and the most that is taken as an order (lung
/// protective ventilation: 6 to 8; ARDS Network, N Engl J Med 2000;342:1301).
const USUAL_ML_KG: f64 = 7.0;
const MOST_ML_KG: f64 = 12.0;

/// Settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settings {
    pub(super) mode: Mode,
    pub(super) rate_min: f64,
    pub(super) volume_ml: f64,
    pub(super) peep_cmh2o: f64,
    pub(super) oxygen_percent: f64,
    /// Inspiratory pressure above PEEP, in pressure control and as support.
    pub(super) pressure_cmh2o: f64,
    /// Most pressure at the airway; an inspiration ends there.
    pub(super) limit_cmh2o: f64,
}

/// Carbon dioxide that the usual rate aims at in a patient who does not breathe along, in the upper half of the normal since others
/// trigger what they lack [mmHg], and limits of that rate [/min].
const AIM_MMHG: f64 = 43.0;
const USUAL_RATES_MIN: (f64, f64) = (8.0, 35.0);

/// Breaths, to half a breath, that clear the usual carbon dioxide of a build with this volume [L]. Who sets a ventilator begins so
/// (Radford, N Engl J Med 1954;251:877: minute ventilation by size and sex), and looks at the blood gas.
fn usual_rate_min(build: &Build, volume_l: f64) -> f64 {
    let alveolar_l = (volume_l - build.dead_space_l()).max(0.25 * volume_l);
    let (slowest, fastest) = USUAL_RATES_MIN;
    (0.5 * libm::round(2.0 * build.alveolar_ventilation_l_min(AIM_MMHG) / alveolar_l)).clamp(slowest, fastest)
}

impl Settings {
    /// The settings that the options of the device ask for.
    pub(super) fn from_options(options: &Arguments, build: &Build) -> Self {
        let number = |name: &str, usual: f64| options.number(name).unwrap_or(usual);
        let usual_ml = (USUAL_ML_KG * build.predicted_weight_kg()).clamp(VOLUME_ML.0, VOLUME_ML.1);
        Self {
            mode: Mode::from_word(options.text("mode").unwrap_or_default()),
            rate_min: number("rate", usual_rate_min(build, usual_ml / 1_000.0)),
            volume_ml: number("tidal_volume", usual_ml),
            peep_cmh2o: number("peep", 5.0),
            oxygen_percent: number("fio2", 40.0),
            pressure_cmh2o: number("pressure", 12.0),
            limit_cmh2o: number("pressure_limit", 40.0),
        }
    }

    /// Sets the volume of a breath, unless it is too much for the lungs.
    pub(super) fn set_volume(&mut self, volume_ml: f64, predicted_kg: f64) -> Result<(), String> {
        let per_kg = volume_ml / predicted_kg;
        if per_kg > MOST_ML_KG {
            return Err(format!("{volume_ml} mL is {per_kg:.1} mL/kg of predicted body weight, above {MOST_ML_KG}"));
        }
        self.volume_ml = volume_ml;
        Ok(())
    }

    /// Sets PEEP, unless an inspiration then exceeds the limit.
    pub(super) fn set_peep(&mut self, peep_cmh2o: f64) -> Result<(), String> {
        self.allow(peep_cmh2o + self.pressure_cmh2o)?;
        self.peep_cmh2o = peep_cmh2o;
        Ok(())
    }

    /// Sets the inspiratory pressure, unless it then exceeds the limit.
    pub(super) fn set_pressure(&mut self, pressure_cmh2o: f64) -> Result<(), String> {
        self.allow(self.peep_cmh2o + pressure_cmh2o)?;
        self.pressure_cmh2o = pressure_cmh2o;
        Ok(())
    }

    fn allow(&self, peak_cmh2o: f64) -> Result<(), String> {
        if peak_cmh2o > self.limit_cmh2o {
            return Err(format!("PEEP and inspiratory pressure exceed the limit of {} cmH2O", self.limit_cmh2o));
        }
        Ok(())
    }

    /// Length of a mandatory inspiration [s].
    pub(super) fn inspiration_s(&self) -> f64 {
        60.0 / self.rate_min * INSPIRED_SHARE_MANDATORY
    }

    /// How a breath in a mode is given.
    pub(super) fn drive(&self, mode: Mode) -> Drive {
        match mode {
            Mode::VolumeControl => Drive::Volume,
            Mode::PressureControl => Drive::Pressure(self.pressure_cmh2o),
            Mode::PressureSupport => Drive::Support(self.pressure_cmh2o),
        }
    }

    /// Volume that a mandatory breath brings into a lung [L].
    pub(super) fn delivered_l(&self, mode: Mode, lung: &Lung) -> f64 {
        match mode {
            Mode::PressureControl => lung.pushed_volume_l(self.pressure_cmh2o, self.inspiration_s()),
            Mode::VolumeControl | Mode::PressureSupport => {
                let room_cmh2o = self.limit_cmh2o - self.peep_cmh2o;
                lung.limited_volume_l(self.volume_ml / 1_000.0, self.inspiration_s(), room_cmh2o)
            }
        }
    }

    /// Whether a mandatory breath in volume control reaches the pressure limit.
    pub(super) fn reaches_limit(&self, mode: Mode, lung: &Lung) -> bool {
        mode == Mode::VolumeControl && self.delivered_l(mode, lung) < 0.999 * self.volume_ml / 1_000.0
    }
}

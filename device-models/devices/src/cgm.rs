//! Continuous glucose monitor: a sensor under the skin that warms up, drifts, is lain upon and ends, with its alarms.
//!
//! The sensor is [`crate::sensors::cgm::Cgm`]; this device wears one after the other and puts readings into messages.
//! What lies outside 40 to 400 mg/dL is told as `low` or `high`, never as a clipped number.

mod alarms;

use bevy_ecs::prelude::*;
use sim_core::{Key, MessageBuilder, ParameterKind, ParameterSpec, Purpose, Registry, Span};
use vocabulary::{Dimension, Quality, Reading, metrics};

use self::alarms::GlucoseAlarms;
use crate::device::{DeviceKind, DeviceModel, EventStream, Saying, Spawning, Watching, When};
use crate::sensors::cgm::{CGM_MODELS, Cgm, CgmModel, CgmReading};
use crate::sensors::compression::Compressions;
use patients::glycaemia::{Glycaemia, Minute};
use patients::needs_glucose;

pub(crate) const KIND: &str = "cgm";
const STATUS: EventStream = EventStream("status");

const WEAR: Purpose = Purpose::new("cgm.wear");

/// Minutes from the end of a sensor to the next one.
const CHANGE_MIN: u64 = 30;
/// Minutes over which the trend is taken, as receivers do.
const TREND_MIN: usize = 15;
/// Minutes between two looks at alarms when no glucose is sent.
const LOOK_MIN: i64 = 5;

/// A worn sensor and what its transmitter remembers.
#[derive(Debug, Clone, Component)]
pub struct WornSensor {
    sensor: Cgm,
    model: CgmModel,
    /// Sensors worn before this one.
    number: u32,
    /// Whether an ended sensor is replaced.
    replaced: bool,
    keys: SensorKeys,
    told: Option<&'static str>,
    alarms: GlucoseAlarms,
    /// What was sensed in the last minutes, the latest last; empty where nothing could be told.
    last: [Option<f64>; TREND_MIN + 1],
    /// Minutes without a reading.
    silent_min: u32,
    /// Whether what is shown is lowered by pressure on the sensor.
    compressed: bool,
}

impl WornSensor {
    /// Code of `device_status`.
    fn status(&self) -> &'static str {
        match self.sensor.reading() {
            CgmReading::WarmUp => "warm_up",
            CgmReading::Ended => "sensor_ended",
            _ => "operating",
        }
    }

    /// Advances by one minute.
    fn wear_minute(&mut self, interstitial_mg_dl: f64, compression_mg_dl: f64) {
        self.compressed = compression_mg_dl > 0.0;
        self.sensor.advance_minute(interstitial_mg_dl, compression_mg_dl);
        let reading = self.sensor.reading();
        let is_told = matches!(reading, CgmReading::Value(_) | CgmReading::Low | CgmReading::High);
        self.silent_min = if is_told { 0 } else { self.silent_min + 1 };
        self.last.rotate_left(1);
        self.last[TREND_MIN] = is_told.then_some(self.sensor.sensed_mg_dl());
    }

    /// Puts on a new sensor if the old one ended long enough ago.
    fn replace(&mut self, interstitial_mg_dl: f64) {
        let ended_min = self.sensor.age_min().saturating_sub((self.model.life_days * 1_440.0) as u64);
        if self.replaced && self.sensor.reading() == CgmReading::Ended && ended_min >= CHANGE_MIN {
            self.number += 1;
            self.sensor = Cgm::worn(self.model.clone(), self.keys.of(self.number), 0, interstitial_mg_dl);
            self.last = [None; TREND_MIN + 1];
        }
    }

    /// Slope over the last minutes [mg/dL/min].
    fn trend_mg_dl_min(&self) -> Option<f64> {
        Some((self.last[TREND_MIN]? - self.last[0]?) / TREND_MIN as f64)
    }

    fn write_glucose(&self, message: &mut MessageBuilder<'_>) {
        let glucose = match self.sensor.reading() {
            CgmReading::Value(glucose) => Reading::number(metrics::GLUCOSE_ISF, f64::from(glucose)),
            CgmReading::Low => Reading::code(metrics::GLUCOSE_ISF, "low"),
            CgmReading::High => Reading::code(metrics::GLUCOSE_ISF, "high"),
            CgmReading::WarmUp => Reading::missing(metrics::GLUCOSE_ISF, Quality::Calibrating),
            CgmReading::Missing | CgmReading::Ended => Reading::missing(metrics::GLUCOSE_ISF, Quality::NotAvailable),
        };
        let trend =
            self.trend_mg_dl_min().map_or(Reading::missing(metrics::GLUCOSE_TREND, Quality::NotAvailable), |slope| {
                Reading::number(metrics::GLUCOSE_TREND, slope)
            });
        message.reading(glucose).reading(trend).reading(self.run_time());
    }

    fn run_time(&self) -> Reading {
        Reading::number(metrics::CGM_RUN_TIME, self.sensor.age_min() as f64 / 60.0)
    }
}

/// Keys of the draws of the sensors of a device: each sensor has a calibration of its own.
#[derive(Debug, Clone)]
struct SensorKeys {
    seed: u64,
    /// Path of the device.
    path: String,
}

impl SensorKeys {
    fn of(&self, number: u32) -> Key {
        Key::new(self.seed, &format!("{}/sensor/{number}", self.path))
    }
}

impl DeviceModel for WornSensor {
    type Patient = &'static Glycaemia;
    type Parts = &'static Compressions;
    type Room = ();
}

impl WornSensor {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<(Self, Compressions), String> {
        let interstitial_mg_dl = spawning.glycaemia()?.metabolism().interstitial_mg_dl();
        let options = &spawning.plan.options;
        let name = options.text("sensor").unwrap_or(CGM_MODELS[0]);
        let mut model = CgmModel::find(name).ok_or_else(|| format!("no sensor `{name}` in the table"))?;
        if let Some(warm_up_ns) = options.number("warm_up") {
            model.warm_up_min = (warm_up_ns / 60e9) as u64;
        }
        let drawn_days = model.life_days * spawning.key().uniform(WEAR, 0);
        let age_min = (options.number("wear_day").unwrap_or(drawn_days) * 1_440.0) as u64;
        let keys = SensorKeys { seed: spawning.roster().seed, path: spawning.plan.path.clone() };
        let sensor = Cgm::worn(model.clone(), keys.of(0), age_min, interstitial_mg_dl);
        let replaced = options.flag("replaced").unwrap_or(true);
        Ok((Self::new(sensor, model, replaced, keys), Compressions::default()))
    }

    fn new(sensor: Cgm, model: CgmModel, replaced: bool, keys: SensorKeys) -> Self {
        Self {
            sensor,
            model,
            number: 0,
            replaced,
            keys,
            told: None,
            alarms: GlucoseAlarms::default(),
            last: [None; TREND_MIN + 1],
            silent_min: 0,
            compressed: false,
        }
    }

    /// Senses the minute that ended; changes of state are told.
    fn watch_glucose(&mut self, mut watching: Watching<'_, Self>) {
        let Some(minute) = Minute::beginning(watching.clock) else { return };
        let (Some(glycaemia), Some(compressions)) = (watching.patient(), watching.parts()) else { return };
        if minute.index > 0 {
            let interstitial_mg_dl = glycaemia.metabolism().interstitial_mg_dl();
            self.wear_minute(interstitial_mg_dl, compressions.drop_mg_dl());
            self.replace(interstitial_mg_dl);
        }
        let status = self.status();
        if self.told.replace(status) != Some(status)
            && let Some(mut message) = watching.event(STATUS)
        {
            message.reading(Reading::code(metrics::DEVICE_STATUS, status)).reading(self.run_time());
        }
        let is_mute = watching.device().next_message().is_none();
        if is_mute && minute.index % LOOK_MIN == 0 {
            self.watch_alarms(watching);
        }
    }

    /// Looks at alarms: whenever glucose is sent, or else every few minutes.
    fn watch_alarms(&mut self, mut watching: Watching<'_, Self>) {
        for event in self.alarms.look(self.sensor.reading(), self.silent_min) {
            watching.alarm(event);
        }
    }

    fn say_glucose(&mut self, saying: Saying<'_, Self>) {
        let Saying { parts: compressions, mut message, evidence, .. } = saying;
        self.write_glucose(&mut message);
        if self.compressed {
            evidence.add_all(compressions.acting(), "readings_changed", 1);
        }
    }
}

/// Adds the monitor.
pub fn register(registry: &mut Registry) {
    let about = "continuous glucose monitor with warm-up, drift, compression lows, an end and alarms";
    let glucose_about = "glucose, its trend over 15 min, and the sensor's hours of wear";
    let glucose = [metrics::GLUCOSE_ISF, metrics::GLUCOSE_TREND, metrics::CGM_RUN_TIME];
    let status = [metrics::DEVICE_STATUS, metrics::CGM_RUN_TIME];
    let sensor = ParameterSpec::optional("sensor", ParameterKind::Choice(CGM_MODELS), "whose errors, warm-up and life");
    let warm_up = ParameterSpec::optional(
        "warm_up",
        ParameterKind::Quantity(Dimension::Time),
        "time before the first reading instead of the sensor's own",
    );
    let wear_day = ParameterSpec::optional(
        "wear_day",
        ParameterKind::Number,
        "days the first sensor has been worn at the start; drawn when absent",
    );
    let replaced =
        ParameterSpec::optional("replaced", ParameterKind::Flag, "whether a new sensor follows one that has ended");
    DeviceKind::new(KIND, about, WornSensor::spawn)
        .needs(needs_glucose)
        .option(sensor.default(CGM_MODELS[0]))
        .option(warm_up.range(0.0, 24.0 * 3_600e9))
        .option(wear_day.range(0.0, 15.0))
        .option(replaced.default("true"))
        .watch(When::Every(Span::from_secs(60)), WornSensor::watch_glucose)
        .watch(When::Speaking, WornSensor::watch_alarms)
        .values("glucose", glucose_about, 300_000, &glucose, WornSensor::say_glucose)
        .event(STATUS, "warm_up, operating, sensor_ended", &status)
        .alarms("urgent low (below 55 mg/dL), low (below 70), high (above 250), signal loss (20 min), at start and end")
        .register(registry);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worn(name: &str, age_min: u64) -> WornSensor {
        let model = CgmModel::find(name).unwrap();
        let keys = SensorKeys { seed: 1, path: "a/1/cgm".to_owned() };
        WornSensor::new(Cgm::worn(model.clone(), keys.of(0), age_min, 120.0), model, true, keys)
    }

    #[test]
    fn the_trend_is_the_slope_of_fifteen_minutes() {
        let mut sensor = worn("ideal", 10);
        for minute in 0..16 {
            assert_eq!(sensor.trend_mg_dl_min(), None, "minute {minute}");
            sensor.wear_minute(120.0 + 2.0 * f64::from(minute), 0.0);
        }
        assert!((sensor.trend_mg_dl_min().unwrap() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_sensor_that_has_ended_is_replaced_and_warms_up() {
        let mut sensor = worn("g6", 14_400);
        let (mut ended, mut warming) = (0, 0);
        for _ in 0..200 {
            sensor.wear_minute(120.0, 0.0);
            sensor.replace(120.0);
            ended += u32::from(sensor.status() == "sensor_ended");
            warming += u32::from(sensor.status() == "warm_up");
        }
        assert_eq!((ended, warming, sensor.number), (29, 120, 1));
        assert_eq!(sensor.status(), "operating");
        let mut kept = worn("g6", 14_400);
        kept.replaced = false;
        for _ in 0..200 {
            kept.wear_minute(120.0, 0.0);
            kept.replace(120.0);
        }
        assert_eq!(kept.status(), "sensor_ended");
    }
}

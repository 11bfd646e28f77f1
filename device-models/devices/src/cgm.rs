//! Continuous glucose monitor: a sensor under the skin that warms up, drifts, is lain upon and ends, with its alarms.
//!
//! The sensor is [`crate::sensors::cgm::Cgm`]; this device wears one after the other and puts readings into messages.
//! What lies outside 40 to 400 mg/dL is told as `low` or `high`, never as a clipped number.

mod alarms;

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Cast, Clock, DevicePlan, DeviceSpec, Evidence, Key, MessageBuilder, ParameterKind, ParameterSpec, Phase,
    Purpose, Registry, SimId, SpawnError, StreamKind, StreamSpec,
};
use vocabulary::{Dimension, Quality, Reading, metrics};

use self::alarms::GlucoseAlarms;
use super::alarm;
use crate::device::{Device, Quiet};
use crate::sensors::cgm::{CGM_MODELS, Cgm, CgmModel, CgmReading};
use crate::sensors::compression::Compressions;
use patients::glycaemia::{Glycaemia, Minute};

pub(crate) const KIND: &str = "cgm";
const GLUCOSE: usize = 0;
const STATUS: usize = 1;
const ALARM: usize = 2;

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
    told: Option<&'static str>,
    alarms: GlucoseAlarms,
    /// What was sensed in the last minutes, the latest last; empty where nothing could be told.
    last: [Option<f64>; TREND_MIN + 1],
    /// Minutes without a reading.
    silent_min: u32,
    /// Whether glucose is sent; alarms then go with it.
    speaks: bool,
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
    fn replace(&mut self, interstitial_mg_dl: f64, key: impl FnOnce(u32) -> Key) {
        let ended_min = self.sensor.age_min().saturating_sub((self.model.life_days * 1_440.0) as u64);
        if self.replaced && self.sensor.reading() == CgmReading::Ended && ended_min >= CHANGE_MIN {
            self.number += 1;
            self.sensor = Cgm::worn(self.model.clone(), key(self.number), 0, interstitial_mg_dl);
            self.last = [None; TREND_MIN + 1];
        }
    }

    /// Slope over the last minutes [mg/dL/min].
    fn trend_mg_dl_min(&self) -> Option<f64> {
        Some((self.last[TREND_MIN]? - self.last[0]?) / TREND_MIN as f64)
    }

    fn say_glucose(&self, message: &mut MessageBuilder<'_>) {
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

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let refuse = |reason: String| SpawnError { path: plan.path.clone(), reason };
    let Some(glycaemia) = world.get::<Glycaemia>(patient) else {
        return Err(refuse("the patient has no glucose; choose a diabetic model or set `glucose`".to_owned()));
    };
    let interstitial_mg_dl = glycaemia.metabolism().interstitial_mg_dl();
    let name = plan.options.text("sensor").unwrap_or(CGM_MODELS[0]);
    let mut model = CgmModel::find(name).ok_or_else(|| refuse(format!("no sensor `{name}` in the table")))?;
    if let Some(warm_up_ns) = plan.options.number("warm_up") {
        model.warm_up_min = (warm_up_ns / 60e9) as u64;
    }
    let device = Device::from_plan(world, id, plan, patient);
    let drawn_days = model.life_days * device.key.uniform(WEAR, 0);
    let age_min = (plan.options.number("wear_day").unwrap_or(drawn_days) * 1_440.0) as u64;
    let seed = world.resource::<Cast>().0.seed;
    let sensor = Cgm::worn(model.clone(), sensor_key(seed, &plan.path, 0), age_min, interstitial_mg_dl);
    let worn = WornSensor {
        sensor,
        model,
        number: 0,
        replaced: plan.options.flag("replaced").unwrap_or(true),
        told: None,
        alarms: GlucoseAlarms::default(),
        last: [None; TREND_MIN + 1],
        silent_min: 0,
        speaks: plan.streams.iter().any(|stream| stream.kind_index == GLUCOSE),
        compressed: false,
    };
    Ok(world.spawn((device, worn, Compressions::default())).id())
}

/// Key of the draws of the sensor with this number of the device at a path: each sensor has a calibration of its own.
fn sensor_key(seed: u64, path: &str, number: u32) -> Key {
    Key::new(seed, &format!("{path}/sensor/{number}"))
}

/// Every sensor senses the minute that ended; changes of state are told.
fn wear_sensors(
    clock: Res<Clock>,
    cast: Res<Cast>,
    patients: Query<&Glycaemia>,
    mut devices: Query<(&mut Device, &mut WornSensor, &Compressions)>,
    mut assembly: ResMut<Assembly>,
) {
    let Some(minute) = Minute::beginning(&clock) else { return };
    for (mut device, mut worn, compressions) in &mut devices {
        let Ok(glycaemia) = patients.get(device.patient) else { continue };
        let interstitial_mg_dl = glycaemia.metabolism().interstitial_mg_dl();
        if minute.index > 0 {
            worn.wear_minute(interstitial_mg_dl, compressions.drop_mg_dl());
            let Cast(roster) = &*cast;
            let path = &roster.devices[device.id.index()].path;
            worn.replace(interstitial_mg_dl, |number| sensor_key(roster.seed, path, number));
        }
        let status = worn.status();
        if worn.told != Some(status) {
            worn.told = Some(status);
            if let Some(due) = device.event(STATUS, clock.now) {
                device
                    .say(&due, &clock, &mut assembly)
                    .reading(Reading::code(metrics::DEVICE_STATUS, status))
                    .reading(worn.run_time());
            }
        }
        if !worn.speaks && minute.index % LOOK_MIN == 0 {
            look_at_alarms(&clock, &mut device, &mut worn, &mut assembly);
        }
    }
}

fn look_at_alarms(clock: &Clock, device: &mut Device, worn: &mut WornSensor, assembly: &mut Assembly) {
    for event in worn.alarms.look(worn.sensor.reading(), worn.silent_min) {
        alarm::say(event, ALARM, device, clock, assembly);
    }
}

fn report_sensors(
    clock: Res<Clock>,
    mut quiet: Local<Quiet>,
    mut devices: Query<(&mut Device, &mut WornSensor, &Compressions)>,
    mut assembly: ResMut<Assembly>,
    mut evidence: ResMut<Evidence>,
) {
    if quiet.holds(&clock) {
        return;
    }
    for (mut device, mut worn, compressions) in &mut devices {
        while let Some(due) = device.take_due(&clock) {
            worn.say_glucose(&mut device.say(&due, &clock, &mut assembly));
            if worn.compressed {
                evidence.add_all(compressions.acting(), "readings_changed", 1);
            }
            look_at_alarms(&clock, &mut device, &mut worn, &mut assembly);
        }
        quiet.until(&device);
    }
}

/// Adds the monitor.
pub fn register(registry: &mut Registry) {
    let event = |id, about, metrics| StreamSpec { id, about, kind: StreamKind::Event, metrics };
    registry.add(patients::needs_glucose(KIND));
    registry.add(DeviceSpec {
        kind: KIND,
        about: "continuous glucose monitor with warm-up, drift, compression lows, an end and alarms",
        streams: vec![
            StreamSpec {
                id: "glucose",
                about: "glucose, its trend over 15 min, and the sensor's hours of wear",
                kind: StreamKind::Numeric { period_ms: 300_000 },
                metrics: &[metrics::GLUCOSE_ISF, metrics::GLUCOSE_TREND, metrics::CGM_RUN_TIME],
            },
            event("status", "warm_up, operating, sensor_ended", &[metrics::DEVICE_STATUS, metrics::CGM_RUN_TIME]),
            event(
                "alarm",
                "urgent low (below 55 mg/dL), low (below 70), high (above 250), signal loss (20 min), at start and end",
                alarm::METRICS,
            ),
        ],
        options: vec![
            ParameterSpec::optional("sensor", ParameterKind::Choice(CGM_MODELS), "whose errors, warm-up and life")
                .default(CGM_MODELS[0]),
            ParameterSpec::optional(
                "warm_up",
                ParameterKind::Quantity(Dimension::Time),
                "time before the first reading instead of the sensor's own",
            )
            .range(0.0, 24.0 * 3_600e9),
            ParameterSpec::optional(
                "wear_day",
                ParameterKind::Number,
                "days the first sensor has been worn at the start; drawn when absent",
            )
            .range(0.0, 15.0),
            ParameterSpec::optional("replaced", ParameterKind::Flag, "whether a new sensor follows one that has ended")
                .default("true"),
        ],
        commands: Vec::new(),
        obey: None,
        spawn,
    });
    registry.add_system(Phase::Sample, wear_sensors);
    registry.add_system(Phase::Sample, report_sensors);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worn(name: &str, age_min: u64) -> WornSensor {
        let model = CgmModel::find(name).unwrap();
        WornSensor {
            sensor: Cgm::worn(model.clone(), Key::new(1, "a/1/cgm/sensor/0"), age_min, 120.0),
            model,
            number: 0,
            replaced: true,
            told: None,
            alarms: GlucoseAlarms::default(),
            last: [None; TREND_MIN + 1],
            silent_min: 0,
            speaks: true,
            compressed: false,
        }
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
            sensor.replace(120.0, |number| Key::new(1, &format!("a/1/cgm/sensor/{number}")));
            ended += u32::from(sensor.status() == "sensor_ended");
            warming += u32::from(sensor.status() == "warm_up");
        }
        assert_eq!((ended, warming, sensor.number), (29, 120, 1));
        assert_eq!(sensor.status(), "operating");
        let mut kept = worn("g6", 14_400);
        kept.replaced = false;
        for _ in 0..200 {
            kept.wear_minute(120.0, 0.0);
            kept.replace(120.0, |_| Key::new(1, "never"));
        }
        assert_eq!(kept.status(), "sensor_ended");
    }
}

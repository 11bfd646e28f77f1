//! Wristband: pulse rate, saturation, skin temperature and conductance, steps and activity, on demand acceleration and
//! the light of the skin; and an alarm when its wearer falls.

mod light;

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, DevicePlan, DeviceSpec, GRID, Key, Phase, Purpose, Registry, SimId, SimTime, Span, SpawnError,
    StreamKind, StreamSpec,
};
use vocabulary::{MetricId, Quality, Reading, metrics};

use self::light::{COUNTS_RANGE, WristLight};
use super::alarm::{self, AlarmEvent};
use super::announcement::Announcement;
use super::battery::Battery;
use super::pulse_oximeter::FingerProbe;
use crate::device::{Chunk, Device};
use crate::sensors::{averages, quantise};
use patients::activity::Activity;
use patients::{Person, Physiology};
use physiology::Body;
use physiology::activity::{Acceleration, Day, Placement, SkinConductance, SkinTemperature, SkinTemperatureSite};

/// Name of the kind; whoever wears one lives an active day.
pub const KIND: &str = patients::activity::WRISTBAND;

const PULSE: usize = 0;
const SATURATION: usize = 1;
const SKIN: usize = 2;
const STEPS: usize = 3;
const ACCELEROMETER: usize = 4;
const PPG: usize = 5;
const ALARM: usize = 6;
const STATUS: usize = 7;

/// Value of a count [m/s2], range [m/s2] and standard gravity [m/s2] of the accelerometer: 8 g.
const ACCELERATION_GAIN: f64 = 0.01;
const ACCELERATION_RANGE: (f32, f32) = (-78.0, 78.0);
const STANDARD_GRAVITY_M_S2: f32 = 9.806_65;

/// Errors of the pulse rate at rest and in motion [/min]; Bent et al., npj Digit Med 2020;3:18: mean absolute errors of
/// wristbands are some 30 % higher in activity and reach 14 /min.
const RATE_ERROR_BPM: (f64, f64) = (1.5, 6.0);
/// Additional error of a saturation by reflected light [%].
const SATURATION_ERROR_PERCENT: f64 = 1.2;
/// Spread of step counters between wearers: 2 %.
const COUNTING_ERROR: f64 = 0.02;
/// Length of a step as a part of the body height (walking; a common rule of pedometers).
const STEP_LENGTH: f64 = 0.414;
/// Room temperature [Cel].
const ROOM_C: f64 = 23.0;
/// Falls that the band notices; detectors on the wrist find some nine of ten.
const NOTICED_FALLS: f64 = 0.92;
/// The band waits for stillness after an impact before it raises the alarm.
const STILLNESS: Span = Span::from_secs(10);

const RATE_ERROR: Purpose = Purpose::new("wearable.rate");
const SATURATION_ERROR: Purpose = Purpose::new("wearable.saturation");
const COUNTING: Purpose = Purpose::new("wearable.steps");
const NOTICED: Purpose = Purpose::new("wearable.fall");

const STEPS_PER_SECOND: i64 = 10;
const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// State of a wristband.
#[derive(Debug, Clone, Component)]
pub struct Wearable {
    skin: SkinTemperature,
    conductance: SkinConductance,
    light: WristLight,
    height_m: f64,
    counting: f64,
    /// Steps that the wearer had made at the last midnight, and that day.
    steps_at_midnight: u64,
    today: i64,
    /// Bout of the last fall that was looked at.
    fall_seen: Option<u64>,
}

/// Room to work in.
#[derive(Debug, Clone, Default, Resource)]
struct Workshop {
    scratch: Vec<f32>,
    felt: Vec<Acceleration>,
}

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let refused = |reason: &str| SpawnError { path: plan.path.clone(), reason: reason.to_owned() };
    let device = Device::from_plan(world, id, plan, patient);
    let roster = &world.resource::<sim_core::Cast>().0;
    let height_cm = patients::build_of_wearer(roster, plan).map_or(170.0, |build| build.height_cm);
    let Some(Physiology(body)) = world.get::<Physiology>(patient) else {
        return Err(refused("the patient model has no physiology"));
    };
    if world.get::<Activity>(patient).is_none() {
        return Err(refused("who wears a wristband lives a day; `activity` must not be \"none\""));
    }
    let wearable = Wearable {
        skin: SkinTemperature::new(SkinTemperatureSite::Wrist, body.core.vitals().temperature_c),
        conductance: SkinConductance::new(device.key),
        light: WristLight::new(device.key),
        height_m: height_cm / 100.0,
        counting: 1.0 + COUNTING_ERROR * device.key.normal(COUNTING, 0).clamp(-2.5, 2.5),
        steps_at_midnight: 0,
        today: day_of(roster.start_epoch_ns, SimTime::ZERO),
        fall_seen: None,
    };
    let probe = FingerProbe::new(device.key, body);
    let battery = Battery::new(device.key);
    Ok(world.spawn((device, wearable, probe, battery, Announcement(STATUS))).id())
}

/// Number of the local day at an instant.
fn day_of(start_epoch_ns: i64, at: SimTime) -> i64 {
    (start_epoch_ns + at.nanos()).div_euclid(NANOS_PER_DAY)
}

impl Wearable {
    /// Lets the skin follow the body for a second that ends with this grid step.
    fn follow_second(&mut self, body: &Body) {
        let state = body.core.state();
        let sympathetic = state.sympathetic.max(0.0);
        self.skin.advance(1.0, body.core.vitals().temperature_c, sympathetic, ROOM_C);
        self.conductance.advance_second(0.5 * sympathetic + state.exercise);
    }

    /// Steps counted since midnight, up to an instant of the last few bouts.
    fn steps_today(&mut self, wearer: &Day, clock: &Clock, at: SimTime) -> f64 {
        let today = day_of(clock.start_epoch_ns, at);
        if today != self.today {
            self.today = today;
            let midnight = SimTime::from_nanos(today * NANOS_PER_DAY - clock.start_epoch_ns);
            self.steps_at_midnight = wearer.steps(midnight);
        }
        libm::floor((wearer.steps(at) - self.steps_at_midnight) as f64 * self.counting)
    }

    /// Whether the alarm of a fall is raised now: once a fall, if the band notices it.
    fn fall_alarm(&mut self, activity: &Activity, band: Key, now: SimTime) -> bool {
        let bout = activity.bout_at(now);
        if !bout.falls || self.fall_seen == Some(bout.index) || now < bout.start + STILLNESS {
            return false;
        }
        self.fall_seen = Some(bout.index);
        band.uniform(NOTICED, bout.index) < NOTICED_FALLS
    }
}

/// Lets skins follow and looks for falls.
fn watch_wearers(
    clock: Res<Clock>,
    patients: Query<(&Physiology, &Activity)>,
    mut devices: Query<(&mut Device, &mut Wearable)>,
    mut assembly: ResMut<Assembly>,
) {
    if (clock.now.nanos() / GRID.nanos()) % STEPS_PER_SECOND != 0 {
        return;
    }
    for (mut device, mut wearable) in &mut devices {
        let Ok((Physiology(body), activity)) = patients.get(device.patient) else { continue };
        wearable.follow_second(body);
        if wearable.fall_alarm(activity, device.key, clock.now) {
            let fall = AlarmEvent::start(("fall", "high"));
            alarm::say(fall, ALARM, &mut device, &clock, &mut assembly);
        }
    }
}

fn report_wearables(
    clock: Res<Clock>,
    mut workshop: ResMut<Workshop>,
    patients: Query<(&Physiology, &Activity, &Person)>,
    mut devices: Query<(&mut Device, &mut Wearable, &FingerProbe)>,
    mut assembly: ResMut<Assembly>,
) {
    let workshop = &mut *workshop;
    for (mut device, mut wearable, probe) in &mut devices {
        if !device.is_due(&clock) {
            continue;
        }
        let Ok((Physiology(body), activity, person)) = patients.get(device.patient) else { continue };
        while let Some(due) = device.take_due(&clock) {
            let mut message = device.say(&due, &clock, &mut assembly);
            match (due.kind_index, due.chunk) {
                (PULSE | SATURATION, _) => {
                    let moves = activity.moves_at(due.intended);
                    let seen = Seen { body, moves, at: due.intended, key: device.key, index: due.sequence };
                    message.reading(if due.kind_index == PULSE {
                        seen.pulse(metrics::PR)
                    } else {
                        seen.saturation(probe, metrics::SPO2)
                    });
                }
                (SKIN, _) => {
                    let conductance_us = wearable.conductance.microsiemens(due.intended);
                    message
                        .reading(Reading::number(metrics::TEMP_SKIN, wearable.skin.celsius()))
                        .reading(Reading::number(metrics::EDA, conductance_us));
                }
                (STEPS, _) => {
                    let steps = wearable.steps_today(activity.day(), &clock, due.intended);
                    let bout = activity.bout_at(due.intended);
                    message
                        .reading(Reading::number(metrics::STEPS, steps))
                        .reading(Reading::number(metrics::DISTANCE, steps * STEP_LENGTH * wearable.height_m))
                        .reading(Reading::code(metrics::ACTIVITY, bout.behaviour.name()))
                        .reading(Reading::number(metrics::ACTIVITY_INTENSITY, 100.0 * bout.effort.min(1.0)));
                }
                (ACCELEROMETER, Some(chunk)) => {
                    feel(activity, person.key, device.key, &chunk, &mut workshop.felt);
                    let axes: [fn(&Acceleration) -> f32; 3] = [|felt| felt.x_g, |felt| felt.y_g, |felt| felt.z_g];
                    for (metric, axis) in [metrics::ACC_X, metrics::ACC_Y, metrics::ACC_Z].into_iter().zip(axes) {
                        let scratch = &mut workshop.scratch;
                        scratch.clear();
                        scratch.extend(workshop.felt.iter().map(|felt| STANDARD_GRAVITY_M_S2 * axis(felt)));
                        let head = chunk.head(&clock, metric, ACCELERATION_GAIN, 0.0, Quality::Ok);
                        message.wave(head, |samples, _| {
                            quantise(scratch, ACCELERATION_GAIN as f32, 0.0, ACCELERATION_RANGE, samples);
                        });
                    }
                }
                (PPG, Some(chunk)) => {
                    feel(activity, person.key, device.key, &chunk, &mut workshop.felt);
                    for (colour, metric) in [metrics::PPG_GREEN, metrics::PPG_IR].into_iter().enumerate() {
                        let scratch = &mut workshop.scratch;
                        wearable.light.counts(colour, body, &chunk, &workshop.felt, scratch);
                        let head = chunk.head(&clock, metric, 1.0, 0.0, Quality::Ok);
                        message.wave(head, |samples, _| quantise(scratch, 1.0, 0.0, COUNTS_RANGE, samples));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Accelerations of the samples of a chunk.
fn feel(activity: &Activity, wearer: Key, sensor: Key, chunk: &Chunk, felt: &mut Vec<Acceleration>) {
    felt.clear();
    felt.extend((0..chunk.samples).map(|offset| {
        let (index, at) = (chunk.first_index + offset as u64, chunk.instant(offset));
        Acceleration::of_sample(activity.day(), wearer, sensor, Placement::Wrist, index, at)
    }));
}

/// What the light of the band sees for one message.
struct Seen<'a> {
    body: &'a Body,
    moves: bool,
    at: SimTime,
    key: Key,
    index: u64,
}

impl Seen<'_> {
    fn rate_bpm(&self) -> Option<f64> {
        averages::pulse_rate_bpm(self.body.heart().beats(), self.at)
    }

    fn error(&self, deviation: f64, purpose: Purpose) -> f64 {
        deviation * self.key.normal(purpose, self.index).clamp(-3.0, 3.0)
    }

    fn pulse(&self, metric: MetricId) -> Reading {
        let Some(rate_bpm) = self.rate_bpm() else { return Reading::missing(metric, Quality::NotAvailable) };
        let (deviation_bpm, quality) =
            if self.moves { (RATE_ERROR_BPM.1, Quality::Questionable) } else { (RATE_ERROR_BPM.0, Quality::Ok) };
        let shown_bpm = (rate_bpm + self.error(deviation_bpm, RATE_ERROR)).max(20.0);
        Reading::number(metric, shown_bpm).with_quality(quality)
    }

    /// Reflected light needs a still arm and a pulse.
    fn saturation(&self, probe: &FingerProbe, metric: MetricId) -> Reading {
        if self.moves || self.rate_bpm().is_none() {
            return Reading::missing(metric, Quality::NotAvailable);
        }
        let shown_percent = probe.spo2_percent() + self.error(SATURATION_ERROR_PERCENT, SATURATION_ERROR);
        Reading::number(metric, shown_percent.clamp(0.0, 100.0))
    }
}

/// Adds the wristband.
pub fn register(registry: &mut Registry) {
    registry.add_resource(|world| {
        world.init_resource::<Workshop>();
    });
    let numeric =
        |id, period_ms, about, metrics| StreamSpec { id, about, kind: StreamKind::Numeric { period_ms }, metrics };
    let wave = |id, about, rate_mhz, samples, metrics| StreamSpec {
        id,
        about,
        kind: StreamKind::Wave { rate_mhz, samples, highest_mhz: 100_000 },
        metrics,
    };
    let event = |id, about, metrics| StreamSpec { id, about, kind: StreamKind::Event, metrics };
    registry.add(patients::needs_circulation(KIND));
    registry.add(DeviceSpec {
        kind: KIND,
        about: "wristband of an active person: pulse, saturation, skin, steps, acceleration, falls",
        streams: vec![
            numeric("hr", 10_000, "pulse rate, questionable in motion", &[metrics::PR]),
            numeric("spo2", 60_000, "saturation, only at rest", &[metrics::SPO2]),
            numeric("skin", 60_000, "temperature and conductance of the skin", &[metrics::TEMP_SKIN, metrics::EDA]),
            numeric(
                "steps",
                60_000,
                "steps and distance since midnight, what the wearer is doing",
                &[metrics::STEPS, metrics::DISTANCE, metrics::ACTIVITY, metrics::ACTIVITY_INTENSITY],
            ),
            wave(
                "accelerometer",
                "acceleration at the wrist, gravity included",
                50_000,
                50,
                &[metrics::ACC_X, metrics::ACC_Y, metrics::ACC_Z],
            ),
            wave("ppg", "green and infrared light of the skin", 25_000, 25, &[metrics::PPG_GREEN, metrics::PPG_IR]),
            event("alarm", "ten seconds after a fall", alarm::METRICS),
            event("status", "when switched on", &[metrics::DEVICE_STATUS, metrics::BATTERY]),
        ],
        options: Vec::new(),
        commands: Vec::new(),
        obey: None,
        spawn,
    });
    registry.add_system(Phase::Sample, watch_wearers);
    registry.add_system(Phase::Sample, report_wearables);
}

#[cfg(test)]
mod tests;

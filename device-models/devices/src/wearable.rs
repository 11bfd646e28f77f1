//! Wristband: pulse rate, saturation, skin temperature and conductance, steps and activity, on demand acceleration and
//! the light of the skin; and an alarm when its wearer falls.

mod light;

use bevy_ecs::prelude::*;
use sim_core::{Key, LocalClock, Purpose, Registry, SimTime, Span};
use vocabulary::{MetricId, Quality, Reading, metrics};

use self::light::{COUNTS_RANGE, WristLight};
use super::alarm::AlarmEvent;
use super::pulse_oximeter::FingerProbe;
use crate::device::{Chunk, DeviceKind, DeviceModel, Sampling, Saying, Spawning, Watching, When};
use crate::sensors::{averages, quantise};
use patients::activity::Activity;
use patients::{Person, Physiology, needs_circulation};
use physiology::Body;
use physiology::activity::{Acceleration, Day, Placement, SkinConductance, SkinTemperature, SkinTemperatureSite};

/// Name of the kind; whoever wears one lives an active day.
pub const KIND: &str = patients::activity::WRISTBAND;

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
#[derive(Debug, Clone, Default)]
pub struct Workshop {
    scratch: Vec<f32>,
    felt: Vec<Acceleration>,
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
    fn steps_today(&mut self, wearer: &Day, clock: &LocalClock, at: SimTime) -> f64 {
        let today = clock.day(at);
        if today != self.today {
            self.today = today;
            self.steps_at_midnight = wearer.steps(clock.instant(today * NANOS_PER_DAY));
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

impl DeviceModel for Wearable {
    type Patient = (&'static Physiology, &'static Activity, &'static Person);
    type Parts = &'static FingerProbe;
    type Room = Workshop;
}

impl Wearable {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<(Self, FingerProbe), String> {
        let (key, body) = (spawning.key(), spawning.body()?);
        let Some(activity) = spawning.patient::<Activity>() else {
            return Err("who wears a wristband lives a day; `activity` must not be \"none\"".to_owned());
        };
        let wearable = Self {
            skin: SkinTemperature::new(SkinTemperatureSite::Wrist, body.core.vitals().temperature_c),
            conductance: SkinConductance::new(key),
            light: WristLight::new(key),
            height_m: spawning.build().map_or(170.0, |build| build.height_cm) / 100.0,
            counting: 1.0 + COUNTING_ERROR * key.normal(COUNTING, 0).clamp(-2.5, 2.5),
            steps_at_midnight: 0,
            today: activity.clock().day(SimTime::ZERO),
            fall_seen: None,
        };
        Ok((wearable, FingerProbe::new(key, body)))
    }

    /// Lets the skin follow and looks for falls.
    fn watch_wearer(&mut self, mut watching: Watching<'_, Self>) {
        let Some((Physiology(body), activity, _)) = watching.patient() else { return };
        self.follow_second(body);
        if self.fall_alarm(activity, watching.device().key, watching.clock.now) {
            watching.alarm(AlarmEvent::start(("fall", "high")));
        }
    }

    fn say_pulse(_: &mut Self, mut saying: Saying<'_, Self>) {
        let reading = Seen::of(&saying).pulse(metrics::PR);
        saying.message.reading(reading);
    }

    fn say_saturation(_: &mut Self, mut saying: Saying<'_, Self>) {
        let reading = Seen::of(&saying).saturation(saying.parts, metrics::SPO2);
        saying.message.reading(reading);
    }

    fn say_skin(&mut self, mut saying: Saying<'_, Self>) {
        let conductance_us = self.conductance.microsiemens(saying.due.intended);
        saying
            .message
            .reading(Reading::number(metrics::TEMP_SKIN, self.skin.celsius()))
            .reading(Reading::number(metrics::EDA, conductance_us));
    }

    fn say_steps(&mut self, saying: Saying<'_, Self>) {
        let Saying { due, patient: (_, activity, _), mut message, .. } = saying;
        let steps = self.steps_today(activity.day(), activity.clock(), due.intended);
        let bout = activity.bout_at(due.intended);
        message
            .reading(Reading::number(metrics::STEPS, steps))
            .reading(Reading::number(metrics::DISTANCE, steps * STEP_LENGTH * self.height_m))
            .reading(Reading::code(metrics::ACTIVITY, bout.behaviour.name()))
            .reading(Reading::number(metrics::ACTIVITY_INTENSITY, 100.0 * bout.effort.min(1.0)));
    }

    fn say_acceleration(_: &mut Self, chunk: &Chunk, mut saying: Saying<'_, Self>) {
        feel(&mut saying, chunk);
        let Saying { clock, mut message, room: Workshop { scratch, felt }, .. } = saying;
        let axes: [fn(&Acceleration) -> f32; 3] = [|felt| felt.x_g, |felt| felt.y_g, |felt| felt.z_g];
        for (metric, axis) in [metrics::ACC_X, metrics::ACC_Y, metrics::ACC_Z].into_iter().zip(axes) {
            scratch.clear();
            scratch.extend(felt.iter().map(|felt| STANDARD_GRAVITY_M_S2 * axis(felt)));
            let head = chunk.head(clock, metric, ACCELERATION_GAIN, 0.0, Quality::Ok);
            message.wave(head, |samples, _| {
                quantise(scratch, ACCELERATION_GAIN as f32, 0.0, ACCELERATION_RANGE, samples);
            });
        }
    }

    fn say_light(&mut self, chunk: &Chunk, mut saying: Saying<'_, Self>) {
        feel(&mut saying, chunk);
        let Saying { clock, patient: (Physiology(body), ..), mut message, room: Workshop { scratch, felt }, .. } =
            saying;
        for (colour, metric) in [metrics::PPG_GREEN, metrics::PPG_IR].into_iter().enumerate() {
            self.light.counts(colour, body, chunk, felt, scratch);
            let head = chunk.head(clock, metric, 1.0, 0.0, Quality::Ok);
            message.wave(head, |samples, _| quantise(scratch, 1.0, 0.0, COUNTS_RANGE, samples));
        }
    }
}

/// Accelerations of the samples of a chunk.
fn feel(saying: &mut Saying<'_, Wearable>, chunk: &Chunk) {
    let ((_, activity, person), sensor) = (saying.patient, saying.device.key);
    let felt = &mut saying.room.felt;
    felt.clear();
    felt.extend((0..chunk.samples).map(|offset| {
        let (index, at) = (chunk.first_index + offset as u64, chunk.instant(offset));
        Acceleration::of_sample(activity.day(), person.key, sensor, Placement::Wrist, index, at)
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

impl<'a> Seen<'a> {
    fn of(saying: &Saying<'a, Wearable>) -> Self {
        let (Physiology(body), activity, _) = saying.patient;
        let at = saying.due.intended;
        Self { body, moves: activity.moves_at(at), at, key: saying.device.key, index: saying.due.sequence }
    }

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
    let about = "wristband of an active person: pulse, saturation, skin, steps, acceleration, falls";
    let steps_about = "steps and distance since midnight, what the wearer is doing";
    let steps = [metrics::STEPS, metrics::DISTANCE, metrics::ACTIVITY, metrics::ACTIVITY_INTENSITY];
    let skin = [metrics::TEMP_SKIN, metrics::EDA];
    let axes = [metrics::ACC_X, metrics::ACC_Y, metrics::ACC_Z];
    let light = [metrics::PPG_GREEN, metrics::PPG_IR];
    let sampling = |rate_mhz, samples| Sampling { rate_mhz, samples, highest_mhz: 100_000 };
    let (fast, slow) = (sampling(50_000, 50), sampling(25_000, 25));
    DeviceKind::new(KIND, about, Wearable::spawn)
        .needs(needs_circulation)
        .watch(When::Every(Span::from_secs(1)), Wearable::watch_wearer)
        .values("hr", "pulse rate, questionable in motion", 10_000, &[metrics::PR], Wearable::say_pulse)
        .values("spo2", "saturation, only at rest", 60_000, &[metrics::SPO2], Wearable::say_saturation)
        .values("skin", "temperature and conductance of the skin", 60_000, &skin, Wearable::say_skin)
        .values("steps", steps_about, 60_000, &steps, Wearable::say_steps)
        .samples(
            "accelerometer",
            "acceleration at the wrist, gravity included",
            fast,
            &axes,
            Wearable::say_acceleration,
        )
        .samples("ppg", "green and infrared light of the skin", slow, &light, Wearable::say_light)
        .alarms("ten seconds after a fall")
        .announced()
        .register(registry);
}

#[cfg(test)]
mod tests;

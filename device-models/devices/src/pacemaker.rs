//! Implanted pacemaker seen by its home monitor: share of paced beats, battery, lead, and alarms when pulses no longer
//! capture or the battery nears its end.
//!
//! Whether and how the heart is paced is the patient's rhythm (`paced_vvi`, `paced_ddd`, with `capture` and `sense`).

use bevy_ecs::prelude::*;
use sim_core::{Clock, GRID, Key, ParameterKind, ParameterSpec, Purpose, Registry, SimTime};
use vocabulary::{Dimension, Reading, metrics};

use super::alarm::AlarmEvent;
use crate::device::{DeviceKind, DeviceModel, Saying, Spawning, Watching, When};
use patients::{Physiology, needs_circulation};
use physiology::{BeatKind, Body, RhythmKind};

/// Runtime of a new battery [months], the usual ten years.
const LONGEVITY_MONTHS: f64 = 120.0;
const SECONDS_PER_MONTH: f64 = 30.44 * 86_400.0;
/// Voltage of a new and of an empty battery, and of one at the knee of its curve [V]; lithium and carbon monofluoride
/// keep the voltage until the knee.
const FULL_V: f64 = 2.80;
const KNEE_V: f64 = 2.72;
const EMPTY_V: f64 = 2.50;
const KNEE_PERCENT: f64 = 15.0;
/// Voltage of the elective replacement indicator [V].
const REPLACEMENT_V: f64 = 2.6;

/// Impedance of a lead and its spread between patients and from one measurement to the next [Ohm].
const IMPEDANCE_OHM: f64 = 620.0;
const PATIENT_OHM: f64 = 80.0;
const MEASUREMENT_OHM: f64 = 8.0;

/// Weight of the latest pulse in the running share of pulses that miss; the alarm begins at the first bound and ends at
/// the second.
const LATEST_PULSE: f64 = 0.08;
const MISSED: (f64, f64) = (0.25, 0.08);

const LEAD: Purpose = Purpose::new("pacemaker.lead");
const MEASUREMENT: Purpose = Purpose::new("pacemaker.impedance");

/// State of a pacemaker.
#[derive(Debug, Clone, Component)]
pub struct Pacemaker {
    battery_percent: f64,
    beats: u64,
    paced: u64,
    /// Running share of pulses that do not capture.
    missed: f64,
    capture_lost: bool,
    replacement_told: bool,
}

impl Pacemaker {
    const fn new(battery_percent: f64) -> Self {
        Self { battery_percent, beats: 0, paced: 0, missed: 0.0, capture_lost: false, replacement_told: false }
    }

    /// Counts the beats and the pulses of a grid step.
    fn count(&mut self, body: &Body, clock: &Clock) {
        let step = clock.now.nanos()..clock.end.nanos();
        let beats = body.heart().beats();
        let first = beats.partition_point(|beat| beat.r_ns < step.start);
        for beat in beats[first..].iter().take_while(|beat| beat.r_ns < step.end) {
            self.beats += 1;
            if beat.kind == BeatKind::Paced {
                self.paced += 1;
                self.missed -= LATEST_PULSE * self.missed;
            }
        }
        let pulses = body.heart().marks().iter().filter(|mark| mark.code == '^' && step.contains(&mark.at_ns));
        for _ in pulses {
            self.missed += LATEST_PULSE * (1.0 - self.missed);
        }
    }

    /// Charge at an instant [%].
    fn charge_percent(&self, at: SimTime) -> f64 {
        (self.battery_percent - 100.0 * at.seconds() / (LONGEVITY_MONTHS * SECONDS_PER_MONTH)).max(0.0)
    }

    /// Share of paced beats since the last message [%]; begins anew.
    fn take_paced_percent(&mut self) -> Option<f64> {
        let (beats, paced) = (std::mem::take(&mut self.beats), std::mem::take(&mut self.paced));
        (beats > 0).then(|| 100.0 * paced as f64 / beats as f64)
    }

    /// Whether the alarm of pulses that miss begins or ends.
    fn capture_changes(&mut self) -> Option<bool> {
        let lost = if self.capture_lost { self.missed > MISSED.1 } else { self.missed > MISSED.0 };
        (lost != self.capture_lost).then(|| {
            self.capture_lost = lost;
            lost
        })
    }
}

/// Voltage of a battery at a charge [%].
fn voltage_v(charge_percent: f64) -> f64 {
    if charge_percent > KNEE_PERCENT {
        KNEE_V + (FULL_V - KNEE_V) * (charge_percent - KNEE_PERCENT) / (100.0 - KNEE_PERCENT)
    } else {
        EMPTY_V + (KNEE_V - EMPTY_V) * charge_percent / KNEE_PERCENT
    }
}

fn impedance_ohm(implant: Key, index: u64) -> f64 {
    IMPEDANCE_OHM
        + PATIENT_OHM * implant.normal(LEAD, 0).clamp(-2.5, 2.5)
        + MEASUREMENT_OHM * implant.normal(MEASUREMENT, index)
}

impl DeviceModel for Pacemaker {
    type Patient = &'static Physiology;
    type Parts = ();
    type Room = ();
}

impl Pacemaker {
    fn spawn(spawning: &mut Spawning<'_>) -> Self {
        Self::new(spawning.plan.options.number("battery").unwrap_or(80.0))
    }

    fn watch_beats(&mut self, mut watching: Watching<'_, Self>) {
        let Some(Physiology(body)) = watching.patient() else { return };
        self.count(body, watching.clock);
        if let Some(lost) = self.capture_changes() {
            watching.alarm(AlarmEvent::edge(("loss_of_capture", "high"), lost));
        }
        if !self.replacement_told && voltage_v(self.charge_percent(watching.clock.now)) <= REPLACEMENT_V {
            self.replacement_told = true;
            watching.alarm(AlarmEvent::start(("battery_eri", "low")));
        }
    }

    fn say_status(&mut self, saying: Saying<'_, Self>) {
        let Saying { device, due, patient: Physiology(body), mut message, .. } = saying;
        let charge_percent = self.charge_percent(due.intended);
        let mode = if body.heart().rhythm().kind == RhythmKind::PacedBoth { "DDD" } else { "VVI" };
        message.reading(Reading::code(metrics::PM_MODE, mode));
        if let Some(paced_percent) = self.take_paced_percent() {
            message.reading(Reading::number(metrics::PM_PACED_RV, paced_percent));
        }
        message
            .reading(Reading::number(metrics::PM_BATT_PCT, charge_percent))
            .reading(Reading::number(metrics::PM_BATT_V, voltage_v(charge_percent)))
            .reading(Reading::number(metrics::PM_BATT_LONGEVITY, LONGEVITY_MONTHS * charge_percent / 100.0))
            .reading(Reading::number(metrics::PM_LEAD_IMP_RV, impedance_ohm(device.key, due.sequence)));
    }
}

/// Adds the pacemaker.
pub fn register(registry: &mut Registry) {
    let about = "implanted pacemaker with a home monitor, for patients with a paced rhythm";
    let status_about = "mode, share of paced beats since the message before, battery, ventricular lead";
    let status = [
        metrics::PM_MODE,
        metrics::PM_PACED_RV,
        metrics::PM_BATT_PCT,
        metrics::PM_BATT_V,
        metrics::PM_BATT_LONGEVITY,
        metrics::PM_LEAD_IMP_RV,
    ];
    let battery =
        ParameterSpec::optional("battery", ParameterKind::Quantity(Dimension::Percent), "charge at the start");
    DeviceKind::new("pacemaker", about, |spawning| Ok(Pacemaker::spawn(spawning)))
        .needs(needs_circulation)
        .option(battery.default("80 %").range(0.0, 100.0))
        .watch(When::Every(GRID), Pacemaker::watch_beats)
        .values("status", status_about, 86_400_000, &status, Pacemaker::say_status)
        .alarms("pulses that do not capture, at start and end; the battery's replacement indicator")
        .register(registry);
}

#[cfg(test)]
mod tests {
    use sim_core::GRID;

    use super::*;
    use physiology::{Build, Pacing, Rhythm, Sex};

    /// Paced share and alarms of ten minutes with this share of pulses that capture.
    fn live(capture: f64) -> (f64, Vec<bool>) {
        let build = Build { weight_kg: 70.0, height_cm: 170.0, age_years: 78.0, sex: Sex::Female };
        let mut body = Body::new(&build, Key::new(3, "home/1"), &[], 8_000_000_000);
        let usual = Rhythm::usual(RhythmKind::PacedVentricle);
        body.set_rhythm(Rhythm { pacing: Pacing { capture, sense: 1.0 }, ..usual });
        let mut pacemaker = Pacemaker::new(80.0);
        let mut alarms = Vec::new();
        for step in 0..6_000 {
            body.step();
            let now = SimTime::from_nanos(step * GRID.nanos());
            pacemaker.count(&body, &Clock { now, end: now + GRID, start_epoch_ns: 0 });
            alarms.extend(pacemaker.capture_changes());
        }
        (pacemaker.take_paced_percent().unwrap_or_default(), alarms)
    }

    #[test]
    fn who_is_paced_is_told_and_who_is_not_captured_alarms() {
        let (paced_percent, alarms) = live(1.0);
        assert!(paced_percent > 90.0, "{paced_percent}");
        assert!(alarms.is_empty());
        let (failing_percent, alarms) = live(0.4);
        assert!(failing_percent < paced_percent);
        assert_eq!(alarms.first(), Some(&true));
    }

    #[test]
    fn the_voltage_keeps_up_until_the_knee() {
        assert!((voltage_v(100.0) - 2.8).abs() < 1e-9 && (voltage_v(0.0) - 2.5).abs() < 1e-9);
        assert!((voltage_v(15.0) - voltage_v(15.000_001)).abs() < 1e-6);
        assert!(voltage_v(10.0) > REPLACEMENT_V && voltage_v(6.0) < REPLACEMENT_V);
        assert!((0..100).all(|percent| voltage_v(f64::from(percent)) < voltage_v(f64::from(percent + 1))));
    }
}

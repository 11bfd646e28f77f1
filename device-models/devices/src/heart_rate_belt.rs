//! Heart-rate belt: the rate and the intervals between beats from two electrodes around the chest.

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, DevicePlan, DeviceSpec, Evidence, Phase, Registry, SimId, SimTime, SpawnError, StreamKind,
    StreamSpec,
};
use vocabulary::{Quality, Reading, metrics};

use super::battery::Battery;
use crate::device::Device;
use crate::sensors::averages;
use crate::sensors::lead_off::{Contact, LeadsOff};
use patients::Physiology;
use physiology::Beat;

const HEART_RATE: usize = 0;
const STATUS: usize = 1;

/// Most intervals in one message: a message a second at 240 /min. A slower stream tells the latest.
const INTERVALS: usize = 4;
/// A pause longer than this is none of the intervals that belts tell [ns]; the usual ones report up to 3 s.
const LONGEST_INTERVAL_NS: i64 = 3_000_000_000;

/// State of a belt.
#[derive(Debug, Clone, Component)]
pub struct HeartRateBelt {
    /// Instant of the last message; later beats have not been told.
    told_until: SimTime,
    /// Last rate computed, shown on while the belt does not notice that it lost contact.
    heart_rate_bpm: Option<f64>,
    contact: Option<bool>,
}

#[expect(clippy::unnecessary_wraps, reason = "the registry's signature lets a device refuse")]
fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let device = Device::from_plan(world, id, plan, patient);
    let belt = HeartRateBelt { told_until: SimTime::ZERO, heart_rate_bpm: None, contact: None };
    let battery = Battery::new(device.key);
    Ok(world.spawn((device, belt, battery, LeadsOff::default())).id())
}

const fn status_code(contact: bool) -> &'static str {
    if contact { "operating" } else { "lead_off" }
}

/// Intervals in milliseconds that ended after `after` and not later than `until`, oldest first: the last few of them.
fn intervals_ms(beats: &[Beat], after: SimTime, until: SimTime) -> impl Iterator<Item = f64> {
    let first = beats.partition_point(|beat| beat.r_ns <= after.nanos());
    let last = beats.partition_point(|beat| beat.r_ns <= until.nanos());
    let fresh = &beats[first..last.max(first)];
    fresh[fresh.len().saturating_sub(INTERVALS)..]
        .iter()
        .filter(|beat| beat.rr_ns <= LONGEST_INTERVAL_NS)
        .map(|beat| beat.rr_ns as f64 / 1e6)
}

fn report_belts(
    clock: Res<Clock>,
    patients: Query<&Physiology>,
    mut devices: Query<(&mut Device, &mut HeartRateBelt, &Battery, &LeadsOff)>,
    mut assembly: ResMut<Assembly>,
    mut evidence: ResMut<Evidence>,
) {
    for (mut device, mut belt, battery, leads_off) in &mut devices {
        let touching = leads_off.contact(metrics::HR, clock.now) != Contact::KnownOff;
        if belt.contact != Some(touching) {
            belt.contact = Some(touching);
            if let Some(due) = device.event(STATUS, clock.now) {
                device
                    .say(&due, &clock, &mut assembly)
                    .reading(Reading::code(metrics::DEVICE_STATUS, status_code(touching)))
                    .reading(Reading::number(metrics::BATTERY, battery.percent(clock.now)));
            }
        }
        if !device.is_due(&clock) {
            continue;
        }
        let Ok(Physiology(body)) = patients.get(device.patient) else { continue };
        while let Some(due) = device.take_due(&clock) {
            debug_assert_eq!(due.kind_index, HEART_RATE);
            let contact = leads_off.contact(metrics::HR, due.intended);
            let beats = body.heart().beats();
            if contact == Contact::On {
                belt.heart_rate_bpm = averages::heart_rate_bpm(beats, due.intended);
            } else {
                let acting = leads_off.acting(metrics::HR, due.intended);
                evidence.add_all(acting, "readings_changed", 1);
            }
            let mut message = device.say(&due, &clock, &mut assembly);
            message.reading(match belt.heart_rate_bpm {
                Some(heart_rate_bpm) if contact != Contact::KnownOff => Reading::number(metrics::HR, heart_rate_bpm),
                _ => Reading::missing(metrics::HR, Quality::NotAvailable),
            });
            if contact == Contact::On {
                let intervals = intervals_ms(beats, belt.told_until, due.intended);
                for (metric, interval_ms) in
                    [metrics::RR_INTERVAL, metrics::RR_INTERVAL_2, metrics::RR_INTERVAL_3, metrics::RR_INTERVAL_4]
                        .into_iter()
                        .zip(intervals)
                {
                    message.reading(Reading::number(metric, interval_ms));
                }
            }
            message.reading(Reading::code(metrics::DEVICE_STATUS, status_code(contact != Contact::KnownOff)));
            belt.told_until = due.intended;
        }
    }
}

/// Adds the belt.
pub fn register(registry: &mut Registry) {
    registry.add(DeviceSpec {
        kind: "heart_rate_belt",
        about: "chest belt: heart rate, and the intervals between the beats since the message before",
        streams: vec![
            StreamSpec {
                id: "heart_rate",
                about: "rate over eight beats, up to four intervals (oldest first), contact",
                kind: StreamKind::Numeric { period_ms: 1_000 },
                metrics: &[
                    metrics::HR,
                    metrics::RR_INTERVAL,
                    metrics::RR_INTERVAL_2,
                    metrics::RR_INTERVAL_3,
                    metrics::RR_INTERVAL_4,
                    metrics::DEVICE_STATUS,
                ],
            },
            StreamSpec {
                id: "status",
                about: "when the belt loses contact or is back",
                kind: StreamKind::Event,
                metrics: &[metrics::DEVICE_STATUS, metrics::BATTERY],
            },
        ],
        options: Vec::new(),
        commands: Vec::new(),
        obey: None,
        spawn,
    });
    registry.add_system(Phase::Sample, report_belts);
}

#[cfg(test)]
mod tests {
    use sim_core::Key;

    use super::*;
    use physiology::{Body, Build, Sex};

    /// Told second by second, every interval between beats is told once.
    #[test]
    fn no_beat_is_left_out_or_told_twice() {
        let build = Build { weight_kg: 70.0, height_cm: 172.0, age_years: 30.0, sex: Sex::Male };
        let mut body = Body::new(&build, Key::new(3, "home/1"), &[], 8_000_000_000);
        let mut told_ms = 0.0;
        let at = |second: i64| SimTime::from_nanos(1_000_000_000 * second);
        let first_ns = body.heart().beats().iter().map(|beat| beat.r_ns).filter(|r_ns| *r_ns <= 0).max();
        for second in 1..=120 {
            for _ in 0..10 {
                body.step();
            }
            told_ms += intervals_ms(body.heart().beats(), at(second - 1), at(second)).sum::<f64>();
        }
        let last_ns = body.heart().beats().iter().map(|beat| beat.r_ns).filter(|r_ns| *r_ns <= at(120).nanos()).max();
        let elapsed_ms = (last_ns.unwrap_or_default() - first_ns.unwrap_or_default()) as f64 / 1e6;
        assert!((told_ms - elapsed_ms).abs() < 0.01, "{told_ms} and {elapsed_ms} ms");
    }
}

//! Heart-rate belt: the rate and the intervals between beats from two electrodes around the chest.

use bevy_ecs::prelude::*;
use sim_core::{GRID, Registry, SimTime};
use vocabulary::{MetricId, Quality, Reading, metrics};

use super::battery::Battery;
use crate::device::{DeviceKind, DeviceModel, EventStream, Saying, Spawning, Watching, When};
use crate::sensors::averages;
use crate::sensors::lead_off::{Contact, LeadsOff};
use patients::{Physiology, needs_circulation};
use physiology::Beat;

const STATUS: EventStream = EventStream("status");

/// Intervals of one message: enough for a message a second at 240 /min. A slower stream tells the latest.
const INTERVALS: [MetricId; 4] =
    [metrics::RR_INTERVAL, metrics::RR_INTERVAL_2, metrics::RR_INTERVAL_3, metrics::RR_INTERVAL_4];
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
    battery: Battery,
}

const fn status_code(contact: bool) -> &'static str {
    if contact { "operating" } else { "lead_off" }
}

/// Intervals in milliseconds that ended after `after` and not later than `until`, oldest first: the last few of them.
fn intervals_ms(beats: &[Beat], after: SimTime, until: SimTime) -> impl Iterator<Item = f64> {
    let first = beats.partition_point(|beat| beat.r_ns <= after.nanos());
    let last = beats.partition_point(|beat| beat.r_ns <= until.nanos());
    let fresh = &beats[first..last.max(first)];
    fresh[fresh.len().saturating_sub(INTERVALS.len())..]
        .iter()
        .filter(|beat| beat.rr_ns <= LONGEST_INTERVAL_NS)
        .map(|beat| beat.rr_ns as f64 / 1e6)
}

impl DeviceModel for HeartRateBelt {
    type Patient = &'static Physiology;
    type Parts = &'static LeadsOff;
    type Room = ();
}

impl HeartRateBelt {
    fn spawn(spawning: &mut Spawning<'_>) -> (Self, LeadsOff) {
        let battery = Battery::new(spawning.key());
        (Self { told_until: SimTime::ZERO, heart_rate_bpm: None, contact: None, battery }, LeadsOff::default())
    }

    fn watch_contact(&mut self, mut watching: Watching<'_, Self>) {
        let (Some(leads_off), now) = (watching.parts(), watching.clock.now) else { return };
        let contact = leads_off.contact(metrics::HR, now) != Contact::KnownOff;
        if self.contact.replace(contact) != Some(contact)
            && let Some(mut message) = watching.event(STATUS)
        {
            message
                .reading(Reading::code(metrics::DEVICE_STATUS, status_code(contact)))
                .reading(Reading::number(metrics::BATTERY, self.battery.percent(now)));
        }
    }

    fn say_heart_rate(&mut self, saying: Saying<'_, Self>) {
        let Saying { due, patient: Physiology(body), parts: leads_off, mut message, evidence, .. } = saying;
        let contact = leads_off.contact(metrics::HR, due.intended);
        let beats = body.heart().beats();
        if contact == Contact::On {
            self.heart_rate_bpm = averages::heart_rate_bpm(beats, due.intended);
        } else {
            evidence.add_all(leads_off.acting(metrics::HR, due.intended), "readings_changed", 1);
        }
        message.reading(match self.heart_rate_bpm {
            Some(heart_rate_bpm) if contact != Contact::KnownOff => Reading::number(metrics::HR, heart_rate_bpm),
            _ => Reading::missing(metrics::HR, Quality::NotAvailable),
        });
        if contact == Contact::On {
            for (metric, interval_ms) in INTERVALS.into_iter().zip(intervals_ms(beats, self.told_until, due.intended)) {
                message.reading(Reading::number(metric, interval_ms));
            }
        }
        message.reading(Reading::code(metrics::DEVICE_STATUS, status_code(contact != Contact::KnownOff)));
        self.told_until = due.intended;
    }
}

/// Adds the belt.
pub fn register(registry: &mut Registry) {
    let about = "chest belt: heart rate, and the intervals between the beats since the message before";
    let rate_about = "rate over eight beats, up to four intervals (oldest first), contact";
    let [first, second, third, fourth] = INTERVALS;
    let carried = [metrics::HR, first, second, third, fourth, metrics::DEVICE_STATUS];
    DeviceKind::new("heart_rate_belt", about, |spawning| Ok(HeartRateBelt::spawn(spawning)))
        .needs(needs_circulation)
        .watch(When::Every(GRID), HeartRateBelt::watch_contact)
        .values("heart_rate", rate_about, 1_000, &carried, HeartRateBelt::say_heart_rate)
        .event(STATUS, "when the belt loses contact or is back", &[metrics::DEVICE_STATUS, metrics::BATTERY])
        .register(registry);
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

//! ECG patch: one lead, or as many of the twelve as chosen, streamed in chunks, with the heart rate it computes itself.

use bevy_ecs::prelude::*;
use sim_core::{GRID, Registry};
use vocabulary::{Quality, Reading, metrics};

use super::battery::Battery;
use crate::device::{Chunk, DeviceKind, DeviceModel, EventStream, Sampling, Saying, Spawning, Watching, When};
use crate::sensors::lead_off::{Contact, LeadsOff};
use crate::sensors::{EcgFrontEnd, EcgRoom, LEADS, LEADS_OPTION, averages, leads_of, leads_option};
use patients::{Physiology, needs_circulation};

const STATUS: EventStream = EventStream("status");

/// State of a patch.
#[derive(Debug, Clone, Component)]
pub struct EcgPatch {
    front_end: EcgFrontEnd,
    /// Last rate computed, shown on while the patch does not notice that an electrode is off.
    heart_rate_bpm: Option<f64>,
    known_off: bool,
    battery: Battery,
}

impl DeviceModel for EcgPatch {
    type Patient = &'static Physiology;
    type Parts = &'static LeadsOff;
    type Room = EcgRoom;
}

impl EcgPatch {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<(Self, LeadsOff), String> {
        let key = spawning.key();
        let front_end = EcgFrontEnd::new(key, &leads_of(spawning.plan)?);
        let battery = Battery::new(key);
        Ok((Self { front_end, heart_rate_bpm: None, known_off: false, battery }, LeadsOff::default()))
    }

    fn watch_contact(&mut self, mut watching: Watching<'_, Self>) {
        let (Some(leads_off), now) = (watching.parts(), watching.clock.now) else { return };
        let known_off = leads_off.contact(self.front_end.first_metric(), now) == Contact::KnownOff;
        if std::mem::replace(&mut self.known_off, known_off) != known_off
            && let Some(mut message) = watching.event(STATUS)
        {
            let code = if known_off { "lead_off" } else { "operating" };
            message
                .reading(Reading::code(metrics::DEVICE_STATUS, code))
                .reading(Reading::number(metrics::BATTERY, self.battery.percent(now)));
        }
    }

    fn say_ecg(&mut self, chunk: &Chunk, saying: Saying<'_, Self>) {
        let (Physiology(body), leads_off) = (saying.patient, saying.parts);
        self.front_end.say(body, leads_off, chunk, saying);
    }

    fn say_heart_rate(&mut self, saying: Saying<'_, Self>) {
        let Saying { due, patient: Physiology(body), parts: leads_off, mut message, evidence, .. } = saying;
        // The patch counts beats in its first lead.
        let counted = self.front_end.first_metric();
        let contact = leads_off.contact(counted, due.intended);
        if contact == Contact::On {
            self.heart_rate_bpm = averages::heart_rate_bpm(body.heart().beats(), due.intended);
        } else {
            evidence.add_all(leads_off.acting(counted, due.intended), "readings_changed", 1);
        }
        message.reading(match self.heart_rate_bpm {
            Some(heart_rate_bpm) if contact != Contact::KnownOff => Reading::number(metrics::HR, heart_rate_bpm),
            _ => Reading::missing(metrics::HR, Quality::NotAvailable),
        });
    }
}

/// Adds the patch.
pub fn register(registry: &mut Registry) {
    let sampling = Sampling { rate_mhz: 250_000, samples: 250, highest_mhz: 1_000_000 };
    DeviceKind::new("ecg_patch", "ECG patch of one lead or more", EcgPatch::spawn)
        .needs(needs_circulation)
        .option(leads_option())
        .watch(When::Every(GRID), EcgPatch::watch_contact)
        .samples("ecg", "the leads chosen, lead II by default", sampling, &LEADS, EcgPatch::say_ecg)
        .chosen_by(LEADS_OPTION, metrics::ECG_II)
        .values("hr", "heart rate over eight beats", 5_000, &[metrics::HR], EcgPatch::say_heart_rate)
        .event(STATUS, "when an electrode comes off or is back", &[metrics::DEVICE_STATUS, metrics::BATTERY])
        .register(registry);
}

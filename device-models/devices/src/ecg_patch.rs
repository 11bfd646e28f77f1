//! ECG patch: one lead, or as many of the twelve as chosen, streamed in chunks, with the heart rate it computes itself.

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, DevicePlan, DeviceSpec, Evidence, Phase, Registry, SimId, SpawnError, StreamKind, StreamSpec,
};
use vocabulary::{Quality, Reading, metrics};

use super::battery::Battery;
use crate::device::Device;
use crate::sensors::lead_off::{Contact, LeadsOff};
use crate::sensors::{EcgFrontEnd, EcgRoom, GAIN_MV, LEADS, averages, leads_of, leads_option};
use patients::Physiology;

const ECG: usize = 0;
const HEART_RATE: usize = 1;
const STATUS: usize = 2;

/// State of a patch.
#[derive(Debug, Clone, Component)]
pub struct EcgPatch {
    front_end: EcgFrontEnd,
    /// Last rate computed, shown on while the patch does not notice that an electrode is off.
    heart_rate_bpm: Option<f64>,
    known_off: bool,
}

/// Room to work in.
#[derive(Debug, Clone, Default, Resource)]
struct Workshop {
    room: EcgRoom,
}

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let device = Device::from_plan(world, id, plan, patient);
    let front_end = EcgFrontEnd::new(device.key, &leads_of(plan)?);
    let patch = EcgPatch { front_end, heart_rate_bpm: None, known_off: false };
    let battery = Battery::new(device.key);
    Ok(world.spawn((device, patch, battery, LeadsOff::default())).id())
}

fn report_patches(
    clock: Res<Clock>,
    mut workshop: ResMut<Workshop>,
    patients: Query<&Physiology>,
    mut devices: Query<(&mut Device, &mut EcgPatch, &Battery, &LeadsOff)>,
    mut assembly: ResMut<Assembly>,
    mut evidence: ResMut<Evidence>,
) {
    let Workshop { room } = &mut *workshop;
    for (mut device, mut patch, battery, leads_off) in &mut devices {
        // The patch counts beats in its first lead.
        let counted = patch.front_end.first_metric();
        let known_off = leads_off.contact(counted, clock.now) == Contact::KnownOff;
        if known_off != patch.known_off {
            patch.known_off = known_off;
            if let Some(due) = device.event(STATUS, clock.now) {
                let code = if known_off { "lead_off" } else { "operating" };
                device
                    .say(&due, &clock, &mut assembly)
                    .reading(Reading::code(metrics::DEVICE_STATUS, code))
                    .reading(Reading::number(metrics::BATTERY, battery.percent(clock.now)));
            }
        }
        if !device.is_due(&clock) {
            continue;
        }
        let Ok(Physiology(body)) = patients.get(device.patient) else { continue };
        while let Some(due) = device.take_due(&clock) {
            let mut message = device.say(&due, &clock, &mut assembly);
            match (due.kind_index, due.chunk) {
                (ECG, Some(chunk)) => {
                    patch.front_end.digitise(body, &chunk, room, |metric, counts| {
                        let head = chunk.head(&clock, metric, GAIN_MV, 0.0, Quality::Ok);
                        message.wave(head, |samples, quality| {
                            let start = samples.len();
                            samples.extend_from_slice(counts);
                            *quality =
                                leads_off.rail(metric, &chunk, GAIN_MV, 0.0, &mut samples[start..], &mut evidence);
                        });
                    });
                }
                (HEART_RATE, _) => {
                    let contact = leads_off.contact(counted, due.intended);
                    if contact == Contact::On {
                        patch.heart_rate_bpm = averages::heart_rate_bpm(body.heart().beats(), due.intended);
                    } else {
                        evidence.add_all(leads_off.acting(counted, due.intended), "readings_changed", 1);
                    }
                    message.reading(match patch.heart_rate_bpm {
                        Some(heart_rate_bpm) if contact != Contact::KnownOff => {
                            Reading::number(metrics::HR, heart_rate_bpm)
                        }
                        _ => Reading::missing(metrics::HR, Quality::NotAvailable),
                    });
                }
                _ => {}
            }
        }
    }
}

/// Adds the patch.
pub fn register(registry: &mut Registry) {
    registry.add_resource(|world| {
        world.init_resource::<Workshop>();
    });
    registry.add(patients::needs_circulation("ecg_patch"));
    registry.add(DeviceSpec {
        kind: "ecg_patch",
        about: "ECG patch of one lead or more",
        streams: vec![
            StreamSpec {
                id: "ecg",
                about: "the leads chosen, lead II by default",
                kind: StreamKind::Wave { rate_mhz: 250_000, samples: 250, highest_mhz: 1_000_000 },
                metrics: &LEADS,
            },
            StreamSpec {
                id: "hr",
                about: "heart rate over eight beats",
                kind: StreamKind::Numeric { period_ms: 5_000 },
                metrics: &[metrics::HR],
            },
            StreamSpec {
                id: "status",
                about: "when an electrode comes off or is back",
                kind: StreamKind::Event,
                metrics: &[metrics::DEVICE_STATUS, metrics::BATTERY],
            },
        ],
        options: vec![leads_option()],
        commands: Vec::new(),
        obey: None,
        spawn,
    });
    registry.add_system(Phase::Sample, report_patches);
}

//! Pulse oximeter: saturation as a finger probe shows it, pulse rate, perfusion, and the pleth.

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, DevicePlan, DeviceSpec, Evidence, Key, Phase, Purpose, Registry, SimId, SpawnError, StreamKind,
    StreamSpec,
};
use vocabulary::{Quality, Reading, metrics};

use super::announcement::Announcement;
use super::battery::Battery;
use crate::device::{Chunk, Device};
use crate::sensors::pinned::Pinned;
use crate::sensors::{Oximeter, WhiteNoise, averages, quantise};
use patients::{FINGER, Physiology};
use physiology::{Body, add_pulse_wave};

const SATURATION: usize = 0;
const PLETH: usize = 1;
const STATUS: usize = 2;

/// Middle of the pleth's range of 0 to 4095 counts, and counts per percent of modulation: an index of 1.5 % fills a
/// third of the range.
const PLETH_BASE: f32 = 1_024.0;
const PLETH_PER_PERCENT: f32 = 900.0;
const PLETH_RANGE: (f32, f32) = (0.0, 4_095.0);
/// Noise of photodiode and converter [counts].
const PLETH_NOISE: f32 = 3.0;

/// What a finger clip sees; used by the oximeter and by the bedside monitor.
#[derive(Debug, Clone, Component)]
pub struct FingerProbe {
    oximeter: Oximeter,
    noise: WhiteNoise,
}

impl FingerProbe {
    /// A probe that has been on the finger of `body` for a while.
    pub fn new(key: Key, body: &Body) -> Self {
        Self {
            oximeter: Oximeter::new(key, body.core.vitals().sao2),
            noise: WhiteNoise::new(key, Purpose::new("pleth.noise"), PLETH_NOISE),
        }
    }

    /// Saturation shown [%].
    pub fn spo2_percent(&self) -> f64 {
        self.oximeter.spo2_percent()
    }

    /// Appends the counts of a pleth chunk.
    pub fn pleth(&self, body: &Body, chunk: &Chunk, scratch: &mut Vec<f32>, out: &mut Vec<i16>) {
        let grid = chunk.grid();
        scratch.clear();
        scratch.resize(chunk.samples, PLETH_BASE);
        if let Some(train) = body.pulse_trains().get(FINGER) {
            add_pulse_wave(train.pulses(), grid, chunk.first_index, PLETH_PER_PERCENT, scratch);
        }
        self.noise.add(chunk.first_index, scratch);
        quantise(scratch, 1.0, 0.0, PLETH_RANGE, out);
    }
}

/// Marks an oximeter: other devices carry a finger probe too.
#[derive(Debug, Clone, Copy, Component)]
pub struct PulseOximeter;

/// Room to work in.
#[derive(Debug, Clone, Default, Resource)]
struct Workshop {
    scratch: Vec<f32>,
}

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let device = Device::from_plan(world, id, plan, patient);
    let Some(Physiology(body)) = world.get::<Physiology>(patient) else {
        return Err(SpawnError { path: plan.path.clone(), reason: "the patient model has no physiology".to_owned() });
    };
    let probe = FingerProbe::new(device.key, body);
    let battery = Battery::new(device.key);
    Ok(world.spawn((device, probe, PulseOximeter, battery, Announcement(STATUS))).id())
}

/// Lets every finger probe follow the blood for one grid step.
fn follow_blood(patients: Query<&Physiology>, mut probes: Query<(&Device, &mut FingerProbe)>) {
    for (device, mut probe) in &mut probes {
        let Ok(Physiology(body)) = patients.get(device.patient) else { continue };
        let (vitals, parameters) = (body.core.vitals(), body.core.parameters());
        probe.oximeter.step(vitals.sao2, vitals.cardiac_output_l_min / parameters.cardiac_output_l_min);
    }
}

fn report_oximeters(
    clock: Res<Clock>,
    mut workshop: ResMut<Workshop>,
    patients: Query<(&Physiology, &Pinned)>,
    mut devices: Query<(&mut Device, &FingerProbe), With<PulseOximeter>>,
    mut assembly: ResMut<Assembly>,
    mut evidence: ResMut<Evidence>,
) {
    let Workshop { scratch } = &mut *workshop;
    for (mut device, probe) in &mut devices {
        if !device.is_due(&clock) {
            continue;
        }
        let Ok((Physiology(body), pinned)) = patients.get(device.patient) else { continue };
        while let Some(due) = device.take_due(&clock) {
            let mut message = device.say(&due, &clock, &mut assembly);
            match (due.kind_index, due.chunk) {
                (SATURATION, _) => {
                    let rate_bpm = averages::pulse_rate_bpm(body.heart().beats(), due.intended);
                    // Without pulses there is nothing to tell arterial blood by.
                    let mut seen = |metric, value| match pinned.shown(metric, rate_bpm.map(|_| value), &mut evidence) {
                        Some(shown) => Reading::number(metric, shown),
                        None => Reading::missing(metric, Quality::NotAvailable),
                    };
                    message
                        .reading(seen(metrics::SPO2, probe.spo2_percent()))
                        .reading(seen(metrics::PR, rate_bpm.unwrap_or_default()))
                        .reading(seen(metrics::PERF_IDX, body.perfusion_index_percent()));
                }
                (PLETH, Some(chunk)) => {
                    let head = chunk.head(&clock, metrics::PLETH, 1.0, 0.0, Quality::Ok);
                    message.wave(head, |samples, _| probe.pleth(body, &chunk, scratch, samples));
                }
                _ => {}
            }
        }
    }
}

/// Adds the oximeter.
pub fn register(registry: &mut Registry) {
    registry.add_resource(|world| {
        world.init_resource::<Workshop>();
    });
    registry.add(patients::needs_circulation("pulse_oximeter"));
    registry.add(DeviceSpec {
        kind: "pulse_oximeter",
        about: "finger pulse oximeter: 20 to 30 s behind the lungs, averaged over 8 s",
        streams: vec![
            StreamSpec {
                id: "spo2",
                about: "saturation, pulse rate, perfusion index",
                kind: StreamKind::Numeric { period_ms: 1_000 },
                metrics: &[metrics::SPO2, metrics::PR, metrics::PERF_IDX],
            },
            StreamSpec {
                id: "pleth",
                about: "infrared pleth",
                kind: StreamKind::Wave { rate_mhz: 62_500, samples: 125, highest_mhz: 500_000 },
                metrics: &[metrics::PLETH],
            },
            StreamSpec {
                id: "status",
                about: "when switched on",
                kind: StreamKind::Event,
                metrics: &[metrics::DEVICE_STATUS, metrics::BATTERY],
            },
        ],
        options: Vec::new(),
        commands: Vec::new(),
        obey: None,
        spawn,
    });
    registry.add_system(Phase::Treatment, follow_blood);
    registry.add_system(Phase::Sample, report_oximeters);
}

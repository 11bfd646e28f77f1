//! A finger clip without its computer: the red and infrared light that comes through, from which a saturation can be
//! computed (for those who test the computing).

use bevy_ecs::prelude::*;
use sim_core::{
    Assembly, Clock, DevicePlan, DeviceSpec, Key, Phase, Purpose, Registry, SimId, SpawnError, StreamKind, StreamSpec,
};
use vocabulary::{Quality, Reading, metrics};

use super::pulse_oximeter::FingerProbe;
use crate::device::{Chunk, Device};
use crate::sensors::{WhiteNoise, averages, quantise, ratio_of_ratios};
use patients::{FINGER, Physiology};
use physiology::{Body, add_pulse_wave};

const KIND: &str = "optical_probe";
const LIGHT: usize = 0;

/// Light that comes through a finger without pulses [counts], red and infrared, and the converter's range.
const STEADY: [f32; 2] = [18_000.0, 24_000.0];
const RANGE: (f32, f32) = (0.0, 32_767.0);
/// Noise of photodiode and converter [counts].
const NOISE: f32 = 1.5;

/// The two channels of a probe.
#[derive(Debug, Clone, Component)]
pub struct OpticalProbe {
    noise: [WhiteNoise; 2],
}

impl OpticalProbe {
    fn new(key: Key) -> Self {
        let channel = |name| WhiteNoise::new(key, Purpose::new(name), NOISE);
        Self { noise: [channel("optical.red"), channel("optical.infrared")] }
    }

    /// Appends the counts of a colour (0 red, 1 infrared). Blood that comes takes light away, red light by the ratio
    /// that belongs to the saturation in the finger.
    fn counts(
        &self,
        colour: usize,
        probe: &FingerProbe,
        body: &Body,
        chunk: &Chunk,
        scratch: &mut Vec<f32>,
        out: &mut Vec<i16>,
    ) {
        let share = if colour == 0 { ratio_of_ratios(probe.spo2_percent()) as f32 } else { 1.0 };
        scratch.clear();
        scratch.resize(chunk.samples, STEADY[colour]);
        if let Some(train) = body.pulse_trains().get(FINGER) {
            // The train is in percent of the light.
            let per_percent = -0.01 * share * STEADY[colour];
            add_pulse_wave(train.pulses(), chunk.grid(), chunk.first_index, per_percent, scratch);
        }
        self.noise[colour].add(chunk.first_index, scratch);
        quantise(scratch, 1.0, 0.0, RANGE, out);
    }
}

/// Room to work in.
#[derive(Debug, Clone, Default, Resource)]
struct Workshop {
    scratch: Vec<f32>,
}

fn spawn(world: &mut World, id: SimId, plan: &DevicePlan, patient: Entity) -> Result<Entity, SpawnError> {
    let device = Device::from_plan(world, id, plan, patient);
    let Some(Physiology(body)) = world.get::<Physiology>(patient) else {
        return Err(SpawnError { path: plan.path.clone(), reason: "the patient model has no circulation".to_owned() });
    };
    let probe = FingerProbe::new(device.key, body);
    let light = OpticalProbe::new(device.key);
    Ok(world.spawn((device, probe, light)).id())
}

fn report_light(
    clock: Res<Clock>,
    mut workshop: ResMut<Workshop>,
    patients: Query<&Physiology>,
    mut devices: Query<(&mut Device, &FingerProbe, &OpticalProbe)>,
    mut assembly: ResMut<Assembly>,
) {
    let Workshop { scratch } = &mut *workshop;
    for (mut device, probe, light) in &mut devices {
        if !device.is_due(&clock) {
            continue;
        }
        let Ok(Physiology(body)) = patients.get(device.patient) else { continue };
        while let Some(due) = device.take_due(&clock) {
            let mut message = device.say(&due, &clock, &mut assembly);
            match (due.kind_index, due.chunk) {
                (LIGHT, Some(chunk)) => {
                    for (colour, metric) in [metrics::PPG_RED, metrics::PPG_IR].iter().enumerate() {
                        let head = chunk.head(&clock, *metric, 1.0, 0.0, Quality::Ok);
                        message.wave(head, |samples, _| light.counts(colour, probe, body, &chunk, scratch, samples));
                    }
                }
                _ => match averages::pulse_rate_bpm(body.heart().beats(), due.intended) {
                    Some(_) => {
                        message
                            .reading(Reading::number(metrics::SPO2, probe.spo2_percent()))
                            .reading(Reading::number(metrics::PERF_IDX, body.perfusion_index_percent()));
                    }
                    None => {
                        message.reading(Reading::missing(metrics::SPO2, Quality::NotAvailable));
                    }
                },
            }
        }
    }
}

/// Adds the probe.
pub fn register(registry: &mut Registry) {
    registry.add_resource(|world| {
        world.init_resource::<Workshop>();
    });
    registry.add(patients::needs_circulation(KIND));
    registry.add(DeviceSpec {
        kind: KIND,
        about: "finger clip that tells the light itself, red and infrared, for tests of what computes a saturation",
        streams: vec![
            StreamSpec {
                id: "light",
                about: "light that comes through; the ratio of the modulations is (110 - SpO2) / 25",
                kind: StreamKind::Wave { rate_mhz: 125_000, samples: 125, highest_mhz: 500_000 },
                metrics: &[metrics::PPG_RED, metrics::PPG_IR],
            },
            StreamSpec {
                id: "spo2",
                about: "the saturation behind the light, without averaging in a display, and the perfusion index",
                kind: StreamKind::Numeric { period_ms: 1_000 },
                metrics: &[metrics::SPO2, metrics::PERF_IDX],
            },
        ],
        options: Vec::new(),
        commands: Vec::new(),
        obey: None,
        spawn,
    });
    registry.add_system(Phase::Sample, report_light);
}

//! Pulse oximeter: saturation as a finger probe shows it, pulse rate, perfusion, and the pleth.

use bevy_ecs::prelude::*;
use sim_core::{Key, Phase, Purpose, Registry, SystemSpec};
use vocabulary::{Quality, Reading, metrics};

use crate::device::{Chunk, Device, DeviceKind, DeviceModel, Sampling, Saying, Spawning};
use crate::sensors::pinned::Pinned;
use crate::sensors::{Oximeter, WhiteNoise, averages, quantise};
use patients::{FINGER, Physiology, needs_circulation};
use physiology::{Body, add_pulse_wave};

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

/// An oximeter: a finger probe and nothing else. Other devices carry a finger probe too.
#[derive(Debug, Clone, Copy, Component)]
pub struct PulseOximeter;

/// Lets every finger probe follow the blood for one grid step.
fn follow_blood(patients: Query<&Physiology>, mut probes: Query<(&Device, &mut FingerProbe)>) {
    for (device, mut probe) in &mut probes {
        let Ok(Physiology(body)) = patients.get(device.patient) else { continue };
        let (vitals, parameters) = (body.core.vitals(), body.core.parameters());
        probe.oximeter.step(vitals.sao2, vitals.cardiac_output_l_min / parameters.cardiac_output_l_min);
    }
}

impl DeviceModel for PulseOximeter {
    type Patient = (&'static Physiology, &'static Pinned);
    type Parts = &'static FingerProbe;
    type Room = Vec<f32>;
}

impl PulseOximeter {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<(Self, FingerProbe), String> {
        Ok((Self, FingerProbe::new(spawning.key(), spawning.body()?)))
    }

    fn say_saturation(_: &mut Self, saying: Saying<'_, Self>) {
        let Saying { due, patient: (Physiology(body), pinned), parts: probe, mut message, evidence, .. } = saying;
        let rate_bpm = averages::pulse_rate_bpm(body.heart().beats(), due.intended);
        // Without pulses there is nothing to tell arterial blood by.
        let mut seen = |metric, value| match pinned.shown(metric, rate_bpm.map(|_| value), evidence) {
            Some(shown) => Reading::number(metric, shown),
            None => Reading::missing(metric, Quality::NotAvailable),
        };
        message
            .reading(seen(metrics::SPO2, probe.spo2_percent()))
            .reading(seen(metrics::PR, rate_bpm.unwrap_or_default()))
            .reading(seen(metrics::PERF_IDX, body.perfusion_index_percent()));
    }

    fn say_pleth(_: &mut Self, chunk: &Chunk, saying: Saying<'_, Self>) {
        let Saying { clock, patient: (Physiology(body), _), parts: probe, mut message, room, .. } = saying;
        let head = chunk.head(clock, metrics::PLETH, 1.0, 0.0, Quality::Ok);
        message.wave(head, |samples, _| probe.pleth(body, chunk, room, samples));
    }
}

/// Adds the oximeter.
pub fn register(registry: &mut Registry) {
    let about = "finger pulse oximeter: 20 to 30 s behind the lungs, averaged over 8 s";
    let seen = [metrics::SPO2, metrics::PR, metrics::PERF_IDX];
    let sampling = Sampling { rate_mhz: 62_500, samples: 125, highest_mhz: 500_000 };
    registry.schedule(SystemSpec::new(Phase::Treatment, follow_blood).of::<FingerProbe>());
    DeviceKind::new("pulse_oximeter", about, PulseOximeter::spawn)
        .needs(needs_circulation)
        .values("spo2", "saturation, pulse rate, perfusion index", 1_000, &seen, PulseOximeter::say_saturation)
        .samples("pleth", "infrared pleth", sampling, &[metrics::PLETH], PulseOximeter::say_pleth)
        .announced()
        .register(registry);
}

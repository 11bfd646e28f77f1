//! A finger clip without its computer: the red and infrared light that comes through, from which a saturation can be
//! computed (for those who test the computing).

use bevy_ecs::prelude::*;
use sim_core::{Key, Purpose, Registry};
use vocabulary::{Quality, Reading, metrics};

use super::pulse_oximeter::FingerProbe;
use crate::device::{Chunk, DeviceKind, DeviceModel, Sampling, Saying, Spawning};
use crate::sensors::{WhiteNoise, averages, quantise, ratio_of_ratios};
use patients::{FINGER, Physiology, needs_circulation};
use physiology::{Body, add_pulse_wave};

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

impl DeviceModel for OpticalProbe {
    type Patient = &'static Physiology;
    type Parts = &'static FingerProbe;
    type Room = Vec<f32>;
}

impl OpticalProbe {
    fn spawn(spawning: &mut Spawning<'_>) -> Result<(Self, FingerProbe), String> {
        Ok((Self::new(spawning.key()), FingerProbe::new(spawning.key(), spawning.body()?)))
    }

    fn say_light(&mut self, chunk: &Chunk, saying: Saying<'_, Self>) {
        let Saying { clock, patient: Physiology(body), parts: probe, mut message, room, .. } = saying;
        for (colour, metric) in [metrics::PPG_RED, metrics::PPG_IR].into_iter().enumerate() {
            let head = chunk.head(clock, metric, 1.0, 0.0, Quality::Ok);
            message.wave(head, |samples, _| self.counts(colour, probe, body, chunk, room, samples));
        }
    }

    fn say_saturation(_: &mut Self, saying: Saying<'_, Self>) {
        let Saying { due, patient: Physiology(body), parts: probe, mut message, .. } = saying;
        match averages::pulse_rate_bpm(body.heart().beats(), due.intended) {
            Some(_) => message
                .reading(Reading::number(metrics::SPO2, probe.spo2_percent()))
                .reading(Reading::number(metrics::PERF_IDX, body.perfusion_index_percent())),
            None => message.reading(Reading::missing(metrics::SPO2, Quality::NotAvailable)),
        };
    }
}

/// Adds the probe.
pub fn register(registry: &mut Registry) {
    let about = "finger clip that tells the light itself, red and infrared, for tests of what computes a saturation";
    let light_about = "light that comes through; the ratio of the modulations is (110 - SpO2) / 25";
    let sampling = Sampling { rate_mhz: 125_000, samples: 125, highest_mhz: 500_000 };
    let saturation_about = "the saturation behind the light, without averaging in a display, and the perfusion index";
    let saturation = [metrics::SPO2, metrics::PERF_IDX];
    DeviceKind::new("optical_probe", about, OpticalProbe::spawn)
        .needs(needs_circulation)
        .samples("light", light_about, sampling, &[metrics::PPG_RED, metrics::PPG_IR], OpticalProbe::say_light)
        .values("spo2", saturation_about, 1_000, &saturation, OpticalProbe::say_saturation)
        .register(registry);
}

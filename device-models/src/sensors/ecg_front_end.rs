//! ECG front end: what the electrodes and the converter make of the heart's potential.

use sim_core::{Key, Purpose, SimTime};

use super::{Tone, WhiteNoise, add_tones, baseline_wander};
use crate::device::Chunk;
use crate::physiology::{Body, EcgMorphology, Lead, SampleGrid, add_ecg};

/// Value of one count [mV]: 1 uV, finer than the 5 uV that AAMI EC11 asks to be resolved.
pub const GAIN_MV: f64 = 0.001;

/// Range of the converter [mV] (AAMI EC11: at least +-5 mV).
const RANGE_MV: f32 = 5.0;

/// Noise of skin, electrode and amplifier [mV]; EC11 allows 0.03 mV peak to peak of the amplifier alone.
const NOISE_MV: f32 = 0.012;

/// Amplitude of the wander of the baseline with breathing and movement [mV].
const WANDER_MV: f32 = 0.06;

/// One lead as one device sees it.
#[derive(Debug, Clone)]
pub struct EcgFrontEnd {
    morphology: EcgMorphology,
    wander: [Tone; 3],
    noise: WhiteNoise,
}

impl EcgFrontEnd {
    /// Lead II of a patient, through a device.
    pub fn new(patient: Key, device: Key) -> Self {
        Self {
            morphology: EcgMorphology::adult(Lead::II, patient),
            wander: baseline_wander(device, WANDER_MV),
            noise: WhiteNoise::new(device, Purpose::new("ecg.noise"), NOISE_MV),
        }
    }

    /// Appends the counts of a chunk. `scratch` is only room to work in.
    pub fn digitise(&self, body: &Body, chunk: &Chunk, scratch: &mut Vec<f32>, out: &mut Vec<i16>) {
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: chunk.rate_mhz };
        scratch.clear();
        scratch.resize(chunk.samples, 0.0);
        add_ecg(&self.morphology, body.heart().beats(), grid, chunk.first_index, scratch);
        add_tones(&self.wander, grid, chunk.first_index, scratch);
        self.noise.add(chunk.first_index, scratch);
        quantise(scratch, GAIN_MV as f32, 0.0, (-RANGE_MV, RANGE_MV), out);
    }
}

/// Appends `values` as counts of a converter with this gain, offset and range.
pub fn quantise(values: &[f32], gain: f32, offset: f32, range: (f32, f32), out: &mut Vec<i16>) {
    let per_count = 1.0 / gain;
    out.extend(values.iter().map(|value| libm::rintf((value.clamp(range.0, range.1) - offset) * per_count) as i16));
}

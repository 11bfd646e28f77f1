//! The light that the skin of the wrist gives back: pulses, motion and noise.

use sim_core::{Key, Purpose, SimTime, Span};

use crate::device::Chunk;
use crate::sensors::WhiteNoise;
use patients::FINGER;
use physiology::activity::Acceleration;
use physiology::{Body, SampleGrid, add_pulse_wave};

/// Range of the converter (14 bit) and its middle [counts].
pub(super) const COUNTS_RANGE: (f32, f32) = (0.0, 16_383.0);
const MIDDLE: f32 = 8_192.0;

/// Counts per percent of modulation of green and of infrared light: blood absorbs green more.
const PULSE_GAIN: [f32; 2] = [1_200.0, 450.0];
/// Counts per g of motion along the skin; infrared reaches deeper and moves more.
const MOTION_GAIN: [f32; 2] = [900.0, 1_400.0];
const NOISE: f32 = 12.0;

/// A pulse is earlier at the wrist than at the finger: a tenth of the body height at some 7 m/s.
const EARLIER: Span = Span::from_millis(24);

/// Green and infrared channel of one band.
#[derive(Debug, Clone, Copy)]
pub(super) struct WristLight {
    noise: [WhiteNoise; 2],
}

impl WristLight {
    pub(super) const fn new(key: Key) -> Self {
        let green = WhiteNoise::new(key, Purpose::new("ppg.green"), NOISE);
        let infrared = WhiteNoise::new(key, Purpose::new("ppg.infrared"), NOISE);
        Self { noise: [green, infrared] }
    }

    /// Replaces `out` by the light of a colour (0 green, 1 infrared) in counts, with what the band felt.
    pub(super) fn counts(&self, colour: usize, body: &Body, chunk: &Chunk, felt: &[Acceleration], out: &mut Vec<f32>) {
        out.clear();
        out.resize(chunk.samples, MIDDLE);
        if let Some(train) = body.pulse_trains().get(FINGER) {
            let grid = SampleGrid { origin: SimTime::ZERO + EARLIER, ..chunk.grid() };
            add_pulse_wave(train.pulses(), grid, chunk.first_index, PULSE_GAIN[colour], out);
        }
        for (out, felt) in out.iter_mut().zip(felt) {
            *out += MOTION_GAIN[colour] * (felt.magnitude_g() - 1.0);
        }
        self.noise[colour].add(chunk.first_index, out);
    }
}

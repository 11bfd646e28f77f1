//! Muscles under the electrodes: what a convulsion writes over an electrocardiogram.

use sim_core::{Key, Purpose};

use super::WhiteNoise;
use physiology::{Convulsion, SampleGrid};

/// Amplitude of the interference at full strength [mV]: surface electromyograms of a cramping muscle reach millivolts at
/// the muscle and some tenths between chest electrodes.
const CRAMP_MV: f32 = 0.35;

/// Adds the interference of convulsions to `out`, whose first element is sample `first` of the grid.
pub(super) fn add_convulsions(
    convulsions: &[Convulsion],
    key: Key,
    purpose: Purpose,
    grid: SampleGrid,
    first: u64,
    out: &mut [f32],
) {
    if convulsions.is_empty() {
        return;
    }
    let mut noise = vec![0.0; out.len()];
    WhiteNoise::new(key, purpose, CRAMP_MV).add(first, &mut noise);
    for (index, (out, noise)) in (first..).zip(out.iter_mut().zip(noise)) {
        let at = grid.instant(index);
        *out += noise * convulsions.iter().map(|convulsion| convulsion.strength(at)).fold(0.0, f32::max);
    }
}

#[cfg(test)]
mod tests {
    use sim_core::SimTime;

    use super::*;
    use physiology::{Body, Build, Sex};

    /// Seconds 2 to 22 are a convulsion; the samples do not depend on how they are cut into chunks.
    #[test]
    fn interference_is_there_while_the_muscles_cramp() {
        let build = Build { weight_kg: 70.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };
        let mut body = Body::new(&build, Key::new(1, "ward/1"), &[], 8_000_000_000);
        for step in 0..300 {
            body.core.inputs.convulsing = (20..220).contains(&step);
            body.step();
        }
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: 250_000 };
        let add = |first: u64, out: &mut [f32]| {
            let (key, purpose) = (Key::new(1, "ward/1/ecg"), Purpose::new("test"));
            add_convulsions(body.convulsions(), key, purpose, grid, first, out);
        };
        let mut whole = vec![0.0; 7_500];
        add(0, &mut whole);
        let mut parts = vec![0.0; 7_500];
        for (index, part) in parts.chunks_mut(333).enumerate() {
            add(333 * index as u64, part);
        }
        assert_eq!(whole, parts);
        let deviation = |seconds: std::ops::Range<usize>| {
            let samples = &whole[250 * seconds.start..250 * seconds.end];
            libm::sqrtf(samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32)
        };
        assert_eq!((deviation(0..2), deviation(22..30)), (0.0, 0.0));
        assert!((deviation(2..17) - CRAMP_MV).abs() < 0.02, "tonic: {}", deviation(2..17));
        // Half of the time nothing, half a sine: half of the amplitude.
        assert!((deviation(17..22) - 0.5 * CRAMP_MV).abs() < 0.03, "clonic: {}", deviation(17..22));
    }
}

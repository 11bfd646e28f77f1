//! The shape of one pulse over its duration: a systolic wave, a reflected wave and a diastolic shoulder.
//!
//! Three Gaussians minus the straight line through their ends, scaled to 0 at both ends and 1 at the peak. The
//! proportions agree with the landmarks of measured finger pulses (peak at 0.175 of the period, notch at 0.40,
//! dicrotic wave at 0.45 and half as high).

use super::elementary::exp2;

/// Height, centre and width of a wave, in shares of the peak and of the period.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Wave {
    height: f32,
    centre: f32,
    width: f32,
}

/// How the vessels form the pulse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VesselTone {
    /// Stiffness of the arteries, 0 (young) to 1 (old): an early, high reflection.
    pub stiffness: f32,
    /// Dilation of the resistance vessels, 0 to 1 (sepsis, fever): a late, low reflection.
    pub dilation: f32,
}

/// A pulse as a function of the share of its period, ready to evaluate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PulseShape {
    waves: [Wave; 3],
    offset: f32,
    slope: f32,
    scale: f32,
}

/// `sqrt(log2(e) / 2)`: a Gaussian as a power of two.
const GAUSSIAN: f32 = 0.849_321_8;

/// Share of the period in which a pulse forgets the level that it started from.
pub(crate) const ENTRY_SHARE: f32 = 0.15;

/// A weak pulse on the slope of a strong one does not end that slope: from the first ratio of the level it starts from to
/// its own height on it forgets later, at the second as late as it can.
const EARLY: (f32, f32) = (0.3, 0.9);
const LATEST_SHARE: f32 = 0.8;

impl PulseShape {
    /// Volume pulse in a finger, an ear or a toe.
    pub(crate) fn peripheral(tone: VesselTone) -> Self {
        let reflected = reflected(tone, Wave { height: 0.42, centre: 0.38, width: 0.11 });
        Self::new([systolic(), reflected, Wave { height: 0.12, centre: 0.60, width: 0.16 }])
    }

    /// Pressure pulse in a radial artery; its mean lies 0.38 of the way from diastolic to systolic, as in the core.
    pub(crate) fn arterial(tone: VesselTone) -> Self {
        let reflected = reflected(tone, Wave { height: 0.42, centre: 0.40, width: 0.09 });
        Self::new([systolic(), reflected, Wave { height: 0.30, centre: 0.60, width: 0.20 }])
    }

    fn new(waves: [Wave; 3]) -> Self {
        let mut shape = Self { waves, offset: 0.0, slope: 0.0, scale: 1.0 };
        shape.offset = shape.at(0.0);
        shape.slope = shape.at(1.0);
        // The peak lies near the systolic wave; missing it by 1/256 of the period costs 0.14 % of its height.
        let mut peak = 0.0_f32;
        for step in 10..40 {
            peak = peak.max(shape.at(step as f32 / 128.0));
        }
        shape.scale = 1.0 / peak;
        shape
    }

    /// Level at the share `u` (0 to 1) of the period: 0 at both ends, 1 at the peak.
    #[inline]
    pub(crate) fn at(&self, u: f32) -> f32 {
        let mut sum = -self.offset - self.slope * u;
        for wave in &self.waves {
            let distance = (u - wave.centre) * (GAUSSIAN / wave.width);
            sum += wave.height * exp2(-(distance * distance));
        }
        sum * self.scale
    }

    /// Share of the period in which a pulse forgets the level that it started from, `ratio` of its height above its base.
    pub(crate) fn entry_share(ratio: f32) -> f32 {
        let (begins, most) = EARLY;
        let earliness = ((ratio - begins) / (most - begins)).clamp(0.0, 1.0);
        ENTRY_SHARE + (LATEST_SHARE - ENTRY_SHARE) * earliness
    }

    /// Weight of the level at which the pulse began, at the share `u` of the period: 1 at the beginning, 0 from `within`
    /// on.
    #[inline]
    pub(crate) fn entry_weight(u: f32, within: f32) -> f32 {
        let left = 1.0 - u * (1.0 / within);
        let left = if left > 0.0 { left } else { 0.0 };
        left * left
    }
}

fn systolic() -> Wave {
    Wave { height: 1.0, centre: 0.18, width: 0.075 }
}

/// Stiff arteries reflect more and earlier, dilated vessels less and later.
fn reflected(tone: VesselTone, wave: Wave) -> Wave {
    Wave {
        height: wave.height * (1.0 + 0.3 * tone.stiffness) * (1.0 - 0.3 * tone.dilation),
        centre: wave.centre - 0.05 * tone.stiffness + 0.07 * tone.dilation,
        width: wave.width,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mean(shape: &PulseShape) -> f32 {
        (0..1_000).map(|step| shape.at(step as f32 / 1_000.0)).sum::<f32>() / 1_000.0
    }

    proptest! {
        /// Zero at both ends, never clearly below zero, one at the peak, for any tone.
        #[test]
        fn shapes_are_normalised(stiffness in 0.0_f32..=1.0, dilation in 0.0_f32..=1.0) {
            let tone = VesselTone { stiffness, dilation };
            for shape in [PulseShape::peripheral(tone), PulseShape::arterial(tone)] {
                prop_assert!(shape.at(0.0).abs() < 1e-6 && shape.at(1.0).abs() < 1e-6);
                let levels: Vec<f32> = (0..=1_000).map(|step| shape.at(step as f32 / 1_000.0)).collect();
                let peak = levels.iter().copied().fold(f32::MIN, f32::max);
                prop_assert!((peak - 1.0).abs() < 2e-3, "peak {peak}");
                prop_assert!(levels.iter().all(|&level| level > -0.01));
            }
        }
    }

    #[test]
    fn the_arterial_mean_is_that_of_the_core() {
        let shape = PulseShape::arterial(VesselTone { stiffness: 0.0, dilation: 0.0 });
        assert!((mean(&shape) - 0.38).abs() < 0.01, "{}", mean(&shape));
    }

    #[test]
    fn the_entry_is_forgotten_before_the_peak() {
        assert!((PulseShape::entry_weight(0.0, ENTRY_SHARE) - 1.0).abs() < 1e-6);
        assert_eq!(PulseShape::entry_weight(0.16, ENTRY_SHARE), 0.0);
    }

    #[test]
    fn a_weak_pulse_on_a_strong_one_forgets_late() {
        assert_eq!(PulseShape::entry_share(0.0), ENTRY_SHARE);
        assert_eq!(PulseShape::entry_share(0.3), ENTRY_SHARE);
        assert!((PulseShape::entry_share(5.0) - LATEST_SHARE).abs() < 1e-6);
    }
}

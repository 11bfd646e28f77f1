//! Pressure curves of the right side: central venous pressure with its a, c, x, v and y waves, and the pulmonary
//! artery.
//!
//! Waves in time with the electrocardiogram: Mark, "Central venous pressure monitoring: clinical insights beyond the
//! numbers", J Cardiothorac Vasc Anesth 1991;5:163-73 (a after the P wave, c at the end of the QRS complex, v at the end
//! of the T wave; no a wave in atrial fibrillation; cannon a waves when atria beat against a closed valve). Pressures:
//! Kovacs et al., "Pulmonary arterial pressure during rest and exercise in healthy subjects", Eur Respir J
//! 2009;34:888-94 (mean 14 mmHg at rest, 21/9); both swing with the pressure in the chest.

use super::beat::{Beat, LonePWave};
use super::breath::{Breath, add_lung_volume};
use super::elementary::exp;
use super::pulse_shape::{PulseShape, VesselTone};
use super::samples::SampleGrid;

/// Pressures around which the curves move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RightPressures {
    /// Mean central venous pressure [mmHg].
    pub cvp_mmhg: f32,
    /// Mean pulmonary artery pressure [mmHg].
    pub pap_mmhg: f32,
    /// Pulmonary pulse pressure of a beat at rest [mmHg].
    pub pulse_mmhg: f32,
}

/// Wedge pressure above central venous pressure at rest [mmHg], and pulmonary resistance at rest [mmHg min/L].
const WEDGE_ABOVE_MMHG: f64 = 4.0;
const RESISTANCE: f64 = 1.2;
/// Pulmonary pulse pressure of the resting stroke [mmHg].
const PULSE_MMHG: f64 = 13.0;
/// Hypoxic constriction: the resistance doubles when alveolar oxygen falls from the first to the second [mmHg].
const CONSTRICTION_MMHG: (f64, f64) = (70.0, 35.0);

impl RightPressures {
    /// Pressures that follow from the truth about the circulation: venous pressure [mmHg], cardiac output [L/min],
    /// stroke volume relative to rest, and alveolar oxygen [mmHg].
    pub fn of(cvp_mmhg: f64, cardiac_output_l_min: f64, stroke_ratio: f64, alveolar_po2_mmhg: f64) -> Self {
        let (begins, doubled) = CONSTRICTION_MMHG;
        let constriction = 1.0 + ((begins - alveolar_po2_mmhg) / (begins - doubled)).clamp(0.0, 1.5);
        let pap_mmhg = cvp_mmhg + WEDGE_ABOVE_MMHG + RESISTANCE * constriction * cardiac_output_l_min;
        Self {
            cvp_mmhg: cvp_mmhg as f32,
            pap_mmhg: pap_mmhg as f32,
            pulse_mmhg: (PULSE_MMHG * (0.5 + 0.5 * constriction) * stroke_ratio.max(0.0)) as f32,
        }
    }
}

/// Pressure in the chest per litre of inspired volume [mmHg/L]: falls when the patient inspires, rises when a ventilator
/// blows.
const CHEST_MMHG_L: f32 = 6.0;

/// Height [mmHg], distance [s] and width [s] of the waves after the R wave, at an interval of 1 s; those of the filling
/// lie later when the interval is long.
const C_WAVE: (f32, f32, f32) = (1.6, 0.10, 0.028);
const X_DESCENT: (f32, f32, f32) = (-2.6, 0.24, 0.060);
const V_WAVE: (f32, f32, f32) = (2.4, 0.42, 0.060);
const Y_DESCENT: (f32, f32, f32) = (-1.6, 0.56, 0.050);
/// The a wave after the peak of the P wave.
const A_WAVE: (f32, f32, f32) = (2.8, 0.09, 0.035);
/// P waves of conducted beats lie this long before the R wave, at an interval of 1 s [s].
const P_BEFORE_R_S: f64 = 0.160;
/// The tricuspid valve is closed from the R wave on for so long [s]; an atrium that beats meanwhile makes a cannon wave.
const CLOSED_S: f64 = 0.36;
const CANNON: f32 = 3.5;

/// A wave does not reach further than this from its centre, in widths.
const REACH: f32 = 4.0;

/// Adds the waves of central venous pressure [mmHg] around zero to `out`, whose first element is sample `first` of the
/// grid.
pub fn add_venous_waves(beats: &[Beat], lone: &[LonePWave], grid: SampleGrid, first: u64, out: &mut [f32]) {
    for beat in beats {
        let root = libm::sqrt((beat.rr_ns as f64 * 1e-9).clamp(0.3, 1.5));
        // Without ejection there is no descent and no filling that could be seen.
        let strength = beat.stroke_scale.min(1.3);
        for (wave, stretch) in [(C_WAVE, 1.0), (X_DESCENT, 1.0), (V_WAVE, root), (Y_DESCENT, root)] {
            add_bump(beat.r_ns, wave, stretch, strength, grid, first, out);
        }
        if let Some(p) = beat.p {
            let peak_ns = beat.r_ns - (P_BEFORE_R_S * libm::sqrt(root) * 1e9) as i64 - p.earlier_ns;
            add_atrial(peak_ns, beats, grid, first, out);
        }
    }
    for wave in lone {
        add_atrial(wave.peak_ns, beats, grid, first, out);
    }
}

/// Adds the a wave of atria whose P wave peaks at an instant.
fn add_atrial(peak_ns: i64, beats: &[Beat], grid: SampleGrid, first: u64, out: &mut [f32]) {
    let contraction_ns = peak_ns + (f64::from(A_WAVE.1) * 1e9) as i64;
    let begun = beats.partition_point(|beat| beat.r_ns <= contraction_ns);
    let closed =
        begun.checked_sub(1).is_some_and(|newest| ((contraction_ns - beats[newest].r_ns) as f64 * 1e-9) < CLOSED_S);
    add_bump(peak_ns, A_WAVE, 1.0, if closed { CANNON } else { 1.0 }, grid, first, out);
}

fn add_bump(
    origin_ns: i64,
    (height, distance_s, width_s): (f32, f32, f32),
    stretch: f64,
    strength: f32,
    grid: SampleGrid,
    first: u64,
    out: &mut [f32],
) {
    let centre_ns = origin_ns + (f64::from(distance_s) * stretch * 1e9) as i64;
    let reach_ns = (f64::from(REACH * width_s) * 1e9) as i64;
    grid.for_each_block(first, out, |block, chunk| {
        let within = block.within(centre_ns - reach_ns, centre_ns + reach_ns);
        let to_page = (block.page_ns - centre_ns) as f64 * 1e-9;
        let samples = block.offsets_ns()[within.clone()].iter().zip(&mut chunk[within]);
        for (&offset_ns, out) in samples {
            let distance = (to_page as f32 + offset_ns as f32 * 1e-9) * (1.0 / width_s);
            *out += strength * height * exp(-0.5 * distance * distance);
        }
    });
}

/// Adds the swing of the pressure in the chest [mmHg].
pub fn add_chest_pressure(breaths: &[Breath], grid: SampleGrid, first: u64, out: &mut [f32]) {
    // The volume of a mandatory breath counts the other way round.
    let signed: Vec<Breath> = breaths
        .iter()
        .map(|breath| {
            let sign = if breath.mandatory { -1.0 } else { 1.0 };
            Breath { tidal_volume_l: sign * breath.tidal_volume_l, residual_l: sign * breath.residual_l, ..*breath }
        })
        .collect();
    add_lung_volume(&signed, grid, first, -CHEST_MMHG_L, out);
}

/// The right ventricle ejects so long after the R wave [ns].
const EJECTION_NS: i64 = 90_000_000;
/// Time constant with which the pulmonary artery empties when no beat follows [s].
const RUNOFF_S: f32 = 0.8;

/// Adds the pulse of the pulmonary artery [mmHg] around its mean, 0 without pulses.
pub fn add_pulmonary_pulses(
    beats: &[Beat],
    pulse_mmhg: impl Fn(i64) -> f32,
    grid: SampleGrid,
    first: u64,
    out: &mut [f32],
) {
    let shape = PulseShape::arterial(VesselTone { stiffness: 0.0, dilation: 0.0 });
    let pulses: Vec<PulmonaryPulse> = beats
        .iter()
        .filter(|beat| beat.has_pulse())
        .map(|beat| PulmonaryPulse {
            foot_ns: beat.r_ns + EJECTION_NS,
            height: pulse_mmhg(beat.r_ns) * beat.stroke_scale.min(1.5),
            // Systole is about as long at any rate: the shape spans the cycle, but no more than a second and a bit.
            period_s: (beat.cycle_ns as f64 * 1e-9).min(1.1) as f32,
        })
        .collect();
    for (position, pulse) in pulses.iter().enumerate() {
        let end_ns = pulses.get(position + 1).map_or(i64::MAX, |next| next.foot_ns);
        // What is left of the pulse before fades from its level, without a step.
        let before = position.checked_sub(1).map(|position| &pulses[position]);
        let left = before.map_or(0.0, |before| {
            let since_s = ((pulse.foot_ns - before.foot_ns) as f64 * 1e-9) as f32;
            before.level(&shape, since_s) - pulse.level(&shape, 0.0)
        });
        grid.for_each_block(first, out, |block, chunk| {
            let within = block.within(pulse.foot_ns, end_ns);
            let to_page = ((block.page_ns - pulse.foot_ns) as f64 * 1e-9) as f32;
            let samples = block.offsets_ns()[within.clone()].iter().zip(&mut chunk[within]);
            for (&offset_ns, out) in samples {
                let since_s = to_page + offset_ns as f32 * 1e-9;
                let fading = 1.0 - since_s * (1.0 / FADE_S);
                let fading = if fading > 0.0 { fading } else { 0.0 };
                *out += pulse.level(&shape, since_s) + left * fading * fading;
            }
        });
    }
}

/// Time in which the level left by a pulse is forgotten in the next [s].
const FADE_S: f32 = 0.25;

/// A pulse in the pulmonary artery.
struct PulmonaryPulse {
    foot_ns: i64,
    height: f32,
    period_s: f32,
}

impl PulmonaryPulse {
    /// Level around the mean at a time after the foot [mmHg].
    #[inline]
    fn level(&self, shape: &PulseShape, since_s: f32) -> f32 {
        let share = since_s * (1.0 / self.period_s);
        let relative = if share < 1.0 {
            shape.at(share) - MEAN_SHARE
        } else {
            -MEAN_SHARE * exp(-(share - 1.0) * (self.period_s / RUNOFF_S))
        };
        self.height * relative
    }
}

/// Mean of the arterial shape over its period.
const MEAN_SHARE: f32 = 0.38;

#[cfg(test)]
mod tests {
    use sim_core::{Key, SimTime};

    use super::super::{Body, Build, Rhythm, RhythmKind, Sex};
    use super::*;

    const RATE_MHZ: u32 = 125_000;

    fn body(kind: RhythmKind) -> Body {
        let build = Build { weight_kg: 75.0, height_cm: 172.0, age_years: 60.0, sex: Sex::Female };
        let mut body = Body::new(&build, Key::new(5, "icu/1"), &[], 30_000_000_000);
        body.set_rhythm(Rhythm::usual(kind));
        for _ in 0..300 {
            body.step();
        }
        body
    }

    fn venous(body: &Body, first: u64, length: usize) -> Vec<f32> {
        let grid = SampleGrid { origin: SimTime::ZERO, rate_mhz: RATE_MHZ };
        let mut out = vec![0.0; length];
        let events = body.heart().events();
        add_venous_waves(events.beats, events.lone_p_waves, grid, first, &mut out);
        out
    }

    #[test]
    fn pressures_are_those_of_the_textbook() {
        let rest = RightPressures::of(4.0, 5.4, 1.0, 100.0);
        assert!((13.0..16.0).contains(&rest.pap_mmhg), "{}", rest.pap_mmhg);
        let hypoxic = RightPressures::of(4.0, 5.4, 1.0, 40.0);
        assert!(hypoxic.pap_mmhg > rest.pap_mmhg + 4.0);
    }

    #[test]
    fn waves_follow_one_another_as_named() {
        let body = body(RhythmKind::Sinus);
        let beat = *body.heart().beats().iter().find(|beat| beat.r_ns > 20_000_000_000).expect("a beat");
        let curve = venous(&body, 0, 30 * 125);
        let at = |after_s: f64| curve[((beat.r_ns as f64 * 1e-9 + after_s) * 125.0).round() as usize];
        let (a, c, x, v, y) = (at(-0.06), at(0.10), at(0.24), at(0.40), at(0.55));
        assert!(a > 1.5 && c > 0.8 && x < -1.5 && v > 1.0 && y < v - 1.5, "a {a} c {c} x {x} v {v} y {y}");
    }

    #[test]
    fn atria_that_beat_against_a_closed_valve_make_cannon_waves_and_fibrillating_ones_none() {
        let highest = |kind| venous(&body(kind), 2_000, 1_500).into_iter().fold(f32::MIN, f32::max);
        let sinus = highest(RhythmKind::Sinus);
        assert!(highest(RhythmKind::CompleteBlock) > sinus + 3.0);
        let fibrillating = body(RhythmKind::AtrialFibrillation);
        assert!(fibrillating.heart().beats().iter().rev().take(10).all(|beat| beat.p.is_none()));
    }

    #[test]
    fn a_curve_does_not_depend_on_its_chunks() {
        let body = body(RhythmKind::Sinus);
        let whole = venous(&body, 2_000, 500);
        let parts = [venous(&body, 2_000, 123), venous(&body, 2_123, 377)].concat();
        assert_eq!(whole, parts);
    }
}

//! What one patient's complexes look like: waves of the heart's dipole, and the conditions that change them.
//!
//! Each wave is given by its height in leads I and II and its part along the z axis (to the back), which are what a
//! reader of an electrocardiogram can check: small r and deep S in V1, transition at V3, upright T from V2 on.

use sim_core::{Key, Purpose};

use super::lead::{Vector, vector};
use crate::beat::Complex;

/// How a wave follows the preceding interval; `q` is the root of the interval in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    /// Atrial: its distance from the R wave goes with the root of `q`.
    Atrial,
    /// Ventricular depolarisation: fixed.
    Depolarisation,
    /// Ventricular repolarisation: its distance goes with `q`, its width with the root of `q`.
    Repolarisation,
}

/// One wave of the complex.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wave {
    pub(super) timing: Timing,
    /// Centre after the R wave, at an interval of 1 s [s].
    pub(super) centre_s: f64,
    /// Peak of the dipole [mV].
    pub(super) dipole_mv: Vector,
    /// Standard deviations before and after the centre [s].
    pub(super) width_s: (f64, f64),
    /// Whether its height follows the inflation of the lung.
    pub(super) respiratory: bool,
}

/// Where the heart's wall is injured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Territory {
    /// Leads II, III, aVF.
    Inferior,
    /// Leads V1 to V4.
    Anterior,
    /// Leads I, aVL, V5, V6.
    Lateral,
}

/// Lasting conditions that show in the electrocardiogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EcgCondition {
    /// Wall that is injured.
    pub injury: Option<Territory>,
    /// Elevation of the ST segment in the lead that faces the injury most [mV].
    pub st_elevation_mv: f64,
    /// Length of the QT interval relative to the drawn one, 1 to 1.4.
    pub qt_scale: f64,
    /// Potassium in the plasma [mmol/L].
    pub potassium_mmol_l: f64,
}

impl Default for EcgCondition {
    fn default() -> Self {
        Self { injury: None, st_elevation_mv: 0.2, qt_scale: 1.0, potassium_mmol_l: 4.2 }
    }
}

/// What potassium does to the waves (Diercks et al., J Emerg Med 2004: T waves grow from 5.5 mmol/L, P waves flatten
/// from 6.5, QRS complexes widen from 7; below 3.5 T waves flatten).
#[derive(Debug, Clone, Copy)]
struct PotassiumEffect {
    t_gain: f64,
    p_gain: f64,
    qrs_width: f64,
}

impl PotassiumEffect {
    fn of(potassium_mmol_l: f64) -> Self {
        let rising = |from: f64, until: f64| ((potassium_mmol_l - from) / (until - from)).clamp(0.0, 1.0);
        let low = ((3.5 - potassium_mmol_l) / 1.0).clamp(0.0, 1.0);
        Self {
            t_gain: 1.0 + 1.5 * rising(5.5, 7.5) - 0.5 * low,
            p_gain: 1.0 - rising(6.5, 8.0),
            qrs_width: 1.0 + 0.6 * rising(7.0, 9.0),
        }
    }
}

/// Shape of one patient's complexes.
#[derive(Debug, Clone, PartialEq)]
pub struct EcgMorphology {
    /// Key of the phases of fibrillation.
    pub(super) key: Key,
    pub(super) p: Wave,
    /// Q, R, S, T, then the injury's ST segment and T wave.
    narrow: [Wave; 6],
    left_block: [Wave; 3],
    right_block: [Wave; 4],
    ventricular: [Wave; 3],
    paced: [Wave; 3],
}

/// Spread between patients: logarithm of heights, relative centres and widths.
const HEIGHT_SPREAD: f64 = 0.25;
const CENTRE_SPREAD: f64 = 0.06;
const WIDTH_SPREAD: f64 = 0.08;

/// Mean axis of the complexes in the frontal plane, its spread between patients and the widest deviation [degrees].
/// Narrower than in a population, so that lead II, from which patients are monitored, keeps an upright complex.
const AXIS_DEGREES: f64 = 50.0;
const AXIS_SPREAD_DEGREES: f64 = 12.0;
const AXIS_LIMIT_DEGREES: f64 = 25.0;

/// Bounds of a draw in standard deviations.
const SPREAD_LIMIT: f64 = 2.0;

/// Clinical borders of a wave lie two standard deviations from its centre, where the tangent of its steepest slope
/// meets the baseline.
const BORDER: f64 = 2.0;

/// Bounds of a healthy corrected QT interval [s]; a longer one is a condition, not a draw.
const QT_S: (f64, f64) = (0.382, 0.438);

/// Peak and width of the ST segment of an injury after the R wave [s], and growth of the T wave that faces it.
const ST_CENTRE_S: f64 = 0.13;
const ST_WIDTH_S: f64 = 0.06;
const HYPERACUTE_T: f64 = 0.5;

const fn wave(timing: Timing, centre_s: f64, width_s: (f64, f64), dipole_mv: Vector) -> Wave {
    Wave { timing, centre_s, dipole_mv, width_s, respiratory: false }
}

fn depolarisation(centre_s: f64, width_s: f64, height_i: f64, height_ii: f64, z: f64) -> Wave {
    wave(Timing::Depolarisation, centre_s, (width_s, width_s), vector(height_i, height_ii, z))
}

fn repolarisation(centre_s: f64, width_s: (f64, f64), height_i: f64, height_ii: f64, z: f64) -> Wave {
    wave(Timing::Repolarisation, centre_s, width_s, vector(height_i, height_ii, z))
}

/// P, Q, R, S and T of a healthy adult.
fn healthy() -> [Wave; 5] {
    // The atrial axis points down, at about 60 degrees: tallest in II, flat in V1, below 0.2 mV in every chest lead.
    let p = wave(Timing::Atrial, -0.160, (0.020, 0.020), vector(0.060, 0.15, -0.03));
    let q = depolarisation(-0.028, 0.0085, -0.05, -0.10, -0.25);
    let r = Wave { respiratory: true, ..depolarisation(0.0, 0.0105, 0.78, 1.20, 0.35) };
    let s = depolarisation(0.030, 0.0095, -0.10, -0.22, 0.55);
    let t = repolarisation(0.285, (0.055, 0.030), 0.22, 0.30, -0.20);
    [p, q, r, s, t]
}

/// A notched complex to the left and back of 0.14 s, with an opposite T wave.
fn left_block() -> [Wave; 3] {
    [
        depolarisation(0.0, 0.024, 0.80, 0.90, 0.70),
        depolarisation(0.048, 0.024, 0.75, 0.60, 0.70),
        repolarisation(0.300, (0.060, 0.040), -0.30, -0.20, -0.25),
    ]
}

/// A healthy beginning and a slow end to the right and front: rSR' in V1, broad S in I and V6.
fn right_block() -> [Wave; 4] {
    let [_, q, r, _, _] = healthy();
    [q, r, depolarisation(0.060, 0.020, -0.45, -0.30, -0.55), repolarisation(0.290, (0.055, 0.035), 0.20, 0.25, 0.12)]
}

/// From the right outflow tract: broad, downward axis, negative in V1, opposite T wave.
fn ventricular() -> [Wave; 3] {
    [
        depolarisation(0.0, 0.038, 0.50, 1.60, 0.50),
        depolarisation(0.095, 0.045, -0.20, -0.45, -0.10),
        repolarisation(0.320, (0.070, 0.050), -0.30, -0.42, -0.30),
    ]
}

/// From a lead in the right ventricle: broad, like a left block.
fn paced() -> [Wave; 3] {
    [
        depolarisation(0.0, 0.035, 0.90, 1.20, 0.60),
        depolarisation(0.080, 0.040, -0.30, -0.50, -0.20),
        repolarisation(0.310, (0.070, 0.050), -0.35, -0.35, -0.25),
    ]
}

impl EcgMorphology {
    /// A patient's complexes, drawn under `key` around a healthy adult's, with what `condition` makes of them.
    pub fn adult(key: Key, condition: &EcgCondition) -> Self {
        let draw = |purpose, counter| -> f64 { key.normal(purpose, counter).clamp(-SPREAD_LIMIT, SPREAD_LIMIT) };
        let axis = AXIS_SPREAD_DEGREES * key.normal(Purpose::new("patient.ecg.axis"), 0);
        let lateral = lead_i_per_ii(AXIS_DEGREES + axis.clamp(-AXIS_LIMIT_DEGREES, AXIS_LIMIT_DEGREES))
            / lead_i_per_ii(AXIS_DEGREES);
        let mut gains = [1.0; 5];
        let mut waves = healthy();
        for ((counter, wave), gain) in (0..).zip(&mut waves).zip(&mut gains) {
            *gain = libm::exp(HEIGHT_SPREAD * draw(Purpose::new("patient.ecg.height"), counter));
            // The axis of the atria is their own.
            if wave.timing != Timing::Atrial {
                turn_axis(wave, lateral);
            }
            wave.dipole_mv = wave.dipole_mv.map(|part| *gain * part);
            wave.centre_s *= 1.0 + CENTRE_SPREAD * draw(Purpose::new("patient.ecg.centre"), counter);
            let width = 1.0 + WIDTH_SPREAD * draw(Purpose::new("patient.ecg.width"), counter);
            wave.width_s = (wave.width_s.0 * width, wave.width_s.1 * width);
        }
        let [_, q, _, _, t] = &mut waves;
        let qt_s = t.ends_s() - q.begins_s();
        t.centre_s += qt_s.clamp(QT_S.0, QT_S.1) - qt_s;
        let mut morphology = Self::of(key, &waves, condition);
        // The complexes of other ways of excitation are as large, relative to the usual ones, as the healthy R wave.
        let [_, _, r_gain, ..] = gains;
        for wave in morphology.abnormal() {
            wave.dipole_mv = wave.dipole_mv.map(|part| r_gain * part);
        }
        morphology.apply(condition);
        morphology
    }

    /// A healthy adult without any spread.
    pub fn textbook() -> Self {
        Self::of(Key::new(0, "textbook"), &healthy(), &EcgCondition::default())
    }

    fn of(key: Key, waves: &[Wave; 5], condition: &EcgCondition) -> Self {
        let [p, q, r, s, t] = *waves;
        let injury = injury_dipole(condition);
        let st = wave(Timing::Repolarisation, ST_CENTRE_S, (ST_WIDTH_S, ST_WIDTH_S), injury);
        let hyperacute = Wave { dipole_mv: injury.map(|part| HYPERACUTE_T * part), ..t };
        Self {
            key,
            p,
            narrow: [q, r, s, t, st, hyperacute],
            left_block: left_block(),
            right_block: right_block(),
            ventricular: ventricular(),
            paced: paced(),
        }
    }

    fn abnormal(&mut self) -> impl Iterator<Item = &mut Wave> {
        let Self { left_block, right_block, ventricular, paced, .. } = self;
        left_block.iter_mut().chain(right_block).chain(ventricular).chain(paced)
    }

    /// Lets long QT and potassium act on all waves.
    fn apply(&mut self, condition: &EcgCondition) {
        let potassium = PotassiumEffect::of(condition.potassium_mmol_l);
        let added_s = (condition.qt_scale - 1.0) * (self.narrow[3].ends_s() - self.narrow[0].begins_s());
        self.p.dipole_mv = self.p.dipole_mv.map(|part| potassium.p_gain * part);
        let Self { narrow, left_block, right_block, ventricular, paced, .. } = self;
        let [q, r, s, t, _, hyperacute] = narrow;
        let usual = [q, r, s, t, hyperacute].into_iter();
        for wave in usual.chain(left_block).chain(right_block).chain(ventricular).chain(paced) {
            if wave.timing == Timing::Repolarisation {
                wave.centre_s += added_s;
                wave.dipole_mv = wave.dipole_mv.map(|part| potassium.t_gain * part);
            } else {
                wave.centre_s *= potassium.qrs_width;
                wave.width_s = (wave.width_s.0 * potassium.qrs_width, wave.width_s.1 * potassium.qrs_width);
            }
        }
    }

    /// The waves of a complex without its P wave.
    pub(super) fn complex(&self, complex: Complex) -> &[Wave] {
        match complex {
            Complex::Narrow => &self.narrow,
            Complex::LeftBundleBranchBlock => &self.left_block,
            Complex::RightBundleBranchBlock => &self.right_block,
            Complex::Ventricular => &self.ventricular,
            Complex::Paced => &self.paced,
        }
    }
}

/// Height in lead I relative to that in lead II of a dipole at an angle in the frontal plane [degrees] (Einthoven).
fn lead_i_per_ii(angle_degrees: f64) -> f64 {
    let radians = angle_degrees.to_radians();
    libm::cos(radians) / libm::cos(std::f64::consts::FRAC_PI_3 - radians)
}

/// Multiplies the height in lead I and keeps the one in lead II.
fn turn_axis(wave: &mut Wave, lateral: f64) {
    let height = |lead: super::Lead| super::lead::seen(lead.row(), wave.dipole_mv);
    let (one, two) = (height(super::Lead::I), height(super::Lead::II));
    wave.dipole_mv = vector(lateral * one, two, wave.dipole_mv[2]);
}

/// Dipole of the injury current [mV]; leads that face away see it upside down.
fn injury_dipole(condition: &EcgCondition) -> Vector {
    let elevation_mv = condition.st_elevation_mv;
    match condition.injury {
        None => [0.0; 3],
        // A right coronary occlusion: III above II, I below the baseline.
        Some(Territory::Inferior) => vector(-0.3 * elevation_mv, 0.8 * elevation_mv, 0.1 * elevation_mv),
        Some(Territory::Anterior) => vector(0.1 * elevation_mv, -0.1 * elevation_mv, -0.72 * elevation_mv),
        Some(Territory::Lateral) => vector(0.65 * elevation_mv, 0.1 * elevation_mv, 0.25 * elevation_mv),
    }
}

impl Wave {
    /// Clinical beginning after the R wave, at an interval of 1 s [s].
    pub(super) fn begins_s(&self) -> f64 {
        self.centre_s - BORDER * self.width_s.0
    }

    /// Clinical end after the R wave, at an interval of 1 s [s].
    pub(super) fn ends_s(&self) -> f64 {
        self.centre_s + BORDER * self.width_s.1
    }
}

#[cfg(test)]
mod tests;

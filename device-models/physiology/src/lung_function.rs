//! Forced expiration: what a person blows into a spirometer.
//!
//! Predicted values: Quanjer et al., "Lung volumes and forced ventilatory flows", Eur Respir J 1993;6 Suppl 16:5
//! (European Community for Steel and Coal), adults of 18 to 70 years; people under 25 count as 25. The blow is that of
//! two lung compartments that empty exponentially, a fast one and a slow one, whose shares follow from FEV1/FVC.

use sim_core::{Key, Purpose};

use super::parameters::{Build, Sex};

/// Time constants of the compartments [s].
const FAST_S: f64 = 0.42;
const SLOW_S: f64 = 3.4;
/// Least FEV1/FVC, a little above what the slow compartment alone exhales in a second.
const LEAST_PART: f64 = 0.27;
/// Time constant of the onset of the blow [s].
const ONSET_S: f64 = 0.035;
/// Relative deficit of a blow through its effort: standard deviation of a half-normal.
const BLOW_SIGMA: f64 = 0.02;

const BLOW: Purpose = Purpose::new("spirometer.blow");
const PERSON: Purpose = Purpose::new("lung_function.person");

/// Residual standard deviation of the predicted forced vital capacity relative to its mean: 0.61 L of 4.8 L.
const PERSON_SIGMA: f64 = 0.12;

/// Lungs of one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LungFunction {
    /// Forced vital capacity [L].
    pub fvc_l: f64,
    /// Part of it that is exhaled in the first second (FEV1/FVC), 0.27 to 0.92.
    pub first_second_part: f64,
}

/// Predicted forced vital capacity and forced expiratory volume in one second [L].
pub fn predicted_volumes_l(build: &Build) -> (f64, f64) {
    let height_m = build.height_cm / 100.0;
    let age_years = build.age_years.max(25.0);
    let (fvc_l, fev1_l) = match build.sex {
        Sex::Male => (5.76 * height_m - 0.026 * age_years - 4.34, 4.30 * height_m - 0.029 * age_years - 2.49),
        Sex::Female => (4.43 * height_m - 0.026 * age_years - 2.89, 3.95 * height_m - 0.025 * age_years - 2.60),
    };
    // Extrapolation to small and very old people must not reach zero.
    (fvc_l.max(1.0), fev1_l.clamp(0.6, 0.92 * fvc_l.max(1.0)))
}

impl LungFunction {
    /// Healthy lungs of this build, with the spread between persons.
    pub fn healthy(build: &Build, key: Key) -> Self {
        let (fvc_l, fev1_l) = predicted_volumes_l(build);
        let personal = 1.0 + PERSON_SIGMA * key.normal(PERSON, 0).clamp(-2.0, 2.0);
        Self { fvc_l: fvc_l * personal, first_second_part: (fev1_l / fvc_l).clamp(LEAST_PART, 0.92) }
    }

    /// The same lungs with obstruction (asthma, COPD) and restriction (fibrosis, oedema), each 0 to 1.
    ///
    /// Full obstruction leaves FEV1/FVC at three tenths and a quarter less vital capacity (GOLD 4); full restriction
    /// leaves four tenths of the vital capacity and makes the lungs empty faster.
    #[must_use]
    pub fn with_disease(&self, obstruction: f64, restriction: f64) -> Self {
        let part = self.first_second_part;
        let obstructed = part + (0.3 - part) * obstruction;
        Self {
            fvc_l: self.fvc_l * (1.0 - 0.25 * obstruction) * (1.0 - 0.6 * restriction),
            first_second_part: (obstructed + 0.05 * restriction).clamp(LEAST_PART, 0.92),
        }
    }

    /// Blow number `index` of this person, with its own effort.
    pub fn blow(&self, key: Key, index: u64) -> Blow {
        let effort = (1.0 - (BLOW_SIGMA * key.normal(BLOW, index)).abs()).max(0.8);
        Blow { fvc_l: self.fvc_l * effort, slow_part: slow_part(self.first_second_part) }
    }
}

/// Share of the slow compartment that gives this FEV1/FVC.
fn slow_part(first_second_part: f64) -> f64 {
    let left = |tau_s: f64| remaining(1.0, tau_s);
    ((1.0 - first_second_part - left(FAST_S)) / (left(SLOW_S) - left(FAST_S))).clamp(0.0, 1.0)
}

/// Part of a compartment that is left after some seconds of a blow whose driving pressure comes on exponentially.
fn remaining(seconds: f64, tau_s: f64) -> f64 {
    (tau_s * libm::exp(-seconds / tau_s) - ONSET_S * libm::exp(-seconds / ONSET_S)) / (tau_s - ONSET_S)
}

/// One forced expiration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blow {
    fvc_l: f64,
    slow_part: f64,
}

impl Blow {
    /// Volume exhaled after some seconds [L].
    pub fn volume_l(&self, seconds: f64) -> f64 {
        let left = (1.0 - self.slow_part) * remaining(seconds, FAST_S) + self.slow_part * remaining(seconds, SLOW_S);
        if seconds <= 0.0 { 0.0 } else { self.fvc_l * (1.0 - left) }
    }

    /// Flow after some seconds [L/s].
    pub fn flow_l_s(&self, seconds: f64) -> f64 {
        if seconds <= 0.0 {
            return 0.0;
        }
        let rate = |tau_s: f64| (libm::exp(-seconds / tau_s) - libm::exp(-seconds / ONSET_S)) / (tau_s - ONSET_S);
        self.fvc_l * ((1.0 - self.slow_part) * rate(FAST_S) + self.slow_part * rate(SLOW_S))
    }

    /// Forced vital capacity [L].
    pub fn fvc_l(&self) -> f64 {
        self.fvc_l
    }

    /// Forced expiratory volume in one second [L].
    pub fn fev1_l(&self) -> f64 {
        self.volume_l(1.0)
    }

    /// Forced expiratory volume in six seconds [L].
    pub fn fev6_l(&self) -> f64 {
        self.volume_l(6.0)
    }

    /// Peak expiratory flow [L/s], the greatest of the first half second in steps of 5 ms.
    pub fn peak_flow_l_s(&self) -> f64 {
        (1..=100).map(|step| self.flow_l_s(f64::from(step) * 0.005)).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAN: Build = Build { weight_kg: 75.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };
    const WOMAN: Build = Build { weight_kg: 62.0, height_cm: 165.0, age_years: 40.0, sex: Sex::Female };

    #[test]
    fn predicted_values_of_two_people() {
        let (fvc_l, fev1_l) = predicted_volumes_l(&MAN);
        assert!((fvc_l - 4.70).abs() < 0.01 && (fev1_l - 3.875).abs() < 0.01, "{fvc_l} {fev1_l}");
        let (fvc_l, fev1_l) = predicted_volumes_l(&WOMAN);
        assert!((fvc_l - 3.38).abs() < 0.01 && (fev1_l - 2.918).abs() < 0.01, "{fvc_l} {fev1_l}");
    }

    /// Peak flow is not fitted; the predicted ones of the same source are 9.2 and 6.8 L/s.
    #[test]
    fn peak_flows_are_plausible() {
        for (build, predicted) in [(MAN, 9.18), (WOMAN, 6.77)] {
            let (fvc_l, fev1_l) = predicted_volumes_l(&build);
            let lungs = LungFunction { fvc_l, first_second_part: fev1_l / fvc_l };
            let peak = lungs.blow(Key::new(1, "home/1"), 0).peak_flow_l_s();
            assert!((peak / predicted - 1.0).abs() < 0.2, "{peak} L/s, predicted {predicted}");
        }
    }

    #[test]
    fn disease_has_its_pattern() {
        let lungs = LungFunction::healthy(&MAN, Key::new(4, "home/1"));
        let blow = |lungs: LungFunction| lungs.blow(Key::new(4, "home/1"), 0);
        let (healthy, obstructed, restricted) =
            (blow(lungs), blow(lungs.with_disease(0.8, 0.0)), blow(lungs.with_disease(0.0, 0.8)));
        assert!(healthy.fev1_l() / healthy.fvc_l() > 0.7);
        assert!(obstructed.fev1_l() / obstructed.fvc_l() < 0.5);
        assert!(obstructed.peak_flow_l_s() < 0.6 * healthy.peak_flow_l_s());
        assert!(restricted.fvc_l() < 0.6 * healthy.fvc_l());
        assert!(restricted.fev1_l() / restricted.fvc_l() > 0.75);
    }

    #[test]
    fn blows_differ_and_repeat() {
        let lungs = LungFunction::healthy(&WOMAN, Key::new(2, "home/2"));
        let key = Key::new(2, "home/2/spiro");
        assert_eq!(lungs.blow(key, 3), lungs.blow(key, 3));
        assert_ne!(lungs.blow(key, 3), lungs.blow(key, 4));
        let best = (0..3).map(|index| lungs.blow(key, index).fvc_l()).fold(0.0, f64::max);
        assert!((best / lungs.fvc_l - 1.0).abs() < 0.05);
    }

    proptest! {
        /// Volume rises from nothing to the vital capacity, and FEV1 is the asked part of it.
        #[test]
        fn a_blow_empties_the_lungs(fvc_l in 1.0_f64..7.0, part in 0.3_f64..0.88) {
            let blow = LungFunction { fvc_l, first_second_part: part }.blow(Key::new(0, "x"), 0);
            let volumes: Vec<f64> = (0..200).map(|step| blow.volume_l(f64::from(step) * 0.05)).collect();
            prop_assert!(volumes.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert_eq!(volumes[0], 0.0);
            prop_assert!(volumes[199] <= blow.fvc_l() && blow.volume_l(30.0) > 0.999 * blow.fvc_l());
            prop_assert!((blow.fev1_l() / blow.fvc_l() - part).abs() < 1e-9);
            prop_assert!(blow.fev1_l() <= blow.fev6_l());
        }
    }
}

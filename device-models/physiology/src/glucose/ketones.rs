//! Ketones: what fat becomes when insulin is missing, and the acid that they are.
//!
//! One pool of beta-hydroxybutyrate. Its production falls with insulin; its uptake saturates early and grows with insulin; the
//! kidneys take some. The sizes are set by three observations: 0.09 mmol/L on basal insulin (Sherr et al., Diabetes Care
//! 2014;37:773); after a pump has stopped +0.20 mmol/L/h, 1.6 mmol/L after 8 and 3.0 after 14 h (Klonoff et al., J Diabetes Sci
//! Technol 2024, eight studies); and a fall of at least 0.5 mmol/L/h on treatment (Joint British Diabetes Societies, "The
//! management of diabetic ketoacidosis in adults", which also sets 3 mmol/L as its beginning).

use super::type1::Type1;

/// Ketones of a person on basal insulin [mmol/L].
const BASAL_MMOL_L: f64 = 0.09;
/// Production without insulin [mmol/L/h], and how it falls with insulin relative to basal: by a factor of e for each 0.54.
const PRODUCTION_MMOL_L_H: f64 = 0.52;
const SUPPRESSION: f64 = 1.835;
/// Uptake without insulin once it is saturated [mmol/L/h], the concentration of half of it [mmol/L], and what insulin adds,
/// relative to basal.
const UPTAKE_MMOL_L_H: f64 = 0.18;
const HALF_UPTAKE_MMOL_L: f64 = 0.3;
const INSULIN_GAIN: f64 = 1.0;
const MOST_INSULIN: f64 = 4.0;
/// Part that leaves with the urine [1/h].
const EXCRETION_PER_H: f64 = 0.02;
/// What full metabolic stress (hormones against insulin) adds to production.
const STRESS_GAIN: f64 = 0.6;

/// Acid for each beta-hydroxybutyrate: acetoacetate stands to it as 1 to 3 (Laffel, Diabetes Metab Res Rev 1999;15:412).
const ACID_PER_KETONE: f64 = 4.0 / 3.0;
/// Bicarbonate without ketones [mmol/L].
const BICARBONATE_MMOL_L: f64 = 24.4;
/// The least that is left of it [mmol/L].
const LEAST_BICARBONATE_MMOL_L: f64 = 2.0;

/// Ketones of a person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ketones {
    blood_mmol_l: f64,
}

impl Default for Ketones {
    fn default() -> Self {
        Self { blood_mmol_l: BASAL_MMOL_L }
    }
}

impl Ketones {
    /// Lives through a minute of this person under this metabolic stress, 0 to 1.
    pub fn advance_minute(&mut self, person: &Type1, stress: f64) {
        self.advance(person.insulin_pmol_l() / person.parameters().basal_insulin_pmol_l, stress);
    }

    /// Lives through a minute with insulin relative to basal.
    fn advance(&mut self, insulin: f64, stress: f64) {
        let made = PRODUCTION_MMOL_L_H * libm::exp(-SUPPRESSION * insulin) * (1.0 + STRESS_GAIN * stress);
        let capacity = UPTAKE_MMOL_L_H * (1.0 + INSULIN_GAIN * insulin.min(MOST_INSULIN));
        let used = capacity * self.blood_mmol_l / (self.blood_mmol_l + HALF_UPTAKE_MMOL_L)
            + EXCRETION_PER_H * self.blood_mmol_l;
        self.blood_mmol_l = (self.blood_mmol_l + (made - used) / 60.0).max(0.0);
    }

    /// Beta-hydroxybutyrate in the blood [mmol/L].
    pub fn blood_mmol_l(&self) -> f64 {
        self.blood_mmol_l
    }

    /// Acid above that of basal ketones [mmol/L].
    pub fn acid_mmol_l(&self) -> f64 {
        ACID_PER_KETONE * (self.blood_mmol_l - BASAL_MMOL_L).max(0.0)
    }

    /// Bicarbonate that the acid leaves [mmol/L].
    pub fn bicarbonate_mmol_l(&self) -> f64 {
        (BICARBONATE_MMOL_L - self.acid_mmol_l()).max(LEAST_BICARBONATE_MMOL_L)
    }
}

/// Arterial pH of this bicarbonate [mmol/L] and carbon dioxide [mmHg] (Henderson and Hasselbalch).
pub fn ph(bicarbonate_mmol_l: f64, paco2_mmhg: f64) -> f64 {
    /// Dissociation of carbonic acid in plasma, and solubility of carbon dioxide [mmol/L/mmHg], at 37 degrees.
    const PK: f64 = 6.1;
    const SOLUBILITY: f64 = 0.0307;
    PK + libm::log10(bicarbonate_mmol_l / (SOLUBILITY * paco2_mmhg.max(5.0)))
}

#[cfg(test)]
mod tests {
    use super::super::{Conditions, Units, reference_patients};
    use super::*;

    /// Ketones of each hour after the insulin of a reference adult has stopped.
    fn without_insulin(hours: usize) -> Vec<f64> {
        let (_, parameters) = reference_patients().into_iter().find(|(name, _)| name == "adult#001").unwrap();
        let (mut person, mut ketones) = (Type1::new(parameters), Ketones::default());
        (0..hours)
            .map(|_| {
                for _ in 0..60 {
                    person.advance_minute(Units(0.0), &Conditions::default());
                    ketones.advance_minute(&person, 0.0);
                }
                ketones.blood_mmol_l()
            })
            .collect()
    }

    #[test]
    fn basal_insulin_keeps_them_low() {
        let mut ketones = Ketones::default();
        (0..2_880).for_each(|_| ketones.advance(1.0, 0.0));
        assert!((0.06..0.12).contains(&ketones.blood_mmol_l()), "{ketones:?}");
        assert_eq!(Ketones::default().acid_mmol_l(), 0.0);
    }

    #[test]
    fn a_stopped_pump_ends_in_ketoacidosis() {
        let course = without_insulin(30);
        assert!(course[1] < 0.4, "{course:?}");
        let of = |level: f64| course.iter().position(|ketones| *ketones > level).unwrap() + 1;
        assert!((6..=10).contains(&of(1.6)), "{course:?}");
        assert!((11..=17).contains(&of(3.0)), "{course:?}");
        let ketones = Ketones { blood_mmol_l: course[29] };
        assert!(ketones.bicarbonate_mmol_l() < 18.0, "{ketones:?}");
        assert!(ph(ketones.bicarbonate_mmol_l(), 30.0) < 7.37);
    }

    #[test]
    fn insulin_clears_them() {
        let mut ketones = Ketones { blood_mmol_l: 6.0 };
        (0..240).for_each(|_| ketones.advance(3.0, 0.0));
        assert!((2.5..4.5).contains(&ketones.blood_mmol_l()), "{ketones:?}");
    }

    #[test]
    fn ph_is_that_of_the_textbook() {
        assert!((ph(24.4, 40.0) - 7.40).abs() < 0.01);
        assert!((ph(10.0, 23.0) - 7.25).abs() < 0.02);
    }
}

//! The drugs in one patient.

use super::bispectral_index::bispectral_index;
use super::drug::Drug;
use super::effect::{Concentrations, DrugEffect, wakefulness};
use super::mammillary::{Kinetics, Mammillary};
use super::sets;
use crate::physiology::{Build, OneCompartment};

/// Micrograms in a milligram.
const UG_PER_MG: f64 = 1_000.0;

/// Epinephrine: volume [L] and clearance [L/min] of a healthy adult of 70 kg, and the exponent of body weight.
///
/// Volume and exponent: Abboud et al., Crit Care 2009;13:R120. Their septic patients clear 2.1 L/min at 50 points of
/// SAPS II; volunteers clear 4.3 L/min (50 ng/kg/min raise plasma by 0.81 ug/L, Metabolism 1980,
/// doi 10.1016/0026-0495(80)90019-0).
const EPINEPHRINE_VOLUME_L: f64 = 7.9;
const EPINEPHRINE_CLEARANCE_L_MIN: f64 = 4.3;
const EPINEPHRINE_WEIGHT_EXPONENT: f64 = 0.60;

/// Every drug of [`Drug`] in one patient, empty until given.
#[derive(Debug, Clone, PartialEq)]
pub struct Drugs {
    build: Build,
    /// One per drug of [`Drug::ALL`], made when first given; propofol in mg, the others in ug. Epinephrine has none.
    spread: [Option<Box<Mammillary>>; Drug::ALL.len()],
    epinephrine: OneCompartment,
}

impl Drugs {
    /// None in a patient of this build. Propofol spreads after Schnider.
    pub fn new(build: &Build) -> Self {
        let weight_factor = libm::pow(build.weight_kg / 70.0, EPINEPHRINE_WEIGHT_EXPONENT);
        Self {
            build: *build,
            spread: [const { None }; Drug::ALL.len()],
            epinephrine: OneCompartment::new(EPINEPHRINE_VOLUME_L, EPINEPHRINE_CLEARANCE_L_MIN * weight_factor),
        }
    }

    /// Advances by one second in which these amounts [ug] arrive in the blood, each at a constant rate. A bolus is a
    /// large amount in one second.
    pub fn advance_second(&mut self, given_ug: &[(Drug, f64)]) {
        let given = |wanted: Drug| given_ug.iter().filter(|(drug, _)| *drug == wanted).map(|(_, ug)| ug).sum::<f64>();
        for (slot, drug) in self.spread.iter_mut().zip(Drug::ALL) {
            let ug = given(drug);
            let amount = if drug == Drug::Propofol { ug / UG_PER_MG } else { ug };
            if slot.is_none() && amount > 0.0 {
                *slot = kinetics(drug, &self.build).map(|set| Box::new(Mammillary::new(set)));
            }
            if let Some(spread) = slot {
                spread.advance_second(amount);
            }
        }
        self.epinephrine.advance(given(Drug::Epinephrine), 1.0);
    }

    /// Whether there is nothing to advance and no effect: none of them was ever given.
    pub fn is_empty(&self) -> bool {
        self.spread.iter().all(Option::is_none) && self.epinephrine.concentration_ug_l() == 0.0
    }

    /// Plasma concentration above the patient's own [ug/L].
    pub fn plasma_ug_l(&self, drug: Drug) -> f64 {
        self.concentration_ug_l(drug, Mammillary::plasma)
    }

    /// Concentration at the site of the effect [ug/L]; plasma for epinephrine.
    pub fn effect_site_ug_l(&self, drug: Drug) -> f64 {
        self.concentration_ug_l(drug, Mammillary::effect_site)
    }

    fn concentration_ug_l(&self, drug: Drug, of: fn(&Mammillary) -> f64) -> f64 {
        let per_l = self.spread[drug as usize].as_deref().map_or(0.0, of);
        match drug {
            Drug::Propofol => per_l * UG_PER_MG,
            Drug::Epinephrine => self.epinephrine.concentration_ug_l(),
            _ => per_l,
        }
    }

    fn concentrations(&self) -> Concentrations {
        Concentrations {
            propofol_mg_l: self.effect_site_ug_l(Drug::Propofol) / UG_PER_MG,
            remifentanil_ug_l: self.effect_site_ug_l(Drug::Remifentanil),
            fentanyl_ug_l: self.effect_site_ug_l(Drug::Fentanyl),
            morphine_ug_l: self.effect_site_ug_l(Drug::Morphine),
            midazolam_ug_l: self.effect_site_ug_l(Drug::Midazolam),
            naloxone_ug_l: self.effect_site_ug_l(Drug::Naloxone),
            epinephrine_ug_l: self.epinephrine.concentration_ug_l(),
        }
    }

    /// What they do to the core now.
    pub fn effect(&self) -> DrugEffect {
        self.concentrations().effect(self.build.age_years)
    }

    /// Bispectral index, from propofol and remifentanil.
    pub fn bispectral_index(&self) -> f64 {
        let concentrations = self.concentrations();
        bispectral_index(concentrations.propofol_mg_l, concentrations.remifentanil_ug_l)
    }

    /// Wakefulness, 1 awake to 0: the probability that the patient answers to a voice.
    pub fn wakefulness(&self) -> f64 {
        wakefulness(&self.concentrations(), self.build.age_years)
    }
}

/// The kinetic set by which a drug spreads, if it spreads through more than plasma.
fn kinetics(drug: Drug, build: &Build) -> Option<Kinetics> {
    match drug {
        Drug::Propofol => Some(sets::propofol_schnider(build)),
        Drug::Remifentanil => Some(sets::remifentanil_minto(build)),
        Drug::Fentanyl => Some(sets::fentanyl_shafer()),
        Drug::Morphine => Some(sets::morphine_sarton(build)),
        Drug::Midazolam => Some(sets::midazolam_albrecht(build)),
        Drug::Naloxone => Some(sets::naloxone_dowling()),
        Drug::Epinephrine => None,
    }
}

#[cfg(test)]
mod tests;

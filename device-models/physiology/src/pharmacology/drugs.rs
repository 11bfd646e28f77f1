//! The drugs in one patient.

use sim_core::GRID;

use super::bispectral_index::bispectral_index;
use super::drug::{Drug, PropofolModel};
use super::effect::{Concentrations, DrugEffect, wakefulness};
use super::mammillary::{Kinetics, Mammillary};
use super::sets;
use crate::{Build, Norepinephrine, OneCompartment, PressorEffect};

/// Micrograms in a milligram.
const UG_PER_MG: f64 = 1_000.0;

/// Equilibration of the effect site with Marsh's kinetics [1/min], and that of the modified set (Struys et al.,
/// Anesthesiology 2000;92:399).
const MARSH_KE0_PER_MIN: f64 = 0.26;
const MODIFIED_MARSH_KE0_PER_MIN: f64 = 1.2;

/// Epinephrine: volume [L] and clearance [L/min] of a healthy adult of 70 kg, and the exponent of body weight.
///
/// Volume and exponent: Abboud et al., Crit Care 2009;13:R120. Their septic patients clear 2.1 L/min at 50 points of
/// SAPS II; volunteers clear 4.3 L/min (50 ng/kg/min raise plasma by 0.81 ug/L, Metabolism 1980,
/// doi 10.1016/0026-0495(80)90019-0).
const EPINEPHRINE_VOLUME_L: f64 = 7.9;
const EPINEPHRINE_CLEARANCE_L_MIN: f64 = 4.3;
const EPINEPHRINE_WEIGHT_EXPONENT: f64 = 0.60;

/// Grid steps of 100 ms in a second, by which the drugs with an effect site spread.
const STEPS_PER_SECOND: u8 = 10;

/// Every drug of [`Drug`] in one patient, empty until given.
#[derive(Debug, Clone, PartialEq)]
pub struct Drugs {
    build: Build,
    /// One per drug of [`Drug::ALL`], made when first given; propofol in mg, the others in ug. The catecholamines,
    /// which stay in the plasma, have none.
    spread: [Option<Box<Mammillary>>; Drug::ALL.len()],
    epinephrine: OneCompartment,
    norepinephrine: Norepinephrine,
    /// What arrived since the last grid step, and since the last second [ug].
    given_in_step_ug: [f64; Drug::ALL.len()],
    given_in_second_ug: [f64; Drug::ALL.len()],
    /// Grid steps since the last second.
    steps: u8,
    /// Effect of everything but norepinephrine, as of the last second.
    effect: DrugEffect,
}

impl Drugs {
    /// None in a patient of this build.
    pub fn new(build: &Build) -> Self {
        let weight_factor = libm::pow(build.weight_kg / 70.0, EPINEPHRINE_WEIGHT_EXPONENT);
        Self {
            build: *build,
            spread: [const { None }; Drug::ALL.len()],
            epinephrine: OneCompartment::new(EPINEPHRINE_VOLUME_L, EPINEPHRINE_CLEARANCE_L_MIN * weight_factor),
            norepinephrine: Norepinephrine::new(),
            given_in_step_ug: [0.0; Drug::ALL.len()],
            given_in_second_ug: [0.0; Drug::ALL.len()],
            steps: 0,
            effect: DrugEffect::default(),
        }
    }

    /// Lets propofol spread by a kinetic set. Once propofol has been given the set stays.
    pub fn choose_propofol_model(&mut self, model: PropofolModel) {
        let kinetics = match model {
            PropofolModel::Schnider => sets::propofol_schnider(&self.build),
            PropofolModel::Marsh => sets::propofol_marsh(&self.build, MARSH_KE0_PER_MIN),
            PropofolModel::ModifiedMarsh => sets::propofol_marsh(&self.build, MODIFIED_MARSH_KE0_PER_MIN),
        };
        self.spread[Drug::Propofol as usize].get_or_insert_with(|| Box::new(Mammillary::new(kinetics)));
    }

    /// Lets an amount [ug] run in during the coming grid step, as a pump does.
    pub fn infuse(&mut self, drug: Drug, ug: f64) {
        self.given_in_step_ug[drug as usize] += ug;
    }

    /// Puts an amount [ug] into the plasma at once, as a hand with a syringe does.
    pub fn bolus(&mut self, drug: Drug, ug: f64) {
        match drug {
            Drug::Epinephrine => self.epinephrine.advance(ug, 0.0),
            Drug::Norepinephrine => self.norepinephrine.advance(ug, 0.0),
            _ => {
                if let Some(spread) = self.spread_of(drug) {
                    spread.bolus(amount(drug, ug));
                }
            }
        }
    }

    /// Advances by a grid step of 100 ms. Norepinephrine moves with every step, the others once a second.
    pub fn advance_step(&mut self) {
        let given = std::mem::take(&mut self.given_in_step_ug);
        self.norepinephrine.advance(given[Drug::Norepinephrine as usize], GRID.seconds());
        for (waiting, given) in self.given_in_second_ug.iter_mut().zip(given) {
            *waiting += given;
        }
        self.steps += 1;
        if self.steps == STEPS_PER_SECOND {
            self.steps = 0;
            let given = std::mem::take(&mut self.given_in_second_ug);
            self.spread_for_a_second(&given);
        }
    }

    /// Lets what spreads by seconds do so, with these amounts [ug] arriving at a constant rate.
    fn spread_for_a_second(&mut self, given_ug: &[f64; Drug::ALL.len()]) {
        for drug in Drug::ALL {
            let given = amount(drug, given_ug[drug as usize]);
            if given > 0.0 {
                self.spread_of(drug);
            }
            if let Some(spread) = &mut self.spread[drug as usize] {
                spread.advance_second(given);
            }
        }
        self.epinephrine.advance(given_ug[Drug::Epinephrine as usize], 1.0);
        self.effect = self.concentrations().effect(self.build.age_years);
    }

    /// The compartments of a drug, made when first asked for; none for what stays in the plasma.
    fn spread_of(&mut self, drug: Drug) -> Option<&mut Mammillary> {
        let slot = &mut self.spread[drug as usize];
        if slot.is_none() {
            *slot = kinetics(drug, &self.build).map(|set| Box::new(Mammillary::new(set)));
        }
        slot.as_deref_mut()
    }

    /// Drugs that were ever given.
    pub fn in_use(&self) -> impl Iterator<Item = Drug> + '_ {
        Drug::ALL.into_iter().filter(|&drug| self.plasma_ug_l(drug) > 0.0 || self.effect_site_ug_l(drug) > 0.0)
    }

    /// Plasma concentration above the patient's own [ug/L].
    pub fn plasma_ug_l(&self, drug: Drug) -> f64 {
        self.concentration_ug_l(drug, Mammillary::plasma)
    }

    /// Concentration at the site of the effect [ug/L]; plasma for the catecholamines.
    pub fn effect_site_ug_l(&self, drug: Drug) -> f64 {
        self.concentration_ug_l(drug, Mammillary::effect_site)
    }

    fn concentration_ug_l(&self, drug: Drug, of: fn(&Mammillary) -> f64) -> f64 {
        let per_l = self.spread[drug as usize].as_deref().map_or(0.0, of);
        match drug {
            Drug::Propofol => per_l * UG_PER_MG,
            Drug::Epinephrine => self.epinephrine.concentration_ug_l(),
            Drug::Norepinephrine => self.norepinephrine.concentration_ug_l(),
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

    /// What all but norepinephrine do to the core, as of the last second.
    pub fn effect(&self) -> DrugEffect {
        self.effect
    }

    /// What norepinephrine does to the core of a patient with this severity of sepsis (0 to 1).
    pub fn pressor_effect(&self, sepsis: f64) -> PressorEffect {
        self.norepinephrine.effect(sepsis)
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

/// An amount [ug] in the unit by which the compartments of a drug count.
fn amount(drug: Drug, ug: f64) -> f64 {
    if drug == Drug::Propofol { ug / UG_PER_MG } else { ug }
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
        Drug::Epinephrine | Drug::Norepinephrine => None,
    }
}

#[cfg(test)]
mod tests;

//! Drugs in a patient: what is given, how it spreads, and what it does to the core.
//!
//! [`Mammillary`] is a three-compartment model with an effect site, stepped exactly second by second. [`Drugs`] holds
//! one patient's drugs and turns their effect-site concentrations into a [`DrugEffect`] on the core's inputs.
//!
//! Norepinephrine's kinetics and effect are in [`super::Norepinephrine`]. Left out, for want of a kinetic set from one published source that
//! also covers them here: intramuscular and intranasal routes, active metabolites (morphine-6-glucuronide), fentanyl
//! in children, and every drug not named in [`Drug`]. Midazolam's small effect on blood pressure is left out as well.

mod bispectral_index;
mod drug;
mod drugs;
mod effect;
mod lean_body_mass;
mod mammillary;
mod matrix_exponential;
mod sets;

pub use bispectral_index::bispectral_index;
pub use drug::{Drug, PropofolModel};
pub use drugs::Drugs;
pub use effect::DrugEffect;
pub use lean_body_mass::lean_body_mass_kg;
pub use mammillary::{Kinetics, Mammillary};
pub use sets::{
    fentanyl_shafer, midazolam_albrecht, morphine_sarton, naloxone_dowling, propofol_marsh, propofol_schnider,
    remifentanil_minto,
};

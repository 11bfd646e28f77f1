//! Drugs: from dose to concentration (kinetics) to an effect on the core (dynamics).

mod norepinephrine;
mod one_compartment;

pub use norepinephrine::{Norepinephrine, PressorEffect};
pub use one_compartment::OneCompartment;

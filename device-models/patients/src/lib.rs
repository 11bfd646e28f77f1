//! Virtual patients: who they are, what happens to them, how they live, and how ill they are.
//!
//! A patient is an entity with the truth of its body ([`Physiology`]), sometimes its [`glycaemia`], and what acts on
//! them: [`causes`], [`medication`], its [`activity`]. Nothing here knows a device.

mod ability;
pub mod activity;
mod breathing_causes;
pub mod causes;
mod clinical_scores;
mod conditions;
mod faculties;
pub mod glycaemia;
pub mod medication;
mod patient;
mod patient_parameters;
mod profiles;

pub use ability::{Ability, can_act};
pub use faculties::{needs_circulation, needs_glucose};
pub use patient::{FINGER, Person, Physiology, RADIAL_ARTERY, WallClock, build_of_wearer};

use sim_core::{Plugin, Registry};

/// Every patient model and profile, and what can happen to patients.
#[derive(Debug, Clone, Copy)]
pub struct Patients;

impl Plugin for Patients {
    fn name(&self) -> &'static str {
        "patients"
    }

    fn register(&self, registry: &mut Registry) {
        let first = registry.actions().len();
        causes::register_begin(registry);
        glycaemia::register(registry);
        glycaemia::steps::register(registry);
        glycaemia::conduct_steps::register(registry);
        patient::register(registry);
        profiles::register(registry);
        causes::register(registry);
        activity::register(registry);
        breathing_causes::register(registry);
        faculties::register(registry, first);
    }
}

//! Patient models, and profiles of patients.

use bevy_ecs::prelude::*;

use super::Row;
use crate::{ParameterSpec, PatientPlan, SimId};

/// One column of a patient model's truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TruthColumn {
    /// Name.
    pub name: &'static str,
    /// Unit.
    pub unit: &'static str,
}

/// A patient model.
#[derive(Debug, Clone)]
pub struct PatientSpec {
    /// Name, such as `adult_icu`.
    pub model: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Parameters; numbers may be written as distributions.
    pub parameters: Vec<ParameterSpec>,
    /// Columns of the states it notes.
    pub truth: &'static [TruthColumn],
    /// Puts one into the world.
    pub spawn: fn(world: &mut World, id: SimId, plan: &PatientPlan, seed: u64) -> Result<Entity, SpawnError>,
}

/// A file of patient profiles and conditions, in the language of scenario files. It is a row of the kernel because
/// models bring such files and the language reads them, and neither knows the other.
#[derive(Debug, Clone)]
pub struct ProfileFile {
    /// Name in diagnostics.
    pub name: String,
    /// Its text: `[profile.ID]` and `[condition.ID]` tables.
    pub text: String,
}

/// A model could not be put into the world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct SpawnError {
    /// Path of the patient or device.
    pub path: String,
    /// What is wrong.
    pub reason: String,
}

impl Row for PatientSpec {
    const NOUN: &'static str = "patient model";

    fn name(&self) -> &str {
        self.model
    }
}

impl Row for ProfileFile {
    const NOUN: &'static str = "file of profiles";

    fn name(&self) -> &str {
        &self.name
    }
}

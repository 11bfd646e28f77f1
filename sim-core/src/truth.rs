//! Ground truth kept for a recording: physiological states and labelled events.

use bevy_ecs::prelude::*;
use smallvec::SmallVec;

use crate::{SimId, SimTime, TruthColumn};

/// Whose truth an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Something that happens in a patient's body.
    Patient(SimId),
    /// Something only one device plays, such as a replayed record.
    Device(SimId),
}

/// A labelled instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// Whose.
    pub owner: Owner,
    /// When.
    pub at: SimTime,
    /// What, in WFDB's codes (`N`, `V`, `A`, ... for beats, `+` for a change of rhythm).
    pub code: char,
    /// The text that goes with it, such as `(AFIB`.
    pub aux: Option<&'static str>,
}

/// A patient's state at an instant. What is simulated of a patient decides the columns; they stay the same for a
/// patient during a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StateSample {
    /// Whose.
    pub patient: SimId,
    /// When.
    pub at: SimTime,
    /// Groups of columns, in the order of the values.
    pub columns: SmallVec<[&'static [TruthColumn]; 2]>,
    /// One value a column.
    pub values: Vec<f64>,
}

/// A stretch of time in a patient's life begins or ends: a step acts, or a condition is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelEdge {
    /// Whose.
    pub patient: SimId,
    /// When, on the grid.
    pub at: SimTime,
    /// What: the name of an action, or of a condition such as `map_low`.
    pub label: String,
    /// Why: the id of the step, or those of the steps that act when the condition begins, joined by `;`.
    pub cause: String,
    /// Whether it begins or ends.
    pub begins: bool,
}

/// Concentrations of one drug in a patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrugSample {
    /// Whose.
    pub patient: SimId,
    /// When.
    pub at: SimTime,
    /// Name of the drug.
    pub drug: &'static str,
    /// In the plasma [ug/L].
    pub plasma_ug_l: f64,
    /// At the site of the effect [ug/L].
    pub effect_site_ug_l: f64,
}

/// What the models noted since the host last drained it; empty unless the host asked for it.
#[derive(Debug, Default, Resource)]
pub struct Truth {
    /// Whether the models should note anything.
    pub wanted: bool,
    /// States, 1 Hz.
    pub states: Vec<StateSample>,
    /// Labels of instants.
    pub annotations: Vec<Annotation>,
    /// Begins and ends of labelled stretches of time, in order of time for each patient.
    pub labels: Vec<LabelEdge>,
    /// Concentrations of drugs in use, 1 Hz.
    pub drugs: Vec<DrugSample>,
}

//! The truth about a patient: heart, vessels, breathing, gases, drugs. No entities, no devices, no payloads.
//!
//! Everything moves on the 100 ms grid or is an event (beat, breath, pulse) with an exact instant that is decided
//! [`LOOKAHEAD_NS`] before it happens. Waveforms are closed forms of those events, so a sample's value does not
//! depend on when, in which chunk or with which neighbours it is evaluated.
//!
//! [`Body`] puts the parts together; [`Core`], [`Breathing`], [`Heart`] and [`PulseTrain`] can be used on their own.

pub mod activity;
pub mod convulsion;
pub mod elementary;
pub mod glucose;
pub mod lung_function;
pub mod pharmacology;
pub mod scores;
pub mod urine;

mod beat;
mod body;
mod breath;
mod breath_pattern;
mod breathing;
mod capnogram;
mod cardiorespiratory;
mod circulation;
mod desaturation;
mod drugs;
mod ecg;
mod gas_exchange;
mod heart;
mod history;
mod inputs;
mod metabolism;
mod oxygen_debt;
mod parameters;
mod pulse;
mod pulse_shape;
mod rate_drive;
mod respiratory_control;
mod rhythm;
mod right_heart;
mod samples;
mod state;
mod variability;
mod young;

pub use beat::{Beat, BeatKind, CardiacEvents, Complex, Fibrillation, FibrillationKind, LonePWave, Mark, PWave, Spike};
pub use body::{Body, HeartCondition};
pub use breath::{Breath, add_capnogram, add_lung_volume};
pub use breath_pattern::{BreathPattern, PatternAct};
pub use breathing::{BreathDrive, Breathing, INSPIRED_SHARE_MANDATORY};
pub use capnogram::CapnogramShape;
pub use cardiorespiratory::Core;
pub use convulsion::Convulsion;
pub use desaturation::Desaturation;
pub use drugs::{Norepinephrine, OneCompartment, PressorEffect};
pub use ecg::{EcgCondition, EcgMorphology, Lead, Territory, add_ecg};
pub use heart::{CardiacDrive, Heart};
pub use history::{Event, History};
pub use inputs::{Inputs, OwnInputs, ROOM_AIR, Ventilation, circadian_swing};
pub use oxygen_debt::OxygenDebt;
pub use parameters::{Build, Parameters, Sex};
pub use pulse::{Pulse, PulseSite, PulseTrain, Vasculature, add_pulse_wave};
pub use pulse_shape::VesselTone;
pub use rate_drive::RateDrive;
pub use rhythm::{Pacing, Rhythm, RhythmKind};
pub use right_heart::{RightPressures, add_chest_pressure, add_pulmonary_pulses, add_venous_waves};
pub use samples::{Block, SampleGrid};
pub use state::{State, Vitals};
pub use variability::Variability;

/// How long before its instant a beat or a breath is decided [ns].
pub const LOOKAHEAD_NS: i64 = 500_000_000;

/// How long before the scenario's start a patient begins to breathe and beat, so that curves are in full swing at the
/// start [ns].
pub const WARM_UP_NS: i64 = 12_000_000_000;

/// A grid step [ns].
pub(crate) const GRID_NS: i64 = sim_core::GRID.nanos();

//! What a simulation says and what is true of it, as files: waveforms as WFDB and EDF+, numerics, truth, labels and drugs
//! as CSV, and a manifest that names them all; and such a folder read back.
//!
//! A [`Recorder`] is given what shards note ([`Recorder::capture`], `Shards::take_truth`) as time goes on. Whatever ends it,
//! [`Recorder::finish`] leaves files that are whole up to there.

mod annotations;
mod capture;
mod drugs;
mod edf;
mod error;
mod estimate;
mod folder;
mod labels;
mod manifest;
mod recorder;
mod start;
mod table;
mod waveforms;

pub use error::Error;
pub use estimate::Estimate;
pub use folder::{Folder, Label, Labels, Numerics, Record, State, States};
pub use manifest::{FILE as MANIFEST_FILE, Manifest};
pub use recorder::{Recorder, check_folder};
pub use waveforms::REPLAYED;

//! `manifest.json`: every file of a recording, and what it was recorded from.

use std::fs;
use std::path::Path;

use recordings::Resampler;
use scenarios::Plan;
use serde::Serialize;
use sim_core::{Program, SimTime};

use crate::error::Error;
use crate::waveforms::WrittenRecord;

/// Name of the file.
pub const FILE: &str = "manifest.json";

/// The manifest; `schemas/manifest.schema.json` of this crate describes it.
#[derive(Debug, Serialize)]
pub struct Manifest {
    format: &'static str,
    /// Name and version of the program.
    pub(crate) tool: String,
    scenario: String,
    seed: u64,
    plan_sha256: String,
    length_s: f64,
    resampler: &'static str,
    /// Files, relative to the manifest's folder.
    files: Vec<File>,
}

/// One file.
#[derive(Debug, Serialize)]
struct File {
    path: String,
    kind: &'static str,
    /// Patient or device.
    owner: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_hz: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signals: Vec<NamedSignal>,
    /// Frames, rows or annotations.
    entries: u64,
}

#[derive(Debug, Serialize)]
struct NamedSignal {
    name: String,
    unit: String,
}

impl Manifest {
    /// Without files.
    pub(crate) fn new(plan: &Plan, program: Program, reached: SimTime) -> Self {
        Self {
            format: "manifest/1",
            tool: program.to_string(),
            scenario: plan.scenario.clone(),
            seed: plan.seed,
            plan_sha256: scenarios::plan_sha256(plan),
            length_s: (reached - SimTime::ZERO).seconds(),
            resampler: Resampler::NAME,
            files: Vec::new(),
        }
    }

    /// How many files it names.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Adds the files of a record.
    pub(crate) fn add_waveforms(&mut self, owner: &str, rate_mhz: u32, written: &WrittenRecord) {
        let rate_hz = Some(f64::from(rate_mhz) / 1e3);
        let name = &written.name;
        let file = |extension: &str, kind, signals, entries| File {
            path: format!("{owner}/{name}.{extension}"),
            kind,
            owner: owner.to_owned(),
            rate_hz,
            signals,
            entries,
        };
        let signals =
            written.signals.iter().map(|(name, unit)| NamedSignal { name: name.clone(), unit: unit.clone() }).collect();
        self.files.push(file("hea", "wfdb_header", signals, written.frames));
        self.files.push(file("dat", "wfdb_signals", Vec::new(), written.frames));
        if written.annotations > 0 {
            self.files.push(file("atr", "wfdb_annotations", Vec::new(), written.annotations));
        }
    }

    /// Adds a CSV or EDF+ file with its rows or data records.
    pub(crate) fn add_table(&mut self, owner: &str, name: &str, kind: &'static str, rows: u64) {
        self.files.push(File {
            path: format!("{owner}/{name}"),
            kind,
            owner: owner.to_owned(),
            rate_hz: None,
            signals: Vec::new(),
            entries: rows,
        });
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let file = folder.join(FILE);
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::write(&file)(error.into()))?;
        fs::write(&file, text + "\n").map_err(Error::write(&file))
    }
}

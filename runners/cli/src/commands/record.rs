//! `iomt record`: virtual time, no network; waveforms as WFDB, numerics and truth as CSV, and a manifest.

use std::path::PathBuf;
use std::sync::Arc;

use recorder::{Estimate, MANIFEST_FILE};
use session::Recording;
use sim_core::Registry;

use crate::arguments::Scenario;
use crate::failure::Failure;
use crate::progress::Terminal;
use crate::{exit_code, interruption, output, scenario_file};

/// From this size on a recording is announced [byte].
const ANNOUNCED_BYTES: f64 = 100e6;

/// What to record.
#[derive(Debug)]
pub(crate) struct Request {
    /// Folder to write into.
    pub(crate) out: PathBuf,
    /// Simulated length, if not the scenario's.
    pub(crate) length: Option<String>,
    /// Whether EDF+ is written beside WFDB.
    pub(crate) edf: bool,
    /// Whether files of an existing folder are overwritten.
    pub(crate) force: bool,
    /// Threads that simulate.
    pub(crate) threads: usize,
}

/// Simulates and writes; returns the exit code.
///
/// # Errors
/// [`Failure`] when the scenario is invalid or a file cannot be written.
pub(crate) fn record(scenario: &Scenario, request: &Request, registry: &mut Registry) -> Result<u8, Failure> {
    let mut plan = scenario_file::plan(scenario, registry)?;
    session::load_recordings(&plan, registry)?;
    if let Some(text) = request.length.as_deref() {
        plan.time.length = scenario_file::span("length", text)?;
    }
    Arc::make_mut(&mut plan.roster).whole_waveforms = true;
    if !request.force {
        recorder::check_folder(&plan, &request.out)?;
    }
    let everyone = 0..plan.roster.patients.len();
    let estimate = Estimate::of(&plan, everyone.clone(), registry, request.edf);
    if estimate.bytes >= ANNOUNCED_BYTES {
        output::note(format_args!("{estimate} will be written to {}", request.out.display()));
    }
    let interrupt = interruption::watch("what is recorded so far");
    let recording = Recording { plan: &plan, patients: everyone, with_edf: request.edf, threads: request.threads };
    let manifest = recording.write(&request.out, registry, &interrupt, &Terminal::new(false))?;
    output::result(format_args!("{} files and {MANIFEST_FILE} in {}", manifest.count(), request.out.display()))?;
    Ok(if interrupt.is_asked() { exit_code::INTERRUPTED } else { exit_code::PASS })
}

//! `iomt record`: virtual time, no network; waveforms as WFDB, numerics and truth as CSV, and a manifest.

mod annotations;
mod capture;
mod drugs;
mod edf;
mod labels;
mod manifest;
mod start;
mod table;
mod waveforms;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use scenarios::Plan;
use session::Offline;
use sim_core::{GRID, Owner, Program, Registry, SimTime, Span, Truth};

use self::annotations::Annotations;
use self::capture::{Capture, Captured};
use self::drugs::Concentrations;
use self::labels::Labels;
use self::manifest::Manifest;
use self::table::{Numerics, States};
use self::waveforms::Waveforms;
use crate::arguments::Scenario;
use crate::failure::Failure;
use crate::recording::Folder;
use crate::{output, scenario_file};

/// Simulated time between two writes to disk.
const STRIDE: Span = Span::from_secs(1);

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

/// Simulates and writes.
///
/// # Errors
/// [`Failure`] when the scenario is invalid or a file cannot be written.
pub(crate) fn record(scenario: &Scenario, request: &Request, registry: &mut Registry) -> Result<(), Failure> {
    let mut plan = scenario_file::plan(scenario, registry)?;
    session::load_recordings(&plan, registry)?;
    if let Some(text) = request.length.as_deref() {
        plan.time.length = scenario_file::span("length", text)?;
    }
    Arc::make_mut(&mut plan.roster).whole_waveforms = true;
    if request.out.join(manifest::FILE).exists() && !request.force {
        return Err(Failure::Exists { folder: request.out.clone() });
    }
    let everyone = 0..plan.roster.patients.len();
    let mut manifest = simulate(&plan, everyone, &request.out, request.threads, registry)?;
    if request.edf {
        edf::write(&Folder::open(&request.out)?, plan.roster.start_epoch_ns, &mut manifest)?;
        manifest.write(&request.out)?;
    }
    let count = manifest.files.len();
    output::result(format_args!("{count} files and {} in {}", manifest::FILE, request.out.display()))
}

/// Simulates some of the patients of a plan with whole waveforms and writes a recording of them.
///
/// # Errors
/// [`Failure`] when a model refuses its parameters or a file cannot be written.
pub(crate) fn simulate(
    plan: &Plan,
    patients: Range<usize>,
    out: &Path,
    threads: usize,
    registry: &Registry,
) -> Result<Manifest, Failure> {
    fs::create_dir_all(out).map_err(Failure::write(out))?;
    let mut offline = Offline::of(plan, registry, threads, patients)?;
    let captured = Arc::new(Mutex::new(Vec::new()));
    offline.shards.observe(|| Box::new(Capture::new(Arc::clone(&captured))));
    let mut files = Files::new(plan, out);

    let end = SimTime::ZERO + plan.time.length;
    let mut reached = SimTime::ZERO;
    // A chunk that ends exactly at the end is due there, one grid step further.
    while reached < end + GRID {
        reached = (reached + STRIDE).min(end + GRID);
        offline.advance_to(reached)?;
        drop(offline.take_messages(plan));
        let messages = std::mem::take(&mut *captured.lock().expect("observers do not panic"));
        files.take(plan, messages, offline.shards.take_truth(), end)?;
    }
    let manifest = files.finish(plan, registry.program())?;
    manifest.write(out)?;
    Ok(manifest)
}

/// Everything being written.
struct Files<'a> {
    out: &'a Path,
    waveforms: BTreeMap<(u32, u32), Waveforms>,
    numerics: BTreeMap<u32, Numerics>,
    states: BTreeMap<u32, States>,
    annotations: Annotations,
    labels: Labels,
    drugs: BTreeMap<u32, Concentrations>,
}

impl<'a> Files<'a> {
    fn new(plan: &Plan, out: &'a Path) -> Self {
        Self {
            out,
            waveforms: BTreeMap::new(),
            numerics: BTreeMap::new(),
            states: BTreeMap::new(),
            annotations: Annotations::new(plan),
            labels: Labels::default(),
            drugs: BTreeMap::new(),
        }
    }

    fn take(&mut self, plan: &Plan, messages: Vec<Captured>, truth: Truth, end: SimTime) -> Result<(), Failure> {
        let in_time = |at: SimTime| at <= end;
        for message in messages.into_iter().filter(|message| in_time(message.intended)) {
            let device = &plan.roster.devices[message.device.index()];
            let folder = self.out.join(&device.path);
            for wave in message.waves {
                let record = self
                    .waveforms
                    .entry((message.device.0, wave.rate_mhz))
                    .or_insert_with(|| Waveforms::new(device, wave.rate_mhz, &folder));
                record.take(message.stream, message.intended, wave)?;
            }
            if !message.readings.is_empty() {
                let numerics = self.numerics.entry(message.device.0).or_insert_with(|| Numerics::new(&folder));
                numerics.take(message.intended, &message.readings)?;
            }
        }
        for state in truth.states.into_iter().filter(|state| in_time(state.at)) {
            let patient = &plan.roster.patients[state.patient.index()];
            let folder = self.out.join(&patient.path);
            let states = self.states.entry(state.patient.0);
            states.or_insert_with(|| States::new(&folder, &state.columns)).take(&state)?;
        }
        for annotation in truth.annotations.into_iter().filter(|annotation| annotation.at < end) {
            self.annotations.take(annotation);
        }
        for edge in truth.labels.into_iter().filter(|edge| edge.at < end) {
            self.labels.take(edge);
        }
        for sample in truth.drugs.into_iter().filter(|sample| in_time(sample.at)) {
            let folder = self.out.join(&plan.roster.patients[sample.patient.index()].path);
            self.drugs.entry(sample.patient.0).or_insert_with(|| Concentrations::new(&folder)).take(&sample)?;
        }
        Ok(())
    }

    fn finish(self, plan: &Plan, program: Program) -> Result<Manifest, Failure> {
        let mut manifest = Manifest::new(plan, program);
        for ((device, rate_mhz), waveforms) in self.waveforms {
            let path = &plan.roster.devices[device as usize].path;
            let own = Owner::Device(sim_core::SimId(device));
            let patient = Owner::Patient(plan.roster.devices[device as usize].patient);
            let labels = self.annotations.of(own).or_else(|| self.annotations.of(patient)).unwrap_or_default();
            let written = waveforms.finish(labels, plan.roster.start_epoch_ns)?;
            manifest.add_waveforms(path, rate_mhz, &written);
        }
        for (device, numerics) in self.numerics {
            let rows = numerics.finish()?;
            manifest.add_table(&plan.roster.devices[device as usize].path, table::NUMERICS_FILE, "numerics", rows);
        }
        for (patient, states) in self.states {
            let path = &plan.roster.patients[patient as usize].path;
            let rows = states.finish()?;
            manifest.add_table(path, table::TRUTH_FILE, "truth", rows);
            let rows = self.labels.write(sim_core::SimId(patient), &self.out.join(path))?;
            manifest.add_table(path, labels::FILE, "labels", rows);
        }
        for (patient, concentrations) in self.drugs {
            let rows = concentrations.finish()?;
            manifest.add_table(&plan.roster.patients[patient as usize].path, drugs::FILE, "drugs", rows);
        }
        Ok(manifest)
    }
}

//! Everything being written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use scenarios::Plan;
use sim_core::{Observer, Owner, Registry, SimId, SimTime, Truth};

use crate::annotations::Annotations;
use crate::capture::{Capture, Captured};
use crate::drugs::{self, Concentrations};
use crate::edf;
use crate::error::Error;
use crate::folder::Folder;
use crate::labels::{self, Labels};
use crate::manifest::{self, Manifest};
use crate::table::{self, Numerics, States};
use crate::waveforms::Waveforms;

/// Whether a recording may be written into a folder: one that holds none, nor other files of its names.
///
/// # Errors
/// [`Error::Exists`] and [`Error::Foreign`].
pub fn check_folder(plan: &Plan, folder: &Path) -> Result<(), Error> {
    if folder.join(manifest::FILE).exists() {
        return Err(Error::Exists { folder: folder.to_owned() });
    }
    let of_patient =
        |path: &str| [table::TRUTH_FILE, labels::FILE, drugs::FILE].map(|name| folder.join(path).join(name));
    let patients = plan.roster.patients.iter().flat_map(|patient| of_patient(&patient.path));
    let devices = plan.roster.devices.iter().map(|device| folder.join(&device.path).join(table::NUMERICS_FILE));
    match patients.chain(devices).find(|file| file.exists()) {
        Some(file) => Err(Error::Foreign { file }),
        None => Ok(()),
    }
}

/// A recording under way.
#[derive(Debug)]
pub struct Recorder {
    out: PathBuf,
    captured: Arc<Mutex<Vec<Captured>>>,
    waveforms: BTreeMap<(u32, u32), Waveforms>,
    numerics: BTreeMap<u32, Numerics>,
    states: BTreeMap<u32, States>,
    annotations: Annotations,
    labels: Labels,
    drugs: BTreeMap<u32, Concentrations>,
}

impl Recorder {
    /// Begins a recording in a folder, which is made.
    ///
    /// # Errors
    /// [`Error::Write`] when it cannot be made.
    pub fn begin(plan: &Plan, out: &Path) -> Result<Self, Error> {
        fs::create_dir_all(out).map_err(Error::write(out))?;
        Ok(Self {
            out: out.to_owned(),
            captured: Arc::default(),
            waveforms: BTreeMap::new(),
            numerics: BTreeMap::new(),
            states: BTreeMap::new(),
            annotations: Annotations::new(plan),
            labels: Labels::default(),
            drugs: BTreeMap::new(),
        })
    }

    /// An observer of one shard that keeps what its devices say for [`Recorder::take`].
    pub fn capture(&self) -> Box<dyn Observer> {
        Box::new(Capture::new(Arc::clone(&self.captured)))
    }

    /// Writes what was captured and noted since the last call, up to `end`.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub fn take(&mut self, plan: &Plan, truth: Truth, end: SimTime) -> Result<(), Error> {
        let in_time = |at: SimTime| at <= end;
        let messages = std::mem::take(&mut *self.captured.lock().unwrap_or_else(PoisonError::into_inner));
        for message in messages.into_iter().filter(|message| in_time(message.intended)) {
            self.take_message(plan, message)?;
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

    fn take_message(&mut self, plan: &Plan, message: Captured) -> Result<(), Error> {
        let device = &plan.roster.devices[message.device.index()];
        let folder = self.out.join(&device.path);
        for wave in message.waves {
            let record = self
                .waveforms
                .entry((message.device.0, wave.rate_mhz))
                .or_insert_with(|| Waveforms::new(device, wave.rate_mhz, &folder));
            record.take(message.stream, message.intended, wave)?;
        }
        if message.readings.is_empty() {
            return Ok(());
        }
        let numerics = self.numerics.entry(message.device.0).or_insert_with(|| Numerics::new(&folder));
        numerics.take(message.intended, &message.stream_id, message.sequence, &message.readings)
    }

    /// Ends every file at the instant that was reached, with EDF+ beside WFDB if asked for, and writes the manifest.
    ///
    /// # Errors
    /// [`Error`] when the disk does not take it, or EDF+ has no form for what was recorded.
    pub fn finish(self, plan: &Plan, registry: &Registry, reached: SimTime, with_edf: bool) -> Result<Manifest, Error> {
        let Self { out, waveforms, numerics, states, annotations, mut labels, drugs, .. } = self;
        labels.add_steps_on_devices(plan, registry, reached);
        let mut manifest = Manifest::new(plan, registry.program(), reached);
        for ((device, rate_mhz), waveforms) in waveforms {
            let path = &plan.roster.devices[device as usize].path;
            let own = Owner::Device(SimId(device));
            let patient = Owner::Patient(plan.roster.devices[device as usize].patient);
            let labels = annotations.of(own).or_else(|| annotations.of(patient)).unwrap_or_default();
            let written = waveforms.finish(labels, plan.roster.start_epoch_ns)?;
            manifest.add_waveforms(path, rate_mhz, &written);
        }
        for (device, numerics) in numerics {
            let rows = numerics.finish()?;
            manifest.add_table(&plan.roster.devices[device as usize].path, table::NUMERICS_FILE, "numerics", rows);
        }
        for (patient, states) in states {
            let path = &plan.roster.patients[patient as usize].path;
            let rows = states.finish()?;
            manifest.add_table(path, table::TRUTH_FILE, "truth", rows);
            let rows = labels.write(SimId(patient), &out.join(path))?;
            manifest.add_table(path, labels::FILE, "labels", rows);
        }
        for (patient, concentrations) in drugs {
            let rows = concentrations.finish()?;
            manifest.add_table(&plan.roster.patients[patient as usize].path, drugs::FILE, "drugs", rows);
        }
        manifest.write(&out)?;
        if with_edf {
            edf::write(&Folder::open(&out)?, plan.roster.start_epoch_ns, &mut manifest)?;
            manifest.write(&out)?;
        }
        Ok(manifest)
    }
}

//! Reading back what `iomt record` wrote: the manifest, the records, the tables.

mod record;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use record::Record;
pub use table::{Label, Labels, Numerics, State, States};

use crate::error::Error;
use crate::manifest::FILE as MANIFEST_FILE;

/// A folder that `iomt record` wrote.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    manifest: Manifest,
}

/// What is read of the manifest.
#[derive(Debug, Deserialize)]
struct Manifest {
    scenario: String,
    seed: u64,
    length_s: f64,
    files: Vec<File>,
}

#[derive(Debug, Deserialize)]
struct File {
    path: String,
    kind: String,
    owner: String,
}

impl Folder {
    /// Opens the recording in a folder.
    ///
    /// # Errors
    /// [`Error::Read`] when there is no manifest or it is not one.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let file = root.join(MANIFEST_FILE);
        let text = fs::read_to_string(&file).map_err(Error::read(&file))?;
        let manifest = serde_json::from_str(&text).map_err(Error::read(&file))?;
        Ok(Self { root: root.to_owned(), manifest })
    }

    /// The folder that holds a file or folder of a recording, and the patient or device whose it is.
    pub fn around(path: &Path) -> Option<(PathBuf, Option<String>)> {
        let place = if path.is_dir() { path } else { path.parent()? };
        let root = place.ancestors().find(|folder| folder.join(MANIFEST_FILE).is_file())?;
        let owner = place.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
        Some((root.to_owned(), (!owner.is_empty()).then_some(owner)))
    }

    /// Where it lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Name of the scenario that was recorded.
    pub fn scenario(&self) -> &str {
        &self.manifest.scenario
    }

    /// Its seed.
    pub fn seed(&self) -> u64 {
        self.manifest.seed
    }

    /// Simulated length [s].
    pub fn length_s(&self) -> f64 {
        self.manifest.length_s
    }

    /// Everyone who owns a file, each once.
    pub fn owners(&self) -> Vec<&str> {
        let mut owners: Vec<&str> = self.manifest.files.iter().map(|file| file.owner.as_str()).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// The records of a device.
    ///
    /// # Errors
    /// [`Error::Read`] when a file is missing or damaged.
    pub fn records(&self, owner: &str) -> Result<Vec<Record>, Error> {
        let headers = self.manifest.files.iter().filter(|file| file.owner == owner && file.kind == "wfdb_header");
        headers.map(|file| Record::read(&self.root.join(&file.path))).collect()
    }

    /// What a device showed.
    ///
    /// # Errors
    /// [`Error::Read`] when the file is damaged.
    pub fn numerics(&self, owner: &str) -> Result<Numerics, Error> {
        self.table(owner, "numerics").map_or(Ok(Numerics::default()), |file| Numerics::read(&file))
    }

    /// The truth about a patient.
    ///
    /// # Errors
    /// [`Error::Read`] when the file is damaged.
    pub fn states(&self, owner: &str) -> Result<States, Error> {
        self.table(owner, "truth").map_or(Ok(States::default()), |file| States::read(&file))
    }

    /// Labels of what lasts: steps and conditions of a patient.
    ///
    /// # Errors
    /// [`Error::Read`] when the file is damaged.
    pub fn labels(&self, owner: &str) -> Result<Labels, Error> {
        let file = self.root.join(owner).join(table::LABELS_FILE);
        if file.is_file() { Labels::read(&file) } else { Ok(Labels::default()) }
    }

    fn table(&self, owner: &str, kind: &str) -> Option<PathBuf> {
        let file = self.manifest.files.iter().find(|file| file.owner == owner && file.kind == kind)?;
        Some(self.root.join(&file.path))
    }
}

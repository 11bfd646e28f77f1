//! The reports as files in the folder of a run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use verify::{LostMessages, RunReport};

use crate::html::html;
use crate::junit::{JunitError, junit};
use crate::lost_csv::lost_csv;

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportFileError {
    /// The file system refused.
    #[error("{} could not be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The XML could not be made.
    #[error(transparent)]
    Junit(#[from] JunitError),
}

/// Writes `run.json`, `junit.xml`, `report.html` and `lost.csv` into an existing folder, over older ones, and gives
/// their paths in this order.
///
/// # Errors
/// [`ReportFileError`] when a file cannot be written; those before it are there.
pub fn write(dir: &Path, report: &RunReport, lost: &LostMessages) -> Result<Vec<PathBuf>, ReportFileError> {
    let contents = [
        ("run.json", report.to_json()),
        ("junit.xml", junit(report)?),
        ("report.html", html(report)),
        ("lost.csv", lost_csv(lost)),
    ];
    write_all(dir, &contents)
}

/// Writes files into an existing folder, and gives their paths.
pub(crate) fn write_all(dir: &Path, contents: &[(&str, String)]) -> Result<Vec<PathBuf>, ReportFileError> {
    let mut written = Vec::with_capacity(contents.len());
    for (name, content) in contents {
        let path = dir.join(name);
        fs::write(&path, content).map_err(|source| ReportFileError::Write { path: path.clone(), source })?;
        written.push(path);
    }
    Ok(written)
}

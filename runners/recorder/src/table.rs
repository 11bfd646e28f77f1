//! The CSV files: numerics of a device, states of a patient.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sim_core::{SimTime, StateSample, TruthColumn};
use vocabulary::{Reading, Value};

use crate::error::Error;

/// File of a device's numerics.
pub(crate) const NUMERICS_FILE: &str = "numerics.csv";
/// File of a patient's states.
pub(crate) const TRUTH_FILE: &str = "truth.csv";

/// Text gathered before it is written; a recording has more files than a process may hold open.
const BATCH_BYTES: usize = 32 * 1024;

/// A CSV file being written.
#[derive(Debug)]
pub(crate) struct Table {
    file: PathBuf,
    pub(crate) text: String,
    rows: u64,
    fresh: bool,
}

impl Table {
    /// A table with this header, written as it grows.
    pub(crate) fn new(folder: &Path, name: &str, header: &str) -> Self {
        Self { file: folder.join(name), text: format!("{header}\n"), rows: 0, fresh: true }
    }

    /// Ends the row whose text was appended.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn row_done(&mut self) -> Result<(), Error> {
        self.text.push('\n');
        self.rows += 1;
        if self.text.len() >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        append(&self.file, self.text.as_bytes(), self.fresh)?;
        self.text.clear();
        self.fresh = false;
        Ok(())
    }

    /// Writes the rest and returns the number of rows.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn finish(mut self) -> Result<u64, Error> {
        self.flush()?;
        Ok(self.rows)
    }
}

/// Appends to a file, beginning it anew when `fresh`; folders are made as needed.
///
/// # Errors
/// [`Error::Write`] when the disk does not take it.
pub(crate) fn append(file: &Path, bytes: &[u8], fresh: bool) -> Result<(), Error> {
    if let (true, Some(folder)) = (fresh, file.parent()) {
        fs::create_dir_all(folder).map_err(Error::write(folder))?;
    }
    let mut options = OpenOptions::new();
    if fresh {
        options.write(true).create(true).truncate(true);
    } else {
        options.append(true);
    }
    options.open(file).and_then(|mut open| open.write_all(bytes)).map_err(Error::write(file))
}

/// `numerics.csv` of one device.
#[derive(Debug)]
pub(crate) struct Numerics(Table);

impl Numerics {
    /// In the folder of the device.
    pub(crate) fn new(folder: &Path) -> Self {
        Self(Table::new(folder, NUMERICS_FILE, "time_s,stream,sequence,metric,value,unit,quality"))
    }

    /// One row a reading.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn take(&mut self, at: SimTime, stream: &str, sequence: u64, readings: &[Reading]) -> Result<(), Error> {
        for reading in readings {
            let metric = reading.metric.metric();
            let _ = write!(self.0.text, "{:.6},{stream},{sequence},{},", at.seconds(), metric.id);
            let _ = match reading.value {
                Value::Number(number) => write!(self.0.text, "{number:.*}", usize::from(metric.decimals)),
                Value::Code(code) => write!(self.0.text, "{code}"),
                Value::Missing => Ok(()),
            };
            let unit = metric.ucum.unwrap_or_default();
            let _ = write!(self.0.text, ",{unit},{}", reading.quality.word());
            self.0.row_done()?;
        }
        Ok(())
    }

    /// Writes the rest and returns the number of rows.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn finish(self) -> Result<u64, Error> {
        self.0.finish()
    }
}

/// `truth.csv` of one patient.
#[derive(Debug)]
pub(crate) struct States(Table);

impl States {
    /// In the folder of the patient; the header carries the units.
    pub(crate) fn new(folder: &Path, columns: &[&[TruthColumn]]) -> Self {
        let mut header = "time_s".to_owned();
        for column in columns.iter().copied().flatten() {
            let _ = write!(header, ",{} [{}]", column.name, column.unit);
        }
        Self(Table::new(folder, TRUTH_FILE, &header))
    }

    /// One row.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn take(&mut self, state: &StateSample) -> Result<(), Error> {
        let _ = write!(self.0.text, "{}", state.at.seconds());
        for value in &state.values {
            let _ = write!(self.0.text, ",{value:.4}");
        }
        self.0.row_done()
    }

    /// Writes the rest and returns the number of rows.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn finish(self) -> Result<u64, Error> {
        self.0.finish()
    }
}

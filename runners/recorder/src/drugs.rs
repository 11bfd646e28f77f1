//! `drugs.csv` of one patient: concentrations of what was given, 1 Hz.

use std::fmt::Write as _;
use std::path::Path;

use sim_core::DrugSample;

use crate::error::Error;
use crate::table::Table;

/// Name of the file.
pub(crate) const FILE: &str = "drugs.csv";

/// Concentrations of one patient's drugs.
#[derive(Debug)]
pub(crate) struct Concentrations(Table);

impl Concentrations {
    /// In the folder of the patient.
    pub(crate) fn new(folder: &Path) -> Self {
        Self(Table::new(folder, FILE, "time_s,drug,plasma,effect_site,unit"))
    }

    /// One row.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn take(&mut self, sample: &DrugSample) -> Result<(), Error> {
        let DrugSample { at, drug, plasma_ug_l, effect_site_ug_l, .. } = sample;
        let _ = write!(self.0.text, "{},{drug},{plasma_ug_l:.6},{effect_site_ug_l:.6},ug/L", at.seconds());
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

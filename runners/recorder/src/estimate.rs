//! How much a recording will write, told before it begins.

use std::fmt;
use std::ops::Range;

use scenarios::Plan;
use sim_core::{Cadence, PatientFaculties, PatientPlan, Registry};

/// What the columns of a circulation and of glucose add to a row of `truth.csv` [byte], measured.
const CIRCULATION_BYTES: f64 = 330.0;
const GLUCOSE_BYTES: f64 = 80.0;
/// Time between two rows, with and without a circulation [s].
const ROW_S: f64 = 1.0;
const MINUTE_ROW_S: f64 = 60.0;
/// A row of `numerics.csv` [byte], measured: time, stream, sequence, metric, value, unit and quality.
const NUMERICS_ROW_BYTES: f64 = 44.0;
/// Two bytes a sample.
const SAMPLE_BYTES: f64 = 2.0;

/// The expected size of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Expected bytes.
    pub bytes: f64,
    /// Patients that are recorded.
    pub patients: usize,
}

impl Estimate {
    /// What some of the patients of a plan will take, in WFDB and CSV, and in EDF+ if that is written beside: within half as
    /// much again of what is written where streams have cadences. Events are not counted: nobody knows them before.
    pub fn of(plan: &Plan, patients: Range<usize>, registry: &Registry, with_edf: bool) -> Self {
        let length_s = plan.time.length.seconds();
        let truth: f64 = plan.roster.patients[patients.clone()].iter().map(|it| truth_bytes_s(it, registry)).sum();
        let copies = if with_edf { 2.0 } else { 1.0 };
        let devices = plan.roster.devices.iter().filter(|device| patients.contains(&device.patient.index()));
        let said: f64 = devices
            .flat_map(|device| {
                let said = device.streams.iter();
                said.map(move |stream| (stream.cadence, registry.metrics_of(device, stream).len() as f64))
            })
            .map(|(cadence, metrics)| match cadence {
                Cadence::Periodic { period } => metrics * NUMERICS_ROW_BYTES / period.seconds(),
                Cadence::Sampled { rate_mhz, .. } => copies * metrics * SAMPLE_BYTES * f64::from(rate_mhz) / 1e3,
                Cadence::OnEvent => 0.0,
            })
            .sum();
        Self { bytes: (truth + said) * length_s, patients: patients.len() }
    }
}

/// What the truth of a patient takes [byte/s].
fn truth_bytes_s(patient: &PatientPlan, registry: &Registry) -> f64 {
    let faculties = registry.find::<PatientFaculties>(&patient.model);
    let has = faculties.map_or_else(Vec::new, |faculties| (faculties.of)(&patient.model, &patient.arguments));
    let glucose_bytes = if has.contains(&"glucose") { GLUCOSE_BYTES } else { 0.0 };
    if has.contains(&"circulation") {
        (CIRCULATION_BYTES + glucose_bytes) / ROW_S
    } else {
        glucose_bytes / MINUTE_ROW_S
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, unit) = match self.bytes {
            bytes if bytes >= 1e9 => (bytes / 1e9, "GB"),
            bytes if bytes >= 1e6 => (bytes / 1e6, "MB"),
            bytes => (bytes / 1e3, "kB"),
        };
        let people = if self.patients == 1 { "patient" } else { "patients" };
        write!(formatter, "about {size:.1} {unit} of {} {people}", self.patients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_words() {
        let told = |bytes, patients| Estimate { bytes, patients }.to_string();
        assert_eq!(told(2_400.0, 1), "about 2.4 kB of 1 patient");
        assert_eq!(told(2.36e9, 100), "about 2.4 GB of 100 patients");
    }
}

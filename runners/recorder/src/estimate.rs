//! How much a recording will write, told before it begins.

use std::fmt;
use std::ops::Range;

use scenarios::Plan;
use sim_core::Cadence;

/// A row of `truth.csv` with the columns of an adult [byte], measured.
const TRUTH_ROW_BYTES: f64 = 330.0;
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
    /// What some of the patients of a plan will take, in WFDB and CSV. Events are not counted: nobody knows them before.
    pub fn of(plan: &Plan, patients: Range<usize>, registry: &sim_core::Registry) -> Self {
        let length_s = plan.time.length.seconds();
        let truth = patients.len() as f64 * TRUTH_ROW_BYTES;
        let devices = plan.roster.devices.iter().filter(|device| patients.contains(&device.patient.index()));
        let said: f64 = devices
            .flat_map(|device| {
                let kind = registry.device(&device.kind);
                device.streams.iter().map(move |stream| {
                    let metrics =
                        kind.and_then(|kind| kind.streams.get(stream.kind_index)).map_or(1, |it| it.metrics.len());
                    (stream.cadence, metrics as f64)
                })
            })
            .map(|(cadence, metrics)| match cadence {
                Cadence::Periodic { period } => metrics * NUMERICS_ROW_BYTES / period.seconds(),
                Cadence::Sampled { rate_mhz, .. } => metrics * SAMPLE_BYTES * f64::from(rate_mhz) / 1e3,
                Cadence::OnEvent => 0.0,
            })
            .sum();
        Self { bytes: (truth + said) * length_s, patients: patients.len() }
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

//! Who takes part: every patient, device, stream and route of a run, expanded and numbered.

use std::ops::Range;
use std::sync::Arc;

use vocabulary::{DeviceIdentity, Origin, PatientIdentity};

use crate::{Arguments, LocalClock, Span, Zone};

/// Dense index of a patient or of a device within the whole scenario. Only for storage and ordering: draws are keyed
/// by path, and a shard keeps the numbers of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimId(pub u32);

impl SimId {
    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a route (one stream of one device on its link) within the whole scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u32);

impl RouteId {
    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Everybody.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Roster {
    /// Seed of every draw.
    pub seed: u64,
    /// Instant of the scenario's start [ns since the Unix epoch].
    pub start_epoch_ns: i64,
    /// Whether every sampled stream begins its first message at sample 0, for a recording without gaps. Otherwise the
    /// boundaries of the messages are staggered; the samples themselves are the same.
    pub whole_waveforms: bool,
    /// Patients in path order; the index is their [`SimId`].
    pub patients: Vec<PatientPlan>,
    /// Devices, grouped by patient in patient order, and after them those that belong to no patient; the index is their
    /// [`SimId`].
    pub devices: Vec<DevicePlan>,
    /// Routes, grouped by device in device order; the index is their [`RouteId`].
    pub routes: Vec<Route>,
    /// Payload formats of the scenario's own, which routes name by their ids.
    pub formats: Vec<FormatPlan>,
    /// A word that is different in every run, filled in by the runner.
    pub run: String,
    /// Patients that are never split between shards, because something outside the kernel connects them, such as a
    /// medium that they share: ascending, none of them in two. Everybody else is a component alone.
    pub components: Vec<Range<usize>>,
}

/// One patient.
#[derive(Debug, Clone, PartialEq)]
pub struct PatientPlan {
    /// `cohort/number`.
    pub path: String,
    /// Cohort id.
    pub cohort: String,
    /// Number within the cohort, from 1.
    pub number: u32,
    /// Identifier written into payloads, unique in the run.
    pub patient_id: String,
    /// Name, birth and the like, all invented.
    pub identity: PatientIdentity,
    /// Patient model.
    pub model: String,
    /// Parameters of the model, drawn and checked.
    pub arguments: Arguments,
    /// By whose clocks it lives.
    pub zone: Arc<Zone>,
    /// Its devices in [`Roster::devices`].
    pub devices: Range<usize>,
}

/// One device.
#[derive(Debug, Clone, PartialEq)]
pub struct DevicePlan {
    /// `cohort/number/device`.
    pub path: String,
    /// Device id within the patient.
    pub id: String,
    /// Who wears it; for one that several patients share the first of them, with whom it is simulated.
    pub patient: SimId,
    /// Device kind.
    pub kind: String,
    /// Serial number, unique in the run.
    pub serial: String,
    /// Maker, model and the like, all invented.
    pub identity: DeviceIdentity,
    /// Options of the kind, checked.
    pub options: Arguments,
    /// Index of its link among the scenario's links.
    pub link: usize,
    /// Whether its streams begin at the scenario's start instead of at a keyed phase.
    pub aligned: bool,
    /// Its streams.
    pub streams: Vec<StreamPlan>,
}

/// One message series of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamPlan {
    /// Stream id within the device.
    pub id: String,
    /// Position of the stream in the kind's list of streams.
    pub kind_index: usize,
    /// When it speaks.
    pub cadence: Cadence,
    /// Its route.
    pub route: RouteId,
}

/// When a stream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// One message a period.
    Periodic {
        /// Time between messages.
        period: Span,
    },
    /// One message after so many samples.
    Sampled {
        /// Sampling rate [mHz].
        rate_mhz: u32,
        /// Samples per message and channel.
        samples: u32,
    },
    /// Only when something happens.
    OnEvent,
}

impl Cadence {
    /// Expected messages per second; events count as none.
    pub fn messages_per_second(self) -> f64 {
        match self {
            Self::Periodic { period } => 1.0 / period.seconds(),
            Self::Sampled { rate_mhz, samples } => f64::from(rate_mhz) / 1e3 / f64::from(samples),
            Self::OnEvent => 0.0,
        }
    }
}

/// One stream of one device on its link. Where its messages go and how is the carrier's business; whoever plans that keeps
/// it by the route's number.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The device.
    pub device: SimId,
    /// Position in [`DevicePlan::streams`].
    pub stream: u16,
    /// Payload format: the id of one of [`Roster::formats`], else the name of a registered one.
    pub format: String,
}

/// A payload format that is made from parameters of the scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct FormatPlan {
    /// Its id, by which routes name it.
    pub id: String,
    /// The registered format that it is made by.
    pub kind: String,
    /// Parameters of that format, checked; files are given by what they hold.
    pub arguments: Arguments,
}

impl Roster {
    /// The clock on a patient's wall; UTC for a device that belongs to nobody.
    pub fn local_clock(&self, patient: SimId) -> LocalClock {
        match self.patients.get(patient.index()) {
            Some(plan) => LocalClock::new(Arc::clone(&plan.zone), self.start_epoch_ns),
            None => LocalClock::utc(self.start_epoch_ns),
        }
    }

    /// Where the messages of a device come from.
    pub fn origin(&self, device: SimId) -> Origin<'_> {
        let device = &self.devices[device.index()];
        let patient = self.patients.get(device.patient.index());
        Origin {
            device_kind: &device.kind,
            device: Some(&device.identity),
            patient: patient.map(|patient| &patient.identity),
            run: &self.run,
        }
    }

    /// Splits the patients in `within` into `parts` contiguous ranges of about equal expected message rate.
    ///
    /// A patient with all its devices is never split, nor is any of the [`Roster::components`].
    pub fn partition(&self, within: &Range<usize>, parts: usize) -> Vec<Range<usize>> {
        let weights: Vec<f64> =
            self.patients[within.clone()].iter().map(|patient| 0.1 + self.messages_per_second(patient)).collect();
        let total: f64 = weights.iter().sum();
        let mut ranges = Vec::with_capacity(parts);
        let mut begin = within.start;
        let mut end = within.start;
        let mut covered = 0.0;
        for part in 1..=parts {
            let goal = total * part as f64 / parts as f64;
            while end < within.end {
                let next = self.component_end(end).min(within.end);
                let weight: f64 = weights[end - within.start..next - within.start].iter().sum();
                if part < parts && covered + weight / 2.0 > goal {
                    break;
                }
                covered += weight;
                end = next;
            }
            ranges.push(begin..end);
            begin = end;
        }
        ranges
    }

    /// The end of the connected component that begins with this patient.
    fn component_end(&self, patient: usize) -> usize {
        let next = self.components.partition_point(|component| component.end <= patient);
        let component = self.components.get(next).filter(|component| component.contains(&patient));
        component.map_or(patient + 1, |component| component.end)
    }

    fn messages_per_second(&self, patient: &PatientPlan) -> f64 {
        self.devices[patient.devices.clone()]
            .iter()
            .flat_map(|device| &device.streams)
            .map(|stream| stream.cadence.messages_per_second())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_cover_everyone_once() {
        let patient = |number: u32| PatientPlan {
            path: format!("a/{number}"),
            cohort: "a".to_owned(),
            number,
            patient_id: String::new(),
            identity: PatientIdentity::default(),
            model: String::new(),
            arguments: Arguments::default(),
            zone: Arc::new(Zone::utc()),
            devices: 0..0,
        };
        let roster = Roster { patients: (1..=10).map(patient).collect(), ..Roster::default() };
        for parts in 1..=12 {
            let ranges = roster.partition(&(0..10), parts);
            assert_eq!(ranges.len(), parts);
            let covered: Vec<usize> = ranges.into_iter().flatten().collect();
            assert_eq!(covered, (0..10).collect::<Vec<_>>());
        }
        assert_eq!(roster.partition(&(0..10), 2), vec![0..5, 5..10]);
        let roster = Roster { components: vec![0..1, 1..8], ..roster };
        assert_eq!(roster.partition(&(0..10), 3), vec![0..1, 1..8, 8..10]);
    }
}

//! `labels.csv` of one patient: the steps that act and the conditions that hold, each with begin and end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use scenarios::Plan;
use sim_core::{CommandAction, LabelEdge, Registry, SignalAction, SimId, SimTime, Subject};

use crate::error::Error;
use crate::table::Table;

/// Name of the file.
pub(crate) const FILE: &str = "labels.csv";

/// A stretch of time; without an end it lasts to the end of the recording.
#[derive(Debug, PartialEq)]
struct Episode {
    onset: SimTime,
    end: Option<SimTime>,
    label: String,
    cause: String,
}

/// Episodes of every patient, in the order of their onset.
#[derive(Debug, Default)]
pub(crate) struct Labels(BTreeMap<SimId, Vec<Episode>>);

impl Labels {
    /// Opens an episode, or ends the last open one with the same label and cause.
    pub(crate) fn take(&mut self, edge: LabelEdge) {
        let LabelEdge { patient, at, label, cause, begins } = edge;
        let episodes = self.0.entry(patient).or_default();
        if begins {
            episodes.push(Episode { onset: at, end: None, label, cause });
            return;
        }
        let mut open = episodes.iter_mut().rev().filter(|episode| episode.end.is_none());
        if let Some(episode) = open.find(|episode| episode.label == label && episode.cause == cause) {
            episode.end = Some(at);
        }
    }

    /// Adds the steps that acted on devices up to an instant: what is true of a patient is noted by the models, what
    /// sensors, clocks and commands do to devices is known from the plan. A step that acts on several devices of a
    /// patient is one episode.
    pub(crate) fn add_steps_on_devices(&mut self, plan: &Plan, registry: &Registry, reached: SimTime) {
        let acts_on_devices = |action: &str| {
            let executor = registry.action(action).map(|action| &action.executor);
            executor.is_some_and(|it| it.code::<SignalAction>().is_some() || it.code::<CommandAction>().is_some())
        };
        for occurrence in plan.occurrences.iter().filter(|it| it.start < reached && acts_on_devices(&it.action)) {
            for subject in &occurrence.subjects {
                let (Subject::Device(device) | Subject::Stream(device, _)) = subject else { continue };
                let Some(device) = plan.roster.devices.get(device.index()) else { continue };
                let end = occurrence.end.unwrap_or(occurrence.start);
                let episode = Episode {
                    onset: occurrence.start,
                    end: (end <= reached).then_some(end),
                    label: occurrence.action.clone(),
                    cause: occurrence.step.clone(),
                };
                let episodes = self.0.entry(device.patient).or_default();
                if !episodes.contains(&episode) {
                    episodes.push(episode);
                }
            }
        }
        for episodes in self.0.values_mut() {
            episodes.sort_by_key(|episode| episode.onset);
        }
    }

    /// Writes a patient's file, also when there is nothing to tell, and returns the number of rows.
    ///
    /// # Errors
    /// [`Error::Write`] when the disk does not take it.
    pub(crate) fn write(&self, patient: SimId, folder: &Path) -> Result<u64, Error> {
        let mut table = Table::new(folder, FILE, "onset_s,end_s,label,cause");
        for episode in self.0.get(&patient).map(Vec::as_slice).unwrap_or_default() {
            let end = episode.end.map(|end| format!("{:.1}", end.seconds())).unwrap_or_default();
            let _ = write!(table.text, "{:.1},{end},{},{}", episode.onset.seconds(), episode.label, episode.cause);
            table.row_done()?;
        }
        table.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(at_s: i64, label: &str, cause: &str, begins: bool) -> LabelEdge {
        let at = SimTime::from_nanos(at_s * 1_000_000_000);
        LabelEdge { patient: SimId(0), at, label: label.to_owned(), cause: cause.to_owned(), begins }
    }

    #[test]
    fn episodes_pair_and_may_stay_open() {
        let mut labels = Labels::default();
        for edge in [
            edge(1, "physio.bleed", "one", true),
            edge(2, "physio.bleed", "two", true),
            edge(3, "map_low", "one;two", true),
            edge(4, "physio.bleed", "one", false),
            edge(5, "map_low", "one;two", false),
            edge(6, "map_low", "two", true),
        ] {
            labels.take(edge);
        }
        let folder = std::env::temp_dir().join(format!("iomt-labels-{}", std::process::id()));
        assert_eq!(labels.write(SimId(0), &folder).unwrap(), 4);
        let text = std::fs::read_to_string(folder.join(FILE)).unwrap();
        assert_eq!(
            text,
            "onset_s,end_s,label,cause\n1.0,4.0,physio.bleed,one\n2.0,,physio.bleed,two\n3.0,5.0,map_low,one;two\n\
             6.0,,map_low,two\n"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}

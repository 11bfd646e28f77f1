//! Paths with globs, and whom they select.

use sim_core::SimId;
use sim_core::{Level, Registry, Roster, Subject};

use crate::cohort::CohortDraft;
use crate::link::{LinkDraft, TargetDraft};
use crate::suggestion::hint;

/// A path as written: `icu/3/mon`, `icu/*/mon`, `icu/**`.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `*`
    One,
    /// `**`
    Many,
}

/// Everybody a path can name.
#[derive(Debug)]
pub(crate) struct Cast<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) roster: &'a Roster,
    pub(crate) cohorts: &'a [CohortDraft],
    pub(crate) links: &'a [LinkDraft],
    pub(crate) targets: &'a [TargetDraft],
}

impl Pattern {
    /// Reads a path.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        for part in text.split('/') {
            segments.push(match part {
                "" => return Err(format!("path `{text}` has an empty part")),
                "*" => Segment::One,
                "**" => Segment::Many,
                part if part.contains('*') => {
                    return Err(format!("`{part}` in path `{text}`: `*` stands for a whole part"));
                }
                part => Segment::Literal(part.to_owned()),
            });
        }
        Ok(Self { text: text.to_owned(), segments })
    }

    /// Whether it names targets.
    pub(crate) fn is_target(&self) -> bool {
        self.segments.first() == Some(&Segment::Literal("target".to_owned()))
    }

    /// How many parts a path must have at least to match.
    fn depth(&self) -> usize {
        self.segments.iter().filter(|segment| **segment != Segment::Many).count()
    }
}

/// Whether the pattern takes in a path, or something the path is below of.
fn matches(pattern: &[Segment], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, _) => true,
        (Some((Segment::Many, rest)), _) => (0..=path.len()).any(|skipped| matches(rest, &path[skipped..])),
        (Some(_), None) => false,
        (Some((segment, rest)), Some((part, path))) => {
            let same = match segment {
                Segment::Literal(literal) => literal == part,
                _ => true,
            };
            same && matches(rest, path)
        }
    }
}

/// Parts of a path at a level.
const fn depth_of(level: Level) -> usize {
    match level {
        Level::Patient | Level::Target => 2,
        Level::Device | Level::Link | Level::Gateway => 3,
        Level::Stream => 4,
    }
}

impl Cast<'_> {
    /// Whom a pattern selects at a level; the error says why nobody.
    pub(crate) fn select(&self, pattern: &Pattern, level: Level) -> Result<Vec<Subject>, Mismatch> {
        if pattern.is_target() != (level == Level::Target) {
            let example = if level == Level::Target { "target/ID" } else { "cohort/patient/.." };
            return Err(Mismatch::Level(format!(
                "path `{}` is not a {}; write `{example}`",
                pattern.text,
                level.word()
            )));
        }
        if pattern.depth() > depth_of(level) {
            return Err(Mismatch::Level(format!(
                "path `{}` goes deeper than a {} ({})",
                pattern.text,
                level.word(),
                shape_of(level)
            )));
        }
        let subjects: Vec<Subject> = self.everybody(level, |path| matches(&pattern.segments, path));
        if subjects.is_empty() { Err(Mismatch::Nobody(self.explain(pattern, level))) } else { Ok(subjects) }
    }

    /// Everybody at a level whose path passes.
    pub(crate) fn everybody(&self, level: Level, passes: impl Fn(&[&str]) -> bool) -> Vec<Subject> {
        let mut subjects = Vec::new();
        if level == Level::Target {
            let targets = self.targets.iter().filter(|target| passes(&["target", &target.id.value]));
            return targets.map(|target| Subject::Target(target.id.value.clone())).collect();
        }
        for (index, patient) in self.roster.patients.iter().enumerate() {
            let number = patient.number.to_string();
            if level == Level::Patient {
                if passes(&[&patient.cohort, &number]) {
                    subjects.push(Subject::Patient(SimId(index as u32)));
                }
                continue;
            }
            for device in patient.devices.clone() {
                let id = SimId(device as u32);
                let device = &self.roster.devices[device];
                if level != Level::Stream {
                    if passes(&[&patient.cohort, &number, &device.id]) {
                        subjects.push(Subject::Device(id));
                    }
                    continue;
                }
                for (position, stream) in device.streams.iter().enumerate() {
                    if passes(&[&patient.cohort, &number, &device.id, &stream.id]) {
                        subjects.push(Subject::Stream(id, position as u16));
                    }
                }
            }
        }
        subjects
    }

    /// The same people seen at another level: above, those they belong to; below, all that is theirs.
    pub(crate) fn at_level(&self, subjects: &[Subject], level: Level) -> Vec<Subject> {
        let mut devices: Vec<(SimId, Option<u16>)> = Vec::new();
        for subject in subjects {
            match (subject, level) {
                (Subject::Patient(_), Level::Patient) | (Subject::Target(_), Level::Target) => {
                    return subjects.to_vec();
                }
                (Subject::Patient(id), _) => {
                    let range = self.roster.patients[id.index()].devices.clone();
                    devices.extend(range.map(|device| (SimId(device as u32), None)));
                }
                (Subject::Device(id), _) => devices.push((*id, None)),
                (Subject::Stream(id, position), _) => devices.push((*id, Some(*position))),
                (Subject::Target(target), _) => {
                    let all = 0..self.roster.devices.len();
                    let theirs = all.filter(|device| self.target_of(*device) == Some(target.as_str()));
                    devices.extend(theirs.map(|device| (SimId(device as u32), None)));
                }
            }
        }
        let mut seen = Vec::new();
        for (id, position) in devices {
            let device = &self.roster.devices[id.index()];
            match (level, position) {
                (Level::Patient, _) => seen.push(Subject::Patient(device.patient)),
                (Level::Device | Level::Link | Level::Gateway, _) => seen.push(Subject::Device(id)),
                (Level::Stream, Some(position)) => seen.push(Subject::Stream(id, position)),
                (Level::Stream, None) => {
                    seen.extend((0..device.streams.len()).map(|position| Subject::Stream(id, position as u16)));
                }
                (Level::Target, _) => {
                    seen.extend(self.target_of(id.index()).map(|target| Subject::Target(target.to_owned())));
                }
            }
        }
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    /// Path of a subject.
    pub(crate) fn path(&self, subject: &Subject) -> String {
        subject_path(self.roster, subject)
    }

    fn target_of(&self, device: usize) -> Option<&str> {
        let body = self.links[self.roster.devices[device].link].body.as_ref()?;
        Some(self.targets[body.plan.target].id.value.as_str())
    }

    /// Why a pattern selects nobody: the first part that names nothing, and what there is instead.
    fn explain(&self, pattern: &Pattern, level: Level) -> String {
        let path = format!("path `{}` matches nothing", pattern.text);
        if level == Level::Target {
            let names: Vec<&str> = self.targets.iter().map(|target| target.id.value.as_str()).collect();
            return format!("{path}: targets are {}", names.join(", "));
        }
        let mut cohorts: Vec<&CohortDraft> = self.cohorts.iter().collect();
        if let Some(Segment::Literal(cohort)) = pattern.segments.first() {
            cohorts.retain(|draft| draft.id == *cohort);
            if cohorts.is_empty() {
                let names: Vec<&str> = self.cohorts.iter().map(|cohort| cohort.id.as_str()).collect();
                return format!("{path}: there is no cohort `{cohort}`{}", hint(cohort, "cohorts", names));
            }
        }
        if pattern.segments.contains(&Segment::Many) {
            return path;
        }
        if let Some(Segment::Literal(number)) = pattern.segments.get(1)
            && let Some(cohort) = cohorts.first()
            && !number.parse::<u32>().is_ok_and(|number| (1..=cohort.count).contains(&number))
        {
            return format!("{path}: cohort `{}` has patients 1..{}", cohort.id, cohort.count);
        }
        let devices = cohorts.iter().flat_map(|cohort| cohort.devices.iter().map(move |device| (cohort, device)));
        let mut devices: Vec<_> = devices.collect();
        if let Some(Segment::Literal(wanted)) = pattern.segments.get(2) {
            let names: Vec<&str> = devices.iter().map(|(_, device)| device.id.as_str()).collect();
            let of = cohorts.iter().map(|cohort| format!("`{}`", cohort.id)).collect::<Vec<_>>().join(", ");
            let all = names.join(", ");
            devices.retain(|(_, device)| device.id == *wanted);
            if devices.is_empty() {
                return if names.is_empty() {
                    format!("{path}: cohort {of} has no devices")
                } else {
                    format!("{path}: cohort {of} has devices {all}")
                };
            }
        }
        if let (Some(Segment::Literal(_)), Some((_, device))) = (pattern.segments.get(3), devices.first()) {
            let kind = self.registry.device(&device.kind);
            let streams = device.streams.iter().filter_map(|(index, _)| Some(kind?.streams.get(*index)?.id));
            let streams: Vec<&str> = streams.collect();
            if !devices.iter().any(|(_, device)| device.share < 1.0) || streams.is_empty() {
                return format!("{path}: device `{}` ({}) has streams {}", device.id, device.kind, streams.join(", "));
            }
        }
        match devices.iter().find(|(_, device)| device.share < 1.0) {
            Some((_, device)) => {
                format!("{path}: no such patient has `{}`, which a share of {} get", device.id, device.share)
            }
            None => path,
        }
    }
}

/// Why a pattern selects nobody.
#[derive(Debug)]
pub(crate) enum Mismatch {
    /// It does not fit the level.
    Level(String),
    /// Nobody is there.
    Nobody(String),
}

const fn shape_of(level: Level) -> &'static str {
    match level {
        Level::Patient => "cohort/patient",
        Level::Device | Level::Link => "cohort/patient/device",
        Level::Stream => "cohort/patient/device/stream",
        Level::Target => "target/id",
        Level::Gateway => "gw/id/number",
    }
}

/// Path of a subject.
pub(crate) fn subject_path(roster: &Roster, subject: &Subject) -> String {
    match subject {
        Subject::Patient(id) => roster.patients[id.index()].path.clone(),
        Subject::Device(id) => roster.devices[id.index()].path.clone(),
        Subject::Stream(id, position) => {
            let device = &roster.devices[id.index()];
            format!("{}/{}", device.path, device.streams[usize::from(*position)].id)
        }
        Subject::Target(id) => format!("target/{id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes_in(pattern: &str, path: &str) -> bool {
        let pattern = Pattern::parse(pattern).expect("valid pattern");
        matches(&pattern.segments, &path.split('/').collect::<Vec<_>>())
    }

    #[test]
    fn globs_match_whole_parts() {
        assert!(takes_in("icu/*/mon", "icu/3/mon"));
        assert!(!takes_in("icu/*/mon", "icu/3/pump"));
        assert!(takes_in("icu/**", "icu/3/mon/ecg"));
        assert!(takes_in("**/ecg", "icu/3/mon/ecg"));
        assert!(takes_in("icu/**/mon", "icu/3/mon"));
        assert!(!takes_in("icu/*/*/ecg", "icu/3/mon"));
    }

    #[test]
    fn a_short_path_takes_in_everything_below() {
        assert!(takes_in("icu/3", "icu/3/mon/ecg"));
        assert!(takes_in("icu", "icu/3"));
        assert!(!takes_in("icu/3", "icu/30"));
    }

    #[test]
    fn half_globs_are_refused() {
        assert!(Pattern::parse("icu/1*/mon").is_err());
        assert!(Pattern::parse("icu//mon").is_err());
    }
}

//! Paths with globs, and whom they select.

mod explanation;

use std::collections::BTreeMap;
use std::ops::Range;

use radio_plan::{AirPlan, GatewayPlan};
use sim_core::{ActionSpec, CarrierKind, Level, Reach, Registry, Roster, SimId, Subject};

use crate::network::air::GATEWAYS;
use crate::network::gateway::GatewayDraft;
use crate::network::link::LinkDraft;
use crate::network::target::TargetDraft;
use crate::people::cohort::CohortDraft;
use crate::plan::Carrier;

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
    pub(crate) air: &'a AirPlan,
    pub(crate) cohorts: &'a [CohortDraft],
    pub(crate) links: &'a [LinkDraft],
    pub(crate) targets: &'a [TargetDraft],
    pub(crate) gateways: &'a [GatewayDraft],
    /// The patients of each cohort, by id.
    patients: BTreeMap<&'a str, Range<usize>>,
}

/// Whom somebody can be selected for: a level of path, and what the device must speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) level: Level,
    pub(crate) over: Reach,
}

impl Aim {
    /// Everybody at a level.
    pub(crate) const fn at(level: Level) -> Self {
        Self { level, over: Reach::Anything }
    }

    /// Those an action can act on.
    pub(crate) fn of(action: &ActionSpec) -> Self {
        let over = match action.level {
            Level::Link | Level::Device | Level::Stream => action.executor.reach(),
            Level::Patient | Level::Target | Level::Gateway => Reach::Anything,
        };
        Self { level: action.level, over }
    }
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
    fn is_target(&self) -> bool {
        self.begins("target")
    }

    /// Whether it names gateways.
    fn is_gateway(&self) -> bool {
        self.begins(GATEWAYS)
    }

    fn begins(&self, word: &str) -> bool {
        matches!(self.segments.first(), Some(Segment::Literal(first)) if first == word)
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

impl<'a> Cast<'a> {
    /// Everybody of a scenario.
    pub(crate) fn new(
        registry: &'a Registry,
        roster: &'a Roster,
        air: &'a AirPlan,
        cohorts: &'a [CohortDraft],
        links: &'a [LinkDraft],
        targets: &'a [TargetDraft],
        gateways: &'a [GatewayDraft],
    ) -> Self {
        let mut patients = BTreeMap::new();
        let mut first = 0;
        for cohort in cohorts {
            let end = first + cohort.count as usize;
            patients.insert(cohort.id.as_str(), first..end);
            first = end;
        }
        Self { registry, roster, air, cohorts, links, targets, gateways, patients }
    }
}

impl Cast<'_> {
    /// Whom a pattern selects; the error says why nobody.
    pub(crate) fn select(&self, pattern: &Pattern, aim: Aim) -> Result<Vec<Subject>, Mismatch> {
        let level = aim.level;
        if pattern.is_gateway() && level != Level::Gateway {
            let (word, shape) = (level.word(), shape_of(level));
            return Err(Mismatch::Level(format!("path `{}` names gateways, not a {word} ({shape})", pattern.text)));
        }
        if pattern.is_target() != (level == Level::Target) || pattern.is_gateway() != (level == Level::Gateway) {
            let example = match level {
                Level::Target => "target/ID",
                Level::Gateway => "gw/ID/NUMBER",
                _ => "cohort/patient/..",
            };
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
        let subjects = self.matching(pattern, level);
        let Some(first) = subjects.first() else { return Err(Mismatch::Nobody(self.explain(pattern, level))) };
        let fitting = self.fitting(subjects.clone(), aim.over);
        if fitting.is_empty() { Err(Mismatch::Carrier(self.explain_carrier(first, aim.over))) } else { Ok(fitting) }
    }

    /// Those of the subjects that speak what is needed.
    pub(crate) fn fitting(&self, mut subjects: Vec<Subject>, over: Reach) -> Vec<Subject> {
        subjects.retain(|subject| match (over, subject) {
            (Reach::Anything, _) | (_, Subject::Patient(_) | Subject::Target(_)) => true,
            (Reach::Radio, Subject::Device(id) | Subject::Stream(id, _)) => self.has_radio(*id),
            (Reach::Connection, Subject::Device(id) | Subject::Stream(id, _)) => {
                !self.has_radio(*id) && self.connection(*id).is_none_or(|carrier| carrier.takes_link_faults)
            }
        });
        subjects
    }

    /// Everybody at a level.
    pub(crate) fn everybody(&self, level: Level) -> Vec<Subject> {
        self.among(0..self.roster.patients.len(), level, |_| true)
    }

    /// Everybody at a level whom a pattern takes in.
    fn matching(&self, pattern: &Pattern, level: Level) -> Vec<Subject> {
        let all = 0..self.roster.patients.len();
        let patients = match pattern.segments.as_slice() {
            [Segment::Literal(cohort), rest @ ..] => {
                let cohort = self.patients.get(cohort.as_str()).cloned().unwrap_or_default();
                match rest.first() {
                    Some(Segment::Literal(number)) => {
                        let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                        let patient = index.map(|index| cohort.start + index).filter(|index| cohort.contains(index));
                        patient.map_or(0..0, |patient| patient..patient + 1)
                    }
                    _ => cohort,
                }
            }
            _ => all,
        };
        self.among(patients, level, |path| matches(&pattern.segments, path))
    }

    /// Everybody at a level, among some patients or in another place, whose path passes.
    fn among(&self, patients: Range<usize>, level: Level, passes: impl Fn(&[&str]) -> bool) -> Vec<Subject> {
        let mut subjects = Vec::new();
        if level == Level::Target {
            let brokers = self.targets.iter().filter(|target| !target.is_host);
            let targets = brokers.filter(|target| passes(&["target", &target.id.value]));
            return targets.map(|target| Subject::Target(target.id.value.clone())).collect();
        }
        if level == Level::Gateway {
            let devices = self.air.gateways.iter().map(|gateway| gateway.device);
            let mut devices: Vec<SimId> = devices.collect();
            devices.retain(|id| {
                let path = &self.roster.devices[id.index()].path;
                passes(&path.split('/').collect::<Vec<_>>())
            });
            return devices.into_iter().map(Subject::Device).collect();
        }
        for index in patients {
            let patient = &self.roster.patients[index];
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

    /// The same people seen at another level: above, those they belong to; below, all that is theirs. What belongs to
    /// a gateway are the devices it may connect to.
    pub(crate) fn at_level(&self, subjects: &[Subject], level: Level) -> Vec<Subject> {
        let mut devices: Vec<(SimId, Option<u16>)> = Vec::new();
        let mut seen = Vec::new();
        for subject in subjects {
            match (subject, level) {
                (Subject::Patient(_), Level::Patient) | (Subject::Target(_), Level::Target) => {
                    return subjects.to_vec();
                }
                (Subject::Patient(id), _) => {
                    let range = self.roster.patients[id.index()].devices.clone();
                    devices.extend(range.map(|device| (SimId(device as u32), None)));
                }
                (Subject::Device(id), _) => match self.gateway(*id) {
                    None => devices.push((*id, None)),
                    Some(_) if matches!(level, Level::Gateway | Level::Target) => {
                        seen.extend(self.device_at(*id, None, level));
                    }
                    Some(gateway) => devices.extend(gateway.devices.iter().map(|device| (*device, None))),
                },
                (Subject::Stream(id, position), _) => devices.push((*id, Some(*position))),
                (Subject::Target(target), _) => {
                    let all = 0..self.roster.devices.len();
                    let theirs = all.filter(|device| self.target_of(*device) == Some(target.as_str()));
                    devices.extend(theirs.map(|device| (SimId(device as u32), None)));
                }
            }
        }
        if level == Level::Gateway {
            devices.sort_unstable();
            let theirs = |id: &SimId| devices.binary_search_by_key(id, |(device, _)| *device).is_ok();
            let gateways = self.air.gateways.iter().filter(|gateway| gateway.devices.iter().any(theirs));
            seen.extend(gateways.map(|gateway| Subject::Device(gateway.device)));
        }
        devices.retain(|(id, _)| self.gateway(*id).is_some() == (level == Level::Gateway));
        for (id, position) in devices {
            seen.extend(self.device_at(id, position, level));
        }
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    /// A device, or one stream of it, seen at a level.
    fn device_at(&self, id: SimId, position: Option<u16>, level: Level) -> Vec<Subject> {
        let device = &self.roster.devices[id.index()];
        match (level, position) {
            (Level::Patient, _) => vec![Subject::Patient(device.patient)],
            (Level::Device | Level::Link | Level::Gateway, _) => vec![Subject::Device(id)],
            (Level::Stream, Some(position)) => vec![Subject::Stream(id, position)],
            (Level::Stream, None) => {
                (0..device.streams.len()).map(|position| Subject::Stream(id, position as u16)).collect()
            }
            (Level::Target, _) => {
                self.target_of(id.index()).map(|target| Subject::Target(target.to_owned())).into_iter().collect()
            }
        }
    }

    /// The gateway with this number among the devices.
    fn gateway(&self, id: SimId) -> Option<&GatewayPlan> {
        let index = self.air.gateways.binary_search_by_key(&id, |gateway| gateway.device).ok()?;
        Some(&self.air.gateways[index])
    }

    /// Path of a subject.
    pub(crate) fn path(&self, subject: &Subject) -> String {
        subject_path(self.roster, subject)
    }

    /// Whether a device speaks Bluetooth.
    pub(crate) fn has_radio(&self, device: SimId) -> bool {
        self.air.radios.contains_key(&device)
    }

    /// The carrier over which a device has a connection of its own, as far as it is known.
    pub(crate) fn connection(&self, device: SimId) -> Option<&CarrierKind> {
        let body = self.links[self.roster.devices[device.index()].link].body.as_ref().ok()?;
        if body.plan.carrier == Carrier::Connection { self.registry.carrier(&body.plan.over) } else { None }
    }

    fn target_of(&self, device: usize) -> Option<&str> {
        let body = self.links[self.roster.devices[device].link].body.as_ref().ok()?;
        Some(self.targets[body.plan.target].id.value.as_str())
    }
}

/// Why a pattern selects nobody.
#[derive(Debug)]
pub(crate) enum Mismatch {
    /// It does not fit the level.
    Level(String),
    /// Nobody is there.
    Nobody(String),
    /// Nobody of them speaks what is needed.
    Carrier(String),
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

//! Texts made for each device: topics, client ids, wills.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::diagnostic::{Checked, Notes};
use crate::language::document::Text;

/// Names that are filled in for each device, in topics, client ids and wills.
pub(crate) const TEMPLATE_NAMES: [(&str, &str); 8] = [
    ("cohort", "cohort id"),
    ("patient", "number of the patient within its cohort, from 1"),
    ("patient.id", "identifier of the patient, unique in the run: `icu-0003`"),
    ("device", "device id within the patient"),
    ("device.serial", "serial number, unique in the run: `icu-0003-mon`"),
    ("stream", "stream id within the device; only in a topic"),
    ("gateway", "id of the gateway that hands on: `hub`; only on a gateway's link"),
    ("run", "a word that is different in every run, filled in by the runner"),
];

/// What a template says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(Variable),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    Cohort,
    Patient,
    PatientId,
    Device,
    DeviceSerial,
    Stream,
    Gateway,
    Run,
}

impl Variable {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "cohort" => Self::Cohort,
            "patient" => Self::Patient,
            "patient.id" => Self::PatientId,
            "device" => Self::Device,
            "device.serial" => Self::DeviceSerial,
            "stream" => Self::Stream,
            "gateway" => Self::Gateway,
            "run" => Self::Run,
            _ => return None,
        })
    }
}

/// Who a text is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) cohort: &'a str,
    pub(crate) number: u32,
    pub(crate) patient_id: &'a str,
    pub(crate) device: &'a str,
    pub(crate) serial: &'a str,
    pub(crate) stream: &'a str,
    /// Empty where no gateway hands on.
    pub(crate) gateway: &'a str,
}

/// What a template is for, which decides what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A topic made for each stream, below which its device hears commands.
    StreamTopic,
    /// A topic made for each stream, on which a probe sees it.
    SeenTopic,
    /// A topic made for each device.
    DeviceTopic,
    /// A text made for each device.
    DeviceText,
}

impl Template {
    /// Reads a template and checks it for its use.
    pub(crate) fn read(notes: &Notes, key: &str, text: &Text, purpose: Use) -> Checked<Self> {
        let mut parts = Vec::new();
        let mut good = Ok(());
        let mut cursor = 0;
        while let Some(begin) = text.text[cursor..].find("${").map(|index| index + cursor) {
            push(&mut parts, &text.text[cursor..begin]);
            let length = text.text[begin..].find('}').map_or(text.text.len() - begin, |length| length + 1);
            let variable = text.text.get(begin + 2..begin + length - 1).and_then(Variable::named);
            match variable {
                Some(Variable::Stream) if !matches!(purpose, Use::StreamTopic | Use::SeenTopic) => {
                    let message = format!("`${{stream}}` has no value in `{key}`: it is made for each device");
                    good = Err(notes.error(text.place(begin), message));
                }
                Some(Variable::Gateway) if purpose == Use::SeenTopic => {
                    let message =
                        format!("`${{gateway}}` has no value in `{key}`: several gateways may hand on the same");
                    good = Err(notes.error(text.place(begin), message));
                }
                Some(variable) => parts.push(Part::Variable(variable)),
                // The variables pass has complained about the name.
                None => good = Err(notes.refused_before(text.place(begin))),
            }
            cursor = begin + length;
        }
        push(&mut parts, &text.text[cursor..]);
        if purpose != Use::DeviceText {
            good = good.and(check_topic(notes, key, text));
        }
        let template = Self { parts };
        if good.is_ok() && purpose == Use::StreamTopic && template.device_part().is_none() {
            let message = format!("`{key}` needs a level before `${{stream}}`, for commands and answers");
            good = Err(notes.error(text.start(), message));
        }
        good.map(|()| template)
    }

    /// The text for one device or stream; `${run}` stays for the runner.
    pub(crate) fn render(&self, names: &Names<'_>) -> String {
        render(&self.parts, names)
    }

    /// The text, if it is the same for everybody.
    pub(crate) fn literal(&self) -> Option<String> {
        let parts = self.parts.iter().map(|part| match part {
            Part::Literal(text) => Some(text.as_str()),
            Part::Variable(_) => None,
        });
        parts.collect()
    }

    /// Whether it is the same for every device and patient of a cohort.
    pub(crate) fn names_nobody(&self) -> bool {
        let names_somebody = |part: &Part| {
            let Part::Variable(variable) = part else { return false };
            match variable {
                Variable::Patient
                | Variable::PatientId
                | Variable::Device
                | Variable::DeviceSerial
                | Variable::Stream => true,
                Variable::Cohort | Variable::Gateway | Variable::Run => false,
            }
        };
        !self.parts.iter().any(names_somebody)
    }

    /// Whether it names the gateway, which only a gateway's link has.
    pub(crate) fn names_gateway(&self) -> bool {
        self.parts.contains(&Part::Variable(Variable::Gateway))
    }

    /// Whether it differs between the streams of a device.
    pub(crate) fn names_stream(&self) -> bool {
        self.parts.contains(&Part::Variable(Variable::Stream))
    }

    /// A text of nothing.
    pub(crate) const fn empty() -> Self {
        Self { parts: Vec::new() }
    }

    /// The topic below which a device hears commands and answers: all levels before the one with `${stream}`.
    pub(crate) fn command_prefix(&self, names: &Names<'_>) -> String {
        render(&self.device_part().unwrap_or_default(), names)
    }

    /// The topic filter that takes in every topic made from this for one cohort: `+` for each level that is not the
    /// same for all.
    pub(crate) fn filter(&self, cohort: &str) -> String {
        let mut levels = vec![Some(String::new())];
        for part in &self.parts {
            match part {
                Part::Variable(Variable::Cohort) => {
                    if let Some(Some(level)) = levels.last_mut() {
                        level.push_str(cohort);
                    }
                }
                Part::Literal(text) => {
                    let mut pieces = text.split('/');
                    if let (Some(Some(level)), Some(piece)) = (levels.last_mut(), pieces.next()) {
                        level.push_str(piece);
                    }
                    levels.extend(pieces.map(|piece| Some(piece.to_owned())));
                }
                Part::Variable(_) => {
                    if let Some(level) = levels.last_mut() {
                        *level = None;
                    }
                }
            }
        }
        levels.into_iter().map(|level| level.unwrap_or_else(|| "+".to_owned())).collect::<Vec<_>>().join("/")
    }

    fn device_part(&self) -> Option<Vec<Part>> {
        let stream = self.parts.iter().position(|part| *part == Part::Variable(Variable::Stream));
        let Some(stream) = stream else { return Some(self.parts.clone()) };
        let mut before = self.parts[..stream].to_vec();
        while let Some(part) = before.pop() {
            if let Part::Literal(text) = part
                && let Some(slash) = text.rfind('/')
            {
                push(&mut before, &text[..slash]);
                return (!before.is_empty()).then_some(before);
            }
        }
        None
    }
}

fn push(parts: &mut Vec<Part>, literal: &str) {
    if !literal.is_empty() {
        parts.push(Part::Literal(literal.to_owned()));
    }
}

fn render(parts: &[Part], names: &Names<'_>) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Variable(Variable::Cohort) => text.push_str(names.cohort),
            Part::Variable(Variable::Patient) => text.push_str(&names.number.to_string()),
            Part::Variable(Variable::PatientId) => text.push_str(names.patient_id),
            Part::Variable(Variable::Device) => text.push_str(names.device),
            Part::Variable(Variable::DeviceSerial) => text.push_str(names.serial),
            Part::Variable(Variable::Stream) => text.push_str(names.stream),
            Part::Variable(Variable::Gateway) => text.push_str(names.gateway),
            Part::Variable(Variable::Run) => text.push_str("${run}"),
        }
    }
    text
}

/// MQTT 5, 4.7: no wildcards and no NUL in a topic name, at least one character.
fn check_topic(notes: &Notes, key: &str, text: &Text) -> Checked<()> {
    /// Leaves room below the 65 535 bytes of MQTT for what the names add.
    const LONGEST: usize = 4096;
    if text.text.is_empty() {
        return Err(notes.error(text.start(), format!("`{key}` is empty")));
    }
    if text.text.len() > LONGEST {
        return Err(notes.error(text.start(), format!("`{key}` is longer than {LONGEST} bytes")));
    }
    if let Some((index, found)) = text.text.char_indices().find(|(_, c)| matches!(c, '+' | '#') || c.is_control()) {
        let message = format!("a topic cannot contain {found:?}; wildcards belong into filters");
        return Err(notes.error(text.place(index), message));
    }
    if text.text.starts_with('$') && !text.text.starts_with("${") {
        let message = "topics that begin with `$` are the broker's own; no device may publish there";
        return Err(notes.error(text.start(), message));
    }
    Ok(())
}

/// Complains about a topic filter that MQTT does not allow (MQTT 5, 4.7.1).
pub(crate) fn check_filter(notes: &Notes, text: &Text) -> Checked<()> {
    let levels: Vec<&str> = text.text.split('/').collect();
    let sound = !text.text.is_empty()
        && text.text.len() <= 65_535
        && !text.text.contains('\0')
        && levels.iter().enumerate().all(|(index, level)| {
            (!level.contains('+') || *level == "+")
                && (!level.contains('#') || (*level == "#" && index + 1 == levels.len()))
        });
    if !sound {
        let message = format!("`{}` is not a topic filter: `+` is one level, `#` all the rest", text.text);
        return Err(notes.error(text.start(), message));
    }
    if levels[0] == "$share" {
        let message = "a shared subscription gives each message to one of its members only; a probe must see them all";
        return Err(notes.error(text.start(), message));
    }
    if levels[0].starts_with('$') {
        let message = format!("no device publishes below `{}`, which is the broker's own", levels[0]);
        return Err(notes.error(text.start(), message));
    }
    Ok(())
}

/// Filters that together take in what the given ones do, no two of which take in the same topic: a broker may send a
/// message once for each overlapping filter, which would look like a duplicate.
pub(crate) fn disjoint(filters: impl IntoIterator<Item = String>) -> Vec<String> {
    // Two different filters with `+` at the same levels take in nothing together, so only filters of other shapes need
    // to be looked at; a scenario has few shapes, whatever its number of cohorts.
    let mut shapes: BTreeMap<Vec<bool>, BTreeSet<Vec<String>>> = BTreeMap::new();
    for filter in filters {
        let mut levels: Vec<String> = filter.split('/').map(str::to_owned).collect();
        while let Some(other) = take_overlapping(&mut shapes, &levels) {
            for (level, other) in levels.iter_mut().zip(other) {
                if *level != other {
                    "+".clone_into(level);
                }
            }
        }
        shapes.entry(shape_of(&levels)).or_default().insert(levels);
    }
    let mut filters: Vec<Vec<String>> = shapes.into_values().flatten().collect();
    filters.sort();
    filters.into_iter().map(|levels| levels.join("/")).collect()
}

/// At which levels a filter takes in anything.
fn shape_of(levels: &[String]) -> Vec<bool> {
    levels.iter().map(|level| level == "+").collect()
}

/// Takes out a filter that takes in a topic which this one does, too.
fn take_overlapping(shapes: &mut BTreeMap<Vec<bool>, BTreeSet<Vec<String>>>, levels: &[String]) -> Option<Vec<String>> {
    let own = shape_of(levels);
    for (shape, filters) in shapes.iter_mut().filter(|(shape, _)| shape.len() == own.len()) {
        let found = if *shape == own {
            filters.get(levels).cloned()
        } else {
            filters.iter().find(|other| overlap(other, levels)).cloned()
        };
        if let Some(found) = found {
            filters.remove(&found);
            return Some(found);
        }
    }
    None
}

fn overlap(left: &[String], right: &[String]) -> bool {
    left.iter().zip(right).all(|(a, b)| a == b || a == "+" || b == "+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::diagnostic::Place;
    use crate::language::document::Piece;

    fn template(text: &str) -> Template {
        let place = Place { file: 0, offset: 0 };
        let text = Text { text: text.to_owned(), pieces: vec![Piece { from: 0, place, literal: true }] };
        let notes = Notes::default();
        notes.add_file("t", &text.text, None);
        Template::read(&notes, "topic", &text, Use::StreamTopic).expect("valid template")
    }

    const NAMES: Names<'_> = Names {
        cohort: "icu",
        number: 3,
        patient_id: "icu-0003",
        device: "mon",
        serial: "icu-0003-mon",
        stream: "ecg",
        gateway: "",
    };

    #[test]
    fn commands_go_above_the_level_of_the_stream() {
        let prefix = |text| template(text).command_prefix(&NAMES);
        assert_eq!(prefix("icu/${patient}/${device}/${stream}"), "icu/3/mon");
        assert_eq!(prefix("icu/${device.serial}/x-${stream}/v"), "icu/icu-0003-mon");
        assert_eq!(prefix("d/${device.serial}/v"), "d/icu-0003-mon/v");
    }

    #[test]
    fn filters_take_in_every_device() {
        assert_eq!(template("icu/${patient}/${device}/${stream}").filter("icu"), "icu/+/+/+");
        assert_eq!(template("d/x-${device.serial}/v").filter("icu"), "d/+/v");
        assert_eq!(template("a/${run}-${cohort}/b/${stream}").filter("icu"), "a/+/b/+");
        assert_eq!(template("${cohort}-x/${device}").filter("icu"), "icu-x/+");
    }

    #[test]
    fn overlapping_filters_become_one() {
        let made = |filters: &[&str]| disjoint(filters.iter().map(|&filter| filter.to_owned()));
        assert_eq!(made(&["a/+/+", "a/+/x"]), ["a/+/+"]);
        assert_eq!(made(&["a/+", "+/b"]), ["+/+"]);
        assert_eq!(made(&["a/+", "b/+"]), ["a/+", "b/+"]);
        assert_eq!(made(&["a/b", "c/b", "+/b"]), ["+/b"]);
    }
}

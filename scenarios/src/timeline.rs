//! Expands steps into occurrences: who is picked, when each begins and heals.

use std::collections::BTreeMap;

use sim_core::{DurationRule, GRID, Key, Level, Occurrence, Purpose, SimTime, Span, Subject};

use crate::command::check_command;
use crate::diagnostic::{Notes, Place};
use crate::document::Text;
use crate::grammar::{MOST_OCCURRENCES, MOST_SUBJECTS};
use crate::path::{Aim, Cast, Mismatch, Pattern};
use crate::step::{Pick, StepDraft, Trigger};
use crate::suggestion::hint;

/// Everything steps expand to.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// Sorted by start, then by order in the file.
    pub(crate) occurrences: Vec<Occurrence>,
    /// Whom each step acts on; `None` when that could not be found out.
    pub(crate) subjects: Vec<Option<Vec<Subject>>>,
    /// First begin and last end of each step; the end of an instant is its begin.
    pub(crate) extents: Vec<Option<(SimTime, SimTime)>>,
}

/// What the expansion works on.
#[derive(Debug)]
pub(crate) struct Expansion<'a> {
    pub(crate) notes: &'a Notes,
    pub(crate) cast: &'a Cast<'a>,
    pub(crate) steps: &'a [StepDraft<'a>],
    pub(crate) seed: u64,
    /// Whether some cohort or device could not be read, so that an empty selection says nothing.
    pub(crate) incomplete: bool,
}

/// Progress of a resolution that may run in a circle.
#[derive(Debug, Clone)]
enum Progress<T> {
    Untouched,
    Open,
    Done(Option<T>),
}

/// Begin and end of the first occurrence of a step; no end for an instant.
type FirstSpan = (SimTime, Option<SimTime>);

impl Expansion<'_> {
    /// Finds subjects and, when the length of the run is known, occurrences.
    pub(crate) fn expand(&self, length: Option<Span>) -> Timeline {
        let mut subjects = vec![Progress::Untouched; self.steps.len()];
        for index in 0..self.steps.len() {
            self.subjects_of(index, &mut subjects);
        }
        let mut timeline = Timeline { extents: vec![None; self.steps.len()], ..Timeline::default() };
        timeline.subjects = subjects.into_iter().map(done).collect();
        if let Some(length) = length {
            let mut first = vec![Progress::Untouched; self.steps.len()];
            for index in 0..self.steps.len() {
                self.first_span(index, length, &mut first);
            }
            self.repeat(&first.into_iter().map(done).collect::<Vec<_>>(), length, &mut timeline);
        }
        timeline
    }

    /// Whom a list of selectors takes in; complains and gives `None` where one takes in nobody.
    pub(crate) fn select(
        &self,
        on: &[Text],
        aim: Aim,
        step_subjects: &mut dyn FnMut(usize, Place) -> Option<Vec<Subject>>,
    ) -> Option<Vec<Subject>> {
        let mut selected = Vec::new();
        let mut sound = !on.is_empty();
        for text in on {
            match self.select_one(text, aim, step_subjects) {
                Some(subjects) => selected.extend(subjects),
                None => sound = false,
            }
        }
        selected.sort_unstable();
        selected.dedup();
        sound.then_some(selected)
    }

    fn select_one(
        &self,
        text: &Text,
        aim: Aim,
        step_subjects: &mut dyn FnMut(usize, Place) -> Option<Vec<Subject>>,
    ) -> Option<Vec<Subject>> {
        let place = text.start();
        let (name, complement) = match text.text.strip_prefix('!') {
            Some(name) => (name, true),
            None => (text.text.as_str(), false),
        };
        if let Some(index) = self.step(name) {
            let theirs = self.cast.at_level(&step_subjects(index, place)?, aim.level);
            let picked = self.cast.fitting(theirs.clone(), aim.over);
            if !complement && picked.is_empty() && self.incomplete {
                return None;
            }
            if !complement && picked.is_empty() {
                let message = match theirs.first() {
                    Some(first) => self.cast.explain_carrier(first),
                    None => format!("nobody that step `{name}` picks has a {}", aim.level.word()),
                };
                self.notes.error(place, message);
                return None;
            }
            if !complement {
                return Some(picked);
            }
            let mut everybody = self.cast.fitting(self.cast.everybody(aim.level, |_| true), aim.over);
            everybody.retain(|subject| picked.binary_search(subject).is_err());
            if everybody.is_empty() {
                self.notes.error(place, format!("`{}` is nobody: step `{name}` picks everybody", text.text));
                return None;
            }
            return Some(everybody);
        }
        if complement {
            let message = format!("`!` takes a step, and there is no step `{name}`{}", self.step_hint(name));
            self.notes.error(place, message);
            return None;
        }
        let pattern = match Pattern::parse(name) {
            Ok(pattern) => pattern,
            Err(message) => {
                self.notes.error(place, message);
                return None;
            }
        };
        match self.cast.select(&pattern, aim) {
            Ok(subjects) => Some(subjects),
            Err(Mismatch::Nobody(_) | Mismatch::Carrier(_)) if self.incomplete => None,
            Err(Mismatch::Nobody(message)) if !name.contains('/') && self.is_near_a_step(name) => {
                self.notes.error(place, format!("{message}; no step has this name either{}", self.step_hint(name)));
                None
            }
            Err(Mismatch::Nobody(message) | Mismatch::Level(message) | Mismatch::Carrier(message)) => {
                self.notes.error(place, message);
                None
            }
        }
    }

    fn step(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.id.value == id)
    }

    fn step_names(&self) -> Vec<&str> {
        self.steps.iter().map(|step| step.id.value.as_str()).collect()
    }

    pub(crate) fn step_hint(&self, name: &str) -> String {
        hint(name, "steps", self.step_names())
    }

    fn is_near_a_step(&self, name: &str) -> bool {
        crate::suggestion::closest(name, self.step_names()).is_some()
    }

    fn subjects_of(&self, index: usize, progress: &mut Vec<Progress<Vec<Subject>>>) -> Option<Vec<Subject>> {
        match &progress[index] {
            Progress::Done(subjects) => return subjects.clone(),
            Progress::Open => return None,
            Progress::Untouched => {}
        }
        progress[index] = Progress::Open;
        let step = &self.steps[index];
        let subjects = step.action.and_then(|action| {
            let mut theirs = |other: usize, place: Place| {
                if matches!(progress[other], Progress::Open) {
                    let (one, two) = (&self.steps[index].id.value, &self.steps[other].id.value);
                    self.notes.error(place, format!("steps `{one}` and `{two}` pick whom the other picks"));
                }
                self.subjects_of(other, progress)
            };
            self.select(&step.on, Aim::of(action), &mut theirs)
        });
        let subjects = subjects.and_then(|subjects| self.pick(step, subjects));
        if let (Some(action), Some(subjects)) = (step.action, &subjects)
            && action.level == Level::Device
        {
            check_command(self.notes, self.cast, step, subjects);
        }
        progress[index] = Progress::Done(subjects.clone());
        subjects
    }

    /// Takes the first few in the order of draws keyed by (seed, step, path): adding beds keeps the others' places.
    fn pick(&self, step: &StepDraft<'_>, subjects: Vec<Subject>) -> Option<Vec<Subject>> {
        let Some(pick) = &step.pick else { return Some(subjects) };
        let count = match pick.value {
            Pick::Count(count) => count as usize,
            Pick::Share(share) => (share * subjects.len() as f64).round() as usize,
        };
        if count > subjects.len() {
            let message = format!("`pick` is {count}, but `on` selects only {}", subjects.len());
            self.notes.error(pick.place, message);
            return None;
        }
        if count == 0 {
            let message = format!("`pick` of the {} that `on` selects is nobody", subjects.len());
            self.notes.error(pick.place, message);
            return None;
        }
        let purpose = Purpose::new(&format!("pick.{}", step.id.value));
        let mut drawn: Vec<(u64, Subject)> = subjects
            .into_iter()
            .map(|subject| (Key::new(self.seed, &self.cast.path(&subject)).bits(purpose, 0), subject))
            .collect();
        drawn.sort_unstable();
        let mut picked: Vec<Subject> = drawn.into_iter().take(count).map(|(_, subject)| subject).collect();
        picked.sort_unstable();
        Some(picked)
    }

    fn first_span(&self, index: usize, length: Span, progress: &mut Vec<Progress<FirstSpan>>) -> Option<FirstSpan> {
        if let Progress::Done(span) = &progress[index] {
            return *span;
        }
        progress[index] = Progress::Open;
        let step = &self.steps[index];
        let begin = match &step.trigger {
            None => None,
            Some(Trigger::Every(every)) => Some((SimTime::ZERO + every.value, every.place)),
            Some(Trigger::At(at)) => {
                let base = match &at.value.base {
                    None => Some(SimTime::ZERO),
                    Some(base) => self.edge(index, &base.step, base.end, at.place, length, progress),
                };
                base.map(|base| (base + Span::from_nanos(at.value.offset), at.place))
            }
        };
        let span = begin.and_then(|(begin, place)| {
            let begin = self.settle(step, begin, place);
            if begin < SimTime::ZERO {
                let early = SimTime::ZERO - begin;
                self.notes.error(place, format!("step `{}` would begin {early} before the start", step.id.value));
                return None;
            }
            let begin = (begin + self.jitter(step, 0)).ceil_to_grid();
            if begin - SimTime::ZERO >= length {
                let message = format!("step `{}` begins at {begin}, but [time] length is {length}", step.id.value);
                self.notes.error(place, message);
                return None;
            }
            Some((begin, end_of(step, begin, length)))
        });
        progress[index] = Progress::Done(span);
        span
    }

    /// Begin or end of another step.
    fn edge(
        &self,
        index: usize,
        name: &str,
        end: bool,
        place: Place,
        length: Span,
        progress: &mut Vec<Progress<FirstSpan>>,
    ) -> Option<SimTime> {
        let Some(other) = self.step(name) else {
            self.notes.error(place, format!("there is no step `{name}`{}", self.step_hint(name)));
            return None;
        };
        if matches!(progress[other], Progress::Open) {
            let own = &self.steps[index].id.value;
            self.notes.error(place, format!("steps `{own}` and `{name}` wait for each other"));
            return None;
        }
        let (begin, heal) = self.first_span(other, length, progress)?;
        if !end {
            return Some(begin);
        }
        if self.steps[other].action.is_some_and(|action| action.duration == DurationRule::Instant) {
            self.notes
                .error(place, format!("step `{name}` happens at an instant and has no end; write `{name}.start`"));
        }
        heal
    }

    /// The grid instant at or after `begin`, with a warning when that is another one.
    fn settle(&self, step: &StepDraft<'_>, begin: SimTime, place: Place) -> SimTime {
        let settled = begin.ceil_to_grid();
        if settled != begin && step.jitter == Span::ZERO {
            let message = format!("step `{}` begins at {begin}, rounded up to {settled}", step.id.value);
            self.notes.warning(place, message);
        }
        settled
    }

    fn jitter(&self, step: &StepDraft<'_>, repetition: u64) -> Span {
        if step.jitter == Span::ZERO {
            return Span::ZERO;
        }
        let draw = Key::new(self.seed, &format!("step/{}", step.id.value)).uniform(Purpose::new("jitter"), repetition);
        Span::from_nanos((step.jitter.nanos() as f64 * draw) as i64)
    }

    fn repeat(&self, first: &[Option<FirstSpan>], length: Span, timeline: &mut Timeline) {
        let mut entries = Vec::new();
        let mut pairs = 0;
        for (index, step) in self.steps.iter().enumerate() {
            let (Some((begin, end)), true) = (first[index], step.sound) else { continue };
            let spans = self.spans(step, begin, end, length);
            if let (Some(last), Some(duration)) = (spans.last(), &step.duration) {
                self.warn_about_end(step, last.0, duration.value, duration.place, length);
            }
            let (Some(from), Some(to)) = (spans.first(), spans.last()) else { continue };
            timeline.extents[index] = Some((from.0, to.1.unwrap_or(to.0)));
            let Some(subjects) = &timeline.subjects[index] else { continue };
            pairs += spans.len() as u64 * subjects.len() as u64;
            if (entries.len() + spans.len()) as u64 > MOST_OCCURRENCES || pairs > MOST_SUBJECTS {
                let message = format!(
                    "step `{}` happens at least {} times to {}; all steps together may happen {MOST_OCCURRENCES} times, \
                     {MOST_SUBJECTS} counted by subject",
                    step.id.value,
                    spans.len(),
                    subjects.len()
                );
                self.notes.error(step.id.place, message);
                return;
            }
            entries.extend(spans.into_iter().enumerate().map(|(repetition, span)| (index, repetition as u32, span)));
        }
        entries.sort_by_key(|(index, repetition, (begin, _))| (*begin, *index, *repetition));
        self.check_overlaps(&entries, &timeline.subjects);
        for (index, repetition, (start, end)) in entries {
            let step = &self.steps[index];
            let (Some(action), Some(subjects)) = (step.action, &timeline.subjects[index]) else { continue };
            timeline.occurrences.push(Occurrence {
                step: step.id.value.clone(),
                repetition,
                action: action.name.to_owned(),
                start,
                end,
                arguments: step.arguments.clone(),
                subjects: subjects.clone(),
            });
        }
    }

    /// Begin and end of every repetition.
    fn spans(&self, step: &StepDraft<'_>, begin: SimTime, end: Option<SimTime>, length: Span) -> Vec<FirstSpan> {
        let Some(Trigger::Every(every)) = &step.trigger else { return vec![(begin, end)] };
        let until = step.until.as_ref().map_or(length, |until| until.value.min(length));
        let mut spans = Vec::new();
        let mut nominal = SimTime::ZERO + every.value;
        while nominal - SimTime::ZERO < until && spans.len() as u64 <= MOST_OCCURRENCES {
            let begin = (nominal.ceil_to_grid() + self.jitter(step, spans.len() as u64)).ceil_to_grid();
            if begin - SimTime::ZERO < length {
                spans.push((begin, end_of(step, begin, length)));
            }
            nominal += every.value;
        }
        if let (true, Some(until)) = (spans.is_empty(), &step.until) {
            let message = format!("step `{}` ends at {} and never happens", step.id.value, until.value);
            self.notes.error(until.place, message);
        }
        spans
    }

    fn warn_about_end(&self, step: &StepDraft<'_>, begin: SimTime, duration: Span, place: Place, length: Span) {
        let end = begin + duration;
        if end - SimTime::ZERO > length {
            let message = format!("step `{}` would last to {end}; it ends with the run at {length}", step.id.value);
            self.notes.warning(place, message);
        } else if duration.nanos() % GRID.nanos() != 0 {
            let message = format!("`for` of step `{}` is rounded up to a multiple of {GRID}", step.id.value);
            self.notes.warning(place, message);
        }
    }

    /// Two faults of the same kind cannot hold one connection or gateway at the same time.
    fn check_overlaps(&self, entries: &[(usize, u32, FirstSpan)], subjects: &[Option<Vec<Subject>>]) {
        let mut held: BTreeMap<(&str, &Subject), (usize, SimTime)> = BTreeMap::new();
        let mut told = Vec::new();
        for (index, _, (begin, end)) in entries {
            let step = &self.steps[*index];
            let (Some(action), Some(subjects), Some(end)) = (step.action, &subjects[*index], end) else { continue };
            if !matches!(action.level, Level::Link | Level::Gateway) {
                continue;
            }
            for subject in subjects {
                match held.get(&(action.name, subject)) {
                    Some((other, until)) if until > begin => {
                        let pair = (*other.min(index), *other.max(index));
                        if !told.contains(&pair) {
                            told.push(pair);
                            self.complain_about_overlap(*index, *other, action.name, subject, *begin);
                        }
                    }
                    _ => {
                        held.insert((action.name, subject), (*index, *end));
                    }
                }
            }
        }
    }

    fn complain_about_overlap(&self, one: usize, other: usize, action: &str, subject: &Subject, at: SimTime) {
        let path = self.cast.path(subject);
        let step = &self.steps[one.max(other)];
        let message = if one == other {
            format!("step `{}` begins again at {at} before its last `{action}` on `{path}` has healed", step.id.value)
        } else {
            let first = &self.steps[one.min(other)];
            let line = self.notes.line(first.id.place);
            format!(
                "steps `{}` (line {line}) and `{}` both do `{action}` on `{path}` at {at}",
                first.id.value, step.id.value
            )
        };
        self.notes.error(step.action_place, message);
    }
}

/// When an occurrence heals, at the latest with the end of the run; `None` for an instant.
fn end_of(step: &StepDraft<'_>, begin: SimTime, length: Span) -> Option<SimTime> {
    let last = SimTime::ZERO + length;
    match (step.action?.duration, &step.duration) {
        (DurationRule::Instant, _) | (DurationRule::Required, None) => None,
        (DurationRule::Optional, None) => Some(last),
        (_, Some(duration)) => Some((begin + duration.value).ceil_to_grid().min(last)),
    }
}

fn done<T>(progress: Progress<T>) -> Option<T> {
    match progress {
        Progress::Done(value) => value,
        Progress::Untouched | Progress::Open => None,
    }
}

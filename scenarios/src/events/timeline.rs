//! Expands steps into occurrences: who is picked, when each begins and heals.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::{DurationRule, GRID, Key, Level, Occurrence, Purpose, SimTime, Span, Subject};

use crate::events::command::check_command;
use crate::events::path::{Aim, Cast, Mismatch, Pattern};
use crate::events::step::{Pick, StepDraft, Trigger};
use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::document::Text;
use crate::language::limits::{MOST_OCCURRENCES, MOST_SUBJECTS};
use crate::language::suggestion::hint;

/// Everything steps expand to.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// Sorted by start, then by order in the file.
    pub(crate) occurrences: Vec<Occurrence>,
    /// Whom each step acts on.
    pub(crate) subjects: Vec<Checked<Vec<Subject>>>,
    /// First begin and last end of each step; the end of an instant is its begin.
    pub(crate) extents: Vec<Checked<(SimTime, SimTime)>>,
}

/// What the expansion works on.
#[derive(Debug)]
pub(crate) struct Expansion<'a> {
    pub(crate) notes: &'a Notes,
    pub(crate) cast: &'a Cast<'a>,
    pub(crate) steps: &'a [StepDraft<'a>],
    /// Positions of the steps by id.
    pub(crate) positions: BTreeMap<&'a str, usize>,
    pub(crate) seed: u64,
    /// Whether some cohort or device could not be read, so that an empty selection says nothing.
    pub(crate) incomplete: bool,
}

/// Progress of a resolution that may run in a circle.
#[derive(Debug, Clone)]
enum Progress<T> {
    Untouched,
    Open,
    Done(Checked<T>),
}

/// Begin and end of the first occurrence of a step; no end for an instant.
type FirstSpan = (SimTime, Option<SimTime>);

impl<'a> Expansion<'a> {
    /// What the expansion of `steps` works on.
    pub(crate) fn new(
        notes: &'a Notes,
        cast: &'a Cast<'a>,
        steps: &'a [StepDraft<'a>],
        seed: u64,
        incomplete: bool,
    ) -> Self {
        let positions = steps.iter().enumerate().map(|(index, step)| (step.id.value.as_str(), index)).collect();
        Self { notes, cast, steps, positions, seed, incomplete }
    }

    /// Finds subjects and, when the length of the run is known, occurrences.
    pub(crate) fn expand(&self, length: Checked<Span>) -> Timeline {
        let mut subjects = vec![Progress::Untouched; self.steps.len()];
        let subjects = (0..self.steps.len()).map(|index| self.subjects_of(index, &mut subjects)).collect();
        let mut timeline = Timeline { subjects, ..Timeline::default() };
        match length {
            Ok(length) => {
                let mut first = vec![Progress::Untouched; self.steps.len()];
                let first = (0..self.steps.len()).map(|index| self.first_span(index, length, &mut first));
                self.repeat(&first.collect::<Vec<_>>(), length, &mut timeline);
            }
            Err(refused) => timeline.extents = vec![Err(refused); self.steps.len()],
        }
        timeline
    }

    /// Whom a list of selectors takes in; complains where one takes in nobody.
    pub(crate) fn select(
        &self,
        on: &[Text],
        aim: Aim,
        step_subjects: &mut dyn FnMut(usize, Place) -> Checked<Vec<Subject>>,
    ) -> Checked<Vec<Subject>> {
        let mut selected = Vec::new();
        let mut outcome = Ok(());
        for text in on {
            match self.select_one(text, aim, step_subjects) {
                Ok(subjects) => selected.extend(subjects),
                Err(refused) => outcome = Err(refused),
            }
        }
        selected.sort_unstable();
        selected.dedup();
        outcome.map(|()| selected)
    }

    fn select_one(
        &self,
        text: &Text,
        aim: Aim,
        step_subjects: &mut dyn FnMut(usize, Place) -> Checked<Vec<Subject>>,
    ) -> Checked<Vec<Subject>> {
        let place = text.start();
        let (name, complement) = match text.text.strip_prefix('!') {
            Some(name) => (name, true),
            None => (text.text.as_str(), false),
        };
        if let Some(index) = self.step(name) {
            let theirs = self.cast.at_level(&step_subjects(index, place)?, aim.level);
            let picked = self.cast.fitting(theirs.clone(), aim.over);
            if !complement && picked.is_empty() && self.incomplete {
                return Err(self.notes.refused_before(place));
            }
            if !complement && picked.is_empty() {
                let message = match theirs.first() {
                    Some(first) => self.cast.explain_carrier(first, aim.over),
                    None => format!("nobody that step `{name}` picks has a {}", aim.level.word()),
                };
                return Err(self.notes.error(place, message));
            }
            if !complement {
                return Ok(picked);
            }
            let mut everybody = self.cast.fitting(self.cast.everybody(aim.level), aim.over);
            everybody.retain(|subject| picked.binary_search(subject).is_err());
            if everybody.is_empty() {
                let message = format!("`{}` is nobody: step `{name}` picks everybody", text.text);
                return Err(self.notes.error(place, message));
            }
            return Ok(everybody);
        }
        if complement {
            let message = format!("`!` takes a step, and there is no step `{name}`{}", self.step_hint(name));
            return Err(self.notes.error(place, message));
        }
        let pattern = Pattern::parse(name).map_err(|message| self.notes.error(place, message))?;
        self.cast.select(&pattern, aim).map_err(|mismatch| match mismatch {
            Mismatch::Nobody(_) | Mismatch::Carrier(_) if self.incomplete => self.notes.refused_before(place),
            Mismatch::Nobody(message) if !name.contains('/') && self.is_near_a_step(name) => {
                self.notes.error(place, format!("{message}; no step has this name either{}", self.step_hint(name)))
            }
            Mismatch::Nobody(message) | Mismatch::Level(message) | Mismatch::Carrier(message) => {
                self.notes.error(place, message)
            }
        })
    }

    /// The position of the step with this id.
    pub(crate) fn step(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// Complains about names of steps that also begin paths, and about `--only` and `--without` naming no step.
    pub(crate) fn check_names(&self, chosen: &[(&str, &String)]) {
        for cohort in self.cast.cohorts {
            if let Some(step) = self.step(&cohort.id) {
                let message = format!("`{}` is also a cohort; `on` could not tell them apart", cohort.id);
                self.notes.error(self.steps[step].id.place, message);
            }
        }
        for (flag, name) in chosen.iter().filter(|(_, name)| self.step(name).is_none()) {
            let message = format!("there is no step `{name}`{}", self.step_hint(name));
            self.notes.error_outside(&format!("{flag} {name}"), message);
        }
    }

    fn step_names(&self) -> Vec<&str> {
        self.steps.iter().map(|step| step.id.value.as_str()).collect()
    }

    pub(crate) fn step_hint(&self, name: &str) -> String {
        hint(name, "steps", self.step_names())
    }

    fn is_near_a_step(&self, name: &str) -> bool {
        crate::language::suggestion::closest(name, self.step_names()).is_some()
    }

    fn subjects_of(&self, index: usize, progress: &mut Vec<Progress<Vec<Subject>>>) -> Checked<Vec<Subject>> {
        match &progress[index] {
            Progress::Done(subjects) => return subjects.clone(),
            Progress::Open => return Err(self.notes.refused_before(self.steps[index].id.place)),
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
        if let (Ok(action), Ok(subjects)) = (step.action, &subjects)
            && action.level == Level::Device
        {
            check_command(self.notes, self.cast, step, subjects);
        }
        progress[index] = Progress::Done(subjects.clone());
        subjects
    }

    /// Takes the first few in the order of draws keyed by (seed, step, path): adding beds keeps the others' places.
    fn pick(&self, step: &StepDraft<'_>, subjects: Vec<Subject>) -> Checked<Vec<Subject>> {
        let Some(pick) = &step.pick else { return Ok(subjects) };
        let count = match pick.value {
            Pick::Count(count) => count as usize,
            Pick::Share(share) => (share * subjects.len() as f64).round() as usize,
        };
        if count > subjects.len() {
            let message = format!("`pick` is {count}, but `on` selects only {}", subjects.len());
            return Err(self.notes.error(pick.place, message));
        }
        if count == 0 {
            let message = format!("`pick` of the {} that `on` selects is nobody", subjects.len());
            return Err(self.notes.error(pick.place, message));
        }
        let purpose = Purpose::new(&format!("pick.{}", step.id.value));
        let mut drawn: Vec<(u64, Subject)> = subjects
            .into_iter()
            .map(|subject| (Key::new(self.seed, &self.cast.path(&subject)).bits(purpose, 0), subject))
            .collect();
        drawn.sort_unstable();
        let mut picked: Vec<Subject> = drawn.into_iter().take(count).map(|(_, subject)| subject).collect();
        picked.sort_unstable();
        Ok(picked)
    }

    fn first_span(&self, index: usize, length: Span, progress: &mut Vec<Progress<FirstSpan>>) -> Checked<FirstSpan> {
        if let Progress::Done(span) = &progress[index] {
            return *span;
        }
        progress[index] = Progress::Open;
        let span = self.begin(index, length, progress).and_then(|(begin, place)| {
            let step = &self.steps[index];
            let begin = self.settle(step, begin, place);
            if begin < SimTime::ZERO {
                let early = SimTime::ZERO - begin;
                let message = format!("step `{}` would begin {early} before the start", step.id.value);
                return Err(self.notes.error(place, message));
            }
            let begin = (begin + self.jitter(step, 0)).ceil_to_grid();
            if begin - SimTime::ZERO >= length {
                let message = format!("step `{}` begins at {begin}, but [time] length is {length}", step.id.value);
                return Err(self.notes.error(place, message));
            }
            Ok((begin, end_of(step, begin, length)))
        });
        progress[index] = Progress::Done(span);
        span
    }

    /// When a step begins for the first time, before jitter, and where the file says so.
    fn begin(&self, index: usize, length: Span, progress: &mut Vec<Progress<FirstSpan>>) -> Checked<(SimTime, Place)> {
        match self.steps[index].trigger.as_ref().map_err(|refused| *refused)? {
            Trigger::Every(every) => Ok((SimTime::ZERO + every.value, every.place)),
            Trigger::At(at) => {
                let base = match &at.value.base {
                    None => SimTime::ZERO,
                    Some(base) => self.edge(index, &base.step, base.end, at.place, length, progress)?,
                };
                Ok((base + Span::from_nanos(at.value.offset), at.place))
            }
        }
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
    ) -> Checked<SimTime> {
        let Some(other) = self.step(name) else {
            let message = format!("there is no step `{name}`{}", self.step_hint(name));
            return Err(self.notes.error(place, message));
        };
        if matches!(progress[other], Progress::Open) {
            let own = &self.steps[index].id.value;
            return Err(self.notes.error(place, format!("steps `{own}` and `{name}` wait for each other")));
        }
        let (begin, heal) = self.first_span(other, length, progress)?;
        if !end {
            return Ok(begin);
        }
        if self.steps[other].action.is_ok_and(|action| action.duration == DurationRule::Instant) {
            let message = format!("step `{name}` happens at an instant and has no end; write `{name}.start`");
            return Err(self.notes.error(place, message));
        }
        heal.ok_or_else(|| self.notes.refused_before(place))
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

    fn repeat(&self, first: &[Checked<FirstSpan>], length: Span, timeline: &mut Timeline) {
        let mut entries = Vec::new();
        let mut pairs = 0;
        for (index, step) in self.steps.iter().enumerate() {
            let spans = first[index].and_then(|(begin, end)| self.spans(step, begin, end, length));
            timeline.extents.push(spans.as_ref().map(|spans| extent(spans)).map_err(|refused| *refused));
            let (Ok(spans), Ok(subjects)) = (spans, &timeline.subjects[index]) else { continue };
            pairs += spans.len() as u64 * subjects.len() as u64;
            if (entries.len() + spans.len()) as u64 > MOST_OCCURRENCES || pairs > MOST_SUBJECTS {
                let message = format!(
                    "step `{}` happens at least {} times to {}; all steps together may happen {MOST_OCCURRENCES} times, \
                     {MOST_SUBJECTS} counted by subject",
                    step.id.value,
                    spans.len(),
                    subjects.len()
                );
                let refused = self.notes.error(step.id.place, message);
                timeline.extents.resize(self.steps.len(), Err(refused));
                return;
            }
            entries.extend(spans.into_iter().enumerate().map(|(repetition, span)| (index, repetition as u32, span)));
        }
        entries.sort_by_key(|(index, repetition, (begin, _))| (*begin, *index, *repetition));
        self.check_overlaps(&entries, &timeline.subjects);
        for (index, repetition, (start, end)) in entries {
            let step = &self.steps[index];
            let (Ok(action), Ok(subjects)) = (step.action, &timeline.subjects[index]) else { continue };
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
    fn spans(
        &self,
        step: &StepDraft<'_>,
        begin: SimTime,
        end: Option<SimTime>,
        length: Span,
    ) -> Checked<Vec<FirstSpan>> {
        if !step.sound {
            return Err(self.notes.refused_before(step.id.place));
        }
        let spans = match &step.trigger {
            Ok(Trigger::Every(every)) => self.repetitions(step, every.value, length)?,
            _ => vec![(begin, end)],
        };
        if let (Some(last), Some(duration)) = (spans.last(), &step.duration) {
            self.warn_about_end(step, last.0, duration.value, duration.place, length);
        }
        Ok(spans)
    }

    fn repetitions(&self, step: &StepDraft<'_>, every: Span, length: Span) -> Checked<Vec<FirstSpan>> {
        let until = step.until.as_ref().map_or(length, |until| until.value.min(length));
        let mut spans = Vec::new();
        let mut nominal = SimTime::ZERO + every;
        while nominal - SimTime::ZERO < until && spans.len() as u64 <= MOST_OCCURRENCES {
            let begin = (nominal.ceil_to_grid() + self.jitter(step, spans.len() as u64)).ceil_to_grid();
            if begin - SimTime::ZERO < length {
                spans.push((begin, end_of(step, begin, length)));
            }
            nominal += every;
        }
        match &step.until {
            Some(until) if spans.is_empty() => {
                let message = format!("step `{}` ends at {} and never happens", step.id.value, until.value);
                Err(self.notes.error(until.place, message))
            }
            _ => Ok(spans),
        }
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
    fn check_overlaps(&self, entries: &[(usize, u32, FirstSpan)], subjects: &[Checked<Vec<Subject>>]) {
        let mut held: BTreeMap<(&str, &Subject), (usize, SimTime)> = BTreeMap::new();
        let mut told = BTreeSet::new();
        for (index, _, (begin, end)) in entries {
            let step = &self.steps[*index];
            let (Ok(action), Ok(subjects), Some(end)) = (step.action, &subjects[*index], end) else { continue };
            if !matches!(action.level, Level::Link | Level::Gateway) {
                continue;
            }
            for subject in subjects {
                match held.get(&(action.name, subject)) {
                    Some((other, until)) if until > begin => {
                        let pair = (*other.min(index), *other.max(index));
                        if told.insert(pair) {
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
    match (step.action.ok()?.duration, &step.duration) {
        (DurationRule::Instant, _) | (DurationRule::Required, None) => None,
        (DurationRule::Optional, None) => Some(last),
        (_, Some(duration)) => Some((begin + duration.value).ceil_to_grid().min(last)),
    }
}

/// First begin and last end of repetitions, of which there is at least one.
fn extent(spans: &[FirstSpan]) -> (SimTime, SimTime) {
    let begin = spans.first().map_or(SimTime::ZERO, |(begin, _)| *begin);
    let end = spans.last().map_or(SimTime::ZERO, |(begin, end)| end.unwrap_or(*begin));
    (begin, end)
}

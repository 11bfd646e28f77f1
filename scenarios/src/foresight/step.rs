//! Steps that cannot do what they say.

use std::collections::BTreeSet;

use sim_core::{Arguments, DurationRule, Need, Span, StepCheck, StepFacts, StreamPlan, Subject};

use super::device::lacks;
use crate::events::path::Cast;
use crate::events::step::StepDraft;
use crate::events::timeline::{Expansion, Timeline};
use crate::language::diagnostic::Place;
use crate::language::plain_value::value_place;

/// Looks at every step that acts on somebody.
pub(crate) fn check_steps(expansion: &Expansion<'_>, timeline: &Timeline) {
    for (index, step) in expansion.steps.iter().enumerate() {
        let (true, Ok(subjects)) = (step.sound, &timeline.subjects[index]) else { continue };
        let lasts = timeline.extents[index].ok().and_then(|(begin, end)| lasts(step, end - begin));
        check_step(expansion, step, subjects, lasts);
        check_need(expansion, step, subjects);
    }
}

/// How long one occurrence lasts.
fn lasts(step: &StepDraft<'_>, whole: Span) -> Option<Span> {
    match step.action.ok()?.duration {
        DurationRule::Instant => None,
        DurationRule::Required | DurationRule::Optional => {
            Some(step.duration.as_ref().map_or(whole, |duration| duration.value))
        }
    }
}

/// Asks whoever brings the action.
fn check_step(expansion: &Expansion<'_>, step: &StepDraft<'_>, subjects: &[Subject], lasts: Option<Span>) {
    let Ok(action) = step.action else { return };
    let Some(check) = expansion.cast.registry.find::<StepCheck>(action.name) else { return };
    let streams = streams(expansion.cast, subjects);
    let kinds: BTreeSet<&str> = streams.iter().map(|(kind, _)| *kind).collect();
    let metrics: BTreeSet<&'static str> = streams
        .iter()
        .filter_map(|(kind, stream)| expansion.cast.registry.device(kind)?.streams.get(stream.kind_index))
        .flat_map(|spec| spec.metrics.iter().map(|metric| metric.metric().id))
        .collect();
    let facts = StepFacts {
        arguments: &step.arguments,
        lasts,
        kinds: &kinds.into_iter().collect::<Vec<_>>(),
        metrics: &metrics.into_iter().collect::<Vec<_>>(),
    };
    for complaint in (check.look)(&facts) {
        let place = complaint.parameter.map_or(step.action_place, |parameter| parameter_place(step, parameter));
        let message = format!("step `{}`: {}", step.id.value, complaint.reason);
        if complaint.is_error {
            expansion.notes.error(place, message);
        } else {
            expansion.notes.warning(place, message);
        }
    }
}

/// Where a parameter is given, or the action when its default holds.
fn parameter_place(step: &StepDraft<'_>, parameter: &str) -> Place {
    let given = step.with.and_then(|with| with.get(parameter));
    given.map_or(step.action_place, |(_, node)| value_place(node))
}

/// The streams that a step acts on, each with the kind of its device.
fn streams<'a>(cast: &Cast<'a>, subjects: &[Subject]) -> Vec<(&'a str, &'a StreamPlan)> {
    let roster = cast.roster;
    let mut streams = Vec::new();
    for subject in subjects {
        let devices = match subject {
            Subject::Patient(id) => roster.patients[id.index()].devices.clone(),
            Subject::Device(id) | Subject::Stream(id, _) => id.index()..id.index() + 1,
            Subject::Target(_) => 0..0,
        };
        for device in &roster.devices[devices] {
            let theirs = device.streams.iter().enumerate().filter(|(position, _)| match subject {
                Subject::Stream(_, own) => usize::from(*own) == *position,
                _ => true,
            });
            streams.extend(theirs.map(|(_, stream)| (device.kind.as_str(), stream)));
        }
    }
    streams
}

/// Complains about a step on patients whose bodies cannot be acted on that way.
fn check_need(expansion: &Expansion<'_>, step: &StepDraft<'_>, subjects: &[Subject]) {
    let Ok(action) = step.action else { return };
    let Some(need) = expansion.cast.registry.find::<Need>(action.name) else { return };
    let patients = subjects.iter().filter_map(|subject| match subject {
        Subject::Patient(id) => Some(&expansion.cast.roster.patients[id.index()]),
        _ => None,
    });
    let lacking: Vec<&str> = patients
        .filter(|patient| {
            let arguments: &Arguments = &patient.arguments;
            lacks(expansion.cast.registry, &patient.model, arguments, need.faculty)
        })
        .map(|patient| patient.path.as_str())
        .collect();
    let Some(first) = lacking.first() else { return };
    let Need { faculty, remedy, .. } = need;
    let message = format!("`{}` needs a patient with {faculty}, and `{first}` has none; {remedy}", action.name);
    if lacking.len() == subjects.len() {
        expansion.notes.error(step.action_place, message);
    } else {
        expansion.notes.warning(step.action_place, message);
    }
}

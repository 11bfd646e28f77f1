//! Reads probes and expectations.

use sim_core::{Level, SimTime, Span, Subject};

use crate::cohort::{CohortDraft, check_unique};
use crate::condition::read_condition;
use crate::diagnostic::Notes;
use crate::document::Text;
use crate::link::{LinkDraft, TargetDraft, read_qos, read_reference, spec_below};
use crate::path::{Aim, Cast};
use crate::plan::{Carrier, Condition, ExpectPlan, ProbePlan, Severity, TimePlan};
use crate::reader::{Placed, Reader};
use crate::schema::TableSpec;
use crate::suggestion::hint;
use crate::template::{check_filter, disjoint};
use crate::timeline::{Expansion, Timeline};

/// An expectation as declared.
#[derive(Debug)]
pub(crate) struct ExpectDraft {
    id: Placed<String>,
    that: Text,
    condition: Option<Condition>,
    on: Option<Vec<Text>>,
    window: Option<Window>,
    min_samples: Option<u64>,
    severity: Option<Severity>,
}

/// Which part of the run is judged.
#[derive(Debug)]
enum Window {
    Judged,
    Always,
    During(Text),
    After { step: Text, within: Option<Placed<Span>> },
}

/// Reads every `[[expect]]`.
pub(crate) fn read_expects(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &sim_core::Registry,
) -> Vec<ExpectDraft> {
    let spec = spec_below(spec, "expect");
    let mut seen: Vec<Placed<String>> = Vec::new();
    let mut expects = Vec::new();
    for table in root.tables_below("expect") {
        let reader = Reader::new(root.notes, table, spec, "[[expect]]".to_owned(), None);
        let id = reader.text("id").map(|text| Placed { place: text.start(), value: text.text });
        let id = id.filter(|id| check_unique(&reader, "expectation", &seen, id));
        seen.extend(id.clone());
        let that = reader.text("that");
        let condition = that.as_ref().and_then(|that| read_condition(reader.notes, that, registry));
        let on = reader.has("on").then(|| reader.texts("on"));
        let window = read_window(&reader);
        let min_samples = reader.count("min_samples").map(|count| count.value);
        let severity = reader.choice("severity");
        let severity = severity.map(|word| if word == "info" { Severity::Info } else { Severity::Fail });
        if let (Some(id), Some(that)) = (id, that) {
            expects.push(ExpectDraft { id, that, condition, on, window, min_samples, severity });
        }
    }
    expects
}

fn read_window(reader: &Reader<'_>) -> Option<Window> {
    let always = reader.flag("always")?;
    let within = reader.duration("within");
    let given: Vec<&str> = ["during", "after"].into_iter().filter(|key| reader.has(key)).collect();
    if let ([_, second], _) | ([second], true) = (given.as_slice(), always) {
        let message = "an expectation takes one of `during`, `after` and `always`";
        reader.notes.error(reader.place(second), message);
        return None;
    }
    if reader.has("within") && !reader.has("after") {
        reader.notes.error(reader.place("within"), "`within` counts from the end of a step, so it needs `after`");
        return None;
    }
    Some(match given.first() {
        None if always => Window::Always,
        None => Window::Judged,
        Some(&"during") => Window::During(reader.text("during")?),
        Some(_) => Window::After { step: reader.text("after")?, within },
    })
}

/// Expands expectations into routes and windows.
pub(crate) fn expand_expects(
    expansion: &Expansion<'_>,
    timeline: &Timeline,
    drafts: &[ExpectDraft],
    time: &TimePlan,
) -> Vec<ExpectPlan> {
    let end = SimTime::ZERO + time.length;
    let mut plans = Vec::new();
    for draft in drafts {
        let routes = routes_of(expansion, timeline, draft);
        let window = draft.window.as_ref().and_then(|window| {
            let (from, to) = match window {
                Window::Judged => (SimTime::ZERO + time.warmup, end),
                Window::Always => (SimTime::ZERO, end),
                Window::During(step) => extent(expansion, timeline, step)?,
                Window::After { step, within } => {
                    let healed = extent(expansion, timeline, step)?.1;
                    (healed + within.as_ref().map_or(Span::ZERO, |within| within.value), end)
                }
            };
            if from >= to {
                let message = format!("nothing is left to judge: `{}` speaks of {from} to {to}", draft.id.value);
                expansion.notes.error(draft.that.start(), message);
                return None;
            }
            Some((from, to))
        });
        let (Some(routes), Some((from, to)), Some(condition)) = (routes, window, &draft.condition) else { continue };
        let (Some(min_samples), Some(severity)) = (draft.min_samples, draft.severity) else { continue };
        plans.push(ExpectPlan {
            id: draft.id.value.clone(),
            that: draft.that.text.clone(),
            condition: condition.clone(),
            routes,
            from,
            to,
            always: matches!(draft.window, Some(Window::Always)),
            min_samples,
            severity,
            location: expansion.notes.location(draft.id.place),
        });
    }
    plans
}

fn routes_of(expansion: &Expansion<'_>, timeline: &Timeline, draft: &ExpectDraft) -> Option<Vec<u32>> {
    let roster = expansion.cast.roster;
    // What only Bluetooth hosts hear is judged by nobody here.
    let is_judged = |route: &u32| {
        let device = roster.routes[*route as usize].device;
        expansion.cast.carrier_of(device) != Some(Carrier::Host)
    };
    let Some(on) = &draft.on else { return Some((0..roster.routes.len() as u32).filter(is_judged).collect()) };
    let mut subjects_of = |step: usize, _| timeline.subjects[step].clone();
    let subjects = expansion.select(on, Aim::at(Level::Stream), &mut subjects_of)?;
    let routes: Vec<u32> = subjects
        .iter()
        .filter_map(|subject| match subject {
            Subject::Stream(device, position) => {
                Some(roster.devices[device.index()].streams[usize::from(*position)].route.0)
            }
            _ => None,
        })
        .collect();
    let place = on.first().map_or(draft.id.place, Text::start);
    if routes.is_empty() {
        expansion.notes.error(place, format!("`{}` speaks of nobody: those selected have no streams", draft.id.value));
        return None;
    }
    let routes: Vec<u32> = routes.into_iter().filter(is_judged).collect();
    if routes.is_empty() && expansion.incomplete {
        return None;
    }
    if routes.is_empty() {
        let message =
            format!("`{}` speaks only of devices that Bluetooth hosts hear; nobody judges them", draft.id.value);
        expansion.notes.error(place, message);
        return None;
    }
    Some(routes)
}

/// First begin and last end of a step.
fn extent(expansion: &Expansion<'_>, timeline: &Timeline, step: &Text) -> Option<(SimTime, SimTime)> {
    let name = step.text.as_str();
    let Some(index) = expansion.steps.iter().position(|draft| draft.id.value == name) else {
        expansion.notes.error(step.start(), format!("there is no step `{name}`{}", expansion.step_hint(name)));
        return None;
    };
    timeline.extents[index]
}

/// Reads every `[probe.ID]`, and adds one for each MQTT target that links use and nobody watches.
pub(crate) fn read_probes(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    targets: &[TargetDraft],
    links: &[LinkDraft],
    cohorts: &[CohortDraft],
) -> Vec<ProbePlan> {
    let spec = spec_below(spec, "probe");
    let mut probes = Vec::new();
    let mut watched = Vec::new();
    for (id, table) in root.named_below("probe") {
        let reader = Reader::new(root.notes, table, spec, format!("[probe.{}]", id.value), None);
        let kind = reader.choice("kind");
        let target = read_reference(&reader, "to", "target", targets.iter().map(|target| target.id.value.as_str()));
        let target = target.filter(|target| {
            let target = &targets[*target];
            if target.is_host {
                let message =
                    format!("target `{}` is a Bluetooth host; there are no messages to watch", target.id.value);
                reader.notes.error(reader.place("to"), message);
            }
            !target.is_host
        });
        watched.extend(target);
        let filters = reader.texts("filter");
        let sound = !filters.is_empty() && filters.iter().all(|filter| check_filter(root.notes, filter));
        let qos = read_qos(&reader);
        if let (Some(_), Some(target), true, Some(qos)) = (kind, target, sound, qos) {
            let filters = filters.into_iter().map(|filter| filter.text).collect();
            probes.push(ProbePlan { id: id.value, target, filters, qos });
        }
    }
    for (index, target) in targets.iter().enumerate() {
        let used = cohorts.iter().flat_map(|cohort| cohort.devices.iter().map(move |device| (cohort, device.link)));
        let topics = used.filter_map(|(cohort, link)| Some((cohort, links[link].body.as_ref()?)));
        let theirs = topics.filter(|(_, body)| body.plan.target == index && !targets[index].is_host);
        let mut filters: Vec<String> = theirs.map(|(cohort, body)| body.topic.filter(&cohort.id)).collect();
        filters.sort_unstable();
        filters.dedup();
        if !watched.contains(&index) && !filters.is_empty() {
            let taken = probes.iter().any(|probe| probe.id == "wire");
            let id = if taken { format!("wire-{}", target.id.value) } else { "wire".to_owned() };
            probes.push(ProbePlan { id, target: index, filters: disjoint(filters), qos: 1 });
        }
    }
    probes
}

/// Complains about names of steps that also begin paths, and about `--only` and `--without` naming no step.
pub(crate) fn check_step_names(notes: &Notes, cast: &Cast<'_>, expansion: &Expansion<'_>, chosen: &[(&str, &String)]) {
    for step in expansion.steps {
        if cast.cohorts.iter().any(|cohort| cohort.id == step.id.value) {
            let message = format!("`{}` is also a cohort; `on` could not tell them apart", step.id.value);
            notes.error(step.id.place, message);
        }
    }
    let names: Vec<&str> = expansion.steps.iter().map(|step| step.id.value.as_str()).collect();
    for (flag, name) in chosen {
        if !names.contains(&name.as_str()) {
            let hint = hint(name, "steps", names.iter().copied());
            notes.error_outside(&format!("{flag} {name}"), format!("there is no step `{name}`{hint}"));
        }
    }
}

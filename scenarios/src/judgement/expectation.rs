//! Reads expectations, and finds out of whom and of when each speaks.

use sim_core::{Level, Registry, SimTime, Span, Subject};

use crate::events::path::Aim;
use crate::events::timeline::{Expansion, Timeline};
use crate::foresight::expectation::{check_sampled, check_samples, check_warmup};
use crate::judgement::condition::read_condition;
use crate::language::diagnostic::Checked;
use crate::language::document::Text;
use crate::language::names::{Names, read_reference};
use crate::language::reader::{Placed, Reader};
use crate::language::schema::TableSpec;
use crate::network::probe::Probes;
use crate::plan::{Condition, Delivery, ExpectPlan, Severity, TimePlan};

/// An expectation as declared.
#[derive(Debug)]
pub(crate) struct ExpectDraft {
    id: Placed<String>,
    that: Text,
    condition: Checked<Condition>,
    /// `None` is everybody.
    on: Checked<Option<Vec<Text>>>,
    /// Index of the probe; `None` is the first one of each stream.
    probe: Checked<Option<usize>>,
    window: Checked<Window>,
    min_samples: Checked<Placed<u64>>,
    severity: Checked<Severity>,
}

impl ExpectDraft {
    /// The probe that it names.
    pub(crate) fn asks(&self) -> Option<usize> {
        self.probe.ok().flatten()
    }
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
    registry: &Registry,
    probes: &Probes,
) -> Vec<ExpectDraft> {
    let spec = spec.below("expect");
    let mut seen = Names::new("expectation");
    let mut expects = Vec::new();
    for table in root.tables_below("expect") {
        let reader = Reader::new(root.notes, table, spec, "[[expect]]".to_owned(), None);
        let id = reader.text("id").map(|text| Placed { place: text.start(), value: text.text });
        let id = id.and_then(|id| seen.add(root.notes, id));
        let that = reader.text("that");
        let condition = that.as_ref().map_err(|refused| *refused);
        let condition = condition.and_then(|that| read_condition(reader.notes, that, registry));
        let on = reader.optional("on", Reader::texts);
        let probe = reader.optional("probe", |reader, key| read_probe(reader, key, probes));
        let window = read_window(&reader);
        let min_samples = reader.count("min_samples");
        let severity = reader.choice("severity");
        let severity = severity.map(|word| if word == "info" { Severity::Info } else { Severity::Fail });
        if let (Ok(id), Ok(that)) = (id, that) {
            expects.push(ExpectDraft { id, that, condition, on, probe, window, min_samples, severity });
        }
    }
    expects
}

/// Of a probe that was refused it has been told why.
fn read_probe(reader: &Reader<'_>, key: &str, probes: &Probes) -> Checked<usize> {
    let text = reader.text(key)?;
    let is_sound = probes.plans.iter().any(|probe| probe.id == text.text);
    if !is_sound && probes.names.contains(&text.text) {
        return Err(reader.notes.refused_before(text.start()));
    }
    read_reference(reader, key, "probe", probes.plans.iter().map(|probe| probe.id.as_str()))
}

fn read_window(reader: &Reader<'_>) -> Checked<Window> {
    let always = reader.flag("always");
    let within = reader.optional("within", Reader::duration);
    let during = reader.optional("during", Reader::text);
    let after = reader.optional("after", Reader::text);
    let (always, within, during, after) = (always?, within?, during?, after?);
    let refuse = |place, message: &str| Err(reader.notes.error(place, message));
    match (during, after, always) {
        (Some(_), Some(step), _) | (Some(step), None, true) | (None, Some(step), true) => {
            refuse(step.start(), "an expectation takes one of `during`, `after` and `always`")
        }
        (Some(step), None, false) => Ok(Window::During(step)),
        (None, Some(step), false) => Ok(Window::After { step, within }),
        (None, None, true) => Ok(Window::Always),
        (None, None, false) => Ok(Window::Judged),
    }
}

/// Expands expectations into routes and windows.
pub(crate) fn expand_expects(
    expansion: &Expansion<'_>,
    timeline: &Timeline,
    drafts: &[ExpectDraft],
    deliveries: &[Delivery],
    time: &TimePlan,
) -> Vec<ExpectPlan> {
    let everybody: Vec<u32> = (0..expansion.cast.roster.routes.len() as u32).collect();
    let mut plans = Vec::new();
    for draft in drafts {
        let routes = routes_of(expansion, timeline, draft, &everybody);
        let window = window_of(expansion, timeline, draft, time);
        let (Ok(routes), Ok((from, to)), Ok(condition)) = (routes, window, &draft.condition) else { continue };
        let (Ok(probe), Ok(min_samples), Ok(severity)) = (draft.probe, &draft.min_samples, draft.severity) else {
            continue;
        };
        let plan = ExpectPlan {
            id: draft.id.value.clone(),
            that: draft.that.text.clone(),
            condition: condition.clone(),
            routes,
            probe,
            from,
            to,
            always: matches!(draft.window, Ok(Window::Always)),
            min_samples: min_samples.value,
            severity,
            location: expansion.notes.location(draft.id.place),
        };
        if !expansion.incomplete {
            let (notes, cast, occurrences) = (expansion.notes, expansion.cast, &timeline.occurrences);
            check_sampled(notes, cast, deliveries, occurrences, draft.that.start(), &plan);
            check_samples(notes, cast, min_samples.place, &plan);
        }
        if let Ok(Window::During(step)) = &draft.window {
            check_warmup(expansion.notes, step.start(), (from, to), time);
        }
        plans.push(plan);
    }
    plans
}

fn window_of(
    expansion: &Expansion<'_>,
    timeline: &Timeline,
    draft: &ExpectDraft,
    time: &TimePlan,
) -> Checked<(SimTime, SimTime)> {
    let end = SimTime::ZERO + time.length;
    let (from, to) = match draft.window.as_ref().map_err(|refused| *refused)? {
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
        return Err(expansion.notes.error(draft.that.start(), message));
    }
    Ok((from, to))
}

fn routes_of(
    expansion: &Expansion<'_>,
    timeline: &Timeline,
    draft: &ExpectDraft,
    everybody: &[u32],
) -> Checked<Vec<u32>> {
    let roster = expansion.cast.roster;
    let Some(on) = draft.on.as_ref().map_err(|refused| *refused)? else { return Ok(everybody.to_vec()) };
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
        let message = format!("`{}` speaks of nobody: those selected have no streams", draft.id.value);
        return Err(expansion.notes.error(place, message));
    }
    Ok(routes)
}

/// First begin and last end of a step.
fn extent(expansion: &Expansion<'_>, timeline: &Timeline, step: &Text) -> Checked<(SimTime, SimTime)> {
    let name = step.text.as_str();
    let Some(index) = expansion.step(name) else {
        let message = format!("there is no step `{name}`{}", expansion.step_hint(name));
        return Err(expansion.notes.error(step.start(), message));
    };
    timeline.extents[index]
}

//! Reads steps: when, on whom, what, how long.

use sim_core::{ActionSpec, Arguments, DurationRule, Registry, Span};

use crate::cohort::check_unique;
use crate::diagnostic::Place;
use crate::document::{Table, Text, Value};
use crate::link::spec_below;
use crate::parameter::ParameterReader;
use crate::reader::{Placed, Reader, parse_duration, value_place};
use crate::schema::TableSpec;
use crate::suggestion::hint;

/// A step as declared.
#[derive(Debug)]
pub(crate) struct StepDraft<'a> {
    pub(crate) id: Placed<String>,
    pub(crate) trigger: Option<Trigger>,
    pub(crate) until: Option<Placed<Span>>,
    pub(crate) jitter: Span,
    pub(crate) on: Vec<Text>,
    pub(crate) pick: Option<Placed<Pick>>,
    pub(crate) action: Option<&'a ActionSpec>,
    pub(crate) action_place: Place,
    pub(crate) arguments: Arguments,
    /// The `with` table as written, for arguments that are checked once the devices are known.
    pub(crate) with: Option<&'a Table>,
    pub(crate) duration: Option<Placed<Span>>,
    pub(crate) tags: Vec<String>,
    /// Whether everything about it could be read.
    pub(crate) sound: bool,
}

/// When a step happens.
#[derive(Debug, Clone)]
pub(crate) enum Trigger {
    At(Placed<Anchor>),
    Every(Placed<Span>),
}

/// An instant, possibly relative to another step.
#[derive(Debug, Clone)]
pub(crate) struct Anchor {
    pub(crate) base: Option<Base>,
    /// [ns], may be negative when there is a base.
    pub(crate) offset: i64,
}

/// An edge of another step.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) step: String,
    pub(crate) end: bool,
}

/// How many of the selected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pick {
    Count(u64),
    Share(f64),
}

/// Reads every `[[step]]`.
pub(crate) fn read_steps<'a>(
    root: &Reader<'a>,
    spec: &'static TableSpec,
    registry: &'a Registry,
) -> Vec<StepDraft<'a>> {
    let spec = spec_below(spec, "step");
    let mut seen = Vec::new();
    let mut steps = Vec::new();
    for table in root.tables_below("step") {
        let reader = Reader::new(root.notes, table, spec, "[[step]]".to_owned(), None);
        let id = reader.id().filter(|id| check_unique(&reader, "step", &seen, id));
        seen.extend(id.clone());
        let nameless = Placed { value: String::new(), place: table.place };
        let named = id.is_some();
        let step = read_step(&reader, registry, id.unwrap_or(nameless));
        if named {
            steps.push(step);
        }
    }
    steps
}

fn read_step<'a>(reader: &Reader<'a>, registry: &'a Registry, id: Placed<String>) -> StepDraft<'a> {
    let trigger = read_trigger(reader);
    let until = reader.duration("until");
    if reader.has("until") && !reader.has("every") {
        reader.notes.error(reader.place("until"), "`until` ends repetitions, so it needs `every`");
    }
    let jitter = reader.duration("jitter").map_or(Span::ZERO, |jitter| jitter.value);
    let on = reader.texts("on");
    let pick = read_pick(reader);
    let tags = reader.texts("tags").into_iter().map(|tag| tag.text).collect();
    let action = read_action(reader, registry);
    let action_place = reader.place("do");
    let with = if reader.has("with") { reader.table_below("with") } else { None };
    let duration = reader.duration("for");
    let mut arguments = Arguments::default();
    if let Some(action) = action {
        let owner = format!("`{}`", action.name);
        let parameters = ParameterReader { notes: reader.notes, owner, specs: &action.parameters, drawn: false };
        arguments = parameters.arguments(with, &[], action_place);
        check_duration(reader, action, duration.as_ref());
    }
    let sound = trigger.is_some()
        && action.is_some()
        && (pick.is_some() || !reader.has("pick"))
        && (duration.is_some() || !reader.has("for"))
        && (duration.is_some() || action.is_none_or(|action| action.duration != DurationRule::Required));
    StepDraft { id, trigger, until, jitter, on, pick, action, action_place, arguments, with, duration, tags, sound }
}

fn read_action<'a>(reader: &Reader<'a>, registry: &'a Registry) -> Option<&'a ActionSpec> {
    let word = reader.text("do")?;
    let action = registry.action(&word.text);
    if action.is_none() {
        let names: Vec<&str> = registry.actions().iter().map(|action| action.name).collect();
        let hint = hint(&word.text, "actions", names);
        reader.notes.error(word.start(), format!("no action `{}`{hint}", word.text));
    }
    action
}

fn check_duration(reader: &Reader<'_>, action: &ActionSpec, duration: Option<&Placed<Span>>) {
    match (action.duration, duration) {
        (DurationRule::Required, None) if !reader.has("for") => {
            let message = format!("`{}` needs `for`, how long it lasts", action.name);
            reader.notes.error(reader.place("do"), message);
        }
        (DurationRule::Instant, _) if reader.has("for") => {
            let message = format!("`{}` happens at an instant and takes no `for`", action.name);
            reader.notes.error(reader.place("for"), message);
        }
        (_, Some(duration)) if duration.value == Span::ZERO => {
            reader.notes.error(duration.place, "a step of no length");
        }
        _ => {}
    }
}

fn read_trigger(reader: &Reader<'_>) -> Option<Trigger> {
    match (reader.has("at"), reader.has("every")) {
        (true, true) => {
            reader.notes.error(reader.place("every"), "a step takes `at` or `every`, not both");
            None
        }
        (false, false) => {
            if !reader.has("when") {
                reader.notes.error(reader.table.place, "[[step]] has neither `at` nor `every`");
            }
            None
        }
        (true, false) => {
            let text = reader.text("at")?;
            let anchor = read_anchor(reader, &text)?;
            Some(Trigger::At(Placed { value: anchor, place: text.start() }))
        }
        (false, true) => {
            let every = reader.duration("every")?;
            if every.value < sim_core::GRID {
                reader
                    .notes
                    .error(every.place, format!("the shortest repetition is {}, got {}", sim_core::GRID, every.value));
                return None;
            }
            Some(Trigger::Every(every))
        }
    }
}

fn read_anchor(reader: &Reader<'_>, text: &Text) -> Option<Anchor> {
    let written = text.text.trim();
    let place = text.start();
    if written.contains(':') {
        reader.notes.error(place, "times of day are not supported yet; write a duration after the start");
        return None;
    }
    if written.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        let offset = parse_duration(reader.notes, written, place)?;
        return Some(Anchor { base: None, offset: offset.nanos() });
    }
    let (name, offset) = match written.find(['+', ' ']) {
        Some(index) => written.split_at(index),
        None => (written, ""),
    };
    let Some((step, edge)) = name.rsplit_once('.').filter(|(_, edge)| matches!(*edge, "start" | "end")) else {
        let message = format!("`{written}` is not an instant; write `5m`, `step.start + 70s` or `step.end + 10s`");
        reader.notes.error(place, message);
        return None;
    };
    let offset = offset.trim();
    let nanos = match offset.split_at_checked(1) {
        None => 0,
        Some((sign @ ("+" | "-"), span)) => {
            let span = parse_duration(reader.notes, span.trim(), place)?;
            if sign == "-" { -span.nanos() } else { span.nanos() }
        }
        Some(_) => {
            reader.notes.error(place, format!("`{offset}` after `{name}`; write `{name} + 10s`"));
            return None;
        }
    };
    Some(Anchor { base: Some(Base { step: step.to_owned(), end: edge == "end" }), offset: nanos })
}

fn read_pick(reader: &Reader<'_>) -> Option<Placed<Pick>> {
    let node = reader.node("pick")?;
    let place = value_place(node);
    let pick = match &node.value {
        Value::Integer(count) if *count > 0 => Pick::Count(count.unsigned_abs()),
        Value::Text(text) if text.text.trim_end().ends_with('%') => {
            let share = text.text.trim().trim_end_matches('%').trim().parse::<f64>();
            match share {
                Ok(share) if share > 0.0 && share <= 100.0 => Pick::Share(share / 100.0),
                _ => {
                    reader.notes.error(place, format!("`pick` is above 0 % up to 100 %, got {}", text.text));
                    return None;
                }
            }
        }
        _ => {
            reader.notes.error(place, "`pick` must be a whole number above 0 or a percentage such as \"25%\"");
            return None;
        }
    };
    Some(Placed { value: pick, place })
}

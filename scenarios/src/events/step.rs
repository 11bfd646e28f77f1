//! Reads steps: when, on whom, what, how long.

use sim_core::{ActionSpec, Arguments, DurationRule, Registry, Span};

use crate::language::diagnostic::{Checked, Place};
use crate::language::document::{Table, Text, Value};
use crate::language::names::Names;
use crate::language::parameter::ParameterReader;
use crate::language::plain_value::{parse_duration, value_place};
use crate::language::reader::{Placed, Reader};
use crate::language::schema::TableSpec;
use crate::language::suggestion::hint;

/// A step as declared.
#[derive(Debug)]
pub(crate) struct StepDraft<'a> {
    pub(crate) id: Placed<String>,
    pub(crate) trigger: Checked<Trigger>,
    pub(crate) until: Option<Placed<Span>>,
    pub(crate) jitter: Span,
    pub(crate) on: Vec<Text>,
    pub(crate) pick: Option<Placed<Pick>>,
    pub(crate) action: Checked<&'a ActionSpec>,
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
    let spec = spec.below("step");
    let mut seen = Names::new("step");
    let mut steps = Vec::new();
    for table in root.tables_below("step") {
        let reader = Reader::new(root.notes, table, spec, "[[step]]".to_owned(), None);
        let id = reader.id().and_then(|id| seen.add(root.notes, id));
        let nameless = Placed { value: String::new(), place: table.place };
        let step = read_step(&reader, registry, id.clone().unwrap_or(nameless));
        // Nobody can name a step without a name; what is wrong with it has been told.
        if id.is_ok() {
            steps.push(step);
        }
    }
    steps
}

fn read_step<'a>(reader: &Reader<'a>, registry: &'a Registry, id: Placed<String>) -> StepDraft<'a> {
    let trigger = read_trigger(reader);
    let until = reader.optional("until", Reader::duration);
    let jitter = reader.duration("jitter");
    let on = reader.texts("on");
    let pick = reader.optional("pick", read_pick);
    let tags = reader.texts("tags");
    let action = read_action(reader, registry);
    let action_place = reader.place("do");
    let with = reader.optional("with", Reader::table_below);
    let duration = reader.optional("for", Reader::duration);
    let mut arguments = Ok(Arguments::default());
    let mut lasts = Ok(());
    if let (Ok(action), Ok(with)) = (action, with) {
        let owner = format!("`{}`", action.name);
        let parameters = ParameterReader { notes: reader.notes, owner, specs: &action.parameters, drawn: false };
        arguments = parameters.arguments(with, &[], action_place);
        lasts = check_duration(reader, action, duration.as_ref().ok().and_then(Option::as_ref));
    }
    let sound = trigger.is_ok()
        && until.is_ok()
        && jitter.is_ok()
        && on.is_ok()
        && pick.is_ok()
        && tags.is_ok()
        && action.is_ok()
        && with.is_ok()
        && duration.is_ok()
        && arguments.is_ok()
        && lasts.is_ok();
    StepDraft {
        id,
        trigger,
        until: until.ok().flatten(),
        jitter: jitter.map_or(Span::ZERO, |jitter| jitter.value),
        on: on.unwrap_or_default(),
        pick: pick.ok().flatten(),
        action,
        action_place,
        arguments: arguments.unwrap_or_default(),
        with: with.ok().flatten(),
        duration: duration.ok().flatten(),
        tags: tags.unwrap_or_default().into_iter().map(|tag| tag.text).collect(),
        sound,
    }
}

fn read_action<'a>(reader: &Reader<'a>, registry: &'a Registry) -> Checked<&'a ActionSpec> {
    let word = reader.text("do")?;
    registry.action(&word.text).ok_or_else(|| {
        let names: Vec<&str> = registry.actions().iter().map(|action| action.name).collect();
        let hint = hint(&word.text, "actions", names);
        reader.notes.error(word.start(), format!("no action `{}`{hint}", word.text))
    })
}

fn check_duration(reader: &Reader<'_>, action: &ActionSpec, duration: Option<&Placed<Span>>) -> Checked<()> {
    match (action.duration, duration) {
        (DurationRule::Required, None) if !reader.has("for") => {
            let message = format!("`{}` needs `for`, how long it lasts", action.name);
            Err(reader.notes.error(reader.place("do"), message))
        }
        (DurationRule::Instant, _) if reader.has("for") => {
            let message = format!("`{}` happens at an instant and takes no `for`", action.name);
            Err(reader.notes.error(reader.place("for"), message))
        }
        (_, Some(duration)) if duration.value == Span::ZERO => {
            Err(reader.notes.error(duration.place, "a step of no length"))
        }
        _ => Ok(()),
    }
}

fn read_trigger(reader: &Reader<'_>) -> Checked<Trigger> {
    let at = reader.optional("at", |reader, key| {
        let text = reader.text(key)?;
        let anchor = read_anchor(reader, &text)?;
        Ok(Trigger::At(Placed { value: anchor, place: text.start() }))
    });
    let every = reader.optional("every", |reader, key| {
        let every = reader.duration(key)?;
        if every.value < sim_core::GRID {
            let message = format!("the shortest repetition is {}, got {}", sim_core::GRID, every.value);
            return Err(reader.notes.error(every.place, message));
        }
        Ok(Trigger::Every(every))
    });
    match (at?, every?) {
        (Some(_), Some(_)) => Err(reader.notes.error(reader.place("every"), "a step takes `at` or `every`, not both")),
        (Some(trigger), None) | (None, Some(trigger)) => Ok(trigger),
        (None, None) if reader.has("when") => Err(reader.notes.refused_before(reader.place("when"))),
        (None, None) => Err(reader.notes.error(reader.table.place, "[[step]] has neither `at` nor `every`")),
    }
}

fn read_anchor(reader: &Reader<'_>, text: &Text) -> Checked<Anchor> {
    let written = text.text.trim();
    let place = text.start();
    if written.contains(':') {
        let message = "times of day are not supported yet; write a duration after the start";
        return Err(reader.notes.error(place, message));
    }
    if written.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        let offset = parse_duration(reader.notes, written, place)?;
        return Ok(Anchor { base: None, offset: offset.nanos() });
    }
    let (name, offset) = match written.find(['+', ' ']) {
        Some(index) => written.split_at(index),
        None => (written, ""),
    };
    let Some((step, edge)) = name.rsplit_once('.').filter(|(_, edge)| matches!(*edge, "start" | "end")) else {
        let message = format!("`{written}` is not an instant; write `5m`, `step.start + 70s` or `step.end + 10s`");
        return Err(reader.notes.error(place, message));
    };
    let offset = offset.trim();
    let nanos = match offset.split_at_checked(1) {
        None => 0,
        Some((sign @ ("+" | "-"), span)) => {
            let span = parse_duration(reader.notes, span.trim(), place)?;
            if sign == "-" { -span.nanos() } else { span.nanos() }
        }
        Some(_) => {
            return Err(reader.notes.error(place, format!("`{offset}` after `{name}`; write `{name} + 10s`")));
        }
    };
    Ok(Anchor { base: Some(Base { step: step.to_owned(), end: edge == "end" }), offset: nanos })
}

fn read_pick(reader: &Reader<'_>, key: &str) -> Checked<Placed<Pick>> {
    let Some(node) = reader.node(key) else { return Err(reader.missing(key)) };
    let place = value_place(node);
    let pick = match &node.value {
        Value::Integer(count) if *count > 0 => Pick::Count(count.unsigned_abs()),
        Value::Text(text) if text.text.trim_end().ends_with('%') => {
            let share = text.text.trim().trim_end_matches('%').trim().parse::<f64>();
            match share {
                Ok(share) if share > 0.0 && share <= 100.0 => Pick::Share(share / 100.0),
                _ => {
                    let message = format!("`pick` is above 0 % up to 100 %, got {}", text.text);
                    return Err(reader.notes.error(place, message));
                }
            }
        }
        _ => {
            let message = "`pick` must be a whole number above 0 or a percentage such as \"25%\"";
            return Err(reader.notes.error(place, message));
        }
    };
    Ok(Placed { value: pick, place })
}

//! `iomt actions`, `iomt devices`, `iomt metrics` and `iomt patients`: the registry's rows for people.

use std::fmt::Write;

use scenarios::Described;
use sim_core::{DurationRule, FormatSpec, ParameterSpec, Registry, StreamKind};
use vocabulary::{Metric, MetricId, MetricKind};

use crate::failure::Failure;
use crate::output;

/// Prints the actions whose name begins with `prefix`.
///
/// # Errors
/// [`Failure::Unknown`] when there is none.
pub(crate) fn actions(registry: &Registry, prefix: &str) -> Result<(), Failure> {
    let mut text = String::new();
    let mut actions: Vec<_> = registry.actions().iter().filter(|action| action.name.starts_with(prefix)).collect();
    actions.sort_by_key(|action| action.name);
    for action in &actions {
        let duration = match action.duration {
            DurationRule::Required => "needs `for`",
            DurationRule::Optional => "`for` optional",
            DurationRule::Instant => "happens at an instant",
        };
        let _ = writeln!(text, "{}\n  {}", action.name, action.about);
        let _ = writeln!(text, "  acts on a {} ({}), {duration}", action.level.word(), action.executor.seam());
        parameters(&mut text, "with", &action.parameters);
        let _ = writeln!(text, "  evidence  {}", action.evidence.join(", "));
        let _ = writeln!(text, "  heal      {}", action.heal);
        let _ = writeln!(text, "  the stack should  {}\n", action.stack_should);
    }
    if actions.is_empty() {
        let known: Vec<_> = registry.actions().iter().map(|action| action.name).collect();
        return Err(nothing("action", prefix, &known));
    }
    output::result(text.trim_end())
}

/// Prints the device kinds whose name begins with `prefix`.
///
/// # Errors
/// [`Failure::Unknown`] when there is none.
pub(crate) fn devices(registry: &Registry, prefix: &str) -> Result<(), Failure> {
    let mut text = String::new();
    let mut devices: Vec<_> = registry.devices().iter().filter(|device| device.kind.starts_with(prefix)).collect();
    devices.sort_by_key(|device| device.kind);
    for device in &devices {
        let _ = writeln!(text, "{}\n  {}", device.kind, device.about);
        for stream in &device.streams {
            let cadence = match stream.kind {
                StreamKind::Numeric { period_ms } => format!("every {} s", f64::from(period_ms) / 1e3),
                StreamKind::Wave { rate_mhz, samples, .. } => format!("{} Hz / {samples}", f64::from(rate_mhz) / 1e3),
                StreamKind::Event => "on event".to_owned(),
            };
            let _ =
                writeln!(text, "  stream {:<10} {cadence:<14} {}: {}", stream.id, stream.about, stream.metric_names());
        }
        parameters(&mut text, "option", &device.options);
        for command in &device.commands {
            let _ = writeln!(text, "  command {:<9} {}", command.op, command.about);
            parameters(&mut text, "  argument", &command.parameters);
        }
        text.push('\n');
    }
    if devices.is_empty() {
        let known: Vec<_> = registry.devices().iter().map(|device| device.kind).collect();
        return Err(nothing("device kind", prefix, &known));
    }
    output::result(text.trim_end())
}

/// Prints the metrics whose name begins with `prefix`, and which streams of which device kinds carry them.
///
/// # Errors
/// [`Failure::Unknown`] when there is none.
pub(crate) fn metrics(registry: &Registry, prefix: &str) -> Result<(), Failure> {
    let mut text = String::new();
    let mut metrics: Vec<_> = MetricId::all().filter(|id| id.metric().id.starts_with(prefix)).collect();
    metrics.sort_by_key(|id| id.metric().id);
    for id in &metrics {
        let metric = id.metric();
        let _ = writeln!(text, "{}\n  {}\n  {}", metric.id, metric.display, facts(metric));
        let codes = codes(metric);
        if !codes.is_empty() {
            let _ = writeln!(text, "  codes     {}", codes.join(", "));
        }
        let carriers = carriers(registry, *id);
        if !carriers.is_empty() {
            let _ = writeln!(text, "  streams   {}", carriers.join(", "));
        }
        text.push('\n');
    }
    if metrics.is_empty() {
        let known: Vec<_> = MetricId::all().map(|id| id.metric().id).collect();
        return Err(nothing("metric", prefix, &known));
    }
    output::result(text.trim_end())
}

/// Kind, unit, resolution and ranges.
fn facts(metric: &Metric) -> String {
    let kind = match metric.kind {
        MetricKind::Numeric => "number",
        MetricKind::Waveform => "samples",
        MetricKind::Coded => "code",
    };
    let mut facts = vec![metric.ucum.map_or_else(|| kind.to_owned(), |unit| format!("{kind} in {unit}"))];
    facts.extend(metric.resolution.map(|resolution| format!("steps of {resolution}")));
    facts.extend(metric.device_range.map(|(lowest, highest)| format!("devices report {lowest} to {highest}")));
    facts.extend(metric.plausible_range.map(|(lowest, highest)| format!("adults have {lowest} to {highest}")));
    facts.join(", ")
}

fn codes(metric: &Metric) -> Vec<String> {
    let device = metric.mdc_refid.map(|name| match metric.mdc_code {
        Some(code) => format!("{name} ({code})"),
        None => name.to_owned(),
    });
    let loinc = metric.loinc.map(|code| format!("LOINC {code}"));
    let snomed = metric.snomed.map(|code| format!("SNOMED CT {code}"));
    [device, loinc, snomed].into_iter().flatten().collect()
}

/// The streams that carry a metric, as `kind/stream`.
fn carriers(registry: &Registry, metric: MetricId) -> Vec<String> {
    let mut carriers = Vec::new();
    for device in registry.devices() {
        let streams = device.streams.iter().filter(|stream| stream.metrics.contains(&metric));
        carriers.extend(streams.map(|stream| format!("{}/{}", device.kind, stream.id)));
    }
    carriers.sort();
    carriers
}

/// Prints the patient models, profiles and conditions whose name begins with `prefix`.
///
/// # Errors
/// [`Failure::Unknown`] when there is none.
pub(crate) fn patients(registry: &Registry, prefix: &str) -> Result<(), Failure> {
    let mut text = String::new();
    let mut models: Vec<_> = registry.patients().iter().filter(|patient| patient.model.starts_with(prefix)).collect();
    models.sort_by_key(|patient| patient.model);
    for patient in models {
        let _ = writeln!(text, "{}\n  model: {}", patient.model, patient.about);
        parameters(&mut text, "parameter", &patient.parameters);
        text.push('\n');
    }
    let (profiles, conditions) = (scenarios::profiles(registry), scenarios::conditions(registry));
    for (what, all) in [("profile", &profiles), ("condition", &conditions)] {
        for described in all.iter().filter(|described| described.id.starts_with(prefix)) {
            describe(&mut text, what, described);
        }
    }
    if text.is_empty() {
        let known = registry.patients().iter().map(|patient| patient.model);
        let known: Vec<_> =
            known.chain(profiles.iter().chain(&conditions).map(|described| described.id.as_str())).collect();
        return Err(nothing("patient model, profile or condition", prefix, &known));
    }
    output::result(text.trim_end())
}

/// Prints the schema of a payload format.
///
/// # Errors
/// [`Failure::Unknown`] when there is no such format, or it has no schema.
pub(crate) fn format_schema(registry: &Registry, name: &str) -> Result<(), Failure> {
    let schema_of = |row: &FormatSpec| Some((row.name, row.as_fixed()?.schema()?));
    let with_schema: Vec<_> = registry.public_formats().filter_map(schema_of).collect();
    let Some((_, schema)) = with_schema.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = with_schema.iter().map(|(known, _)| *known).collect();
        let is_format = registry.public_formats().any(|row| row.name == name);
        let hint = match scenarios::closest(name, known.iter().copied()) {
            Some(near) if !is_format => format!("did you mean `{near}`?"),
            _ => format!("those that have one are {}", known.join(", ")),
        };
        return Err(Failure::Unknown(format!("no payload format `{name}` has a schema; {hint}")));
    };
    output::result(schema.trim_end())
}

fn describe(text: &mut String, what: &str, described: &Described) {
    let model = described.model.as_ref().map(|model| format!(" (model {model})")).unwrap_or_default();
    let _ = writeln!(text, "{}\n  {what}: {}{model}", described.id, described.about);
    for (place, name, value) in &described.says {
        let _ = writeln!(text, "  {place:<18} {name:<20} {value}");
    }
    text.push('\n');
}

fn nothing(what: &str, prefix: &str, known: &[&str]) -> Failure {
    let hint = match scenarios::closest(prefix, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known are {}", known.join(", ")),
    };
    Failure::Unknown(format!("no {what} begins with `{prefix}`; {hint}"))
}

fn parameters(text: &mut String, word: &str, parameters: &[ParameterSpec]) {
    for parameter in parameters {
        let mut facts = vec![parameter.kind.word()];
        if let Some(default) = parameter.default {
            facts.push(format!("default {default}"));
        }
        if parameter.required {
            facts.push("required".to_owned());
        }
        if let Some((smallest, largest)) = parameter.range {
            facts.push(format!("{} to {}", parameter.kind.written(smallest), parameter.kind.written(largest)));
        }
        let _ = writeln!(text, "  {word} {}: {} ({})", parameter.name, parameter.about, facts.join(", "));
    }
}

//! The reference of the language in Markdown, from the same rows that the checker uses.

use std::fmt::{self, Write};

use radio_plan::{BluetoothKind, GatewayFormatSpec};
use sim_core::{CloudSpec, DurationRule, FormatSource, MetricShape, ParameterSpec, Registry, StreamKind};

use crate::language::grammar::tables;
use crate::language::schema::{KeySpec, Only, Rule, TableSpec, Takes};
use crate::language::template::TEMPLATE_NAMES;
use crate::language::word::{Words, with_words};
use crate::people::profile_list::{conditions, profiles};

/// Reference of keys, variables, actions, device kinds, patient models, payload formats and expectation metrics.
pub fn reference(registry: &Registry) -> String {
    let mut text = String::new();
    write_reference(&mut text, registry).expect("writing to a text never fails");
    text
}

fn write_reference(out: &mut String, registry: &Registry) -> fmt::Result {
    writeln!(out, "# Scenario reference\n")?;
    writeln!(out, "Drawn from the rows that the checker uses (`iomt reference`); do not edit.\n")?;
    writeln!(out, "## Keys\n")?;
    for table in tables() {
        write_table(out, table, registry)?;
    }
    write_variables(out)?;
    write_actions(out, registry)?;
    write_devices(out, registry)?;
    write_patients(out, registry)?;
    write_profiles(out, registry)?;
    writeln!(out, "## Payload formats\n\n| name | about |\n|---|---|")?;
    for format in registry.public_formats().filter(|format| format.as_fixed().is_some()) {
        writeln!(out, "| `{}` | {} |", format.name, cell(format.about))?;
    }
    writeln!(out)?;
    write_made_formats(out, registry)?;
    let gateway_formats = registry.all::<GatewayFormatSpec>();
    if !gateway_formats.is_empty() {
        writeln!(out, "## Payload formats of gateways\n\n| name | about |\n|---|---|")?;
        for format in gateway_formats {
            writeln!(out, "| `{}` | {} |", format.name, cell(format.about))?;
        }
        writeln!(out)?;
    }
    write_carriers(out, registry)?;
    write_clouds(out, registry)?;
    write_probe_kinds(out, registry)?;
    write_metrics(out, registry)
}

/// Formats that a `[payload.ID]` makes.
fn write_made_formats(out: &mut String, registry: &Registry) -> fmt::Result {
    for format in registry.public_formats() {
        let FormatSource::Made { parameters, variables, .. } = &format.source else { continue };
        writeln!(out, "### `kind = \"{}\"`\n\n{}\n", format.name, format.about)?;
        write_parameters(out, parameters)?;
        if !variables.is_empty() {
            writeln!(out, "| variable | value |\n|---|---|")?;
            for (name, about) in *variables {
                writeln!(out, "| `{name}` | {} |", cell(about))?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_carriers(out: &mut String, registry: &Registry) -> fmt::Result {
    writeln!(out, "## Carriers\n")?;
    for carrier in registry.carriers() {
        writeln!(out, "### `{}`\n\n{}\n", carrier.name, carrier.about)?;
        let words = carrier.address.words.iter().copied().chain([carrier.address.example]);
        let addresses = words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        writeln!(out, "- `url` of its targets: {addresses}")?;
        if let Some(kind) = carrier.watched_by {
            writeln!(out, "- watched by `{kind}`, unless a probe is declared")?;
        }
        let commands = if carrier.takes_commands { "reach devices over it" } else { "do not reach devices over it" };
        let faults = if carrier.takes_link_faults { "act on it" } else { "do not act on it" };
        writeln!(out, "- commands {commands}; faults of links {faults}\n")?;
        for (place, parameters) in [("links", &carrier.link_parameters), ("targets", &carrier.target_parameters)] {
            if !parameters.is_empty() {
                writeln!(out, "`with` of its {place}:\n")?;
                write_parameters(out, parameters)?;
            }
        }
    }
    Ok(())
}

fn write_clouds(out: &mut String, registry: &Registry) -> fmt::Result {
    let clouds = registry.all::<CloudSpec>();
    if clouds.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Clouds\n\n| `cloud` | carrier | about | rules |\n|---|---|---|---|")?;
    for cloud in clouds {
        writeln!(out, "| `{}` | `{}` | {} | {} |", cloud.name, cloud.carrier, cell(cloud.about), cell(cloud.source))?;
    }
    writeln!(out)
}

fn write_probe_kinds(out: &mut String, registry: &Registry) -> fmt::Result {
    writeln!(out, "## Kinds of probes\n")?;
    for kind in registry.probe_kinds() {
        let filters = if kind.takes_filters {
            "`[probe.ID]` takes `filter` and `qos` beside it"
        } else {
            "watches everything of its target"
        };
        writeln!(out, "### `{}`\n\n{}; {filters}\n", kind.name, kind.about)?;
        if !kind.parameters.is_empty() {
            write_parameters(out, &kind.parameters)?;
        }
    }
    Ok(())
}

fn write_table(out: &mut String, table: &TableSpec, registry: &Registry) -> fmt::Result {
    writeln!(out, "### {}\n\n{}\n", table.heading, table.about)?;
    writeln!(out, "| key | takes | default | about |\n|---|---|---|---|")?;
    let (known, later): (Vec<&KeySpec>, Vec<&KeySpec>) =
        table.keys.iter().partition(|key| !matches!(key.takes, Takes::Later));
    for key in known {
        let default = default_cell(key.default, key.required);
        let only = key.only.map_or_else(String::new, |only| format!("; with {}", words_of(table, key, only, registry)));
        let beside = key.beside.map_or_else(String::new, |(other, _)| format!("; beside `{other}`"));
        let words = Words::of(key, registry).known;
        let takes = if words.is_empty() {
            cell(&key.takes.words())
        } else {
            words.iter().map(|word| format!("`{}`", word.name)).collect::<Vec<_>>().join(", ")
        };
        writeln!(out, "| `{}` | {takes} | {default} | {}{only}{beside} |", key.name, cell(key.about))?;
    }
    writeln!(out)?;
    if !later.is_empty() {
        let names = later.iter().map(|key| format!("`{}`", key.name)).collect::<Vec<_>>().join(", ");
        writeln!(out, "Not supported yet: {names}.\n")?;
    }
    Ok(())
}

/// The words of another key with which a key has a meaning.
fn words_of(table: &TableSpec, key: &KeySpec, only: Only, registry: &Registry) -> String {
    let words = match only.rule {
        Rule::Is { word, .. } => vec![word],
        Rule::Taken => table.key(only.key).map(|other| Words::of(other, registry).taking(key)).unwrap_or_default(),
    };
    with_words(only, &words)
}

fn write_variables(out: &mut String) -> fmt::Result {
    writeln!(out, "## Variables\n")?;
    writeln!(
        out,
        "`${{name}}` in any text is a variable of `[vars]` (`--set name=value`), `${{scenario}}` the scenario's name, \
         `${{env:NAME}}` or `${{env:NAME:-default}}` a variable of the environment. A text that is only `${{name}}` \
         takes the variable's type. In topics, client ids and wills there are also:\n"
    )?;
    writeln!(out, "| variable | value |\n|---|---|")?;
    for (name, about) in TEMPLATE_NAMES {
        writeln!(out, "| `${{{name}}}` | {about} |")?;
    }
    writeln!(out)
}

fn write_actions(out: &mut String, registry: &Registry) -> fmt::Result {
    writeln!(out, "## Actions\n")?;
    for action in registry.actions() {
        writeln!(out, "### `{}`\n\n{}\n", action.name, action.about)?;
        let duration = match action.duration {
            DurationRule::Required => "needs `for`",
            DurationRule::Optional => "without `for` it lasts to the end of the run",
            DurationRule::Instant => "happens at an instant",
        };
        writeln!(out, "- acts on a {} ({} seam); {duration}", action.level.word(), action.executor.seam())?;
        writeln!(out, "- heals: {}", action.heal)?;
        writeln!(out, "- a good stack: {}", action.stack_should)?;
        writeln!(out, "- evidence: {}\n", action.evidence.join(", "))?;
        write_parameters(out, &action.parameters)?;
    }
    Ok(())
}

fn write_devices(out: &mut String, registry: &Registry) -> fmt::Result {
    writeln!(out, "## Device kinds\n")?;
    let bluetooth_kinds = BluetoothKind::names(registry);
    if !bluetooth_kinds.is_empty() {
        let kinds = bluetooth_kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
        writeln!(out, "Those that speak Bluetooth: {kinds}.\n")?;
    }
    for device in registry.devices() {
        writeln!(out, "### `{}`\n\n{}\n", device.kind, device.about)?;
        writeln!(out, "| stream | usually | metrics | about |\n|---|---|---|---|")?;
        for stream in &device.streams {
            let usually = match stream.kind {
                StreamKind::Numeric { period_ms } => sim_core::Span::from_millis(i64::from(period_ms)).to_string(),
                StreamKind::Wave { rate_mhz, samples, highest_mhz } => {
                    let hertz = |rate: u32| f64::from(rate) / 1e3;
                    format!("{}Hz / {samples}, up to {}Hz", hertz(rate_mhz), hertz(highest_mhz))
                }
                StreamKind::Event => "on event".to_owned(),
            };
            writeln!(out, "| `{}` | {usually} | {} | {} |", stream.id, stream.metric_names(), cell(stream.about))?;
        }
        writeln!(out)?;
        write_parameters(out, &device.options)?;
        for command in &device.commands {
            writeln!(out, "Command `{}`: {}\n", command.op, command.about)?;
            write_parameters(out, &command.parameters)?;
        }
    }
    Ok(())
}

fn write_patients(out: &mut String, registry: &Registry) -> fmt::Result {
    writeln!(out, "## Patient models\n")?;
    for patient in registry.patients() {
        writeln!(out, "### `{}`\n\n{}\n", patient.model, patient.about)?;
        write_parameters(out, &patient.parameters)?;
        let columns = patient.truth.iter().map(|column| format!("`{}` [{}]", column.name, column.unit));
        writeln!(out, "Truth: {}\n", columns.collect::<Vec<_>>().join(", "))?;
    }
    Ok(())
}

fn write_profiles(out: &mut String, registry: &Registry) -> fmt::Result {
    let kinds = [("Patient profiles", profiles(registry)), ("Conditions of patients", conditions(registry))];
    for (heading, all) in kinds.iter().filter(|(_, all)| !all.is_empty()) {
        writeln!(out, "## {heading}\n")?;
        for described in all {
            let model = described.model.as_ref().map(|model| format!(" (model `{model}`)")).unwrap_or_default();
            writeln!(out, "### `{}`\n\n{}{model}\n", described.id, described.about)?;
            writeln!(out, "| where | name | value |\n|---|---|---|")?;
            for (place, name, value) in &described.says {
                writeln!(out, "| {place} | `{name}` | `{}` |", cell(value))?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_metrics(out: &mut String, registry: &Registry) -> fmt::Result {
    writeln!(out, "## Expectation metrics\n")?;
    writeln!(
        out,
        "`that = \"[statistic(] metric[(word)] [)] comparison value\"`. Statistics of distributions: `p50` to `p99.99`, \
         `max`, `min`, `mean`, `sum`. Comparisons: `<`, `<=`, `==`, `>=`, `>`.\n"
    )?;
    writeln!(out, "| metric | kind | words | about |\n|---|---|---|---|")?;
    for metric in registry.metrics() {
        let kind = match metric.shape {
            MetricShape::Count => "count".to_owned(),
            MetricShape::Share => "share".to_owned(),
            MetricShape::Distribution(dimension) => format!("distribution of {}", dimension.word()),
        };
        writeln!(out, "| `{}` | {kind} | {} | {} |", metric.name, metric.arguments.join(", "), cell(metric.about))?;
    }
    Ok(())
}

fn write_parameters(out: &mut String, parameters: &[ParameterSpec]) -> fmt::Result {
    if parameters.is_empty() {
        return Ok(());
    }
    writeln!(out, "| parameter | takes | default | about |\n|---|---|---|---|")?;
    for spec in parameters {
        let takes = match spec.range {
            Some((least, most)) => {
                format!("{}, {} to {}", spec.kind.word(), spec.kind.written(least), spec.kind.written(most))
            }
            None => spec.kind.word(),
        };
        let default = default_cell(spec.default, spec.required);
        writeln!(out, "| `{}` | {} | {default} | {} |", spec.name, cell(&takes), cell(spec.about))?;
    }
    writeln!(out)
}

fn default_cell(default: Option<&str>, required: bool) -> String {
    match default {
        _ if required => "required".to_owned(),
        Some("") => "empty".to_owned(),
        Some(default) => format!("`{}`", cell(default)),
        None => String::new(),
    }
}

/// A text that does not break a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

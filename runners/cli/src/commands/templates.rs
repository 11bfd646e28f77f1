//! `iomt templates`: what another stack must be told to read the payloads of a preset.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use formats::home_assistant::{Discovered, discovery};
use formats::medtech::{Said, device_content, fhir_mapping};
use scenarios::{PRESETS, Plan};
use sim_core::{Cadence, DevicePlan, Registry, StreamPlan};
use vocabulary::{Message, MetricKind, Origin};

use crate::arguments::Variables;
use crate::failure::Failure;
use crate::{output, scenario_file};

const MEDTECH: &str = "medtech";
const HOME_ASSISTANT: &str = "home-assistant";

/// Lists the presets.
///
/// # Errors
/// [`Failure::Output`] when they cannot be printed.
pub(crate) fn list() -> Result<(), Failure> {
    let mut text = String::new();
    for preset in PRESETS {
        let _ = writeln!(text, "{:<15} {}", preset.name, preset.about());
    }
    output::result(format_args!(
        "{text}\nA scenario has one with `include = [\"preset:NAME\"]` and `format = \"NAME\"` in its links.\n\
         `iomt templates NAME FILE --out DIR` writes what the stack must be told: {MEDTECH}, {HOME_ASSISTANT}"
    ))
}

/// Writes the files for a scenario's devices.
///
/// # Errors
/// [`Failure`] when there is nothing to write of the preset, the scenario is invalid, or a file cannot be written.
pub(crate) fn write(
    preset: &str,
    file: &Path,
    variables: &Variables,
    out: &Path,
    registry: &Registry,
) -> Result<(), Failure> {
    if preset != MEDTECH && preset != HOME_ASSISTANT {
        let hint = match scenarios::closest(preset, [MEDTECH, HOME_ASSISTANT]) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("those that have some are {MEDTECH} and {HOME_ASSISTANT}"),
        };
        return Err(Failure::Unknown(format!("there is nothing to write for `{preset}`; {hint}")));
    }
    let (plan, warnings) = scenario_file::load(file, &scenario_file::settings(variables), registry)?;
    for warning in warnings {
        output::note(warning);
    }
    let devices: Vec<(&DevicePlan, Vec<&StreamPlan>)> = speakers(&plan, preset);
    if devices.is_empty() {
        let why = format!("no device of {} says messages of the format `{preset}`", file.display());
        return Err(Failure::Unknown(why));
    }
    let written: Vec<(&str, String)> = if preset == MEDTECH {
        let said = said(&devices, registry)?;
        vec![
            ("devicecontent.json", device_content(&said)),
            ("fhirmapping.json", fhir_mapping(&said)),
            ("seed-bundle.json", seed(&plan, &devices)),
        ]
    } else {
        vec![("discovery.jsonl", discoveries(&plan, &devices, registry))]
    };
    fs::create_dir_all(out).map_err(Failure::write(out))?;
    for (name, text) in written {
        let file = out.join(name);
        fs::write(&file, text + "\n").map_err(Failure::write(&file))?;
        output::result(file.display())?;
    }
    Ok(())
}

/// The devices that say messages of a format, each with the streams that have it.
fn speakers<'p>(plan: &'p Plan, format: &str) -> Vec<(&'p DevicePlan, Vec<&'p StreamPlan>)> {
    let roster = &plan.roster;
    let of_format = |stream: &&StreamPlan| roster.routes[stream.route.index()].format == format;
    let devices = roster.devices.iter().map(|device| (device, device.streams.iter().filter(of_format).collect()));
    devices.filter(|(_, streams): &(_, Vec<_>)| !streams.is_empty()).collect()
}

/// The metrics of these streams, each once. A wave has one rate: a type of the connector holds one `defaultPeriod`, and nothing
/// in a message tells it which of two types samples are of.
fn said(devices: &[(&DevicePlan, Vec<&StreamPlan>)], registry: &Registry) -> Result<Vec<Said>, Failure> {
    let mut said: Vec<(Said, String)> = Vec::new();
    for (device, streams) in devices {
        for stream in streams {
            let period_ms = match stream.cadence {
                Cadence::Sampled { rate_mhz, .. } => Some(1e6 / f64::from(rate_mhz.max(1))),
                Cadence::Periodic { .. } | Cadence::OnEvent => None,
            };
            for metric in registry.metrics_of(device, stream) {
                let by = || format!("stream `{}` of {}", stream.id, device.path);
                match said.iter().find(|(known, _)| known.metric == metric) {
                    None => said.push((Said { metric, period_ms }, by())),
                    Some((known, first)) => {
                        if let (Some(before_ms), Some(now_ms)) = (known.period_ms, period_ms)
                            && metric.metric().kind == MetricKind::Waveform
                            && before_ms.total_cmp(&now_ms).is_ne()
                        {
                            let id = metric.metric().id;
                            return Err(Failure::Unknown(format!(
                                "`{id}` has a sample every {before_ms} ms in {first}, and every {now_ms} ms in {}; the \
                                 connector knows one period of a wave: give both streams one rate, or keep `{MEDTECH}` to one \
                                 of them",
                                by()
                            )));
                        }
                    }
                }
            }
        }
    }
    Ok(said.into_iter().map(|(said, _)| said).collect())
}

/// The patients and devices, for a FHIR server.
fn seed(plan: &Plan, devices: &[(&DevicePlan, Vec<&StreamPlan>)]) -> String {
    let messages = devices.iter().map(|(device, streams)| {
        let patient = &plan.roster.patients[device.patient.index()];
        Message {
            device_serial: &device.serial,
            patient_id: Some(&patient.patient_id),
            stream: &streams[0].id,
            sequence: 0,
            device_time_ms: 0,
            readings: &[],
            waves: &[],
            origin: Origin {
                device_kind: &device.kind,
                device: Some(&device.identity),
                patient: Some(&patient.identity),
                run: "",
            },
        }
    });
    formats::fhir::seed_bundle(messages)
}

/// A discovery message a line: topic, payload, and that it is retained.
fn discoveries(plan: &Plan, devices: &[(&DevicePlan, Vec<&StreamPlan>)], registry: &Registry) -> String {
    let lines = devices.iter().map(|(device, streams)| {
        let streams = streams
            .iter()
            .map(|stream| {
                let topic = plan.deliveries[stream.route.index()].topic.as_str();
                (topic, registry.metrics_of(device, stream))
            })
            .collect();
        let (topic, payload) = discovery(&Discovered { serial: &device.serial, label: &device.identity, streams });
        // The payload is JSON already; a line of it is its own text.
        format!("{{\"topic\": \"{topic}\", \"retain\": true, \"payload\": {payload}}}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

//! A plan as JSON, for tools.

mod air;

use serde_json::{Value, json};
use sim_core::{Argument, Arguments};

use self::air::{gateways, hosts, radio, sites};
use crate::canonical::plan_sha256;
use crate::path::subject_path;
use crate::plan::{Carrier, Plan, Protocol, Severity, TimeMode};
use crate::plan_text::cadence;

/// The plan as `iomt plan --json` prints it (`"format": "plan/1"`): times in seconds, everybody by path, no passwords.
pub fn plan_json(plan: &Plan) -> Value {
    json!({
        "format": "plan/1",
        "scenario": plan.scenario,
        "about": plan.about,
        "file": plan.file,
        "seed": plan.seed,
        "plan_sha256": plan_sha256(plan),
        "time": time(plan),
        "targets": plan.targets.iter().map(|target| json!({"id": target.id, "url": target.url})).collect::<Vec<_>>(),
        "links": links(plan),
        "hosts": hosts(plan),
        "sites": sites(plan),
        "gateways": gateways(plan),
        "patients": patients(plan),
        "steps": steps(plan),
        "probes": probes(plan),
        "expect": expects(plan),
        "report": {"dir": plan.report.dir, "labels": plan.report.labels},
    })
}

fn time(plan: &Plan) -> Value {
    let time = &plan.time;
    let (mode, speed) = match time.mode {
        TimeMode::Real => ("real", Some(1.0)),
        TimeMode::Scaled { speed } => ("scaled", Some(speed)),
        TimeMode::Virtual => ("virtual", None),
    };
    json!({
        "mode": mode,
        "speed": speed,
        "start_epoch_ns": time.start_epoch_ns,
        "warmup_s": time.warmup.seconds(),
        "length_s": time.length.seconds(),
        "drain_s": time.drain.seconds(),
    })
}

fn links(plan: &Plan) -> Vec<Value> {
    let link = |link: &crate::plan::LinkPlan| {
        json!({
            "id": link.id,
            "carrier": match link.carrier {
                Carrier::Mqtt => "mqtt",
                Carrier::Gateway | Carrier::Host => "ble",
            },
            "to": plan.targets[link.target].id,
            "format": link.format,
            "qos": link.qos,
            "protocol": if link.protocol == Protocol::V5 { "5" } else { "3.1.1" },
            "user": link.auth.as_ref().map(|auth| &auth.user),
        })
    };
    plan.links.iter().map(link).collect()
}

fn patients(plan: &Plan) -> Vec<Value> {
    let roster = &plan.roster;
    let device = |index: usize| {
        let device = &roster.devices[index];
        let streams = device.streams.iter().map(|stream| {
            json!({
                "id": stream.id,
                "cadence": cadence(stream.cadence),
                "topic": roster.routes[stream.route.index()].topic,
            })
        });
        json!({
            "path": device.path,
            "kind": device.kind,
            "serial": device.serial,
            "link": plan.links[device.link].id,
            "client_id": plan.endpoints[index].client_id,
            "command_topic": plan.endpoints[index].command_topic,
            "radio": device.radio.as_ref().map(|own| radio(plan, own)),
            "options": arguments(&device.options),
            "streams": streams.collect::<Vec<_>>(),
        })
    };
    let patient = |patient: &sim_core::PatientPlan| {
        json!({
            "path": patient.path,
            "patient_id": patient.patient_id,
            "model": patient.model,
            "parameters": arguments(&patient.arguments),
            "devices": patient.devices.clone().map(device).collect::<Vec<_>>(),
        })
    };
    roster.patients.iter().map(patient).collect()
}

fn steps(plan: &Plan) -> Vec<Value> {
    let step = |occurrence: &sim_core::Occurrence| {
        let picked = occurrence.subjects.iter().map(|subject| subject_path(&plan.roster, subject));
        json!({
            "id": occurrence.step,
            "repetition": occurrence.repetition,
            "do": occurrence.action,
            "start_s": occurrence.start.seconds(),
            "end_s": occurrence.end.map(sim_core::SimTime::seconds),
            "with": arguments(&occurrence.arguments),
            "picked": picked.collect::<Vec<_>>(),
        })
    };
    plan.occurrences.iter().map(step).collect()
}

fn probes(plan: &Plan) -> Vec<Value> {
    let probe = |probe: &crate::plan::ProbePlan| {
        json!({
            "id": probe.id,
            "to": plan.targets[probe.target].id,
            "filters": probe.filters,
            "qos": probe.qos,
        })
    };
    plan.probes.iter().map(probe).collect()
}

fn expects(plan: &Plan) -> Vec<Value> {
    let expect = |expect: &crate::plan::ExpectPlan| {
        json!({
            "id": expect.id,
            "that": expect.that,
            "from_s": expect.from.seconds(),
            "to_s": expect.to.seconds(),
            "always": expect.always,
            "min_samples": expect.min_samples,
            "severity": if expect.severity == Severity::Info { "info" } else { "fail" },
            "streams": expect.routes.len(),
            "location": expect.location,
        })
    };
    plan.expects.iter().map(expect).collect()
}

fn arguments(arguments: &Arguments) -> Value {
    arguments.0.iter().map(|(name, argument)| (name.clone(), argument_json(argument))).collect()
}

fn argument_json(argument: &Argument) -> Value {
    match argument {
        Argument::Number(number) => json!(number),
        Argument::Text(text) => json!(text),
        Argument::Flag(flag) => json!(flag),
        Argument::Texts(texts) => json!(texts),
        Argument::Table(table) => arguments(table),
        Argument::Change(change) => json!({"times": change.times, "plus": change.plus}),
    }
}

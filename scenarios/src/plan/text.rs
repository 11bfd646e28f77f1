//! A plan for people: who takes part, what happens when and to whom, what must hold.

mod air;

use std::fmt::{self, Write};

use sim_core::{FormatPlan, Occurrence, Roster};

use self::air::{place, write_air};
use crate::events::path::subject_path;
use crate::plan::document::cadence_text;
use crate::plan::identity::plan_sha256;
use crate::plan::{Carrier, LinkPlan, Plan, Protocol, TimeMode};

/// Occurrences listed before the rest is only counted.
const LISTED_OCCURRENCES: usize = 200;
/// Subjects listed for one occurrence.
const LISTED_SUBJECTS: usize = 6;

/// The plan as `iomt plan` prints it; the same for the same file, variables and seed.
pub fn plan_text(plan: &Plan) -> String {
    let mut text = String::new();
    write_plan(&mut text, plan).expect("writing to a text never fails");
    text
}

fn write_plan(out: &mut String, plan: &Plan) -> fmt::Result {
    write!(out, "{}", plan.scenario)?;
    if !plan.about.is_empty() {
        write!(out, ": {}", plan.about)?;
    }
    writeln!(out, "\n  file     {}", plan.file)?;
    writeln!(out, "  seed     {}", plan.seed)?;
    writeln!(out, "  sha256   {}", plan_sha256(plan))?;
    writeln!(out, "  time     {}", time(plan))?;
    for target in &plan.targets {
        writeln!(out, "  target   {}: {}", target.id, target.url)?;
    }
    for host in &plan.hosts {
        let (id, site) = (&plan.targets[host.target].id, &plan.air.sites[host.site].id);
        writeln!(out, "  host     {id} on site {site} at {}", place(host.place))?;
    }
    for FormatPlan { id, kind, arguments: _ } in &plan.roster.formats {
        writeln!(out, "  payload  {id}: {kind}")?;
    }
    for link in &plan.links {
        if link.carrier != Carrier::Connection {
            write_radio_link(out, plan, link)?;
            continue;
        }
        let target = &plan.targets[link.target].id;
        write!(out, "  link     {} to {target}: {}", link.id, link.format)?;
        match link.protocol {
            Some(Protocol::V5) => writeln!(out, ", QoS {}, MQTT 5", link.qos)?,
            Some(Protocol::V311) => writeln!(out, ", QoS {}, MQTT 3.1.1", link.qos)?,
            None => writeln!(out, " over {}", link.over)?,
        }
    }
    writeln!(out, "\nPeople and devices")?;
    write_population(out, plan)?;
    if !plan.air.sites.is_empty() {
        writeln!(out, "\nBluetooth")?;
        write_air(out, &plan.roster, &plan.air)?;
    }
    if !plan.occurrences.is_empty() {
        writeln!(out, "\nTimeline")?;
        write_timeline(out, plan)?;
    }
    writeln!(out, "\nWatched")?;
    for probe in &plan.probes {
        let target = &plan.targets[probe.target].id;
        write!(out, "  {} on {target}: ", probe.id)?;
        if probe.is_filtered {
            writeln!(out, "{} (QoS {})", probe.filters.join(", "), probe.qos)?;
        } else {
            writeln!(out, "{}", probe.kind)?;
        }
    }
    if !plan.expects.is_empty() {
        writeln!(out, "\nExpected")?;
    }
    for expect in &plan.expects {
        let always = if expect.always { ", always" } else { "" };
        let streams = expect.routes.len();
        let probe = expect.probe.map(|probe| format!(", seen by {}", plan.probes[probe].id)).unwrap_or_default();
        writeln!(out, "  {}: {}", expect.id, expect.that)?;
        writeln!(out, "    {streams} streams, {} to {}{always}{probe}", expect.from, expect.to)?;
    }
    Ok(())
}

fn write_radio_link(out: &mut String, plan: &Plan, link: &LinkPlan) -> fmt::Result {
    let target = &plan.targets[link.target].id;
    match link.carrier {
        Carrier::Host => writeln!(out, "  link     {} to {target}: Bluetooth, for hosts only", link.id),
        _ => writeln!(out, "  link     {} to {target}: Bluetooth to gateways, QoS {}", link.id, link.qos),
    }
}

fn time(plan: &Plan) -> String {
    let time = &plan.time;
    let mode = match time.mode {
        TimeMode::Real => "real".to_owned(),
        TimeMode::Scaled { speed } => format!("scaled {speed}x"),
        TimeMode::Virtual => "virtual".to_owned(),
    };
    let start = match time.start_epoch_ns {
        None => "now".to_owned(),
        Some(nanos) => jiff::Timestamp::from_nanosecond(i128::from(nanos))
            .map_or_else(|_| nanos.to_string(), |instant| instant.to_string()),
    };
    format!("{mode}, {} (warm-up {}, drain {}), starts {start}", time.length, time.warmup, time.drain)
}

/// One kind of device in one cohort.
struct Group<'a> {
    id: &'a str,
    kind: &'a str,
    link: usize,
    count: usize,
    streams: String,
}

fn write_population(out: &mut String, plan: &Plan) -> fmt::Result {
    let roster = &*plan.roster;
    let mut first = 0;
    while let Some(patient) = roster.patients.get(first) {
        let count = roster.patients[first..].iter().take_while(|other| other.cohort == patient.cohort).count();
        writeln!(out, "  {}: {count} x {}", patient.cohort, patient.model)?;
        let devices = patient.devices.start..roster.patients[first + count - 1].devices.end;
        for group in groups(roster, devices) {
            let Group { id, kind, link, count, streams } = group;
            writeln!(out, "    {id}: {count} x {kind} on {} ({streams})", plan.links[link].id)?;
        }
        first += count;
    }
    let rate: f64 = roster
        .devices
        .iter()
        .flat_map(|device| &device.streams)
        .map(|stream| stream.cadence.messages_per_second())
        .sum();
    writeln!(
        out,
        "  {} patients, {} devices, {} streams, {rate:.1} messages/s",
        roster.patients.len(),
        roster.devices.len() - plan.air.gateways.len(),
        roster.routes.len()
    )
}

fn groups(roster: &Roster, devices: std::ops::Range<usize>) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for device in &roster.devices[devices] {
        match groups.iter_mut().find(|group| group.id == device.id) {
            Some(group) => group.count += 1,
            None => groups.push(Group {
                id: &device.id,
                kind: &device.kind,
                link: device.link,
                count: 1,
                streams: streams(device),
            }),
        }
    }
    groups
}

fn streams(device: &sim_core::DevicePlan) -> String {
    let streams = device.streams.iter().map(|stream| format!("{} {}", stream.id, cadence_text(stream.cadence)));
    streams.collect::<Vec<_>>().join(", ")
}

fn write_timeline(out: &mut String, plan: &Plan) -> fmt::Result {
    let listed = &plan.occurrences[..plan.occurrences.len().min(LISTED_OCCURRENCES)];
    let width = |text: fn(&Occurrence) -> String| {
        listed.iter().map(|occurrence| text(occurrence).chars().count()).max().unwrap_or_default()
    };
    let (start, end) = (width(|o| o.start.to_string()), width(end_text));
    let (step, action) = (width(|o| o.step.clone()), width(|o| o.action.clone()));
    for occurrence in listed {
        let whom = whom(&plan.roster, occurrence);
        writeln!(
            out,
            "  {:>start$}  {:>end$}  {:step$}  {:action$}  {whom}",
            occurrence.start.to_string(),
            end_text(occurrence),
            occurrence.step,
            occurrence.action
        )?;
    }
    if plan.occurrences.len() > listed.len() {
        writeln!(out, "  and {} more", plan.occurrences.len() - listed.len())?;
    }
    Ok(())
}

fn end_text(occurrence: &Occurrence) -> String {
    occurrence.end.map_or_else(|| "-".to_owned(), |end| end.to_string())
}

fn whom(roster: &Roster, occurrence: &Occurrence) -> String {
    let subjects = &occurrence.subjects;
    let listed = subjects.iter().take(LISTED_SUBJECTS).map(|subject| subject_path(roster, subject));
    let paths = listed.collect::<Vec<_>>().join(" ");
    match subjects.len() {
        count if count > LISTED_SUBJECTS => format!("{count}: {paths} ..."),
        _ => paths,
    }
}

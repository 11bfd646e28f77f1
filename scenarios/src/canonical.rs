//! The identity of a plan: SHA-256 over everything that is tested, in a fixed text.
//!
//! Where the stack is, the credentials, the labels and the folder of the reports are not part of it, so that runs of
//! the same test against two stacks or two builds can be compared.

use std::fmt::{self, Write};

use sha2::{Digest, Sha256};
use sim_core::{Argument, Arguments, Cadence, MetricShape, Occurrence, Roster};

use crate::path::subject_path;
use crate::plan::{Carrier, Condition, Plan, TimeMode};

/// SHA-256 of a plan, as 64 hexadecimal digits.
pub fn plan_sha256(plan: &Plan) -> String {
    let mut writer = Hashing(Sha256::new());
    write_plan(&mut writer, plan).expect("hashing never fails");
    let digest = writer.0.finalize();
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a text never fails");
        text
    })
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

/// Texts are written with `{:?}`, so that no content can look like structure.
fn write_plan(out: &mut impl Write, plan: &Plan) -> fmt::Result {
    writeln!(out, "plan/1 {:?} seed {}", plan.scenario, plan.seed)?;
    let time = &plan.time;
    let speed = match time.mode {
        TimeMode::Real => "real".to_owned(),
        TimeMode::Scaled { speed } => format!("scaled {speed}"),
        TimeMode::Virtual => "virtual".to_owned(),
    };
    writeln!(
        out,
        "time {speed} {:?} {} {} {}",
        time.start_epoch_ns,
        time.warmup.nanos(),
        time.length.nanos(),
        time.drain.nanos()
    )?;
    for target in &plan.targets {
        writeln!(out, "target {:?}", target.id)?;
    }
    write_links(out, plan)?;
    write_roster(out, plan)?;
    write_air(out, plan)?;
    for occurrence in plan.occurrences.iter() {
        write_occurrence(out, &plan.roster, occurrence)?;
    }
    for probe in &plan.probes {
        writeln!(out, "probe {:?} {} {:?} {}", probe.id, probe.target, probe.filters, probe.qos)?;
    }
    for expect in &plan.expects {
        let (from, to) = (expect.from.nanos(), expect.to.nanos());
        write!(out, "expect {:?} {from} {to} {} {} ", expect.id, expect.always, expect.min_samples)?;
        write_condition(out, &expect.condition)?;
        writeln!(out, " {:?} {:?}", expect.severity, expect.routes)?;
    }
    Ok(())
}

fn write_links(out: &mut impl Write, plan: &Plan) -> fmt::Result {
    for link in &plan.links {
        let (session, backoff, outbox) = (&link.session, &link.session.backoff, &link.outbox);
        writeln!(
            out,
            "link {:?} {} {:?} {} {:?} {} {} {} {:?} {} {} {} {} {:?} {}",
            link.id,
            link.target,
            link.format,
            link.qos,
            link.protocol,
            session.clean,
            session.expiry.nanos(),
            session.keep_alive.nanos(),
            backoff.kind,
            backoff.initial.nanos(),
            backoff.longest.nanos(),
            session.inflight,
            outbox.messages,
            outbox.full,
            link.auth.is_some()
        )?;
    }
    Ok(())
}

fn write_roster(out: &mut impl Write, plan: &Plan) -> fmt::Result {
    let roster = &plan.roster;
    for patient in &roster.patients {
        write!(out, "patient {:?} {:?} {:?}", patient.path, patient.patient_id, patient.model)?;
        write_arguments(out, &patient.arguments)?;
        writeln!(out)?;
    }
    for (device, endpoint) in roster.devices.iter().zip(&plan.endpoints) {
        write!(
            out,
            "device {:?} {:?} {:?} {} {}",
            device.path, device.kind, device.serial, device.link, device.aligned
        )?;
        write_arguments(out, &device.options)?;
        write!(out, " {:?} {:?} {:?}", endpoint.client_id, endpoint.command_topic, endpoint.reply_topic)?;
        if let Some(will) = &endpoint.will {
            write!(out, " will {:?} {:?} {} {}", will.topic, will.body, will.qos, will.retain)?;
        }
        writeln!(out)?;
        for stream in &device.streams {
            let route = &roster.routes[stream.route.index()];
            write!(out, "stream {:?} ", stream.id)?;
            match stream.cadence {
                Cadence::Periodic { period } => write!(out, "{}", period.nanos())?,
                Cadence::Sampled { rate_mhz, samples } => write!(out, "{rate_mhz}/{samples}")?,
                Cadence::OnEvent => write!(out, "event")?,
            }
            writeln!(out, " {:?} {} {} {:?}", route.topic, route.qos, route.retain, route.format)?;
        }
    }
    Ok(())
}

/// What only plans with Bluetooth have, so that all others keep their identity.
fn write_air(out: &mut impl Write, plan: &Plan) -> fmt::Result {
    let roster = &plan.roster;
    for (index, link) in plan.links.iter().enumerate().filter(|(_, link)| link.carrier != Carrier::Mqtt) {
        writeln!(out, "carrier {index} {:?}", link.carrier)?;
    }
    for site in &roster.sites {
        let (id, patients) = (&site.id, &site.patients);
        writeln!(out, "site {id:?} {patients:?} {} {}", site.path_loss_exponent, site.shadowing_db)?;
    }
    for (device, radio) in roster.devices.iter().filter_map(|device| Some((device, device.radio.as_ref()?))) {
        writeln!(
            out,
            "radio {:?} {} {:?} {} {} {} {:?} {}",
            device.path,
            radio.site,
            radio.place,
            radio.power_dbm,
            radio.advertising.nanos(),
            radio.links,
            radio.security,
            radio.secure_connections
        )?;
    }
    for gateway in &roster.gateways {
        write!(
            out,
            "gateway {:?} {} {:?} {} {} {:?}",
            roster.devices[gateway.device.index()].path,
            gateway.site,
            gateway.place,
            gateway.slots,
            gateway.interval.nanos(),
            gateway.format
        )?;
        for device in &gateway.devices {
            write!(out, " {}", device.0)?;
        }
        writeln!(out)?;
    }
    for host in &plan.hosts {
        writeln!(out, "host {} {} {:?}", host.target, host.site, host.place)?;
    }
    Ok(())
}

fn write_occurrence(out: &mut impl Write, roster: &Roster, occurrence: &Occurrence) -> fmt::Result {
    let end = occurrence.end.map(sim_core::SimTime::nanos);
    write!(
        out,
        "step {:?} {} {:?} {} {end:?}",
        occurrence.step,
        occurrence.repetition,
        occurrence.action,
        occurrence.start.nanos()
    )?;
    write_arguments(out, &occurrence.arguments)?;
    for subject in &occurrence.subjects {
        write!(out, " {:?}", subject_path(roster, subject))?;
    }
    writeln!(out)
}

fn write_arguments(out: &mut impl Write, arguments: &Arguments) -> fmt::Result {
    write!(out, " {{")?;
    for (name, argument) in &arguments.0 {
        write!(out, "{name:?}:")?;
        match argument {
            Argument::Number(number) => write!(out, "{number}")?,
            Argument::Text(text) => write!(out, "{text:?}")?,
            Argument::Flag(flag) => write!(out, "{flag}")?,
            Argument::Texts(texts) => write!(out, "{texts:?}")?,
            Argument::Table(table) => write_arguments(out, table)?,
            Argument::Change(change) => write!(out, "*{}+{}", change.times, change.plus)?,
        }
        write!(out, ",")?;
    }
    write!(out, "}}")
}

fn write_condition(out: &mut impl Write, condition: &Condition) -> fmt::Result {
    let shape = match condition.shape {
        MetricShape::Count => "count",
        MetricShape::Share => "share",
        MetricShape::Distribution(dimension) => dimension.word(),
    };
    write!(
        out,
        "{:?} {:?} {:?} {shape} {:?} {}",
        condition.statistic, condition.metric, condition.argument, condition.comparison, condition.bound
    )
}

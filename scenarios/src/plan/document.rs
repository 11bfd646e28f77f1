//! A plan as named values: the one list of everything a plan holds, from which both its JSON and its identity are made.
//!
//! Every structure is taken apart without `..`, so a field that is added to a plan must be told beside it, or the program
//! does not compile.

mod air;
mod people;
mod step;

use radio_plan::AirPlan;
use serde_json::Value;
use sim_core::Roster;

use self::air::{gateway, site};
pub(crate) use self::people::cadence_text;

use self::people::patient;
use self::step::step;
use crate::plan::Plan;
use crate::plan::expect::tell_expect;
pub(crate) use crate::plan::fields::View;
use crate::plan::link::tell_link;
use crate::plan::payload::tell_payload;
use crate::plan::probe::tell_probe;
use crate::plan::report::tell_report;
use crate::plan::target::{tell_host, tell_target};
use crate::plan::time::tell_time;

/// A piece of a plan.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A value with its name.
    Single(&'static str, Value),
    /// A list begins.
    List(&'static str),
    /// One more of the list that began last.
    Item(Value),
}

/// Tells a whole plan, piece by piece, so that nobody needs to hold all of a large one.
pub(crate) fn tell(plan: &Plan, view: View, out: &mut dyn FnMut(Piece)) {
    let Plan {
        scenario,
        about,
        file,
        seed,
        time,
        targets,
        links,
        hosts,
        roster,
        air,
        // They are told with the devices.
        deliveries: _,
        endpoints: _,
        occurrences,
        probes,
        expects,
        report,
    } = plan;
    let Roster {
        // The plan has both.
        seed: _,
        start_epoch_ns: _,
        // It is the recorder's wish, not the scenario's.
        whole_waveforms: _,
        patients,
        // They are told with the patients, gateways with the air.
        devices: _,
        routes: _,
        formats,
        // Only the moment of the run decides it.
        run: _,
        // They follow from the sites.
        components: _,
    } = &**roster;
    // Radios are told with their devices.
    let AirPlan { sites, gateways, radios: _ } = &**air;
    out(Piece::Single("scenario", scenario.clone().into()));
    out(Piece::Single("seed", (*seed).into()));
    out(Piece::Single("time", tell_time(time, view)));
    if view == View::Shown {
        out(Piece::Single("about", about.clone().into()));
        out(Piece::Single("file", file.clone().into()));
        out(Piece::Single("report", tell_report(report, view)));
    }
    let mut list = |name: &'static str, items: &mut dyn Iterator<Item = Value>| {
        out(Piece::List(name));
        items.for_each(|item| out(Piece::Item(item)));
    };
    list("targets", &mut targets.iter().map(|target| tell_target(target, view)));
    list("payloads", &mut formats.iter().map(|own| tell_payload(own, view)));
    list("links", &mut links.iter().map(|link| tell_link(targets, link, view)));
    list("hosts", &mut hosts.iter().map(|own| tell_host(targets, sites, own, view)));
    list("sites", &mut sites.iter().map(|own| site(plan, own, view)));
    list("gateways", &mut gateways.iter().map(|own| gateway(plan, own, view)));
    list("patients", &mut patients.iter().map(|own| patient(plan, own, view)));
    list("steps", &mut occurrences.iter().map(|occurrence| step(plan, occurrence, view)));
    list("probes", &mut probes.iter().map(|probe| tell_probe(targets, probe, view)));
    list("expect", &mut expects.iter().map(|expect| tell_expect(probes, expect, view)));
}

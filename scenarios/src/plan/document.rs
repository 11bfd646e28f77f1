//! A plan as named values: the one list of everything a plan holds, from which both its JSON and its identity are made.
//!
//! Every structure is taken apart without `..`, so a field that is added to a plan must be told here, or the program
//! does not compile.

mod air;
mod connection;
mod fields;
mod people;
mod step;

use serde_json::{Map, Value};
use sim_core::{MetricShape, Roster};

pub(crate) use self::fields::View;

use self::air::{gateway, host, site};
use self::fields::{Fields, since_start};
pub(crate) use self::people::cadence_text;

use self::people::patient;
use self::step::step;
use crate::plan::{
    AuthPlan, Backoff, BackoffKind, Carrier, Comparison, Condition, ExpectPlan, LinkPlan, OutboxFull, OutboxPlan, Plan,
    ProbePlan, Protocol, ReportPlan, SessionPlan, Severity, Statistic, TargetPlan, TimeMode, TimePlan,
};

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
        // They are told with the devices.
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
        sites,
        gateways,
    } = &**roster;
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
    list("links", &mut links.iter().map(|link| tell_link(plan, link, view)));
    list("hosts", &mut hosts.iter().map(|own| host(plan, own, view)));
    list("sites", &mut sites.iter().map(|own| site(plan, own, view)));
    list("gateways", &mut gateways.iter().map(|own| gateway(plan, own, view)));
    list("patients", &mut patients.iter().map(|own| patient(plan, own, view)));
    list("steps", &mut occurrences.iter().map(|occurrence| step(plan, occurrence, view)));
    list("probes", &mut probes.iter().map(|probe| tell_probe(plan, probe, view)));
    list("expect", &mut expects.iter().map(|expect| tell_expect(expect, view)));
}

fn tell_time(time: &TimePlan, view: View) -> Value {
    let TimePlan { mode, start_epoch_ns, warmup, length, drain } = time;
    let (mode, speed) = match mode {
        TimeMode::Real => ("real", Some(1.0)),
        TimeMode::Scaled { speed } => ("scaled", Some(*speed)),
        TimeMode::Virtual => ("virtual", None),
    };
    Fields::new(view)
        .field("mode", mode)
        .field("speed", speed)
        .field("start_epoch_ns", *start_epoch_ns)
        .field("warmup_s", warmup.seconds())
        .field("length_s", length.seconds())
        .field("drain_s", drain.seconds())
        .done()
}

fn tell_report(report: &ReportPlan, view: View) -> Value {
    let ReportPlan { dir, labels } = report;
    let labels: Map<String, Value> = labels.iter().map(|(name, text)| (name.clone(), text.clone().into())).collect();
    Fields::new(view).shown("dir", dir.clone()).shown("labels", labels).done()
}

fn tell_target(target: &TargetPlan, view: View) -> Value {
    let TargetPlan { id, url } = target;
    Fields::new(view).field("id", id.clone()).shown("url", url.clone()).done()
}

fn tell_link(plan: &Plan, link: &LinkPlan, view: View) -> Value {
    let LinkPlan { id, carrier, target, format, qos, protocol, session, outbox, auth } = link;
    let user = auth.as_ref().map(|AuthPlan { user, password: _ }| user.clone());
    Fields::new(view)
        .field("id", id.clone())
        .field(
            "carrier",
            match carrier {
                Carrier::Mqtt => "mqtt",
                Carrier::Gateway | Carrier::Host => "ble",
            },
        )
        .tested("hosts_only", *carrier == Carrier::Host)
        .field("to", plan.targets[*target].id.clone())
        .field("format", format.clone())
        .field("qos", *qos)
        .field("protocol", if *protocol == Protocol::V5 { "5" } else { "3.1.1" })
        .field("session", tell_session(session, view))
        .field("outbox", tell_outbox(*outbox, view))
        .tested("auth", user.is_some())
        .shown("user", user)
        .done()
}

fn tell_session(session: &SessionPlan, view: View) -> Value {
    let SessionPlan { clean, expiry, keep_alive, backoff, inflight } = session;
    let Backoff { kind, initial, longest } = backoff;
    let kind = match kind {
        BackoffKind::None => "none",
        BackoffKind::Fixed => "fixed",
        BackoffKind::Exponential => "exp",
        BackoffKind::ExponentialJitter => "exp_jitter",
    };
    Fields::new(view)
        .field("clean", *clean)
        .field("expiry_s", expiry.seconds())
        .field("keep_alive_s", keep_alive.seconds())
        .field("backoff", kind)
        .field("backoff_initial_s", initial.seconds())
        .field("backoff_longest_s", longest.seconds())
        .field("inflight", *inflight)
        .done()
}

fn tell_outbox(outbox: OutboxPlan, view: View) -> Value {
    let OutboxPlan { messages, full } = outbox;
    let full = match full {
        OutboxFull::DropOldest => "drop_oldest",
        OutboxFull::DropNewest => "drop_newest",
    };
    Fields::new(view).field("messages", messages).field("full", full).done()
}

fn tell_probe(plan: &Plan, probe: &ProbePlan, view: View) -> Value {
    let ProbePlan { id, target, kind, arguments: with, filters, qos } = probe;
    Fields::new(view)
        .field("id", id.clone())
        .field("to", plan.targets[*target].id.clone())
        .field("kind", kind.clone())
        .field("with", step::arguments(with))
        .field("filters", filters.clone())
        .field("qos", *qos)
        .done()
}

fn tell_expect(expect: &ExpectPlan, view: View) -> Value {
    let ExpectPlan { id, that, condition, routes, from, to, always, min_samples, severity, location } = expect;
    Fields::new(view)
        .field("id", id.clone())
        .shown("that", that.clone())
        .tested("condition", tell_condition(condition, view))
        .field("from_s", since_start(*from))
        .field("to_s", since_start(*to))
        .field("always", *always)
        .field("min_samples", *min_samples)
        .field("severity", if *severity == Severity::Info { "info" } else { "fail" })
        .shown("streams", routes.len())
        .tested("routes", routes.clone())
        .shown("location", location.clone())
        .done()
}

fn tell_condition(condition: &Condition, view: View) -> Value {
    let Condition { statistic, metric, argument, shape, comparison, bound } = condition;
    let (statistic, share) = match statistic {
        None => (None, None),
        Some(Statistic::Percentile(share)) => (Some("percentile"), Some(*share)),
        Some(Statistic::Max) => (Some("max"), None),
        Some(Statistic::Min) => (Some("min"), None),
        Some(Statistic::Mean) => (Some("mean"), None),
        Some(Statistic::Sum) => (Some("sum"), None),
    };
    let comparison = match comparison {
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::Equal => "==",
        Comparison::AtLeast => ">=",
        Comparison::Greater => ">",
    };
    let shape = match shape {
        MetricShape::Count => "count",
        MetricShape::Share => "share",
        MetricShape::Distribution(dimension) => dimension.word(),
    };
    Fields::new(view)
        .field("statistic", statistic)
        .field("share", share)
        .field("metric", metric.clone())
        .field("argument", argument.clone())
        .field("shape", shape)
        .field("comparison", comparison)
        .field("bound", *bound)
        .done()
}

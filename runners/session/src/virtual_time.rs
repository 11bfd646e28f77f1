//! A run in virtual time: as fast as possible, no network; a perfect sink in the process stands for the stack.

use std::sync::Arc;
use std::time::Instant;

use hdrhistogram::Histogram;
use scenarios::{Carrier, Plan};
use sim_core::{Outbound, Registry, ReplyStatus, SimTime, Span};
use verify::{CommandCounts, Judgement, Ledger, Limits, ReportInput, Sighting, TargetReport};

use crate::airwaves::{AirNews, tell_links};
use crate::error::Error;
use crate::offline::Offline;
use crate::run::{Facts, Options};
use crate::usage;

/// Simulated time between two looks at the messages.
const STRIDE: Span = Span::from_secs(1);

/// Runs the plan and judges it.
///
/// # Errors
/// [`Error`] when the simulation cannot be built.
pub(crate) fn run(
    plan: &Arc<Plan>,
    options: &Options,
    registry: &Registry,
    facts: &Facts,
) -> Result<(Judgement, ReportInput), Error> {
    let begin = Instant::now();
    let rss_before_bytes = usage::resident_bytes();
    let mut offline = Offline::new(plan, registry, options.threads, options.partition)?;
    let mut ledger = Ledger::new(Arc::clone(plan), registry, Limits::default());
    let mut commands = CommandCounts::default();
    let end = SimTime::ZERO + plan.time.length;
    let mut reached = SimTime::ZERO;
    while reached < end {
        reached = (reached + STRIDE).min(end);
        offline.advance_to(reached);
        let messages = offline.take_messages(plan);
        for message in &messages.own {
            ledger
                .generated(
                    message.route,
                    message.sequence,
                    message.intended,
                    message.intended.nanos(),
                    &message.payload,
                )
                .expect("the simulation numbers messages of known routes in ascending order");
            deliver(plan, &mut ledger, message);
        }
        for message in &messages.spoken {
            if plan.link_of(message.device).carrier == Carrier::Gateway {
                ledger
                    .said(message.route, message.sequence, message.intended, message.intended.nanos())
                    .expect("the simulation numbers messages of known routes in ascending order");
            }
        }
        take_news(plan, &mut ledger, &messages.air);
        for reply in offline.take_replies() {
            commands.received += 1;
            commands.answered += 1;
            match reply.status {
                ReplyStatus::Applied => commands.applied += 1,
                ReplyStatus::Refused => commands.refused += 1,
            }
        }
    }
    take_news(plan, &mut ledger, &offline.linger_until(end + plan.time.drain));
    let lag = Histogram::new(3).expect("three significant digits are within 0..=5");
    let judgement = ledger.finish(&lag);
    let evidence = offline.evidence();
    let targets = plan
        .targets
        .iter()
        .map(|target| TargetReport {
            id: target.id.clone(),
            url: target.url.clone(),
            identity: "perfect sink (virtual time)".to_owned(),
        })
        .collect();
    let input = ReportInput {
        wall_ns: begin.elapsed().as_nanos() as i64,
        reached,
        targets,
        evidence,
        commands,
        radio: offline.radio_report(plan),
        rss_bytes: usage::resident_bytes(),
        rss_before_bytes,
        ..facts.input()
    };
    Ok((judgement, input))
}

/// The perfect sink: written, acknowledged and seen by the probes in the moment it is due.
fn deliver(plan: &Plan, ledger: &mut Ledger, message: &Outbound) {
    let at = message.due().nanos();
    ledger.sent(message.route, message.sequence, at);
    let route = &plan.roster.routes[message.route.index()];
    if route.qos > 0 {
        ledger.acked(message.route, message.sequence, at);
    }
    for (probe, seen) in plan.probes.iter().enumerate() {
        if seen.target == plan.link_of(route.device).target {
            ledger.sighted(&Sighting::publication(probe, route.topic.as_str(), message.payload.clone(), at));
        }
    }
}

fn take_news(plan: &Plan, ledger: &mut Ledger, news: &AirNews) {
    for message in &news.handed_on {
        ledger.handed_on(message.route, message.sequence, &message.payload);
        deliver(plan, ledger, message);
    }
    for lost in &news.given_up {
        ledger.given_up(lost.route, lost.sequence, lost.at.nanos());
    }
    tell_links(ledger, &news.links);
}

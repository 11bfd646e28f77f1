//! A run in virtual time: as fast as possible, no network; a perfect sink in the process stands for the stack.

use std::sync::Arc;
use std::time::Instant;

use carriers::Pace;
use hdrhistogram::Histogram;
use scenarios::Plan;
use sim_core::{Outbound, Registry, ReplyStatus, SimTime, Span};
use verify::{CommandCounts, Event, Judgement, MessageName, ReportInput, Sighting, TargetReport};

use crate::error::Error;
use crate::events;
use crate::judge::Judge;
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
    options: &mut Options,
    registry: &Registry,
    facts: &Facts,
) -> Result<(Judgement, ReportInput), Error> {
    let begin = Instant::now();
    let rss_before_bytes = usage::resident_bytes();
    let mut offline = Offline::new(plan, registry, options.threads, options.partition)?;
    let judge = Judge::at_once(Arc::clone(plan), registry, std::mem::take(&mut options.consumers));
    let pace = Pace::real(begin);
    let mut commands = CommandCounts::default();
    let end = SimTime::ZERO + plan.time.length;
    let mut reached = SimTime::ZERO;
    while reached < end {
        reached = (reached + STRIDE).min(end);
        offline.advance_to(reached);
        let messages = offline.take_messages(plan);
        judge.tell(events::generated(&messages.own, pace));
        judge.tell(events::said(plan, &messages.spoken, pace));
        judge.tell(events::from_air(&messages.air, pace));
        for message in messages.own.iter().chain(&messages.air.handed_on) {
            judge.tell(deliver(plan, message));
        }
        for reply in offline.take_replies() {
            commands.received += 1;
            commands.answered += 1;
            match reply.status {
                ReplyStatus::Applied => commands.applied += 1,
                ReplyStatus::Refused => commands.refused += 1,
            }
            judge.tell(vec![events::answered(&reply)]);
        }
    }
    let air = offline.linger_until(end + plan.time.drain);
    judge.tell(events::from_air(&air, pace));
    for message in &air.handed_on {
        judge.tell(deliver(plan, message));
    }
    let lag = Histogram::new(3).expect("three significant digits are within 0..=5");
    let judgement = judge.close().finish(&lag);
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
fn deliver(plan: &Plan, message: &Outbound) -> Vec<Event> {
    let at = message.due().nanos();
    let name = MessageName { route: message.route, sequence: message.sequence };
    let route = &plan.roster.routes[message.route.index()];
    let mut events = vec![Event::Written { name, at, attempt: 1 }];
    if route.qos > 0 {
        events.push(Event::Acked { name, at });
    }
    let target = plan.link_of(route.device).target;
    let watching = plan.probes.iter().enumerate().filter(|(_, probe)| probe.target == target);
    events.extend(watching.map(|(probe, _)| {
        let topic = route.topic.as_str();
        Event::Sighted(Sighting::publication(probe, topic, message.payload.clone(), at))
    }));
    events
}

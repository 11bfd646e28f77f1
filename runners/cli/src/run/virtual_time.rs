//! A run in virtual time: as fast as possible, no network; a perfect sink in the process stands for the stack.

use std::sync::Arc;
use std::time::Instant;

use hdrhistogram::Histogram;
use scenarios::Plan;
use sim_core::{Registry, ReplyStatus, SimTime, Span};
use verify::{CommandCounts, Judgement, Ledger, Limits, ReportInput, TargetReport};

use super::rehearsal::Rehearsal;
use super::{Facts, Options, usage};
use crate::failure::Failure;

/// Simulated time between two looks at the messages.
const STRIDE: Span = Span::from_secs(1);

/// Runs the plan and judges it.
///
/// # Errors
/// [`Failure`] when the simulation cannot be built.
pub(crate) fn run(
    plan: &Arc<Plan>,
    options: &Options,
    registry: &Registry,
    facts: &Facts,
) -> Result<(Judgement, ReportInput), Failure> {
    let begin = Instant::now();
    let rss_before_bytes = usage::resident_bytes();
    let mut rehearsal = Rehearsal::new(plan, registry, options.threads, options.partition)?;
    let mut ledger = Ledger::new(Arc::clone(plan), Limits::default());
    let mut commands = CommandCounts::default();
    let end = SimTime::ZERO + plan.time.length;
    let mut reached = SimTime::ZERO;
    while reached < end {
        reached = (reached + STRIDE).min(end);
        rehearsal.advance_to(reached);
        for message in rehearsal.shards.take_outbound() {
            let at = message.intended.nanos();
            ledger
                .generated(message.route, message.sequence, message.intended, at, &message.payload)
                .expect("the simulation numbers messages of known routes in ascending order");
            ledger.sent(message.route, message.sequence, at);
            let route = &plan.roster.routes[message.route.index()];
            if route.qos > 0 {
                ledger.acked(message.route, message.sequence, at);
            }
            for (probe, seen) in plan.probes.iter().enumerate() {
                if seen.target == plan.link_of(route.device).target {
                    ledger.observed(probe, &route.topic, &message.payload, at, false);
                }
            }
        }
        for reply in rehearsal.take_replies() {
            commands.received += 1;
            commands.answered += 1;
            match reply.status {
                ReplyStatus::Applied => commands.applied += 1,
                ReplyStatus::Refused => commands.refused += 1,
            }
        }
    }
    let lag = Histogram::new(3).expect("three significant digits are within 0..=5");
    let judgement = ledger.finish(&lag);
    let evidence = rehearsal.evidence();
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
        rss_bytes: usage::resident_bytes(),
        rss_before_bytes,
        ..facts.input()
    };
    Ok((judgement, input))
}

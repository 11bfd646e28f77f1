//! From plan, judgement and the runner's facts to the one report that all others are drawn from.

use std::collections::{BTreeMap, BTreeSet};

use scenarios::{Comparison, ExpectPlan, Plan, Severity, Statistic, TimeMode};
use sim_core::{Occurrence, Registry, SimId, SimTime, Subject};

use crate::delays::{Delays, Reduced};
use crate::measure::measure_of;
use crate::report::{
    CommandsReport, ConnectionsReport, DelayReport, GeneratorReport, HostReport, RunReport, StepReport, ValidityCheck,
    WindowReport,
};
use crate::run_json::FORMAT;
use crate::verdict::{Failure, Findings};
use crate::vital_strip;
use crate::{Judgement, RadioReport, ReportInput, Verdict, figures};

/// Largest acceptable 99th percentile of the generator's lag [ns]: beyond it the load was not what the scenario says.
const LAG_BOUND_NS: f64 = 50e6;

/// Most paths listed for one step.
const PICKED_LISTED: usize = 100;

impl RunReport {
    /// Puts the report together and decides the verdict.
    pub fn new(plan: &Plan, registry: &Registry, judgement: &Judgement, input: &ReportInput) -> Self {
        let totals = judgement.totals;
        let counts = totals.counts;
        let steps = steps(plan, registry, input);
        let rivals = rivals(judgement, input);
        let mut validity = validity(plan, registry, judgement, input, &steps);
        validity.extend(rivals.clone());
        let expect = judgement.expect.clone();
        let deciding = || expect.iter().zip(&plan.expects).filter(|(_, planned)| planned.severity == Severity::Fail);
        let failures = deciding().filter(|(judged, _)| judged.verdict == Verdict::Fail).map(|(judged, planned)| {
            // Without the whole drain a message may still be under way, so acknowledged loss is not proven.
            let settled = !(input.interrupted && planned.condition.metric == "lost");
            // What is seen under the names of devices may have been said by whoever has those names beside them.
            if judged.safety && settled && rivals.is_none() { Failure::ProvenHarm } else { Failure::Ordinary }
        });
        let findings = Findings {
            gravest: failures.chain((!input.harm.is_empty()).then_some(Failure::ProvenHarm)).max(),
            invalid: validity.iter().any(|check| !check.holds),
            open: deciding().any(|(judged, _)| judged.verdict == Verdict::Inconclusive)
                || deciding().next().is_some()
                    && deciding().all(|(judged, _)| judged.verdict == Verdict::NotApplicable),
            interrupted: input.interrupted,
        };
        let (verdict, code) = findings.decide();
        let mut report = Self {
            format: FORMAT.to_owned(),
            scenario: plan.scenario.clone(),
            about: plan.about.clone(),
            file: plan.file.clone(),
            seed: plan.seed,
            plan_sha256: input.plan_sha256.clone(),
            tool: input.tool.clone(),
            run: input.run.clone(),
            labels: plan.report.labels.clone(),
            reproduce: input.reproduce.clone(),
            verdict,
            exit_code: code.number(),
            partial: input.interrupted,
            harm: input.harm.clone(),
            reasons: Vec::new(),
            generated: counts.generated,
            sent: counts.sent,
            acked: counts.acked,
            delivered: counts.delivered,
            altered: counts.altered,
            lost: counts.lost,
            unjudged: counts.unjudged,
            lost_acked: counts.lost_acked,
            dropped_declared: counts.dropped_declared,
            pending: counts.pending,
            refused: counts.refused,
            duplicates: counts.duplicates,
            out_of_order: counts.out_of_order,
            corrupted: counts.corrupted,
            invented: counts.invented,
            identity_mismatch: counts.identity_mismatch,
            stale: counts.stale,
            too_old: counts.too_old,
            foreign: totals.foreign,
            retained: totals.retained,
            wills: totals.wills,
            forgot: totals.forgot,
            memory: judgement.memory,
            window: window(plan, input),
            host: HostReport { cpu: input.cpu },
            targets: input.targets.clone(),
            probes: judgement.probes.clone(),
            validity,
            expect,
            steps,
            latency: judgement.latency.clone(),
            streams: judgement.streams.clone(),
            worst_devices: judgement.worst_devices.clone(),
            connections: connections(plan, judgement, input),
            commands: CommandsReport {
                received: input.commands.received,
                applied: input.commands.applied,
                refused: input.commands.refused,
                malformed: input.commands.malformed,
                answered: input.commands.answered,
                repeated: input.commands.repeated,
                forged: input.commands.forged,
                observed: totals.command_traffic,
            },
            radio: input.radio.clone().map(|radio| RadioReport { hosts: judgement.hosts.clone(), ..radio }),
            vitals: vital_strip::strips(plan, &input.vitals, &judgement.expect),
            generator: generator(plan, judgement, input),
            series: judgement.series.clone(),
        };
        report.reasons = report.explain();
        report
    }

    /// Why the run is what it is, gravest first.
    fn explain(&self) -> Vec<String> {
        let told = |verdict: Verdict| {
            self.expect.iter().filter(move |expect| expect.severity == "fail" && expect.verdict == verdict)
        };
        let (proven, other): (Vec<_>, Vec<_>) = told(Verdict::Fail).partition(|expect| expect.safety);
        let failed =
            |expect: &&crate::ExpectReport| format!("`{}` failed: {} is {}", expect.id, expect.asks(), expect.reads);
        let doubts = self.validity.iter().filter(|check| !check.holds);
        let doubts = doubts.map(|check| format!("not so: {}: {}", check.name, check.detail));
        let mut reasons: Vec<String> = self.harm.clone();
        if self.verdict == Verdict::Fail {
            reasons.extend(proven.iter().map(failed));
            reasons.extend(doubts);
        } else {
            reasons.extend(doubts);
            reasons.extend(proven.iter().map(failed));
        }
        reasons.extend(other.iter().map(failed));
        reasons.extend(
            told(Verdict::Inconclusive).map(|expect| format!("`{}` is inconclusive: {}", expect.id, expect.reason)),
        );
        if self.verdict == Verdict::Inconclusive && reasons.is_empty() {
            reasons.extend(
                told(Verdict::NotApplicable)
                    .map(|expect| format!("`{}` is not applicable: {}", expect.id, expect.reason)),
            );
        }
        reasons
    }
}

impl Delays {
    /// The usual percentiles.
    pub(crate) fn report(&self) -> DelayReport {
        let seconds = |statistic| match self.reduce(statistic) {
            Some(Reduced::Number(nanos)) => Some(nanos / 1e9),
            Some(Reduced::Never) | None => None,
        };
        DelayReport {
            samples: self.samples(),
            never_arrived: self.never(),
            p50_s: seconds(Statistic::Percentile(0.5)),
            p90_s: seconds(Statistic::Percentile(0.9)),
            p99_s: seconds(Statistic::Percentile(0.99)),
            p99_9_s: seconds(Statistic::Percentile(0.999)),
            max_s: seconds(Statistic::Max),
        }
    }
}

fn window(plan: &Plan, input: &ReportInput) -> WindowReport {
    let (mode, speed) = match plan.time.mode {
        TimeMode::Real => ("real", 1.0),
        TimeMode::Scaled { speed } => ("scaled", speed),
        TimeMode::Virtual => ("virtual", 1.0),
    };
    let started = jiff::Timestamp::from_nanosecond(i128::from(input.started_epoch_ns));
    WindowReport {
        // Every i64 of nanoseconds is a year between 1677 and 2262, which the type holds.
        started_at: started.map(|started| started.to_string()).unwrap_or_default(),
        mode: mode.to_owned(),
        speed,
        warmup_s: plan.time.warmup.seconds(),
        length_s: plan.time.length.seconds(),
        reached_s: input.reached.seconds(),
        drain_s: input.drain_ns as f64 / 1e9,
        wall_s: input.wall_ns as f64 / 1e9,
    }
}

fn connections(plan: &Plan, judgement: &Judgement, input: &ReportInput) -> ConnectionsReport {
    let counts = &input.connections;
    ConnectionsReport {
        planned: counts.planned,
        peak: judgement.peak_connections,
        made: counts.made,
        session_present: counts.session_present,
        failed: counts.failed.clone(),
        ended: counts.ended.clone(),
        refused: counts.refused.clone(),
        whom: counts.whom.iter().map(|(reason, devices)| (reason.clone(), paths(plan, devices))).collect(),
        given_up: counts.given_up.clone(),
        connect: Delays::from_histogram(&counts.connect_time).report(),
        reconnect: Delays::from_histogram(&counts.reconnect_time).report(),
        resent: counts.resent,
        handshakes: counts.handshakes,
        handshakes_resumed: counts.handshakes_resumed,
        bytes_out: counts.bytes_out,
        bytes_in: counts.bytes_in,
    }
}

fn paths(plan: &Plan, devices: &[SimId]) -> Vec<String> {
    devices.iter().filter_map(|device| Some(plan.roster.devices.get(device.index())?.path.clone())).collect()
}

fn generator(plan: &Plan, judgement: &Judgement, input: &ReportInput) -> GeneratorReport {
    let lag = judgement.lag.report();
    let devices = plan.roster.devices.len() as u64;
    GeneratorReport {
        lag_p50_s: lag.p50_s,
        lag_p99_s: lag.p99_s,
        lag_max_s: lag.max_s,
        rss_bytes: input.rss_bytes,
        rss_per_device: input
            .rss_bytes
            .zip(input.rss_before_bytes)
            .and_then(|(after, before)| after.saturating_sub(before).checked_div(devices)),
    }
}

fn steps(plan: &Plan, registry: &Registry, input: &ReportInput) -> Vec<StepReport> {
    let mut evidence: Vec<BTreeMap<String, u64>> = vec![BTreeMap::new(); plan.occurrences.len()];
    for (occurrence, what, count) in input.evidence.iter() {
        if let Some(counts) = evidence.get_mut(occurrence.0 as usize) {
            *counts.entry(what.to_owned()).or_default() += count;
        }
    }
    let occurrences = plan.occurrences.iter().zip(evidence);
    occurrences
        .map(|(occurrence, counts)| {
            let counters = registry.action(&occurrence.action).map_or(&[][..], |action| action.evidence);
            let effective =
                counters.is_empty() || counters.iter().any(|name| counts.get(*name).is_some_and(|n| *n > 0));
            StepReport {
                id: occurrence.step.clone(),
                repetition: occurrence.repetition,
                action: occurrence.action.clone(),
                picked_count: occurrence.subjects.len() as u64,
                picked: picked(plan, occurrence),
                start_s: occurrence.start.seconds(),
                end_s: occurrence.end.map(SimTime::seconds),
                reached: occurrence.start < input.reached,
                evidence: counts,
                effective,
            }
        })
        .collect()
}

fn picked(plan: &Plan, occurrence: &Occurrence) -> Vec<String> {
    let roster = &plan.roster;
    let path = |subject: &Subject| match subject {
        Subject::Patient(id) => roster.patients[id.index()].path.clone(),
        Subject::Device(id) => roster.devices[id.index()].path.clone(),
        Subject::Stream(id, stream) => {
            let device = &roster.devices[id.index()];
            format!("{}/{}", device.path, device.streams[usize::from(*stream)].id)
        }
        Subject::Target(id) => format!("target/{id}"),
    };
    occurrence.subjects.iter().take(PICKED_LISTED).map(path).collect()
}

fn validity(
    plan: &Plan,
    registry: &Registry,
    judgement: &Judgement,
    input: &ReportInput,
    steps: &[StepReport],
) -> Vec<ValidityCheck> {
    let totals = &judgement.totals;
    let mut checks = vec![
        ValidityCheck {
            name: "messages were sent".to_owned(),
            // Whether an attached host takes anything is its own business.
            holds: totals.counts.sent > 0 || !judgement.hosts.is_empty(),
            detail: format!("{} sent", figures::count(totals.counts.sent)),
        },
        generator_keeps_up(plan, registry, judgement),
        steps_took_effect(steps),
        ValidityCheck {
            name: "the ledger kept everything".to_owned(),
            holds: totals.forgot == 0,
            detail: format!("{} messages forgotten", figures::count(totals.forgot)),
        },
        ValidityCheck {
            name: "every stream is watched".to_owned(),
            holds: judgement.unwatched_routes == 0,
            detail: unwatched(plan, judgement),
        },
    ];
    checks.extend(hosts_attached(judgement, input));
    if let Some(unmatched) = &judgement.unmatched {
        checks.push(ValidityCheck {
            name: "every sighting finds its message".to_owned(),
            holds: false,
            detail: format!(
                "{} sightings match no message of {} streams, such as {}: its format `{}` does not say which message a \
                 payload is, and no other rule applies",
                figures::count(unmatched.sightings),
                figures::count(unmatched.routes),
                unmatched.first_path,
                unmatched.format
            ),
        });
    }
    if !judgement.contradictions.is_empty() {
        checks.push(ValidityCheck {
            name: "the books add up".to_owned(),
            holds: false,
            detail: format!("the instrument contradicts itself: {}", judgement.contradictions.join("; ")),
        });
    }
    if !input.interrupted {
        // What never left a device says nothing about the stack; a stack that was gone to the end must not look well.
        // What a device keeps for a Bluetooth host waits for the host.
        let kept: u64 = judgement.hosts.iter().map(|stream| stream.kept).sum();
        let pending = totals.counts.pending.saturating_sub(kept);
        checks.push(ValidityCheck {
            name: "every message got its chance".to_owned(),
            holds: pending == 0 || judgement.unwatched_routes > 0 || judgement.unmatched.is_some(),
            detail: format!("{} messages still waited in the devices when the drain ended", figures::count(pending)),
        });
    }
    if input.interrupted {
        checks.push(ValidityCheck {
            name: "the run came to its end".to_owned(),
            holds: false,
            detail: format!("interrupted at {} of {}", input.reached, plan.time.length),
        });
    }
    checks.extend(input.doubts.iter().map(|doubt| ValidityCheck {
        name: "nothing else stands against it".to_owned(),
        holds: false,
        detail: doubt.clone(),
    }));
    checks
}

/// Somebody else who has the names of devices: as the target says, or where connections end as when somebody takes them over
/// and something is seen under these names that no device of ours has said. Mosquitto 2.0 says nothing.
fn rivals(judgement: &Judgement, input: &ReportInput) -> Option<ValidityCheck> {
    let (told, contested) = (input.connections.taken_over, input.connections.contested);
    let unfamiliar = judgement.totals.unfamiliar;
    let ended = match (told, contested) {
        (0, 0) => return None,
        (0, _) if unfamiliar == 0 => return None,
        (0, _) => format!("{} connections of devices ended as when they are taken over", figures::count(contested)),
        _ => format!("{} connections of devices were taken over", figures::count(told)),
    };
    Some(ValidityCheck {
        name: "devices have their names for themselves".to_owned(),
        holds: false,
        detail: format!(
            "{ended} by somebody else with the same client id, whose messages may be what was seen ({} with times or numbers \
             that no device has said); another run of the same scenario needs a `${{run}}` in client ids and topics",
            figures::count(unfamiliar)
        ),
    })
}

/// Whether somebody attached to each target whose devices nobody else listens to; `None` without such devices.
fn hosts_attached(judgement: &Judgement, input: &ReportInput) -> Option<ValidityCheck> {
    let wanted: BTreeSet<&str> = judgement.hosts.iter().map(|stream| stream.target.as_str()).collect();
    let hosts_at = |target: &str| {
        let endpoints = input.radio.iter().flat_map(|radio| &radio.endpoints);
        endpoints.filter(|endpoint| endpoint.target == target).map(|endpoint| endpoint.hosts).sum::<u64>()
    };
    let counted: Vec<String> = wanted.iter().map(|target| format!("{} at {target}", hosts_at(target))).collect();
    (!wanted.is_empty()).then(|| ValidityCheck {
        name: "a Bluetooth host attached".to_owned(),
        holds: wanted.iter().all(|target| hosts_at(target) > 0),
        detail: counted.join(", "),
    })
}

/// How many streams nobody watches, the topic of the first of them, and what the probes look at instead.
fn unwatched(plan: &Plan, judgement: &Judgement) -> String {
    let counted = format!("{} streams that no probe watches", figures::count(judgement.unwatched_routes));
    let Some(first) = judgement.first_unwatched else { return counted };
    let (path, topic) = (plan.route_path(first.index()), &plan.deliveries[first.index()].topic);
    let filters: Vec<String> =
        plan.probes.iter().flat_map(|probe| &probe.filters).map(|filter| format!("`{filter}`")).collect();
    let filters = if filters.is_empty() { "there are none".to_owned() } else { filters.join(", ") };
    format!("{counted}, such as {path} on topic `{topic}`; filters of probes: {filters}")
}

fn generator_keeps_up(plan: &Plan, registry: &Registry, judgement: &Judgement) -> ValidityCheck {
    let virtual_time = plan.time.mode == TimeMode::Virtual;
    let p99 = judgement.lag.reduce(Statistic::Percentile(0.99));
    let (holds, detail) = match p99 {
        Some(Reduced::Number(nanos)) => {
            let usual = format!("p99(generator.lag) is {}, at most 50ms", figures::duration(nanos));
            match stricter_lag(plan, registry, judgement) {
                Some(stricter) if nanos <= LAG_BOUND_NS => (false, stricter),
                _ => (nanos <= LAG_BOUND_NS, usual),
            }
        }
        _ if virtual_time => (true, "virtual time has no lag".to_owned()),
        _ => (false, "the lag was not measured".to_owned()),
    };
    ValidityCheck { name: "the generator kept up".to_owned(), holds, detail }
}

/// Where an expectation asks of rarer delays than one in a hundred, the generator may be late there as well, but by no
/// more than half of what is allowed; tells of the first that asks for more than the generator gave.
fn stricter_lag(plan: &Plan, registry: &Registry, judgement: &Judgement) -> Option<String> {
    let includes_lag = |expect: &&ExpectPlan| {
        measure_of(registry, &expect.condition).is_some_and(|measure| measure.includes_lag())
            && matches!(expect.condition.comparison, Comparison::Less | Comparison::AtMost)
    };
    plan.expects.iter().filter(includes_lag).find_map(|expect| {
        let statistic = expect.condition.statistic.filter(|statistic| match statistic {
            Statistic::Percentile(share) => *share > 0.99,
            Statistic::Max => true,
            Statistic::Min | Statistic::Mean | Statistic::Sum => false,
        })?;
        let most = LAG_BOUND_NS.max(expect.condition.bound / 2.0);
        let Some(Reduced::Number(lag)) = judgement.lag.reduce(statistic) else { return None };
        (lag > most).then(|| {
            let (lag, most) = (figures::duration(lag), figures::duration(most));
            format!("the generator.lag, taken as in `{}`, is {lag}, at most {most}", expect.that)
        })
    })
}

fn steps_took_effect(steps: &[StepReport]) -> ValidityCheck {
    let idle: Vec<String> = steps
        .iter()
        .filter(|step| step.reached && !step.effective)
        .map(|step| {
            if step.repetition == 0 {
                format!("`{}`", step.id)
            } else {
                format!("`{}` #{}", step.id, step.repetition + 1)
            }
        })
        .collect();
    let reached = steps.iter().filter(|step| step.reached).count();
    ValidityCheck {
        name: "every step took effect".to_owned(),
        holds: idle.is_empty(),
        detail: if idle.is_empty() {
            format!("{reached} of {} steps reached, all with evidence", steps.len())
        } else {
            format!("without evidence: {}", idle.join(", "))
        },
    }
}

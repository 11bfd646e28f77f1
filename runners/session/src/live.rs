//! A run against real brokers, paced by the wall clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use carriers::{ConnectionConfig, Fleet, FleetConfig, FleetError, FleetEvents, FleetStats, Pace, RouteConfig};
use hdrhistogram::Histogram;
use scenarios::{Carrier, Plan};
use sim_core::{Key, Registry, Shards, SimId};
use tokio::runtime::{Handle, Runtime};
use verify::{ConnectionCounts, Judgement, ReportInput};

use crate::airwaves::{self, Airwaves};
use crate::commander::Commander;
use crate::driver::{Drive, Driver, work_air};
use crate::error::Error;
use crate::judge::Judge;
use crate::observer::{Note, Observer};
use crate::partition::{members, patients};
use crate::run::{Facts, Options};
use crate::targets::{self, Targets};
use crate::usage;
use crate::watching::Probes;

/// First connects a second that the start of simulated time leaves room for; loopback does ten times that.
const CONNECTS_PER_SECOND: f64 = 1_500.0;
/// Room for the connects of even the smallest fleet.
const SHORTEST_LEAD: Duration = Duration::from_millis(500);
/// How much longer than planned the start waits for the last connection.
const CONNECT_GRACE: Duration = Duration::from_secs(10);
/// Longest wait for settling what is under way after an interruption.
const INTERRUPTED_DRAIN: Duration = Duration::from_secs(2);
/// Longest time for removing sessions from the broker.
const CLEAN_UP: Duration = Duration::from_secs(10);

/// Runs the plan and judges it.
///
/// # Errors
/// [`Error`] when a target cannot be reached or the machine does not give what the run needs.
pub(crate) fn run(
    plan: &Arc<Plan>,
    speed: f64,
    options: &mut Options,
    registry: &Registry,
    facts: &Facts,
) -> Result<(Judgement, ReportInput), Error> {
    let begin = Instant::now();
    let rss_before_bytes = usage::resident_bytes();
    let within = patients(plan, options.partition);
    let shards = Shards::new(registry, &plan.roster, &plan.occurrences, &within, options.threads)?;
    let mut airwaves = Airwaves::new(registry, plan, &within)?;
    let members = members(plan, &within);
    let devices: Vec<SimId> =
        members.iter().copied().filter(|device| plan.link_of(*device).carrier == Carrier::Mqtt).collect();

    let per_device = if targets::shares_the_process(plan) { 2 } else { 1 };
    carriers::ensure_descriptors(devices.len(), per_device).map_err(|error| Error::Resources(error.to_string()))?;
    let targets = Targets::start(plan)?;
    let runtime = runtime()?;
    let consumers = std::mem::take(&mut options.consumers);
    let (interrupt, observer) = (&options.interrupt, &*options.observer);
    let lead = SHORTEST_LEAD + Duration::from_secs_f64(devices.len() as f64 / CONNECTS_PER_SECOND);
    let pace = Pace::new(Instant::now() + lead, speed);
    let judge = Judge::in_thread(Arc::clone(plan), consumers).map_err(|error| Error::Resources(error.to_string()))?;
    let probes = Probes::start(plan, &targets, &facts.identity, pace, &judge.teller(), runtime.handle())?;
    let takes_part = |device: SimId| members.binary_search(&device).is_ok();
    let commander = Commander::start(plan, &targets, &facts.identity, pace, takes_part, runtime.handle())?;
    let fleets = start_fleets(plan, registry, &targets, &devices, pace, &judge, runtime.handle())?;
    if let Some(airwaves) = &mut airwaves {
        let folder = options.folder.as_deref();
        airwaves.listen(plan, folder, plan.roster.start_epoch_ns, runtime.handle(), observer)?;
    }
    wait_online(plan, &fleets, &devices, lead, runtime.handle(), observer)?;

    let driver = Driver {
        plan,
        pace,
        shards,
        airwaves,
        fleets: &fleets,
        judge: &judge,
        commander,
        runtime: runtime.handle(),
        interrupt,
        observer,
    };
    let Drive { reached, evidence, commands, commander, shards, mut airwaves } = driver.drive()?;

    let drain_begin = Instant::now();
    let was_interrupted = interrupt.is_asked();
    let drain = Duration::from_nanos(plan.time.drain.nanos().unsigned_abs());
    let patience = if was_interrupted { INTERRUPTED_DRAIN.min(drain) } else { drain };
    let mut on_the_air = |judge: &Judge| match &mut airwaves {
        Some(airwaves) => work_air(airwaves, airwaves::now(&pace), plan, pace, &fleets, judge, observer),
        None => Ok(()),
    };
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline && judge.under_way() > 0 {
        if interrupt.is_asked() && !was_interrupted {
            break;
        }
        on_the_air(&judge)?;
        observer.progress(judge.progress(plan, reached));
        std::thread::sleep(Duration::from_millis(50));
    }
    let rss_bytes = usage::resident_bytes();
    drop(shards);
    let stats = end_fleets(fleets, patience.saturating_sub(drain_begin.elapsed()), options.keep, &runtime, observer);
    if !options.keep {
        clear_retained(plan, registry, &targets, &members, &facts.identity, &runtime, observer);
    }
    // What the last acknowledgements and sightings say is already on its way to the judge.
    std::thread::sleep(Duration::from_millis(50));
    observer.finished();
    let mut evidence = evidence;
    evidence.merge(&commander.evidence());
    evidence.merge(&stats.evidence);
    if let Some(airwaves) = &airwaves {
        evidence.merge(airwaves.radio.evidence());
    }
    commander.stop(runtime.handle());
    probes.stop(runtime.handle());
    let ledger = judge.close();
    let judgement = ledger.finish(&nanoseconds(&stats.lag_us));

    let input = ReportInput {
        wall_ns: begin.elapsed().as_nanos() as i64,
        drain_ns: drain_begin.elapsed().as_nanos() as i64,
        reached,
        interrupted: interrupt.is_asked(),
        targets: targets.reports(),
        evidence,
        connections: connection_counts(&stats, devices.len() as u64),
        commands,
        radio: airwaves.as_ref().map(|airwaves| airwaves.report(plan)),
        rss_bytes,
        rss_before_bytes,
        doubts: targets.doubts(),
        ..facts.input()
    };
    Ok((judgement, input))
}

fn runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("fleet")
        .enable_all()
        .build()
        .map_err(|error| Error::Resources(format!("no threads for the connections: {error}")))
}

/// One fleet a target, in the order of the targets; `None` for a target that no device uses.
fn start_fleets(
    plan: &Plan,
    registry: &Registry,
    targets: &Targets,
    devices: &[SimId],
    pace: Pace,
    judge: &Judge,
    runtime: &Handle,
) -> Result<Vec<Option<Fleet>>, Error> {
    let routes: Arc<Vec<RouteConfig>> = Arc::new(
        plan.roster
            .routes
            .iter()
            .map(|route| RouteConfig { topic: route.topic.clone(), qos: route.qos, retain: route.retain })
            .collect(),
    );
    let mut fleets = Vec::new();
    for (index, target) in plan.targets.iter().enumerate() {
        let connections: Vec<ConnectionConfig> = devices
            .iter()
            .filter(|device| plan.link_of(**device).target == index)
            .map(|device| connection(plan, registry, *device))
            .collect();
        if connections.is_empty() {
            fleets.push(None);
            continue;
        }
        let (host, port) = targets.address(index);
        let config = FleetConfig::new(host, port, connections, Arc::clone(&routes));
        let (fleet, events) = Fleet::start(config, pace, runtime).map_err(|error| match error {
            FleetError::Resolve { .. } => Error::Unreachable { target: target.id.clone(), reason: error.to_string() },
            _ => Error::Resources(error.to_string()),
        })?;
        forward(events, judge, runtime);
        fleets.push(Some(fleet));
    }
    Ok(fleets)
}

fn connection(plan: &Plan, registry: &Registry, device: SimId) -> ConnectionConfig {
    let link = plan.link_of(device);
    let endpoint = &plan.endpoints[device.index()];
    let kind = &plan.roster.devices[device.index()].kind;
    let takes_commands = registry.device(kind).is_some_and(|spec| !spec.commands.is_empty());
    ConnectionConfig {
        device,
        client_id: endpoint.client_id.clone(),
        protocol: link.protocol,
        session: link.session.clone(),
        outbox: link.outbox,
        will: endpoint.will.clone(),
        auth: link.auth.clone(),
        command_topic: takes_commands.then(|| endpoint.command_topic.clone()),
        reply_topic: takes_commands.then(|| endpoint.reply_topic.clone()),
        key: Key::new(plan.seed, &plan.roster.devices[device.index()].path),
    }
}

fn forward(mut events: FleetEvents, judge: &Judge, runtime: &Handle) {
    let teller = judge.teller();
    runtime.spawn(async move {
        while let Some(batch) = events.recv().await {
            teller.tell_carried(batch);
        }
    });
}

/// Waits for the first connections. Devices that are late send what they have to say when they get through.
fn wait_online(
    plan: &Plan,
    fleets: &[Option<Fleet>],
    devices: &[SimId],
    lead: Duration,
    runtime: &Handle,
    observer: &dyn Observer,
) -> Result<(), Error> {
    for (index, fleet) in fleets.iter().enumerate() {
        let Some(fleet) = fleet else { continue };
        let planned = devices.iter().filter(|device| plan.link_of(**device).target == index).count();
        let mut online = runtime.block_on(fleet.wait_online(planned, lead));
        if online == 0 {
            online = runtime.block_on(fleet.wait_online(1, CONNECT_GRACE));
        }
        if online == 0 {
            let stats = runtime.block_on(fleet.stats()).unwrap_or_default();
            let reason = stats.connect_failures.iter().max_by_key(|(_, count)| **count);
            return Err(Error::Unreachable {
                target: plan.targets[index].id.clone(),
                reason: match reason {
                    Some((reason, _)) => format!("none of {planned} devices could connect: {reason}"),
                    None => format!("none of {planned} devices could connect in time"),
                },
            });
        }
        if online < planned {
            observer.note(Note::FewOnline { online, planned });
        }
    }
    Ok(())
}

/// Ends the fleets and, unless they are to be kept, removes their sessions from the brokers.
fn end_fleets(
    fleets: Vec<Option<Fleet>>,
    patience: Duration,
    keep: bool,
    runtime: &Runtime,
    observer: &dyn Observer,
) -> FleetStats {
    let mut stats = FleetStats::default();
    for fleet in fleets.into_iter().flatten() {
        match runtime.block_on(fleet.shutdown(patience)) {
            Ok(end) => {
                stats.merge(&end.stats);
                if !keep && !end.left_sessions.is_empty() {
                    let outcome = runtime.block_on(end.left_sessions.remove(CLEAN_UP));
                    if outcome.failed > 0 {
                        observer.note(Note::SessionsLeft { count: outcome.failed });
                    }
                }
            }
            Err(error) => observer.note(Note::ConnectionsEnded { reason: error.to_string() }),
        }
    }
    stats
}

/// Removes the retained messages of this run from the brokers, wills included.
fn clear_retained(
    plan: &Plan,
    registry: &Registry,
    targets: &Targets,
    devices: &[SimId],
    run: &str,
    runtime: &Runtime,
    observer: &dyn Observer,
) {
    for target in 0..plan.targets.len() {
        let here = |device: &SimId| plan.link_of(*device).target == target;
        let own: Vec<SimId> = devices.iter().copied().filter(here).collect();
        let Some(first) = own.first() else { continue };
        let said = plan.roster.routes.iter().filter(|route| route.retain && own.binary_search(&route.device).is_ok());
        let wills = own.iter().filter_map(|device| plan.endpoints[device.index()].will.as_ref());
        let topics: Vec<&str> = said
            .map(|route| route.topic.as_str())
            .chain(wills.filter(|will| will.retain).map(|will| will.topic.as_str()))
            .collect();
        if topics.is_empty() {
            continue;
        }
        let visitor =
            ConnectionConfig { client_id: format!("iomt-cleaner-{run}"), ..connection(plan, registry, *first) };
        let (host, port) = targets.address(target);
        if let Err(error) = runtime.block_on(carriers::clear_retained(host, port, visitor, &topics, CLEAN_UP)) {
            let target = plan.targets[target].id.clone();
            observer.note(Note::RetainedLeft { target, reason: error.to_string() });
        }
    }
}

fn connection_counts(stats: &FleetStats, planned: u64) -> ConnectionCounts {
    ConnectionCounts {
        planned,
        made: stats.counts.connects,
        session_present: stats.counts.sessions_present,
        failed: stats.connect_failures.clone(),
        ended: stats.disconnects.clone(),
        connect_time: nanoseconds(&stats.connect_us),
        reconnect_time: nanoseconds(&stats.reconnect_us),
        resent: stats.counts.resent,
        bytes_out: stats.counts.bytes_out,
        bytes_in: stats.counts.bytes_in,
    }
}

/// A histogram of microseconds as one of nanoseconds.
fn nanoseconds(micros: &Histogram<u64>) -> Histogram<u64> {
    let mut nanos = Histogram::new(3).expect("three significant digits are within 0..=5");
    for bucket in micros.iter_recorded() {
        nanos
            .record_n(bucket.value_iterated_to().saturating_mul(1_000), bucket.count_at_value())
            .expect("the histogram grows as needed");
    }
    nanos
}

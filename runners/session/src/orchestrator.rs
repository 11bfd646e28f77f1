//! One run, in whatever time: the same driver, connections, rules and judge on the wall clock and in virtual time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use carriers::{CarrierStats, Pace};
use hdrhistogram::Histogram;
use scenarios::{Carrier, Plan, TimeMode};
use sim_core::{Registry, Shards, SimId, Span};
use verify::{CommandCounts, ConnectionCounts, Judgement, ReportInput};

use crate::airwaves::{self, Airwaves};
use crate::commander::Orders;
use crate::driver::{Drive, Driver};
use crate::error::Error;
use crate::events;
use crate::judge::Judge;
use crate::outside::memory::Memory;
use crate::outside::targets::{self, Targets};
use crate::outside::wall::{self, Wall};
use crate::outside::{Beginning, Finished, Outside};
use crate::partition::{members, patients};
use crate::run::{Facts, Options};
use crate::truth_record::TruthRecord;
use crate::usage;
use crate::vitals::Vitals;

/// First connects a second that the start of simulated time leaves room for; loopback does ten times that.
const CONNECTS_PER_SECOND: f64 = 1_500.0;
/// Room for the connects of even the smallest fleet.
const SHORTEST_LEAD: Duration = Duration::from_millis(500);
/// Room for the connects of a fleet to a broker over WebSocket: Mosquitto 2.1 takes up to a tenth of a second for each
/// step of a first handshake there, and of twenty devices five to nineteen were online after half a second (measured over
/// TLS on two idle cores).
const WEB_SOCKET_LEAD: Duration = Duration::from_secs(1);
/// Share of the lead that building the simulation may use up before its start is set anew.
const LEAD_FOR_BUILDING: f64 = 0.1;
/// Longest wait for settling what is under way after an interruption.
const INTERRUPTED_DRAIN: Span = Span::from_secs(2);
/// Between two looks at what is under way.
const SETTLING: Span = Span::from_millis(50);

/// The simulation and the instant at which it begins.
struct Simulation {
    plan: Arc<Plan>,
    shards: Shards,
    origin: Instant,
}

/// What a run leaves.
pub(crate) struct Ran {
    pub(crate) plan: Arc<Plan>,
    pub(crate) judgement: Judgement,
    pub(crate) input: ReportInput,
    /// Why the recording beside it is not whole.
    pub(crate) unrecorded: Option<recorder::Error>,
}

/// Runs the plan and judges it.
///
/// # Errors
/// [`Error`] when a target cannot be reached or the machine does not give what the run needs.
pub(crate) fn run(plan: Plan, options: &mut Options, registry: &Registry, facts: &Facts) -> Result<Ran, Error> {
    let begin = Instant::now();
    let rss_before_bytes = usage::resident_bytes();
    let consumers = std::mem::take(&mut options.consumers);
    let observer = &*options.observer;
    let within = patients(&plan, options.partition);
    let mut airwaves = Airwaves::new(registry, &plan, &within)?;
    let members = members(&plan, &within);
    let has_connection = |device: &SimId| plan.link_of(*device).carrier == Carrier::Connection;
    let devices: Vec<SimId> = members.iter().copied().filter(has_connection).collect();
    let takes_part = |device: SimId| members.binary_search(&device).is_ok();
    let orders = Orders::of(&plan, registry, takes_part);
    let lead = SHORTEST_LEAD + Duration::from_secs_f64(devices.len() as f64 / CONNECTS_PER_SECOND);

    let speed = match plan.time.mode {
        TimeMode::Virtual => None,
        TimeMode::Real => Some(1.0),
        TimeMode::Scaled { speed } => Some(speed),
    };
    let (simulation, mut outside, judge, pace): (Simulation, Box<dyn Outside>, Judge, Pace) = if let Some(speed) = speed
    {
        let per_device = if targets::share_the_process(&plan, registry) { 2 } else { 1 };
        let to_broker = |device: &&SimId| targets::is_broker(&plan.targets[plan.link_of(**device).target], registry);
        carriers::ensure_descriptors(devices.iter().filter(to_broker).count(), per_device)
            .map_err(|error| Error::Resources(error.to_string()))?;
        let targets = Targets::start(&plan, registry, options.folder.as_deref())?;
        let runtime = wall::runtime()?;
        let lead = if targets.speak_web_socket() { lead.max(WEB_SOCKET_LEAD) } else { lead };
        let simulation = build(plan, registry, &within, options.threads, lead)?;
        let pace = Pace::new(simulation.origin, speed);
        let judge = Judge::in_thread(Arc::clone(&simulation.plan), registry, &members, consumers)
            .map_err(|error| Error::Resources(error.to_string()))?;
        let beginning = Beginning {
            plan: &simulation.plan,
            registry,
            run: &facts.identity,
            members: &members,
            expected: orders.expected(),
            teller: judge.teller(),
        };
        let wall = Wall::start(&beginning, pace, runtime, targets, observer)?;
        if let Some(airwaves) = &mut airwaves {
            let plan = &simulation.plan;
            airwaves.listen(plan, options.folder.as_deref(), plan.roster.start_epoch_ns, wall.handle(), observer)?;
        }
        (simulation, Box::new(wall), judge, pace)
    } else {
        let simulation = build(plan, registry, &within, options.threads, lead)?;
        let judge = Judge::at_once(Arc::clone(&simulation.plan), registry, &members, consumers);
        let lead = Span::from_nanos(lead.as_nanos() as i64);
        let beginning = Beginning {
            plan: &simulation.plan,
            registry,
            run: &facts.identity,
            members: &members,
            expected: orders.expected(),
            teller: judge.teller(),
        };
        let memory = Memory::start(&beginning, lead)?;
        let pace = Pace::real(simulation.origin);
        (simulation, Box::new(memory), judge, pace)
    };
    let Simulation { plan, mut shards, .. } = simulation;
    let vitals = Vitals::watch(&plan, registry, &within, &mut shards);
    let truth = options.truth.as_deref().map(|folder| TruthRecord::begin(&plan, folder, &mut shards)).transpose()?;

    let driver = Driver {
        plan: &plan,
        pace,
        shards,
        vitals,
        truth,
        airwaves,
        outside: &mut *outside,
        judge: &judge,
        orders,
        registry,
        interrupt: &options.interrupt,
        observer,
    };
    let mut drive = driver.drive()?;
    let unrecorded = drive.truth.take().and_then(|truth| truth.finish(&plan, registry, drive.reached));

    let drain_begin_ns = drive.outside_ns;
    let was_interrupted = options.interrupt.is_asked();
    let patience = if was_interrupted { INTERRUPTED_DRAIN.min(plan.time.drain) } else { plan.time.drain };
    let deadline_ns = drain_begin_ns + patience.nanos();
    // Copies and strangers may come when every message has been seen.
    let listens = verify::listens_to_the_end(&plan, registry) && !was_interrupted;
    while outside.now_ns() < deadline_ns && (listens || judge.under_way() > 0 || drive.orders.unanswered() > 0) {
        if options.interrupt.is_asked() && !was_interrupted {
            break;
        }
        drive.obey(&plan, &mut *outside, &judge)?;
        drive.work_air(pace.sim_time(outside.now_ns()), &plan, pace, &mut *outside, &judge, observer)?;
        observer.progress(judge.progress(&plan, drive.reached));
        let pause = if drive.is_open() { airwaves::EXCHANGE.as_nanos() as i64 } else { SETTLING.nanos() };
        outside.pass_until(outside.now_ns() + pause);
    }
    let rss_bytes = usage::resident_bytes();
    let Drive { reached, mut evidence, inbox, orders, mut airwaves, shards, vitals, .. } = drive;
    if let Some(airwaves) = &mut airwaves {
        judge.tell(events::left_unread(&airwaves.left_unread(true), pace));
    }
    drop(shards);
    let left_ns = (deadline_ns - outside.now_ns()).max(0);
    let Finished { mut stats, targets, mut doubts } = outside.finish(left_ns, options.keep, observer);
    let drain_ns = outside.now_ns() - drain_begin_ns;
    observer.finished();
    doubts.extend(orders.doubts(&plan, registry));
    let (forged, harm) = orders.forged();
    evidence.merge(&orders.evidence());
    evidence.merge(&stats.evidence);
    if let Some(airwaves) = &airwaves {
        evidence.merge(airwaves.radio.evidence());
        stats.lag_us.add(airwaves.lag_us()).expect("the histogram grows as needed");
    }
    let judgement = judge.close().finish(&nanoseconds(&stats.lag_us));
    let input = ReportInput {
        wall_ns: begin.elapsed().as_nanos() as i64,
        drain_ns,
        reached,
        interrupted: options.interrupt.is_asked(),
        targets,
        evidence,
        connections: connection_counts(&stats, devices.len() as u64),
        commands: CommandCounts { forged, ..inbox.counts },
        radio: airwaves.as_ref().map(|airwaves| airwaves.report(&plan)),
        vitals: vitals.map(Vitals::finish).unwrap_or_default(),
        rss_bytes,
        rss_before_bytes,
        doubts,
        harm,
        ..facts.input()
    };
    Ok(Ran { plan, judgement, input, unrecorded })
}

/// Builds the simulation and sets the instant of its begin, `lead` from when it is built, so that the devices can connect
/// before. Where payload time is the wall clock's, it is that of this instant: a stack may measure its own delays by it.
fn build(
    mut plan: Plan,
    registry: &Registry,
    within: &std::ops::Range<usize>,
    threads: usize,
    lead: Duration,
) -> Result<Simulation, Error> {
    let mut building = Duration::ZERO;
    loop {
        let begin = Instant::now();
        let ahead = lead + building;
        let origin = begin + ahead;
        plan.start_at((jiff::Timestamp::now().as_nanosecond() as i64).saturating_add(ahead.as_nanos() as i64));
        let shards = Shards::new(registry, &plan.roster, &plan.occurrences, within, threads)?;
        let took = begin.elapsed();
        let late = took.saturating_sub(building) > lead.mul_f64(LEAD_FOR_BUILDING);
        if !late {
            return Ok(Simulation { plan: Arc::new(plan), shards, origin });
        }
        if plan.time.start_epoch_ns.is_some() {
            return Ok(Simulation { plan: Arc::new(plan), shards, origin: Instant::now() + lead });
        }
        building = took + took / 4;
    }
}

fn connection_counts(stats: &CarrierStats, planned: u64) -> ConnectionCounts {
    ConnectionCounts {
        planned,
        made: stats.counts.connects,
        session_present: stats.counts.sessions_present,
        taken_over: stats.counts.taken_over,
        contested: stats.counts.contested,
        handshakes: stats.counts.handshakes,
        handshakes_resumed: stats.counts.handshakes_resumed,
        failed: stats.connect_failures.clone(),
        whom: stats.whom.clone(),
        ended: stats.disconnects.clone(),
        refused: stats.refusals.clone(),
        given_up: stats.drops.iter().map(|(reason, count)| ((*reason).to_owned(), *count)).collect(),
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

//! The wall clock: real connections to the targets of the plan, probes and commands through the user's stack.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use carriers::{Carrier, ConnectionConfig, Fleet, FleetConfig, FleetError, FleetEvents, FleetStats, Pace};
use probes::mqtt::Subscriber;
use scenarios::Plan;
use sim_core::{Registry, SimId};
use tokio::runtime::{Handle, Runtime};

use super::probing::{Probes, subscription, wait_granted};
use super::targets::Targets;
use super::{Finished, Outside, Publication, connection, connections, routes};
use crate::commander::Expected;
use crate::error::Error;
use crate::judge::Teller;
use crate::observer::{Note, Observer};

/// How much longer than planned the start waits for the last connection.
const CONNECT_GRACE: Duration = Duration::from_secs(10);
/// Longest time for removing sessions from the broker.
const CLEAN_UP: Duration = Duration::from_secs(10);
/// What the last acknowledgements and sightings say is on its way to the judge for no longer than this.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// The world on the wall clock.
pub(crate) struct Wall {
    plan: Arc<Plan>,
    run: String,
    members: Vec<SimId>,
    /// How a device of each target connects, for cleaning up.
    visitors: Vec<Option<ConnectionConfig>>,
    runtime: Runtime,
    targets: Targets,
    pace: Pace,
    fleets: Vec<Option<Fleet>>,
    probes: Probes,
    /// Those who give commands and hear the answers, by target.
    commanders: BTreeMap<usize, Subscriber>,
    expected: Expected,
}

/// What a world on the wall clock begins with.
pub(crate) struct Beginning<'a> {
    pub(crate) plan: &'a Arc<Plan>,
    pub(crate) registry: &'a Registry,
    /// Identity of the run.
    pub(crate) run: &'a str,
    /// Everybody who takes part, and those of them with a connection, ascending.
    pub(crate) members: Vec<SimId>,
    pub(crate) devices: &'a [SimId],
    pub(crate) pace: Pace,
    pub(crate) expected: Expected,
    pub(crate) teller: Teller,
    pub(crate) observer: &'a dyn Observer,
}

/// Threads for the connections.
///
/// # Errors
/// [`Error::Resources`] when the system has none left.
pub(crate) fn runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("fleet")
        .enable_all()
        .build()
        .map_err(|error| Error::Resources(format!("no threads for the connections: {error}")))
}

impl Wall {
    /// Connects everybody to targets that run already, and waits until the origin of `pace` for the devices.
    ///
    /// # Errors
    /// [`Error`] when a target cannot be reached or the machine does not give what the run needs.
    pub(crate) fn start(beginning: Beginning<'_>, runtime: Runtime, targets: Targets) -> Result<Self, Error> {
        let Beginning { plan, registry, run, members, devices, pace, expected, teller, observer } = beginning;
        let handle = runtime.handle();
        let probes = Probes::start(plan, registry, &targets, run, pace, &teller, handle)?;
        let mut commanders = BTreeMap::new();
        for (target, answers) in &expected.0 {
            let client_id = format!("iomt-commander-{target}-{run}");
            let subscription = subscription(plan, &targets, *target, client_id, answers.topics.clone(), 1);
            let answers = answers.clone();
            let teller = teller.clone();
            let mut commander = Subscriber::begin(subscription, pace, handle, move |sighting| {
                teller.tell(answers.hear(&sighting.raw, sighting.observed_at).into_iter().collect());
            });
            wait_granted(&mut commander, &plan.targets[*target].id, handle)?;
            commanders.insert(*target, commander);
        }
        let mut fleets = Vec::new();
        let mut visitors = Vec::new();
        for (index, target) in plan.targets.iter().enumerate() {
            let connections = connections(plan, registry, devices, index);
            let first = members.iter().find(|device| plan.link_of(**device).target == index);
            visitors.push(first.map(|device| connection(plan, registry, *device)));
            if connections.is_empty() {
                fleets.push(None);
                continue;
            }
            let (host, port) = targets.address(index);
            let config = FleetConfig::new(host, port, connections, routes(plan));
            let (fleet, events) = Fleet::start(config, pace, handle).map_err(|error| match error {
                FleetError::Resolve { .. } => {
                    Error::Unreachable { target: target.id.clone(), reason: error.to_string() }
                }
                _ => Error::Resources(error.to_string()),
            })?;
            forward(events, teller.clone(), handle);
            fleets.push(Some(fleet));
        }
        let plan = Arc::clone(plan);
        let run = run.to_owned();
        let wall = Self { plan, run, members, visitors, runtime, targets, pace, fleets, probes, commanders, expected };
        wall.wait_online(devices, observer)?;
        Ok(wall)
    }

    /// The threads on which everything runs.
    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Waits for the first connections. Devices that are late send what they have to say when they get through.
    fn wait_online(&self, devices: &[SimId], observer: &dyn Observer) -> Result<(), Error> {
        for (index, fleet) in self.fleets.iter().enumerate() {
            let Some(fleet) = fleet else { continue };
            let planned = devices.iter().filter(|device| self.plan.link_of(**device).target == index).count();
            let lead = Duration::from_nanos((-self.pace.now_ns()).max(0).unsigned_abs());
            let mut online = self.runtime.block_on(fleet.wait_online(planned, lead));
            if online == 0 {
                online = self.runtime.block_on(fleet.wait_online(1, CONNECT_GRACE));
            }
            if online == 0 {
                let stats = self.runtime.block_on(fleet.stats()).unwrap_or_default();
                let reason = stats.connect_failures.iter().max_by_key(|(_, count)| **count);
                return Err(Error::Unreachable {
                    target: self.plan.targets[index].id.clone(),
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
    fn end_fleets(&mut self, patience: Duration, keep: bool, observer: &dyn Observer) -> FleetStats {
        let mut stats = FleetStats::default();
        let deadline = Instant::now() + patience;
        for fleet in std::mem::take(&mut self.fleets).into_iter().flatten() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.runtime.block_on(fleet.shutdown(left)) {
                Ok(end) => {
                    stats.merge(&end.stats);
                    if !keep && !end.left_sessions.is_empty() {
                        let outcome = self.runtime.block_on(end.left_sessions.remove(CLEAN_UP));
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
    fn clear_retained(&self, observer: &dyn Observer) {
        let plan = &self.plan;
        for (target, visitor) in self.visitors.iter().enumerate() {
            let Some(visitor) = visitor else { continue };
            let here = |device: &SimId| plan.link_of(*device).target == target;
            let own: Vec<SimId> = self.members.iter().copied().filter(here).collect();
            let routes = plan.roster.routes.iter().zip(&plan.deliveries);
            let said = routes
                .filter(|(route, delivery)| delivery.retain && own.binary_search(&route.device).is_ok())
                .map(|(_, delivery)| delivery);
            let wills = own.iter().filter_map(|device| plan.endpoints[device.index()].will.as_ref());
            let topics: Vec<&str> = said
                .map(|delivery| delivery.topic.as_str())
                .chain(wills.filter(|will| will.retain).map(|will| will.topic.as_str()))
                .collect();
            if topics.is_empty() {
                continue;
            }
            let visitor = ConnectionConfig { client_id: format!("iomt-cleaner-{}", self.run), ..visitor.clone() };
            let (host, port) = self.targets.address(target);
            let clear = carriers::clear_retained(host, port, visitor, &topics, CLEAN_UP);
            if let Err(error) = self.runtime.block_on(clear) {
                let target = plan.targets[target].id.clone();
                observer.note(Note::RetainedLeft { target, reason: error.to_string() });
            }
        }
    }
}

impl Outside for Wall {
    fn carrier(&mut self, target: usize) -> Option<&mut dyn Carrier> {
        self.fleets.get_mut(target)?.as_mut().map(|fleet| fleet as &mut dyn Carrier)
    }

    fn targets(&self) -> usize {
        self.fleets.len()
    }

    fn now_ns(&self) -> i64 {
        self.pace.now_ns()
    }

    fn pass_until(&mut self, at_ns: i64) {
        std::thread::sleep(self.pace.instant(at_ns).saturating_duration_since(Instant::now()));
    }

    fn command(&mut self, at_ns: i64, command: Publication) {
        let Publication { target, topic, payload } = command;
        let publisher = self.commanders[&target].publisher();
        let instant = self.pace.instant(at_ns);
        self.runtime.spawn(async move {
            tokio::time::sleep_until(instant.into()).await;
            publisher.publish(topic, payload).await;
        });
    }

    fn finish(&mut self, drain_ns: i64, keep: bool, observer: &dyn Observer) -> Finished {
        let patience = Duration::from_nanos(drain_ns.max(0).unsigned_abs());
        let stats = self.end_fleets(patience, keep, observer);
        if !keep {
            self.clear_retained(observer);
        }
        std::thread::sleep(LAST_WORDS);
        let answers = self.expected.evidence();
        for commander in std::mem::take(&mut self.commanders).into_values() {
            commander.stop(self.runtime.handle());
        }
        self.probes.stop(self.runtime.handle());
        Finished { stats, answers, targets: self.targets.reports(), doubts: self.targets.doubts() }
    }
}

fn forward(mut events: FleetEvents, teller: Teller, runtime: &Handle) {
    runtime.spawn(async move {
        while let Some(batch) = events.recv().await {
            teller.tell_carried(batch);
        }
    });
}

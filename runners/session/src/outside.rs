//! What lies beyond the simulation: connections, probes, the user's stack, and the time in which all of it happens.
//!
//! There are two: the [`wall`] clock with real targets, and virtual time with everything in [`memory`]. A run is carried
//! out in the same way in both.

pub(crate) mod memory;
mod probing;
pub(crate) mod targets;
pub(crate) mod wall;

use std::sync::Arc;

use carriers::{Carrier, ConnectionConfig, FleetStats, RouteConfig};
use scenarios::Plan;
use sim_core::{Evidence, Key, Registry, SimId};
use verify::TargetReport;

use crate::observer::Observer;

/// The world of a run. Instants are nanoseconds since the run's origin, at which simulated time begins.
pub(crate) trait Outside {
    /// The connections to a target; none for a target that no device connects to.
    fn carrier(&mut self, target: usize) -> Option<&mut dyn Carrier>;

    /// How many targets there are.
    fn targets(&self) -> usize;

    /// The time [ns].
    fn now_ns(&self) -> i64;

    /// Lets time pass until an instant [ns]; what happens meanwhile is told to the judge.
    fn pass_until(&mut self, at_ns: i64);

    /// Gives a command at an instant [ns].
    fn command(&mut self, at_ns: i64, command: Publication);

    /// Ends the connections: waits at most `drain_ns` until everything is settled, and cleans up unless `keep`.
    fn finish(&mut self, drain_ns: i64, keep: bool, observer: &dyn Observer) -> Finished;
}

/// What is published in a run by somebody who is no device.
#[derive(Debug)]
pub(crate) struct Publication {
    /// At which target.
    pub(crate) target: usize,
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
}

/// What the end of the connections brought.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Counts of all connections.
    pub(crate) stats: FleetStats,
    /// What the answers to commands were.
    pub(crate) answers: Evidence,
    /// What the report says of the targets.
    pub(crate) targets: Vec<TargetReport>,
    /// Reasons not to trust the run.
    pub(crate) doubts: Vec<String>,
}

/// Everything about the routes of a plan that connections need.
pub(crate) fn routes(plan: &Plan) -> Arc<Vec<RouteConfig>> {
    let route =
        |route: &sim_core::Route| RouteConfig { topic: route.topic.clone(), qos: route.qos, retain: route.retain };
    Arc::new(plan.roster.routes.iter().map(route).collect())
}

/// Those of the devices that connect to a target.
pub(crate) fn connections(plan: &Plan, registry: &Registry, devices: &[SimId], target: usize) -> Vec<ConnectionConfig> {
    let here = devices.iter().filter(|device| plan.link_of(**device).target == target);
    here.map(|device| connection(plan, registry, *device)).collect()
}

/// How a device connects.
pub(crate) fn connection(plan: &Plan, registry: &Registry, device: SimId) -> ConnectionConfig {
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

//! Who connects to a broker and how, and where messages go: what a plan says of one target.

use std::sync::Arc;

use scenarios::{Delivery, Plan};
use sim_core::{Key, Registry, SimId};

use super::config::{ConnectionConfig, RouteConfig};
use crate::opening::Opening;

/// What a plan says of the connections to one broker.
#[derive(Debug)]
pub(crate) struct Wiring {
    pub(crate) connections: Vec<ConnectionConfig>,
    /// Where messages go, indexed by `RouteId`.
    pub(crate) routes: Arc<Vec<RouteConfig>>,
    /// How somebody who is no device connects, to clean up; `None` when nobody connects.
    pub(crate) visitor: Option<ConnectionConfig>,
    /// Topics on which the run may leave retained messages, wills included.
    pub(crate) retained: Vec<String>,
}

/// The wiring of one target.
pub(crate) fn of(opening: &Opening<'_>) -> Wiring {
    let Opening { plan, registry, members, devices, run, .. } = opening;
    let connections: Vec<ConnectionConfig> = devices.iter().map(|device| connection(plan, registry, *device)).collect();
    let visitor = connections
        .first()
        .map(|connection| ConnectionConfig { client_id: format!("iomt-cleaner-{run}"), ..connection.clone() });
    Wiring { connections, routes: routes(plan), visitor, retained: retained(plan, members) }
}

fn routes(plan: &Plan) -> Arc<Vec<RouteConfig>> {
    let route = |delivery: &Delivery| {
        let Delivery { topic, qos, retain } = delivery.clone();
        RouteConfig { topic, qos, retain }
    };
    Arc::new(plan.deliveries.iter().map(route).collect())
}

/// How a device connects.
fn connection(plan: &Plan, registry: &Registry, device: SimId) -> ConnectionConfig {
    const TAKEN: &str = "the row of MQTT takes the key";
    let link = plan.link_of(device);
    let endpoint = &plan.endpoints[device.index()];
    let kind = &plan.roster.devices[device.index()].kind;
    let takes_commands = registry.device(kind).is_some_and(|spec| !spec.commands.is_empty());
    ConnectionConfig {
        device,
        client_id: endpoint.client_id.clone(),
        protocol: link.protocol.expect(TAKEN),
        session: link.session.clone().expect(TAKEN),
        outbox: link.outbox.expect(TAKEN),
        will: endpoint.will.clone(),
        auth: link.auth.clone(),
        command_topic: takes_commands.then(|| endpoint.command_topic.clone()),
        reply_topic: takes_commands.then(|| endpoint.reply_topic.clone()),
        key: Key::new(plan.seed, &plan.roster.devices[device.index()].path),
    }
}

fn retained(plan: &Plan, members: &[SimId]) -> Vec<String> {
    let routes = plan.roster.routes.iter().zip(&plan.deliveries);
    let said = routes
        .filter(|(route, delivery)| delivery.retain && members.binary_search(&route.device).is_ok())
        .map(|(_, delivery)| &delivery.topic);
    let wills = members.iter().filter_map(|device| plan.endpoints[device.index()].will.as_ref());
    said.chain(wills.filter(|will| will.retain).map(|will| &will.topic)).cloned().collect()
}

//! Who connects to a broker and how, and where messages go: what a plan says of one target.

use std::path::Path;
use std::sync::Arc;

use scenarios::{Delivery, Plan};
use sim_core::{DevicePlan, Key, Registry, Route, SimId};

use super::config::{ConnectionConfig, RouteConfig};
use super::format_session::FormatTerms;
use super::properties::RouteProperties;
use super::token::TokenMaker;
use super::visitor::Visitor;
use crate::error::CarrierError;
use crate::identity::client_of;
use crate::opening::{Opening, Time};
use crate::pace::Pace;
use crate::transport::tls::TlsTarget;

/// What a plan says of the connections to one broker.
#[derive(Debug)]
pub(crate) struct Wiring {
    pub(crate) connections: Vec<ConnectionConfig>,
    /// Where messages go, indexed by `RouteId`.
    pub(crate) routes: Arc<Vec<RouteConfig>>,
    /// How somebody who is no device connects, to clean up; `None` in virtual time and when nobody connects.
    pub(crate) visitor: Option<Visitor>,
    /// Topics on which the run may leave retained messages, wills included.
    pub(crate) retained: Vec<String>,
}

/// The wiring of one target.
///
/// # Errors
/// [`CarrierError::Security`] when no certificate can be issued to a device.
pub(crate) fn of(opening: &Opening<'_>) -> Result<Wiring, CarrierError> {
    let Opening { plan, registry, target, members, devices, run, broker, time, .. } = opening;
    let (Time::Wall { pace, .. } | Time::Virtual { pace, .. }) = time;
    let tls = broker.and_then(|access| access.tls.as_ref());
    let connections = devices
        .iter()
        .map(|device| connection((plan, registry, *pace), *device, tls, broker.is_some()))
        .collect::<Result<_, _>>()?;
    let visitor = |access| Visitor::of(plan, *target, access, format!("iomt-cleaner-{run}"));
    let visitor = broker.filter(|_| !devices.is_empty()).map(visitor).transpose()?;
    Ok(Wiring { connections, routes: routes(plan, run), visitor, retained: retained(plan, members) })
}

fn routes(plan: &Plan, run: &str) -> Arc<Vec<RouteConfig>> {
    let route = |(route, delivery): (&Route, &Delivery)| {
        let Delivery { topic, qos, retain } = delivery.clone();
        RouteConfig { topic, qos, retain, properties: properties(plan, run, route).map(Arc::new) }
    };
    Arc::new(plan.roster.routes.iter().zip(&plan.deliveries).map(route).collect())
}

/// What the messages of a stream say beside their payload.
fn properties(plan: &Plan, run: &str, route: &Route) -> Option<RouteProperties> {
    let mqtt5 = plan.link_of(route.device).mqtt5.as_ref()?;
    let device = &plan.roster.devices[route.device.index()];
    let stream = &device.streams[usize::from(route.stream)].id;
    // Two runs share no traces.
    let trace = Key::new(plan.seed, &format!("{run}/{}/{stream}", device.path));
    RouteProperties::of(mqtt5, stream, &device.serial, trace)
}

/// How a device connects.
fn connection(
    (plan, registry, pace): (&Plan, &Registry, Pace),
    device: SimId,
    tls: Option<&TlsTarget>,
    on_the_wall: bool,
) -> Result<ConnectionConfig, CarrierError> {
    const TAKEN: &str = "the row of MQTT takes the key";
    let link = plan.link_of(device);
    let endpoint = &plan.endpoints[device.index()];
    let DevicePlan { kind, path, .. } = &plan.roster.devices[device.index()];
    let takes_commands = registry.device(kind).is_some_and(|spec| !spec.commands.is_empty());
    let folder = Path::new(&plan.file).parent().unwrap_or(Path::new(""));
    // In virtual time nobody looks at passwords, and a token would tell the time.
    let (token, user) = (endpoint.token.as_ref().filter(|_| on_the_wall), endpoint.auth.as_ref());
    let token = token.zip(user).map(|(token, auth)| TokenMaker::of(token, &auth.user, folder)).transpose()?;
    let token = token.map(Arc::new);
    Ok(ConnectionConfig {
        device,
        client_id: endpoint.client_id.clone(),
        protocol: link.protocol.expect(TAKEN),
        mqtt5: link.mqtt5.clone().unwrap_or_default(),
        session: link.session.clone().expect(TAKEN),
        outbox: link.outbox.expect(TAKEN),
        will: endpoint.will.clone(),
        auth: endpoint.auth.clone(),
        token,
        tls: tls.map(|tls| client_of(plan, device, tls)).transpose()?,
        command_topic: takes_commands.then(|| endpoint.command_topic.clone()),
        // A command that is lost without a word helps nobody, so it is never below 1.
        command_qos: link.qos.max(1),
        reply_topic: takes_commands.then(|| endpoint.reply_topic.clone()),
        format_terms: FormatTerms::of(plan, registry, device, pace),
        key: Key::new(plan.seed, path),
    })
}

fn retained(plan: &Plan, members: &[SimId]) -> Vec<String> {
    let routes = plan.roster.routes.iter().zip(&plan.deliveries);
    let said = routes
        .filter(|(route, delivery)| delivery.retain && members.binary_search(&route.device).is_ok())
        .map(|(_, delivery)| &delivery.topic);
    let wills = members.iter().filter_map(|device| plan.endpoints[device.index()].will.as_ref());
    said.chain(wills.filter(|will| will.retain).map(|will| &will.topic)).cloned().collect()
}

//! Whether the format of messages can keep its session over a link: topics, delivery, wills, and one session a connection.

use std::collections::{BTreeMap, BTreeSet};

use radio_plan::{AirPlan, GatewayFormatSpec};
use sim_core::{CarrierKind, Registry, Roster, SimId};
use vocabulary::SharedSessionRules;

use crate::language::diagnostic::Notes;
use crate::network::connection::LinkBody;
use crate::network::link::LinkDraft;
use crate::plan::{Carrier, Delivery};

/// The parts that are checked.
#[derive(Debug)]
pub(crate) struct Sessions<'a> {
    pub(crate) notes: &'a Notes,
    pub(crate) registry: &'a Registry,
    pub(crate) links: &'a [LinkDraft],
    pub(crate) roster: &'a Roster,
    pub(crate) air: &'a AirPlan,
    pub(crate) deliveries: &'a [Delivery],
}

/// A connection over which a format keeps a session.
struct Connection<'a> {
    device: SimId,
    /// Those whose messages go over it.
    senders: Vec<SimId>,
    link: usize,
    body: &'a LinkBody,
    format: &'a str,
    rules: SharedSessionRules,
}

impl<'a> Sessions<'a> {
    /// Complains about links on which a session cannot be kept, once a link.
    pub(crate) fn check(&self) {
        let mut complained = BTreeSet::new();
        let mut known: BTreeMap<(usize, String), SimId> = BTreeMap::new();
        for connection in self.devices().chain(self.gateways()) {
            let Connection { device, link, body, .. } = connection;
            if complained.contains(&link) {
                continue;
            }
            let session = self.check_link(&connection).and_then(|()| self.session(&connection));
            let other = session.map(|session| session.and_then(|name| known.insert((body.plan.target, name), device)));
            let shared = match other {
                Ok(None) => continue,
                Ok(Some(other)) => Some(other),
                Err(Refused) => None,
            };
            complained.insert(link);
            if let Some(other) = shared {
                let paths = [other, device].map(|id| &self.roster.devices[id.index()].path);
                let message = format!(
                    "`{}` and `{}` would both be the same node to format `{}`, and each connection is a node of its own; name it \
                     by `${{device.serial}}`, a gateway of `per = \"patient\"` by `${{patient.id}}`",
                    paths[0], paths[1], connection.format
                );
                self.notes.error(body.topic_place, message);
            }
        }
    }

    /// What the link itself says.
    fn check_link(&self, connection: &Connection<'_>) -> Result<(), Refused> {
        let Connection { link, body, format, rules, .. } = connection;
        let place = self.links[*link].id.place;
        let id = &self.links[*link].id.value;
        let (qos, retain) = rules.delivery();
        if (body.plan.qos, body.retain) != (qos, retain) {
            let message = format!(
                "format `{format}` publishes at QoS {qos} and with `retain = {retain}`; write `qos = {qos}`{} in [link.{id}]",
                if body.retain == retain { String::new() } else { format!(" and `retain = {retain}`") }
            );
            self.notes.error(place, message);
            return Err(Refused);
        }
        if body.will.is_some() {
            let message = format!("format `{format}` has a will of its own; take `will` out of [link.{id}]");
            self.notes.error(place, message);
            return Err(Refused);
        }
        Ok(())
    }

    /// The session of a connection, if anything is said over it.
    fn session(&self, connection: &Connection<'_>) -> Result<Option<String>, Refused> {
        let Connection { senders, body, format, rules, .. } = connection;
        let mut sessions = BTreeSet::new();
        for sender in senders {
            for stream in &self.roster.devices[sender.index()].streams {
                let topic = &self.deliveries[stream.route.index()].topic;
                match rules.session_of(topic) {
                    Ok(session) => sessions.insert(session),
                    Err(reason) => {
                        let message = format!("format `{format}` cannot publish on `{topic}`: {reason}");
                        self.notes.error(body.topic_place, message);
                        return Err(Refused);
                    }
                };
            }
        }
        if sessions.len() > 1 {
            let names: Vec<&str> = sessions.iter().map(String::as_str).collect();
            let message = format!(
                "`{}` would be several nodes to format `{format}` over one connection: {}; a connection is one node",
                self.roster.devices[connection.device.index()].path,
                names.join(", ")
            );
            self.notes.error(body.topic_place, message);
            return Err(Refused);
        }
        Ok(sessions.pop_first())
    }

    /// Devices with connections of their own.
    fn devices(&self) -> impl Iterator<Item = Connection<'a>> {
        self.roster.devices.iter().enumerate().filter_map(|(index, plan)| {
            let first = plan.streams.first()?;
            let body = self.body(plan.link, Carrier::Connection)?;
            let format = &self.roster.routes[first.route.index()].format;
            let rules = self.registry.format_of(&self.roster.formats, format).ok()?.session()?;
            let device = SimId(index as u32);
            Some(Connection { device, senders: vec![device], link: plan.link, body, format, rules })
        })
    }

    fn gateways(&self) -> impl Iterator<Item = Connection<'a>> {
        self.air.gateways.iter().filter_map(|gateway| {
            let link = self.roster.devices[gateway.device.index()].link;
            let rules = self.registry.find::<GatewayFormatSpec>(&gateway.format)?.reader.session()?;
            let body = self.body(link, Carrier::Connection)?;
            let senders = gateway.devices.clone();
            Some(Connection { device: gateway.device, senders, link, body, format: &gateway.format, rules })
        })
    }

    /// A link over whose connections sessions are kept.
    fn body(&self, link: usize, carrier: Carrier) -> Option<&'a LinkBody> {
        let body = self.links[link].body.as_ref().ok()?;
        let keeps = self.registry.find::<CarrierKind>(&body.plan.over).is_some_and(|row| row.address.is_broker);
        (body.plan.carrier == carrier && keeps).then_some(body)
    }
}

/// It was complained.
struct Refused;

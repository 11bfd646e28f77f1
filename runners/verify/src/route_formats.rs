//! Which payload formats the messages of a route can have, and what they read in a payload.

use std::sync::Arc;

use radio_plan::GatewayFormatSpec;
use scenarios::{Carrier, Plan};
use sim_core::{Registry, Roster, RouteId};
use vocabulary::{Format, KeyError, MessageKey, SharedSessionRules};

use crate::imprint::Imprint;

/// What the messages of a route are known by, as their own format says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Their sequence number.
    Sequence,
    /// The device's clock.
    DeviceTime,
    /// Nothing but their bytes.
    Bytes,
}

/// The formats of all routes.
#[derive(Debug)]
pub(crate) struct RouteFormats {
    /// Distinct formats by name; `None` where there is no row of that name.
    formats: Vec<(String, Option<Arc<dyn Format>>)>,
    /// Position of each route's format.
    of_route: Vec<u16>,
    /// Positions of the formats that lead to each target.
    of_target: Vec<Vec<u16>>,
}

impl RouteFormats {
    pub(crate) fn of(plan: &Plan, registry: &Registry) -> Self {
        let roster = &plan.roster;
        let mut of_device: Vec<Option<&str>> = vec![None; roster.devices.len()];
        for gateway in &plan.air.gateways {
            for device in &gateway.devices {
                of_device[device.index()].get_or_insert(&gateway.format);
            }
        }
        let mut names: Vec<&str> = Vec::new();
        let mut of_target = vec![Vec::new(); plan.targets.len()];
        let of_route = roster.routes.iter().map(|route| {
            let link = plan.link_of(route.device);
            // What a device hands to its radio never leaves the program; a gateway has words of its own.
            let name = match link.carrier {
                Carrier::Gateway => of_device[route.device.index()].unwrap_or(&route.format),
                Carrier::Connection | Carrier::Host => &route.format,
            };
            let position = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            let here: &mut Vec<u16> = &mut of_target[link.target];
            if link.carrier != Carrier::Host && !here.contains(&(position as u16)) {
                here.push(position as u16);
            }
            position as u16
        });
        let of_route: Vec<u16> = of_route.collect();
        // Whatever devices say may come to a target behind those that they publish to.
        for here in of_target.iter_mut().filter(|here| here.is_empty()) {
            here.extend(0..names.len() as u16);
        }
        let formats = names.into_iter().map(|name| (name.to_owned(), reader(registry, roster, name))).collect();
        Self { formats, of_route, of_target }
    }

    /// Name of a route's format.
    pub(crate) fn name(&self, route: RouteId) -> &str {
        &self.formats[usize::from(self.of_route[route.index()])].0
    }

    /// What a route's own format reads in a payload.
    pub(crate) fn read<'p>(&self, route: RouteId, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        self.read_as(self.of_route[route.index()], payload)
    }

    /// What a payload of a route means, if its format knows a meaning beyond the bytes.
    pub(crate) fn meaning(&self, route: RouteId, payload: &[u8]) -> Option<Vec<u8>> {
        let format = self.formats[usize::from(self.of_route[route.index()])].1.as_ref()?;
        let mut meaning = Vec::with_capacity(payload.len());
        format.write_meaning(payload, &mut meaning).then_some(meaning)
    }

    /// The rules of formats that keep sessions, each with the topics of its messages.
    pub(crate) fn sessions(&self, plan: &Plan) -> Vec<(SharedSessionRules, Vec<String>)> {
        let with_rules = self.formats.iter().enumerate().filter_map(|(position, (_, format))| {
            let topics = self.of_route.iter().zip(&plan.deliveries).filter(|(of, _)| usize::from(**of) == position);
            Some((format.as_ref()?.session()?, topics.map(|(_, delivery)| delivery.topic.clone()).collect()))
        });
        with_rules.collect()
    }

    /// What is kept of a payload of a route.
    pub(crate) fn imprint(&self, route: RouteId, payload: &[u8]) -> Imprint {
        let device_time_ms = self.read(route, payload).ok().and_then(|key| key.device_time_ms);
        Imprint::new(payload, self.meaning(route, payload).as_deref(), device_time_ms)
    }

    /// What a route's messages are known by, as one of them shows.
    pub(crate) fn naming(&self, route: RouteId, payload: &[u8]) -> Naming {
        match self.read(route, payload) {
            Ok(MessageKey { sequence: Some(_), .. }) => Naming::Sequence,
            Ok(MessageKey { device_time_ms: Some(_), .. }) => Naming::DeviceTime,
            Ok(_) | Err(_) => Naming::Bytes,
        }
    }

    /// Which message a payload is that was seen at a target, on the topic of these routes: as the format of one of them
    /// has it, else any format that leads to the target.
    ///
    /// # Errors
    /// [`KeyError::Absent`] when no format gives a key and one of the routes has a format without keys.
    pub(crate) fn find<'p>(
        &self,
        routes: &[RouteId],
        target: usize,
        payload: &'p [u8],
    ) -> Result<MessageKey<'p>, KeyError> {
        let theirs = routes.iter().map(|route| self.of_route[route.index()]);
        let here = self.of_target.get(target).map_or(&[][..], |here| here);
        let mut outcome = None;
        let mut last = None;
        for position in theirs {
            if last == Some(position) {
                continue;
            }
            last = Some(position);
            match self.read_as(position, payload) {
                Ok(key) => return Ok(key),
                Err(error) if error == KeyError::Absent || outcome.is_none() => outcome = Some(error),
                Err(_) => {}
            }
        }
        for position in here {
            if last == Some(*position) {
                continue;
            }
            match self.read_as(*position, payload) {
                Ok(key) => return Ok(key),
                Err(error) => outcome = outcome.or(Some(error)),
            }
        }
        Err(outcome.unwrap_or(KeyError::Absent))
    }

    fn read_as<'p>(&self, position: u16, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        self.formats[usize::from(position)].1.as_ref().ok_or(KeyError::Absent)?.key(payload)
    }
}

/// The format that reads what devices or gateways write under a name.
fn reader(registry: &Registry, roster: &Roster, name: &str) -> Option<Arc<dyn Format>> {
    let gateways = || registry.find::<GatewayFormatSpec>(name).map(|row| Arc::clone(&row.reader));
    registry.format_of(&roster.formats, name).ok().or_else(gateways)
}

//! What a cloud refuses of what devices publish, and who they say they are.

use std::collections::BTreeMap;

use sim_core::{CloudSpec, Registry, Roster};

use crate::language::diagnostic::{Notes, Place};
use crate::network::connection::LinkBody;
use crate::network::link::LinkDraft;
use crate::network::target::TargetDraft;
use crate::plan::{Carrier, Delivery, Endpoint, ProbePlan};

/// The parts that are checked.
#[derive(Debug)]
pub(crate) struct Clouds<'a> {
    pub(crate) notes: &'a Notes,
    pub(crate) registry: &'a Registry,
    pub(crate) targets: &'a [TargetDraft],
    pub(crate) links: &'a [LinkDraft],
    pub(crate) roster: &'a Roster,
    pub(crate) deliveries: &'a [Delivery],
    pub(crate) endpoints: &'a [Endpoint],
    pub(crate) probes: &'a [ProbePlan],
}

impl Clouds<'_> {
    /// Complains about each rule once for each link, with the first that breaks it.
    pub(crate) fn check(&self) {
        let mut told: BTreeMap<(usize, &str), (Place, String)> = BTreeMap::new();
        for (route, delivery) in self.roster.routes.iter().zip(self.deliveries) {
            let device = &self.roster.devices[route.device.index()];
            let Some((cloud, place)) = self.cloud_of(device.link).map(|(cloud, body)| (cloud, body.topic_place)) else {
                continue;
            };
            let topic = &delivery.topic;
            let slashes = topic.matches('/').count();
            if let Some(most) = cloud.topic_slashes.filter(|most| slashes > *most) {
                let message = format!("takes {most} slashes in a topic, and `{topic}` has {slashes}");
                told.entry((device.link, "slashes")).or_insert((place, message));
            }
            if let Some(most) = cloud.topic_bytes.filter(|most| topic.len() > *most) {
                let message = format!("takes topics of {most} bytes, and `{topic}` has {}", topic.len());
                told.entry((device.link, "bytes")).or_insert((place, message));
            }
        }
        for (device, endpoint) in self.roster.devices.iter().zip(self.endpoints) {
            let Some((cloud, body)) = self.cloud_of(device.link) else { continue };
            let client_id = &endpoint.client_id;
            if let Some(most) = cloud.client_id_bytes.filter(|most| client_id.len() > *most) {
                let message = format!("takes client ids of {most} bytes, and `{client_id}` has {}", client_id.len());
                told.entry((device.link, "client id")).or_insert((body.client_id_place, message));
            }
            let is_commanded = self.registry.device(&device.kind).is_some_and(|kind| !kind.commands.is_empty());
            if is_commanded && !cloud.takes_commands && body.plan.carrier == Carrier::Connection {
                let message = format!("has no command topics of one's own, so no command reaches `{}`", device.path);
                self.notes.warning(body.topic_place, format!("cloud `{}` {message}", cloud.name));
            }
        }
        for ((link, _), (place, message)) in told {
            if let Some((cloud, _)) = self.cloud_of(link) {
                self.notes.error(place, format!("cloud `{}` {message} ({})", cloud.name, cloud.source));
            }
        }
        for probe in self.probes {
            let target = &self.targets[probe.target];
            if let Some(cloud) = target.cloud.as_ref().filter(|cloud| !cloud.lets_watch && probe.is_filtered) {
                let message = format!(
                    "cloud `{}` lets nobody subscribe to what devices publish, so probe `{}` sees nothing; watch what is behind it",
                    cloud.name, probe.id
                );
                self.notes.error(target.id.place, message);
            }
        }
    }

    fn cloud_of(&self, link: usize) -> Option<(&CloudSpec, &LinkBody)> {
        let body = self.links[link].body.as_ref().ok()?;
        Some((self.targets[body.plan.target].cloud.as_ref()?, body))
    }
}

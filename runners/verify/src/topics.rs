//! Whose topic a topic is.

use std::collections::HashMap;

use scenarios::Plan;
use sim_core::RouteId;
use xxhash_rust::xxh3::xxh3_64;

/// Routes by topic, and last wills by topic.
#[derive(Debug)]
pub(crate) struct Topics {
    /// The routes of each topic, by a digest of the topic.
    routes: HashMap<u64, Vec<RouteId>>,
    wills: HashMap<u64, u32>,
}

impl Topics {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut routes: HashMap<u64, Vec<RouteId>> = HashMap::with_capacity(plan.deliveries.len());
        for (index, delivery) in plan.deliveries.iter().enumerate() {
            let theirs = routes.entry(xxh3_64(delivery.topic.as_bytes())).or_insert_with(|| Vec::with_capacity(1));
            theirs.push(RouteId(index as u32));
        }
        let endpoints = plan.endpoints.iter().enumerate();
        let wills = endpoints
            .filter_map(|(index, endpoint)| Some((xxh3_64(endpoint.will.as_ref()?.topic.as_bytes()), index as u32)));
        Self { routes, wills: wills.collect() }
    }

    /// The routes that publish on `topic`.
    pub(crate) fn routes(&self, plan: &Plan, topic: &str) -> &[RouteId] {
        let routes = self.routes.get(&xxh3_64(topic.as_bytes())).map_or(&[][..], Vec::as_slice);
        // Of two topics with one digest neither is found: their messages are told by their keys.
        let is_theirs = routes.iter().all(|route| plan.deliveries[route.index()].topic == topic);
        if is_theirs { routes } else { &[] }
    }

    /// Whether this is the last will of one of our devices.
    pub(crate) fn is_will(&self, plan: &Plan, topic: &str, payload: &[u8]) -> bool {
        self.wills
            .get(&xxh3_64(topic.as_bytes()))
            .and_then(|device| plan.endpoints[*device as usize].will.as_ref())
            .is_some_and(|will| will.topic == topic && will.body.as_bytes() == payload)
    }
}

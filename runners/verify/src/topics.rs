//! Whose topic a topic is; needed only for messages that are not where they belong.

use std::collections::BTreeMap;

use scenarios::Plan;
use xxhash_rust::xxh3::xxh3_64;

/// Routes by topic, and last wills by topic.
#[derive(Debug)]
pub(crate) struct Topics {
    routes: BTreeMap<u64, u32>,
    wills: BTreeMap<u64, u32>,
}

impl Topics {
    pub(crate) fn of(plan: &Plan) -> Self {
        let routes = plan.roster.routes.iter().enumerate();
        let endpoints = plan.endpoints.iter().enumerate();
        Self {
            routes: routes.map(|(index, route)| (xxh3_64(route.topic.as_bytes()), index as u32)).collect(),
            wills: endpoints
                .filter_map(|(index, endpoint)| Some((xxh3_64(endpoint.will.as_ref()?.topic.as_bytes()), index as u32)))
                .collect(),
        }
    }

    /// The route that publishes on `topic`.
    pub(crate) fn route(&self, plan: &Plan, topic: &str) -> Option<u32> {
        let route = *self.routes.get(&xxh3_64(topic.as_bytes()))?;
        (plan.roster.routes[route as usize].topic == topic).then_some(route)
    }

    /// Whether this is the last will of one of our devices.
    pub(crate) fn is_will(&self, plan: &Plan, topic: &str, payload: &[u8]) -> bool {
        self.wills
            .get(&xxh3_64(topic.as_bytes()))
            .and_then(|device| plan.endpoints[*device as usize].will.as_ref())
            .is_some_and(|will| will.topic == topic && will.body.as_bytes() == payload)
    }
}

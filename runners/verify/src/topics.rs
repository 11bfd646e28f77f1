//! Whose topic a topic is.

use std::collections::HashMap;

use scenarios::Plan;
use sim_core::RouteId;
use xxhash_rust::xxh3::xxh3_64;

/// The routes of each topic, by a digest of the topic.
type Routes = HashMap<u64, Vec<RouteId>>;

/// Routes by topic, and last wills by topic.
#[derive(Debug)]
pub(crate) struct Topics {
    /// By the topics on which devices publish.
    of_devices: Routes,
    /// By the topics on which each probe is to see them, for probes that have some of their own.
    of_probes: Vec<Option<Routes>>,
    wills: HashMap<u64, u32>,
}

impl Topics {
    pub(crate) fn of(plan: &Plan) -> Self {
        let of_devices = by_topic(plan.deliveries.iter().map(|delivery| delivery.topic.as_str()));
        let own = plan.probes.iter().map(|probe| probe.topics.as_ref());
        let of_probes = own.map(|topics| Some(by_topic(topics?.of_routes.iter().map(String::as_str)))).collect();
        let endpoints = plan.endpoints.iter().enumerate();
        let wills = endpoints
            .filter_map(|(index, endpoint)| Some((xxh3_64(endpoint.will.as_ref()?.topic.as_bytes()), index as u32)));
        Self { of_devices, of_probes, wills: wills.collect() }
    }

    /// The routes that a probe (index into [`Plan::probes`]) is to see on `topic`.
    pub(crate) fn routes(&self, plan: &Plan, probe: usize, topic: &str) -> &[RouteId] {
        let routes = self.of_probes.get(probe).and_then(Option::as_ref).unwrap_or(&self.of_devices);
        let routes = routes.get(&xxh3_64(topic.as_bytes())).map_or(&[][..], Vec::as_slice);
        // Of two topics with one digest neither is found: their messages are told by their keys.
        let is_theirs = routes.iter().all(|route| topic_of(plan, probe, *route) == topic);
        if is_theirs { routes } else { &[] }
    }

    /// Whether a probe is to see what devices say on other topics than theirs.
    pub(crate) fn are_of_probe(&self, probe: usize) -> bool {
        self.of_probes.get(probe).is_some_and(Option::is_some)
    }

    /// Whether devices publish on `topic`.
    pub(crate) fn is_of_devices(&self, plan: &Plan, topic: &str) -> bool {
        let routes = self.of_devices.get(&xxh3_64(topic.as_bytes())).map_or(&[][..], Vec::as_slice);
        routes.iter().any(|route| plan.deliveries[route.index()].topic == topic)
    }

    /// Whether this is the last will of one of our devices.
    pub(crate) fn is_will(&self, plan: &Plan, topic: &str, payload: &[u8]) -> bool {
        self.wills
            .get(&xxh3_64(topic.as_bytes()))
            .and_then(|device| plan.endpoints[*device as usize].will.as_ref())
            .is_some_and(|will| will.topic == topic && will.body.as_bytes() == payload)
    }
}

/// The topic on which a probe (index into [`Plan::probes`]) is to see a route.
pub(crate) fn topic_of(plan: &Plan, probe: usize, route: RouteId) -> &str {
    let own = plan.deliveries[route.index()].topic.as_str();
    plan.probes.get(probe).map_or(own, |probe| probe.topic_of(route.index(), own))
}

fn by_topic<'t>(topics: impl Iterator<Item = &'t str>) -> Routes {
    let mut routes = Routes::with_capacity(topics.size_hint().0);
    for (index, topic) in topics.enumerate() {
        let theirs = routes.entry(xxh3_64(topic.as_bytes())).or_insert_with(|| Vec::with_capacity(1));
        theirs.push(RouteId(index as u32));
    }
    routes
}

//! What probes see of the sessions that payload formats keep: which messages are of a session and no telemetry, and which
//! rules were broken.

use std::collections::BTreeMap;

use scenarios::Plan;
use sim_core::{CarrierKind, Registry};
use vocabulary::SessionFollower;

use crate::route_formats::RouteFormats;

/// What one probe saw of sessions.
#[derive(Debug)]
pub(crate) struct SessionsSeen {
    /// One a format that keeps sessions.
    followers: Vec<Box<dyn SessionFollower>>,
    /// Messages of sessions, by kind.
    pub(crate) messages: BTreeMap<String, u64>,
    /// Rules that were broken, if it looks where sessions are.
    flaws: BTreeMap<String, u64>,
}

impl SessionsSeen {
    /// One for each probe; sessions are kept over connections to brokers alone.
    pub(crate) fn of(plan: &Plan, registry: &Registry, formats: &RouteFormats) -> Vec<Self> {
        let rules = formats.sessions(plan);
        let is_broker = |target: usize| {
            let carrier = plan.targets.get(target).and_then(|target| registry.find::<CarrierKind>(&target.carrier));
            carrier.is_some_and(|row| row.address.is_broker)
        };
        let seen = |target: usize| Self {
            followers: rules.iter().filter(|_| is_broker(target)).map(|(rules, topics)| rules.follow(topics)).collect(),
            messages: BTreeMap::new(),
            flaws: BTreeMap::new(),
        };
        plan.probes.iter().map(|probe| seen(probe.target)).collect()
    }

    /// Takes a publication; true when it is of a session, and no telemetry.
    pub(crate) fn see(&mut self, topic: &str, payload: &[u8]) -> bool {
        let Some(sighting) = self.followers.iter_mut().find_map(|follower| follower.see(topic, payload)) else {
            return false;
        };
        if let Some(flaw) = sighting.flaw {
            *self.flaws.entry(flaw.to_owned()).or_default() += 1;
        }
        if sighting.is_of_session {
            *self.messages.entry(sighting.kind.to_owned()).or_default() += 1;
        }
        sighting.is_of_session
    }

    /// Broken rules, in the words of the format. Where no message of a session came at all, the probe does not look where
    /// they are, and knows of no rule.
    pub(crate) fn flaws(&self) -> BTreeMap<String, u64> {
        if self.messages.is_empty() { BTreeMap::new() } else { self.flaws.clone() }
    }

    /// The probe may have missed something.
    pub(crate) fn lost_sight(&mut self) {
        for follower in &mut self.followers {
            follower.lost_sight();
        }
    }
}

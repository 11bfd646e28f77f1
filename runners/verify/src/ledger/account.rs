//! Accounts: each route as each probe sees it that watches the route.

use std::collections::BTreeSet;

use scenarios::{Carrier, Plan, ProbePlan, topic_matches};
use sim_core::RouteId;

use super::hosts::AtHost;
use super::pauses::Pauses;
use crate::Counts;
use crate::route_formats::Naming;
use crate::route_record::RouteRecord;

/// One route as one probe sees it, and everything counted there.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are facts of a route and of a probe, each independent of the others"
)]
pub(super) struct Account {
    pub(super) route: RouteId,
    /// The probe whose sightings count here; `None` when nobody watches the route.
    pub(super) probe: Option<u16>,
    /// Whether it is the first of its route: of it speak the totals of the run, and expectations that name no probe.
    pub(super) is_first: bool,
    /// Whether an expectation may speak of it.
    pub(super) is_judged: bool,
    /// Whether its probe stands behind the target of the devices, where messages may come on whatever topic.
    pub(super) is_behind: bool,
    pub(super) record: RouteRecord,
    pub(super) counts: Counts,
    pub(super) longest: i64,
    pub(super) pauses: Pauses,
    /// What Bluetooth hosts have had of it, where nobody else listens to its device.
    pub(super) at_host: Option<Box<AtHost>>,
    pub(super) wants_ack: bool,
    /// Whether gateways hand its messages on.
    pub(super) relayed: bool,
    /// What its messages are known by, once the first has been said.
    pub(super) naming: Option<Naming>,
    /// Sightings on its topic that no rule could match; with one of them nobody can tell what was lost.
    pub(super) unmatched: u64,
}

impl Account {
    /// Whether somebody watches the route.
    pub(super) fn is_watched(&self) -> bool {
        self.probe.is_some() || self.at_host.is_some()
    }
}

/// The accounts of a plan, those of one route one after the other.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) all: Vec<Account>,
    /// Position of the first account of each route, and behind the last route the end.
    first: Vec<u32>,
}

impl Accounts {
    pub(super) fn of(plan: &Plan) -> Self {
        let stands: Vec<Stand> = plan.probes.iter().map(|probe| Stand::of(plan, probe)).collect();
        let asked: BTreeSet<usize> = plan.expects.iter().filter_map(|expect| expect.probe).collect();
        let mut accounts = Self { all: Vec::with_capacity(plan.roster.routes.len()), first: vec![0] };
        for route in 0..plan.roster.routes.len() {
            let of_probes = |is_behind: bool| {
                let watching = plan.probes.iter().zip(&stands).enumerate().filter(move |(_, (probe, stand))| {
                    (**stand != Stand::Within) == is_behind && stand.watches(plan, probe, route)
                });
                watching.map(move |(probe, _)| (u16::try_from(probe).ok(), is_behind))
            };
            // Within the stack before behind it, and among equals the one declared first.
            let mut watching: Vec<_> = of_probes(false).chain(of_probes(true)).collect();
            let is_for_hosts = plan.link_of(plan.roster.routes[route].device).carrier == Carrier::Host;
            if is_for_hosts {
                watching.clear();
            }
            if watching.is_empty() {
                watching.push((None, false));
            }
            for (position, (probe, is_behind)) in watching.into_iter().enumerate() {
                let is_asked = probe.is_some_and(|probe| asked.contains(&usize::from(probe)));
                accounts.all.push(Account {
                    route: RouteId(route as u32),
                    probe,
                    is_first: position == 0,
                    is_judged: position == 0 || is_asked,
                    is_behind,
                    record: RouteRecord::default(),
                    counts: Counts::default(),
                    longest: 0,
                    pauses: Pauses::default(),
                    at_host: is_for_hosts.then(Box::default),
                    wants_ack: plan.deliveries[route].qos > 0,
                    relayed: false,
                    naming: None,
                    unmatched: 0,
                });
            }
            accounts.first.push(accounts.all.len() as u32);
        }
        accounts
    }

    /// Positions of the accounts of a route; none for a route that does not exist.
    pub(super) fn of_route(&self, route: RouteId) -> std::ops::Range<usize> {
        match self.first.get(route.index()..route.index() + 2) {
            Some([first, end]) => *first as usize..*end as usize,
            _ => 0..0,
        }
    }

    /// Position of the account of a route at a probe.
    pub(super) fn at(&self, route: RouteId, probe: usize) -> Option<usize> {
        self.of_route(route).find(|position| self.all[*position].probe.map(usize::from) == Some(probe))
    }

    /// The first account of each route.
    pub(super) fn first(&self) -> impl Iterator<Item = &Account> {
        self.all.iter().filter(|account| account.is_first)
    }
}

/// Where a probe stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// At a target of devices, on topics of theirs, or of their commands.
    Within,
    /// At a target of devices, on other topics.
    Aside,
    /// At a target to which no device publishes, on topics of theirs.
    Behind,
    /// There, on other topics.
    Elsewhere,
}

impl Stand {
    fn of(plan: &Plan, probe: &ProbePlan) -> Self {
        let topics_at = |at_target: bool| {
            let routes = plan.roster.routes.iter().zip(&plan.deliveries);
            let there =
                routes.filter(move |(route, _)| !at_target || plan.link_of(route.device).target == probe.target);
            there.map(|(_, delivery)| delivery.topic.as_str())
        };
        let sees = |topic: &str| watches(probe, topic);
        if probe.topics.is_some() {
            return if topics_at(true).next().is_some() { Self::Aside } else { Self::Elsewhere };
        }
        if topics_at(true).next().is_none() {
            return if topics_at(false).any(sees) { Self::Behind } else { Self::Elsewhere };
        }
        let of_commands =
            || plan.endpoints.iter().flat_map(|endpoint| [&endpoint.command_topic, &endpoint.reply_topic]);
        let is_within = topics_at(true).any(sees) || of_commands().any(|topic| sees(topic));
        if is_within { Self::Within } else { Self::Aside }
    }

    fn watches(self, plan: &Plan, probe: &ProbePlan, route: usize) -> bool {
        let link = plan.link_of(plan.roster.routes[route].device);
        let is_here = link.target == probe.target;
        let is_on_topic = || watches(probe, probe.topic_of(route, &plan.deliveries[route].topic));
        match self {
            Self::Within => is_here && is_on_topic(),
            Self::Aside => is_here && link.carrier != Carrier::Host,
            Self::Behind => is_on_topic(),
            Self::Elsewhere => link.carrier != Carrier::Host,
        }
    }
}

fn watches(probe: &ProbePlan, topic: &str) -> bool {
    probe.filters.iter().any(|filter| topic_matches(filter, topic))
}

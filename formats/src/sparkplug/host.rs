//! What a host application knows of nodes by what they publish, and which rules they break.

use std::collections::{BTreeMap, BTreeSet};

use vocabulary::{SessionFollower, SessionSighting};

use super::node::DEATH_NUMBER;
use super::payload::{Metric, Payload};
use super::topic::Topic;

/// Nodes by group and name.
#[derive(Debug)]
pub(super) struct Host {
    nodes: BTreeMap<(String, String), Seen>,
}

/// What was seen of a node.
#[derive(Debug, Default)]
struct Seen {
    /// Whether it was born and has not died since; `None` when that was not to be seen.
    is_alive: Option<bool>,
    /// The sequence number that its next message has, if that is known.
    next: Option<u8>,
    death_number: Option<u64>,
    /// The devices that were born, the node itself without a name, with the numbers that their births declare.
    born: BTreeMap<Option<String>, BTreeSet<u64>>,
}

const UNREADABLE: &str = "a payload that is none of Sparkplug";
const GAP: &str = "a sequence number does not follow on the one before";
const NOT_FROM_ZERO: &str = "an NBIRTH whose sequence number is not 0";
const BEFORE_BIRTH: &str = "data of a node before its NBIRTH";
const DEVICE_BEFORE_NODE: &str = "a DBIRTH before the NBIRTH of its node";
const DEVICE_BEFORE_BIRTH: &str = "data of a device before its DBIRTH";
const UNDECLARED: &str = "a number for a name that no birth has declared";
const SHARED_ALIAS: &str = "a number for a name that stands for two";
const WITHOUT_DEATH_NUMBER: &str = "an NBIRTH or NDEATH without bdSeq";
const STRANGE_DEATH: &str = "an NDEATH whose bdSeq is not that of the NBIRTH before";

impl Host {
    /// One that follows the nodes of these topics.
    pub(super) fn of(topics: &[String]) -> Self {
        let topics = topics.iter().filter_map(|topic| Topic::read(topic));
        Self { nodes: topics.map(|topic| ((topic.group.to_owned(), topic.node.to_owned()), Seen::default())).collect() }
    }
}

impl SessionFollower for Host {
    fn see(&mut self, topic: &str, payload: &[u8]) -> Option<SessionSighting> {
        let topic = Topic::read(topic)?;
        let is_of_session = !matches!(topic.kind, "NDATA" | "DDATA");
        let seen = self.nodes.get_mut(&(topic.group.to_owned(), topic.node.to_owned()))?;
        let flaw = match Payload::read(payload) {
            Ok(payload) => seen.see(topic, &payload),
            Err(_) => Some(UNREADABLE),
        };
        Some(SessionSighting { kind: topic.kind, is_of_session, flaw })
    }

    fn lost_sight(&mut self) {
        for seen in self.nodes.values_mut() {
            (seen.is_alive, seen.next) = (None, None);
        }
    }
}

impl Seen {
    fn see(&mut self, topic: Topic<'_>, payload: &Payload<'_>) -> Option<&'static str> {
        let device = topic.device.map(str::to_owned);
        match topic.kind {
            "NBIRTH" => self.is_born(payload),
            "NDEATH" => self.dies(payload),
            "DBIRTH" => {
                let flaw = (self.is_alive == Some(false)).then_some(DEVICE_BEFORE_NODE).or(self.follows(payload));
                flaw.or(self.declare(device, payload))
            }
            "DDEATH" => {
                let flaw = self.follows(payload);
                self.born.remove(&device);
                flaw
            }
            "NDATA" | "DDATA" => self.says(topic.device, payload),
            _ => None,
        }
    }

    fn is_born(&mut self, payload: &Payload<'_>) -> Option<&'static str> {
        self.is_alive = Some(true);
        self.born.clear();
        self.death_number = payload.named(DEATH_NUMBER).and_then(Metric::long);
        self.next = payload.sequence.map(|sequence| (sequence as u8).wrapping_add(1));
        let flaw = (payload.sequence != Some(0)).then_some(NOT_FROM_ZERO);
        let flaw = flaw.or(self.death_number.is_none().then_some(WITHOUT_DEATH_NUMBER));
        flaw.or(self.declare(None, payload))
    }

    fn dies(&mut self, payload: &Payload<'_>) -> Option<&'static str> {
        let of = payload.named(DEATH_NUMBER).and_then(Metric::long);
        if of.is_none() {
            return Some(WITHOUT_DEATH_NUMBER);
        }
        // A death of a session before the present one comes late and means nothing; where none was born it is nobody's.
        if self.death_number != of {
            return (self.is_alive == Some(true)).then_some(STRANGE_DEATH);
        }
        self.is_alive = Some(false);
        self.next = None;
        self.born.clear();
        None
    }

    /// Whether a message has the number that is due.
    fn follows(&mut self, payload: &Payload<'_>) -> Option<&'static str> {
        let due = self.next;
        self.next = payload.sequence.map(|sequence| (sequence as u8).wrapping_add(1));
        due.is_some_and(|due| payload.sequence != Some(u64::from(due))).then_some(GAP)
    }

    /// Takes the numbers that a birth declares.
    fn declare(&mut self, device: Option<String>, payload: &Payload<'_>) -> Option<&'static str> {
        self.born.remove(&device);
        let declared: Vec<u64> = payload.metrics.iter().filter_map(|metric| metric.alias).collect();
        let own: BTreeSet<u64> = declared.iter().copied().collect();
        let is_shared = own.len() < declared.len() || self.born.values().any(|others| !others.is_disjoint(&own));
        self.born.insert(device, own);
        is_shared.then_some(SHARED_ALIAS)
    }

    fn says(&mut self, device: Option<&str>, payload: &Payload<'_>) -> Option<&'static str> {
        if self.is_alive.is_none() && self.born.is_empty() && self.death_number.is_none()
            || self.is_alive == Some(false)
        {
            self.next = None;
            return Some(BEFORE_BIRTH);
        }
        let flaw = self.follows(payload);
        let Some(own) = self.born.get(&device.map(str::to_owned)) else { return flaw.or(Some(DEVICE_BEFORE_BIRTH)) };
        let is_undeclared = |metric: &Metric<'_>| metric.alias.is_some_and(|alias| !own.contains(&alias));
        flaw.or(payload.metrics.iter().any(is_undeclared).then_some(UNDECLARED))
    }
}

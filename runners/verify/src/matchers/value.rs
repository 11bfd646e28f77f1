//! By what the payload says, for formats that do not say which message it is.
//!
//! Messages of a route that say the same cannot be told apart: each sighting counts for the first that was not seen yet, so
//! that a copy of one can hide the loss of another. On a topic of nobody it is found wherever one route alone has said so.
//! And what nobody has said may be a message that was altered, or none.

use vocabulary::Sighting;

use crate::matcher::{Claim, Finding, Known, Matcher, Recall};

/// The rule.
#[derive(Debug)]
pub(super) struct Value;

impl Matcher for Value {
    fn find(&self, sighting: &Sighting, claim: &Claim<'_>, known: &dyn Known) -> Finding {
        let on_topic = known.routes_on(&sighting.topic);
        let routes = match claim.route(&sighting.topic, known) {
            Ok(route) => vec![route],
            Err(Finding::NotApplicable) if on_topic.is_empty() => known.saying(&sighting.raw),
            Err(Finding::NotApplicable) => on_topic.to_vec(),
            Err(finding) => return finding,
        };
        if on_topic.is_empty() && routes.len() > 1 {
            return Finding::NotApplicable;
        }
        let message = routes.iter().find_map(|route| match known.with_bytes(*route, &sighting.raw) {
            Recall::Message(sequence) => Some(Finding::Message { route: *route, sequence }),
            Recall::NoSuch | Recall::Forgotten => None,
        });
        message.unwrap_or(Finding::NotApplicable)
    }
}

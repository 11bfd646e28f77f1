//! By what the payload says, for formats that do not say which message it is.
//!
//! Messages that say the same cannot be told apart: each sighting counts for the first that was not seen yet, so that a
//! copy of one can hide the loss of another. And bytes that nobody has said may be a message that was altered, or none.

use vocabulary::Sighting;

use crate::matcher::{Claim, Finding, Known, Matcher, Recall};

/// The rule.
#[derive(Debug)]
pub(super) struct Value;

impl Matcher for Value {
    fn find(&self, sighting: &Sighting, claim: &Claim<'_>, known: &dyn Known) -> Finding {
        let claimed = claim.route(known);
        let routes = match &claimed {
            Ok(route) => std::slice::from_ref(route),
            Err(Finding::NotApplicable) => known.routes_on(&sighting.topic),
            Err(finding) => return *finding,
        };
        let message = routes.iter().find_map(|route| match known.with_bytes(*route, &sighting.raw) {
            Recall::Message(sequence) => Some(Finding::Message { route: *route, sequence }),
            Recall::NoSuch | Recall::Forgotten => None,
        });
        message.unwrap_or(Finding::NotApplicable)
    }
}

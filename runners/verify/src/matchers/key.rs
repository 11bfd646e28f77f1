//! By device, stream and sequence number; what the payload does not say of them, its topic may.

use vocabulary::Sighting;

use crate::matcher::{Claim, Finding, Known, Matcher};

/// The rule.
#[derive(Debug)]
pub(super) struct Key;

impl Matcher for Key {
    fn find(&self, sighting: &Sighting, claim: &Claim<'_>, known: &dyn Known) -> Finding {
        let Some(sequence) = claim.sequence else { return Finding::NotApplicable };
        claim.route(&sighting.topic, known).map_or_else(|finding| finding, |route| Finding::Message { route, sequence })
    }
}

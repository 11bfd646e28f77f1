//! By device, stream and sequence number.

use vocabulary::Sighting;

use crate::matcher::{Claim, Finding, Known, Matcher};

/// The rule.
#[derive(Debug)]
pub(super) struct Key;

impl Matcher for Key {
    fn find(&self, _: &Sighting, claim: &Claim<'_>, known: &dyn Known) -> Finding {
        let Some(sequence) = claim.sequence else { return Finding::NotApplicable };
        claim.route(known).map_or_else(|finding| finding, |route| Finding::Message { route, sequence })
    }
}

//! By device, stream and the device's own clock, for formats without a sequence number.

use vocabulary::Sighting;

use crate::matcher::{Claim, Finding, Known, Matcher, Recall};

/// The rule.
#[derive(Debug)]
pub(super) struct DeviceTime;

impl Matcher for DeviceTime {
    fn find(&self, sighting: &Sighting, claim: &Claim<'_>, known: &dyn Known) -> Finding {
        let Some(device_time_ms) = claim.device_time_ms else { return Finding::NotApplicable };
        let route = match claim.route(&sighting.topic, known) {
            Ok(route) => route,
            Err(finding) => return finding,
        };
        match known.at_time(route, device_time_ms) {
            Recall::Message(sequence) => Finding::Message { route, sequence },
            Recall::NoSuch => Finding::NeverSaid { route },
            Recall::Forgotten => Finding::NotApplicable,
        }
    }
}

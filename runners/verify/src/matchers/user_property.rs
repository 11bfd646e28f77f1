//! By a property that travels beside the payload.

use vocabulary::Sighting;

use crate::matcher::{Claim, Finding, Known, Matcher};

/// Name of the property that tells which message a payload is: `SEQUENCE/STREAM/SERIAL`.
pub const MESSAGE_PROPERTY: &str = "iomt-message";

/// The rule.
#[derive(Debug)]
pub(super) struct UserProperty;

impl Matcher for UserProperty {
    fn find(&self, sighting: &Sighting, _: &Claim<'_>, known: &dyn Known) -> Finding {
        let told = sighting.properties.iter().find(|(name, _)| name == MESSAGE_PROPERTY);
        let Some(claim) = told.and_then(|(_, value)| claim_of(value)) else { return Finding::NotApplicable };
        let Some(sequence) = claim.sequence else { return Finding::NotApplicable };
        claim.route(&sighting.topic, known).map_or_else(|finding| finding, |route| Finding::Message { route, sequence })
    }
}

/// Serials may hold any character, so they come last.
fn claim_of(value: &str) -> Option<Claim<'_>> {
    let (sequence, rest) = value.split_once('/')?;
    let (stream, serial) = rest.split_once('/')?;
    Some(Claim {
        device_serial: Some(serial.into()),
        patient_id: None,
        stream: Some(stream.into()),
        sequence: Some(sequence.parse().ok()?),
        device_time_ms: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_may_hold_slashes() {
        let claim = claim_of("7/vitals/SN/3").expect("a whole name");
        assert_eq!((claim.sequence, claim.stream.as_deref()), (Some(7), Some("vitals")));
        assert_eq!(claim.device_serial.as_deref(), Some("SN/3"));
        assert_eq!((claim_of("7/vitals"), claim_of("-7/vitals/SN")), (None, None));
    }
}

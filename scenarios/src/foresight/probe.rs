//! Probes that see nothing of what devices say.

use crate::events::path::Cast;
use crate::language::diagnostic::{Notes, Place};
use crate::network::topic_filter::matches_by;
use crate::plan::{Carrier, Delivery, ProbePlan};

/// Warns about declared filters that take in no topic of any device.
///
/// The stack may publish something of its own there, so it is not an error.
pub(crate) fn check_probes(
    notes: &Notes,
    cast: &Cast<'_>,
    deliveries: &[Delivery],
    probes: &[ProbePlan],
    places: &[Vec<Place>],
) {
    for (probe, places) in probes.iter().zip(places) {
        for (filter, place) in probe.filters.iter().zip(places) {
            if !sees(cast, deliveries, probe.target, filter) {
                let target = &cast.targets[probe.target].id.value;
                let message = format!(
                    "`{filter}` takes in no topic on which a device publishes to `{target}`; unless the stack itself \
                     publishes there, the probe sees nothing"
                );
                notes.warning(*place, message);
            }
        }
    }
}

fn sees(cast: &Cast<'_>, deliveries: &[Delivery], target: usize, filter: &str) -> bool {
    cast.roster.routes.iter().zip(deliveries).any(|(route, delivery)| {
        let link = cast.links[cast.roster.devices[route.device.index()].link].body.as_ref();
        link.is_ok_and(|body| body.plan.target == target && body.plan.carrier != Carrier::Host)
            && takes_in(filter, &delivery.topic)
    })
}

/// Whether a filter takes in a topic. `${run}`, which the runner fills in, may be any part of a level.
fn takes_in(filter: &str, topic: &str) -> bool {
    matches_by(filter, topic, |wanted, level| wanted == level || level.contains("${run}"))
}

#[cfg(test)]
mod tests {
    use super::takes_in;

    #[test]
    fn filters_take_in_what_mqtt_says() {
        let sees = |filter: &str, topic| takes_in(filter, topic);
        assert!(sees("a/+/c", "a/b/c") && sees("a/#", "a/b/c") && sees("a/#", "a") && sees("a/x-1", "a/${run}-1"));
        assert!(!sees("a/+", "a/b/c") && !sees("b/#", "a/b") && !sees("a/b/c", "a/b"));
    }
}

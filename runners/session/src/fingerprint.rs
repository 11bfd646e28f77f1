//! What the devices of a plan say, as one number.

use scenarios::Plan;
use sim_core::{Fingerprint, FingerprintItem, Registry, SimTime, Span};

use crate::error::Error;
use crate::offline::Offline;
use crate::partition::Partition;

/// Fingerprint of everything that devices and gateways say within `length`, simulated in steps of `tick` on so many
/// threads; neither of these may change it, and the fingerprints of all parts of a partition add up.
///
/// # Errors
/// [`Error::Build`] when a model refuses its parameters, [`Error::Panicked`] when one panics.
pub fn fingerprint(
    plan: &Plan,
    registry: &Registry,
    length: Span,
    threads: usize,
    tick: Span,
    partition: Option<Partition>,
) -> Result<Fingerprint, Error> {
    let roster = &plan.roster;
    let mut offline = Offline::new(plan, registry, threads, partition)?;
    let mut fingerprint = Fingerprint::default();
    let (mut reached, end) = (SimTime::ZERO, SimTime::ZERO + length);
    while reached < end {
        reached = (reached + tick).min(end);
        offline.advance_to(reached)?;
        let messages = offline.take_messages(plan);
        for message in messages.own.iter().chain(&messages.spoken).chain(&messages.air.handed_on) {
            let route = &roster.routes[message.route.index()];
            let delivery = &plan.deliveries[message.route.index()];
            let device = &roster.devices[message.device.index()];
            fingerprint.add(&FingerprintItem {
                path: &device.path,
                stream: &device.streams[usize::from(route.stream)].id,
                sequence: message.sequence,
                intended: message.intended,
                topic: &delivery.topic,
                qos: delivery.qos,
                payload: &message.payload,
            });
        }
    }
    Ok(fingerprint)
}

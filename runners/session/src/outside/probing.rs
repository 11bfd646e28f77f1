//! The probes of a plan: subscribers whose sightings go to the judge.

use carriers::Pace;
use probes::mqtt::{Subscriber, Subscription};
use scenarios::Plan;
use tokio::runtime::Handle;

use super::targets::Targets;
use crate::error::Error;
use crate::events::sighted;
use crate::judge::Teller;

/// Probes at work.
#[derive(Debug)]
pub(crate) struct Probes(Vec<(String, Subscriber)>);

impl Probes {
    /// Starts every probe and waits until all of them are subscribed.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when a broker does not grant a subscription in time.
    pub(crate) fn start(
        plan: &Plan,
        targets: &Targets,
        run: &str,
        pace: Pace,
        teller: &Teller,
        runtime: &Handle,
    ) -> Result<Self, Error> {
        let begin = |(index, probe): (usize, &scenarios::ProbePlan)| {
            let client_id = format!("iomt-probe-{}-{run}", probe.id);
            let subscription = subscription(plan, targets, probe.target, client_id, probe.filters.clone(), probe.qos);
            let teller = teller.clone();
            let subscriber = Subscriber::begin(subscription, pace, runtime, move |sighting| {
                teller.tell(vec![sighted(index, sighting)]);
            });
            (plan.targets[probe.target].id.clone(), subscriber)
        };
        let mut subscribers: Vec<_> = plan.probes.iter().enumerate().map(begin).collect();
        for (target, subscriber) in &mut subscribers {
            wait_granted(subscriber, target, runtime)?;
        }
        Ok(Self(subscribers))
    }

    /// Ends the probes and removes their sessions from the brokers.
    pub(crate) fn stop(&mut self, runtime: &Handle) {
        for (_, subscriber) in std::mem::take(&mut self.0) {
            subscriber.stop(runtime);
        }
    }
}

/// A subscription at a target of the plan, with the name and password of the first link that goes there.
pub(crate) fn subscription(
    plan: &Plan,
    targets: &Targets,
    target: usize,
    client_id: String,
    filters: Vec<String>,
    qos: u8,
) -> Subscription {
    let (host, port) = targets.address(target);
    let link = plan.links.iter().find(|link| link.target == target);
    let auth = link.and_then(|link| link.auth.as_ref());
    Subscription {
        host: host.to_owned(),
        port,
        client_id,
        auth: auth.map(|auth| (auth.user.clone(), auth.password.clone())),
        filters,
        qos,
    }
}

/// Waits until a target granted the subscriptions.
///
/// # Errors
/// [`Error::Unreachable`] when it does not, or not in time.
pub(crate) fn wait_granted(subscriber: &mut Subscriber, target: &str, runtime: &Handle) -> Result<(), Error> {
    subscriber
        .wait_granted(runtime)
        .map_err(|error| Error::Unreachable { target: target.to_owned(), reason: error.to_string() })
}

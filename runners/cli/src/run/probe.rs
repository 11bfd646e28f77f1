//! The probes of a plan: subscribers whose sightings go to the judge.

use std::sync::mpsc::Sender;

use fleet::Pace;
use scenarios::Plan;
use tokio::runtime::Handle;

use super::judge::{Sighting, Testimony};
use super::stack::Stack;
use super::subscriber::{Subscription, Watch};
use crate::failure::Failure;

/// Probes at work.
#[derive(Debug)]
pub(crate) struct Probes(Vec<Watch>);

impl Probes {
    /// Starts every probe and waits until all of them are subscribed.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when a broker does not grant a subscription in time.
    pub(crate) fn start(
        plan: &Plan,
        stack: &Stack,
        run: &str,
        pace: Pace,
        testimony: &Sender<Testimony>,
        runtime: &Handle,
    ) -> Result<Self, Failure> {
        let begin = |(index, probe): (usize, &scenarios::ProbePlan)| {
            let client_id = format!("iomt-probe-{}-{run}", probe.id);
            let subscription = Subscription::at(plan, stack, probe.target, client_id, probe.filters.clone(), probe.qos);
            let testimony = testimony.clone();
            Watch::begin(subscription, pace, runtime, move |publish, at| {
                let (topic, payload, retained) = (publish.topic, publish.payload, publish.retain);
                // When the judge is gone the run is over.
                let _ = testimony.send(Testimony::Observed(Sighting { probe: index, topic, payload, at, retained }));
            })
        };
        let mut watches: Vec<Watch> = plan.probes.iter().enumerate().map(begin).collect();
        watches.iter_mut().try_for_each(|watch| watch.wait_granted(runtime))?;
        Ok(Self(watches))
    }

    /// Ends the probes and removes their sessions from the brokers.
    pub(crate) fn stop(self, runtime: &Handle) {
        for watch in self.0 {
            watch.stop(runtime);
        }
    }
}

//! The probes of a plan: subscribers whose sightings go to the judge.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use bytes::Bytes;
use fleet::Pace;
use rumqttc::AsyncClient;
use scenarios::Plan;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::judge::{Sighting, Testimony};
use super::stack::Stack;
use super::subscriber::Subscription;
use crate::failure::Failure;

/// Longest wait for a broker to grant the subscriptions.
const PATIENCE: Duration = Duration::from_secs(8);

/// Probes at work.
#[derive(Debug)]
pub(crate) struct Probes {
    at_work: Vec<(Subscription, AsyncClient, JoinHandle<()>)>,
}

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
        let mut at_work = Vec::new();
        let mut waiting = Vec::new();
        for (index, probe) in plan.probes.iter().enumerate() {
            let (host, port) = stack.address(probe.target);
            let auth = plan
                .links
                .iter()
                .find(|link| link.target == probe.target)
                .and_then(|link| link.auth.as_ref())
                .map(|auth| (auth.user.clone(), auth.password.clone()));
            let subscription = Subscription {
                host: host.to_owned(),
                port,
                client_id: format!("iomt-probe-{}-{run}", probe.id),
                auth,
                filters: probe.filters.clone(),
                qos: probe.qos,
            };
            let (client, event_loop) = subscription.client();
            let (ready, granted) = oneshot::channel();
            let testimony = testimony.clone();
            let follow = subscription.clone().follow(client.clone(), event_loop, pace, ready, move |publish, at| {
                let (topic, payload, retained): (String, Bytes, bool) =
                    (publish.topic, publish.payload, publish.retain);
                // When the judge is gone the run is over.
                let _ = testimony.send(Testimony::Observed(Sighting { probe: index, topic, payload, at, retained }));
            });
            at_work.push((subscription, client, runtime.spawn(follow)));
            waiting.push((probe.target, granted));
        }
        let probes = Self { at_work };
        for (target, granted) in waiting {
            let outcome = runtime.block_on(async { tokio::time::timeout(PATIENCE, granted).await });
            let reason = match outcome {
                Ok(Ok(Ok(()))) => continue,
                Ok(Ok(Err(reason))) => reason,
                Ok(Err(_)) | Err(_) => format!("no subscription within {} s", PATIENCE.as_secs()),
            };
            return Err(Failure::Unreachable { target: plan.targets[target].id.clone(), reason });
        }
        Ok(probes)
    }

    /// Ends the probes and removes their sessions from the brokers.
    pub(crate) fn stop(self, runtime: &Handle) {
        let sessions: Vec<Arc<Subscription>> = self
            .at_work
            .into_iter()
            .map(|(subscription, client, task)| {
                // The connection goes down with its task either way; the broker sees a clean end if there is time.
                let _ = client.try_disconnect();
                task.abort();
                Arc::new(subscription)
            })
            .collect();
        runtime.block_on(async {
            for session in sessions {
                // A broker that is gone keeps nothing that could be removed.
                let _ = tokio::time::timeout(Duration::from_secs(2), session.forget()).await;
            }
        });
    }
}

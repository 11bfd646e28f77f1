//! The probes of a plan, whose sightings go to the judge.

use std::sync::Arc;
use std::time::Duration;

use carriers::Pace;
use probes::mqtt::Subscriber;
use probes::{Inspect, Inspection, Look, Probe, ProbeError, Sight, Start};
use scenarios::{Plan, TargetPlan};
use sim_core::{ProbeKind, Registry};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use verify::Event;

use super::targets::Targets;
use crate::error::Error;
use crate::judge::Teller;

/// Probes at work.
pub(crate) struct Probes {
    probes: Vec<Box<dyn Probe>>,
    /// Tells when none of them could see.
    pauses: Option<JoinHandle<()>>,
}

/// How often this process looks whether it is run.
const BEAT: Duration = Duration::from_millis(100);

/// So much later than it should is a pause: brokers throw away what nobody takes for long [ns].
const PAUSE: i64 = 250_000_000;

impl Probes {
    /// Starts every probe and waits until all of them see.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when a target does not let a probe look, or not in time.
    pub(crate) fn start(
        plan: &Plan,
        registry: &Registry,
        targets: &Targets,
        run: &str,
        pace: Pace,
        teller: &Teller,
        runtime: &Handle,
    ) -> Result<Self, Error> {
        let mut watching = Vec::new();
        for (index, probe) in plan.probes.iter().enumerate() {
            let target = &plan.targets[probe.target].id;
            let unreachable =
                |error: ProbeError| Error::Unreachable { target: target.clone(), reason: error.to_string() };
            let kind = registry.find::<ProbeKind>(&probe.kind);
            let kind = kind.ok_or_else(|| unreachable(ProbeError::NoCode { kind: probe.kind.clone() }))?;
            let teller = teller.clone();
            let of_sight = teller.clone();
            let start = Start {
                id: &probe.id,
                arguments: &probe.arguments,
                filters: &probe.filters,
                qos: probe.qos,
                url: &plan.targets[probe.target].url,
                broker: targets.broker(probe.target).map(|broker| (&broker.access, &broker.visitor)),
                run,
                pace,
                runtime,
                see: Arc::new(move |sighting| teller.tell(vec![Event::Sighted { probe: index, sighting }])),
                tell_sight: Arc::new(move |sight| of_sight.tell(vec![of_probe(index, sight)])),
            };
            watching.push((probes::start(kind, start).map_err(unreachable)?, target));
        }
        for (probe, target) in &mut watching {
            let ready = probe.wait_ready(runtime);
            ready.map_err(|error| Error::Unreachable { target: target.clone(), reason: error.to_string() })?;
        }
        let probes = watching.into_iter().map(|(probe, _)| probe).collect();
        let pauses = runtime.spawn(tell_pauses(pace, plan.probes.len(), teller.clone()));
        Ok(Self { probes, pauses: Some(pauses) })
    }

    /// Ends the probes and removes what they left at their targets.
    pub(crate) fn stop(&mut self, runtime: &Handle) {
        if let Some(pauses) = self.pauses.take() {
            pauses.abort();
        }
        for probe in std::mem::take(&mut self.probes) {
            probe.stop(runtime);
        }
    }
}

/// Tells when this process was not run, as on a machine that is too busy or was stopped: no probe could see meanwhile.
async fn tell_pauses(pace: Pace, probes: usize, teller: Teller) {
    loop {
        let due = pace.now_ns() + BEAT.as_nanos() as i64;
        tokio::time::sleep(BEAT).await;
        let now = pace.now_ns();
        if now - due > PAUSE {
            let reason = "this process was not run".to_owned();
            let blind = |probe| {
                let reason = reason.clone();
                Event::ProbeBlind { probe, since: due, until: Some(now), ended_owing: None, reason }
            };
            teller.tell((0..probes).map(blind).collect());
        }
    }
}

fn of_probe(probe: usize, sight: Sight) -> Event {
    match sight {
        Sight::Lost { since, ended_owing, reason } => {
            Event::ProbeBlind { probe, since, until: None, ended_owing, reason }
        }
        Sight::Back { at, resumed } => Event::ProbeSees { probe, at, resumed },
    }
}

/// A probe that looks when it is asked to, with its number.
pub(crate) type Looking = (usize, Box<dyn Look>);

/// The probes of a target that look when they are asked to, by number; other kinds listen in virtual time.
///
/// # Errors
/// [`Error::Unreachable`] when there is nothing to look at.
pub(crate) fn looking(plan: &Plan, registry: &Registry, run: &str, target: usize) -> Result<Vec<Looking>, Error> {
    let TargetPlan { id, url, .. } = &plan.targets[target];
    let mut looking = Vec::new();
    for (index, probe) in plan.probes.iter().enumerate().filter(|(_, probe)| probe.target == target) {
        let kind = registry.find::<ProbeKind>(&probe.kind);
        let Some(Inspect(inspect)) = kind.and_then(|kind| kind.executor.code()) else { continue };
        let inspection = Inspection { id: &probe.id, arguments: &probe.arguments, filters: &probe.filters, url, run };
        let look = inspect(&inspection);
        let look = look.map_err(|error| Error::Unreachable { target: id.clone(), reason: error.to_string() })?;
        looking.push((index, look));
    }
    Ok(looking)
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

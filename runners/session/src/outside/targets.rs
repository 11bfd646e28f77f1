//! The targets of a run; brokers are started here, or somebody else's.

use std::time::Duration;

use scenarios::{Plan, TargetPlan};
use sim_core::Registry;
use stack::{Broker, BrokerChoice, BrokerConfig, BrokerError, BrokerKind};
use verify::TargetReport;

use crate::error::Error;

/// How long [`check_targets`] waits for each target.
const PATIENCE: Duration = Duration::from_secs(3);

/// One broker a target, none for a target that is something else.
#[derive(Debug)]
pub(crate) struct Targets {
    brokers: Vec<Option<Box<dyn Broker>>>,
    reports: Vec<TargetReport>,
}

impl Targets {
    /// Starts or reaches the broker of every target.
    ///
    /// # Errors
    /// [`Error::Target`] when the URL means nothing, [`Error::Unreachable`] when nobody answers.
    pub(crate) fn start(plan: &Plan, registry: &Registry) -> Result<Self, Error> {
        let mut targets = Self { brokers: Vec::new(), reports: Vec::new() };
        for (index, target) in plan.targets.iter().enumerate() {
            if !is_broker(target, registry) {
                targets.brokers.push(None);
                let is_host = plan.host_of(index).is_some();
                let identity = if is_host { "Bluetooth controllers for hosts that attach" } else { "" }.to_owned();
                targets.reports.push(TargetReport { id: target.id.clone(), url: target.url.clone(), identity });
                continue;
            }
            let choice = BrokerChoice::parse(&target.url)
                .map_err(|error| Error::Target { target: target.id.clone(), reason: error.to_string() })?;
            let broker =
                stack::start(&choice, &BrokerConfig::default()).map_err(|error| refused(&target.id, &error))?;
            targets.reports.push(TargetReport {
                id: target.id.clone(),
                url: target.url.clone(),
                identity: match choice.kind() {
                    BrokerKind::External => String::new(),
                    BrokerKind::Embedded | BrokerKind::Mosquitto => {
                        format!("{} on {}", broker.identity().name, broker.address())
                    }
                },
            });
            targets.brokers.push(Some(broker));
        }
        Ok(targets)
    }

    /// Host and port of a target that is a broker.
    pub(crate) fn address(&self, target: usize) -> Option<(&str, u16)> {
        let address = self.brokers[target].as_ref()?.address();
        Some((&address.host, address.port))
    }

    /// What the report says of the targets, with what carriers say of theirs.
    pub(crate) fn reports(&self, identities: Vec<Option<String>>) -> Vec<TargetReport> {
        let mut reports = self.reports.clone();
        for (report, identity) in reports.iter_mut().zip(identities) {
            if let Some(identity) = identity.filter(|_| report.identity.is_empty()) {
                report.identity = identity;
            }
        }
        reports
    }

    /// Messages that brokers of ours threw away although they had accepted them, in words; these losses are not the
    /// pipeline's.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let dropped = self.brokers.iter().flatten().filter_map(|broker| broker.dropped());
        let (qos0, queued) = dropped.fold((0, 0), |sum, count| (sum.0 + count.qos0, sum.1 + count.queued));
        if qos0 + queued == 0 {
            return Vec::new();
        }
        vec![format!("the embedded broker dropped {} messages for subscribers that were behind", qos0 + queued)]
    }
}

/// Whether a target is the broker inside this process, which takes a descriptor of its own for each device.
pub(crate) fn share_the_process(plan: &Plan, registry: &Registry) -> bool {
    let brokers = plan.targets.iter().filter(|target| is_broker(target, registry));
    let mut choices = brokers.map(|target| BrokerChoice::parse(&target.url));
    choices.any(|choice| matches!(choice, Ok(BrokerChoice::Embedded)))
}

/// Whether a target is a broker.
pub(crate) fn is_broker(target: &TargetPlan, registry: &Registry) -> bool {
    registry.carrier(&target.carrier).is_some_and(|carrier| carrier.address.is_broker)
}

fn refused(target: &str, error: &BrokerError) -> Error {
    Error::Unreachable { target: target.to_owned(), reason: error.to_string() }
}

/// Tries the brokers that are somebody else's, without sending telemetry; tells which ones answer, and where.
///
/// # Errors
/// [`Error::Target`] for a URL that means nothing, [`Error::Unreachable`] for the first target that does not answer.
pub fn check_targets(plan: &Plan, registry: &Registry) -> Result<Vec<(String, String)>, Error> {
    let mut answering = Vec::new();
    for target in plan.targets.iter().filter(|target| is_broker(target, registry)) {
        let choice = BrokerChoice::parse(&target.url)
            .map_err(|error| Error::Target { target: target.id.clone(), reason: error.to_string() })?;
        if let BrokerChoice::External(address) = choice {
            carriers::check_reachable(&address.host, address.port, PATIENCE)
                .map_err(|error| Error::Unreachable { target: target.id.clone(), reason: error.to_string() })?;
            answering.push((target.id.clone(), address.to_string()));
        }
    }
    Ok(answering)
}

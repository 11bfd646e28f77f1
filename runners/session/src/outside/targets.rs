//! The brokers of a run: started here, or somebody else's.

use std::time::Duration;

use scenarios::Plan;
use stack::{Broker, BrokerChoice, BrokerConfig, BrokerError, BrokerKind};
use verify::TargetReport;

use crate::error::Error;

/// How long [`check_targets`] waits for each target.
const PATIENCE: Duration = Duration::from_secs(3);

/// One broker a target, none for a target that Bluetooth hosts attach to.
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
    pub(crate) fn start(plan: &Plan) -> Result<Self, Error> {
        let mut targets = Self { brokers: Vec::new(), reports: Vec::new() };
        for (index, target) in plan.targets.iter().enumerate() {
            if plan.host_of(index).is_some() {
                targets.brokers.push(None);
                let identity = "Bluetooth controllers for hosts that attach".to_owned();
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

    /// Host and port of a target.
    pub(crate) fn address(&self, target: usize) -> (&str, u16) {
        // Links and probes lead to brokers only; the language sees to it.
        let broker = self.brokers[target].as_ref().expect("an MQTT link leads to a broker");
        let address = broker.address();
        (&address.host, address.port)
    }

    /// What the report says of the targets.
    pub(crate) fn reports(&self) -> Vec<TargetReport> {
        self.reports.clone()
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
pub(crate) fn share_the_process(plan: &Plan) -> bool {
    let brokers = plan.targets.iter().enumerate().filter(|(index, _)| plan.host_of(*index).is_none());
    let mut choices = brokers.map(|(_, target)| BrokerChoice::parse(&target.url));
    choices.any(|choice| matches!(choice, Ok(BrokerChoice::Embedded)))
}

fn refused(target: &str, error: &BrokerError) -> Error {
    Error::Unreachable { target: target.to_owned(), reason: error.to_string() }
}

/// Tries the targets that are somebody else's, without sending telemetry; tells which ones answer, and where.
///
/// # Errors
/// [`Error::Target`] for a URL that means nothing, [`Error::Unreachable`] for the first target that does not answer.
pub fn check_targets(plan: &Plan) -> Result<Vec<(String, String)>, Error> {
    let mut answering = Vec::new();
    for (index, target) in plan.targets.iter().enumerate() {
        if plan.host_of(index).is_some() {
            continue;
        }
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

//! The brokers of a run: started here, or somebody else's.

use broker::{Broker, BrokerChoice, BrokerConfig, BrokerError, BrokerKind};
use scenarios::Plan;
use verify::TargetReport;

use crate::failure::Failure;

/// One broker a target, none for a target that Bluetooth hosts attach to.
#[derive(Debug)]
pub(crate) struct Stack {
    brokers: Vec<Option<Box<dyn Broker>>>,
    reports: Vec<TargetReport>,
}

impl Stack {
    /// Starts or reaches the broker of every target.
    ///
    /// # Errors
    /// [`Failure::Target`] when the URL means nothing, [`Failure::Unreachable`] when nobody answers.
    pub(crate) fn start(plan: &Plan) -> Result<Self, Failure> {
        let mut stack = Self { brokers: Vec::new(), reports: Vec::new() };
        for (index, target) in plan.targets.iter().enumerate() {
            if plan.host_of(index).is_some() {
                stack.brokers.push(None);
                let identity = "Bluetooth controllers for hosts that attach".to_owned();
                stack.reports.push(TargetReport { id: target.id.clone(), url: target.url.clone(), identity });
                continue;
            }
            let choice = BrokerChoice::parse(&target.url)
                .map_err(|error| Failure::Target { target: target.id.clone(), reason: error.to_string() })?;
            let broker =
                broker::start(&choice, &BrokerConfig::default()).map_err(|error| refused(&target.id, &error))?;
            stack.reports.push(TargetReport {
                id: target.id.clone(),
                url: target.url.clone(),
                identity: match choice.kind() {
                    BrokerKind::External => String::new(),
                    BrokerKind::Embedded | BrokerKind::Mosquitto => {
                        format!("{} on {}", broker.identity().name, broker.address())
                    }
                },
            });
            stack.brokers.push(Some(broker));
        }
        Ok(stack)
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
pub(crate) fn shares_the_process(plan: &Plan) -> bool {
    let brokers = plan.targets.iter().enumerate().filter(|(index, _)| plan.host_of(*index).is_none());
    let mut choices = brokers.map(|(_, target)| BrokerChoice::parse(&target.url));
    choices.any(|choice| matches!(choice, Ok(BrokerChoice::Embedded)))
}

fn refused(target: &str, error: &BrokerError) -> Failure {
    Failure::Unreachable { target: target.to_owned(), reason: error.to_string() }
}

//! The targets of a run; brokers are started here, or somebody else's.

use std::path::Path;

use carriers::{Authority, BrokerAccess, CarrierError, Identity, Visitor};
use scenarios::{Plan, TargetPlan};
use sim_core::Registry;
use stack::{Broker, BrokerChoice, BrokerConfig, BrokerError, BrokerKind, ListenerTls};
use verify::TargetReport;

use crate::error::Error;

/// Names under which a broker that the run has started is reached.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

/// One broker a target, none for a target that is something else.
#[derive(Debug)]
pub(crate) struct Targets {
    brokers: Vec<Option<RunningBroker>>,
    reports: Vec<TargetReport>,
}

/// A broker that is there.
#[derive(Debug)]
pub(crate) struct RunningBroker {
    broker: Box<dyn Broker>,
    /// How it is reached.
    pub(crate) access: BrokerAccess,
    /// How somebody who is no device connects to it.
    pub(crate) visitor: Visitor,
    /// The authority that the run has made for it.
    authority: Option<Authority>,
}

impl Targets {
    /// Starts or reaches the broker of every target. What others need to trust a broker of the run is written into
    /// `folder`.
    ///
    /// # Errors
    /// [`Error::Target`] when the URL means nothing or a certificate cannot be used, [`Error::Unreachable`] when nobody
    /// answers.
    pub(crate) fn start(plan: &Plan, registry: &Registry, folder: Option<&Path>) -> Result<Self, Error> {
        let mut targets = Self { brokers: Vec::new(), reports: Vec::new() };
        for (index, target) in plan.targets.iter().enumerate() {
            if !is_broker(target, registry) {
                targets.brokers.push(None);
                let is_host = plan.host_of(index).is_some();
                let identity = if is_host { "Bluetooth controllers for hosts that attach" } else { "" }.to_owned();
                targets.reports.push(TargetReport { id: target.id.clone(), url: target.url.clone(), identity });
                continue;
            }
            let running = RunningBroker::start(plan, index)?;
            if let (Some(authority), Some(folder)) = (&running.authority, folder) {
                let file = folder.join(format!("{}.ca.pem", target.id));
                std::fs::write(&file, authority.certificate_pem()).map_err(Error::write(file))?;
            }
            targets.reports.push(TargetReport {
                id: target.id.clone(),
                url: target.url.clone(),
                identity: running.identity(),
            });
            targets.brokers.push(Some(running));
        }
        Ok(targets)
    }

    /// The broker of a target that is one.
    pub(crate) fn broker(&self, target: usize) -> Option<&RunningBroker> {
        self.brokers[target].as_ref()
    }

    /// Whether any broker is reached over WebSocket.
    pub(crate) fn speak_web_socket(&self) -> bool {
        self.brokers.iter().flatten().any(|running| running.access.web_socket.is_some())
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
        let dropped = self.brokers.iter().flatten().filter_map(|running| running.broker.dropped());
        let (qos0, queued) = dropped.fold((0, 0), |sum, count| (sum.0 + count.qos0, sum.1 + count.queued));
        if qos0 + queued == 0 {
            return Vec::new();
        }
        vec![format!("the embedded broker dropped {} messages for subscribers that were behind", qos0 + queued)]
    }
}

impl RunningBroker {
    /// Starts or reaches the broker of a target.
    ///
    /// # Errors
    /// [`Error::Target`] when the URL means nothing or a certificate cannot be used, [`Error::Unreachable`] when nobody
    /// answers.
    pub(crate) fn start(plan: &Plan, index: usize) -> Result<Self, Error> {
        let target = &plan.targets[index];
        let wrong = |reason: String| Error::Target { target: target.id.clone(), reason };
        let unusable = |error: CarrierError| wrong(error.to_string());
        let choice = BrokerChoice::parse(&target.url).map_err(|error| wrong(error.to_string()))?;
        let is_ours = choice.kind() != BrokerKind::External;
        let authority = (is_ours && BrokerAccess::is_secured(target)).then(|| Authority::new(&plan.scenario));
        let authority = authority.transpose().map_err(unusable)?;
        let identity = authority.as_ref().map(|authority| authority.server(&LOOPBACK)).transpose().map_err(unusable)?;
        let tls = authority.as_ref().zip(identity).map(|(authority, identity)| listener(target, authority, &identity));
        let web_socket = BrokerAccess::is_web_socket(target);
        let config = BrokerConfig { tls, web_socket, ..BrokerConfig::default() };
        let broker = stack::start(&choice, &config).map_err(|error| unreachable(&target.id, &error))?;
        let address = broker.address();
        let access = BrokerAccess::of(target, &plan.file, (&address.host, address.port), authority.as_ref());
        let access = access.map_err(unusable)?;
        let visitor = Visitor::of(plan, index, &access, String::new()).map_err(unusable)?;
        Ok(Self { broker, access, visitor, authority })
    }

    /// What the report says of it; nothing of a plain one that somebody else runs.
    fn identity(&self) -> String {
        let security = self.access.words();
        let (identity, address) = (self.broker.identity(), self.broker.address());
        match (identity.kind, security) {
            (BrokerKind::External, _) => security.to_owned(),
            (_, "") => format!("{} on {address}", identity.name),
            (..) => format!("{} on {address}, {security}", identity.name),
        }
    }
}

/// TLS of a broker that the run starts.
fn listener(target: &TargetPlan, authority: &Authority, identity: &Identity) -> ListenerTls {
    let issued = BrokerAccess::has_client_certificates(target).then(|| authority.certificate_pem().to_owned());
    ListenerTls {
        certificate_pem: identity.certificate_pem().to_owned(),
        key_pem: identity.key_pem(),
        client_ca_pem: issued,
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

fn unreachable(target: &str, error: &BrokerError) -> Error {
    Error::Unreachable { target: target.to_owned(), reason: error.to_string() }
}

//! Whether the targets of a plan let everybody in: tried without a word of telemetry.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use carriers::{
    BrokerAccess, CarrierError, LossReason, Received, Refusal, RefusalCause, TlsSettings, TlsTarget, Trusted, Visit,
    Visitor,
};
use scenarios::{Carrier, Plan};
use sim_core::Registry;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::error::Error;
use crate::outside::targets::{RunningBroker, is_broker};
use crate::outside::wall;
use crate::run::fill_in;

/// Longest attempt to connect, and again longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What stands for `${run}`.
const RUN: &str = "check";

/// What became of the attempts at one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetCheck {
    /// Target id.
    pub target: String,
    /// Its address as the scenario writes it.
    pub url: String,
    /// What each attempt was told, in the order in which they were made.
    pub attempts: Vec<Attempt>,
}

/// An attempt to use a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Who tried.
    pub who: String,
    /// What it is allowed to do.
    pub allowed: String,
    /// What was refused; nothing if all is well.
    pub refused: Vec<String>,
}

impl TargetCheck {
    /// Whether everybody is let in.
    pub fn is_sound(&self) -> bool {
        self.attempts.iter().all(|attempt| attempt.refused.is_empty())
    }
}

impl fmt::Display for TargetCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "target `{}` at {}", self.target, self.url)?;
        for Attempt { who, allowed, refused } in &self.attempts {
            if refused.is_empty() {
                write!(formatter, "\n  ok      {who}: {allowed}")?;
            }
            for reason in refused {
                write!(formatter, "\n  refused {who}: {reason}")?;
            }
        }
        Ok(())
    }
}

/// Somebody who tries to use a broker.
struct Caller {
    who: String,
    visitor: Visitor,
    filters: Vec<String>,
    qos: u8,
}

/// Tries every target that is a broker, those that a run would start as well: with one device of each link, its client
/// id, credentials and certificate, and with every probe. Nothing is published, and no session is left. What a broker
/// lets through on topics that it has granted, and whether a device may publish, is not known before a run.
///
/// # Errors
/// [`Error::Resources`] when the system gives no threads.
pub fn check_targets(plan: &Plan, registry: &Registry) -> Result<Vec<TargetCheck>, Error> {
    let mut plan = plan.clone();
    fill_in(&mut plan, RUN);
    let runtime = wall::runtime()?;
    let brokers = plan.targets.iter().enumerate().filter(|(_, target)| is_broker(target, registry));
    Ok(brokers.map(|(index, _)| check_target(&plan, registry, index, &runtime)).collect())
}

fn check_target(plan: &Plan, registry: &Registry, index: usize, runtime: &Runtime) -> TargetCheck {
    let target = &plan.targets[index];
    let attempts = match attempts(plan, registry, index, runtime) {
        Ok(attempts) => attempts,
        Err(reason) => vec![Attempt { who: "the run".to_owned(), allowed: String::new(), refused: vec![reason] }],
    };
    TargetCheck { target: target.id.clone(), url: target.url.clone(), attempts }
}

fn attempts(plan: &Plan, registry: &Registry, index: usize, runtime: &Runtime) -> Result<Vec<Attempt>, String> {
    let running = RunningBroker::start(plan, index).map_err(|error| match error {
        Error::Unreachable { reason, .. } | Error::Target { reason, .. } => reason,
        error => error.to_string(),
    })?;
    let callers = callers(plan, registry, index, &running).map_err(|error| error.to_string())?;
    Ok(callers.into_iter().map(|caller| runtime.block_on(attempt(&running.access, caller))).collect())
}

/// One device of each link that leads to a target, and every probe there.
fn callers(
    plan: &Plan,
    registry: &Registry,
    target: usize,
    running: &RunningBroker,
) -> Result<Vec<Caller>, CarrierError> {
    let mut callers = Vec::new();
    let mut tried = BTreeSet::new();
    for (index, (device, endpoint)) in plan.roster.devices.iter().zip(&plan.endpoints).enumerate() {
        let link = &plan.links[device.link];
        if link.target != target || link.carrier != Carrier::Connection || !tried.insert(device.link) {
            continue;
        }
        let takes_commands = registry.device(&device.kind).is_some_and(|kind| !kind.commands.is_empty());
        callers.push(Caller {
            who: format!("device `{}` over link `{}`", device.path, link.id),
            visitor: Visitor::device(plan, index, &running.access, link.protocol.unwrap_or(running.visitor.protocol))?,
            filters: takes_commands.then(|| endpoint.command_topic.clone()).into_iter().collect(),
            qos: link.qos.max(1),
        });
    }
    for probe in plan.probes.iter().filter(|probe| probe.target == target && probe.is_filtered) {
        callers.push(Caller {
            who: format!("probe `{}`", probe.id),
            visitor: Visitor { client_id: probes::mqtt::client_id(&probe.id, RUN), ..running.visitor.clone() },
            filters: probe.filters.clone(),
            qos: probe.qos,
        });
    }
    Ok(callers)
}

async fn attempt(access: &BrokerAccess, caller: Caller) -> Attempt {
    let Caller { who, visitor, filters, qos } = caller;
    let allowed = if filters.is_empty() {
        "may connect".to_owned()
    } else {
        format!("may connect and subscribe to `{}`", filters.join("`, `"))
    };
    let refused = match visit(access, &visitor, &filters, qos).await {
        Ok(refused) => refused.iter().map(Refusal::to_string).collect(),
        Err(refusal) if access.tls.is_none() && speaks_tls(access, &visitor, &refusal).await => {
            vec![format!("{refusal}; the broker speaks TLS there: write `mqtts://`")]
        }
        Err(refusal) => vec![refusal.to_string()],
    };
    Attempt { who, allowed, refused }
}

/// Connects, subscribes and leaves; tells which subscriptions were refused.
async fn visit(access: &BrokerAccess, visitor: &Visitor, filters: &[String], qos: u8) -> Result<Vec<Refusal>, Refusal> {
    let mut visit = Visit::begin(access, visitor, PATIENCE).await?;
    let mut refused = Vec::new();
    if !filters.is_empty() {
        visit.subscribe(filters, qos).await?;
        let too_late = |_| Refusal::from(LossReason::TimedOut { waiting_for: "SUBACK" });
        let (codes, said) = timeout(PATIENCE, answer(&mut visit)).await.map_err(too_late)??;
        refused.extend(Refusal::of_subscriptions(filters, &codes, said.as_deref()));
    }
    // What was to be known is known; a broker may close as it likes.
    drop(timeout(PATIENCE, visit.leave()).await);
    Ok(refused)
}

async fn answer(visit: &mut Visit) -> Result<(Vec<u8>, Option<String>), Refusal> {
    loop {
        if let Received::Granted { codes, said } = visit.next().await? {
            return Ok((codes, said));
        }
    }
}

/// Whether a broker that hung up on a plain connection would shake hands over TLS.
async fn speaks_tls(access: &BrokerAccess, visitor: &Visitor, refusal: &Refusal) -> bool {
    if !matches!(
        refusal.cause,
        RefusalCause::Connection(LossReason::Closed | LossReason::Io { .. } | LossReason::TimedOut { .. })
    ) {
        return false;
    }
    // Nothing but the handshake is of interest, and nothing is told over it.
    let settings = TlsSettings { server_name: &access.host, trusted: Trusted::Anybody, ..TlsSettings::default() };
    let Ok(tls) = TlsTarget::new(settings) else { return false };
    let Ok(client) = tls.client("") else { return false };
    let stranger = Visitor { auth: None, tls: Some(client), ..visitor.clone() };
    match Visit::begin(access, &stranger, PATIENCE).await {
        Ok(_) => true,
        Err(refusal) => !matches!(
            refusal.cause,
            RefusalCause::Connection(LossReason::Tls { .. } | LossReason::Io { .. } | LossReason::TimedOut { .. })
                | RefusalCause::NoAddress
        ),
    }
}

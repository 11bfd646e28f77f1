//! Whether the targets of a plan let everybody in: tried without a word of telemetry.

use std::fmt;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use carriers::{
    BrokerAccess, CarrierError, CarrierEvent, LossReason, Opening, Pace, Received, Refusal, RefusalCause, Time,
    TlsSettings, TlsTarget, Trusted, Visit, Visitor,
};
use futures_util::{StreamExt, stream};
use scenarios::{Carrier, Plan, TargetPlan};
use sim_core::{Registry, SimId, Span};
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
/// Most devices of a link that are tried, where each has a name, password, token or certificate of its own.
const MOST_TRIED: usize = 1_000;
/// Attempts under way at once.
const AT_ONCE: usize = 16;

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
#[derive(Debug)]
struct Caller {
    who: String,
    visitor: Visitor,
    filters: Vec<String>,
    qos: u8,
}

/// Tries every target that is connected to: brokers, those that a run would start as well, with one device of each link, its
/// client id, credentials and certificate, with the others as far as each has some of its own, and with every probe; others
/// with one device of each link. Nothing is published, and no session is left. What a broker lets through on topics that it has granted, and whether a device may publish, is not
/// known before a run.
///
/// # Errors
/// [`Error::Resources`] when the system gives no threads.
pub fn check_targets(plan: &Plan, registry: &Registry) -> Result<Vec<TargetCheck>, Error> {
    let mut plan = plan.clone();
    fill_in(&mut plan, RUN);
    let runtime = wall::runtime()?;
    let is_connected_to = |target: &TargetPlan| {
        is_broker(target, registry)
            || registry.carrier(&target.carrier).is_some_and(|carrier| carrier.takes_link_faults)
    };
    let tried = plan.targets.iter().enumerate().filter(|(_, target)| is_connected_to(target));
    Ok(tried.map(|(index, _)| check_target(&plan, registry, index, &runtime)).collect())
}

fn check_target(plan: &Plan, registry: &Registry, index: usize, runtime: &Runtime) -> TargetCheck {
    let target = &plan.targets[index];
    let attempts = if is_broker(target, registry) {
        attempts(plan, registry, index, runtime)
    } else {
        Ok(connections(plan, registry, index, runtime))
    };
    let attempts = match attempts {
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
    let mut attempts = Vec::new();
    for (link, devices) in devices_of_links(plan, index) {
        let tried = tried(plan, index, &devices);
        let callers: Result<Vec<Caller>, CarrierError> =
            tried.iter().map(|device| device_caller(plan, registry, *device, &running)).collect();
        let callers = callers.map_err(|error| error.to_string())?;
        let outcomes = runtime.block_on(all_at_once(&running.access, callers));
        attempts.extend(together(&outcomes, &plan.links[link].id, devices.len()));
    }
    for caller in probe_callers(plan, index, &running) {
        attempts.push(runtime.block_on(attempt(&running.access, caller)));
    }
    Ok(attempts)
}

/// The devices of each link that leads to a target and has connections of its own, in the order of the links' first devices.
fn devices_of_links(plan: &Plan, target: usize) -> Vec<(usize, Vec<SimId>)> {
    let mut of_links: Vec<(usize, Vec<SimId>)> = Vec::new();
    for (index, device) in plan.roster.devices.iter().enumerate() {
        let link = &plan.links[device.link];
        if link.target != target || link.carrier != Carrier::Connection {
            continue;
        }
        let id = SimId(index as u32);
        match of_links.iter_mut().find(|(link, _)| *link == device.link) {
            Some((_, devices)) => devices.push(id),
            None => of_links.push((device.link, vec![id])),
        }
    }
    of_links
}

/// One device of each link that leads to a target and has connections of its own.
fn one_of_each_link(plan: &Plan, target: usize) -> Vec<SimId> {
    devices_of_links(plan, target).into_iter().filter_map(|(_, devices)| devices.first().copied()).collect()
}

/// Of the devices of a link those to try: the first, and the others if each shows something of its own.
fn tried<'d>(plan: &Plan, target: usize, devices: &'d [SimId]) -> &'d [SimId] {
    let shown = |device: &SimId| {
        let endpoint = &plan.endpoints[device.index()];
        (&endpoint.auth, &endpoint.token, &endpoint.certificate)
    };
    let first = devices.first().map(shown);
    let is_issued = BrokerAccess::has_client_certificates(&plan.targets[target]);
    let differ = is_issued || devices.iter().any(|device| Some(shown(device)) != first);
    &devices[..devices.len().min(if differ { MOST_TRIED } else { 1 })]
}

/// Tries several callers, not all of them at a time, and gives what each was told in their order.
async fn all_at_once(access: &BrokerAccess, callers: Vec<Caller>) -> Vec<Attempt> {
    stream::iter(callers).map(|caller| attempt(access, caller)).buffered(AT_ONCE).collect().await
}

/// What the devices of one link were told: those together that were told the same.
fn together(outcomes: &[Attempt], link: &str, devices: usize) -> Vec<Attempt> {
    let mut told: Vec<(&Attempt, usize)> = Vec::new();
    for outcome in outcomes {
        match told.iter_mut().find(|(first, _)| first.refused == outcome.refused) {
            Some((_, more)) => *more += 1,
            None => told.push((outcome, 0)),
        }
    }
    let tried = outcomes.len();
    let left = if tried > 1 && tried < devices { format!(" ({tried} of {devices} tried)") } else { String::new() };
    let as_one = told.into_iter().map(|(first, more)| {
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Attempt { who: format!("{}{more} over link `{link}`{left}", first.who), ..first.clone() }
    });
    as_one.collect()
}

/// What becomes of the first attempt of one device of each link.
fn connections(plan: &Plan, registry: &Registry, target: usize, runtime: &Runtime) -> Vec<Attempt> {
    let attempt = |id: &SimId| {
        let device = &plan.roster.devices[id.index()];
        let refused = connect(plan, registry, target, *id, runtime).err();
        Attempt {
            who: format!("device `{}` over link `{}`", device.path, plan.links[device.link].id),
            allowed: "may connect".to_owned(),
            refused: refused.into_iter().collect(),
        }
    };
    one_of_each_link(plan, target).iter().map(attempt).collect()
}

/// Lets one device connect as it would in a run.
///
/// # Errors
/// Says why it could not.
fn connect(plan: &Plan, registry: &Registry, target: usize, device: SimId, runtime: &Runtime) -> Result<(), String> {
    let (told, outcome) = mpsc::channel();
    let tell = move |events: Vec<CarrierEvent>| {
        for event in events {
            let first = match event {
                CarrierEvent::Connected { .. } => Ok(()),
                CarrierEvent::ConnectFailed { reason, .. } => Err(reason.words()),
                _ => continue,
            };
            // Who has heard the first is gone.
            drop(told.send(first));
        }
    };
    let opening = Opening {
        plan,
        registry,
        target,
        members: &[device],
        devices: &[device],
        run: RUN,
        broker: None,
        time: Time::Wall { pace: Pace::real(Instant::now()), runtime: runtime.handle() },
        tell: Arc::new(tell),
    };
    let mut carrier = opening.open().map_err(|error| error.to_string())?;
    let outcome = outcome.recv_timeout(PATIENCE);
    // Nothing was submitted, so nothing can be left.
    drop(carrier.finish(Span::ZERO));
    outcome.unwrap_or_else(|_| Err(LossReason::TimedOut { waiting_for: "connection" }.words()))
}

/// A device as it would connect in a run.
fn device_caller(plan: &Plan, registry: &Registry, id: SimId, running: &RunningBroker) -> Result<Caller, CarrierError> {
    let (device, endpoint) = (&plan.roster.devices[id.index()], &plan.endpoints[id.index()]);
    let link = &plan.links[device.link];
    let takes_commands = registry.device(&device.kind).is_some_and(|kind| !kind.commands.is_empty());
    let protocol = link.protocol.unwrap_or(running.visitor.protocol);
    Ok(Caller {
        who: format!("device `{}`", device.path),
        visitor: Visitor::device(plan, id.index(), &running.access, protocol)?,
        filters: takes_commands.then(|| endpoint.command_topic.clone()).into_iter().collect(),
        qos: link.qos.max(1),
    })
}

/// The probes of a target.
fn probe_callers<'p>(
    plan: &'p Plan,
    target: usize,
    running: &'p RunningBroker,
) -> impl Iterator<Item = Caller> + use<'p> {
    plan.probes.iter().filter(move |probe| probe.target == target && probe.is_filtered).map(|probe| Caller {
        who: format!("probe `{}`", probe.id),
        visitor: Visitor { client_id: probes::mqtt::client_id(&probe.id, RUN), ..running.visitor.clone() },
        filters: probe.filters.clone(),
        qos: probe.qos,
    })
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
    let stranger = Visitor { auth: None, token: None, tls: Some(client), ..visitor.clone() };
    match Visit::begin(access, &stranger, PATIENCE).await {
        Ok(_) => true,
        Err(refusal) => !matches!(
            refusal.cause,
            RefusalCause::Connection(LossReason::Tls { .. } | LossReason::Io { .. } | LossReason::TimedOut { .. })
                | RefusalCause::NoAddress
        ),
    }
}

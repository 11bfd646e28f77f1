//! The commander: an additional client that sends the commands of `cmd.send` steps through the stack and hears the
//! answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use fleet::Pace;
use rumqttc::AsyncClient;
use scenarios::Plan;
use sim_core::{Argument, Evidence, OccurrenceId, SimId, SimTime, Subject};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wire::command::{Answer, Status};

use super::stack::Stack;
use super::subscriber::{Subscription, quality};
use crate::commands::step_command;
use crate::failure::Failure;

/// Longest wait for a broker to grant the subscriptions.
const PATIENCE: Duration = Duration::from_secs(8);

/// A command waiting for its instant.
#[derive(Debug)]
struct Order {
    at: SimTime,
    client: usize,
    topic: String,
    payload: Vec<u8>,
}

/// The commander at work.
#[derive(Debug)]
pub(crate) struct Commander {
    clients: Vec<(Subscription, AsyncClient, JoinHandle<()>)>,
    orders: Vec<Order>,
    given: usize,
    answers: Arc<Mutex<Evidence>>,
    pace: Pace,
}

impl Commander {
    /// Connects to the targets that the plan's commands go through; waits until it can hear the answers.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] when a broker does not grant the subscriptions in time.
    pub(crate) fn start(
        plan: &Plan,
        stack: &Stack,
        run: &str,
        pace: Pace,
        takes_part: impl Fn(SimId) -> bool,
        runtime: &Handle,
    ) -> Result<Self, Failure> {
        let mut commander = Self { clients: Vec::new(), orders: Vec::new(), given: 0, answers: Arc::default(), pace };
        let mut by_target: BTreeMap<usize, (Vec<String>, BTreeMap<String, OccurrenceId>)> = BTreeMap::new();
        let mut orders = Vec::new();
        for (index, occurrence) in plan.occurrences.iter().enumerate() {
            for subject in &occurrence.subjects {
                let Subject::Device(device) = subject else { continue };
                let Some(command) = step_command(occurrence, *device).filter(|_| takes_part(*device)) else { continue };
                let endpoint = &plan.endpoints[device.index()];
                let through = occurrence.arguments.text("through");
                let target = through
                    .and_then(|id| plan.targets.iter().position(|target| target.id == id))
                    .unwrap_or(plan.link_of(*device).target);
                let (filters, ids) = by_target.entry(target).or_default();
                if !filters.contains(&endpoint.reply_topic) {
                    filters.push(endpoint.reply_topic.clone());
                }
                ids.insert(command.id.clone(), OccurrenceId(index as u32));
                let payload = encode(&command);
                orders.push((target, occurrence.start, endpoint.command_topic.clone(), payload));
            }
        }
        let targets: Vec<usize> = by_target.keys().copied().collect();
        for (target, (filters, ids)) in by_target {
            commander.connect(plan, stack, run, target, filters, ids, runtime)?;
        }
        commander.orders = orders
            .into_iter()
            .filter_map(|(target, at, topic, payload)| {
                let client = targets.iter().position(|known| *known == target)?;
                Some(Order { at, client, topic, payload })
            })
            .collect();
        commander.orders.sort_by_key(|order| order.at);
        Ok(commander)
    }

    #[expect(clippy::too_many_arguments, reason = "one call site, every argument a different thing")]
    fn connect(
        &mut self,
        plan: &Plan,
        stack: &Stack,
        run: &str,
        target: usize,
        filters: Vec<String>,
        ids: BTreeMap<String, OccurrenceId>,
        runtime: &Handle,
    ) -> Result<(), Failure> {
        let (host, port) = stack.address(target);
        let link = plan.links.iter().find(|link| link.target == target);
        let subscription = Subscription {
            host: host.to_owned(),
            port,
            client_id: format!("iomt-commander-{target}-{run}"),
            auth: link.and_then(|link| link.auth.as_ref()).map(|auth| (auth.user.clone(), auth.password.clone())),
            filters,
            qos: 1,
        };
        let (client, event_loop) = subscription.client();
        let (ready, granted) = oneshot::channel();
        let answers = Arc::clone(&self.answers);
        let follow = subscription.clone().follow(client.clone(), event_loop, self.pace, ready, move |publish, _| {
            let Ok(answer) = Answer::parse(&publish.payload) else { return };
            let Some(occurrence) = answer.id.as_ref().and_then(|id| ids.get(id)) else { return };
            let what = match answer.status {
                Status::Applied => "answers_applied",
                Status::Refused | Status::Malformed => "answers_refused",
            };
            if let Ok(mut answers) = answers.lock() {
                answers.add(*occurrence, what, 1);
            }
        });
        self.clients.push((subscription, client, runtime.spawn(follow)));
        let reason = match runtime.block_on(async { tokio::time::timeout(PATIENCE, granted).await }) {
            Ok(Ok(Ok(()))) => return Ok(()),
            Ok(Ok(Err(reason))) => reason,
            Ok(Err(_)) | Err(_) => format!("no subscription within {} s", PATIENCE.as_secs()),
        };
        Err(Failure::Unreachable { target: plan.targets[target].id.clone(), reason })
    }

    /// Publishes the commands whose instant lies before `end`, each at its instant.
    pub(crate) fn give_until(&mut self, end: SimTime, runtime: &Handle) {
        while let Some(order) = self.orders.get_mut(self.given).filter(|order| order.at < end) {
            self.given += 1;
            let client = self.clients[order.client].1.clone();
            let (topic, payload) = (std::mem::take(&mut order.topic), std::mem::take(&mut order.payload));
            let instant = self.pace.instant(self.pace.wall_ns(order.at));
            runtime.spawn(async move {
                tokio::time::sleep_until(instant.into()).await;
                // A client that was stopped has nothing more to say.
                let _ = client.publish(topic, quality(1), false, payload).await;
            });
        }
    }

    /// What the answers were, by occurrence.
    pub(crate) fn evidence(&self) -> Evidence {
        self.answers.lock().map(|answers| answers.clone()).unwrap_or_default()
    }

    /// Ends the clients and removes their sessions.
    pub(crate) fn stop(self, runtime: &Handle) {
        for (subscription, client, task) in self.clients {
            let _ = client.try_disconnect();
            task.abort();
            runtime.block_on(async {
                let _ = tokio::time::timeout(Duration::from_secs(2), subscription.forget()).await;
            });
        }
    }
}

fn encode(command: &sim_core::Command) -> Vec<u8> {
    let args = command
        .arguments
        .0
        .iter()
        .filter_map(|(name, argument)| {
            let plain = match argument {
                Argument::Number(number) => wire::command::Argument::Number(*number),
                Argument::Text(text) => wire::command::Argument::Text(text.clone()),
                Argument::Flag(flag) => wire::command::Argument::Flag(*flag),
                Argument::Texts(_) | Argument::Table(_) => return None,
            };
            Some((name.clone(), plain))
        })
        .collect();
    let mut payload = BytesMut::new();
    wire::command::Command { id: command.id.clone(), op: command.op.clone(), args }.encode(&mut payload);
    payload.to_vec()
}

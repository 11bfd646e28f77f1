//! The commander: an additional client that sends the commands of `cmd.send` steps through the stack and hears the
//! answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use carriers::Pace;
use formats::command::{Answer, Status};
use probes::mqtt::Subscriber;
use scenarios::Plan;
use sim_core::{Argument, Evidence, OccurrenceId, SimId, SimTime, Subject};
use tokio::runtime::Handle;

use crate::command_step::{evidence_of, step_command};
use crate::error::Error;
use crate::targets::Targets;
use crate::watching::{subscription, wait_granted};

/// A command waiting for its instant.
#[derive(Debug)]
struct Order {
    at: SimTime,
    /// Through which target.
    target: usize,
    topic: String,
    payload: Vec<u8>,
}

/// The commander at work.
#[derive(Debug)]
pub(crate) struct Commander {
    /// By target.
    subscribers: BTreeMap<usize, Subscriber>,
    orders: Vec<Order>,
    given: usize,
    answers: Arc<Mutex<Evidence>>,
    pace: Pace,
}

impl Commander {
    /// Connects to the targets that the plan's commands go through; waits until it can hear the answers.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when a broker does not grant the subscriptions in time.
    pub(crate) fn start(
        plan: &Plan,
        targets: &Targets,
        run: &str,
        pace: Pace,
        takes_part: impl Fn(SimId) -> bool,
        runtime: &Handle,
    ) -> Result<Self, Error> {
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
                let topic = endpoint.command_topic.clone();
                orders.push(Order { at: occurrence.start, target, topic, payload });
            }
        }
        orders.sort_by_key(|order| order.at);
        let answers = Arc::<Mutex<Evidence>>::default();
        let mut subscribers = BTreeMap::new();
        for (target, (filters, ids)) in by_target {
            let client_id = format!("iomt-commander-{target}-{run}");
            let subscription = subscription(plan, targets, target, client_id, filters, 1);
            let answers = Arc::clone(&answers);
            let mut subscriber = Subscriber::begin(subscription, pace, runtime, move |sighting| {
                let Ok(answer) = Answer::parse(&sighting.payload) else { return };
                let Some(occurrence) = answer.id.as_ref().and_then(|id| ids.get(id)) else { return };
                if let Ok(mut answers) = answers.lock() {
                    answers.add(*occurrence, evidence_of(answer.status == Status::Applied), 1);
                }
            });
            wait_granted(&mut subscriber, &plan.targets[target].id, runtime)?;
            subscribers.insert(target, subscriber);
        }
        Ok(Self { subscribers, orders, given: 0, answers, pace })
    }

    /// Publishes the commands whose instant lies before `end`, each at its instant.
    pub(crate) fn give_until(&mut self, end: SimTime, runtime: &Handle) {
        while let Some(order) = self.orders.get_mut(self.given).filter(|order| order.at < end) {
            self.given += 1;
            let publisher = self.subscribers[&order.target].publisher();
            let (topic, payload) = (std::mem::take(&mut order.topic), std::mem::take(&mut order.payload));
            let instant = self.pace.instant(self.pace.wall_ns(order.at));
            runtime.spawn(async move {
                tokio::time::sleep_until(instant.into()).await;
                publisher.publish(topic, payload).await;
            });
        }
    }

    /// What the answers were, by occurrence.
    pub(crate) fn evidence(&self) -> Evidence {
        self.answers.lock().map(|answers| answers.clone()).unwrap_or_default()
    }

    /// Ends the clients and removes their sessions.
    pub(crate) fn stop(self, runtime: &Handle) {
        for subscriber in self.subscribers.into_values() {
            subscriber.stop(runtime);
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
                Argument::Number(number) => formats::command::Argument::Number(*number),
                Argument::Text(text) => formats::command::Argument::Text(text.clone()),
                Argument::Flag(flag) => formats::command::Argument::Flag(*flag),
                Argument::Texts(_) | Argument::Table(_) | Argument::Change(_) => return None,
            };
            Some((name.clone(), plain))
        })
        .collect();
    let mut payload = BytesMut::new();
    formats::command::Command { id: command.id.clone(), op: command.op.clone(), args }.encode(&mut payload);
    payload.to_vec()
}

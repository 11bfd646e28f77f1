//! The commands of `cmd.send` steps: when they are given to the stack, and what is answered.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use formats::command::{Answer, Status};
use scenarios::Plan;
use sim_core::{Argument, Evidence, OccurrenceId, SimId, SimTime, Subject};

use crate::command_step::{evidence_of, step_command};
use crate::outside::Publication;

/// Commands that are still to be given, in order of time.
#[derive(Debug)]
pub(crate) struct Orders(VecDeque<(SimTime, Publication)>);

/// Which answers are waited for, by target.
#[derive(Debug, Default)]
pub(crate) struct Expected(pub(crate) BTreeMap<usize, Answers>);

/// The answers that are waited for at one target; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    /// Topics on which they come.
    pub(crate) topics: Vec<String>,
    occurrences: BTreeMap<String, OccurrenceId>,
    heard: Arc<Mutex<Evidence>>,
}

impl Orders {
    /// The commands of a plan for the devices that take part, and the answers to be heard.
    pub(crate) fn of(plan: &Plan, takes_part: impl Fn(SimId) -> bool) -> (Self, Expected) {
        let mut expected = Expected::default();
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
                let answers = expected.0.entry(target).or_default();
                if !answers.topics.contains(&endpoint.reply_topic) {
                    answers.topics.push(endpoint.reply_topic.clone());
                }
                answers.occurrences.insert(command.id.clone(), OccurrenceId(index as u32));
                let topic = endpoint.command_topic.clone();
                orders.push((occurrence.start, Publication { target, topic, payload: encode(&command) }));
            }
        }
        orders.sort_by_key(|(at, _)| *at);
        (Self(orders.into()), expected)
    }

    /// The next command before `end`.
    pub(crate) fn next_before(&mut self, end: SimTime) -> Option<(SimTime, Publication)> {
        self.0.pop_front_if(|(at, _)| *at < end)
    }
}

impl Answers {
    /// Something was published on one of the topics.
    pub(crate) fn hear(&self, payload: &[u8]) {
        let Ok(answer) = Answer::parse(payload) else { return };
        let Some(occurrence) = answer.id.as_ref().and_then(|id| self.occurrences.get(id)) else { return };
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.add(*occurrence, evidence_of(answer.status == Status::Applied), 1);
    }
}

impl Expected {
    /// What was heard so far, by occurrence.
    pub(crate) fn evidence(&self) -> Evidence {
        let mut evidence = Evidence::default();
        for answers in self.0.values() {
            evidence.merge(&answers.heard.lock().unwrap_or_else(PoisonError::into_inner));
        }
        evidence
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

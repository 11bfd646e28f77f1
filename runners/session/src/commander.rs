//! The commands of steps: when they are given to the stack, and what is answered.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use formats::command::{Answer, Status};
use scenarios::{Condition, ExpectPlan, Plan};
use sim_core::{
    Argument, CommandAction, Evidence, OccurrenceId, Registry, Reply, ReplyStatus, Sampled, Seam, SimId, SimTime,
    Subject,
};
use verify::Event;

use crate::command_step::{evidence_of, step_command};
use crate::publication::Publication;

/// Commands of steps: those still to be given, in order of time, and how many were.
#[derive(Debug)]
pub(crate) struct Orders {
    waiting: VecDeque<Order>,
    given: BTreeMap<OccurrenceId, u64>,
    expected: Expected,
    /// What the devices answered, by command: whether it was applied.
    answers: BTreeMap<String, bool>,
}

/// One command of a step.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) at: SimTime,
    pub(crate) device: SimId,
    /// Identity of the command.
    pub(crate) id: String,
    pub(crate) publication: Publication,
    occurrence: OccurrenceId,
}

/// Which answers are waited for, by target.
#[derive(Debug, Default)]
pub(crate) struct Expected(pub(crate) BTreeMap<usize, Answers>);

/// The answers that are waited for at one target; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    /// Topics on which they come.
    pub(crate) topics: Vec<String>,
    /// The commands by identity.
    commands: BTreeMap<String, Awaited>,
    heard: Arc<Mutex<Heard>>,
}

/// A command that is to be answered.
#[derive(Debug, Clone)]
struct Awaited {
    occurrence: OccurrenceId,
    device: SimId,
    given: SimTime,
    /// Where its device answers.
    topic: String,
}

/// What was answered so far.
#[derive(Debug, Default)]
struct Heard {
    /// The first answer to each command: whether it was applied.
    answered: BTreeMap<String, bool>,
    /// Answers on a topic of another device.
    misrouted: u64,
}

impl Orders {
    /// The commands of a plan for the devices that take part, and the answers to be heard.
    pub(crate) fn of(plan: &Plan, registry: &Registry, takes_part: impl Fn(SimId) -> bool) -> Self {
        let mut expected = Expected::default();
        let mut orders = Vec::new();
        for (index, occurrence) in plan.occurrences.iter().enumerate() {
            for subject in &occurrence.subjects {
                let Subject::Device(device) = subject else { continue };
                let Some(command) = step_command(registry, occurrence, *device).filter(|_| takes_part(*device)) else {
                    continue;
                };
                let endpoint = &plan.endpoints[device.index()];
                let through = occurrence.arguments.text("through");
                let target = through
                    .and_then(|id| plan.targets.iter().position(|target| target.id == id))
                    .unwrap_or(plan.link_of(*device).target);
                let answers = expected.0.entry(target).or_default();
                if !answers.topics.contains(&endpoint.reply_topic) {
                    answers.topics.push(endpoint.reply_topic.clone());
                }
                let occurrence_id = OccurrenceId(index as u32);
                let awaited = Awaited {
                    occurrence: occurrence_id,
                    device: *device,
                    given: occurrence.start,
                    topic: endpoint.reply_topic.clone(),
                };
                answers.commands.insert(command.id.clone(), awaited);
                let topic = endpoint.command_topic.clone();
                orders.push(Order {
                    at: occurrence.start,
                    device: *device,
                    publication: Publication { target, topic, payload: encode(&command) },
                    id: command.id,
                    occurrence: occurrence_id,
                });
            }
        }
        orders.sort_by_key(|order| order.at);
        Self { waiting: orders.into(), given: BTreeMap::new(), expected, answers: BTreeMap::new() }
    }

    /// The answers to be heard.
    pub(crate) fn expected(&self) -> &Expected {
        &self.expected
    }

    /// What was heard so far, by occurrence.
    pub(crate) fn evidence(&self) -> Evidence {
        let mut evidence = Evidence::default();
        for answers in self.expected.0.values() {
            for (id, applied) in &answers.heard().answered {
                evidence.add(answers.commands[id].occurrence, evidence_of(*applied), 1);
            }
        }
        evidence
    }

    /// The next command before `end`.
    pub(crate) fn next_before(&mut self, end: SimTime) -> Option<Order> {
        let order = self.waiting.pop_front_if(|order| order.at < end)?;
        *self.given.entry(order.occurrence).or_default() += 1;
        Some(order)
    }

    /// Commands given whose answer has not been heard.
    pub(crate) fn unanswered(&self) -> u64 {
        let answered = self.expected.0.values().map(|answers| answers.heard().answered.len() as u64).sum();
        self.given.values().sum::<u64>().saturating_sub(answered)
    }

    /// A device has answered.
    pub(crate) fn note_answer(&mut self, reply: &Reply) {
        if self.expected.0.values().any(|answers| answers.commands.contains_key(&reply.id)) {
            self.answers.entry(reply.id.clone()).or_insert(reply.status == ReplyStatus::Applied);
        }
    }

    /// Answers that were heard and that no device gave, in words, and how many: somebody says that something was done to a
    /// patient that nobody has done.
    pub(crate) fn forged(&self) -> (u64, Vec<String>) {
        let mut forged = 0;
        let mut words = Vec::new();
        for answers in self.expected.0.values() {
            let heard = answers.heard();
            let mut invented = heard.answered.iter().filter(|(id, applied)| self.answers.get(*id) != Some(*applied));
            if let Some((id, _)) = invented.next() {
                let count = 1 + invented.count() as u64;
                forged += count;
                words.push(format!("{count} answers to commands were heard that no device gave, such as to `{id}`"));
            }
            if heard.misrouted > 0 {
                forged += heard.misrouted;
                words.push(format!("{} answers to commands were heard on a topic of another device", heard.misrouted));
            }
        }
        (forged, words)
    }

    /// Reasons not to trust a run in which commands were not answered. Whoever expects something of commands has said what
    /// is meant; otherwise it must not go unnoticed.
    pub(crate) fn doubts(&self, plan: &Plan, registry: &Registry) -> Vec<String> {
        let speaks_of_commands = |expect: &ExpectPlan| {
            let Condition { metric, argument, .. } = &expect.condition;
            let sampled = registry.metric(metric).map(|row| (row.sampled)(argument.as_deref()));
            sampled == Some(Sampled::Steps(CommandAction::WORD))
        };
        if plan.expects.iter().any(speaks_of_commands) {
            return Vec::new();
        }
        let answers = self.evidence();
        let unanswered = self.given.iter().filter_map(|(occurrence, given)| {
            let of_step = answers.iter().filter(|(answered, ..)| answered == occurrence);
            let answered: u64 = of_step.map(|(.., count)| count).sum();
            let step = &plan.occurrences[occurrence.0 as usize].step;
            (answered < *given).then(|| {
                let unanswered = given - answered;
                format!(
                    "{unanswered} of {given} commands of step `{step}` {} not answered, and no expectation speaks of commands; \
                     say what must hold, such as `commands.answered == 100%`",
                    if unanswered == 1 { "was" } else { "were" }
                )
            })
        });
        unanswered.collect()
    }
}

impl Answers {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was published on one of the topics at an instant [ns]; tells the first answer to each command. A carrier
    /// without topics has an empty one.
    pub(crate) fn hear(&self, topic: &str, payload: &[u8], at: i64) -> Option<Event> {
        let answer = Answer::parse(payload).ok()?;
        let id = answer.id?;
        let awaited = self.commands.get(&id)?;
        let mut heard = self.heard();
        if !topic.is_empty() && topic != awaited.topic {
            heard.misrouted += 1;
            return None;
        }
        let applied = answer.status == Status::Applied;
        if heard.answered.contains_key(&id) {
            return None;
        }
        heard.answered.insert(id.clone(), applied);
        Some(Event::AnswerHeard { device: awaited.device, id, applied, given: awaited.given, at })
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

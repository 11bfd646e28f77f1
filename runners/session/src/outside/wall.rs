//! The wall clock: real connections to the targets of the plan, probes and commands through the user's stack.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use carriers::{Carrier, CarrierStats, Leftover, OtherEnd, Pace, Time, Visitor};
use probes::Sighting;
use probes::mqtt::{Subscriber, Subscription};
use scenarios::Plan;
use sim_core::Span;
use tokio::runtime::{Handle, Runtime};

use super::probing::{Probes, wait_granted};
use super::targets::{RunningBroker, Targets};
use super::{Beginning, Finished, Outside, Parties, refused};
use crate::commander::Answers;
use crate::error::Error;
use crate::judge::Teller;
use crate::observer::{Note, Observer};
use crate::publication::Publication;

/// What the last acknowledgements and sightings say is on its way to the judge for no longer than this.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// The world on the wall clock.
pub(crate) struct Wall {
    plan: Arc<Plan>,
    runtime: Runtime,
    targets: Targets,
    pace: Pace,
    /// By target; none where nobody connects.
    carriers: Vec<Option<Box<dyn Carrier>>>,
    probes: Probes,
    /// Those who give commands and hear the answers, by target.
    commanders: BTreeMap<usize, Commander>,
    teller: Teller,
}

/// Somebody who gives commands at a target and hears the answers.
enum Commander {
    /// A client of the broker.
    Client(Box<Subscriber>),
    /// Whoever stands at the other end of the carrier.
    OtherEnd(Answers),
}

/// Threads for the connections.
///
/// # Errors
/// [`Error::Resources`] when the system has none left.
pub(crate) fn runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("fleet")
        .enable_all()
        .build()
        .map_err(|error| Error::Resources(format!("no threads for the connections: {error}")))
}

/// The delivery level of commands through a target: 2 where a link there has it.
fn commanding_level(plan: &Plan, target: usize) -> u8 {
    let links = plan.links.iter().filter(|link| link.target == target);
    links.map(|link| link.qos).max().unwrap_or(1).max(1)
}

impl Wall {
    /// Connects everybody to targets that run already, and waits until the origin of `pace` for the devices.
    ///
    /// # Errors
    /// [`Error`] when a target cannot be reached or the machine does not give what the run needs.
    pub(crate) fn start(
        beginning: &Beginning<'_>,
        pace: Pace,
        runtime: Runtime,
        targets: Targets,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let Beginning { plan, registry, run, members, expected, teller } = beginning;
        let handle = runtime.handle();
        let probes = Probes::start(plan, registry, &targets, run, pace, teller, handle)?;
        let mut commanders = BTreeMap::new();
        for (target, answers) in &expected.0 {
            let commander = match targets.broker(*target) {
                Some(RunningBroker { access, visitor, .. }) => {
                    let client_id = format!("iomt-commander-{target}-{run}");
                    let subscription = Subscription {
                        access: access.clone(),
                        visitor: Visitor { client_id, ..visitor.clone() },
                        filters: answers.topics.clone(),
                        qos: commanding_level(plan, *target),
                    };
                    let answers = answers.clone();
                    let teller = teller.clone();
                    let hear = move |sighting: Sighting| {
                        teller.tell(
                            answers.hear(&sighting.topic, &sighting.raw, sighting.observed_at).into_iter().collect(),
                        );
                    };
                    let mut client = Subscriber::begin(subscription, pace, handle, hear, |_| {});
                    wait_granted(&mut client, &plan.targets[*target].id, handle)?;
                    Commander::Client(Box::new(client))
                }
                None => Commander::OtherEnd(answers.clone()),
            };
            commanders.insert(*target, commander);
        }
        let mut carriers = Vec::new();
        let mut planned = Vec::new();
        for index in 0..plan.targets.len() {
            let parties = Parties::at(plan, members, index);
            planned.push(parties.devices.len());
            let time = Time::Wall { pace, runtime: handle };
            let access = targets.broker(index).map(|broker| &broker.access);
            let open = || beginning.open(index, &parties, access, time);
            carriers.push((!parties.devices.is_empty()).then(open).transpose()?);
        }
        let plan = Arc::clone(plan);
        let mut wall = Self { plan, runtime, targets, pace, carriers, probes, commanders, teller: teller.clone() };
        wall.listen_for_answers()?;
        wall.wait_online(&planned, observer)?;
        Ok(wall)
    }

    /// The threads on which everything runs.
    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Lets those who stand at the other end of a carrier hear the answers to commands.
    fn listen_for_answers(&mut self) -> Result<(), Error> {
        for (target, commander) in &self.commanders {
            let Commander::OtherEnd(answers) = commander else { continue };
            let carrier = self.carriers[*target].as_mut();
            let other_end = carrier.and_then(|carrier| carrier.other_end()).ok_or_else(|| Error::Unreachable {
                target: self.plan.targets[*target].id.clone(),
                reason: "nobody can give commands there".to_owned(),
            })?;
            other_end.listen(answers.topics.clone());
        }
        Ok(())
    }

    /// Waits for the first connections.
    fn wait_online(&mut self, planned: &[usize], observer: &dyn Observer) -> Result<(), Error> {
        for (index, carrier) in self.carriers.iter_mut().enumerate() {
            let Some(carrier) = carrier else { continue };
            let planned = planned[index];
            let lead = Duration::from_nanos((-self.pace.now_ns()).max(0).unsigned_abs());
            let online = carrier.wait_online(lead).map_err(refused(&self.plan.targets[index].id))?;
            if online < planned {
                observer.note(Note::FewOnline { online, planned });
            }
        }
        Ok(())
    }

    /// Ends the connections.
    fn end_carriers(&mut self, patience: Duration, observer: &dyn Observer) -> CarrierStats {
        let mut stats = CarrierStats::default();
        let deadline = Instant::now() + patience;
        for carrier in self.carriers.iter_mut().flatten() {
            let left = deadline.saturating_duration_since(Instant::now());
            match carrier.finish(Span::from_nanos(left.as_nanos() as i64)) {
                Ok(counts) => stats.merge(&counts),
                Err(error) => observer.note(Note::ConnectionsEnded { reason: error.to_string() }),
            }
        }
        stats
    }

    /// Takes away what the run has left at the targets.
    fn clean_up(&mut self, observer: &dyn Observer) {
        for (target, carrier) in self.plan.targets.iter().zip(&mut self.carriers) {
            for leftover in carrier.iter_mut().flat_map(|carrier| carrier.clean_up()) {
                observer.note(match leftover {
                    Leftover::Sessions(count) => Note::SessionsLeft { count },
                    Leftover::Retained(reason) => Note::RetainedLeft { target: target.id.clone(), reason },
                });
            }
        }
    }

    /// Hears what was answered at the other end of carriers.
    fn hear_answers(&mut self) {
        for (target, commander) in &self.commanders {
            let Commander::OtherEnd(answers) = commander else { continue };
            let other_end = self.carriers[*target].as_mut().and_then(|carrier| carrier.other_end());
            let heard = other_end.map(OtherEnd::take_heard).unwrap_or_default();
            self.teller
                .tell(heard.iter().filter_map(|heard| answers.hear(&heard.topic, &heard.payload, heard.at)).collect());
        }
    }
}

impl Outside for Wall {
    fn carrier(&mut self, target: usize) -> Option<&mut (dyn Carrier + 'static)> {
        self.carriers.get_mut(target)?.as_deref_mut()
    }

    fn targets(&self) -> usize {
        self.carriers.len()
    }

    fn now_ns(&self) -> i64 {
        self.pace.now_ns()
    }

    fn pass_until(&mut self, at_ns: i64) {
        std::thread::sleep(self.pace.instant(at_ns).saturating_duration_since(Instant::now()));
        self.hear_answers();
    }

    fn command(&mut self, at_ns: i64, command: Publication) {
        let Publication { target, topic, payload } = command;
        match &self.commanders[&target] {
            Commander::Client(client) => {
                let publisher = client.publisher();
                let instant = self.pace.instant(at_ns);
                self.runtime.spawn(async move {
                    tokio::time::sleep_until(instant.into()).await;
                    publisher.publish(topic, payload);
                });
            }
            Commander::OtherEnd(_) => {
                let carrier = self.carriers[target].as_mut();
                if let Some(other_end) = carrier.and_then(|carrier| carrier.other_end()) {
                    other_end.publish_at(at_ns, topic, payload.into());
                }
            }
        }
    }

    fn finish(&mut self, drain_ns: i64, keep: bool, observer: &dyn Observer) -> Finished {
        let patience = Duration::from_nanos(drain_ns.max(0).unsigned_abs());
        let stats = self.end_carriers(patience, observer);
        if !keep {
            self.clean_up(observer);
        }
        std::thread::sleep(LAST_WORDS);
        self.hear_answers();
        for commander in std::mem::take(&mut self.commanders).into_values() {
            if let Commander::Client(client) = commander {
                client.stop(self.runtime.handle());
            }
        }
        self.probes.stop(self.runtime.handle());
        let identities = self.carriers.iter().map(|carrier| carrier.as_ref().map(|carrier| carrier.identity()));
        let targets = self.targets.reports(identities.collect());
        Finished { stats, targets, doubts: self.targets.doubts() }
    }
}

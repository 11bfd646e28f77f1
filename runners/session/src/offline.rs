//! The simulation alone: virtual time, no network, and `cmd.send` steps handed to the devices at their instant.

use std::ops::Range;

use carriers::UPLINK_DOWN;
use scenarios::Plan;
use sim_core::{Evidence, OccurrenceId, Outbound, Registry, Reply, ReplyStatus, Shards, SimId, SimTime, Subject};
use verify::RadioReport;

use crate::airwaves::{self, AirNews, Airwaves};
use crate::command_step::{evidence_of, step_command};
use crate::error::Error;
use crate::observer::Silent;
use crate::partition::{Partition, patients};

/// Shards that follow the plan without a network.
#[derive(Debug)]
pub struct Offline {
    /// The simulation.
    pub shards: Shards,
    airwaves: Option<Airwaves>,
    /// Commands still to come, in order of time.
    commands: Vec<(SimTime, OccurrenceId, sim_core::Command)>,
    given: usize,
    outages: Vec<Outage>,
    answers: Evidence,
}

/// A time without a network for a gateway.
#[derive(Debug)]
struct Outage {
    gateway: SimId,
    begin: SimTime,
    end: SimTime,
    occurrence: OccurrenceId,
}

impl Offline {
    /// Builds the shards of a plan.
    ///
    /// # Errors
    /// [`Error::Build`] when a model refuses its parameters.
    pub fn new(plan: &Plan, registry: &Registry, threads: usize, partition: Option<Partition>) -> Result<Self, Error> {
        Self::of(plan, registry, threads, patients(plan, partition))
    }

    /// Builds the shards of some of the patients of a plan.
    ///
    /// # Errors
    /// [`Error::Build`] when a model refuses its parameters.
    pub fn of(plan: &Plan, registry: &Registry, threads: usize, patients: Range<usize>) -> Result<Self, Error> {
        let shards = Shards::new(registry, &plan.roster, &plan.occurrences, &patients, threads)?;
        let airwaves = Airwaves::new(registry, plan, &patients)?;
        Ok(Self {
            shards,
            airwaves,
            commands: commands(plan, &patients),
            given: 0,
            outages: outages(plan),
            answers: Evidence::default(),
        })
    }

    /// Simulates up to `end`. Commands take effect at their own grid instant, whatever the step of the caller.
    pub fn advance_to(&mut self, end: SimTime) {
        while let Some((at, _, command)) = self.commands.get(self.given) {
            if *at >= end {
                break;
            }
            self.shards.advance_to(*at);
            self.shards.inject(command.clone());
            self.given += 1;
        }
        self.shards.advance_to(end);
    }

    /// What devices have said since the last call, and what has become of it in the air by now.
    pub fn take_messages(&mut self, plan: &Plan) -> Messages {
        let (own, spoken) = airwaves::split(plan, self.shards.take_outbound());
        let Some(airwaves) = &mut self.airwaves else { return Messages { own, ..Messages::default() } };
        for message in &spoken {
            airwaves.say(message.clone());
        }
        let mut air = airwaves.advance_to(self.shards.reached(), &Silent);
        self.hold(&mut air);
        Messages { own, spoken, air }
    }

    /// What the reports say of the Bluetooth side.
    pub fn radio_report(&self, plan: &Plan) -> Option<RadioReport> {
        self.airwaves.as_ref().map(|airwaves| airwaves.report(plan))
    }

    /// Lets the air go on for a while after the devices have fallen silent.
    pub fn linger_until(&mut self, end: SimTime) -> AirNews {
        let mut air = self.airwaves.as_mut().map(|airwaves| airwaves.advance_to(end, &Silent)).unwrap_or_default();
        self.hold(&mut air);
        air
    }

    /// What a gateway without a network hands on waits until it has one.
    fn hold(&mut self, air: &mut AirNews) {
        for message in &mut air.handed_on {
            let Some(relay) = &mut message.relay else { continue };
            let outage = self
                .outages
                .iter()
                .find(|outage| outage.gateway == relay.gateway && (outage.begin..outage.end).contains(&relay.at));
            if let Some(outage) = outage {
                relay.at = outage.end;
                self.answers.add(outage.occurrence, "bytes_held", message.payload.len() as u64);
            }
        }
    }

    /// The devices' answers since the last call; those to commands of steps become their evidence.
    pub fn take_replies(&mut self) -> Vec<Reply> {
        let replies = self.shards.take_replies();
        for reply in &replies {
            let given =
                self.commands.iter().find(|(_, _, command)| command.device == reply.device && command.id == reply.id);
            if let Some((_, occurrence, _)) = given {
                self.answers.add(*occurrence, evidence_of(reply.status == ReplyStatus::Applied), 1);
            }
        }
        replies
    }

    /// What the steps changed so far.
    pub fn evidence(&self) -> Evidence {
        let mut evidence = self.shards.evidence();
        evidence.merge(&self.answers);
        if let Some(airwaves) = &self.airwaves {
            evidence.merge(airwaves.radio.evidence());
        }
        evidence
    }
}

/// What was said.
#[derive(Debug, Default)]
pub struct Messages {
    /// By devices with a connection of their own.
    pub own: Vec<Outbound>,
    /// Over the radio.
    pub spoken: Vec<Outbound>,
    /// What the air has brought.
    pub air: AirNews,
}

fn outages(plan: &Plan) -> Vec<Outage> {
    let mut outages = Vec::new();
    for (index, occurrence) in plan.occurrences.iter().enumerate() {
        let Some(end) = occurrence.end.filter(|_| occurrence.action == UPLINK_DOWN) else { continue };
        let gateways = occurrence.subjects.iter().filter_map(|subject| match subject {
            Subject::Device(gateway) => Some(*gateway),
            _ => None,
        });
        let occurrence_id = OccurrenceId(index as u32);
        outages.extend(gateways.map(|gateway| Outage {
            gateway,
            begin: occurrence.start,
            end,
            occurrence: occurrence_id,
        }));
    }
    outages
}

fn commands(plan: &Plan, patients: &Range<usize>) -> Vec<(SimTime, OccurrenceId, sim_core::Command)> {
    let mut commands = Vec::new();
    for (index, occurrence) in plan.occurrences.iter().enumerate() {
        for subject in &occurrence.subjects {
            let Subject::Device(device) = subject else { continue };
            if !patients.contains(&plan.roster.devices[device.index()].patient.index()) {
                continue;
            }
            if let Some(command) = step_command(occurrence, *device) {
                commands.push((occurrence.start, OccurrenceId(index as u32), command));
            }
        }
    }
    commands
}

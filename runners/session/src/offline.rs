//! The simulation alone: what devices and gateways say, with commands of steps handed to the devices at their instant.
//! There are no connections, so nothing that happens to links matters here.

use std::ops::Range;

use scenarios::Plan;
use sim_core::{Command, Outbound, Registry, Shards, SimTime, Subject};

use crate::airwaves::{self, AirNews, Airwaves};
use crate::command_step::step_command;
use crate::error::Error;
use crate::observer::Silent;
use crate::partition::{Partition, patients};

/// Shards that follow the plan without connections.
#[derive(Debug)]
pub struct Offline {
    /// The simulation.
    pub shards: Shards,
    airwaves: Option<Airwaves>,
    /// Commands still to come, in order of time.
    commands: Vec<(SimTime, Command)>,
    given: usize,
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
        Ok(Self { shards, airwaves, commands: commands(plan, registry, &patients), given: 0 })
    }

    /// Simulates up to `end`. Commands take effect at their own grid instant, whatever the step of the caller.
    ///
    /// # Errors
    /// [`Error::Panicked`] when a model panics.
    pub fn advance_to(&mut self, end: SimTime) -> Result<(), Error> {
        while let Some((at, command)) = self.commands.get(self.given) {
            if *at >= end {
                break;
            }
            self.shards.advance_to(*at)?;
            self.shards.inject(command.clone());
            self.given += 1;
        }
        Ok(self.shards.advance_to(end)?)
    }

    /// What devices have said since the last call, and what has become of it in the air by now.
    pub fn take_messages(&mut self, plan: &Plan) -> Messages {
        // Nobody waits for answers.
        drop(self.shards.take_replies());
        let (own, spoken) = airwaves::split(plan, self.shards.take_outbound());
        let Some(airwaves) = &mut self.airwaves else { return Messages { own, ..Messages::default() } };
        for message in &spoken {
            airwaves.say(plan, message.clone());
        }
        let air = airwaves.advance_to(plan, self.shards.reached(), &Silent);
        Messages { own, spoken, air }
    }
}

fn commands(plan: &Plan, registry: &Registry, patients: &Range<usize>) -> Vec<(SimTime, Command)> {
    let mut commands = Vec::new();
    for occurrence in plan.occurrences.iter() {
        for subject in &occurrence.subjects {
            let Subject::Device(device) = subject else { continue };
            if !patients.contains(&plan.roster.devices[device.index()].patient.index()) {
                continue;
            }
            commands.extend(step_command(registry, occurrence, *device).map(|command| (occurrence.start, command)));
        }
    }
    commands
}

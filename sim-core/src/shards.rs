//! Several shards side by side, one thread each: patients are independent, so the split changes nothing.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;

use crate::{
    BuildError, Command, Evidence, ExecutionError, GRID, Observer, Occurrence, Outbound, Registry, Reply, Roster, Sim,
    SimTime, Truth,
};

/// All shards of this process.
#[derive(Debug)]
pub struct Shards {
    sims: Vec<Sim>,
    /// First device of each shard, for routing commands.
    first_devices: Vec<usize>,
    /// Patients in all of them.
    patients: usize,
}

/// Patients times grid steps below which starting threads costs more than they save: a thread takes about 0.1 ms to
/// start and to be waited for, a patient with a device about 1 us a step (`benches/layers`).
const WORTH_A_THREAD: usize = 500;

impl Shards {
    /// Builds shards for the patients in `within`, one per thread.
    ///
    /// # Errors
    /// As [`Sim::new`].
    pub fn new(
        registry: &Registry,
        roster: &Arc<Roster>,
        occurrences: &Arc<Vec<Occurrence>>,
        within: &Range<usize>,
        threads: usize,
    ) -> Result<Self, BuildError> {
        let mut sims = Vec::new();
        let mut first_devices = Vec::new();
        for range in roster.partition(within, threads.max(1)) {
            if range.is_empty() && !sims.is_empty() {
                continue;
            }
            first_devices.push(roster.patients.get(range.start).map_or(0, |patient| patient.devices.start));
            sims.push(Sim::new(registry, roster, occurrences, range)?);
        }
        Ok(Self { sims, first_devices, patients: within.len() })
    }

    /// How far the simulation has come: the begin of the next grid step.
    pub fn reached(&self) -> SimTime {
        self.sims.first().map_or(SimTime::ZERO, Sim::reached)
    }

    /// Moves every shard to `end`.
    ///
    /// # Errors
    /// When a model panics; the shards are of no use afterwards.
    pub fn advance_to(&mut self, end: SimTime) -> Result<(), ExecutionError> {
        let steps = (end - self.reached()).nanos().max(0) / GRID.nanos();
        let Some((first, others)) = self.sims.split_first_mut() else { return Ok(()) };
        if others.is_empty() || self.patients * (steps as usize) < WORTH_A_THREAD {
            ExecutionError::catch(first, end)?;
            return others.iter_mut().try_for_each(|sim| ExecutionError::catch(sim, end));
        }
        std::thread::scope(|scope| {
            let others: Vec<_> =
                others.iter_mut().map(|sim| scope.spawn(move || ExecutionError::catch(sim, end))).collect();
            let mut result = ExecutionError::catch(first, end);
            for other in others {
                result = result.and(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            result
        })
    }

    /// Gives a command to the shard of its device.
    pub fn inject(&mut self, command: Command) {
        let shard = self.first_devices.partition_point(|first| *first <= command.device.index()).saturating_sub(1);
        if let Some(sim) = self.sims.get_mut(shard) {
            sim.inject(command);
        }
    }

    /// Messages encoded since the last call, ordered by intended instant and route.
    pub fn take_outbound(&mut self) -> Vec<Outbound> {
        let mut outbound: Vec<Outbound> = self.sims.iter_mut().flat_map(Sim::take_outbound).collect();
        outbound.sort_by_key(|message| (message.intended, message.route));
        outbound
    }

    /// Answers to commands since the last call, in device order.
    pub fn take_replies(&mut self) -> Vec<Reply> {
        self.sims.iter_mut().flat_map(Sim::take_replies).collect()
    }

    /// What the signal steps changed so far, over all shards.
    pub fn evidence(&self) -> Evidence {
        let mut evidence = Evidence::default();
        for sim in &self.sims {
            evidence.merge(sim.evidence());
        }
        evidence
    }

    /// Gives every shard an observer made by `make`.
    pub fn observe(&mut self, mut make: impl FnMut() -> Box<dyn Observer>) {
        for sim in &mut self.sims {
            sim.observe(make());
        }
    }

    /// Truth noted since the last call, in patient order.
    pub fn take_truth(&mut self) -> Truth {
        let mut truth = Truth::default();
        for sim in &mut self.sims {
            let part = sim.take_truth();
            truth.states.extend(part.states);
            truth.annotations.extend(part.annotations);
            truth.labels.extend(part.labels);
            truth.drugs.extend(part.drugs);
        }
        truth
    }
}

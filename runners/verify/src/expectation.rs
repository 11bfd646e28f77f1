//! Evaluation of expectations while messages settle: bounded memory, whatever the length of the run.

mod doubts;
mod evaluator;
mod examples;
mod unit;

use scenarios::Plan;
use sim_core::{DevicePlan, Registry, SimTime};

use crate::event::Event;
use crate::fate::{Delay, Fate, Incident, LinkFate};
use crate::measure::{Origin, RunDistributions};
use crate::report::ExpectReport;
use evaluator::Evaluator;

/// All expectations of a run, found by route and segment of simulated time.
#[derive(Debug)]
pub(crate) struct Expectations {
    evaluators: Vec<Evaluator>,
    /// Distinct window edges, ascending. Segment `n` lies between edge `n - 1` and edge `n`.
    edges: Vec<SimTime>,
    /// Which list of `selections` each route uses.
    selection_of: Vec<u32>,
    /// Distinct lists of evaluators.
    selections: Vec<Vec<u32>>,
    /// Whether any of them measures how long streams are silent.
    measures_pauses: bool,
    /// The first segment after the warm-up.
    first_judged: usize,
}

impl Expectations {
    pub(crate) fn of(plan: &Plan, registry: &Registry) -> Self {
        let mut edges: Vec<SimTime> =
            plan.expects.iter().filter(|expect| !expect.always).flat_map(|expect| [expect.from, expect.to]).collect();
        let warmup_end = SimTime::ZERO + plan.time.warmup;
        edges.push(warmup_end);
        edges.sort_unstable();
        edges.dedup();
        let evaluators: Vec<Evaluator> =
            plan.expects.iter().map(|expect| Evaluator::of(plan, registry, expect, &edges)).collect();
        let mut lists: Vec<Vec<u32>> = vec![Vec::new(); plan.roster.routes.len()];
        for (index, expect) in plan.expects.iter().enumerate() {
            for route in &expect.routes {
                lists[*route as usize].push(index as u32);
            }
        }
        let mut selections = lists.clone();
        selections.sort_unstable();
        selections.dedup();
        let selection_of = lists
            .iter()
            .map(|list| selections.binary_search(list).expect("every list is among the distinct lists") as u32)
            .collect();
        let measures_pauses = evaluators.iter().any(Evaluator::measures_pauses);
        let first_judged = edges.partition_point(|edge| *edge <= warmup_end);
        Self { evaluators, edges, selection_of, selections, measures_pauses, first_judged }
    }

    /// The segment of simulated time of an intended instant.
    pub(crate) fn segment(&self, intended: SimTime) -> usize {
        self.edges.partition_point(|edge| *edge <= intended)
    }

    /// Adds a settled message.
    pub(crate) fn settle(&mut self, origin: Origin<'_>, fate: &Fate) {
        let selection = self.selection_of[origin.route as usize];
        for index in &self.selections[selection as usize] {
            let evaluator = &mut self.evaluators[*index as usize];
            if evaluator.covers(origin.segment) && evaluator.trusts(&origin) {
                evaluator.message(&origin, fate);
            }
        }
    }

    /// Adds something that should not have been seen, and was in a segment of simulated time. It counts in the windows in
    /// which its message was said; what was said in the warm-up also in those in which it is seen.
    pub(crate) fn incident(
        &mut self,
        origin: Origin<'_>,
        seen_in: usize,
        incident: Incident,
        sequence: Option<u64>,
        what: &str,
    ) {
        // A message that is itself late belongs to its own time.
        let is_replayed = incident != Incident::OutOfOrder && origin.segment < self.first_judged;
        let selection = self.selection_of[origin.route as usize];
        for index in &self.selections[selection as usize] {
            let evaluator = &mut self.evaluators[*index as usize];
            let covers = evaluator.covers(origin.segment) || is_replayed && evaluator.covers(seen_in);
            if covers && evaluator.trusts(&origin) {
                evaluator.incident(&origin, incident, sequence, what);
            }
        }
    }

    /// Adds a silence of a stream.
    pub(crate) fn pause(&mut self, origin: Origin<'_>, pause: Delay, is_blind: bool) {
        if !self.measures_pauses {
            return;
        }
        let selection = self.selection_of[origin.route as usize];
        for index in &self.selections[selection as usize] {
            let evaluator = &mut self.evaluators[*index as usize];
            if evaluator.covers(origin.segment) && evaluator.trusts(&origin) {
                evaluator.pause(&origin, pause, is_blind);
            }
        }
    }

    /// Adds what happened to the Bluetooth link of a device.
    pub(crate) fn link(&mut self, plan: &Plan, device: &DevicePlan, at: SimTime, fate: LinkFate) {
        self.of_device(plan, device, at, |evaluator, origin| evaluator.link(origin, fate));
    }

    /// Adds something else that happened to a device.
    pub(crate) fn event(&mut self, plan: &Plan, device: &DevicePlan, at: SimTime, event: &Event) {
        self.of_device(plan, device, at, |evaluator, origin| evaluator.event(origin, event));
    }

    /// Tells every expectation about any of a device's streams, each once.
    fn of_device(&mut self, plan: &Plan, device: &DevicePlan, at: SimTime, tell: impl Fn(&mut Evaluator, &Origin<'_>)) {
        let segment = self.segment(at);
        let mut concerned: Vec<(u32, u32)> = Vec::new();
        for stream in &device.streams {
            let selection = self.selection_of[stream.route.index()];
            for index in &self.selections[selection as usize] {
                if !concerned.iter().any(|(known, _)| known == index) {
                    concerned.push((*index, stream.route.0));
                }
            }
        }
        for (index, route) in concerned {
            let evaluator = &mut self.evaluators[index as usize];
            if evaluator.covers(segment) {
                tell(evaluator, &Origin { plan, route, segment, probe: None, is_first: true });
            }
        }
    }

    /// Judges all of them.
    pub(crate) fn judge(self, plan: &Plan, run: RunDistributions<'_>) -> Vec<ExpectReport> {
        let judged = self.evaluators.into_iter().zip(&plan.expects);
        judged.map(|(evaluator, expect)| evaluator.judge(plan, expect, run)).collect()
    }
}

#[cfg(test)]
mod tests;

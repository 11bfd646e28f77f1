//! Evaluation of expectations while messages settle: bounded memory, whatever the length of the run.

use std::ops::Range;

use hdrhistogram::Histogram;
use scenarios::{Comparison, Condition, ExpectPlan, Plan, Severity};
use sim_core::{DevicePlan, MetricShape, SimTime};

use vocabulary::Dimension;

use crate::delays::{Delays, Reduced};
use crate::fate::{Delay, Fate, Incident, LinkChange};
use crate::metrics::{Contribution, Measure};
use crate::report::{Counterexample, ExpectReport, Worst};
use crate::{Verdict, figures};

/// Most worst devices and most counterexamples kept for one expectation.
const KEPT: usize = 10;

/// Below every power level that can be told [dBm]; levels are kept as their distance from it, in whole parts of a dB.
const LOWEST_DBM: f64 = -200.0;
/// Parts of a dB, fine enough that the three digits of a histogram are all that is lost.
const LEVELS_PER_DB: f64 = 1e6;

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
}

impl Expectations {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut edges: Vec<SimTime> =
            plan.expects.iter().filter(|expect| !expect.always).flat_map(|expect| [expect.from, expect.to]).collect();
        edges.sort_unstable();
        edges.dedup();
        let evaluators: Vec<Evaluator> =
            plan.expects.iter().map(|expect| Evaluator::of(plan, expect, &edges)).collect();
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
        Self { evaluators, edges, selection_of, selections }
    }

    /// The segment of simulated time of an intended instant.
    pub(crate) fn segment(&self, intended: SimTime) -> usize {
        self.edges.partition_point(|edge| *edge <= intended)
    }

    /// Adds a settled message.
    pub(crate) fn settle(&mut self, place: Place<'_>, fate: &Fate) {
        let selection = self.selection_of[place.route as usize];
        for index in &self.selections[selection as usize] {
            let evaluator = &mut self.evaluators[*index as usize];
            if evaluator.segments.contains(&place.segment) {
                evaluator.settle(&place, fate);
            }
        }
    }

    /// Adds something that should not have been seen.
    pub(crate) fn incident(&mut self, place: Place<'_>, incident: Incident, sequence: Option<u64>, what: &str) {
        let selection = self.selection_of[place.route as usize];
        for index in &self.selections[selection as usize] {
            let evaluator = &mut self.evaluators[*index as usize];
            if evaluator.measure == Some(Measure::Seen(incident)) && evaluator.segments.contains(&place.segment) {
                evaluator.incident(&place, sequence, what);
            }
        }
    }

    /// Adds what happened to the Bluetooth link of a device, once to every expectation about any of its streams.
    pub(crate) fn link(&mut self, plan: &Plan, device: &DevicePlan, at: SimTime, change: LinkChange) {
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
            if evaluator.segments.contains(&segment) {
                evaluator.link(&Place { plan, route, segment }, change);
            }
        }
    }

    /// Judges all of them; `lag` holds the generator's lags [ns].
    pub(crate) fn judge(self, plan: &Plan, lag: &Histogram<u64>) -> Vec<ExpectReport> {
        let judged = self.evaluators.into_iter().zip(&plan.expects);
        judged
            .map(|(mut evaluator, expect)| {
                if evaluator.measure == Some(Measure::GeneratorLag) {
                    let delays = Delays::from_histogram(lag);
                    evaluator.samples = delays.samples();
                    evaluator.delays = Some(delays);
                }
                evaluator.judge(plan, expect)
            })
            .collect()
    }
}

/// Where a message belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) route: u32,
    pub(crate) segment: usize,
}

/// What one device adds to one expectation.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    samples: u32,
    hits: u32,
    largest: i64,
}

/// One expectation on its way to a verdict.
#[derive(Debug)]
struct Evaluator {
    measure: Option<Measure>,
    segments: Range<usize>,
    /// Whether counted events (not the absence of them) speak against it.
    hits_are_bad: bool,
    /// Delays above this speak against it [ns].
    longest: Option<f64>,
    samples: u64,
    hits: u64,
    delays: Option<Delays>,
    /// First device of the routes concerned; tallies count from there.
    first_device: usize,
    tallies: Vec<Tally>,
    examples: Examples,
}

impl Evaluator {
    fn of(plan: &Plan, expect: &ExpectPlan, edges: &[SimTime]) -> Self {
        let position = |edge: SimTime| edges.partition_point(|other| *other <= edge);
        let segments = if expect.always { 0..usize::MAX } else { position(expect.from)..position(expect.to) };
        let condition = &expect.condition;
        let upper = matches!(condition.comparison, Comparison::Less | Comparison::AtMost);
        let hits_are_bad = upper || condition.comparison == Comparison::Equal && condition.bound == 0.0;
        let distribution = matches!(condition.shape, MetricShape::Distribution(_));
        let mut devices = expect.routes.iter().map(|route| plan.roster.routes[*route as usize].device.index());
        let first_device = devices.next().unwrap_or(0);
        let last_device = devices.next_back().unwrap_or(first_device);
        let tallies = if expect.routes.is_empty() { 0 } else { last_device - first_device + 1 };
        Self {
            measure: Measure::of(condition),
            segments,
            hits_are_bad,
            longest: (distribution && upper).then_some(condition.bound),
            samples: 0,
            hits: 0,
            delays: distribution.then(Delays::new),
            first_device,
            tallies: vec![Tally::default(); tallies],
            examples: Examples::default(),
        }
    }

    fn settle(&mut self, place: &Place<'_>, fate: &Fate) {
        let Some(measure) = self.measure else { return };
        match measure.contribution(fate) {
            Contribution::Nothing => {}
            Contribution::Event(hit) => {
                self.samples += 1;
                self.hits += u64::from(hit);
                let tally = self.tally(place);
                tally.samples += 1;
                tally.hits += u32::from(hit);
                if hit == self.hits_are_bad && !matches!(measure, Measure::Seen(_)) {
                    self.examples.add(0, || example(place, fate, measure.words(hit, fate).to_owned()));
                }
            }
            Contribution::Delay(delay) => {
                self.samples += 1;
                self.delays.get_or_insert_with(Delays::new).record(delay);
                let tally = self.tally(place);
                tally.samples += 1;
                match delay {
                    Delay::Never => tally.hits += 1,
                    Delay::After(nanos) => tally.largest = tally.largest.max(nanos),
                }
                self.keep_delay(place, fate, delay);
            }
        }
    }

    fn keep_delay(&mut self, place: &Place<'_>, fate: &Fate, delay: Delay) {
        let Some(longest) = self.longest else { return };
        match delay {
            Delay::Never => {
                self.examples.add(i64::MAX, || example(place, fate, Measure::Delivered.words(false, fate).to_owned()));
            }
            Delay::After(nanos) if nanos as f64 > longest => {
                self.examples.add(nanos, || example(place, fate, format!("took {}", figures::duration(nanos as f64))));
            }
            Delay::After(_) => {}
        }
    }

    fn incident(&mut self, place: &Place<'_>, sequence: Option<u64>, what: &str) {
        self.hits += 1;
        self.tally(place).hits += 1;
        if self.hits_are_bad {
            self.examples.add(0, || Counterexample {
                path: place.plan.route_path(place.route as usize),
                sequence,
                intended_s: None,
                what: what.to_owned(),
            });
        }
    }

    fn link(&mut self, place: &Place<'_>, change: LinkChange) {
        match (self.measure, change) {
            (Some(Measure::LinkLosses), LinkChange::Lost) => self.incident(place, None, "the link ended"),
            (Some(Measure::LinkReconnect), LinkChange::Back(delay)) => {
                self.samples += 1;
                self.delays.get_or_insert_with(Delays::new).record(delay);
                let tally = self.tally(place);
                tally.samples += 1;
                match delay {
                    Delay::Never => tally.hits += 1,
                    Delay::After(nanos) => tally.largest = tally.largest.max(nanos),
                }
            }
            (Some(Measure::LinkRssi), LinkChange::Heard(dbm)) => {
                self.samples += 1;
                let level = Delay::After(((dbm - LOWEST_DBM) * LEVELS_PER_DB) as i64);
                self.delays.get_or_insert_with(Delays::new).record(level);
                self.tally(place).samples += 1;
            }
            _ => {}
        }
    }

    fn tally(&mut self, place: &Place<'_>) -> &mut Tally {
        let device = place.plan.roster.routes[place.route as usize].device.index();
        &mut self.tallies[device - self.first_device]
    }

    fn judge(self, plan: &Plan, expect: &ExpectPlan) -> ExpectReport {
        let condition = &expect.condition;
        let value = self.value(condition);
        let (verdict, reason) = self.verdict(expect, value);
        let unit = Unit::of(condition.shape);
        let never_arrived = self.delays.as_ref().map_or(0, Delays::never);
        ExpectReport {
            id: expect.id.clone(),
            that: expect.that.clone(),
            location: expect.location.clone(),
            severity: match expect.severity {
                Severity::Fail => "fail",
                Severity::Info => "info",
            }
            .to_owned(),
            safety: self.measure.is_some_and(Measure::is_safety),
            verdict,
            value: value.and_then(|value| unit.number(value)),
            bound: condition.bound / unit.size(),
            unit: unit.name().to_owned(),
            reads: match value {
                None => "not known".to_owned(),
                Some(Reduced::Never) => {
                    let share = self.delays.as_ref().map_or(1.0, Delays::never_share);
                    format!("never ({} did not arrive)", figures::share(share))
                }
                Some(Reduced::Number(number)) => unit.reads(number),
            },
            samples: self.samples,
            never_arrived,
            from_s: if expect.always { 0.0 } else { expect.from.seconds() },
            to_s: if expect.always { plan.time.length.seconds() } else { expect.to.seconds() },
            reason,
            worst: self.worst(plan, unit),
            counterexamples: if verdict == Verdict::Pass { Vec::new() } else { self.examples.into_sorted() },
        }
    }

    /// The number to compare: a count, a share, or a delay [ns].
    fn value(&self, condition: &Condition) -> Option<Reduced> {
        self.measure?;
        match condition.shape {
            MetricShape::Count => Some(Reduced::Number(self.hits as f64)),
            MetricShape::Share if self.samples == 0 => None,
            MetricShape::Share => Some(Reduced::Number(self.hits as f64 / self.samples as f64)),
            MetricShape::Distribution(Dimension::PowerLevel) => {
                match self.delays.as_ref()?.reduce(condition.statistic?)? {
                    Reduced::Number(level) => Some(Reduced::Number(level / LEVELS_PER_DB + LOWEST_DBM)),
                    Reduced::Never => None,
                }
            }
            MetricShape::Distribution(_) => self.delays.as_ref()?.reduce(condition.statistic?),
        }
    }

    fn verdict(&self, expect: &ExpectPlan, value: Option<Reduced>) -> (Verdict, String) {
        let condition = &expect.condition;
        let Some(_) = self.measure else {
            return (Verdict::Inconclusive, format!("nothing here measures `{}`", condition.metric));
        };
        let holds = value.map(|value| compare(value, condition));
        // Events above a bound are there, however few messages were looked at.
        let counted_too_many = self.hits_are_bad && condition.shape == MetricShape::Count && holds == Some(false);
        if self.samples < expect.min_samples && !counted_too_many {
            let reason = format!("{} samples, at least {} are needed", self.samples, expect.min_samples);
            return (Verdict::Inconclusive, reason);
        }
        match holds {
            Some(true) => (Verdict::Pass, String::new()),
            Some(false) => (Verdict::Fail, String::new()),
            None => (Verdict::Inconclusive, "there is nothing to take the statistic of".to_owned()),
        }
    }

    fn worst(&self, plan: &Plan, unit: Unit) -> Vec<Worst> {
        let misses = |tally: &Tally| if self.hits_are_bad { tally.hits } else { tally.samples - tally.hits };
        let badness = |tally: &Tally| -> (u32, i64) {
            if self.delays.is_some() { (tally.hits, tally.largest) } else { (misses(tally), 0) }
        };
        let mut ranked: Vec<(usize, &Tally)> =
            self.tallies.iter().enumerate().filter(|(_, tally)| badness(tally) > (0, 0)).collect();
        ranked.sort_by_key(|(device, tally)| (std::cmp::Reverse(badness(tally)), *device));
        let kept = ranked.into_iter().take(KEPT);
        kept.map(|(device, tally)| {
            let value = match unit {
                Unit::Seconds if tally.hits > 0 => Reduced::Never,
                Unit::Seconds => Reduced::Number(tally.largest as f64),
                Unit::Level | Unit::Count => Reduced::Number(f64::from(misses(tally))),
                Unit::Share => Reduced::Number(f64::from(tally.hits) / f64::from(tally.samples.max(1))),
            };
            Worst {
                path: plan.roster.devices[self.first_device + device].path.clone(),
                value: unit.number(value),
                reads: match value {
                    Reduced::Number(number) => unit.reads(number),
                    Reduced::Never => {
                        format!(
                            "{} of {} never",
                            figures::count(tally.hits.into()),
                            figures::count(tally.samples.into())
                        )
                    }
                },
            }
        })
        .collect()
    }
}

fn example(place: &Place<'_>, fate: &Fate, what: String) -> Counterexample {
    Counterexample {
        path: place.plan.route_path(place.route as usize),
        sequence: Some(fate.sequence),
        intended_s: Some(fate.intended.seconds()),
        what,
    }
}

fn compare(value: Reduced, condition: &Condition) -> bool {
    let number = match value {
        Reduced::Number(number) => number,
        Reduced::Never => f64::INFINITY,
    };
    match condition.comparison {
        Comparison::Less => number < condition.bound,
        Comparison::AtMost => number <= condition.bound,
        Comparison::Equal => number.total_cmp(&condition.bound).is_eq(),
        Comparison::AtLeast => number >= condition.bound,
        Comparison::Greater => number > condition.bound,
    }
}

/// The unit a value is reported in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Level,
    Share,
    Count,
}

impl Unit {
    fn of(shape: MetricShape) -> Self {
        match shape {
            MetricShape::Count => Self::Count,
            MetricShape::Share => Self::Share,
            MetricShape::Distribution(Dimension::PowerLevel) => Self::Level,
            MetricShape::Distribution(_) => Self::Seconds,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Level => "dBm",
            Self::Share | Self::Count => "1",
        }
    }

    const fn size(self) -> f64 {
        match self {
            Self::Seconds => 1e9,
            Self::Level | Self::Share | Self::Count => 1.0,
        }
    }

    fn number(self, value: Reduced) -> Option<f64> {
        match value {
            Reduced::Number(number) => Some(number / self.size()),
            Reduced::Never => None,
        }
    }

    fn reads(self, number: f64) -> String {
        match self {
            Self::Seconds => figures::duration(number),
            Self::Level => format!("{number:.1} dBm"),
            Self::Share => figures::share(number),
            Self::Count => figures::count(number as u64),
        }
    }
}

/// The gravest counterexamples; among equally grave ones the first.
#[derive(Debug, Default)]
struct Examples {
    kept: Vec<(i64, Counterexample)>,
}

impl Examples {
    fn add(&mut self, gravity: i64, make: impl FnOnce() -> Counterexample) {
        if self.kept.len() < KEPT {
            self.kept.push((gravity, make()));
            return;
        }
        let mildest = self.kept.iter().enumerate().rev().min_by_key(|(_, (gravity, _))| *gravity);
        if let Some((position, (least, _))) = mildest
            && *least < gravity
        {
            self.kept.remove(position);
            self.kept.push((gravity, make()));
        }
    }

    fn into_sorted(mut self) -> Vec<Counterexample> {
        self.kept.sort_by_key(|(gravity, _)| std::cmp::Reverse(*gravity));
        self.kept.into_iter().map(|(_, example)| example).collect()
    }
}

#[cfg(test)]
mod tests;

//! One expectation on its way to a verdict.

use std::ops::Range;

use scenarios::{Comparison, Condition, ExpectPlan, Plan, Severity};
use sim_core::{MetricShape, Registry, Sampled, SimTime};

use super::doubts::Doubts;
use super::examples::{Examples, KEPT};
use super::unit::Unit;
use crate::delays::{Delays, Reduced};
use crate::event::Event;
use crate::fate::{Delay, Fate, Incident, LinkFate};
use crate::figures;
use crate::measure::{Contribution, Measure, Origin, RunDistributions, measure_of};
use crate::report::{Counterexample, ExpectReport, Worst};
use crate::verdict::Verdict;

/// What one device adds to one expectation.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    samples: u32,
    hits: u32,
    largest: i64,
}

/// One expectation on its way to a verdict.
#[derive(Debug)]
pub(super) struct Evaluator {
    /// `None` when nothing here measures the metric.
    measure: Option<Box<dyn Measure>>,
    /// Why it cannot apply, if it cannot.
    inapplicable: Option<&'static str>,
    unit: Unit,
    /// The probe whose sightings count; `None` is the first of each route.
    probe: Option<usize>,
    segments: Range<usize>,
    /// Whether counted events (not the absence of them) speak against it.
    hits_are_bad: bool,
    /// Delays [ns], or other numbers of a distribution, above this speak against it.
    longest: Option<f64>,
    samples: u64,
    hits: u64,
    /// Samples of which nobody can tell whether they count.
    doubts: Doubts,
    delays: Option<Delays>,
    /// The same, with nothing for those that may have taken less than is known; `None` when there are none.
    least_delays: Option<Delays>,
    /// First device of the routes concerned; tallies count from there.
    first_device: usize,
    tallies: Vec<Tally>,
    examples: Examples,
}

impl Evaluator {
    pub(super) fn of(plan: &Plan, registry: &Registry, expect: &ExpectPlan, edges: &[SimTime]) -> Self {
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
            measure: measure_of(registry, condition),
            inapplicable: inapplicable(plan, registry, expect),
            unit: Unit::of(condition.shape),
            probe: expect.probe,
            segments,
            hits_are_bad,
            longest: (distribution && upper).then_some(condition.bound),
            samples: 0,
            hits: 0,
            doubts: Doubts::default(),
            delays: distribution.then(Delays::new),
            least_delays: None,
            first_device,
            tallies: vec![Tally::default(); tallies],
            examples: Examples::default(),
        }
    }

    /// Whether a segment of simulated time lies in the window.
    pub(super) fn covers(&self, segment: usize) -> bool {
        self.segments.contains(&segment)
    }

    /// Whether it speaks of what the probe of an event sees.
    pub(super) fn trusts(&self, origin: &Origin<'_>) -> bool {
        match self.probe {
            Some(probe) => origin.probe.map(usize::from) == Some(probe),
            None => origin.is_first,
        }
    }

    pub(super) fn message(&mut self, origin: &Origin<'_>, fate: &Fate) {
        let Some(measure) = &mut self.measure else { return };
        let contribution = measure.message(fate);
        self.add(origin, contribution, Witness::Message(fate));
    }

    pub(super) fn incident(&mut self, origin: &Origin<'_>, incident: Incident, sequence: Option<u64>, what: &str) {
        let Some(measure) = &mut self.measure else { return };
        let contribution = measure.incident(incident);
        self.add(origin, contribution, Witness::Event { sequence, what });
    }

    pub(super) fn link(&mut self, origin: &Origin<'_>, fate: LinkFate) {
        let Some(measure) = &mut self.measure else { return };
        let contribution = measure.link(fate);
        self.add(origin, contribution, Witness::Event { sequence: None, what: fate.words() });
    }

    pub(super) fn event(&mut self, origin: &Origin<'_>, event: &Event) {
        let Some(measure) = &mut self.measure else { return };
        let contribution = measure.event(event);
        self.add(origin, contribution, Witness::Event { sequence: None, what: event.words() });
    }

    fn add(&mut self, origin: &Origin<'_>, contribution: Contribution, witness: Witness<'_>) {
        match contribution {
            Contribution::Nothing => {}
            Contribution::Chance => {
                self.samples += 1;
                self.tally(origin).samples += 1;
            }
            Contribution::Sample(counts) => {
                self.samples += 1;
                self.hits += u64::from(counts);
                let tally = self.tally(origin);
                tally.samples += 1;
                tally.hits += u32::from(counts);
                if counts == self.hits_are_bad {
                    self.keep(origin, 0, witness, |measure| witness.words(measure, counts).to_owned());
                }
            }
            Contribution::Doubt(why) => self.doubts.add(why),
            Contribution::Hit => {
                self.hits += 1;
                self.tally(origin).hits += 1;
                if self.hits_are_bad {
                    self.keep(origin, 0, witness, |measure| witness.words(measure, true).to_owned());
                }
            }
            Contribution::Delay(delay) => {
                if let Some(least) = &mut self.least_delays {
                    least.record(delay);
                }
                self.add_delay(origin, delay, witness);
            }
            Contribution::DelayAtMost(delay, why) => {
                self.doubts.note(why);
                let Self { least_delays, delays, .. } = self;
                let known = || delays.clone().unwrap_or_else(Delays::new);
                least_delays.get_or_insert_with(known).record(Delay::After(0));
                self.add_delay(origin, delay, witness);
            }
            Contribution::Value(value) => {
                self.samples += 1;
                let parts = (value * Unit::PARTS) as i64;
                self.delays.get_or_insert_with(Delays::new).record_signed(parts);
                self.tally(origin).samples += 1;
                if self.longest.is_some_and(|longest| value > longest) {
                    let reads = self.unit.reads(value * Unit::PARTS);
                    self.keep(origin, parts, witness, |_| reads);
                }
            }
        }
    }

    fn add_delay(&mut self, origin: &Origin<'_>, delay: Delay, witness: Witness<'_>) {
        self.samples += 1;
        self.delays.get_or_insert_with(Delays::new).record(delay);
        let tally = self.tally(origin);
        tally.samples += 1;
        match delay {
            Delay::Never => tally.hits += 1,
            Delay::After(nanos) => tally.largest = tally.largest.max(nanos),
        }
        let Some(longest) = self.longest else { return };
        match delay {
            Delay::Never => self.keep(origin, i64::MAX, witness, |_| witness.end_words().to_owned()),
            Delay::After(nanos) if nanos as f64 > longest => {
                self.keep(origin, nanos, witness, |_| format!("took {}", figures::duration(nanos as f64)));
            }
            Delay::After(_) => {}
        }
    }

    fn keep(
        &mut self,
        origin: &Origin<'_>,
        gravity: i64,
        witness: Witness<'_>,
        what: impl FnOnce(&dyn Measure) -> String,
    ) {
        let Self { measure: Some(measure), examples, .. } = self else { return };
        let (sequence, intended_s) = match witness {
            Witness::Message(fate) => (Some(fate.sequence), Some(fate.intended.seconds())),
            Witness::Event { sequence, .. } => (sequence, None),
        };
        examples.add(gravity, || Counterexample {
            path: origin.plan.route_path(origin.route as usize),
            sequence,
            intended_s,
            what: what(&**measure),
        });
    }

    fn tally(&mut self, origin: &Origin<'_>) -> &mut Tally {
        let device = origin.plan.roster.routes[origin.route as usize].device.index();
        &mut self.tallies[device - self.first_device]
    }

    pub(super) fn judge(mut self, plan: &Plan, expect: &ExpectPlan, run: RunDistributions<'_>) -> ExpectReport {
        if let Some(measured) = self.measure.as_mut().and_then(|measure| measure.of_run(run)) {
            let delays = Delays::from_histogram(measured);
            self.samples = delays.samples();
            self.delays = Some(delays);
        }
        let condition = &expect.condition;
        let value = self.value(condition);
        let (verdict, reason) = self.verdict(expect, value, run);
        let unit = self.unit;
        let worst = self.worst(plan, unit);
        let never_arrived = self.delays.as_ref().map_or(0, Delays::never);
        let reads = match value {
            None => "not known".to_owned(),
            Some(Reduced::Never) => {
                let share = self.delays.as_ref().map_or(1.0, Delays::never_share);
                format!("never ({} did not arrive)", figures::share(share))
            }
            Some(Reduced::Number(number)) => unit.reads(number),
        };
        let safety = self.measure.as_ref().is_some_and(|measure| measure.proves_harm());
        let samples = self.samples;
        let (counterexamples, more) =
            if verdict == Verdict::Pass { (Vec::new(), 0) } else { self.examples.into_sorted() };
        ExpectReport {
            id: expect.id.clone(),
            that: expect.that.clone(),
            probe: expect.probe.map(|probe| plan.probes[probe].id.clone()),
            location: expect.location.clone(),
            severity: match expect.severity {
                Severity::Fail => "fail",
                Severity::Info => "info",
            }
            .to_owned(),
            safety,
            verdict,
            value: value.and_then(|value| unit.number(value)),
            bound: condition.bound / unit.of_bound(),
            unit: unit.name().to_owned(),
            reads,
            samples,
            never_arrived,
            from_s: if expect.always { 0.0 } else { expect.from.seconds() },
            to_s: if expect.always { plan.time.length.seconds() } else { expect.to.seconds() },
            reason,
            worst,
            counterexamples,
            more,
        }
    }

    /// The number to compare: a count, a share, a delay [ns], or another number in parts of its unit.
    fn value(&self, condition: &Condition) -> Option<Reduced> {
        self.value_with(condition, self.samples, self.hits, self.delays.as_ref())
    }

    fn value_with(&self, condition: &Condition, samples: u64, hits: u64, delays: Option<&Delays>) -> Option<Reduced> {
        self.measure.as_ref()?;
        match condition.shape {
            MetricShape::Count => Some(Reduced::Number(hits as f64)),
            MetricShape::Share if samples == 0 => None,
            MetricShape::Share => Some(Reduced::Number(hits as f64 / samples as f64)),
            MetricShape::Distribution(_) => delays?.reduce(condition.statistic?),
        }
    }

    /// Whether the condition holds, if that does not hang on what nobody can tell: it holds whether all of the doubtful
    /// samples count or none, whether they took no time or as long as they may have; or it does in neither case.
    fn holds(&self, condition: &Condition, value: Option<Reduced>) -> Result<Option<bool>, String> {
        let judged = |value: Option<Reduced>| value.map(|value| compare(value, condition, self.unit));
        let doubts = self.doubts.total();
        if doubts == 0 && self.least_delays.is_none() {
            return Ok(judged(value));
        }
        let with = |counting: u64, delays: Option<&Delays>, delay: Delay| {
            let delays = delays.map(|delays| delays.with(doubts, delay));
            judged(self.value_with(condition, self.samples + doubts, self.hits + counting, delays.as_ref()))
        };
        let none = with(0, self.least_delays.as_ref().or(self.delays.as_ref()), Delay::After(0));
        let all = with(doubts, self.delays.as_ref(), Delay::Never);
        if none == all { Ok(none) } else { Err(self.doubts.reason()) }
    }

    fn verdict(&self, expect: &ExpectPlan, value: Option<Reduced>, run: RunDistributions<'_>) -> (Verdict, String) {
        let condition = &expect.condition;
        let Some(measure) = &self.measure else {
            return (Verdict::Inconclusive, format!("nothing here measures `{}`", condition.metric));
        };
        if let Some(why) = self.inapplicable {
            return (Verdict::NotApplicable, why.to_owned());
        }
        let holds = match self.holds(condition, value) {
            Ok(holds) => holds,
            Err(doubts) => return (Verdict::Inconclusive, doubts),
        };
        // Events above a bound are there, however few messages were looked at.
        let counted_too_many = self.hits_are_bad && condition.shape == MetricShape::Count && holds == Some(false);
        if self.samples < expect.min_samples && !counted_too_many {
            let reason = format!("{} samples, at least {} are needed", self.samples, expect.min_samples);
            return (Verdict::Inconclusive, reason);
        }
        match holds {
            Some(true) => (Verdict::Pass, String::new()),
            Some(false) if measure.includes_lag() => match self.without_lag(condition, value, run) {
                Some(lag) => {
                    let lag = figures::duration(lag);
                    (Verdict::Inconclusive, format!("the generator itself was late by {lag}, which may be all of it"))
                }
                None => (Verdict::Fail, String::new()),
            },
            Some(false) => (Verdict::Fail, String::new()),
            None => (Verdict::Inconclusive, "there is nothing to take the statistic of".to_owned()),
        }
    }

    /// The generator's own lag [ns], taken alike, if the condition would hold without it.
    fn without_lag(&self, condition: &Condition, value: Option<Reduced>, run: RunDistributions<'_>) -> Option<f64> {
        let Some(Reduced::Number(delay)) = value else { return None };
        let lag = Delays::from_histogram(run.generator_lag).reduce(condition.statistic?)?;
        let Reduced::Number(lag) = lag else { return None };
        compare(Reduced::Number(delay - lag), condition, self.unit).then_some(lag)
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
                Unit::Quantity(_) | Unit::Count => Reduced::Number(f64::from(misses(tally))),
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

/// Why an expectation cannot apply to the plan, if it cannot.
fn inapplicable(plan: &Plan, registry: &Registry, expect: &ExpectPlan) -> Option<&'static str> {
    let Condition { metric, argument, .. } = &expect.condition;
    match (registry.metric(metric)?.sampled)(argument.as_deref()) {
        Sampled::Acknowledgements if expect.routes.iter().all(|route| plan.deliveries[*route as usize].qos == 0) => {
            Some("at QoS 0 nothing is acknowledged")
        }
        _ => None,
    }
}

fn compare(value: Reduced, condition: &Condition, unit: Unit) -> bool {
    let number = match value {
        Reduced::Number(number) => unit.like_bound(number),
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

/// What a contribution comes from.
#[derive(Debug, Clone, Copy)]
enum Witness<'a> {
    /// A settled message.
    Message(&'a Fate),
    /// Something that happened.
    Event { sequence: Option<u64>, what: &'a str },
}

impl<'a> Witness<'a> {
    fn words(self, measure: &dyn Measure, counted: bool) -> &'a str {
        match self {
            Self::Message(fate) => measure.words(counted, fate),
            Self::Event { what, .. } => what,
        }
    }

    fn end_words(self) -> &'a str {
        match self {
            Self::Message(fate) => fate.end.words(),
            Self::Event { what, .. } => what,
        }
    }
}

//! How an expectation metric measures: the code behind its row.

use std::fmt::Debug;

use hdrhistogram::Histogram;
use scenarios::{Condition, Plan};
use sim_core::{Registry, Seam};

use crate::event::Event;
use crate::fate::{Delay, Fate, Incident, LinkFate};

/// The code of a metric's row: makes the measure of one expectation, given the word in parentheses.
#[derive(Debug, Clone, Copy)]
pub struct Measuring(pub fn(argument: Option<&str>) -> Box<dyn Measure>);

impl Seam for Measuring {
    const WORD: &'static str = "judgement";
}

/// Measures one expectation while messages settle. It is told of every message, incident, Bluetooth link and other event
/// of the expectation's routes and window, and says what each adds.
pub trait Measure: Debug + Send {
    /// A message has settled.
    fn message(&mut self, fate: &Fate) -> Contribution;

    /// Something was seen that should not have been.
    fn incident(&mut self, incident: Incident) -> Contribution {
        let _ = incident;
        Contribution::Nothing
    }

    /// A Bluetooth link of a device has ended, come again, or carried a value.
    fn link(&mut self, fate: LinkFate) -> Contribution {
        let _ = fate;
        Contribution::Nothing
    }

    /// A stream was silent for so long where it is watched; `is_blind` when the probe could not see all of that time.
    fn pause(&mut self, pause: Delay, is_blind: bool) -> Contribution {
        let _ = (pause, is_blind);
        Contribution::Nothing
    }

    /// Whether it measures how long streams are silent; others are not told.
    fn measures_pauses(&self) -> bool {
        false
    }

    /// Something happened to one of the devices ([`Event::device`]): a connection, a Bluetooth link, a command.
    fn event(&mut self, event: &Event) -> Contribution {
        let _ = event;
        Contribution::Nothing
    }

    /// A distribution over the whole run that somebody else has measured, for a metric that is one.
    fn of_run<'r>(&mut self, run: RunDistributions<'r>) -> Option<&'r Histogram<u64>> {
        let _ = run;
        None
    }

    /// The words of a counterexample for a message that counted, or should have and did not.
    fn words(&self, counted: bool, fate: &Fate) -> &'static str {
        let _ = counted;
        fate.end.words()
    }

    /// Whether the delays that it measures begin with the generator's own lag.
    fn includes_lag(&self) -> bool {
        false
    }

    /// Whether what it counts may still come when every message has been seen.
    fn listens_to_the_end(&self) -> bool {
        false
    }

    /// Whether one counted event proves harm that no doubt about the run can explain away.
    fn proves_harm(&self) -> bool {
        false
    }
}

/// The measure of a condition; `None` when nothing here measures its metric.
pub(crate) fn measure_of(registry: &Registry, condition: &Condition) -> Option<Box<dyn Measure>> {
    let measuring = registry.metric(&condition.metric)?.executor.code::<Measuring>()?;
    Some((measuring.0)(condition.argument.as_deref()))
}

/// Whether some expectation of a plan asks of what may still come when every message has been seen, so that the drain is
/// to be waited for to its end.
pub fn listens_to_the_end(plan: &Plan, registry: &Registry) -> bool {
    let mut measures = plan.expects.iter().filter_map(|expect| measure_of(registry, &expect.condition));
    measures.any(|measure| measure.listens_to_the_end())
}

/// Distributions that are known when a run is over.
#[derive(Debug, Clone, Copy)]
pub struct RunDistributions<'r> {
    /// How late the generator handled its messages [ns], one lag a message; empty when it was not measured.
    pub generator_lag: &'r Histogram<u64>,
}

/// What one event adds to a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Contribution {
    /// It is no sample.
    Nothing,
    /// A sample in which what the metric counts could have happened and did not.
    Chance,
    /// A sample that counts (`true`) or does not.
    Sample(bool),
    /// A sample of which nobody can tell whether it counts, or how long it took; why, to follow on "N".
    Doubt(&'static str),
    /// What the metric counts has happened; the samples are told of by themselves.
    Hit,
    /// A sample of a distribution of delays.
    Delay(Delay),
    /// A sample of a distribution of delays that took so long at most; why nobody can tell how much less, to follow on "N".
    DelayAtMost(Delay, &'static str),
    /// A sample of any other distribution, in the canonical unit of the metric's dimension.
    Value(f64),
}

/// Where an event belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) route: u32,
    /// The segment of simulated time between edges of windows.
    pub(crate) segment: usize,
    /// The probe that saw it.
    pub(crate) probe: Option<u16>,
    /// Whether it is the first probe of the route.
    pub(crate) is_first: bool,
}

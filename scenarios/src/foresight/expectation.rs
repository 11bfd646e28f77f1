//! Expectations that prove nothing: none at all, bounds that always or never hold, more samples than can come, windows
//! of which nothing is judged.

use sim_core::{Cadence, ExpectMetricSpec, MetricShape, Occurrence, Sampled, SimTime, Subject};
use vocabulary::Dimension;

use super::device::period;
use crate::events::path::Cast;
use crate::language::diagnostic::{Checked, Notes, Place};
use crate::plan::{Comparison, Condition, Delivery, ExpectPlan, TimeMode, TimePlan};

/// Warns about a run that passes whatever happens. In virtual time there is no stack to be judged, only data to be had.
pub(crate) fn check_expectations(notes: &Notes, place: Place, expects: usize, time: &TimePlan) {
    if expects == 0 && time.mode != TimeMode::Virtual {
        let message = "nothing is expected, so the run passes whatever the stack does; add an [[expect]], such as \
                       `that = \"lost(acked) == 0\"`";
        notes.warning(place, message);
    }
}

/// Refuses a bound that holds for every value of its metric, or for none.
pub(crate) fn check_bound(
    notes: &Notes,
    place: Place,
    metric: &ExpectMetricSpec,
    comparison: Comparison,
    bound: f64,
) -> Checked<()> {
    let most = match metric.shape {
        MetricShape::Count | MetricShape::Distribution(Dimension::Time) => f64::INFINITY,
        MetricShape::Share => 1.0,
        MetricShape::Distribution(_) => return Ok(()),
    };
    let least = 0.0;
    let (always, never) = match comparison {
        Comparison::Less => (bound > most, bound <= least),
        Comparison::AtMost => (bound >= most, bound < least),
        Comparison::Equal => (false, bound < least || bound > most),
        Comparison::AtLeast => (bound <= least, bound > most),
        Comparison::Greater => (bound < least, bound >= most),
    };
    let name = metric.name;
    let message = match (always, never) {
        (true, _) => format!("this holds for every value of `{name}`, so it proves nothing"),
        (_, true) => format!("this holds for no value of `{name}`"),
        _ => return Ok(()),
    };
    Err(notes.error(place, message))
}

/// Warns about a window that ends before anything is judged elsewhere.
pub(crate) fn check_warmup(notes: &Notes, place: Place, (from, to): (SimTime, SimTime), time: &TimePlan) {
    let warmup = SimTime::ZERO + time.warmup;
    if to <= warmup {
        let message = format!(
            "{from} to {to} lies in the warm-up, which ends at {warmup} and of which nothing else is judged, because the \
             stack is still starting"
        );
        notes.warning(place, message);
    }
}

/// Complains about metrics that cannot have a sample.
pub(crate) fn check_sampled(
    notes: &Notes,
    cast: &Cast<'_>,
    deliveries: &[Delivery],
    occurrences: &[Occurrence],
    place: Place,
    expect: &ExpectPlan,
) {
    let Condition { metric, argument, .. } = &expect.condition;
    let Some(spec) = cast.registry.metric(metric) else { return };
    let device_of = |route: &u32| cast.roster.routes[*route as usize].device;
    match (spec.sampled)(argument.as_deref()) {
        Sampled::Messages => {}
        Sampled::Acknowledgements => {
            if expect.routes.iter().all(|route| deliveries[*route as usize].qos == 0) {
                let message = format!(
                    "`{}` asks of acknowledgements, and at `qos = 0` there are none: this will be inconclusive",
                    expect.that
                );
                notes.warning(place, message);
            }
        }
        Sampled::RadioLinks => {
            if !expect.routes.iter().any(|route| cast.air.radios.contains_key(&device_of(route))) {
                let message = format!(
                    "`{metric}` speaks of Bluetooth links, and no device that is meant has one: nothing can happen to it"
                );
                notes.error(place, message);
            }
        }
        Sampled::Steps(seam) => {
            let is_meant = |subject: &Subject| match subject {
                Subject::Device(device) => expect.routes.iter().any(|route| device_of(route) == *device),
                Subject::Patient(_) | Subject::Stream(..) | Subject::Target(_) => false,
            };
            let window = if expect.always { SimTime::ZERO..expect.to } else { expect.from..expect.to };
            let is_of_seam = |action: &str| cast.registry.action(action).is_some_and(|row| row.executor.seam() == seam);
            let mut acts = occurrences.iter().filter(|occurrence| is_of_seam(&occurrence.action));
            if !acts.any(|act| window.contains(&act.start) && act.subjects.iter().any(is_meant)) {
                let message = format!(
                    "no {seam} acts on what is meant between {} and {}, so `{metric}` will be inconclusive",
                    window.start, window.end
                );
                notes.warning(place, message);
            }
        }
    }
}

/// Complains about more samples than the streams can give.
pub(crate) fn check_samples(notes: &Notes, cast: &Cast<'_>, place: Place, expect: &ExpectPlan) {
    let window = if expect.always { SimTime::ZERO..expect.to } else { expect.from..expect.to };
    let window_ns = (window.end - window.start).nanos();
    let mut most = 0_u64;
    let mut events = false;
    for route in &expect.routes {
        let route = &cast.roster.routes[*route as usize];
        let cadence = cast.roster.devices[route.device.index()].streams[usize::from(route.stream)].cadence;
        match period(cadence) {
            Some(period) => most += (window_ns / period.nanos().max(1)) as u64 + 1,
            None => events |= cadence == Cadence::OnEvent,
        }
    }
    // Of events nobody knows how many there will be.
    if expect.min_samples <= most || (events && most == 0) {
        return;
    }
    let wanted = expect.min_samples;
    if events {
        let message = format!(
            "`min_samples` is {wanted}, but these streams say at most {most} messages in the window, events not counted"
        );
        notes.warning(place, message);
    } else {
        let message = format!("`min_samples` is {wanted}, but these streams say at most {most} messages in the window");
        notes.error(place, message);
    }
}
